"""The demo camera's picture: a park, a path, a road, drawn by the project, with rare events whose truth is known.

`Scene(seed).draw(t)` depends on nothing but its arguments. It does not encode, pace or read a clock: that is demo.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin
from typing import assert_never, cast

import cv2
import numpy as np

from detectors.base import Floats, Image
from monitor.capture import scene_figures as figures
from monitor.capture import scene_ground as ground
from monitor.capture.scene_cast import Actor, Box, Figure, box_of
from monitor.capture.scene_ground import HEIGHT, WIDTH
from monitor.capture.scene_life import Life
from monitor.capture.scene_script import Cue, RareEvent, RareKind, Script

__all__ = ["HEIGHT", "WIDTH", "Box", "Cue", "RareEvent", "RareKind", "Scene"]

_FIRST_HOUR = 9.0  # of day at scene time 0
_NOISE_MARGIN = 64  # pixels by which the noise is larger than the picture; each frame cuts out another part
_NOISE_UNIT = 24.0  # deviation of the stored noise, so that its bytes resolve it well
_CLOUD_S = (41.0, 97.0, 239.0)  # periods of the slow light; without a common multiple in a day


class Scene:
    """A fixed camera over a park, 640 by 360 pixels.

    Args:
        seed: Chooses textures, people, times and rare events.
        settle_s: No rare event begins before this scene time.
        every_s: Mean time from one rare event to the next; each comes up to a quarter early or late. At least 20.
        day_s: Scene seconds in which 24 hours of light pass; it is 9 in the morning at time 0.
        rare: False plays ordinary life only; the picture is otherwise the same.
        cues: Exactly these rare events, in place of those that `settle_s` and `every_s` give.

    Raises:
        ValueError: A value that cannot be.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        settle_s: float = 150.0,
        every_s: float = 60.0,
        day_s: float = 1200.0,
        rare: bool = True,
        cues: Sequence[Cue] | None = None,
    ) -> None:
        for name, value, least in (
            ("seed", seed, 0),
            ("settle_s", settle_s, 0),
            ("every_s", every_s, 20),
            ("day_s", day_s, 60),
        ):
            if not least <= value < float("inf"):
                raise ValueError(f"scene: {name}: expected a number of at least {least}, got {value}")
        rng = np.random.default_rng(seed)
        self._ground = ground.paint_ground(rng)
        props = ground.paint_props(rng)
        self._props = tuple(_Standing(prop, rng) for prop in props)
        self._lamp = (ground.lamp_light() * 255).astype(np.uint8)
        windows = ground.window_light(rng, props)
        self._windows = np.stack([(windows * share).astype(np.uint8) for share in (0.6, 0.85, 1.0)], axis=2)
        noise_shape = (HEIGHT + _NOISE_MARGIN, WIDTH + _NOISE_MARGIN, 3)
        self._noise = np.clip(128 + _NOISE_UNIT * rng.standard_normal(noise_shape, np.float32), 0, 255).astype(np.uint8)
        self._cloud_phases = rng.uniform(0, 2 * pi, len(_CLOUD_S))
        self._seed, self._day_s = seed, day_s
        self._life = Life(seed)
        self._script = Script(seed, settle_s, every_s, cues if rare else ())

    def draw(self, t_s: float) -> Image:
        """The picture at scene time `t_s`, (360, 640, 3) uint8 BGR, the caller's own; any time ≥ 0, in any order."""
        sun, infra_red = self._light(t_s)
        actors = sorted(self._life.at(t_s) + self._script.at(t_s), key=lambda actor: -actor.z_m)
        canvas = self._ground.copy()
        standing = list(self._props)
        shade = 0.12 + 0.3 * sun
        for actor in actors:
            while standing and standing[0].z_m > actor.z_m:
                standing.pop(0).draw(canvas, t_s)
            _draw_actor(canvas, actor, shade)
        for prop in standing:
            prop.draw(canvas, t_s)
        canvas = self._expose(canvas, t_s, sun, infra_red)
        for actor in actors:
            _draw_lights(canvas, actor, 1.0 - sun, infra_red)
        return self._grain(canvas, t_s, 2.0 + 3.0 * (1.0 - sun))

    def truth(self, until_s: float) -> tuple[RareEvent, ...]:
        """The rare events that begin before `until_s`, in order of time."""
        return self._script.truth(until_s)

    def rare_boxes(self, t_s: float) -> tuple[Box, ...]:
        """What the rare events touch at `t_s`, shares of the picture; empty if there is none."""
        return tuple(box_of(actor) for actor in self._script.at(t_s))

    def _light(self, t_s: float) -> tuple[float, float]:
        """(daylight, infra-red lamp), both 0..1; dusk and dawn take about a tenth of the day each."""
        height = sin(2 * pi * (t_s / self._day_s + (_FIRST_HOUR - 6.0) / 24.0))
        return _smooth(height, -0.2, 0.35), 1.0 - _smooth(height, -0.22, 0.02)

    def _expose(self, canvas: Image, t_s: float, sun: float, infra_red: float) -> Image:
        """Daylight, clouds and the camera's answer to them; grey under the infra-red lamp."""
        waves = [sin(2 * pi * t_s / period + phase) for period, phase in zip(_CLOUD_S, self._cloud_phases, strict=True)]
        cloud = 1.0 + 0.035 * sum(waves) * sun + 0.006 * sin(2 * pi * t_s / 7.3)
        seen = canvas
        if infra_red < 1:
            levels = np.arange(256, dtype=np.float32) * cloud * (0.4 + 0.6 * sun)
            warmth = np.array([0.84 + 0.16 * sun, 0.93 + 0.07 * sun, 1.0], np.float32)
            table = np.clip(levels[:, None] * warmth + 6, 0, 255).astype(np.uint8)
            seen = np.asarray(cv2.LUT(canvas, table[None]), np.uint8)
            if sun < 1:
                seen = np.asarray(cv2.addWeighted(seen, 1.0, self._windows, 1.0 - sun, 0), np.uint8)
        if infra_red > 0:
            grey = cv2.multiply(cv2.cvtColor(canvas, cv2.COLOR_BGR2GRAY), self._lamp, scale=0.8 * cloud / 255)
            night = cv2.cvtColor(cv2.add(grey, self._windows[:, :, 1]), cv2.COLOR_GRAY2BGR)
            mixed = night if infra_red >= 1 else cv2.addWeighted(seen, 1.0 - infra_red, night, infra_red, 0)
            seen = np.asarray(mixed, np.uint8)
        return seen

    def _grain(self, canvas: Image, t_s: float, deviation: float) -> Image:
        """Sensor noise, the same for the same seed and time."""
        mixed = (round(t_s * 1000) * 0x9E3779B97F4A7C15 + self._seed * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        mixed = ((mixed ^ (mixed >> 31)) * 0x94D049BB133111EB) & (2**64 - 1)
        top, left = (mixed >> 20) % _NOISE_MARGIN, (mixed >> 40) % _NOISE_MARGIN
        noise = self._noise[top : top + HEIGHT, left : left + WIDTH]
        strength = deviation / _NOISE_UNIT
        return cast(Image, cv2.addWeighted(canvas, 1.0, noise, strength, -128 * strength))


class _Standing:
    """A prop as it stands in the wind."""

    def __init__(self, prop: ground.Prop, rng: np.random.Generator) -> None:
        self.z_m = prop.z_m
        self._prop = prop
        height, width = prop.mask.shape
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        self._rows, self._columns = rows, columns
        self._bend: Floats = prop.sway_px * (1.0 - rows / height) ** 1.5
        flutter = ground.clouds(rng, height, width, 27) * 2
        crown = np.clip(1.3 - 1.6 * rows / height, 0, 1) * min(prop.sway_px, 1.2)
        self._flutter_sin: Floats = np.sin(flutter) * crown
        self._flutter_cos: Floats = np.cos(flutter) * crown
        self._place = prop.left * 0.05

    def draw(self, canvas: Image, t_s: float) -> None:
        prop = self._prop
        height, width = prop.mask.shape
        spot = canvas[prop.top : prop.top + height, prop.left : prop.left + width]
        if prop.sway_px == 0:
            cv2.copyTo(prop.image, prop.mask, spot)
            return
        gust = 0.55 + 0.45 * sin(t_s * 0.23 + self._place)
        lean = gust * (0.6 * sin(t_s * 1.7 + self._place) + 0.4 * sin(t_s * 2.9))
        beat = t_s * 5.3
        columns = (
            self._columns + self._bend * lean + gust * (self._flutter_sin * cos(beat) + self._flutter_cos * sin(beat))
        )
        rows = self._rows + gust * (self._flutter_cos * cos(beat * 0.83))
        image = cv2.remap(prop.image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mask = cv2.remap(prop.mask, columns, rows, cv2.INTER_NEAREST)
        cv2.copyTo(image, mask, spot)


def _smooth(value: float, low: float, high: float) -> float:
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    return share * share * (3 - 2 * share)


def _draw_actor(canvas: Image, actor: Actor, shade: float) -> None:
    foot = ground.project(actor.x_m, actor.z_m)
    unit = ground.pixels_per_metre(actor.z_m)
    match actor.figure:
        case Figure.PERSON:
            figures.draw_shadow(canvas, foot, unit, 0.9 + 0.7 * sin(min(actor.pose.lean, pi / 2)), shade)
            figures.draw_person(canvas, foot, unit, actor.look, actor.pose)
        case Figure.CYCLIST:
            figures.draw_shadow(canvas, foot, unit, 1.8, shade)
            figures.draw_cyclist(canvas, foot, unit, actor.look, actor.pose)
        case Figure.CAR | Figure.VAN:
            figures.draw_shadow(canvas, foot, unit, 4.7, shade)
            figures.draw_vehicle(canvas, foot, unit, actor.look, actor.pose, van=actor.figure is Figure.VAN)
        case Figure.BOX:
            figures.draw_shadow(canvas, foot, unit, 1.1, shade)
            figures.draw_box(canvas, foot, unit, actor.pose.phase)
        case Figure.FLARE:
            pass
        case _:
            assert_never(actor.figure)


def _draw_lights(canvas: Image, actor: Actor, dark: float, infra_red: float) -> None:
    """Light that an actor gives, which exposure does not dim."""
    x, y = ground.project(actor.x_m, actor.z_m)
    unit = ground.pixels_per_metre(actor.z_m)
    if actor.figure is Figure.FLARE:
        time = actor.pose.phase
        flicker = 0.75 + 0.17 * sin(23.0 * time) + 0.08 * sin(61.0 * time)
        figures.add_glow(canvas, (x, y - 0.4 * unit), 2.0 * unit, 2.2 * flicker, infra_red)
    elif actor.figure in (Figure.CAR, Figure.VAN) and dark > 0:
        ahead = (2.1 if actor.figure is Figure.CAR else 2.5) * actor.pose.facing
        figures.add_glow(canvas, (x + ahead * unit, y - 0.7 * unit), 1.0 * unit, 1.3 * dark, infra_red)
