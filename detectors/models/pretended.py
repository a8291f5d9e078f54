"""Anomalies made of ordinary pieces, so that a network that predicts does not learn to foresee the strange as well.

A network that learns from ordinary life alone may come to carry over whatever it is shown. Taught with pieces in which
something foreign moves, to say what would have been there without it, it does not (Astrid et al. 2021, "Learning Not to
Reconstruct Anomalies": patches and skipped frames as pseudo-anomalies). Knows no network.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Parts = npt.NDArray[np.float16]
# Height and width of what is put in, as shares of the piece's side: a person, a cart.
SIZES = (0.15, 0.5)
# How far it moves between two channels at most, as a share of the piece's side.
FARTHEST = 0.15
# Channels that are needed to leave a moment out: two before the one that is left out, and one after it.
LEAST = 3


def pretend(values: Parts, share: float, rng: np.random.Generator) -> Parts:
    """Pieces some of which show something strange in every channel but what is to be predicted.

    Half of those skip a moment, so that all in them moves at twice its speed, and the moment that was left out is to be
    predicted; into the others part of another piece is put, at a place and speed of its own, and the last moment is to
    be predicted without it.

    Args:
        values: (n, d, c, c) float16, the last channel the newest; not written to.
        share: Of the pieces that is made strange, 0..1; rounded by chance.
        rng: For the draws.

    Returns:
        (n, d, c, c) of the same dtype; `values` itself if none is.
    """
    count = int(share * len(values) + rng.random())
    if count == 0 or values.shape[1] < 2:  # noqa: PLR2004 - of one channel there is no past to put anything into
        return values
    strange = values.copy()
    for index in rng.permutation(len(values))[:count].tolist():
        if values.shape[1] >= LEAST and rng.random() < 0.5:  # noqa: PLR2004 - half of them
            _skip(strange[index])
        else:
            _put_in(strange[index, :-1], values[rng.integers(len(values))], rng)
    return strange


def _skip(piece: Parts) -> None:
    """The newest moment comes before the one that is to be predicted."""
    piece[-2:] = piece[[-1, -2]]


def _put_in(past: Parts, other: Parts, rng: np.random.Generator) -> None:
    """Part of `other`, as it was in one moment, moves through `past` (d - 1, c, c)."""
    side = past.shape[-1]
    height, width = (max(1, round(float(rng.uniform(*SIZES)) * side)) for _ in range(2))
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    patch = other[rng.integers(len(other)), top : top + height, left : left + width]
    # It is somewhere in the piece in the newest moment, and came from where it came.
    row, column = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    speed = rng.uniform(-FARTHEST, FARTHEST, 2) * side
    for before, moment in enumerate(past[::-1]):
        y, x = (round(float(at - before * step)) for at, step in zip((row, column), speed, strict=True))
        y0, x0, y1, x1 = max(0, y), max(0, x), min(side, y + height), min(side, x + width)
        if y0 < y1 and x0 < x1:
            moment[y0:y1, x0:x1] = patch[y0 - y : y1 - y, x0 - x : x1 - x]
