"""How much what this camera shows differs: the measure by which two looks are alike. Knows nothing of feedback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.base import Floats, StateDict, StateView
from detectors.feedback.look import CELLS, SIZE, Look, packed, unpacked
from detectors.state import Wanted, fitted, refuse_unless

# Looks of each channel; once so many, each new one replaces one at random.
CAPACITY = 64
# One in so many seconds: neighbours look the same.
EVERY_S = 10.0
# With fewer looks nobody knows how much they differ, and what differs on most cameras stands for it.
LEAST = 12
# Two looks are alike if they differ less than this share of the pairs of looks that the camera shows.
ALIKE = 0.1
# No part of a look weighs more than this many of its usual differences, or one part would decide.
MOST_PART = 3.0
# What two looks usually differ by, and by how much those that are alike; measured, see docs/feedback.md.
USUAL = {"size": 0.5, "motion": 0.3, "colour": 0.1, "shape": 1.2, "cells": 0.5}
USUAL_RADIUS = 0.55


@dataclass(frozen=True, slots=True)
class Measure:
    """How to compare two looks of one channel.

    Attributes:
        usual: By part of a look, the median difference of two of them.
        radius: Below this two looks are alike; in usual differences.
    """

    usual: dict[str, float]
    radius: float


class Gallery:
    """Some looks of one camera's strongest patches, strange or not, by channel. Memory: 32 KB a channel."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._looks: dict[int, list[Look]] = {}
        self._offered = 0
        self._last_s: dict[str, float] = {}
        self._measures: dict[int, Measure] = {}

    def due(self, name: str, at_s: float) -> bool:
        """Whether a look of this channel at this time is wanted; says so once."""
        if at_s - self._last_s.get(name, -np.inf) < EVERY_S:
            return False
        self._last_s[name] = at_s
        return True

    def learn(self, look: Look) -> None:
        """Take in how a patch looked."""
        looks = self._looks.setdefault(look.channel, [])
        if len(looks) < CAPACITY:
            looks.append(look)
        else:
            looks[int(np.random.default_rng((self._seed, self._offered)).integers(CAPACITY))] = look
        self._offered += 1
        self._measures.pop(look.channel, None)

    def measure(self, channel: int) -> Measure:
        """How looks of this channel are compared."""
        if channel not in self._measures:
            self._measures[channel] = _measure(self._looks.get(channel, ()))
        return self._measures[channel]

    def nearest(self, look: Look) -> float:
        """How far the nearest of its channel's looks is; infinite without any."""
        looks = self._looks.get(look.channel)
        return float(Stack(looks).apart(look, self.measure(look.channel)).min()) if looks else np.inf

    def restart_clock(self) -> None:
        """The next time has nothing to do with the last one."""
        self._last_s.clear()

    def state(self) -> StateDict:
        """`looks` (n, `SIZE`) float64 and `offered`, how many there were."""
        looks = [packed(look) for each in self._looks.values() for look in each]
        return {
            "looks": np.array(looks, np.float64).reshape(-1, SIZE),
            "offered": np.array(self._offered, np.int64),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        new = fitted(state, {"looks": Wanted(np.float64, (None, SIZE)), "offered": Wanted(np.int64)})
        found: dict[int, list[Look]] = {}
        for row in new["looks"]:
            for look in unpacked(row.tolist()):
                found.setdefault(look.channel, []).append(look)
        refuse_unless(all(len(each) <= CAPACITY for each in found.values()), f"at most {CAPACITY} looks a channel")
        self._looks, self._offered, self._measures = found, int(new["offered"]), {}


class Stack:
    """Some looks side by side, so that one is compared with all of them at once."""

    def __init__(self, looks: Sequence[Look]) -> None:
        none = {"cells": np.full(CELLS, np.nan, np.float32)}  # of looks that no network saw
        self._parts = {name: np.array([(none | look.parts)[name] for look in looks], np.float32) for name in USUAL}

    def differences(self, look: Look) -> Floats:
        """(parts, n) in the order of `USUAL`: how much each part of each differs; NaN where one of both has none."""
        rows = []
        for name, parts in self._parts.items():
            own = look.parts.get(name)
            length = np.full(len(parts), np.nan) if own is None else np.sqrt(np.square(parts - own).sum(axis=-1))
            rows.append(length)
        return np.array(rows, np.float32)

    def apart(self, look: Look, measure: Measure) -> Floats:
        """(n,): how unlike each is, in usual differences; place, light and time are not looked at."""
        return _mean_of_parts(self.differences(look), measure.usual)


def apart(one: Look, other: Look, measure: Measure) -> float:
    """How unlike two looks are, see `Stack.apart`."""
    return float(Stack([other]).apart(one, measure)[0])


def _mean_of_parts(told: Floats, usual: dict[str, float]) -> Floats:
    """Of differences (parts, …) in their usual ones, without those that are not known."""
    scale = np.array([usual[name] for name in USUAL], np.float32).reshape(-1, *[1] * (told.ndim - 1))
    return np.asarray(np.nanmean(np.minimum(told / scale, MOST_PART), axis=0), np.float32)


def _measure(looks: Sequence[Look]) -> Measure:
    if len(looks) < LEAST:
        return Measure(USUAL, USUAL_RADIUS)
    stack = Stack(looks)
    first, second = np.triu_indices(len(looks), k=1)
    told = np.stack([stack.differences(look) for look in looks], axis=1)[:, first, second]  # (parts, pairs)
    usual = {}
    for name, some in zip(USUAL, told, strict=True):
        known = some[~np.isnan(some)]
        # Where hardly anything differs, what differs a little is not unlike.
        usual[name] = max(float(np.median(known)), USUAL[name] / 4) if known.size else USUAL[name]
    return Measure(usual, float(np.quantile(_mean_of_parts(told, usual), ALIKE)))
