"""RBDC and TBDC: whether the heatmap points at the anomaly. Judges no frames: a right score may point elsewhere.

After Ramachandra & Jones, "Street Scene: A new dataset and evaluation protocol for video anomaly detection", WACV 2020.
A threshold cuts each heatmap into regions. A true region is detected if a region overlaps it with IoU of at least beta;
a true track is detected if at least a share alpha of its regions are; a region that overlaps no true region with IoU of
at least beta is false. RBDC and TBDC are the areas under the share of regions and tracks detected over the false
regions per frame, from 0 to 1.

Choices where the paper leaves room: regions are 8-connected components of pixels, not boxes; thresholds come down
through `LEVELS` levels and stop at the first with more than one false region per frame; both axes are the largest so
far, and the curve is straight between levels. A frame without a heatmap detects nothing and raises nothing false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import Floats, Mask

Numbers = npt.NDArray[np.float64]
Regions = npt.NDArray[np.int32]
ALPHA = 0.1  # the paper's constants
BETA = 0.1
LEVELS = 100


@dataclass(frozen=True, slots=True)
class Cells:
    """Which mask pixels each heatmap cell stands for: cell (i, j) covers rows[i]:rows[i+1], columns[j]:columns[j+1].

    `rows` (h + 1,) and `columns` (w + 1,) rise from 0 to the mask's height and width.
    """

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class TrueRegion:
    """One connected piece of truth in one frame: its track, and its pixels as counts per heatmap cell (h, w)."""

    track: int
    pixels: Floats


@dataclass(frozen=True, slots=True)
class Place:
    """One frame: where the detector points, (h, w) or None, and where the truth is."""

    heatmap: Floats | None
    truth: tuple[TrueRegion, ...]


@dataclass(frozen=True, slots=True)
class PlacedClip:
    """One clip ready to be scored: tracks are numbered from 0 within it, `areas` (h, w) are the cells' pixels."""

    places: tuple[Place, ...]
    tracks: int
    areas: Floats


@dataclass(frozen=True, slots=True)
class Localisation:
    """The two areas, 0..1, and how many true regions and tracks they rest on."""

    rbdc: float
    tbdc: float
    regions: int
    tracks: int


def even_cells(grid: tuple[int, int], picture: tuple[int, int]) -> Cells:
    """Cells of a (h, w) heatmap that spans a (H, W) picture evenly, as an overlay would draw it."""
    rows, columns = (
        np.linspace(0, pixels, n + 1).round().astype(np.intp) for n, pixels in zip(grid, picture, strict=True)
    )
    return Cells(rows, columns)


def place(heatmaps: Sequence[Floats | None], masks: Mask, cells: Cells | None = None) -> PlacedClip | None:
    """Bring one clip's heatmaps and pixel truth together.

    Args:
        heatmaps: One per frame, all of one shape (h, w), larger is stranger; None where the detector did not know.
        masks: (T, H, W) bool, True where anomalous.
        cells: Geometry of the heatmaps; None for `even_cells`.

    Returns:
        None if there is no heatmap at all.

    Raises:
        ValueError: Lengths or shapes do not fit.
    """
    if len(heatmaps) != len(masks):
        raise ValueError(f"expected one heatmap per mask, got {len(heatmaps)} heatmaps and {len(masks)} masks")
    shapes = {heatmap.shape for heatmap in heatmaps if heatmap is not None}
    if not shapes:
        return None
    if len(shapes) > 1:
        raise ValueError(f"expected heatmaps of one shape, got {sorted(shapes)}")
    (height, width) = shapes.pop()
    cells = cells or even_cells((height, width), (masks.shape[1], masks.shape[2]))
    truth, tracks = _true_regions(masks, cells)
    places = tuple(Place(h, t) for h, t in zip(heatmaps, truth, strict=True))
    areas = np.outer(np.diff(cells.rows), np.diff(cells.columns)).astype(np.float32)
    return PlacedClip(places, tracks, areas)


def localisation(clips: Sequence[PlacedClip], alpha: float = ALPHA, beta: float = BETA) -> Localisation | None:
    """RBDC and TBDC over all frames of `clips`; None if the truth holds no region."""
    frames = sum(len(clip.places) for clip in clips)
    sizes = _track_sizes(clips)
    if not sizes.size:
        return None
    false_rates, region_rates, track_rates = [0.0], [0.0], [0.0]
    for level in _levels(clips):
        found, false = _detect(clips, level, beta)
        false_rates.append(max(false_rates[-1], false / frames))
        region_rates.append(max(region_rates[-1], float(found.sum() / sizes.sum())))
        track_rates.append(max(track_rates[-1], float(np.mean(found / sizes >= alpha))))
        if false_rates[-1] > 1:
            break
    return Localisation(
        rbdc=_area(false_rates, region_rates),
        tbdc=_area(false_rates, track_rates),
        regions=int(sizes.sum()),
        tracks=sizes.size,
    )


def link_tracks(labels: Iterable[Regions]) -> Iterator[tuple[Regions, list[int]]]:
    """Numbers connected regions over consecutive frames: those that overlap go on as one track.

    One region continues one track: pairs are taken by descending overlap in pixels, what is left over begins a new
    track. Truth with identities would be better; masks have none, so a track that is hidden for a frame becomes two.

    Args:
        labels: Per frame (H, W) int32, 0 for background, 1..n for its regions. Two of them are held at a time.

    Yields:
        Each frame's labels, and the track of its region 1, 2, … n; tracks count from 0.
    """
    count = 0
    before: tuple[Regions, list[int]] | None = None
    for now in labels:
        own = [-1] * int(now.max(initial=0))
        if before is not None:
            for old, new in _overlaps(before[0], now):
                if own[new - 1] < 0 and before[1][old - 1] not in own:
                    own[new - 1] = before[1][old - 1]
        fresh = [i for i, track in enumerate(own) if track < 0]
        for i in fresh:
            own[i], count = count, count + 1
        before = now, own
        yield before


def _overlaps(before: Regions, now: Regions) -> list[tuple[int, int]]:
    """(old, new) regions that share pixels, most pixels first."""
    both = (before > 0) & (now > 0)
    if not both.any():
        return []
    most = int(now.max()) + 1
    pairs, pixels = np.unique(before[both].astype(np.int64) * most + now[both], return_counts=True)
    return [divmod(pair, most) for pair in pairs[np.argsort(-pixels, kind="stable")].tolist()]


def _true_regions(masks: Mask, cells: Cells) -> tuple[list[tuple[TrueRegion, ...]], int]:
    regions = []
    for label, own in link_tracks(_components(mask)[1] for mask in masks):
        pieces = ((track, label == number) for number, track in enumerate(own, start=1))
        regions.append(tuple(TrueRegion(track, _per_cell(piece, cells)) for track, piece in pieces))
    return regions, 1 + max((region.track for own in regions for region in own), default=-1)


def _per_cell(piece: Mask, cells: Cells) -> Floats:
    """How many pixels of `piece` (H, W) lie in each cell, (h, w)."""
    table = cv2.integral(piece.astype(np.uint8))[np.ix_(cells.rows, cells.columns)]
    return np.diff(np.diff(table, axis=0), axis=1).astype(np.float32)


def _components(mask: Mask) -> tuple[int, Regions]:
    """How many 8-connected regions, and their labels 1..n (0 for background)."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    return count - 1, np.asarray(labels, dtype=np.int32)


def _levels(clips: Sequence[PlacedClip]) -> Numbers:
    """Falling thresholds: quantiles of all cells, evenly spaced in the logarithm of the share above.

    One false region per frame is reached where a small share of the cells is above, so even quantiles would put nearly
    all levels where the curve has already ended.
    """
    cells = np.concatenate([p.heatmap.ravel() for clip in clips for p in clip.places if p.heatmap is not None])
    above = np.geomspace(1 / cells.size, 1.0, LEVELS)
    # "higher" takes values that occur, so that the first level is the maximum itself and not beyond it
    return np.asarray(np.unique(np.quantile(cells, 1 - above, method="higher"))[::-1], dtype=np.float64)


def _detect(clips: Sequence[PlacedClip], level: float, beta: float) -> tuple[Numbers, int]:
    """Detected regions of each track (all clips' tracks in a row), and false regions, at one threshold."""
    found = np.zeros(sum(clip.tracks for clip in clips))
    false = 0
    offset = 0
    for clip in clips:
        for spot in clip.places:
            if spot.heatmap is None or spot.heatmap.max() < level:
                continue
            hit: Mask = (
                _overlap(spot.heatmap >= level, spot.truth, clip.areas) >= beta
            )  # (true regions, detected regions)
            false += int((~hit.any(axis=0)).sum())
            for region, detected in zip(spot.truth, hit, strict=True):
                found[offset + region.track] += bool(detected.any())
        offset += clip.tracks
    return found, false


def _overlap(above: Mask, truth: Sequence[TrueRegion], areas: Floats) -> Numbers:
    """IoU in pixels of each true region with each connected region of `above`, (true, detected)."""
    count, labels = _components(above)
    flat = labels.ravel()
    sizes = np.bincount(flat, weights=areas.ravel(), minlength=count + 1)[1:]
    overlap = np.zeros((len(truth), count))
    for row, region in zip(overlap, truth, strict=True):
        shared = np.bincount(flat, weights=region.pixels.ravel(), minlength=count + 1)[1:]
        row[:] = shared / (sizes + region.pixels.sum() - shared)
    return overlap


def _track_sizes(clips: Sequence[PlacedClip]) -> Numbers:
    """True regions of each track, all clips' tracks in a row."""
    sizes = [np.zeros(clip.tracks) for clip in clips]
    for clip, size in zip(clips, sizes, strict=True):
        for spot in clip.places:
            for region in spot.truth:
                size[region.track] += 1
    return np.concatenate(sizes) if sizes else np.zeros(0)


def _area(x: Sequence[float], y: Sequence[float]) -> float:
    """Area under the curve from x = 0 to 1; beyond its last point the curve stays level, past 1 it is cut there."""
    if x[-1] < 1:
        x, y = [*x, 1.0], [*y, y[-1]]
    at_one = np.interp(1.0, x, y)
    inside = [(a, b) for a, b in zip(x, y, strict=True) if a <= 1]
    xs, ys = zip(*inside, (1.0, at_one), strict=True)
    return float(np.trapezoid(ys, xs))
