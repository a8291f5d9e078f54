"""The webhook: what is retried, what is told, and what is never told."""

from __future__ import annotations

# ruff: noqa: ANN001 - the server of conftest.py cannot be imported where tests are not a package
import base64
import hashlib
import hmac
import logging
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.sink import SinkError
from monitor.sinks.checks import EVENT
from monitor.sinks.http import retry_after_s
from monitor.sinks.webhook import Form, Webhook
from monitor.types import Phase


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(hook, status: int) -> None:
    """The payload arrives as documented, with a key and the given headers."""
    hook.status = status
    Webhook("hook", hook.url, headers={"X-Site": "north"}).deliver(EVENT)
    headers, body = hook.got[0]
    assert headers["Idempotency-Key"] == "0123456789abcdef/opened"
    assert (headers["X-Site"], headers["Content-Type"]) == ("north", "application/json")
    assert body["schema_version"] == 1
    assert (body["id"], body["phase"], body["camera"]) == (EVENT.id, "opened", "gate")
    assert body["began"] == "2026-09-21T14:13:20.000000Z"
    assert body["snapshot_jpeg_base64"] is None


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_trouble_is_retryable(hook, status: int) -> None:
    """Another try may succeed."""
    hook.status = status
    with pytest.raises(SinkError, match=f"answered {status}") as caught:
        Webhook("hook", hook.url).deliver(EVENT)
    assert caught.value.retryable


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422])
def test_a_refusal_is_final(hook, status: int) -> None:
    """The same request would be refused again; the message says what to check."""
    hook.status = status
    with pytest.raises(SinkError, match=f"answered {status}, expected 2xx; check `url` and `headers`") as caught:
        Webhook("hook", hook.url).deliver(EVENT)
    assert not caught.value.retryable


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(hook, status: int) -> None:
    """A redirect could carry secrets elsewhere: it is an error to be mended in the configuration."""
    hook.status = status
    hook.headers = {"Location": hook.url.replace("hooks", "elsewhere")}
    with pytest.raises(SinkError, match="set `url` to the new address") as caught:
        Webhook("hook", hook.url).deliver(EVENT)
    assert not caught.value.retryable
    assert len(hook.got) == 1


def test_retry_after_is_passed_on(hook) -> None:
    """Seconds that the destination asked for reach the retry stage."""
    hook.status, hook.headers = 429, {"Retry-After": "17"}
    with pytest.raises(SinkError) as caught:
        Webhook("hook", hook.url).deliver(EVENT)
    assert caught.value.after_s == 17.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 59.0),
        ("Fri, 31 Dec 1999 23:58:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_retry_after_in_both_its_forms(value: str | None, seconds: float | None) -> None:
    """Seconds or a date; nonsense counts as nothing."""
    assert retry_after_s(value, 946_684_740.0) == seconds


def test_secrets_are_in_no_log_and_no_error(hook, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the path and query of the address nor a header's value is ever told, even at DEBUG."""
    caplog.set_level(logging.DEBUG)
    webhook = Webhook("hook", hook.url, headers={"Authorization": "Bearer s3cret-header"})
    webhook.deliver(EVENT)
    hook.status = 500
    with pytest.raises(SinkError) as caught:
        webhook.deliver(EVENT)
    told = caplog.text + str(caught.value) + repr(caught.value) + repr(webhook)
    assert "s3cret" not in told


def test_the_picture_goes_along_if_asked(hook, tmp_path: Path) -> None:
    """With the data folder given, the overlay is sent as base64; a missing file is told as none."""
    (tmp_path / "overlay.jpg").write_bytes(b"jpeg bytes")
    event = replace(EVENT, snapshot="plain.jpg", overlay="overlay.jpg")
    webhook = Webhook("hook", hook.url, form=Form(pictures=tmp_path))
    webhook.deliver(event)
    webhook.deliver(replace(event, overlay="gone.jpg"))
    first, second = (body for _, body in hook.got)
    assert base64.b64decode(first["snapshot_jpeg_base64"]) == b"jpeg bytes"
    assert first["overlay"] == "overlay.jpg"
    assert second["snapshot_jpeg_base64"] is None


def test_updates_have_keys_of_their_own(hook) -> None:
    """A receiver that drops what it knows must not drop a second update."""
    webhook = Webhook("hook", hook.url)
    for frames in (5, 9):
        webhook.deliver(replace(EVENT, phase=Phase.UPDATED, frames=frames))
    assert len({headers["Idempotency-Key"] for headers, _ in hook.got}) == 2


def test_a_certificate_that_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    """TLS is verified: a self-signed server gets nothing."""
    import ssl  # noqa: PLC0415  # only here
    import threading  # noqa: PLC0415
    from http.server import BaseHTTPRequestHandler, HTTPServer  # noqa: PLC0415

    pem = tmp_path / "server.pem"
    made = subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 -keyout {pem} -out {pem}.crt".split(),
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("openssl cannot make a certificate here")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{pem}.crt", pem)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with pytest.raises(SinkError, match="no answer") as caught:
            Webhook("hook", f"https://127.0.0.1:{server.server_address[1]}/x").deliver(EVENT)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert caught.value.retryable


@pytest.mark.parametrize("url", ["ftp://s3cret/x", "s3cret/x", "http://?s3cret", "http://host:s3cret/"])
def test_what_is_no_address_is_refused_without_being_told(url: str) -> None:
    """A wrong url is an error at the start, and is not repeated: it may hold a secret."""
    with pytest.raises(ValueError, match="sink hook: expected a url") as caught:
        Webhook("hook", url)
    assert "s3cret" not in str(caught.value)


def test_a_header_that_cannot_be_sent_is_refused_without_its_value() -> None:
    """A token with a line break would end the header: it is found at the start."""
    with pytest.raises(ValueError, match="header 'Authorization'") as caught:
        Webhook("hook", "http://host/", headers={"Authorization": "s3cret\nX: y"})
    assert "s3cret" not in str(caught.value)


def accepts(secret: str, headers: dict[str, str], body: bytes, now_s: float) -> bool:
    """A receiver, as docs/sinks.md has it."""
    stamp, signature = headers["X-Rareframe-Timestamp"], headers["X-Rareframe-Signature"]
    expected = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return abs(now_s - int(stamp)) < 300 and hmac.compare_digest(signature, f"sha256={expected}")


def test_a_signed_telling_can_be_verified_and_is_not_to_be_forged_or_replayed(hook) -> None:
    """The receiver's few lines accept it; not another body, another secret, another time, or the same one later."""
    Webhook("hook", hook.url, secret="s3cret").deliver(EVENT)
    [(headers, _)], [(_, body)] = hook.got, hook.raw
    now_s = time.time()
    assert accepts("s3cret", headers, body, now_s)
    assert not accepts("s3cret", headers, body.replace(b"gate", b"yard"), now_s)
    assert not accepts("other", headers, body, now_s)
    later = headers | {"X-Rareframe-Timestamp": str(int(now_s) + 60)}
    assert not accepts("s3cret", later, body, now_s)
    assert not accepts("s3cret", headers, body, now_s + 301)


def test_without_a_secret_nothing_is_signed(hook) -> None:
    """No header that promises what is not there."""
    Webhook("hook", hook.url).deliver(EVENT)
    assert not [name for name in hook.got[0][0] if name.startswith("X-Rareframe")]


def test_method_type_and_body_may_be_ones_own(hook) -> None:
    """What is sent is what the form makes, and it is that what is signed."""
    form = Form(method="PUT", content_type="text/plain", body=lambda payload: f"{payload.camera}!".encode())
    Webhook("hook", hook.url, secret="s3cret", form=form).deliver(EVENT)
    assert hook.raw == [("PUT", b"gate!")]
