"""Snapshots: the plain picture byte for byte, the overlay where the heat is, whole files only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.alerting.snapshots import Saved, Snapshots, draw_overlay, with_overlay
from monitor.types import Event, Judgement

JPEG_TOLERANCE = 12  # grey levels that JPEG may move a flat area by


def test_files_lie_by_date_and_camera(
    tmp_path: Path, new_event: Callable[..., Event], new_judgement: Callable[..., Judgement]
) -> None:
    """The plain picture is kept byte for byte, beside the overlay."""
    judgement = new_judgement(0, anomalous=True)
    saved = Snapshots(tmp_path).save(new_event(), judgement)
    assert saved.snapshot is not None
    assert saved.overlay is not None
    folder = "events/2026-09-21/gate"
    assert saved == Saved(f"{folder}/00000000000000aa.jpg", f"{folder}/00000000000000aa-overlay.jpg")
    assert (tmp_path / saved.snapshot).read_bytes() == judgement.picture
    drawn = cv2.imread(str(tmp_path / saved.overlay))
    assert drawn is not None
    assert drawn.shape == (48, 64, 3)


def test_what_would_have_been_normal_lies_beside(
    tmp_path: Path, new_event: Callable[..., Event], new_judgement: Callable[..., Judgement]
) -> None:
    """The ordinary pictures that came with the frame, nearest first, byte for byte."""
    judgement = replace(new_judgement(0, anomalous=True), examples=(b"nearest", b"next"))
    saved = Snapshots(tmp_path).save(new_event(), judgement)
    folder = "events/2026-09-21/gate"
    assert saved.normals == tuple(f"{folder}/00000000000000aa-normal-{number}.jpg" for number in (1, 2))
    assert [(tmp_path / name).read_bytes() for name in saved.normals] == [b"nearest", b"next"]


def test_a_later_picture_replaces_the_earlier_one_and_leaves_no_part(
    tmp_path: Path, new_event: Callable[..., Event], new_judgement: Callable[..., Judgement]
) -> None:
    """One event has one picture, that of its strongest frame; no unfinished file stays."""
    other = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    snapshots = Snapshots(tmp_path)
    snapshots.save(new_event(), new_judgement(0, anomalous=True))
    saved = snapshots.save(new_event(), replace(new_judgement(1, anomalous=True), picture=other))
    assert saved.snapshot is not None
    assert (tmp_path / saved.snapshot).read_bytes() == other
    assert len(list(tmp_path.rglob("*.*"))) == 2


@pytest.mark.parametrize("camera", ["../../etc", "/absolute", "a b\n", ".."])
def test_no_name_leads_out_of_the_data_folder(
    tmp_path: Path, new_event: Callable[..., Event], new_judgement: Callable[..., Judgement], camera: str
) -> None:
    """Whatever a camera or event is called, its files lie below the data folder."""
    data = tmp_path / "data"
    Snapshots(data).save(new_event(camera=camera, id="../../x"), new_judgement(0, anomalous=True))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(path.is_relative_to(data / "events") for path in files)


def test_without_a_picture_there_are_no_files(
    tmp_path: Path, new_event: Callable[..., Event], new_judgement: Callable[..., Judgement]
) -> None:
    """Nothing to show: nothing written, nothing promised."""
    assert Snapshots(tmp_path).save(new_event(), new_judgement(0, anomalous=False)) == Saved(None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_read_is_kept_plain(
    tmp_path: Path, new_event: Callable[..., Event], new_judgement: Callable[..., Judgement]
) -> None:
    """A broken JPEG is evidence too; it has no overlay."""
    broken = replace(new_judgement(0, anomalous=True), picture=b"not a picture")
    saved = Snapshots(tmp_path).save(new_event(), broken)
    assert saved.snapshot is not None
    assert saved.overlay is None


def test_a_folder_that_cannot_be_written_is_an_oserror_without_remains(
    tmp_path: Path, new_event: Callable[..., Event], new_judgement: Callable[..., Judgement]
) -> None:
    """A disk in trouble is told to the caller."""
    (tmp_path / "events").write_text("a file in the way")
    with pytest.raises(OSError, match="events"):
        Snapshots(tmp_path).save(new_event(), new_judgement(0, anomalous=True))
    assert [path.name for path in tmp_path.iterdir()] == ["events"]


def test_the_overlay_colours_the_heat_and_leaves_the_rest() -> None:
    """Where the heatmap is 0 the picture is unchanged; where it is 1 it is clearly coloured; input is not written."""
    image = np.full((90, 160, 3), 100, np.uint8)
    image.flags.writeable = False
    heatmap = np.zeros((9, 16), np.float32)
    heatmap[2:5, 2:5] = 1.0
    drawn = draw_overlay(image, heatmap, None)
    assert drawn.shape == image.shape
    assert np.array_equal(drawn[60:, 100:], image[60:, 100:])
    assert int(np.abs(drawn[35, 35].astype(int) - 100).max()) > 40


def test_a_heatmap_with_holes_still_draws() -> None:
    """NaN and infinities in a heatmap do not spoil the picture."""
    image = np.full((48, 64, 3), 100, np.uint8)
    heatmap = np.array([[np.nan, np.inf], [-np.inf, 0.0]], np.float32)
    drawn = draw_overlay(image, heatmap, (0.0, 0.0, 1.0, 1.0))
    assert drawn.dtype == np.uint8
    assert drawn.shape == image.shape


def test_the_box_of_the_strongest_reason_is_drawn(new_judgement: Callable[..., Judgement]) -> None:
    """The first reason that has a box is framed in white."""
    jpeg = with_overlay(replace(new_judgement(0, anomalous=True), heatmap=np.zeros((6, 8), np.float32)))
    assert jpeg is not None
    drawn = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    left, top = int(0.1 * 64), int(0.2 * 48)
    assert drawn[top, left + 8].min() > 200
    assert int(np.abs(drawn[top + 8, left + 12].astype(int) - 90).max()) < JPEG_TOLERANCE
