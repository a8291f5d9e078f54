"""RBDC and TBDC on hand-made pictures with known answers, and with subjects that are wrong in one way each."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from detectors.evaluation.localisation import Localisation, even_cells, link_tracks, localisation, place

SIDE = 64  # mask pixels; heatmap cells are 8 x 8 of them
CELL = 8
FRAMES = 10


def square(row: int, column: int, size: int = 16) -> np.ndarray:
    """A (64, 64) mask with one square."""
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[row : row + size, column : column + size] = True
    return mask


def pooled(masks: np.ndarray) -> list[np.ndarray]:
    """The masks at cell size: what a perfect detector would say."""
    frames = masks.reshape(len(masks), SIDE // CELL, CELL, SIDE // CELL, CELL)
    return list(frames.mean(axis=(2, 4)).astype(np.float32))


def score(heatmaps: list[np.ndarray | None], masks: np.ndarray) -> Localisation:
    """Both areas of one clip."""
    placed = place(heatmaps, masks)
    assert placed is not None
    found = localisation([placed])
    assert found is not None
    return found


STILL = np.stack([square(16, 16)] * FRAMES)
TWO = np.stack([square(0, 0) | square(40, 40)] * FRAMES)


def test_a_perfect_heatmap_scores_one() -> None:
    """Truth as heatmap finds every region and track and nothing else."""
    found = score(pooled(STILL), STILL)
    assert found == Localisation(rbdc=1.0, tbdc=1.0, regions=FRAMES, tracks=1)


def test_a_heatmap_that_points_elsewhere_scores_zero() -> None:
    """Broken subject: right frames, wrong place."""
    elsewhere = np.stack([square(48, 48)] * FRAMES)
    found = score(pooled(elsewhere), STILL)
    assert (found.rbdc, found.tbdc) == (0.0, 0.0)


def test_a_whole_frame_alarm_scores_zero() -> None:
    """Broken subject: the whole picture overlaps a 16 x 16 region by 1/16 only, which is no detection."""
    found = score([np.ones((8, 8), np.float32)] * FRAMES, STILL)
    assert (found.rbdc, found.tbdc) == (0.0, 0.0)


def test_half_of_the_regions_found_without_false_ones_scores_one_half() -> None:
    """Seeing one of two things: half of the regions, half of the tracks."""
    one = np.stack([square(0, 0)] * FRAMES)
    found = score(pooled(one), TWO)
    assert found.tracks == 2
    assert found.rbdc == pytest.approx(0.5)
    assert found.tbdc == pytest.approx(0.5)


def test_a_track_needs_a_tenth_of_its_regions_only() -> None:
    """One frame of ten is enough for the track and a tenth for the regions; none is enough for neither."""
    truth = pooled(STILL)
    nothing = np.zeros((8, 8), np.float32)
    found = score([truth[0], *[nothing] * (FRAMES - 1)], STILL)
    # the lowest level (0) is the whole picture: false everywhere, one per frame, and still no region
    assert found.rbdc == pytest.approx(0.1)
    assert found.tbdc == pytest.approx(1.0)


def test_false_regions_cost_what_they_are_worth() -> None:
    """The truth below a false region of every second frame: nothing until 0.5 false regions a frame, all beyond."""
    heatmaps = []
    for index, truth in enumerate(pooled(STILL)):
        false = pooled(square(48, 48)[None])[0] * (2.0 if index % 2 else 0.0)
        heatmaps.append((truth + false).astype(np.float32))
    found = score(heatmaps, STILL)
    # straight from (0, 0) through (0.5, 0) at the first level, then up to 1 at the same 0.5
    assert found.rbdc == pytest.approx(0.5)


def test_more_than_one_false_region_a_frame_earns_nothing() -> None:
    """Broken subject: three stronger false regions in every frame come before the truth, beyond the area's end."""
    false = pooled((square(0, 0, 8) | square(0, 32, 8) | square(48, 0, 8))[None])[0] * 2
    found = score([(truth + false).astype(np.float32) for truth in pooled(STILL)], STILL)
    assert found.rbdc == 0.0


def test_unknown_frames_detect_nothing_and_raise_nothing() -> None:
    """A frame without a heatmap is a miss, not a free pass."""
    known: list[np.ndarray | None] = list(pooled(STILL))
    assert score([None] * 5 + known[5:], STILL).rbdc == pytest.approx(0.5)


def test_iou_decides_at_one_tenth_in_pixels() -> None:
    """A region of 9 cells over a truth of one is a detection (1/9), one of 12 is not (1/12)."""
    truth = np.stack([square(24, 24, CELL)] * FRAMES)
    nine = np.zeros((8, 8), np.float32)
    nine[2:5, 2:5] = 1
    twelve = np.zeros((8, 8), np.float32)
    twelve[2:5, 2:6] = 1
    assert score([nine] * FRAMES, truth).rbdc == pytest.approx(1.0)
    assert score([twelve] * FRAMES, truth).rbdc == 0.0


def tracks(labels: list[np.ndarray]) -> list[list[int]]:
    """Of each frame's regions."""
    return [own for _, own in link_tracks(labels)]


def test_regions_link_into_tracks_by_overlap() -> None:
    """A walker is one track, a jump begins another, and two that meet keep the larger overlap's."""
    first = square(0, 0).astype(np.int32) + 2 * square(40, 40)
    moved = square(4, 4).astype(np.int32)
    jumped = square(48, 0).astype(np.int32)
    assert tracks([first, moved, jumped]) == [[0, 1], [0], [2]]
    met = np.ones((SIDE, SIDE), np.int32)
    small = square(0, 0, 8).astype(np.int32) + 2 * square(20, 20, 24)
    assert tracks([small, met]) == [[0, 1], [1]]
    assert tracks([np.zeros((SIDE, SIDE), np.int32), moved]) == [[], [0]]


def test_cells_cover_the_picture_once_even_when_they_do_not_divide_it() -> None:
    """Every mask pixel belongs to exactly one cell."""
    cells = even_cells((7, 5), (240, 362))
    assert (cells.rows[0], cells.rows[-1], cells.columns[0], cells.columns[-1]) == (0, 240, 0, 362)
    masks = np.ones((1, 240, 362), dtype=bool)
    placed = place([np.zeros((7, 5), np.float32)], masks)
    assert placed is not None
    np.testing.assert_array_equal(placed.places[0].truth[0].pixels, placed.areas)
    assert placed.areas.sum() == masks.size


def test_what_does_not_fit_is_refused() -> None:
    """Another number of frames or another grid half-way is an error, not a guess."""
    with pytest.raises(ValueError, match="one heatmap per mask"):
        place([None], STILL)
    with pytest.raises(ValueError, match="one shape"):
        place([np.zeros((8, 8), np.float32), np.zeros((4, 4), np.float32)], STILL[:2])
    assert place([None] * FRAMES, STILL) is None


def pieces(mask: np.ndarray) -> list[set[tuple[int, int]]]:
    """8-connected pieces, by flood fill over pixels."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    found = []
    while left:
        piece, edge = set(), [left.pop()]
        while edge:
            y, x = edge.pop()
            piece.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            edge += near
        found.append(piece)
    return found


def by_hand(heatmaps: np.ndarray, masks: np.ndarray, iou_of: Callable[[set, set], float]) -> tuple[float, float]:
    """Both areas after the paper's text, pixel by pixel, at every value that occurs; each piece is a still track."""
    tracks = [{(y, x) for y, x in piece} for piece in pieces(masks[0])]
    curve = [(0.0, 0.0, 0.0)]
    for level in sorted(set(heatmaps.ravel()), reverse=True):
        found, false = np.zeros(len(tracks)), 0
        for heatmap in heatmaps:
            regions = pieces(np.kron(heatmap >= level, np.ones((CELL, CELL))))
            hits = [[iou_of(region, truth) >= 0.1 for truth in tracks] for region in regions]
            false += sum(not any(row) for row in hits)
            found += [any(row[number] for row in hits) for number in range(len(tracks))]
        _, regions_before, tracks_before = curve[-1]
        rates = found.sum() / len(tracks) / len(heatmaps), float(np.mean(found / len(heatmaps) >= 0.1))
        curve.append(
            (max(curve[-1][0], false / len(heatmaps)), max(regions_before, rates[0]), max(tracks_before, rates[1]))
        )
    fine = np.linspace(0, 1, 200_001)
    false_rates = [x + 1e-9 * step for step, (x, _, _) in enumerate(curve)]  # steps straight up, made a function
    return tuple(float(np.interp(fine, false_rates, [p[k] for p in curve]).mean()) for k in (1, 2))


def iou(region: set, truth: set) -> float:
    """Shared over joint pixels."""
    return len(region & truth) / len(region | truth)


def over_truth(region: set, truth: set) -> float:
    """Broken: shared over true pixels, so that a whole-frame alarm finds everything."""
    return len(region & truth) / len(truth)


def scattered(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Heatmaps of a few distinct values, of which some lie where the two true things are, and the masks."""
    random = np.random.default_rng(seed)
    heatmaps = random.integers(0, 4, (FRAMES, 8, 8)) * (random.random((FRAMES, 8, 8)) < 0.35)
    heatmaps[:, :2, 1:3] += random.integers(0, 3, (FRAMES, 1, 1))
    return heatmaps, np.stack([square(0, 8) | square(40, 40, 12)] * FRAMES)


@pytest.mark.parametrize("seed", range(6))
def test_both_areas_are_those_of_the_papers_text_pixel_by_pixel(seed: int) -> None:
    """An implementation without cells, integrals or quantiles agrees."""
    heatmaps, masks = scattered(seed)
    found = score(list(heatmaps.astype(np.float32)), masks)
    assert found.tracks == 2
    assert (found.rbdc, found.tbdc) == pytest.approx(by_hand(heatmaps, masks, iou), abs=1e-4)


def test_the_comparison_catches_another_measure_of_overlap() -> None:
    """Share of the truth instead of IoU: not every scene tells the two apart, but scene 0 does."""
    heatmaps, masks = scattered(0)
    found = score(list(heatmaps.astype(np.float32)), masks)
    assert (found.rbdc, found.tbdc) != pytest.approx(by_hand(heatmaps, masks, over_truth), abs=1e-3)


@pytest.mark.bench
@pytest.mark.timeout(300)
def test_two_thousand_frames_are_scored_within_a_minute() -> None:
    """Ped2's test split is 2,010 frames; a cluttered heatmap on its cell grid must not take longer than it may."""
    random = np.random.default_rng(0)
    placed = []
    for _ in range(10):
        masks = np.zeros((200, 240, 360), dtype=bool)
        for t in range(200):
            masks[t, 100:140, t : t + 25] = True
        heatmaps = [random.random((29, 44), dtype=np.float32) ** 4 for _ in range(200)]
        placed.append(place(heatmaps, masks))
    began = time.process_time()
    found = localisation([clip for clip in placed if clip is not None])
    assert found is not None
    assert found.tracks == 10
    assert time.process_time() - began < 40
