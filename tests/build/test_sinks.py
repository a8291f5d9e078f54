"""Sinks out of the configuration: every kind is built, its secrets are read, and what cannot be is said."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.build.sinks import policy, retry, routes, sink, switches
from monitor.config import Config, ConfigError, load_text
from monitor.sink import Sink
from monitor.sinks.checks import EVENT
from monitor.types import Phase

SECRET = "s3cret-t0ken"


def config(sinks: str, folder: Path) -> Config:
    """One with these sinks."""
    return load_text(
        f"data_dir: {folder}\ncameras: {{gate: {{source: x.mp4}}}}\nalerting:\n  sinks: {sinks}\n", "site.yaml"
    )


def made(text: str, folder: Path, environ: dict[str, str] | None = None) -> Sink:
    """The one sink of a configuration, built."""
    tree = config(f"[{{{text}}}]", folder)
    [options] = tree.alerting.sinks
    return sink(options, tree, environ or {})  # type: ignore[arg-type]  # none of these is a heartbeat


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("kind: jsonl, name: it", "JsonLines"),
        ('kind: webhook, name: it, url: "http://h/x", secret_env: KEY, template: "{{ id }}"', "Webhook"),
        ("kind: mqtt, name: it, host: 127.0.0.1, user: me, password_env: KEY, tls: true", "Mqtt"),
        ('kind: alertmanager, name: it, urls: ["http://h:9093"], token_env: KEY', "Alertmanager"),
        ("kind: apprise, name: it, url_env: MAIL, subject: '{{ headline }}'", "Notifier"),
        ("kind: syslog, name: it", "Syslog"),
    ],
)
def test_every_kind_of_sink_is_built(tmp_path: Path, text: str, kind: str) -> None:
    """By its tag, under its name; it connects to nothing and shows no secret."""
    built = made(text, tmp_path, {"KEY": SECRET, "MAIL": f"json://me:{SECRET}@127.0.0.1:9"})
    assert (type(built).__name__, built.name) == (kind, "it")
    assert SECRET not in repr(built)
    built.close()


def test_a_heartbeat_is_no_sink_of_events(tmp_path: Path) -> None:
    """It has a thread of its own and no deliveries."""
    tree = config('[{kind: jsonl}, {kind: heartbeat, url: "http://h/x", every_s: 5}]', tmp_path)
    assert [route.sink.name for route in routes(tree, {})] == ["jsonl"]
    assert [(each.name, each.every_s) for each in switches(tree, {})] == [("heartbeat", 5.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: webhook, name: it, url_env: HOOK", r"alerting\.sinks\.it\.url: expected a secret in"),
        ("kind: webhook, name: it, url_file: none", r"alerting\.sinks\.it\.url: expected a secret in"),
        ('kind: webhook, name: it, url: "http://h/x", secret_file: none', r"alerting\.sinks\.it\.secret: expected"),
        ("kind: mqtt, name: it, host: h, user: me, password_file: none", r"alerting\.sinks\.it\.password: expected"),
        ("kind: mqtt, name: it, host: h, tls: true, ca_file: none", r"alerting\.sinks\.it: expected certificates"),
        ('kind: alertmanager, name: it, urls: ["http://h"], token_env: T', r"alerting\.sinks\.it\.token: expected"),
        ('kind: apprise, name: it, url: "nonsense://s3cret"', r"alerting\.sinks\.it: expected an Apprise URL"),
        ("kind: apprise, name: it, url: 'json://h', body: '{{ nothing.like_it }}'", r"body: cannot be filled in: "),
        ('kind: webhook, name: it, url: "http://"', r"alerting\.sinks\.it: expected a url that begins with"),
    ],
)
def test_what_cannot_be_built_is_an_error_that_says_which(tmp_path: Path, text: str, message: str) -> None:
    """When it is about to be used, not later at the first event; and without a secret in it."""
    with pytest.raises(ConfigError, match=message) as caught:
        made(text, tmp_path)
    assert "s3cret" not in str(caught.value)


def headers(tmp_path: Path, content: bytes) -> Sink:
    """A webhook with a headers file."""
    (tmp_path / "headers").write_bytes(content)
    return made(f'kind: webhook, name: hook, url: "http://h/x", headers_file: {tmp_path}/headers', tmp_path)


def test_headers_are_read_from_their_file(tmp_path: Path) -> None:
    """A name and a value a line; blank lines and spaces round them do not matter, and a value may hold colons."""
    built = headers(tmp_path, f"Authorization: Bearer {SECRET}\n\n  X-Site :  a:b  \n".encode())
    assert SECRET not in repr(built)
    built.close()


@pytest.mark.parametrize(
    ("content", "line"),
    [(f"Authorization {SECRET}", 1), (f"X-Site: here\n\n: {SECRET}\n", 3), (f"{SECRET}:\n", 1)],
    ids=["no colon", "no name", "no value"],
)
def test_a_line_that_is_no_header_is_told_by_its_number_alone(tmp_path: Path, content: str, line: int) -> None:
    """The line itself may be the secret that somebody wrote there."""
    with pytest.raises(ConfigError, match=rf"headers_file: expected `Name: value` in line {line} of ") as caught:
        headers(tmp_path, content.encode())
    assert SECRET not in str(caught.value)


def test_a_headers_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Absent, or no text."""
    with pytest.raises(ConfigError, match="UnicodeDecodeError"):
        headers(tmp_path, b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="FileNotFoundError"):
        made('kind: webhook, name: hook, url: "http://h/x", headers_file: none', tmp_path)


def test_what_a_sink_is_told_of_follows_from_its_keys(tmp_path: Path) -> None:
    """Filter, quiet hours, rate and retries, each as written; messages to people only as things begin and end."""
    text = """[{kind: syslog, filter: {cameras: [gate], phases: [closed], least_ratio: 2}, schedule: {quiet:
        ["fri-sat 22:00-06:00"], then: dropped}, rate: {most: 3, per: minute}, retry: {attempts: 2, most_s: 5}},
        {kind: apprise, url: "json://h"}]"""
    syslog, apprise = config(text, tmp_path).alerting.sinks
    told = policy(syslog)  # type: ignore[arg-type]  # a syslog sink is told of events
    assert told.filter.cameras == {"gate"}
    assert [phase for phase in Phase if told.tells(phase)] == [Phase.CLOSED]
    assert told.filter.least_ratio == 2
    assert (told.hold, told.quiet[0].days, told.quiet[0].begin.hour) == (False, {4, 5}, 22)
    assert told.rate is not None
    assert (told.rate.most, told.rate.per_s) == (3, 60.0)
    assert (retry(syslog).attempts, retry(syslog).most_s) == (2, 5.0)  # type: ignore[arg-type]
    people = policy(apprise)  # type: ignore[arg-type]
    assert [phase for phase in Phase if people.tells(phase)] == [Phase.OPENED, Phase.CLOSED]
    assert people.passes(EVENT)
    assert not people.is_quiet(int(datetime(2026, 11, 29, 3, tzinfo=UTC).timestamp() * 1e9))


def test_what_is_not_configured_is_not_loaded() -> None:
    """Without such a sink neither MQTT nor Apprise nor Jinja costs memory or time in the alert process."""
    code = (
        "import sys\nfrom monitor.config import load_text\nfrom monitor.build.alerting import alerting\n"
        "from monitor.build.sinks import routes\n"
        "text = 'cameras: {a: {source: x.mp4}}\\nalerting: {sinks: [{kind: jsonl}, {kind: syslog},"
        ' {kind: webhook, url: "http://h/x"}, {kind: alertmanager, urls: ["http://h"]}]}\'\n'
        "routes(load_text(text, 'x'), {})\nprint(*({'paho', 'apprise', 'jinja2', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr
