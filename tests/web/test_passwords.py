"""Passwords as hashes, and what is none."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.web.passwords import HashError, hashed, parsed


def test_a_hash_fits_its_password_and_no_other() -> None:
    """Also after it was written and read; the same password has another hash each time."""
    first, second = hashed("correct horse"), hashed("correct horse")
    assert first.salt != second.salt
    assert parsed(first.text()) == first
    assert first.fits("correct horse")
    assert not first.fits("correct horse ")
    assert "correct" not in first.text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "swordfish",
        "scrypt$32768$8$3$salt",
        "bcrypt$32768$8$3$c2FsdA==$aGFzaGhhc2hoYXNoaGFzaA==",
        "scrypt$32767$8$3$c2FsdA==$aGFzaGhhc2hoYXNoaGFzaA==",
        "scrypt$1073741824$8$1$c2FsdA==$aGFzaGhhc2hoYXNoaGFzaA==",
        "scrypt$32768$8$0$c2FsdA==$aGFzaGhhc2hoYXNoaGFzaA==",
        "scrypt$32768$8$3$c2FsdA==$eA==",
        "scrypt$32768$8$3$!!$aGFzaGhhc2hoYXNoaGFzaA==",
        "scrypt$\u0663$8$3$c2FsdA==$aGFzaGhhc2hoYXNoaGFzaA==",
    ],
)
def test_what_is_no_hash_is_told_without_repeating_it(text: str) -> None:
    """A password written where its hash belongs is shown to nobody; nor is a hash taken that would eat the memory."""
    with pytest.raises(HashError) as caught:
        parsed(text)
    assert not text or text not in str(caught.value)


@given(st.text())
def test_any_text_is_a_hash_or_an_error(text: str) -> None:
    """And nothing else happens."""
    with contextlib.suppress(HashError):
        parsed(text)
