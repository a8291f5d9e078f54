"""Sinks out of the configuration: their secrets read, what they are told of, how often they are tried.

What a kind of sink alone needs (paho, Apprise, Jinja) is imported when one of its kind is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import assert_never

from monitor.alerting.delivery import Retry, Route
from monitor.build.secrets import address, authorization, headers, tls
from monitor.config import (
    AlertmanagerSinkOptions,
    AppriseSinkOptions,
    Config,
    ConfigError,
    HeartbeatSinkOptions,
    JsonlSinkOptions,
    MqttSinkOptions,
    Problem,
    SinkOptions,
    SyslogSinkOptions,
    ToldSection,
    WebhookSinkOptions,
    quiet_spans,
    read_secret,
)
from monitor.deciding.policy import Filter, Policy, Quiet, Rate
from monitor.sink import Sink, SinkError
from monitor.sinks.alertmanager import Alertmanager
from monitor.sinks.heartbeat import Heartbeat
from monitor.sinks.jsonl import JsonLines
from monitor.sinks.payload import Payload, as_json, payload_of
from monitor.sinks.syslog import Syslog
from monitor.sinks.trial import trial_event
from monitor.sinks.webhook import Form, Webhook
from monitor.sinks.words import headline, text
from monitor.types import Phase, State

TellingSinkOptions = (
    JsonlSinkOptions
    | WebhookSinkOptions
    | MqttSinkOptions
    | AlertmanagerSinkOptions
    | AppriseSinkOptions
    | SyslogSinkOptions
)
_SECONDS = {"minute": 60.0, "hour": 3600.0}
_MQTT_PORT, _MQTTS_PORT = 1883, 8883
# A person wants a message as something begins and one as it ends, not one for each change.
_FOR_PEOPLE = frozenset({Phase.OPENED, Phase.CLOSED})


def routes(config: Config, environ: Mapping[str, str]) -> list[Route]:
    """Every sink that is told of events.

    Raises:
        ConfigError: A secret cannot be read, or a sink cannot be like this.
    """
    return [
        Route(sink(options, config, environ), policy(options), retry(options))
        for options in config.alerting.sinks
        if not isinstance(options, HeartbeatSinkOptions)
    ]


def switches(config: Config, environ: Mapping[str, str]) -> list[Heartbeat]:
    """Every dead man's switch. Raises ConfigError as `routes` does."""
    return [switch(each, environ) for each in config.alerting.sinks if isinstance(each, HeartbeatSinkOptions)]


def switch(options: HeartbeatSinkOptions, environ: Mapping[str, str]) -> Heartbeat:
    """One dead man's switch. Raises ConfigError as `routes` does."""
    try:
        return Heartbeat(
            options.name,
            address(options, environ),
            method=options.method,
            every_s=options.every_s,
            timeout_s=options.timeout_s,
        )
    except ValueError as error:
        raise _impossible(options, error) from error


def sink(options: TellingSinkOptions, config: Config, environ: Mapping[str, str], *, trying: bool = False) -> Sink:
    """One sink of the configuration, its secrets read.

    Args:
        trying: Somebody only tries it: it does not say that the daemon comes and goes.

    Raises:
        ConfigError: They cannot be read, or it cannot be like this.
    """
    try:
        return _sink(options, config, environ, trying=trying)
    except (ValueError, SinkError) as error:
        raise _impossible(options, error) from error


def policy(options: ToldSection) -> Policy:
    """What a sink is told of, and when."""
    wanted, rate = options.filter, options.rate
    phases = None if wanted.phases is None else frozenset(Phase(each) for each in wanted.phases)
    if phases is None and isinstance(options, AppriseSinkOptions):
        phases = _FOR_PEOPLE
    return Policy(
        filter=Filter(
            cameras=None if wanted.cameras is None else frozenset(wanted.cameras),
            channels=None if wanted.channels is None else frozenset(wanted.channels),
            phases=phases,
            states=None if wanted.states is None else frozenset(State(each) for each in wanted.states),
            least_ratio=wanted.least_ratio,
            most_p_value=wanted.most_p_value,
        ),
        quiet=tuple(Quiet(*quiet_spans(each)) for each in options.schedule.quiet),
        hold=options.schedule.then == "held",
        rate=None if rate is None else Rate(rate.most, _SECONDS[rate.per]),
    )


def retry(options: ToldSection) -> Retry:
    """How often a sink is tried."""
    return Retry(options.retry.attempts, options.retry.first_s, options.retry.most_s)


def _sink(options: TellingSinkOptions, config: Config, environ: Mapping[str, str], *, trying: bool) -> Sink:
    folder, link = config.data_dir, publicaddress(config)
    match options:
        case JsonlSinkOptions():
            return JsonLines(options.name, options.path or folder / "events.jsonl", link=link)
        case WebhookSinkOptions():
            return _webhook(options, folder, link, environ)
        case MqttSinkOptions():
            return _mqtt(options, config, environ, trying=trying)
        case AlertmanagerSinkOptions():
            return Alertmanager(
                options.name,
                options.urls,
                headers=authorization(options, environ),
                labels={**options.labels, "severity": options.severity},
                refresh_s=options.refresh_s,
                timeout_s=options.timeout_s,
                link=link,
            )
        case AppriseSinkOptions():
            return _apprise(options, folder, link, environ)
        case SyslogSinkOptions():
            return Syslog(
                options.name, options.address, facility=options.facility, timeout_s=options.timeout_s, link=link
            )
        case _:
            assert_never(options)


def publicaddress(config: Config) -> str | None:
    """Where people reach the web server, without a slash at its end; None: not known."""
    return None if config.alerting.public_url is None else config.alerting.public_url.rstrip("/")


def _webhook(options: WebhookSinkOptions, folder: Path, link: str | None, environ: Mapping[str, str]) -> Webhook:
    form = Form(
        method=options.method,
        content_type=options.content_type,
        body=as_json if options.template is None else _encoded(_template(options.name, "template", options.template)),
        pictures=folder if options.pictures else None,
        link=link,
    )
    where = f"alerting.sinks.{options.name}.secret"
    return Webhook(
        options.name,
        address(options, environ),
        headers={**options.headers, **headers(options)},
        secret=read_secret(where, options.secret_env, options.secret_file, environ),
        form=form,
        timeout_s=options.timeout_s,
    )


def _mqtt(options: MqttSinkOptions, config: Config, environ: Mapping[str, str], *, trying: bool) -> Sink:
    from monitor.sinks.discovery import Topics  # noqa: PLC0415 - see the top
    from monitor.sinks.mqtt import Broker, Mqtt  # noqa: PLC0415

    encrypted = tls(options) if options.tls else None
    where = f"alerting.sinks.{options.name}.password"
    broker = Broker(
        options.host,
        options.port or (_MQTT_PORT if encrypted is None else _MQTTS_PORT),
        options.user,
        read_secret(where, options.password_env, options.password_file, environ),
        encrypted,
        options.keepalive_s,
    )
    return Mqtt(
        options.name,
        broker,
        Topics(options.prefix, options.discovery),
        list(config.cameras),
        timeout_s=options.timeout_s,
        pictures=config.data_dir if options.pictures else None,
        link=publicaddress(config),
        presence=not trying,
    )


def _apprise(options: AppriseSinkOptions, folder: Path, link: str | None, environ: Mapping[str, str]) -> Sink:
    from monitor.sinks.notifier import Notifier  # noqa: PLC0415 - see the top

    name = options.name
    return Notifier(
        name,
        address(options, environ),
        subject=headline if options.subject is None else _template(name, "subject", options.subject),
        body=text if options.body is None else _template(name, "body", options.body),
        pictures=folder if options.pictures else None,
        timeout_s=options.timeout_s,
        link=link,
    )


def _template(name: str, key: str, template: str) -> Callable[[Payload], str]:
    """A template that was tried once, so that a field that there is not is found before an event is told."""
    from monitor.sinks.template import Template  # noqa: PLC0415 - see the top

    made = Template(name, key, template)

    def filled(payload: Payload) -> str:
        return made.filled(payload, headline(payload), text(payload))

    filled(payload_of(trial_event(name, time.time_ns()), link="http://127.0.0.1"))
    return filled


def _encoded(fill: Callable[[Payload], str]) -> Callable[[Payload], bytes]:
    return lambda payload: fill(payload).encode()


def _impossible(options: SinkOptions, error: Exception) -> ConfigError:
    message = str(error).removeprefix(f"sink {options.name}: ")
    return ConfigError((Problem(f"alerting.sinks.{options.name}", 0, "", message),))
