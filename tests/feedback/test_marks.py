"""The file that workers read: what was written comes back, and garbage in it stops nothing."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from monitor.feedback import FeedbackError, Mark, MarkWatch
from monitor.feedback.marks import FILE, LOOK_S, MOST_MARKS, MOST_NUMBERS, read, write

ONE = Mark(1, "1f0c2a", "gate", "normal", "ann", 5, (1.0, 0.5))
TWO = Mark(2, "2f0c2a", "yard", "unusual", "bob", 6, (1.0, -0.5))


def watch(folder: Path) -> tuple[MarkWatch, list[tuple[Mark, ...]]]:
    """One, and what it told."""
    told: list[tuple[Mark, ...]] = []
    return MarkWatch(folder, told.append), told


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    """Written and read again it is the same; without a file there is none."""
    assert read(tmp_path).marks == ()
    write(tmp_path / "data", (ONE, TWO))
    assert read(tmp_path / "data").marks == (ONE, TWO)


def test_a_watch_tells_what_changed_and_only_that(tmp_path: Path) -> None:
    """Told once for each change, at the next look."""
    one, told = watch(tmp_path)
    one.look_if_due(0.0)
    write(tmp_path, (ONE,))
    one.look_if_due(LOOK_S / 2)
    assert told == []
    for turn in (1, 2, 3):
        one.look_if_due(turn * LOOK_S)
    assert told == [(ONE,)]
    write(tmp_path, ())
    one.look_if_due(4 * LOOK_S)
    assert told == [(ONE,), ()]


BROKEN: dict[str, Any] = {
    "no mark": 7,
    "another kind": {**msgspec.to_builtins(ONE), "kind": "odd"},
    "not a number": {**msgspec.to_builtins(ONE), "look": ["x"]},
    "too many numbers": {**msgspec.to_builtins(ONE), "look": [0.0] * (MOST_NUMBERS + 1)},
    "a long name": {**msgspec.to_builtins(ONE), "who": "x" * 5000},
    "a time beyond all": {**msgspec.to_builtins(ONE), "at_ns": 2**63},
}


@pytest.mark.parametrize("what", BROKEN)
def test_garbage_among_marks_is_one_error_and_the_rest_holds(tmp_path: Path, what: str) -> None:
    """However often it is looked at."""
    marks = [BROKEN[what], msgspec.to_builtins(TWO), BROKEN[what]]
    (tmp_path / FILE).write_bytes(msgspec.json.encode({"version": 1, "marks": marks}))
    one, told = watch(tmp_path)
    with capture_logs() as said:
        one.look_if_due(0.0)
        one.look_if_due(LOOK_S)
    assert told == [(TWO,)]
    assert [entry["event"] for entry in said] == ["feedback_refused"]
    assert "2 of 3 marks are not used" in said[0]["error"]


@pytest.mark.parametrize(
    "text", [b"", b"\xff\x00", b"[]", b'{"version": 2, "marks": []}', b'{"version": 1, "marks": 3}']
)
def test_a_file_that_is_none_of_ours_leaves_what_held(tmp_path: Path, text: bytes) -> None:
    """Said once; the last good feedback holds on."""
    write(tmp_path, (ONE,))
    one, told = watch(tmp_path)
    one.look_if_due(0.0)
    (tmp_path / FILE).write_bytes(text)
    with pytest.raises(FeedbackError, match=r"feedback\.json"):
        read(tmp_path)
    with capture_logs() as said:
        one.look_if_due(LOOK_S)
        one.look_if_due(2 * LOOK_S)
    assert told == [(ONE,)]
    assert len(said) == 1


@given(text=st.binary(max_size=300))
def test_any_bytes_are_marks_or_an_error(text: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Never another exception."""
    folder = tmp_path_factory.getbasetemp()
    (folder / FILE).write_bytes(text)
    with suppress(FeedbackError):
        assert isinstance(read(folder).marks, tuple)


def test_more_than_a_camera_may_have_are_not_used(tmp_path: Path) -> None:
    """Each strange picture is compared with all of them: so there is a bound, for each camera alone."""
    many = [Mark(number, "e", "gate", "normal", "", 0, ()) for number in range(MOST_MARKS + 1)]
    write(tmp_path, (*many, TWO))
    found = read(tmp_path)
    assert found.marks == (*many[:-1], TWO)
    assert "at most 200" in found.fault


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(FeedbackError, match="cannot be written"):
        write(tmp_path / "data", (ONE,))
