"""A file that is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.files import whole


def test_what_was_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    """In a folder that is made for it."""
    path = tmp_path / "new" / "it.json"
    with whole(path) as file:
        file.write(b"first")
        assert not path.exists()
    with whole(path) as file:
        file.write(b"second")
        assert path.read_bytes() == b"first"
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), ValueError("not ours")])
def test_whatever_is_raised_leaves_what_was_there(tmp_path: Path, fault: Exception) -> None:
    """And nothing half written beside it; the fault is passed on."""
    path = tmp_path / "it.json"
    path.write_bytes(b"old")
    with pytest.raises(type(fault)):
        _written_by_half(path, fault)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def _written_by_half(path: Path, fault: Exception) -> None:
    with whole(path) as file:
        file.write(b"half")
        raise fault


def test_a_disk_that_is_full_at_the_end_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written last comes to the disk last."""
    path = tmp_path / "it.json"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"), whole(path, tmp_path / ".it") as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_need_not_last_waits_for_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames may be waiting; it is whole all the same."""

    def slow(_: int) -> None:
        raise AssertionError("waited for the disk")

    monkeypatch.setattr(os, "fsync", slow)
    with whole(tmp_path / "it.json", lasting=False) as file:
        file.write(b"new")
    assert (tmp_path / "it.json").read_bytes() == b"new"
