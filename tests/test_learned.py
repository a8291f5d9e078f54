"""What a camera has learned, as files for people: whole, small, and never in the way of the worker."""

from __future__ import annotations

from pathlib import Path

from monitor import learned
from monitor.learned import Learned, LearnedChannel

TOLD = Learned("gate", 5, 40, (LearnedChannel("moving", 40), LearnedChannel("scene", 3)), 2)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """With the names of its pictures, which are there; of another camera nothing is known."""
    learned.write(tmp_path, TOLD, [b"one", b"two"])
    found = learned.read(tmp_path, "gate")
    assert found is not None
    assert found.pictures == ("learned/gate-1.jpg", "learned/gate-2.jpg")
    assert [(tmp_path / name).read_bytes() for name in found.pictures] == [b"one", b"two"]
    assert (found.learned, found.channels, found.kept) == (TOLD.learned, TOLD.channels, TOLD.kept)
    assert learned.read(tmp_path, "yard") is None


def test_what_is_none_of_ours_is_nothing(tmp_path: Path) -> None:
    """Neither a broken file nor a name that leads elsewhere ends whoever shows it."""
    learned.write(tmp_path, TOLD, [])
    (tmp_path / "learned" / "yard.json").write_bytes(b'{"camera": 5}')
    (tmp_path / "gate.json").write_bytes((tmp_path / "learned" / "gate.json").read_bytes())
    assert learned.read(tmp_path, "yard") is None
    assert learned.read(tmp_path, "../gate") is None


def test_a_full_disk_is_logged_and_no_more(tmp_path: Path) -> None:
    """What is shown is not worth a fault of the worker."""
    (tmp_path / "learned").write_text("in the way")
    learned.write(tmp_path, TOLD, [b"one"])
    assert learned.read(tmp_path, "gate") is None
