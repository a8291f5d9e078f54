"""What models share that judge each cell by its own past: evidence per cell, and cells to frame. Learns nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.base import Floats, Grid, Mask, Score

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int32]


def values_of(grid: Grid, shape: tuple[int, ...]) -> Numbers:
    """The grid's values as (h, w, d) float64, a contiguous copy.

    float64, because squares of large but finite float32 values overflow float32.

    Args:
        grid: As given to a model.
        shape: (h, w, d) the model has learned; any size if it holds a 0.

    Raises:
        ValueError: Other shape than learned, mask and values do not fit, or not finite.
    """
    got = grid.values.shape
    if len(got) != len(shape) or (0 not in shape and got != shape):
        msg = f"grid: expected values of shape {shape} as learned before, got {got}; use one model per grid size"
        raise ValueError(msg)
    if grid.mask.shape != got[:2]:
        msg = f"grid: expected a mask of shape {got[:2]}, got {grid.mask.shape}; build both from the same cells"
        raise ValueError(msg)
    if not np.isfinite(grid.values).all():
        msg = "grid: expected finite values, got NaN or infinity; look at the feature that made it"
        raise ValueError(msg)
    return np.ascontiguousarray(grid.values, dtype=np.float64)


def gains(count: Counts, mask: Mask, memory: int) -> Numbers:
    """(h, w) weight of the next grid: 1/n for the first `memory` grids of a cell, 1/memory afterwards, 0 if masked."""
    return np.where(mask, 1.0 / np.minimum(count + 1, memory), 0.0)


def counted(count: Counts, mask: Mask, memory: int) -> Counts:
    """(h, w) grids learned per cell with `mask` learned too, at most `memory`."""
    return np.minimum(count + mask, memory).astype(np.int32)


def judged(strangeness: Numbers, part: Mask, top_cells: int, ceiling: float) -> Score:
    """A frame's score from its cells.

    Args:
        strangeness: (h, w), ≥ 0.
        part: (h, w), which cells take part; the others count 0.
        top_cells: The value is the mean of this many strangest cells.
        ceiling: A cell counts at most this.

    Returns:
        Unknown (None) if no cell takes part: nothing seen is not "normal".
    """
    if not part.any():
        return Score(None, None)
    heatmap: Floats = np.where(part, np.minimum(strangeness, ceiling), 0.0).astype(np.float32)
    top = min(top_cells, heatmap.size)
    strongest = np.partition(heatmap, heatmap.size - top, axis=None)[heatmap.size - top :]
    return Score(float(strongest.mean(dtype=np.float64)), heatmap)
