"""What `rareframe check --probe` finds out, and what it leaves alone."""

from __future__ import annotations

import socket
from pathlib import Path

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


def test_a_webhook_is_reached_but_told_nothing() -> None:
    """A connection is made and closed; not a byte is sent, so that nobody hears of an event that never was."""
    sink = "alerting:\n  sinks:\n    - {kind: webhook, name: hook, url_env: HOOK}\n"
    text = 'cameras:\n  a: {source: "lavfi:testsrc2=size=320x240:rate=25"}\n' + sink
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = _probed(text, {"HOOK": f"http://127.0.0.1:{port}/s3cret"})
        server.settimeout(5)
        connection, _ = server.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(1) == b""
    assert found["sink hook"] == (True, f"127.0.0.1:{port} answers")
    ok, detail = _probed(text, {"HOOK": f"http://127.0.0.1:{port}/s3cret"})["sink hook"]
    assert not ok
    assert "s3cret" not in detail
    assert not _probed(text)["sink hook"][0]
