"""Credentials do not survive in text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.redaction import redact, without_credentials

MARK = "S3CRET"
ANYTHING = st.text(st.characters(codec="utf-8"), max_size=8)
# A parameter's value ends at & or ;, so an unescaped one cannot hold these.
IN_QUERY = st.text(st.characters(codec="utf-8", exclude_characters="&;="), max_size=8)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://joe:s3cret@10.0.0.5/sub", "rtsp://***@10.0.0.5/sub"),
        ("opening rtsp://joe:p@ss/w@10.0.0.5:554/sub failed", "opening rtsp://***@10.0.0.5:554/sub failed"),
        ("http://10.0.0.5/video?user=joe&password=s3cret&fps=5", "http://10.0.0.5/video?user=***&password=***&fps=5"),
        ("rtsp://10.0.0.5/user=joe_password=s3cret_channel=1.sdp", "rtsp://10.0.0.5/user=***"),
        ("http://10.0.0.5/video?password=p@s3cret&x=s3cret!", "http://***"),
        ("rtsp://10.0.0.5/user=joe_password=p@s3cret_channel=1.sdp failed", "rtsp://*** failed"),
        ("two: http://a:b@c/ and http://d:e@f/", "two: http://***@c/ and http://***@f/"),
        ("rtsp://10.0.0.5/sub", "rtsp://10.0.0.5/sub"),
        ("nothing to hide, mail joe@example.org", "nothing to hide, mail joe@example.org"),
    ],
)
def test_logins_and_tokens_are_replaced(text: str, shown: str) -> None:
    """What identifies the camera stays, what opens it goes."""
    assert without_credentials(text) == shown


@given(st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="\"'<>"), min_size=1))
def test_no_password_survives(password: str) -> None:
    """Whatever characters a password has, spaces and quotes apart, it is gone as a whole."""
    marked = f"Q{password}Q"
    assert marked not in without_credentials(f"cannot open rtsp://joe:{marked}@10.0.0.5/sub: refused")


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
