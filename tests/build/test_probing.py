"""What `rareframe check --probe` finds out, and what it leaves alone."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from monitor.build.probing import probe
from monitor.config import load_text


def _probed(text: str, environ: dict[str, str] | None = None) -> dict[str, tuple[bool, str]]:
    return {found.what: (found.ok, found.detail) for found in probe(load_text(text, "site.yaml"), environ or {})}


def test_a_source_that_gives_a_picture_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One picture was decoded, and the person sees its size; nothing is made on the way."""
    monkeypatch.chdir(tmp_path)
    found = _probed('cameras:\n  a: {source: "lavfi:testsrc2=size=320x240:rate=25"}\n')
    ok, detail = found["camera a"]
    assert ok
    assert "320x240" in detail
    assert found["sink jsonl"][0]
    assert list(tmp_path.iterdir()) == []


def test_each_fault_is_told_by_itself(tmp_path: Path) -> None:
    """A missing file and an unset password are each their own line, and the other cameras are still tried."""
    found = _probed(
        f"cameras:\n"
        f"  a: {{source: {tmp_path}/none.mp4}}\n"
        f"  b: {{source: rtsp://127.0.0.1:9/sub, user: joe, password_env: GATE}}\n"
        f'  c: {{source: "lavfi:testsrc2=size=320x240:rate=25"}}\n'
    )
    assert [ok for ok, _ in found.values()] == [False, False, True, True]
    assert "no such file" in found["camera a"][1]
    assert "environment variable GATE" in found["camera b"][1]


@pytest.fixture(name="hook")
def _hook() -> Iterator[tuple[int, list[tuple[str, dict[str, Any]]]]]:
    """A server's port, and the requests that it got: path and JSON."""
    got: list[tuple[str, dict[str, Any]]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            got.append((self.path, json.loads(self.rfile.read(length) or b"{}")))
            self.send_response(500 if "broken" in self.path else 204)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_address[1], got
    server.shutdown()
    thread.join()
    server.server_close()


def _sinks(*sinks: str) -> str:
    return 'cameras:\n  a: {source: "lavfi:testsrc2=size=320x240:rate=25"}\nalerting:\n  sinks:\n' + "".join(
        f"    - {{{each}}}\n" for each in sinks
    )


def test_each_sink_is_sent_a_test_that_says_so(hook: Any, tmp_path: Path) -> None:
    """What arrives is marked as a test in its kind and in words, and what came back is shown; filters do not matter."""
    port, got = hook
    lines = tmp_path / "lines.jsonl"
    lines.write_text("")
    found = _probed(
        _sinks(
            "kind: webhook, name: hook, url_env: HOOK, filter: {phases: [closed]}",
            f"kind: alertmanager, urls: ['http://127.0.0.1:{port}']",
            "kind: heartbeat, url_env: HOOK",
            f"kind: jsonl, path: {lines}",
        ),
        {"HOOK": f"http://127.0.0.1:{port}/s3cret"},
    )
    assert [found[f"sink {name}"][0] for name in ("hook", "alertmanager", "heartbeat", "jsonl")] == [True] * 4
    assert found["sink hook"][1].startswith(f"took a test: http://127.0.0.1:{port} answered 204 (")
    (_, told), (_, alerts), _ping = got
    assert (told["kind"], told["camera"]) == ("test", "")
    assert told["note"] == "this is only a test of the sink: nothing happened"
    assert alerts[0]["labels"] == {"alertname": "RareframeTest", "severity": "none"}
    assert json.loads(lines.read_text())["kind"] == "test"
    assert "s3cret" not in str(found)


def test_a_sink_that_does_not_take_the_test_is_told_with_what_came_back(hook: Any) -> None:
    """Refused, failing, and without its secret: each by itself, none with a secret in it."""
    port, _ = hook
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()[1]
    found = _probed(
        _sinks(
            f"kind: webhook, name: gone, url: 'http://127.0.0.1:{nobody}/s3cret'",
            f"kind: webhook, name: fails, url: 'http://127.0.0.1:{port}/broken-s3cret'",
            "kind: webhook, name: unset, url_env: HOOK",
        )
    )
    assert "no answer (ConnectError)" in found["sink gone"][1]
    assert "answered 500" in found["sink fails"][1]
    assert "environment variable HOOK" in found["sink unset"][1]
    assert not any(found[f"sink {name}"][0] for name in ("gone", "fails", "unset"))
    assert "s3cret" not in str(found)
