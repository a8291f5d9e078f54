"""The server: it takes its address, has an end to its patience, speaks TLS, and stops."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from monitor.web.server import Tls, WebError, WebServer

PATIENCE_S = 5.0


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """The smallest application."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_it_serves_on_loopback_and_stops(host: str) -> None:
    """Answers while it runs; afterwards its port is free and its thread gone."""
    try:
        server = WebServer(hello, host, 0)
    except WebError:
        if host == "::1":
            pytest.skip("no IPv6 here")
        raise
    address = "[::1]" if host == "::1" else "127.0.0.1"
    with server:
        answer = httpx.get(f"http://{address}:{server.port}/", timeout=PATIENCE_S, trust_env=False)
        assert answer.text == "hello"
        assert "server" not in answer.headers
        port = server.port
    assert server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{address}:{port}/", timeout=1, trust_env=False)


@pytest.mark.parametrize("host", ["192.0.2.1", "example.invalid"])
def test_an_address_of_another_machine_is_told(host: str) -> None:
    """Before any thread is started."""
    with pytest.raises(WebError, match=r"alerting\.web\.listen: .* cannot be taken"):
        WebServer(hello, host, 0)


def test_a_port_in_use_is_said_at_once() -> None:
    """Before any thread is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WebError, match=f"127.0.0.1:{port} cannot be taken"):
            WebServer(hello, "127.0.0.1", port)


def test_stopping_does_not_wait_for_a_client_that_says_nothing() -> None:
    """An open connection holds up the end for a moment only."""
    server = WebServer(hello, "127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        started_s = time.monotonic()
        assert server.stop(PATIENCE_S)
        assert time.monotonic() - started_s < PATIENCE_S


def test_stopping_before_starting_is_fine() -> None:
    """An order that a failing start may bring."""
    assert WebServer(hello, "127.0.0.1", 0).stop()


def test_half_a_request_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the beginning nor after a whole one; whoever comes later is answered."""
    monkeypatch.setattr("monitor.web.protocol.HEAD_S", 0.2)
    with WebServer(hello, "127.0.0.1", 0) as server:
        for before in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as slow:
                slow.sendall(before)
                if before:
                    assert slow.recv(4096).startswith(b"HTTP/1.1 200")
                slow.sendall(b"GET / HTTP/1.1\r\nHost: loc")
                slow.settimeout(PATIENCE_S)
                with suppress(ConnectionResetError):
                    while slow.recv(4096):
                        pass
        assert httpx.get(f"http://127.0.0.1:{server.port}/", trust_env=False, timeout=PATIENCE_S).text == "hello"


def test_tls_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    """Who trusts the certificate is answered; plain HTTP is not."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is absent: apt-get install openssl")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost -keyout {key} -out {cert}"
    )
    subprocess.run([openssl, *made.split()], check=True, capture_output=True)
    with WebServer(hello, "127.0.0.1", 0, tls=Tls(cert, key)) as server:
        trusting = ssl.create_default_context(cafile=str(cert))
        url = f"localhost:{server.port}/"
        assert httpx.get(f"https://{url}", verify=trusting, trust_env=False, timeout=PATIENCE_S).text == "hello"
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://{url}", trust_env=False, timeout=PATIENCE_S)


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path, content: bytes | None) -> None:
    """With what to do, and the address is free again."""
    cert = tmp_path / "cert.pem"
    if content is not None:
        cert.write_bytes(content)
    with pytest.raises(WebError, match=r"alerting\.web\.tls: expected a certificate and its key"):
        WebServer(hello, "127.0.0.1", 0, tls=Tls(cert, cert))
