"""What the web server can be told: where it listens, who may come in, and how. Opens nothing, and no secret either.

Every text given as `description` is also the comment in configs/default.yaml and the hover text in editors.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from monitor.config.section import EnvironmentName, FilePath, Name, Section, is_loopback

Address = Annotated[
    str,
    StringConstraints(pattern=r"^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"),
    Field(json_schema_extra={"patternErrorMessage": 'an address and port such as "127.0.0.1:9108"'}),
]
HostName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"),
    Field(json_schema_extra={"patternErrorMessage": "a host name in lower case, without a port"}),
]
IpAddress = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"),
    Field(json_schema_extra={"patternErrorMessage": 'an IP address such as "10.0.0.2"'}),
]
RoleName = Literal["viewer", "operator"]


class WebUserOptions(Section):
    """Somebody who logs in to the dashboard."""

    name: Name = Field(description="What is typed at the login, and what the audit calls this person.")
    role: RoleName = Field(description="viewer: looks at everything; operator: changes what can be changed there, too.")
    password_hash: SecretStr | None = Field(
        default=None, description="What `rareframe web hash-password` prints. One of the three must be given."
    )
    password_hash_env: EnvironmentName | None = Field(
        default=None, description="Or the environment variable that holds it."
    )
    password_hash_file: FilePath | None = Field(default=None, description="Or a file whose first line it is.")

    @model_validator(mode="after")
    def _one_hash(self) -> Self:
        _exactly_one(self, "password_hash", "password_hash_env", "password_hash_file")
        if self.password_hash is not None and not self.password_hash.get_secret_value().startswith("scrypt$"):
            raise ValueError(
                "password_hash: expected what `rareframe web hash-password` prints, got something else; make one"
            )
        return self


class WebTokenOptions(Section):
    """A program that uses the API or scrapes the metrics, with `Authorization: Bearer TOKEN`."""

    name: Name = Field(description="What the audit calls this program.")
    role: RoleName = Field(description="viewer: looks at everything; operator: changes what can be changed there, too.")
    token_env: EnvironmentName | None = Field(
        default=None, description="The environment variable that holds the token: 32 characters or more."
    )
    token_file: FilePath | None = Field(default=None, description="Or a file whose first line it is.")

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        _exactly_one(self, "token_env", "token_file")
        return self


class WebTlsOptions(Section):
    """HTTPS, with a certificate of your own."""

    cert_file: FilePath = Field(description="The certificate and those that vouch for it, PEM.")
    key_file: FilePath = Field(description="Its key, PEM, without a password.")


class WebOptions(Section):
    """The dashboard, the API, pictures and metrics."""

    listen: Address = Field(
        default="127.0.0.1:9108",
        description="Where it is served; port 0 takes a free one. Beyond this host only with `users` or `tokens`.",
    )
    users: tuple[WebUserOptions, ...] = Field(
        default=(),
        strict=False,
        description="Who logs in. With none and no tokens, everybody on this host may do all.",
        examples=[[{"name": "anna", "role": "operator", "password_hash_file": "/etc/rareframe/anna.hash"}]],
    )
    tokens: tuple[WebTokenOptions, ...] = Field(
        default=(),
        strict=False,
        description="Programs that show a token instead, as Prometheus.",
        examples=[[{"name": "prometheus", "role": "viewer", "token_file": "/etc/rareframe/prometheus.token"}]],
    )
    public: tuple[Literal["metrics", "healthz"], ...] = Field(
        default=(), strict=False, description="Of /metrics and /healthz, what needs no login although others do."
    )
    tls: WebTlsOptions | None = Field(
        default=None,
        description="HTTPS; null: HTTP, as on this host or behind a proxy.",
        examples=[{"cert_file": "/etc/rareframe/cert.pem", "key_file": "/etc/rareframe/key.pem"}],
    )
    hosts: tuple[HostName, ...] = Field(
        default=(), strict=False, description="Names under which browsers ask for it, beside this host's addresses."
    )
    trusted_proxies: tuple[IpAddress, ...] = Field(
        default=(),
        strict=False,
        description="Addresses of reverse proxies whose X-Forwarded-For and -Proto are believed. Only with `users` or "
        "`tokens`.",
    )

    @property
    def warning(self) -> str:
        """What is allowed and yet not wise, and what to do; "" if nothing is."""
        if self.tls is not None or is_loopback(self.listen):
            return ""
        return (
            f"alerting.web.listen: at {self.listen} without `tls`, passwords and tokens travel in clear; "
            "set `tls`, or listen on 127.0.0.1 behind a proxy that has it"
        )

    @model_validator(mode="after")
    def _needs_a_login_beyond_this_host(self) -> Self:
        if int(self.listen.rpartition(":")[2]) > 65_535:  # noqa: PLR2004 - the largest port
            raise ValueError(f'listen: expected a port of at most 65535, got "{self.listen}"; lower it')
        if self.trusted_proxies and not self.users and not self.tokens:
            raise ValueError(
                "trusted_proxies: expected `users` or `tokens` with a proxy, got neither; "
                "add one, so that not everybody whom it lets through may do all"
            )
        if is_loopback(self.listen):
            return self
        if not _is_address(self.listen):
            raise ValueError(
                f'listen: expected an IP address and port such as 0.0.0.0:9108, got "{self.listen}"; '
                "names under which it is asked for go into `hosts`"
            )
        if not self.users and not self.tokens:
            raise ValueError(
                f'listen: expected an address of this host such as 127.0.0.1:9108, got "{self.listen}" '
                "without `users` or `tokens`; add one, so that not everybody can look"
            )
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [*(each.name for each in self.users), *(each.name for each in self.tokens)]
        twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
        if twice is not None:
            raise ValueError(
                f"users, tokens: expected each user's and token's own name, got \"{twice}\" again; rename one"
            )
        return self


def _is_address(listen: str) -> bool:
    try:
        return bool(ipaddress.ip_address(listen.rpartition(":")[0].strip("[]")))
    except ValueError:
        return False


def _exactly_one(section: Section, *names: str) -> None:
    given = [name for name in names if getattr(section, name) is not None]
    if len(given) != 1:
        raise ValueError(
            f"expected exactly one of {', '.join(names)}, got {', '.join(given) or 'none'}; "
            f"{'remove all but one' if given else 'add one'}"
        )
