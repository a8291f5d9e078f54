"""Apprise with a real mail server: subject, text, picture; and no secret in what is said of a failure."""

# ruff: noqa: ANN001 - the servers of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from detectors.base import Reason
from monitor.sink import SinkError
from monitor.sinks.checks import EVENT
from monitor.sinks.notifier import Notifier
from monitor.sinks.payload import Payload
from monitor.sinks.trial import trial_event

RARE = replace(EVENT, reasons=(Reason("motion", "moves as nothing did before", 0.001, None),))


def mail(port: int, **more: object) -> Notifier:
    """A sink that sends mail."""
    login = "mailto://me:s3cret-word@127.0.0.1"
    url = f"{login}:{port}?from=a@example.org&to=b@example.org&mode=insecure"
    return Notifier("mail", url, **more)  # type: ignore[arg-type]


def test_a_mail_says_what_happened_and_shows_it(post, tmp_path: Path) -> None:
    """One line as its subject, some lines as its text, the overlay attached."""
    (tmp_path / "overlay.jpg").write_bytes(b"\xff\xd8\xffa picture")
    sink = mail(post.port, pictures=tmp_path, link="https://cams.example.org")
    assert sink.deliver(replace(RARE, overlay="overlay.jpg")) == "sent by mailto"
    [got] = post.got
    assert got["subject"] == "gate: moves as nothing did before"
    assert ("b@example.org" in got["to"], "a@example.org" in got["from"]) == (True, True)
    text = got.get_body(("plain",)).get_content()
    assert "score 4.5 above its limit 3, p-value 0.001" in text
    assert f"https://cams.example.org/#/event/{EVENT.id}" in text
    [picture] = got.iter_attachments()
    assert picture.get_content_type() == "image/jpeg"
    assert picture.get_content() == b"\xff\xd8\xffa picture"


def test_a_picture_that_is_not_there_costs_the_mail_nothing(post, tmp_path: Path) -> None:
    """It is told without."""
    mail(post.port, pictures=tmp_path).deliver(replace(RARE, overlay="gone.jpg"))
    assert list(post.got[0].iter_attachments()) == []


def test_a_test_says_that_it_is_one(post) -> None:
    """In the subject already."""
    mail(post.port).deliver(trial_event("mail", EVENT.began_ns))
    assert post.got[0]["subject"] == "TEST: this is only a test of sink mail: nothing happened"


def test_subject_and_text_may_be_ones_own(post) -> None:
    """Whatever makes them of the payload."""

    def subject(payload: Payload) -> str:
        return f"{payload.camera}!"

    mail(post.port, subject=subject, body=lambda payload: f"look: {payload.id}").deliver(RARE)
    assert post.got[0]["subject"] == "gate!"
    assert f"look: {EVENT.id}" in post.got[0].get_body(("plain",)).get_content()


def test_a_failure_says_why_without_the_address(free_port, caplog: pytest.LogCaptureFixture) -> None:
    """The reason that Apprise gives, with everything hidden that stands in the URL; and it logs none itself."""
    with pytest.raises(SinkError, match="sink mail: not sent by mailto: ") as caught:
        mail(free_port(), timeout_s=2.0).deliver(RARE)
    assert caught.value.retryable
    told = str(caught.value) + caplog.text
    for secret in ("s3cret-word", "example.org"):
        assert secret not in told


def test_what_is_no_address_is_refused_without_being_told() -> None:
    """A wrong url is an error at the start; it is a secret as a whole."""
    with pytest.raises(ValueError, match="sink mail: expected an Apprise URL") as caught:
        Notifier("mail", "nonsense://s3cret")
    assert "s3cret" not in str(caught.value)
