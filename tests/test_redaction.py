"""Credentials do not survive in text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.redaction import without_credentials


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
