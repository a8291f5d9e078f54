"""Ordinary life in the demo scene: who walks, rides and drives where, and when. Knows nothing of rare events.

Everything is a function of (seed, time): the k-th mover of a route is drawn from a generator seeded with its number, so
that any moment can be asked for in any order, for ever, in bounded memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import floor, hypot

import numpy as np

from monitor.capture.scene_cast import Actor, Figure, clothe, phase_of
from monitor.capture.scene_figures import Look, Pose


@dataclass(frozen=True, slots=True)
class _Route:
    """A way that one mover takes every `every_s` on average, at `speed_mps` (least, most)."""

    figure: Figure
    way: tuple[tuple[float, float], ...]
    every_s: float
    speed_mps: tuple[float, float]
    spread_m: float = 0.0  # how far aside of the way its movers keep


_ROUTES = (
    _Route(Figure.PERSON, ((-10.0, 12.0), (10.0, 12.0)), 17, (1.0, 1.7), 0.5),
    _Route(Figure.PERSON, ((10.0, 13.0), (-10.0, 13.0)), 19, (1.0, 1.7), 0.5),
    _Route(Figure.PERSON, ((-21.0, 27.9), (21.0, 27.9)), 23, (1.1, 1.7), 0.4),
    _Route(Figure.PERSON, ((21.0, 28.8), (-21.0, 28.8)), 25, (1.1, 1.7), 0.4),
    _Route(Figure.PERSON, ((27.0, 38.2), (-27.0, 38.2)), 31, (1.1, 1.7), 0.4),
    _Route(Figure.PERSON, ((21.0, 28.3), (9.4, 27.6), (3.0, 13.3), (-10.0, 12.6)), 37, (1.1, 1.6), 0.3),
    _Route(Figure.PERSON, ((10.0, 12.2), (3.1, 13.2), (9.2, 27.4), (-21.0, 28.2)), 41, (1.1, 1.6), 0.3),
    _Route(Figure.CAR, ((-26.0, 31.9), (26.0, 31.9)), 27, (7.0, 12.0), 0.1),
    _Route(Figure.CAR, ((29.0, 35.3), (-29.0, 35.3)), 29, (7.0, 12.0), 0.1),
    _Route(Figure.VAN, ((29.0, 35.3), (-29.0, 35.3)), 61, (7.0, 10.0), 0.1),
    _Route(Figure.CYCLIST, ((-24.0, 30.7), (24.0, 30.7)), 43, (3.8, 6.0), 0.1),
)

_PAIR_SHARE = 0.25  # of walkers
_EPOCH = 1 << 40  # keeps the numbers of movers from before time 0 positive, as generators want them
_JOG_MPS = 2.0  # faster than this legs swing as a runner's
_ROUTE_START_SPREAD = 0.8  # of the interval between two movers; below 1 they keep their order


@dataclass(frozen=True, slots=True)
class _Mover:
    began_s: float
    speed_mps: float
    aside_m: float
    looks: tuple[Look, ...]  # of those who go together


class Life:
    """The ordinary movers of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._mover = lru_cache(maxsize=512)(self._make_mover)

    def at(self, t_s: float) -> list[Actor]:
        """Everyone who may be in the picture at scene time `t_s`, in no order."""
        actors: list[Actor] = []
        for number, route in enumerate(_ROUTES):
            longest_s = _length(route.way) / route.speed_mps[0]
            first = floor((t_s - longest_s) / route.every_s - _ROUTE_START_SPREAD)
            for count in range(first, floor(t_s / route.every_s) + 1):
                mover = self._mover(number, count)
                gone_m = (t_s - mover.began_s) * mover.speed_mps
                if 0 <= gone_m <= _length(route.way):
                    actors += _company(route, mover, gone_m)
        return actors

    def _make_mover(self, number: int, count: int) -> _Mover:
        rng = np.random.default_rng((self._seed, number, count + _EPOCH))
        route = _ROUTES[number]
        began_s = (count + _ROUTE_START_SPREAD * rng.random()) * route.every_s
        pair = route.figure is Figure.PERSON and route.speed_mps[0] < _JOG_MPS and rng.random() < _PAIR_SHARE
        looks = tuple(clothe(rng, route.figure) for _ in range(2 if pair else 1))
        return _Mover(began_s, rng.uniform(*route.speed_mps), rng.uniform(-1, 1) * route.spread_m, looks)


def _company(route: _Route, mover: _Mover, gone_m: float) -> list[Actor]:
    """Those who go together, side by side."""
    x_m, z_m, facing = _along(route.way, gone_m)
    stride = 0.75 if mover.speed_mps > _JOG_MPS else 0.3 + 0.1 * mover.speed_mps
    lean = 0.12 if mover.speed_mps > _JOG_MPS else 0.03
    actors = []
    for place, look in enumerate(mover.looks):
        phase = phase_of(route.figure, gone_m + 0.3 * place, stride, facing)
        at = (x_m + 0.2 * place, z_m + mover.aside_m + 0.6 * place)
        actors.append(Actor(route.figure, *at, look, Pose(facing, phase, stride, lean)))
    return actors


def _along(way: tuple[tuple[float, float], ...], gone_m: float) -> tuple[float, float, float]:
    """(x, z, facing) after `gone_m` metres."""
    for (x0, z0), (x1, z1) in pairwise(way):
        leg = hypot(x1 - x0, z1 - z0)
        if gone_m <= leg:
            share = gone_m / leg
            return x0 + share * (x1 - x0), z0 + share * (z1 - z0), (x1 - x0) / leg
        gone_m -= leg
    return *way[-1], 1.0


@lru_cache(maxsize=64)
def _length(way: tuple[tuple[float, float], ...]) -> float:
    return sum(hypot(x1 - x0, z1 - z0) for (x0, z0), (x1, z1) in pairwise(way))
