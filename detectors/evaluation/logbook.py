"""Writes down what is said about one clip while it streams, a few small numbers a frame. Keeps no pictures."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, MutableMapping, Sequence

import numpy as np

from detectors.base import Floats, Reading, State, Verdict
from detectors.budget.diary import Light
from detectors.evaluation.baselines import RunningMedian, Trivial
from detectors.evaluation.cliplog import Counted, Said

_FUSED = ""  # the fused score's name among the medians; no detector has it


class Logbook:
    """One clip's columns. `note` is for analysed pictures, `hold` for every picture, the analysed ones included."""

    def __init__(self, medians: MutableMapping[str, RunningMedian]) -> None:
        """`medians` of the known scores by name; they go on from clip to clip, so they belong to the stream."""
        self._medians = medians
        self._rows = 0
        self._row_of = array("l")
        self._scores = array("d")
        self._limits = array("d")
        self._flags = array("B")
        self._states: list[str] = []
        self._detectors: dict[str, array[float]] = {}
        self._silent: dict[str, array[int]] = {}
        self._trivial: dict[str, array[float]] = {}
        self._stages_s: dict[str, array[float]] = {}
        self._heatmaps: list[Floats | None] = []
        self._at_s = array("d")
        self._lights = array("B")
        self._channels: dict[str, array[float]] = {}

    def note(
        self, reading: Reading, light: Light, trivial: Trivial, spent_s: Mapping[str, float], *, mapped: bool
    ) -> None:
        """What was said about the next analysed picture; its heatmap is kept only if it is `mapped`.

        An hour's heatmaps would fill the memory.
        """
        unknown, judged = reading.value is None, reading.verdict is not Verdict.UNKNOWN
        self._scores.append(self._known(_FUSED, reading.value))
        self._limits.append(math.nan if reading.limit is None else reading.limit)
        self._flags.append(unknown | judged << 1 | (reading.verdict is Verdict.ANOMALOUS) << 2)
        self._states.append(reading.state.value)
        for score in reading.scores:
            self._detectors.setdefault(score.name, array("d")).append(self._known(score.name, score.value))
            self._silent.setdefault(score.name, array("B")).append(score.value is None)
        for name in trivial.__slots__:
            self._trivial.setdefault(name, array("d")).append(getattr(trivial, name))
        for name, seconds in spent_s.items():  # a stage may come first in any frame
            self._stages_s.setdefault(name, array("f", bytes(4 * self._rows))).append(seconds)
        self._heatmaps.append(reading.heatmap if mapped else None)
        self._at_s.append(reading.at_s)
        self._lights.append(light)
        for channel in reading.channels:
            value = math.nan if channel.value is None or channel.state is State.WARMING else channel.value
            self._channels.setdefault(channel.name, array("f")).append(value)
        self._rows += 1

    def hold(self) -> int:
        """One more picture, of which the last noted is said; how many there are now."""
        self._row_of.append(self._rows - 1)
        return len(self._row_of)

    def said(self) -> Said:
        """All of it."""
        row = np.array(self._row_of, dtype=np.intp)
        flags = np.array(self._flags, dtype=np.uint8)[row]
        return Said(
            scores=np.array(self._scores)[row],
            unknown=flags & 1 > 0,
            judged=flags & 2 > 0,
            anomalous=flags & 4 > 0,
            limits=np.array(self._limits)[row],
            states=tuple(self._states[index] for index in self._row_of),
            detectors={name: np.array(column)[row] for name, column in self._detectors.items()},
            silent={name: np.array(column, dtype=bool)[row] for name, column in self._silent.items()},
            baselines={name: np.array(column)[row] for name, column in self._trivial.items()},
            stages_s={name: np.array(column) for name, column in self._stages_s.items()},
        )

    def counted(self) -> Counted:
        """What a budget is kept by."""
        return Counted(
            at_s=np.array(self._at_s),
            values={name: np.array(column, np.float32) for name, column in self._channels.items()},
            lights=np.array(self._lights, np.uint8),
        )

    def heatmaps(self) -> Sequence[Floats | None]:
        """One a picture."""
        return [self._heatmaps[index] for index in self._row_of]

    def _known(self, name: str, value: float | None) -> float:
        median = self._medians.setdefault(name, RunningMedian())
        if value is None:
            return median.value()
        median.add(value)
        return value
