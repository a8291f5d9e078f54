"""Addresses: what they mean, and a login given apart from them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from monitor.capture.address import Kind, kind_of, with_login

ANYTHING = st.text(st.characters(codec="utf-8"), max_size=8)


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
