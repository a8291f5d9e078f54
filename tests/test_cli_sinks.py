"""`rareframe sinks`: what sinks were told, dead letters and how to have them told after all, a test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from monitor.alerting.outbox import Due, Outbox
from monitor.alerting.store import EventStore
from monitor.cli import main
from monitor.config.places import store_path
from monitor.sinks.checks import EVENT

Run = Callable[..., tuple[int, str, str]]
NOW_NS = 1_790_000_100_000_000_000


@pytest.fixture(name="cli")
def _cli(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process; gives exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


@pytest.fixture(name="data_dir")
def _data_dir(tmp_path: Path) -> Path:
    """A data folder in which `ops` has given up one telling, and `lines` has one to make."""
    store = EventStore.open(store_path(tmp_path), ["ops", "lines"])
    store.record([EVENT], {}, NOW_NS)
    outbox = Outbox(store, "ops")
    [due] = outbox.due(NOW_NS, 1)
    assert isinstance(due, Due)
    outbox.bury(due, "answered 401, expected 2xx; check `url` and `headers`", NOW_NS)
    store.close()
    return tmp_path


def test_sinks_are_listed_with_what_became_of_their_deliveries(cli: Run, data_dir: Path) -> None:
    """By the configuration with their kinds, and those that are not in it any more."""
    config = data_dir / "site.yaml"
    config.write_text(
        f"data_dir: {data_dir}\ncameras: {{gate: {{source: x.mp4}}}}\n"
        "alerting: {sinks: [{kind: webhook, name: ops, url_env: X}, {kind: syslog}]}\n"
    )
    code, out, _ = cli("sinks", "list", "--config", str(config))
    assert code == 0
    assert out.splitlines() == [
        "ops  webhook  0 pending, 0 sent, 0 suppressed, 1 dead",
        "syslog  syslog  0 pending, 0 sent, 0 suppressed, 0 dead",
        "lines  not in the configuration  1 pending, 0 sent, 0 suppressed, 0 dead",
    ]
    rows = json.loads(cli("sinks", "list", "--data-dir", str(data_dir), "--json")[1])
    assert {row["sink"]: row["dead"] for row in rows} == {"ops": 1, "lines": 0}


def test_dead_letters_are_listed_with_why(cli: Run, data_dir: Path) -> None:
    """Number, moment, sink, event, attempts, error; of one sink or of all; as JSON for programs."""
    code, out, _ = cli("sinks", "dead", "--data-dir", str(data_dir))
    assert code == 0
    assert out == (
        "1  2026-09-21 14:15:00Z  ops  0123456789abcdef opened gate  1 attempts  "
        "answered 401, expected 2xx; check `url` and `headers`\n"
    )
    assert cli("sinks", "dead", "lines", "--data-dir", str(data_dir))[1] == ""
    [row] = json.loads(cli("sinks", "dead", "ops", "--data-dir", str(data_dir), "--json")[1])
    assert (row["id"], row["event"], row["attempts"]) == (1, EVENT.id, 1)


@pytest.mark.parametrize("what", ["ops", "1"])
def test_dead_letters_are_sent_again_by_sink_or_number(cli: Run, data_dir: Path, what: str) -> None:
    """They are due at once, as if they were new; who asked for it is kept."""
    code, out, _ = cli("sinks", "resend", what, "--data-dir", str(data_dir))
    assert (code, out.startswith("1 dead letter(s) will be told")) == (0, True)
    store = EventStore.open_read_only(store_path(data_dir))
    assert store.dead_letters() == []
    assert store.told()["ops"] == {"pending": 1}
    assert [(entry.what, entry.where) for entry in store.audit()] == [("resend", what)]
    store.close()


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("lines", "sink lines: expected dead letters, got none; see `rareframe sinks list`"),
        ("17", "expected the number of a dead letter, got 17; see `rareframe sinks dead`"),
    ],
)
def test_what_is_not_dead_is_not_sent_again(cli: Run, data_dir: Path, what: str, message: str) -> None:
    """An error of one line, and nothing is changed, also of what else was named."""
    assert cli("sinks", "resend", "1", what, "--data-dir", str(data_dir)) == (1, "", f"rareframe: {message}\n")
    store = EventStore.open_read_only(store_path(data_dir))
    assert len(store.dead_letters()) == 1
    store.close()


@pytest.fixture(name="port")
def _port() -> Iterator[int]:
    """A server that takes what is sent to /good, and nothing else."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204 if self.path == "/good" else 403)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_test_goes_through_each_sink_or_one(cli: Run, tmp_path: Path, port: int) -> None:
    """One line each with what came back; exit code 1 if one did not take it; nothing is stored."""
    config = tmp_path / "site.yaml"
    sinks = ", ".join(
        f'{{kind: webhook, name: {name}, url: "http://127.0.0.1:{port}/{name}"}}' for name in ("good", "bad")
    )
    config.write_text(
        f"data_dir: {tmp_path}/data\ncameras: {{gate: {{source: x.mp4}}}}\nalerting: {{sinks: [{sinks}]}}\n"
    )
    code, out, err = cli("sinks", "test", "--config", str(config))
    assert (code, err) == (1, "rareframe: not every sink took the test\n")
    good, bad = out.splitlines()
    assert good.startswith(f"ok    sink good: took a test: http://127.0.0.1:{port} answered 204 (")
    assert bad == f"FAIL  sink bad: http://127.0.0.1:{port} answered 403, expected 2xx; check `url` and `headers`"
    assert cli("sinks", "test", "good", "--config", str(config))[0] == 0
    assert cli("sinks", "test", "none", "--config", str(config))[2] == (
        "rareframe: expected a sink of the configuration (good, bad), got none\n"
    )
    assert cli("sinks", "test")[2] == (
        "rareframe: expected the daemon's configuration, got none; name it with --config\n"
    )
    assert not (tmp_path / "data").exists()
