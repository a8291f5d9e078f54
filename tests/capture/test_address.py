"""Addresses: what they mean, and that nobody reads a login out of them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.capture.address import Kind, kind_of, redact, with_login

MARK = "S3CRET"
ANYTHING = st.text(st.characters(codec="utf-8"), max_size=8)
# A parameter's value ends at & or ;, so an unescaped one cannot hold these.
IN_QUERY = st.text(st.characters(codec="utf-8", exclude_characters="&;="), max_size=8)


@given(before=ANYTHING, after=ANYTHING, user=ANYTHING)
def test_no_login_is_shown_however_badly_it_is_escaped(before: str, after: str, user: str) -> None:
    """No password in a URL's login survives, even with an unescaped @, /, ? or # in it."""
    assert MARK not in redact(f"rtsp://{user}:{before}{MARK}{after}@10.0.0.5:554/sub?channel=1")


@given(before=ANYTHING, after=ANYTHING)
def test_no_user_is_shown(before: str, after: str) -> None:
    """A user name is a secret too: tokens are given in its place."""
    assert MARK not in redact(f"https://{before}{MARK}{after}@host/video")


@given(
    before=IN_QUERY,
    after=IN_QUERY,
    key=st.sampled_from(["password", "pwd", "token", "user", "loginpas", "x", "access_token", "PASSWORD"]),
)
@example(before="@", after="", key="password")
@example(before="", after="@", key="x")
def test_no_parameter_is_shown_but_harmless_ones(before: str, after: str, key: str) -> None:
    """A secret in a query does not survive under any name that does not choose a picture."""
    assert MARK not in redact(f"http://host:80/video.cgi?channel=2&{key}={before}{MARK}{after}&fps=5")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://10.0.0.5:554/sub", "rtsp://10.0.0.5:554/sub"),
        ("rtsp://cam:pw@10.0.0.5/sub", "rtsp://***@10.0.0.5/sub"),
        ("rtsp://cam:p@/w@10.0.0.5/sub", "rtsp://***@10.0.0.5/sub"),
        ("http://h/v.cgi?user=cam&pwd=pw&channel=1#t", "http://h/v.cgi?user=***&pwd=***&channel=1"),
        ("http://h/v.cgi?9f3c0a", "http://h/v.cgi?***"),
        ("rtsp://h/user=cam_password=pw_channel=1.sdp", "rtsp://h/user=***"),
        ("cam:pw@10.0.0.5/sub", "***@10.0.0.5/sub"),
        ("/var/video/a@b.mp4", "/var/video/a@b.mp4"),
    ],
)
def test_what_is_shown_still_tells_which_source(address: str, shown: str) -> None:
    """Host, path and harmless parameters stay readable."""
    assert redact(address) == shown


@given(user=st.text(st.characters(codec="utf-8"), min_size=1, max_size=10), password=ANYTHING)
def test_a_login_given_apart_arrives_whole(user: str, password: str) -> None:
    """Any user and password come out of the merged URL as they went in, and the rest stays."""
    parts = urlsplit(with_login("rtsp://old:login@10.0.0.5:554/sub?channel=1", user, password))
    assert unquote(parts.username or "") == user
    assert unquote(parts.password or "") == password
    assert (parts.hostname, parts.port, parts.path, parts.query) == ("10.0.0.5", 554, "/sub", "channel=1")


def test_without_a_user_the_address_stays_as_it_is() -> None:
    """A login that is written into the address is used."""
    assert with_login("rtsp://cam:pw@h/sub", None, None) == "rtsp://cam:pw@h/sub"


def test_kinds(tmp_path: Path) -> None:
    """The address alone says what is to be opened; an unknown scheme is nothing."""
    expected = {
        "rtsp://h/x": Kind.STREAM,
        "HTTP://h/x": Kind.STREAM,
        "/dev/video3": Kind.DEVICE,
        str(tmp_path): Kind.FOLDER,
        str(tmp_path / "clip 10:30.mp4"): Kind.FILE,
        "lavfi:testsrc2": Kind.DRAWN,
        "demo:?seed=1": Kind.DEMO,
        "gopher://h/x": None,
    }
    assert {address: kind_of(address) for address in expected} == expected
