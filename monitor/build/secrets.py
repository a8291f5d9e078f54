"""What sinks need and nobody may see: addresses, logins, tokens, headers, certificates; read when a sink is made."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping

from monitor.config import (
    AlertmanagerSinkOptions,
    AppriseSinkOptions,
    ConfigError,
    HeartbeatSinkOptions,
    MqttSinkOptions,
    Problem,
    WebhookSinkOptions,
    read_secret,
)


def authorization(options: AlertmanagerSinkOptions, environ: Mapping[str, str]) -> dict[str, str]:
    """The header of a login or a token; none without one. Raises ConfigError if a secret cannot be read."""
    where = f"alerting.sinks.{options.name}"
    token = read_secret(f"{where}.token", options.token_env, options.token_file, environ)
    if token is not None:
        return {"Authorization": f"Bearer {token}"}
    password = read_secret(f"{where}.password", options.password_env, options.password_file, environ)
    if options.user is None or password is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(f"{options.user}:{password}".encode()).decode()}


def address(options: WebhookSinkOptions | AppriseSinkOptions | HeartbeatSinkOptions, environ: Mapping[str, str]) -> str:
    """Where to. Raises ConfigError if it cannot be read."""
    if options.url is not None:
        return options.url.get_secret_value()
    found = read_secret(f"alerting.sinks.{options.name}.url", options.url_env, options.url_file, environ)
    if found is None:  # the configuration lets none through that has no URL
        raise ConfigError((Problem(f"alerting.sinks.{options.name}", 0, "", "expected a url, got none; add one"),))
    return found


def headers(options: WebhookSinkOptions) -> dict[str, str]:
    """Further headers out of their file. Raises ConfigError if it cannot be read or is none."""
    if options.headers_file is None:
        return {}
    where = f"alerting.sinks.{options.name}.headers_file"
    try:
        lines = options.headers_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = (
            f"expected a file of `Name: value` lines at {options.headers_file}, got {type(error).__name__}; check it"
        )
        raise ConfigError((Problem(where, 0, "", message),)) from error
    found = {}
    for number, line in enumerate(lines, start=1):
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not name.strip() or not value.strip():  # the line itself may be a secret
            message = (
                f"expected `Name: value` in line {number} of {options.headers_file}, got something else; change it"
            )
            raise ConfigError((Problem(where, 0, "", message),))
        found[name.strip()] = value.strip()
    return found


def tls(options: MqttSinkOptions) -> ssl.SSLContext:
    """How the broker is verified, and who we are. Raises ConfigError if a file cannot be used."""
    where = f"alerting.sinks.{options.name}"
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
        if options.cert_file is not None:
            context.load_cert_chain(options.cert_file, options.key_file)
    except OSError as error:  # ssl's own are too
        message = f"expected certificates in ca_file, cert_file and key_file, got: {error}; check these files"
        raise ConfigError((Problem(where, 0, "", message),)) from error
    return context
