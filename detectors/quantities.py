"""The quantities that rules speak of, measured in the newest pictures. Computes only those asked for, judges none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cached_property

import cv2
import numpy as np

from detectors.base import INFRARED_LEVELS, Floats, Image, Mask, Picture, Reading, Verdict
from detectors.features.moving import Cells, lag, moving
from detectors.rules.vocabulary import COLOUR, INFRARED, RESERVED, WEEKDAYS
from detectors.zones import Zones

Value = float | str | None
CELLS = Cells(side_px=16, stride_px=8)
# Something that moves in a zone may pause for so long, or for two pictures. Unit: seconds.
PAUSE_S = 2.0
_WHITE = 255
_HALF = 0.5


class Quantities:
    """The quantities of one camera. Its only memory is since when something moves in each zone that is asked for.

    A poor choice to tell who is in a zone: what stands still for longer than `PAUSE_S` is not there, and a change of
    light moves everywhere.
    """

    def __init__(self, wanted: Collection[str], zones: Zones, fps: float) -> None:
        """Args: wanted: names of the vocabulary, of zones that exist; fps: analysed pictures per second."""
        self._wanted = tuple(wanted)
        self._zones = zones
        self._lag = lag(fps)
        self._pause_s = max(PAUSE_S, 2 / fps)
        self._dwells: dict[str, _Dwell] = {}

    @property
    def reach(self) -> int:
        """How many pictures before the newest it looks at."""
        moving = any(name.rpartition(".")[2] in {"motion", "dwell"} for name in self._wanted)
        return self._lag if moving else 0

    def step(self, recent: Sequence[Picture], reading: Reading, local: datetime | None) -> dict[str, Value]:
        """What was asked for, by name; None is not known.

        Args:
            recent: Pictures without a cut between them, oldest first, the newest last; all of one size.
            reading: Of the newest one.
            local: When that was, on the clock on the wall there; None if it is not known.
        """
        if not self._wanted:
            return {}
        before = recent[-1 - self._lag] if len(recent) > self._lag else None
        look = _Look(recent[-1], before, self._zones)
        return {name: self._value(name, look, reading, local) for name in self._wanted}

    def cut(self) -> None:
        """Forget how long anything has been in a zone: the next picture does not follow the last one."""
        self._dwells.clear()

    def _value(self, name: str, look: _Look, reading: Reading, local: datetime | None) -> Value:
        owner, dot, part = name.partition(".")
        if dot and owner != RESERVED:
            return self._of_zone(owner, part, look, reading)
        if dot:
            return next((score.value for score in reading.scores if score.name == part), None)
        match name:
            case "brightness" | "contrast" | "motion" | "light":
                return look.whole(name)
            case "time" | "weekday":
                return _clock(name, local)
            case _:
                return _read(name, reading)

    def _of_zone(self, zone: str, part: str, look: _Look, reading: Reading) -> Value:
        match part:
            case "motion":
                return look.moving(zone)
            case "brightness":
                return look.brightness(zone)
            case "score":
                return None if reading.heatmap is None else _highest(reading.heatmap, self._zones, zone)
            case "dwell":
                dwell = self._dwells.setdefault(zone, _Dwell(self._pause_s))
                return dwell.step(look.picture.at_s, look.moving(zone))
            case _:
                raise ValueError(f"expected a quantity of the vocabulary, got {zone}.{part}")


class _Look:
    """What can be seen in one picture and an earlier one, each thing computed at most once."""

    def __init__(self, picture: Picture, before: Picture | None, zones: Zones) -> None:
        self.picture = picture
        self._before = before
        self._zones = zones

    def whole(self, name: str) -> Value:
        """Of all that is watched of the picture; None if all of it is masked."""
        watched = self._watched
        if watched is not None and not watched.any():
            return None
        match name:
            case "brightness":
                return self._levels[0]
            case "contrast":
                return self._levels[1]
            case "light":
                coloured = (_spread(self.picture) >= INFRARED_LEVELS).view(np.uint8)
                return INFRARED if cv2.mean(coloured, _bytes(watched))[0] < _HALF else COLOUR
            case _:
                return None if self._moves is None else _share(self._moves, self._zones.watched(*self._moves.shape))

    def moving(self, zone: str) -> float | None:
        """The share of the zone's cells that move."""
        return None if self._moves is None else _share(self._moves, self._zones.cells(zone, *self._moves.shape))

    def brightness(self, zone: str) -> float | None:
        """Of the zone."""
        pixels = self._zones.cells(zone, *self.picture.grey.shape)
        return _of_white(cv2.mean(self.picture.grey, _bytes(pixels))[0]) if pixels.any() else None

    @cached_property
    def _watched(self) -> Mask | None:
        """(H, W); None for every pixel."""
        return self._zones.watched(*self.picture.grey.shape) if self._zones.masked else None

    @cached_property
    def _levels(self) -> tuple[float, float]:
        """Mean and standard deviation of the grey levels, as shares of white."""
        mean, deviation = cv2.meanStdDev(self.picture.grey, mask=_bytes(self._watched))
        return _of_white(mean[0, 0]), _of_white(deviation[0, 0])

    @cached_property
    def _moves(self) -> Mask | None:
        """The cells that move; None without an earlier picture."""
        if self._before is None:
            return None
        return moving(self.picture.change_from(self._before), CELLS, flow=False)


class _Dwell:
    """Since when something has been moving in one zone."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._since_s: float | None = None
        self._last_s = 0.0

    def step(self, at_s: float, moving: float | None) -> float | None:
        """Seconds, 0 with nothing there; None while it is not known whether anything moves."""
        if self._since_s is not None and at_s - self._last_s > self._pause_s:
            self._since_s = None
        if moving:
            self._since_s = at_s if self._since_s is None else self._since_s
            self._last_s = at_s
        if moving is None:
            return None
        return 0.0 if self._since_s is None else at_s - self._since_s


def _read(name: str, reading: Reading) -> Value:
    match name:
        case "score":
            return reading.value
        case "p_value":
            return reading.p_value
        case "limit":
            return reading.limit
        case "state":
            return reading.state.value
        case "verdict":
            return None if reading.verdict is Verdict.UNKNOWN else reading.verdict.value
        case _:
            raise ValueError(f"expected a quantity of the vocabulary, got {name}")


def _clock(name: str, local: datetime | None) -> Value:
    if local is None:
        return None
    return WEEKDAYS[local.weekday()] if name == "weekday" else 60.0 * local.hour + local.minute


def _spread(picture: Picture) -> Image:
    """(H, W) uint8: how far apart the channels of each pixel are."""
    blue, green, red = cv2.split(picture.image)
    spread = cv2.subtract(cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red))
    return np.asarray(spread, np.uint8)


def _of_white(level: float) -> float:
    return min(1.0, float(level) / _WHITE)  # OpenCV's mean of white may round above it


def _share(cells: Mask, of: Mask) -> float | None:
    return float(cells[of].mean()) if of.any() else None


def _highest(heatmap: Floats, zones: Zones, zone: str) -> float | None:
    cells = zones.cells(zone, *heatmap.shape)
    return float(heatmap[cells].max()) if cells.any() else None


def _bytes(mask: Mask | None) -> Image | None:
    """As OpenCV takes a mask."""
    return None if mask is None else mask.view(np.uint8)
