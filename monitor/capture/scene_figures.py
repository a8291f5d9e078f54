"""Draws what moves in the demo scene: people, cyclists, vehicles, a cardboard box, a flare. Does not know who is where.

Every figure stands with its lowest point at a pixel position, `unit` pixels tall for each metre, seen from its side.
Coordinates are drawn at a sixteenth of a pixel, so that slow movement is smooth.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, cos, pi, sin

import cv2
import numpy as np

from detectors.base import Image

Colour = tuple[int, int, int]  # BGR
Point = tuple[float, float]

_SHIFT = 4
_ONE = 1 << _SHIFT
_RUBBER: Colour = (34, 34, 36)

# What no figure exceeds, in metres to each side of its foot point, up, and down (its shadow).
PERSON_REACH = (1.05, 2.1, 0.2)
CYCLIST_REACH = (1.25, 2.1, 0.15)
VEHICLE_REACH = (3.6, 2.5, 0.4)
BOX_REACH = (1.0, 1.1, 0.2)
FLARE_REACH = (2.1, 2.5, 1.7)


@dataclass(frozen=True, slots=True)
class Look:
    """How one figure is clothed or painted; `tall_m` is a person's height."""

    upper: Colour
    lower: Colour
    skin: Colour
    hair: Colour
    tall_m: float
    bag: bool


@dataclass(frozen=True, slots=True)
class Pose:
    """How a figure is held.

    Attributes:
        facing: 1.0 to the right … -1.0 to the left; smaller while walking away from or towards the camera.
        phase: Turns of its legs or wheels, radians.
        stride: How far legs swing, radians; 0 stands still.
        lean: Of the trunk in its facing direction, radians; pi/2 lies on the ground.
    """

    facing: float
    phase: float
    stride: float
    lean: float


def draw_shadow(canvas: Image, foot: Point, unit: float, long_m: float, strength: float) -> None:
    """Darken the ground below a figure by the share `strength`."""
    x, y = round(foot[0]), round(foot[1])
    wide, deep = max(2, round(long_m * unit / 2)), max(1, round(0.13 * unit))
    top, left = max(y - deep, 0), max(x - wide, 0)
    spot = canvas[top : y + deep + 1, left : max(x + wide + 1, 0)]
    if spot.size == 0 or strength <= 0:
        return
    mask = np.zeros(spot.shape[:2], np.uint8)
    cv2.ellipse(mask, (x - left, y - top), (wide, deep), 0, 0, 360, 255, cv2.FILLED)
    cv2.copyTo(cv2.convertScaleAbs(spot, alpha=1.0 - strength), mask, spot)


def draw_person(canvas: Image, foot: Point, unit: float, look: Look, pose: Pose) -> None:
    """A person of `look.tall_m`."""
    tall = look.tall_m * unit
    side = pose.facing
    lift = 0.012 * tall * abs(sin(pose.phase)) * (pose.stride > 0)
    standing = max(0.14, cos(min(pose.lean, pi / 2)))  # a lying body still has its thickness
    hip = (foot[0], foot[1] - (0.5 * tall * standing + lift))
    neck = _from(hip, 0.33 * tall, pose.lean, side)
    head = _from(hip, 0.425 * tall, pose.lean, side)
    fold = acos(standing) if pose.stride == 0 else 0.0  # who falls stretches the legs out behind
    dark = _shade(look.lower, 0.72)
    for turn, cloth in ((pi, dark), (0.0, look.lower)):
        swing = sin(pose.phase + turn) * pose.stride
        flex = pose.stride * 1.3 * max(0.0, cos(pose.phase + turn)) + 0.1 * pose.stride
        knee = _from(hip, -0.25 * tall, fold - swing, side)
        ankle = _from(knee, -0.24 * tall, fold - swing + flex, side)
        _limb(canvas, hip, knee, 0.062 * tall, 0.05 * tall, cloth)
        _limb(canvas, knee, ankle, 0.05 * tall, 0.034 * tall, cloth)
        _limb(canvas, ankle, (ankle[0] + 0.06 * tall * side, ankle[1]), 0.03 * tall, 0.026 * tall, _RUBBER)
    _arm(canvas, neck, tall, -pose.stride * sin(pose.phase + pi), side, _shade(look.upper, 0.7), look, pose.lean)
    if look.bag:
        middle = _from(hip, 0.2 * tall, pose.lean, side)
        behind = (middle[0] - 0.07 * tall * side, middle[1])
        _limb(canvas, behind, (behind[0], behind[1] - 0.09 * tall), 0.08 * tall, 0.07 * tall, _shade(look.hair, 1.3))
    _limb(canvas, hip, neck, 0.075 * tall, 0.098 * tall, look.upper)
    _arm(canvas, neck, tall, -pose.stride * sin(pose.phase), side, _shade(look.upper, 0.88), look, pose.lean)
    _disc(canvas, head, 0.062 * tall, look.skin)
    _disc(canvas, (head[0] - 0.014 * tall * side, head[1] - 0.022 * tall), 0.055 * tall, look.hair)


def draw_cyclist(canvas: Image, foot: Point, unit: float, look: Look, pose: Pose) -> None:
    """A person on a bicycle."""
    side = 1.0 if pose.facing >= 0 else -1.0
    radius = 0.34 * unit

    def at(x_m: float, up_m: float) -> Point:
        return foot[0] + x_m * unit * side, foot[1] - up_m * unit

    thin = max(1, round(0.045 * unit))
    for x_m in (-0.52, 0.52):
        centre = at(x_m, 0.34)
        cv2.circle(canvas, _fixed(centre), round(radius * _ONE), _RUBBER, thin, cv2.LINE_AA, _SHIFT)
        for spoke in range(3):
            angle = pose.phase * 1.6 * side + spoke * pi / 3
            dx, dy = 0.9 * radius * cos(angle), 0.9 * radius * sin(angle)
            ends = (centre[0] - dx, centre[1] - dy), (centre[0] + dx, centre[1] + dy)
            cv2.line(canvas, _fixed(ends[0]), _fixed(ends[1]), (110, 110, 112), 1, cv2.LINE_AA, _SHIFT)
    saddle, crank, bar = at(-0.2, 0.92), at(-0.02, 0.34), at(0.4, 1.02)
    hip, neck, head = at(-0.2, 1.0), at(0.14, 1.5), at(0.24, 1.68)
    for turn in (pi, 0.0):
        pedal = at(-0.02 + 0.17 * cos(pose.phase + turn), 0.34 - 0.17 * sin(pose.phase + turn))
        knee = at(0.2 + 0.07 * cos(pose.phase + turn), 0.78 - 0.11 * sin(pose.phase + turn))
        cloth = look.lower if turn == 0.0 else _shade(look.lower, 0.7)
        _limb(canvas, hip, knee, 0.09 * unit, 0.075 * unit, cloth)
        _limb(canvas, knee, pedal, 0.07 * unit, 0.05 * unit, cloth)
    frame = _shade(look.upper, 0.6)
    for start, end in ((saddle, crank), (crank, bar), (saddle, bar), (bar, at(0.52, 0.34)), (crank, at(-0.52, 0.34))):
        cv2.line(canvas, _fixed(start), _fixed(end), frame, thin, cv2.LINE_AA, _SHIFT)
    _limb(canvas, hip, neck, 0.13 * unit, 0.16 * unit, look.upper)
    _limb(canvas, neck, bar, 0.06 * unit, 0.045 * unit, _shade(look.upper, 0.85))
    _disc(canvas, head, 0.11 * unit, look.skin)
    _disc(canvas, (head[0] - 0.02 * unit * side, head[1] - 0.045 * unit), 0.1 * unit, look.hair)


_CAR = ((-2.1, 0.3), (-2.1, 0.85), (-1.75, 0.95), (-1.2, 1.42), (0.3, 1.45), (1.0, 0.98), (2.0, 0.8), (2.1, 0.3))
_CAR_GLASS = (
    ((-1.5, 0.97), (-1.1, 1.34), (-0.35, 1.37), (-0.35, 0.97)),
    ((-0.25, 0.97), (-0.25, 1.37), (0.26, 1.36), (0.8, 0.97)),
)
_VAN = ((-2.5, 0.35), (-2.5, 2.2), (-2.3, 2.3), (1.3, 2.3), (1.95, 1.35), (2.5, 1.15), (2.55, 0.35))
_VAN_GLASS = (((1.2, 1.4), (1.2, 2.1), (1.4, 2.1), (1.8, 1.4)),)


def draw_vehicle(canvas: Image, foot: Point, unit: float, look: Look, pose: Pose, van: bool) -> None:
    """A car 4.2 m long, or a van of 5 m."""
    side = 1.0 if pose.facing >= 0 else -1.0

    def shape(outline: tuple[Point, ...], colour: Colour) -> None:
        _polygon(canvas, [(foot[0] + x * unit * side, foot[1] - up * unit) for x, up in outline], colour)

    body, glass = (_VAN, _VAN_GLASS) if van else (_CAR, _CAR_GLASS)
    length = body[-1][0]
    shape(body, look.upper)
    shape(((-length, 0.3), (-length, 0.62), (length, 0.62), (length, 0.3)), _shade(look.upper, 0.78))
    for pane in glass:
        shape(pane, (88, 80, 70))
    for x_m in (-0.62 * length, 0.62 * length):
        centre = (foot[0] + x_m * unit * side, foot[1] - 0.32 * unit)
        _disc(canvas, centre, 0.34 * unit, _RUBBER)
        _disc(canvas, centre, 0.18 * unit, (140, 140, 142))
        rim = (centre[0] + 0.13 * unit * cos(pose.phase), centre[1] + 0.13 * unit * sin(pose.phase))
        _disc(canvas, rim, 0.06 * unit, (80, 80, 82))
    shape(((length - 0.22, 0.64), (length - 0.22, 0.8), (length, 0.78), (length, 0.64)), (225, 240, 245))
    shape(((-length, 0.66), (-length, 0.84), (-length + 0.14, 0.84), (-length + 0.14, 0.66)), (40, 40, 190))


def draw_box(canvas: Image, foot: Point, unit: float, phase: float) -> None:
    """A cardboard box, 0.9 m wide, turned by `phase` about its lower edge as it tumbles."""
    half = 0.42 * unit
    middle = (foot[0], foot[1] - half)
    corners = []
    for corner in range(4):
        angle = phase + pi / 4 + corner * pi / 2
        corners.append((middle[0] + 1.41 * half * cos(angle), middle[1] + 1.2 * half * sin(angle)))
    _polygon(canvas, corners, (108, 158, 196))
    _limb(
        canvas,
        _between(corners[0], corners[1]),
        _between(corners[2], corners[3]),
        0.05 * unit,
        0.05 * unit,
        (84, 126, 164),
    )


def add_glow(canvas: Image, centre: Point, radius: float, strength: float, infra_red: float) -> None:
    """Add light that fades to nothing at `radius`, warm by day and white under infra-red; may saturate."""
    x, y, reach = round(centre[0]), round(centre[1]), round(radius)
    top, left = max(y - reach, 0), max(x - reach, 0)
    spot = canvas[top : max(y + reach + 1, 0), left : max(x + reach + 1, 0)]
    if spot.size == 0:
        return
    rows = (np.arange(top, top + spot.shape[0], dtype=np.float32)[:, None] - y) / reach
    columns = (np.arange(left, left + spot.shape[1], dtype=np.float32)[None, :] - x) / reach
    fall = np.maximum(0.0, 1.0 - np.sqrt(rows**2 + columns**2)) ** 2 * (strength * 255)
    colour = np.array([0.62 + 0.38 * infra_red, 0.86 + 0.14 * infra_red, 1.0], np.float32)
    cv2.add(spot, np.clip(fall[..., None] * colour, 0, 255).astype(np.uint8), spot)


def _arm(
    canvas: Image, neck: Point, tall: float, swing: float, side: float, cloth: Colour, look: Look, lean: float
) -> None:
    shoulder = _from(neck, -0.025 * tall, lean, side)
    elbow = _from(shoulder, -0.17 * tall, swing * 0.8 + lean, side)
    hand = _from(elbow, -0.16 * tall, swing * 0.8 + lean - 0.35 - 0.5 * abs(swing), side)
    _limb(canvas, shoulder, elbow, 0.036 * tall, 0.032 * tall, cloth)
    _limb(canvas, elbow, hand, 0.03 * tall, 0.024 * tall, cloth)
    _disc(canvas, hand, 0.022 * tall, look.skin)


def _from(start: Point, length: float, angle: float, side: float) -> Point:
    """`length` up from `start`, leaning by `angle` towards the facing side."""
    return start[0] + length * sin(angle) * side, start[1] - length * cos(angle)


def _between(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _shade(colour: Colour, factor: float) -> Colour:
    blue, green, red = (min(255, int(part * factor)) for part in colour)
    return blue, green, red


def _fixed(point: Point) -> tuple[int, int]:
    return round(point[0] * _ONE), round(point[1] * _ONE)


def _disc(canvas: Image, centre: Point, radius: float, colour: Colour) -> None:
    cv2.circle(canvas, _fixed(centre), max(8, round(radius * _ONE)), colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _polygon(canvas: Image, points: list[Point], colour: Colour) -> None:
    cv2.fillPoly(canvas, [np.array([_fixed(p) for p in points], np.int32)], colour, cv2.LINE_AA, _SHIFT)


def _limb(canvas: Image, start: Point, end: Point, wide: float, narrow: float, colour: Colour) -> None:
    """A tapering capsule; `wide` and `narrow` are its half widths."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-3)
    nx, ny = -dy / length, dx / length
    _polygon(
        canvas,
        [
            (start[0] + nx * wide, start[1] + ny * wide),
            (end[0] + nx * narrow, end[1] + ny * narrow),
            (end[0] - nx * narrow, end[1] - ny * narrow),
            (start[0] - nx * wide, start[1] - ny * wide),
        ],
        colour,
    )
    _disc(canvas, start, wide * 0.95, colour)
    _disc(canvas, end, narrow * 0.95, colour)
