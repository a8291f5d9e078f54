"""The figures of the demo scene: which, where, how clothed, how large. Draws nothing: that is scene_figures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import pi
from typing import assert_never

import numpy as np

from monitor.capture import scene_figures as figures
from monitor.capture.scene_figures import Colour, Look, Pose
from monitor.capture.scene_ground import HEIGHT, WIDTH, pixels_per_metre, project

Box = tuple[float, float, float, float]  # left, top, right, bottom, shares of the picture, 0..1

_STRIDE_M = 1.45  # two steps of a walker whose legs swing by _WALK_SWING
_WALK_SWING = 0.42
_BAG_SHARE = 0.3  # of people


class Figure(StrEnum):
    """What is to be drawn."""

    PERSON = "person"
    CYCLIST = "cyclist"
    CAR = "car"
    VAN = "van"
    BOX = "box"
    FLARE = "flare"


@dataclass(frozen=True, slots=True)
class Actor:
    """One figure at one moment; `x_m`, `z_m` as in scene_ground."""

    figure: Figure
    x_m: float
    z_m: float
    look: Look
    pose: Pose


def box_of(actor: Actor) -> Box:
    """What the figure and its shadow cannot exceed, shares of the picture, cut at its edges."""
    side, up, down = reach(actor.figure)
    unit = pixels_per_metre(actor.z_m)
    x, y = project(actor.x_m, actor.z_m)
    edge = 2.0  # pixels; smooth edges and rounding
    left, right = (x - side * unit - edge) / WIDTH, (x + side * unit + edge) / WIDTH
    top, bottom = (y - up * unit - edge) / HEIGHT, (y + down * unit + edge) / HEIGHT
    return max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0)


def reach(figure: Figure) -> tuple[float, float, float]:
    """Metres to each side of the foot point, up, and down, that the figure stays within."""
    match figure:
        case Figure.PERSON:
            return figures.PERSON_REACH
        case Figure.CYCLIST:
            return figures.CYCLIST_REACH
        case Figure.CAR | Figure.VAN:
            return figures.VEHICLE_REACH
        case Figure.BOX:
            return figures.BOX_REACH
        case Figure.FLARE:
            return figures.FLARE_REACH
        case _:
            assert_never(figure)


def phase_of(figure: Figure, gone: float, stride: float, facing: float) -> float:
    """Turns of legs or wheels after `gone` metres (the flare: seconds)."""
    match figure:
        case Figure.PERSON:
            return 2 * pi * gone / (_STRIDE_M * max(stride, 0.3) / _WALK_SWING)
        case Figure.CYCLIST:
            return 2 * pi * gone / 4.5
        case Figure.CAR | Figure.VAN:
            return facing * gone / 0.34
        case Figure.BOX:
            return facing * gone * 1.1
        case Figure.FLARE:
            return gone
        case _:
            assert_never(figure)


_CLOTHES: tuple[Colour, ...] = (
    (52, 46, 44), (120, 76, 48), (64, 60, 150), (70, 110, 60), (200, 200, 204), (90, 150, 190), (130, 130, 126),
    (150, 110, 60), (60, 80, 110), (44, 40, 90), (170, 150, 120), (96, 84, 150),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = ((86, 58, 40), (48, 44, 42), (96, 92, 88), (80, 110, 130), (56, 66, 76))
_SKINS: tuple[Colour, ...] = ((150, 180, 222), (120, 156, 200), (80, 112, 160), (52, 76, 112))
_HAIRS: tuple[Colour, ...] = ((30, 34, 40), (40, 60, 84), (70, 110, 150), (120, 124, 128))
_PAINTS: tuple[Colour, ...] = (
    (200, 200, 202),
    (60, 58, 56),
    (150, 146, 142),
    (44, 40, 140),
    (140, 84, 44),
    (96, 110, 100),
)


def clothe(rng: np.random.Generator, figure: Figure) -> Look:
    """Choose how a figure looks."""
    paint = _PAINTS if figure in (Figure.CAR, Figure.VAN) else _CLOTHES
    upper, lower, skin, hair = (palette[rng.integers(len(palette))] for palette in (paint, _TROUSERS, _SKINS, _HAIRS))
    return Look(upper, lower, skin, hair, tall_m=rng.uniform(1.58, 1.92), bag=bool(rng.random() < _BAG_SHARE))
