"""The values and protocols every detector is made of: Picture → Grid → Score. Computes nothing itself.

A *detector* is a feature and a model. A feature turns the recent pictures into a grid of cells; a model says how
strange that grid is and learns it afterwards, when its caller decides that it may.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from detectors.change import Change

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
# A model's whole memory as named plain arrays (scalars are 0-d), so that it can be saved, stacked and sent.
StateDict = dict[str, npt.NDArray[Any]]
StateView = Mapping[str, npt.NDArray[Any]]

# In infra-red light the channels of most pixels differ by less than this. Of most and not on average, or one red coat
# would turn a snowy yard's light into another. Unit: levels.
INFRARED_LEVELS = 3
# One pixel in so many, each way, tells enough of that.
_STRIDE = 8


class StateError(ValueError):
    """A saved state does not fit this model (missing array, other shape). The model is left as it was."""


class Verdict(StrEnum):
    """What a frame was judged to be. UNKNOWN is never NORMAL."""

    NORMAL = "normal"
    ANOMALOUS = "anomalous"
    UNKNOWN = "unknown"


class State(StrEnum):
    """Where a camera stands: whether its verdicts can be relied on."""

    WARMING = "warming"  # its models do not know yet
    CALIBRATING = "calibrating"  # scores exist, the limit does not yet
    ACTIVE = "active"
    DEGRADED = "degraded"  # judging, but something is wrong; the reason says what
    BLIND = "blind"  # no pictures


class Picture:
    """One frame at analysis size, with what several features need computed once.

    Attributes:
        image: (H, W, 3) uint8, BGR, read-only.
        at_s: Seconds on the camera's own rising clock (monotonic, or the recording's pts); only differences count.
    """

    def __init__(self, image: Image, at_s: float) -> None:
        self.image = image
        self.at_s = at_s
        # Weak, or every picture of a run would be kept by the one after it.
        self._changed_from: weakref.ref[Picture] | None = None

    @cached_property
    def grey(self) -> Image:
        """(H, W) uint8 luma, ITU-R BT.601 weights as OpenCV's BGR2GRAY uses them."""
        return np.asarray(cv2.cvtColor(self.image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)

    @cached_property
    def infrared(self) -> bool:
        """Whether it is grey all over, as cameras see in infra-red light."""
        some = self.image[::_STRIDE, ::_STRIDE].reshape(-1, 3)
        return 2 * int(np.count_nonzero(some.max(1) - some.min(1) >= INFRARED_LEVELS)) < len(some)

    def change_from(self, before: Picture) -> Change:
        """What changed since `before`; features that compare with the same picture share what was computed."""
        if self._changed_from is None or self._changed_from() is not before:
            self._changed_from, self._change = weakref.ref(before), Change(before.grey, self.grey)
        return self._change


@dataclass(frozen=True, slots=True)
class Grid:
    """A feature grid.

    Attributes:
        values: (h, w, d) float32, finite.
        mask: (h, w) bool; True where the cell carries evidence. A cell that is False takes no part in any score.
        infrared: Whether it is of a picture in infra-red light, if the feature tells; some models keep the two apart.
    """

    values: Floats
    mask: Mask
    infrared: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """How strange a grid is.

    Attributes:
        value: Finite, ≥ 0, larger is stranger; None while the model does not know yet. None is not "normal".
        heatmap: (h, w) float32, ≥ 0, each cell's share in the same units as `value`; None with `value` None.
    """

    value: float | None
    heatmap: Floats | None


# (left, top, right, bottom) as shares of the picture, 0..1.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a frame was judged as it was, for one detector or rule.

    Attributes:
        detector: Its name in the configuration; a rule's own name.
        text: One plain sentence for people: where, what, how often.
        p_value: Chance of a score of this detector at least this large in ordinary recent life; None if not known.
        box: Where; None for the whole picture.
        channel: The channel it belongs to, "rules", "tamper" for what was done to the camera itself, or "feedback"
            for what is like an event that was called unusual.
        cells: The cells that carried its score, strongest first, a few; empty where there are none to name.
        ratio: Its score in units of what is usually high for it; None for what has no score.
        place: Where in words: the zones that most of the box lies in, else "upper left" and the like; "" without a box.
        often: How rare in words, as its own ordinary moments tell: "about once in 3 hours"; "" if not known.
    """

    detector: str
    text: str
    p_value: float | None
    box: Box | None
    channel: str = "moving"
    cells: tuple[Box, ...] = ()
    ratio: float | None = None
    place: str = ""
    often: str = ""


@dataclass(frozen=True, slots=True)
class DetectorScore:
    """One detector's say on one picture.

    Attributes:
        name: Its name in the configuration.
        value: Its own score in its own units; None while it does not know.
        share: How near it comes to its channel's fused score of this picture, before that is smoothed, 0..1, 1 for the
            one that decided; None while unknown.
    """

    name: str
    value: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class ChannelReading:
    """What the detectors of one channel say together about one picture. Attributes as of `Reading`.

    Attributes:
        name: "moving" (what moves, within seconds) or "scene" (the scene as a whole, within minutes to days).
    """

    name: str
    state: State
    state_reason: str
    verdict: Verdict
    value: float | None
    p_value: float | None
    limit: float | None
    heatmap: Floats | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What all detectors of one camera say together about one picture, before any of them learned it.

    Attributes:
        at_s: The picture's.
        state: WARMING, CALIBRATING or ACTIVE; whether pictures come at all is for others to say.
        state_reason: Why, with the time left where it can be told, for people.
        verdict: UNKNOWN unless a channel has a value and a limit, or a rule holds.
        value: The fused score, ≥ 0, about 1 is high; None while unknown.
        p_value: Chance of such a score in a moment of this camera's ordinary life; None while unknown.
        limit: The score above which a picture is anomalous; None while unknown.
        scores: Each detector's, in the order of the configuration.
        heatmap: (h, w) float32, ≥ 0, spanning the picture evenly, in units of `value`; None while unknown.
        reasons: Strongest first; empty unless `verdict` is ANOMALOUS.
        channels: Each channel's own reading.
        examples: Ordinary pictures most like this one where it is strange, nearest first, (h, w, 3) uint8, BGR, small;
            empty unless `verdict` is ANOMALOUS.
        accepting: An anomaly has lasted so long that it is now learned as a new normal.
        light: "colour", "infrared" (grey all over) or "dark".
    """

    at_s: float
    state: State
    state_reason: str
    verdict: Verdict
    value: float | None
    p_value: float | None
    limit: float | None
    scores: tuple[DetectorScore, ...]
    heatmap: Floats | None
    reasons: tuple[Reason, ...]
    channels: tuple[ChannelReading, ...] = ()
    examples: tuple[Image, ...] = ()
    accepting: bool = False
    light: str = ""


class Feature(Protocol):
    """Recent pictures in, grid out. Holds no state: what it needs of the past is in the pictures it is given."""

    @property
    def reach(self) -> int:
        """How many pictures before the newest it looks at (0: the newest only)."""

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        """The newest picture's grid.

        Args:
            recent: Pictures without a cut between them, oldest first, the newest last; all of one size.

        Returns:
            None if there are fewer than `reach` + 1 pictures. Grids of one camera all have one shape.
        """


class Model(Protocol):
    """What is normal for one grid position and camera. `score` changes nothing; `learn` keeps no reference."""

    def score(self, grid: Grid) -> Score:
        """How strange `grid` is to what was learned before. Never writes to `grid` or to the model."""

    def learn(self, grid: Grid) -> None:
        """Take `grid` in as normal. Non-finite values are refused with ValueError and change nothing."""

    def state(self) -> StateDict:
        """Copies of everything needed to go on with the same next score."""

    def restore(self, state: StateView) -> None:
        """Go on from `state`.

        Raises:
            StateError: It does not fit; the model is unchanged.
        """


class Threshold(Protocol):
    """Turns one stream of scores into p-values and a limit. Reading changes nothing; `update` learns one score.

    Attributes:
        wants_all: Whether it must be offered every score, also those above its limit, to keep what it promises.
    """

    wants_all: ClassVar[bool]

    def p_value(self, score: float) -> float | None:
        """Chance, 0..1, of an ordinary score at least this large; None until enough scores were seen."""

    def limit(self) -> float | None:
        """The score above which a frame is anomalous; None until enough scores were seen."""

    def missing(self) -> int:
        """How many scores it still needs before it has a limit; 0 once it has one."""

    def update(self, score: float) -> None:
        """Take in one score. The caller decides whether scores above the limit are offered.

        Raises:
            ValueError: `score` is not finite or is negative; nothing was changed.
        """

    def state(self) -> StateDict:
        """Copies of everything needed to go on with the same next answer."""

    def restore(self, state: StateView) -> None:
        """Go on from `state`.

        Raises:
            StateError: It does not fit; the threshold is unchanged.
        """
