"""The destinations that can be told of events, and their keys. Opens none, reads no secret.

Every text given as `description` is also the comment in configs/default.yaml and the hover text in editors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from monitor.config.section import EnvironmentName, FilePath, Name, Section
from monitor.config.telling import ToldSection
from monitor.config.templates import checked_template

SinkName = Annotated[Name, Field(description="What metrics and messages call it; each only once.")]
TimeOut = Annotated[float, Field(gt=0, le=300, description="An attempt is given up after this. Unit: seconds.")]
HttpUrl = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s/]+[^\s]*$"),
    Field(json_schema_extra={"patternErrorMessage": "an address that begins with http:// or https://"}),
]
Topic = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"),
    Field(json_schema_extra={"patternErrorMessage": "a topic of letters, digits, _ and - without wildcards"}),
]
Facility = Literal["user", "daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"]
_ENV = "Or the environment variable that holds it."
_FILE = "Or a file whose first line it is."


class _UrlSection(Section):
    url: SecretStr | None = Field(
        default=None, description="Where to; never printed. One of url, url_env and url_file must be given."
    )
    url_env: EnvironmentName | None = Field(default=None, description=_ENV)
    url_file: FilePath | None = Field(default=None, description=_FILE)

    @model_validator(mode="after")
    def _one_url(self) -> Self:
        given = [name for name in ("url", "url_env", "url_file") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"expected exactly one of url, url_env, url_file, got {', '.join(given) or 'none'}; "
                f"{'remove all but one' if given else 'add one'}"
            )
        return self


class _HttpSection(_UrlSection):
    @model_validator(mode="after")
    def _is_http(self) -> Self:
        if self.url is not None and not self.url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("url: expected a URL that begins with http:// or https://, got another; change it")
        return self


class _LoginSection(Section):
    user: str | None = Field(default=None, min_length=1, max_length=256, description="The login's name.")
    password_env: EnvironmentName | None = Field(
        default=None, description="The environment variable with its password."
    )
    password_file: FilePath | None = Field(default=None, description="Or a file whose first line it is.")

    @model_validator(mode="after")
    def _login_fits(self) -> Self:
        given = [name for name in ("password_env", "password_file") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError("expected one of password_env and password_file, got both; remove one")
        if (self.user is not None) != bool(given):
            raise ValueError(
                "expected user with one of password_env and password_file, got one without the other; add it"
            )
        return self


class JsonlSinkOptions(ToldSection):
    """Sink: one line of JSON for each thing told, to a file."""

    kind: Literal["jsonl"] = "jsonl"
    name: SinkName = "jsonl"
    path: FilePath | None = Field(
        default=None, description="The file; null: events.jsonl in `data_dir`. Relative to the working directory."
    )


class WebhookSinkOptions(_HttpSection, ToldSection):
    """Sink: each thing told is sent to an HTTP address, as JSON or as a template makes it; signed if wanted."""

    kind: Literal["webhook"] = "webhook"
    name: SinkName = "webhook"
    method: Literal["POST", "PUT", "PATCH"] = Field(default="POST", description="How it is sent.")
    headers: Mapping[str, str] = Field(default={}, description="Further headers, no secrets: `Name: value`.")
    headers_file: FilePath | None = Field(
        default=None, description="A file of further headers, one `Name: value` a line, e.g. a token."
    )
    secret_env: EnvironmentName | None = Field(
        default=None,
        description="The environment variable with a secret that signs each telling (HMAC-SHA256); see docs/sinks.md.",
    )
    secret_file: FilePath | None = Field(default=None, description=_FILE)
    template: str | None = Field(
        default=None,
        max_length=20_000,
        description="What is sent instead of the JSON object, in Jinja: its fields by their names; see docs/sinks.md.",
    )
    content_type: str = Field(default="application/json", min_length=3, max_length=100, description="Of what is sent.")
    pictures: bool = Field(default=True, description="Whether the picture goes along, as base64.")
    timeout_s: TimeOut = 10.0

    @field_validator("template")
    @classmethod
    def _is_a_template(cls, template: str | None) -> str | None:
        return None if template is None else checked_template(template)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.secret_env is not None and self.secret_file is not None:
            raise ValueError("expected one of secret_env and secret_file, got both; remove one")
        return self


class MqttSinkOptions(_LoginSection, ToldSection):
    """Sink: an MQTT 5 broker, with what Home Assistant needs to find the cameras by itself."""

    kind: Literal["mqtt"] = "mqtt"
    name: SinkName = "mqtt"
    host: str = Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:-]+$", description="The broker.")
    port: int | None = Field(default=None, ge=1, le=65_535, description="Null: 1883, with tls 8883.")
    tls: bool = Field(default=False, description="Whether the connection is encrypted and the broker verified.")
    ca_file: FilePath | None = Field(default=None, description="Who vouches for the broker; null: the system's list.")
    cert_file: FilePath | None = Field(default=None, description="A certificate of our own, if the broker asks for it.")
    key_file: FilePath | None = Field(default=None, description="Its key.")
    prefix: Topic = Field(default="rareframe", description="What every topic begins with; of each daemon its own.")
    discovery: Topic | None = Field(
        default="homeassistant", description="Where Home Assistant looks for devices; null: it is told nothing."
    )
    pictures: bool = Field(default=True, description="Whether snapshots are sent, and kept by the broker.")
    keepalive_s: int = Field(
        default=30,
        ge=5,
        le=3600,
        description="The broker notices within 1.5 times this that we are gone. Unit: seconds.",
    )
    timeout_s: TimeOut = 10.0


class AlertmanagerSinkOptions(_LoginSection, ToldSection):
    """Sink: alerts in Prometheus's Alertmanager (API v2), firing while an event is open and resolved as it closes."""

    kind: Literal["alertmanager"] = "alertmanager"
    name: SinkName = "alertmanager"
    urls: tuple[HttpUrl, ...] = Field(
        strict=False, min_length=1, max_length=16, description="Every Alertmanager of the cluster: all are told."
    )
    token_env: EnvironmentName | None = Field(
        default=None, description="The environment variable with a bearer token, instead of a login."
    )
    token_file: FilePath | None = Field(default=None, description=_FILE)
    labels: Mapping[str, str] = Field(default={}, description="Further labels of every alert, e.g. the site.")
    severity: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}$")] = Field(
        default="warning", description="The label `severity` of events; trouble (channel health) has critical."
    )
    refresh_s: float = Field(
        default=60.0,
        gt=0,
        le=3600,
        description="What goes on is sent again so often; unheard for four times as long it resolves. Unit: seconds.",
    )
    timeout_s: TimeOut = 10.0

    @field_validator("labels")
    @classmethod
    def _are_labels(cls, labels: Mapping[str, str]) -> Mapping[str, str]:
        for name in labels:
            if not name.isidentifier() or not name.isascii() or name in {"alertname", "camera", "severity"}:
                raise ValueError(
                    f"{name}: expected a label of letters, digits and _ other than alertname, camera, severity, "
                    f"got {name}; rename it"
                )
        return labels

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        given = [key for key in ("user", "token_env", "token_file") if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"expected at most one of user, token_env, token_file, got {', '.join(given)}; remove one")
        return self


class AppriseSinkOptions(_UrlSection, ToldSection):
    """Sink: mail, ntfy, Telegram, Slack and about a hundred others, by an Apprise URL."""

    kind: Literal["apprise"] = "apprise"
    name: SinkName = "apprise"
    subject: str | None = Field(
        default=None, max_length=2000, description="The subject, in Jinja; null: one plain line. See docs/sinks.md."
    )
    body: str | None = Field(
        default=None, max_length=20_000, description="The text, in Jinja; null: a few plain lines."
    )
    pictures: bool = Field(default=True, description="Whether the picture is attached.")
    timeout_s: TimeOut = 20.0

    @field_validator("subject", "body")
    @classmethod
    def _is_a_template(cls, template: str | None) -> str | None:
        return None if template is None else checked_template(template)


class SyslogSinkOptions(ToldSection):
    """Sink: syslog (RFC 5424) over UDP, TCP or a socket of this host."""

    kind: Literal["syslog"] = "syslog"
    name: SinkName = "syslog"
    address: Annotated[
        str,
        StringConstraints(pattern=r"^((udp|tcp)://(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}|unix:///[^\s]+)$"),
        Field(json_schema_extra={"patternErrorMessage": "udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH"}),
    ] = Field(default="unix:///dev/log", description="Where to: udp://HOST:514, tcp://HOST:601 or unix:///dev/log.")
    facility: Facility = Field(default="daemon", description="Of each message.")
    timeout_s: TimeOut = 5.0


class HeartbeatSinkOptions(_HttpSection):
    """Sink: a dead man's switch. An address is called again and again, only while events can be stored and told."""

    kind: Literal["heartbeat"] = "heartbeat"
    name: SinkName = "heartbeat"
    method: Literal["GET", "POST", "HEAD"] = Field(default="GET", description="How it is called.")
    every_s: float = Field(default=60.0, ge=0.2, le=86_400, description="So often. Unit: seconds.")
    timeout_s: TimeOut = 10.0


SinkOptions = Annotated[
    JsonlSinkOptions
    | WebhookSinkOptions
    | MqttSinkOptions
    | AlertmanagerSinkOptions
    | AppriseSinkOptions
    | SyslogSinkOptions
    | HeartbeatSinkOptions,
    Field(discriminator="kind"),
]
