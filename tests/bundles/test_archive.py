"""A bundle from a stranger: it is what rareframe writes, or one error says what it is instead. Nothing is unpacked."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.bundles import archive, arrays
from monitor.bundles.archive import read, write
from monitor.bundles.arrays import packed, unpacked
from monitor.bundles.manifest import LESSONS, MANIFEST, STATE, BundleError, decode, encode

Make = Callable[..., Path]
names = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="./-"), min_size=1, max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def test_what_was_written_is_read(bundle_file: Make, written: dict[str, bytes]) -> None:
    """Pictures bit for bit, read-only; nothing is said to have changed."""
    bundle = read(bundle_file())
    assert bundle.changed == ()
    assert bundle.manifest == decode(written[MANIFEST], "here")
    assert len(bundle.images) == len(bundle.manifest.shots)
    for shot, image in zip(bundle.manifest.shots, bundle.images, strict=True):
        assert np.array_equal(image, cv2.imdecode(np.frombuffer(written[shot.file], np.uint8), cv2.IMREAD_COLOR))
        assert not image.flags.writeable
    assert {name.partition("/")[0] for name in bundle.state} == {"state", "standing"}


def test_it_says_nothing_of_where_the_pictures_came_from(written: dict[str, bytes]) -> None:
    """A bundle is for others: it holds neither people's diary nor the pictures of other days."""
    state = unpacked(written[STATE])
    assert not [name for name in state if name.startswith(("state/budget", "state/view", "state/examples"))]
    assert set(written) - {MANIFEST, STATE, LESSONS} == {shot.file for shot in decode(written[MANIFEST], "").shots}


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(names, st.lists(st.integers(0, 255), max_size=9), max_size=5))
def test_arrays_come_back(content: dict[str, list[int]]) -> None:
    """Whatever their names, dtypes and orders; the same arrays are the same bytes."""
    given_ = {name: np.asfortranarray(np.array(row, np.float32).reshape(1, -1)) for name, row in content.items()}
    once = packed(given_)
    assert once == packed(given_)
    back = unpacked(once)
    assert list(back) == list(given_)
    assert all(np.array_equal(back[name], given_[name]) for name in given_)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(bundle_file: Make, data: st.DataObject) -> None:
    """Any byte of it may be another: then a hash, an error of ours, or nothing at all says so, and nothing crashes."""
    path = bundle_file()
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        read(path)
    except BundleError as error:
        assert str(path) in str(error)  # noqa: PT017 - either way is right


@settings(max_examples=50, deadline=None)
@given(json_values)
def test_a_manifest_that_is_none_is_refused(value: object) -> None:
    """Any JSON, and any bytes."""
    for text in (json.dumps(value).encode(), repr(value).encode()):
        with pytest.raises(BundleError, match="there: "):
            decode(text, "there")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.data())
def test_a_manifest_with_one_other_value_is_read_or_refused(written: dict[str, bytes], data: st.DataObject) -> None:
    """And what is read is what `encode` writes."""
    tree = json.loads(written[MANIFEST])
    where = tree
    while isinstance(where, dict | list) and len(where):
        key = data.draw(st.sampled_from(list(where) if isinstance(where, dict) else range(len(where))))
        if not isinstance(where[key], dict | list) or data.draw(st.booleans()):
            where[key] = data.draw(json_values)
            break
        where = where[key]
    try:
        manifest = decode(json.dumps(tree).encode(), "there")
    except BundleError:
        return
    assert decode(encode(manifest), "there") == manifest


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"manifest_json": None}, "no manifest.json"),
        ({"state_npz": None}, "no state.npz"),
        ({"frames_000001_png": None}, "no frames/000001.png"),
        ({"frames_000001_png": b"GIF89a"}, "no PNG of 32×24"),
        ({"lessons_npz": b"PK"}, "arrays that cannot be read"),
        ({"manifest_json": b'{"format": "rareframe bundle", "version": 2}'}, 'version: expected "1", got "2"'),
        ({"manifest_json": b'{"format": "another", "version": 1}'}, 'format: expected "rareframe bundle"'),
    ],
)
def test_what_is_wrong_is_said(bundle_file: Make, other: dict[str, bytes | None], expected: str) -> None:
    """With the file, and what to do."""
    path = bundle_file(**other)
    with pytest.raises(BundleError) as refused:
        read(path)
    assert str(path) in str(refused.value)
    assert expected in str(refused.value)


def test_no_file_is_said_too(tmp_path: Path) -> None:
    """With the command that makes one; and so is a file that is no zip."""
    with pytest.raises(BundleError, match="rareframe events export ID"):
        read(tmp_path / "none.zip")
    (tmp_path / "text.zip").write_text("none")
    with pytest.raises(BundleError, match="expected a bundle as rareframe writes it"):
        read(tmp_path / "text.zip")


def test_a_picture_that_claims_to_be_huge_is_not_decoded(bundle_file: Make, written: dict[str, bytes]) -> None:
    """Its size is read before anything is made of it."""
    name = "frames/000001.png"
    huge = bytearray(written[name])
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(BundleError, match="no PNG of 32×24"):
        read(bundle_file(frames_000001_png=bytes(huge)))


def test_a_bomb_ends_at_its_bound(bundle_file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, an array, or a number of files beyond what rareframe writes is refused before it is in memory."""
    monkeypatch.setattr(archive, "MOST_PART_BYTES", 100_000)
    monkeypatch.setattr(arrays, "MOST_BYTES", 1_000_000)
    with pytest.raises(BundleError, match=r"more than 100000 bytes in state\.npz"):
        read(bundle_file(state_npz=bytes(100_001)))
    with pytest.raises(BundleError, match="at most"):
        read(bundle_file(lessons_npz=packed({"0.values": np.zeros(2_000_000, np.uint8)})))
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    with pytest.raises(BundleError, match="at most 3"):
        read(bundle_file())


def test_one_picture_for_many_shots_counts_for_each(
    bundle_file: Make, written: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is decoded for each, however small its file is; beyond the bound none is."""
    told = json.loads(written[MANIFEST])
    for shot in told["shots"]:
        shot["file"] = "frames/000001.png"
    path, size = bundle_file(manifest_json=json.dumps(told).encode()), len(told["shots"]) * 32 * 24 * 3
    monkeypatch.setattr(archive, "MOST_PIXEL_BYTES", size)
    assert len(read(path).images) == len(told["shots"])
    monkeypatch.setattr(archive, "MOST_PIXEL_BYTES", size - 1)
    monkeypatch.setattr(cv2, "imdecode", None)
    with pytest.raises(BundleError, match=f"got {size} bytes of pictures, at most {size - 1}"):
        read(path)


def test_an_array_is_as_large_as_its_bytes() -> None:
    """A header that promises more, or an object to unpickle, is refused."""
    for shape, descr in (((10**12,), "<f8"), ((1,), "|O")):
        member = io.BytesIO()
        np.lib.format.write_array_header_1_0(member, {"descr": descr, "fortran_order": False, "shape": shape})
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            made.writestr("a.npy", member.getvalue() + bytes(8))
        with pytest.raises(ValueError, match="plain numbers"):
            unpacked(file.getvalue())


def test_paths_that_lead_elsewhere_mean_nothing(tmp_path: Path, bundle_file: Make) -> None:
    """Files that the manifest does not name are not looked at, and no file is made."""
    path = bundle_file()
    with zipfile.ZipFile(path, "a") as more:
        more.writestr("../../evil", b"")
    before = sorted(tmp_path.rglob("*"))
    assert read(path).changed == ()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bundle_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A folder in its place, as a full disk, leaves nothing half."""
    (tmp_path / "event.zip").mkdir()
    with pytest.raises(OSError, match="event"):
        write(tmp_path / "event.zip", {"a": b"b"})
    assert [path.name for path in tmp_path.iterdir()] == ["event.zip"]
