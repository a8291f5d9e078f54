"""Sinks with their secrets, and the alert process's parts started and stopped together."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from monitor.alerting.store import StoreError
from monitor.build.alerting import alerting, open_store, sink, store_path
from monitor.config import Config, ConfigError, SinkOptions, load_text
from monitor.sinks.jsonl import JsonLines
from monitor.sinks.webhook import Webhook
from monitor.web.server import WebError

SECRET = "s3cret-t0ken"


def config(sinks: str, folder: Path) -> Config:
    """One with these sinks and a free port."""
    text = f"""
data_dir: {folder}
cameras: {{a: {{source: x.mp4}}}}
alerting:
  web: {{listen: "127.0.0.1:0"}}
  sinks: {sinks}
"""
    return load_text(text, "site.yaml")


def only(sinks: str, folder: Path) -> SinkOptions:
    """The one sink of a configuration."""
    [options] = config(sinks, folder).alerting.sinks
    return options


def test_every_kind_of_sink_is_built(tmp_path: Path) -> None:
    """By its tag, under its name; lines go to the data folder unless told otherwise."""
    lines = sink(only("[{kind: jsonl, name: lines}]", tmp_path), tmp_path, {})
    assert isinstance(lines, JsonLines)
    assert lines.name == "lines"
    hook = sink(only("[{kind: webhook, name: hook, url_env: HOOK}]", tmp_path), tmp_path, {"HOOK": "http://h/x"})
    assert isinstance(hook, Webhook)
    assert hook.name == "hook"
    for made in (lines, hook):
        made.close()


@pytest.mark.parametrize("place", ["url_env: HOOK", "url_file: FILE"])
def test_a_secret_that_is_not_there_is_an_error_that_says_which(tmp_path: Path, place: str) -> None:
    """When it is about to be used, not later at the first event."""
    options = only(f"[{{kind: webhook, name: hook, {place.replace('FILE', str(tmp_path / 'url'))}}}]", tmp_path)
    with pytest.raises(ConfigError, match=r"alerting\.sinks\.hook\.url: expected a secret in"):
        sink(options, tmp_path, {})


def headers(tmp_path: Path, content: bytes) -> SinkOptions:
    """A webhook with a headers file."""
    (tmp_path / "headers").write_bytes(content)
    return only(
        f'[{{kind: webhook, name: hook, url: "http://h/x", headers_file: {tmp_path}/headers}}]',
        tmp_path,
    )


def test_headers_are_read_from_their_file(tmp_path: Path) -> None:
    """A name and a value a line; blank lines and spaces round them do not matter, and a value may hold colons."""
    options = headers(tmp_path, f"Authorization: Bearer {SECRET}\n\n  X-Site :  a:b  \n".encode())
    made = sink(options, tmp_path, {})
    assert isinstance(made, Webhook)
    assert SECRET not in repr(made)
    made.close()


@pytest.mark.parametrize(
    ("content", "line"),
    [(f"Authorization {SECRET}", 1), (f"X-Site: here\n\n: {SECRET}\n", 3), (f"{SECRET}:\n", 1)],
    ids=["no colon", "no name", "no value"],
)
def test_a_line_that_is_no_header_is_told_by_its_number_alone(tmp_path: Path, content: str, line: int) -> None:
    """The line itself may be the secret that somebody wrote there."""
    with pytest.raises(ConfigError, match=rf"headers_file: expected `Name: value` in line {line} of ") as caught:
        sink(headers(tmp_path, content.encode()), tmp_path, {})
    assert SECRET not in str(caught.value)


def test_a_headers_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Absent, or no text."""
    with pytest.raises(ConfigError, match="UnicodeDecodeError"):
        sink(headers(tmp_path, b"\xff\xfe\x00"), tmp_path, {})
    options = headers(tmp_path, b"")
    (tmp_path / "headers").unlink()
    with pytest.raises(ConfigError, match="FileNotFoundError"):
        sink(options, tmp_path, {})


def test_the_store_is_made_where_it_belongs(tmp_path: Path) -> None:
    """Folders are made; where none can be, the message says so."""
    store = open_store(tmp_path / "new" / "data", ["jsonl"])
    store.close()
    assert store_path(tmp_path / "new" / "data").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(tmp_path / "file" / "data", [])


def test_the_alert_process_answers_while_its_block_lasts_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Pages and metrics are served with the configured camera in them; afterwards all can be started again."""
    told = config("[{kind: jsonl}]", tmp_path)
    for _ in range(2):
        with alerting(told, {}) as running:
            running.desk.tick()
            url = f"http://127.0.0.1:{running.web.port}/metrics"
            with urllib.request.urlopen(url, timeout=10) as page:
                assert b'camera="a"' in page.read()
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(url, timeout=10)


def test_a_taken_address_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Whoever starts a second daemon hears that the port is taken, and can start it when it is free."""
    with alerting(config("[{kind: jsonl}]", tmp_path), {}) as running:
        taken = config("[{kind: jsonl}]", tmp_path / "other").alerting.web
        second = config("[{kind: jsonl}]", tmp_path / "other")
        web = taken.model_copy(update={"listen": f"127.0.0.1:{running.web.port}"})
        second = second.model_copy(update={"alerting": second.alerting.model_copy(update={"web": web})})
        with pytest.raises(WebError, match=str(running.web.port)), alerting(second, {}):
            pass
    with alerting(second, {}) as later:
        later.desk.tick()
