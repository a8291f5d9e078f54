"""What a camera's levels are made of outlives a crash, whatever happened to the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from detectors.budget.diary import Light, Minute
from monitor.scoring import journal as module
from monitor.scoring.journal import Journal


def minute(number: int) -> Minute:
    """One of two channels."""
    return Minute(number, (0.5 + number, -1.0), Light.INFRARED, 59.5)


def journal(folder: Path, fingerprint: str = "print") -> Journal:
    """As a start of the worker makes it."""
    return Journal(folder / "checkpoints" / "gate.minutes.jsonl", fingerprint, 2)


def test_every_minute_comes_back(tmp_path: Path) -> None:
    """What was added is read by the next process, in order and to the last digit."""
    first = journal(tmp_path)
    first.add([minute(1), minute(2)])
    first.add([minute(3)])
    assert journal(tmp_path).read() == (minute(1), minute(2), minute(3))


def test_it_goes_on_where_it_was_read(tmp_path: Path) -> None:
    """A process that read it adds to it; one that did not begins it anew, since it learned afresh."""
    journal(tmp_path).add([minute(1)])
    second = journal(tmp_path)
    second.read()
    second.add([minute(2)])
    assert journal(tmp_path).read() == (minute(1), minute(2))
    journal(tmp_path).add([minute(9)])
    assert journal(tmp_path).read() == (minute(9),)


def test_of_another_configuration_nothing_is_believed(tmp_path: Path) -> None:
    """Scores of other detectors are in other units."""
    journal(tmp_path).add([minute(1)])
    assert journal(tmp_path, "other").read() == ()


@pytest.mark.parametrize(
    "damage", [b'{"minute":4,"pea', b"\x00\xff\xfe", b'{"minute":5,"peaks":[1],"light":0,"seen_s":1}']
)
def test_a_line_cut_short_costs_that_line_alone(tmp_path: Path, damage: bytes) -> None:
    """A power cut in the middle of a line, and a line of another number of channels, are left out."""
    journal(tmp_path).add([minute(1)])
    path = tmp_path / "checkpoints" / "gate.minutes.jsonl"
    path.write_bytes(path.read_bytes() + damage)
    assert journal(tmp_path).read() == (minute(1),)


def test_it_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest lines go once twice as many are held as are kept."""
    monkeypatch.setattr(module, "KEPT", 5)
    kept = journal(tmp_path)
    for number in range(40):
        kept.add([minute(number)])
    assert 5 <= len(journal(tmp_path).read()) <= 11
    assert journal(tmp_path).read()[-1] == minute(39)


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    """The camera goes on; the log says so when it begins, not every minute."""
    (tmp_path / "checkpoints").write_text("a file where the folder should be")
    with capture_logs() as logs:
        blocked = journal(tmp_path)
        blocked.add([minute(1)])
        blocked.add([minute(2)])
    assert [entry["event"] for entry in logs] == ["journal_failed"]
