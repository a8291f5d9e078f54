"""What `monitor.transport.keys` promises: a key that only its owner can read, and that never shows."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from monitor.transport import KeyFileError, load_key_file, make_key_file


def test_a_made_key_is_private_and_loads(tmp_path: Path) -> None:
    """A new file has mode 0600 and holds two matching halves; another file holds another key."""
    make_key_file(tmp_path / "a")
    make_key_file(tmp_path / "b")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert load_key_file(tmp_path / "a") != load_key_file(tmp_path / "b")


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    """Making a key never replaces one that is in use."""
    make_key_file(tmp_path / "a")
    before = (tmp_path / "a").read_bytes()
    with pytest.raises(FileExistsError):
        make_key_file(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """Readable or writable by anyone else is too open."""
    make_key_file(tmp_path / "a")
    (tmp_path / "a").chmod(mode)
    with pytest.raises(KeyFileError, match="run chmod 600 on it"):
        load_key_file(tmp_path / "a")


@pytest.mark.parametrize(
    "text",
    ["", "rareframe key 1", "rareframe key 1\nx\ny\n", "rareframe key 1\n{public}\n{public}\n", "\x00\xff\n\n\n"],
)
def test_a_broken_key_is_refused(tmp_path: Path, text: str) -> None:
    """A file that is not a key, or holds two halves of different keys, is said to be so."""
    make_key_file(tmp_path / "a")
    public = load_key_file(tmp_path / "a").public.decode()
    (tmp_path / "a").write_text(text.replace("{public}", public))
    with pytest.raises(KeyFileError) as refused:
        load_key_file(tmp_path / "a")
    assert public not in str(refused.value)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    """The message says which file."""
    with pytest.raises(KeyFileError, match="nothing: cannot read the key file"):
        load_key_file(tmp_path / "nothing")


def test_a_key_does_not_show(tmp_path: Path) -> None:
    """Neither half appears where the key is printed or logged."""
    make_key_file(tmp_path / "a")
    key = load_key_file(tmp_path / "a")
    assert repr(key) == "CurveKey()"
