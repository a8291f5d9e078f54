"""Reading a labelled set: what is found, and what each fault says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from monitor.offline.dataset import ClipOpener, DatasetError, read_dataset

MakeClip = Callable[[Path, Iterable[int]], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A set of empty files: reading it decodes nothing."""
    for name in ("train/02.mkv", "train/01.mp4", "test/b.avi", "test/a.mkv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "test" / "frames").mkdir()
    (tmp_path / "test" / ".DS_Store").touch()
    (tmp_path / "labels.json").write_text('{"a": [[1, 3], [5, 6]], "b": []}')
    (tmp_path / "masks").mkdir()
    np.savez(tmp_path / "masks" / "a.npz", mask=np.ones((6, 4, 4), bool))
    return tmp_path


def test_clips_come_in_name_order_with_what_is_known_of_them(root: Path, opener: ClipOpener) -> None:
    """Files and folders are clips, hidden files are not; no key means unlabelled, an empty list means all normal."""
    dataset = read_dataset(root, opener)
    assert [clip.name for clip in dataset.train] == ["01", "02"]
    assert [clip.name for clip in dataset.test] == ["a", "b", "frames"]
    assert [clip.ranges for clip in dataset.test] == [((1, 3), (5, 6)), (), None]
    assert [clip.masks is None for clip in dataset.test] == [False, True, True]
    masks = dataset.test[0].masks
    assert masks is not None
    assert masks().shape == (6, 4, 4)


def test_clips_are_streamed(tmp_path: Path, opener: ClipOpener, make_clip: MakeClip) -> None:
    """Opening a clip gives its pictures one by one, from the start each time."""
    make_clip(tmp_path / "test" / "a.mkv", [10, 20, 30])
    (tmp_path / "labels.json").write_text("{}")
    (clip,) = read_dataset(tmp_path, opener).test
    for _ in range(2):
        assert [int(picture.image[0, 0, 0]) for picture in clip.open()] == [10, 20, 30]
    pictures = clip.open()
    next(pictures)
    pictures.close()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("[]", 'expected an object {"CLIP": [[start, end], ...]}, got list'),
        ("{", "expected JSON; "),
        ('{"a": [], "a": []}', "clip 'a' is there twice"),
        ('{"z": []}', "expected names of clips (01, 02, a, b, ...), got 'z'"),
        ('{"a": 3}', "clip a: expected a list of [start, end], got 3"),
        ('{"a": [[3, 3]]}', "whole numbers with 0 <= start < end, got [3, 3]"),
        ('{"a": [[-1, 3]]}', "got [-1, 3]"),
        ('{"a": [[0, 1.5]]}', "got [0, 1.5]"),
        ('{"a": [[false, true]]}', "got [false, true]"),
        ('{"a": [[0, 1, 2]]}', "got [0, 1, 2]"),
        ('{"a": ["0-4"]}', 'got "0-4"'),
    ],
)
def test_each_fault_in_the_labels_says_file_clip_expected_and_got(
    root: Path, opener: ClipOpener, labels: str, message: str
) -> None:
    """A wrong label is an error that names its place, never a guess."""
    (root / "labels.json").write_text(labels)
    with pytest.raises(DatasetError) as caught:
        read_dataset(root, opener)
    assert str(caught.value).startswith(str(root / "labels.json"))
    assert message in str(caught.value)


def test_a_folder_that_is_no_set_says_what_is_missing(root: Path, tmp_path: Path, opener: ClipOpener) -> None:
    """No folder, no clips, no labels, two recordings of one name, a mask without a clip."""
    with pytest.raises(DatasetError, match="got nothing there"):
        read_dataset(root / "absent", opener)
    (root / "masks" / "z.npz").touch()
    with pytest.raises(DatasetError, match=r"z\.npz: expected the name of a test clip \(a, b, frames\), got z"):
        read_dataset(root, opener)
    (root / "test" / "a.mp4").touch()
    with pytest.raises(DatasetError, match=r"clip a: expected one recording, got a\.mkv and a\.mp4"):
        read_dataset(root, opener)
    (root / "labels.json").unlink()
    (root / "test" / "a.mp4").unlink()
    with pytest.raises(DatasetError, match=r"labels\.json: expected this file, got none"):
        read_dataset(root, opener)
    (root / "only").mkdir()
    with pytest.raises(DatasetError, match="expected clips in"):
        read_dataset(root / "only", opener)


@pytest.mark.parametrize(
    "arrays",
    [
        {"other": np.ones((2, 2, 2), bool)},
        {"mask": np.ones((2, 2), bool)},
        {"mask": np.ones((2, 2, 2), np.uint8)},
        {"mask": np.array([{"a": 1}], dtype=object)},
    ],
    ids=["other name", "two axes", "not bool", "pickled"],
)
def test_a_wrong_mask_is_refused_without_unpickling(root: Path, opener: ClipOpener, arrays: dict[str, object]) -> None:
    """Another name, shape or type is an error of that file; a pickle is never loaded."""
    path = root / "masks" / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(DatasetError, match=r"a\.npz: expected"):
        read_dataset(root, opener)


def test_a_broken_mask_file_is_refused(root: Path, opener: ClipOpener) -> None:
    """Bytes that are no archive give the same kind of error."""
    (root / "masks" / "a.npz").write_bytes(b"not an archive")
    with pytest.raises(DatasetError, match=r"a\.npz: expected an \.npz file"):
        read_dataset(root, opener)


def test_a_set_with_only_ordinary_days_is_a_set(root: Path, opener: ClipOpener) -> None:
    """A set without test clips has alert rates to tell."""
    for path in (root / "test").iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    (root / "masks" / "a.npz").unlink()
    (root / "labels.json").write_text(json.dumps({}))
    dataset = read_dataset(root, opener)
    assert dataset.test == ()
    assert len(dataset.train) == 2
