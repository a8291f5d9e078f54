"""The rare events of the demo scene: what happens where and when, and the truth about it. Draws nothing.

Everything is a function of (seed, time): the i-th event is drawn from a generator seeded with its number, so that any
moment can be asked for in any order, for ever, in bounded memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import ceil, floor, hypot, pi, sin
from typing import assert_never

import numpy as np

from monitor.capture.scene_cast import Actor, Box, Figure, box_of, clothe, phase_of, reach
from monitor.capture.scene_figures import Look, Pose
from monitor.capture.scene_ground import FOCAL_PX, WIDTH

_RARE_STREAM, _ORDER_STREAM = 1001, 1002  # beyond the number of any route of ordinary life


class RareKind(StrEnum):
    """What nobody does in ordinary life here."""

    RUNNER = "runner"  # runs aslant across lawn and path, towards the camera
    CYCLIST = "cyclist"  # rides on the foot path
    VAN = "van"  # drives on the foot path
    OBJECT = "object"  # a cardboard box is blown across the near lawn, halting between gusts
    FALL = "fall"  # hurries onto the near lawn, falls, lies, leaves
    FLARE = "flare"  # a burning flare, far brighter than anything else


@dataclass(frozen=True, slots=True)
class Cue:
    """A rare event to be played at a chosen time."""

    kind: RareKind
    began_s: float


@dataclass(frozen=True, slots=True)
class RareEvent:
    """The truth about one rare event.

    Attributes:
        began_s: Scene time at which it begins to be in the picture; `ended_s` at which it is out again.
        box: Everything it touches in that time, (left, top, right, bottom) as shares of the picture, 0..1.
    """

    kind: RareKind
    began_s: float
    ended_s: float
    box: Box


@dataclass(frozen=True, slots=True)
class _Plan:
    """A rare event with all it takes to play it."""

    truth: RareEvent
    start_m: tuple[float, float]
    end_m: tuple[float, float]
    look: Look


class Script:
    """The rare events of one seed: one every `every_s`, give or take a quarter, from `settle_s` on; or just `cues`."""

    def __init__(self, seed: int, settle_s: float, every_s: float, cues: Sequence[Cue] | None) -> None:
        self._seed, self._settle_s, self._every_s = seed, settle_s, every_s
        self._cues = None if cues is None else tuple(sorted(cues, key=lambda cue: cue.began_s))
        self._plan = lru_cache(maxsize=64)(self._make_plan)

    def truth(self, until_s: float) -> tuple[RareEvent, ...]:
        """Those that begin before `until_s`, in order of time."""
        if self._cues is not None:
            numbers = range(len(self._cues))
        else:
            numbers = range(max(0, ceil((until_s - self._settle_s) / self._every_s)))
        found = (self._plan(number).truth for number in numbers)
        return tuple(event for event in found if event.began_s < until_s)

    def at(self, t_s: float) -> list[Actor]:
        """The figures of the rare events that are on at `t_s`."""
        return [_play(plan, t_s) for plan in self._near(t_s) if plan.truth.began_s <= t_s < plan.truth.ended_s]

    def _near(self, t_s: float) -> list[_Plan]:
        if self._cues is not None:
            return [self._plan(number) for number in range(len(self._cues))]
        newest = floor((t_s - self._settle_s) / self._every_s)
        return [self._plan(number) for number in (newest - 1, newest) if number >= 0]

    def _make_plan(self, number: int) -> _Plan:
        rng = np.random.default_rng((self._seed, _RARE_STREAM, number))
        if self._cues is not None:
            return _plan_event(self._cues[number], rng)
        turn, place = divmod(number, len(RareKind))
        order = np.random.default_rng((self._seed, _ORDER_STREAM, turn)).permutation(len(RareKind))
        began_s = self._settle_s + (number + rng.random() / 4) * self._every_s
        return _plan_event(Cue(tuple(RareKind)[order[place]], began_s), rng)


def _figure_of(kind: RareKind) -> Figure:
    match kind:
        case RareKind.RUNNER | RareKind.FALL:
            return Figure.PERSON
        case RareKind.CYCLIST:
            return Figure.CYCLIST
        case RareKind.VAN:
            return Figure.VAN
        case RareKind.OBJECT:
            return Figure.BOX
        case RareKind.FLARE:
            return Figure.FLARE
        case _:
            assert_never(kind)


_Range = tuple[float, float]
_LAWN_M: _Range = (9.0, 10.2)  # between the path and the camera, where nobody ever goes
_WAYS: dict[RareKind, tuple[_Range, _Range, _Range]] = {  # distance where it begins and ends, and how long it takes
    RareKind.RUNNER: ((18.0, 22.0), (9.0, 9.6), (4.0, 5.0)),
    RareKind.CYCLIST: ((10.5, 12.0), (10.5, 12.0), (4.0, 4.6)),
    RareKind.VAN: ((11.5, 12.5), (11.5, 12.5), (4.0, 5.0)),
    RareKind.OBJECT: (_LAWN_M, _LAWN_M, (4.0, 5.5)),
    RareKind.FALL: (_LAWN_M, _LAWN_M, (9.0, 12.0)),
    RareKind.FLARE: ((16.0, 24.0), (16.0, 24.0), (5.0, 9.0)),
}


def _plan_event(cue: Cue, rng: np.random.Generator) -> _Plan:
    """Choose where it goes and how fast; it comes in at one edge of the picture and leaves at the same or the other."""
    from_m, to_m, lasts_s = _WAYS[cue.kind]
    figure = _figure_of(cue.kind)
    side = float(rng.choice((-1.0, 1.0)))
    z_start, z_end = rng.uniform(*from_m), rng.uniform(*to_m)
    start = (-side * _edge_m(z_start, figure), z_start)
    end = (side * _edge_m(z_end, figure), z_end)
    if cue.kind is RareKind.FALL:
        end = (-side * rng.uniform(0.5, 3.0), z_end)
    elif cue.kind is RareKind.FLARE:
        start = end = (rng.uniform(-5.0, 5.0), z_start)
    ended_s = cue.began_s + rng.uniform(*lasts_s)
    whole = RareEvent(cue.kind, cue.began_s, ended_s, (0.0, 0.0, 1.0, 1.0))
    plan = _Plan(whole, start, end, clothe(rng, figure))
    moments = np.linspace(cue.began_s, ended_s, 120)
    boxes = np.array([box_of(_play(plan, float(moment))) for moment in moments])
    low, high = boxes.min(axis=0).clip(0, 1), boxes.max(axis=0).clip(0, 1)
    box = (float(low[0]), float(low[1]), float(high[2]), float(high[3]))
    return _Plan(RareEvent(cue.kind, cue.began_s, ended_s, box), start, end, plan.look)


def _edge_m(z_m: float, figure: Figure) -> float:
    """How far aside the figure is just out of the picture."""
    return (WIDTH / 2 + 2) * z_m / FOCAL_PX + reach(figure)[0]


def _play(plan: _Plan, t_s: float) -> Actor:
    """Where the rare figure is at `t_s`, and how it is held."""
    began_s, ended_s, kind = plan.truth.began_s, plan.truth.ended_s, plan.truth.kind
    share = (t_s - began_s) / (ended_s - began_s)
    lean, stride = 0.0, 0.0
    facing = 1.0 if plan.end_m[0] >= plan.start_m[0] else -1.0
    whole_m = hypot(plan.end_m[0] - plan.start_m[0], plan.end_m[1] - plan.start_m[1])
    match kind:
        case RareKind.RUNNER:
            lean, stride = 0.2, 0.85
        case RareKind.OBJECT:
            share += 0.07 * sin(4 * pi * share)  # gusts: nearly still twice on the way
        case RareKind.FALL:
            share, lean, stride, facing = _fall(share, facing)
        case RareKind.CYCLIST | RareKind.VAN | RareKind.FLARE:
            pass
        case _:
            assert_never(kind)
    x_m = plan.start_m[0] + share * (plan.end_m[0] - plan.start_m[0])
    z_m = plan.start_m[1] + share * (plan.end_m[1] - plan.start_m[1])
    figure = _figure_of(kind)
    turn = t_s if figure is Figure.FLARE else share * whole_m
    return Actor(figure, x_m, z_m, plan.look, Pose(facing, phase_of(figure, turn, stride, facing), stride, lean))


def _fall(share: float, facing: float) -> tuple[float, float, float, float]:
    """(share of the way, lean, stride, facing): in until 0.3, down until 0.35, up from 0.68 to 0.78, back out."""
    reached, fallen, rising, risen = 0.3, 0.35, 0.68, 0.78
    if share < reached:
        return share / reached, 0.15, 0.65, facing
    if share < fallen:
        return 1.0, 0.15 + (share - reached) / (fallen - reached) * (pi / 2 - 0.15), 0.0, facing
    if share < rising:
        return 1.0, pi / 2 - 0.12 * abs(sin(30 * share)), 0.0, facing
    if share < risen:
        return 1.0, (risen - share) / (risen - rising) * pi / 2, 0.0, facing
    return 1.0 - (share - risen) / (1.0 - risen), 0.12, 0.65, -facing
