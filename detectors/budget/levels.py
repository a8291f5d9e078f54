"""From a diary to levels: above which score does a channel alert as often as it may? Pure functions, no clock.

Levels are the lowest for which the alerts that the diary's own life would have raised are no more than the budget
allows. Alerts are counted as people count them: minutes above a level that lie close together are one happening (runs
declustering; Smith and Weissman, "Estimating the extremal index", JRSS B 56, 1994). Nothing is assumed about how
scores are distributed or how they hang together in time; what is assumed is that tomorrow resembles the last days.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.base import Floats

DAY_MINUTES = 1440
# Rates are looked for among so many from each one to twice of it, evenly spaced by ratio.
_SPLITS = 16
# What holds for more than so much of the time is ordinary, though all of it hangs together and so is one happening.
MOST_ABOVE = 0.2
# What exceeds the (k+1)-th strongest of the happenings so far is to come k+1 times in as long a time, not the k times
# that were seen: so for `allowed` to be met on average, half a happening less is allowed in the life so far.
_HALF = 0.5
# How many happenings there were is chance, and the days to come bring what these have not seen: so many times √n are
# taken off. √n is the standard deviation of a Poisson count n; √(n/2) that of one whose old minutes count ever less.
# Of 0.25, 0.5 and 0.75 it was the least with which most of six starts into five ordinary days raised at most 1.3
# times 3 and 10 a day.
CAUTION = 0.5

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Life:
    """What levels are made of: some minutes of a diary.

    Attributes:
        minutes: (n,) int64, rising.
        peaks: (n, channels) float32.
        weights: (n,) float64, 0..1: how much each counts.
        days: What they weigh together, in days of being watched.
        join: Minutes above a level at most so many apart are one happening.
    """

    minutes: npt.NDArray[np.int64]
    peaks: Floats
    weights: Doubles
    days: float
    join: int


def happenings(life: Life, above: npt.NDArray[np.bool_]) -> float:
    """How many happenings, weighted, the minutes `above` (n,) are."""
    places = np.flatnonzero(above)
    if not len(places):
        return 0.0
    first = np.ones(len(places), np.bool_)
    first[1:] = np.diff(life.minutes[places]) > life.join
    return float(life.weights[places[first]].sum())


def levels(life: Life, per_day: float, shares: Sequence[float]) -> tuple[float, ...]:
    """The level of each channel, so that all of them together alert `per_day` times a day watched; at least 0.

    Each channel gets a rate of its own, as large beside the others' as its share, the highest at which what all of
    them raise together, a happening seen by several counted once, is no more than allowed, which is a little less than
    wanted (`CAUTION`). Channels of equal shares that see the same have the whole budget each; channels that never agree
    have their share of it.

    Args:
        life: What the levels are made of.
        per_day: Alerts wanted a day, > 0.
        shares: Of each channel beside the others, > 0.
    """
    most = max(shares)
    parts = [share / most for share in shares]
    allowed = _allowed(per_day * life.days)
    curves = [_Curve(life, channel) for channel in range(len(parts))]
    found = tuple(curve.level(allowed * part / sum(parts)) for curve, part in zip(curves, parts, strict=True))
    for rate in _between(allowed / sum(parts), allowed):
        more = tuple(curve.level(rate * part) for curve, part in zip(curves, parts, strict=True))
        above: npt.NDArray[np.bool_] = np.any(life.peaks > np.array(more, np.float32), axis=1)
        if happenings(life, above) > allowed:
            break
        found = more
    return found


def _allowed(wanted: float) -> float:
    """How many happenings the life may have raised where so many are wanted.

    Caution leaves one, and half of one, as a channel that came to know later is allowed a little less: or on the first
    day whatever goes on would soon be its own limit, and be quiet.
    """
    chance = max(0.0, wanted - _HALF)
    return max(min(1 + _HALF, chance), chance - CAUTION * math.sqrt(wanted))


def _between(least: float, most: float) -> list[float]:
    """Rates on a grid that no budget moves: on one of its own a larger budget could find higher levels."""
    if least <= 0:
        return []
    first, last = (math.floor(math.log2(rate) * _SPLITS) for rate in (least, most))
    return [2.0 ** (step / _SPLITS) for step in range(first + 1, last + 1)]


class _Curve:
    """One channel's highest minutes and how many happenings they make, for ever lower levels."""

    def __init__(self, life: Life, channel: int) -> None:
        peaks = life.peaks[:, channel]
        order: Indices = np.argsort(-peaks, kind="stable")[: int((peaks >= 0).sum())]
        weights = np.cumsum(life.weights[order])
        # A channel that came to know later has had less time to alert in.
        self._known = float(weights[-1] / life.weights.sum()) if len(order) else 0.0
        most = int((weights <= MOST_ABOVE * weights[-1]).sum()) if len(order) else 0
        # The level that at most so many minutes exceed is the next one's peak; equal peaks are above it together or
        # not at all.
        self._values = peaks[order[: most + 1]]
        above = np.searchsorted(-peaks[order], -self._values)
        self._counts = _counts(life, order)[above]

    def level(self, allowed: float) -> float:
        """The lowest level above every one that more than `allowed` happenings exceed, or more than `MOST_ABOVE`.

        Args:
            allowed: In all of the life; less in proportion where the channel is not known for all of it.
        """
        exceeding = np.flatnonzero(self._counts > allowed * self._known)
        last = int(exceeding[0]) if len(exceeding) else len(self._values)
        return float(self._values[max(0, last - 1)]) if len(self._values) else 0.0


def _counts(life: Life, order: Indices) -> Doubles:
    """(n + 1,): how many `happenings` the first 0..n minutes of `order` are.

    A minute begins one from when it is taken in until one of the `join` minutes before it is.
    """
    places = life.minutes - life.minutes[:1]
    never = len(order)
    taken = np.full(int(places[-1]) + 1 if len(places) else 0, never, np.intp)  # after how many a minute is taken in
    taken[places[order]] = np.arange(len(order))
    before = _least_before(taken, life.join, never)[places[order]]
    begins = before > np.arange(len(order))
    weights = np.where(begins, life.weights[order], 0.0)
    joined = np.bincount(before, weights, minlength=never + 1)[:never]
    return np.concatenate([[0.0], np.cumsum(weights - joined)])


def _least_before(values: Indices, count: int, nothing: int) -> Indices:
    """(n,): the least of the `count` values before each; `nothing` before the first."""
    least, reach = _shifted(values, 1, nothing), 1
    while reach < count:
        more = min(reach, count - reach)
        least, reach = np.minimum(least, _shifted(least, more, nothing)), reach + more
    return least


def _shifted(values: Indices, by: int, nothing: int) -> Indices:
    """(n,): the values moved to the right."""
    moved = np.full_like(values, nothing)
    moved[by:] = values[: max(0, len(values) - by)]
    return moved
