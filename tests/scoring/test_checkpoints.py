"""Checkpoints are whole or absent, and what is damaged is told from what is sound."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.scoring.checkpoints import ABOUT, CheckpointError, Checkpoints, ForeignError

STATE = {"model.a/mean": np.arange(12.0).reshape(3, 4), "learned": np.array(7), "empty": np.zeros((0, 3), np.float32)}


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    """Those of camera gate."""
    return Checkpoints(tmp_path / "checkpoints", "gate", "print", keep=3)


def same(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> bool:
    """Whether names, types and numbers are equal."""
    return left.keys() == right.keys() and all(
        np.array_equal(left[name], right[name]) and left[name].dtype == right[name].dtype for name in left
    )


def test_what_is_written_is_read(checkpoints: Checkpoints) -> None:
    """Arrays of any shape come back as they were, with when they were written."""
    path = checkpoints.write(STATE, 5)
    about, state = checkpoints.read(path)
    assert about.wall_ns == 5
    assert same(state, STATE)


def test_the_newest_come_first_and_only_so_many_are_kept(checkpoints: Checkpoints) -> None:
    """The oldest goes when a new one is safely there; other files and other cameras' are left alone."""
    checkpoints.write(STATE, 1)
    folder = checkpoints.newest_first()[0].parent
    others = [folder / "notes.txt", folder / "gate.txt"]
    for other in others:
        other.write_text("mine")
    neighbour = Checkpoints(folder, "gate-2", "print", keep=1)
    neighbour.write(STATE, 1)
    for wall_ns in range(2, 9):
        checkpoints.write(STATE, wall_ns)
    assert [checkpoints.read(path)[0].wall_ns for path in checkpoints.newest_first()] == [8, 7, 6]
    assert all(other.exists() for other in others)
    assert len(neighbour.newest_first()) == 1


def test_a_wall_clock_that_is_put_back_makes_no_checkpoint_old(checkpoints: Checkpoints) -> None:
    """The newest is the one written last, whatever the clock said; it is not the one thrown away."""
    for wall_ns in (1000, 2000, 3000, 10, 11, 12, 13):
        path = checkpoints.write(STATE, wall_ns)
        assert checkpoints.newest_first()[0] == path
        assert checkpoints.read(path)[0].wall_ns == wall_ns


def test_a_crash_before_the_rename_leaves_the_old(checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is half there is never taken for a checkpoint, and is gone after the next good one."""
    checkpoints.write(STATE, 1)

    class PowerCutError(BaseException):
        """Nothing catches it."""

    def power_cut(descriptor: int) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", power_cut)
        with pytest.raises(PowerCutError):
            checkpoints.write({"learned": np.array(8)}, 2)
    [only] = checkpoints.newest_first()
    assert same(checkpoints.read(only)[1], STATE)
    assert len(list(only.parent.iterdir())) == 2
    checkpoints.write(STATE, 3)
    assert sorted(path.suffix for path in only.parent.iterdir()) == [".npz", ".npz"]


def test_a_full_disk_leaves_the_old_and_no_rubbish(checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what cannot be written, why, and what to do."""
    checkpoints.write(STATE, 1)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CheckpointError, match=r"camera gate: cannot write .*No space left on device; make room"):
            checkpoints.write(STATE, 2)
    [only] = checkpoints.newest_first()
    assert list(only.parent.iterdir()) == [only]


def test_a_folder_that_cannot_be_made_is_an_error_not_a_crash(tmp_path: Path) -> None:
    """A file where the folder should be: nothing is found, nothing can be written, both said in our words."""
    (tmp_path / "file").write_text("")
    checkpoints = Checkpoints(tmp_path / "file" / "checkpoints", "gate", "print", keep=3)
    assert list(checkpoints.newest_first()) == []
    with pytest.raises(CheckpointError):
        checkpoints.write(STATE, 1)


def test_of_another_camera_configuration_or_version_it_is_foreign(tmp_path: Path) -> None:
    """It is sound but of no use, which is something else than broken."""
    path = Checkpoints(tmp_path, "gate", "print", keep=3).write(STATE, 1)
    for camera, fingerprint in (("gate", "other"), ("yard", "print")):
        with pytest.raises(ForeignError, match="another configuration"):
            Checkpoints(tmp_path, camera, fingerprint, keep=3).read(path)


def _pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"learned": 1}))


def _array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def _objects(path: Path) -> None:
    np.savez(path, **{ABOUT: np.frombuffer(b"{}", np.uint8)}, evil=np.array([{"a": 1}], dtype=object))


def _stranger(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("letter.txt", "hello")


def _about_nothing(path: Path) -> None:
    np.savez(path, **{ABOUT: np.frombuffer(b"[1, 2]", np.uint8)})


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [_pickled, _array, _objects, _stranger, _about_nothing, _empty, _folder])
def test_what_is_no_checkpoint_is_refused(checkpoints: Checkpoints, spoil: object) -> None:
    """Pickles are not opened, nor is anything else made of a foreign file; the message names it."""
    path = checkpoints.write(STATE, 1)
    assert callable(spoil)
    spoil(path)
    with pytest.raises(CheckpointError, match=r"gate\.0+1\.npz is broken"):
        checkpoints.read(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_of_any_kind_is_an_error_or_no_damage(checkpoints: Checkpoints, data: st.DataObject) -> None:
    """Bits flipped and the end cut off: what is read is what was written, or less, or an error of ours. Never other."""
    path = checkpoints.write(STATE, 1)
    whole = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, 8 * len(whole) - 1), max_size=3)):
        whole[place // 8] ^= 1 << place % 8
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])
    try:
        _, state = checkpoints.read(path)
    except CheckpointError:
        return
    assert all(same({name: array}, {name: STATE[name]}) for name, array in state.items() if name in STATE)
