"""What is needed to judge a camera's strange frames again: kept in memory while they come. Writes nothing.

Before anything strange it holds references to the last few frames and no more. With the first strange frame the models
are copied, once; from then on it notes the frames and what was learned after each, so that judging and learning again
gives the same scores.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from detectors.base import Grid, StateDict, StateView, Verdict
from monitor.bundles.manifest import Told
from monitor.types import Frame

_NS = 1_000_000_000
Lessons = Sequence[tuple[str, Mapping[str, Grid]]]


@dataclass(frozen=True, slots=True)
class TapeRules:
    """How much is kept.

    Attributes:
        before: Frames before the first strange one, at least what the pipeline looks back at.
        most: Frames from the first strange one on.
        most_bytes: Of pixels, all frames together: large pictures are fewer, so that memory holds.
        least: Strange frames without which nothing is kept: no event can have opened.
        quiet_s: So long without a strange frame a take ends.
        again_s: After one that was kept the next begins only if nothing was strange for so long: until then it is the
            same event.
    """

    before: int
    most: int
    most_bytes: int
    least: int
    quiet_s: float
    again_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame, what was thought of it, and what was learned right after it."""

    frame: Frame
    told: Told
    lessons: list[tuple[str, Mapping[str, Grid]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Take:
    """A stretch of frames that something strange began.

    Attributes:
        state: What the models knew before `seen[0]` was judged; `standing`: where the pipeline stood then.
        before: The frames before, which were ordinary.
        seen: From the first strange one on.
        ended: Why there are no more, see `Manifest`.
    """

    state: StateDict
    standing: StateView
    before: tuple[Seen, ...]
    seen: tuple[Seen, ...]
    ended: str


@dataclass(slots=True)
class _Rolling:
    state: StateDict
    standing: StateView
    before: tuple[Seen, ...]
    seen: list[Seen] = field(default_factory=list)
    strange: int = 0


class Tape:
    """One camera's. Memory: the frames that `TapeRules` allows, and once what the models know."""

    def __init__(self, rules: TapeRules, keep: Callable[[Take], object]) -> None:
        """Args: rules; keep: takes a finished take, and is not to wait."""
        self._rules = rules
        self._keep = keep
        self._last: deque[Seen] = deque(maxlen=rules.before)
        self._back = 0  # frames before the first strange one that are needed
        self._rolling: _Rolling | None = None
        self._strange_ns: int | None = None  # monotonic, the last strange frame
        self._kept = False  # the take before this moment, and nothing was quiet for `again_s` since

    def look_back(self, frames: int) -> None:
        """Keep at least so many frames before the first strange one."""
        self._back = frames
        self._last = deque(self._last, max(frames, self._rules.before))

    def judged(self, frame: Frame, told: Told, standing: StateView, state: Callable[[], StateDict]) -> None:
        """A frame was judged, and not learned yet.

        Args:
            frame: The frame.
            told: What was thought of it.
            standing: Where the pipeline stood before it was judged.
            state: Gives what the models know; asked for only if a take begins.
        """
        if self._last and self._last[-1].frame.image.shape != frame.image.shape:
            self.end("cut")
        seen, now_ns = Seen(frame, told), frame.stamp.mono_ns
        if told.verdict is Verdict.ANOMALOUS:
            if self._strange_ns is None or now_ns - self._strange_ns >= self._rules.again_s * _NS:
                self._kept = False
            self._strange_ns = now_ns
            if self._rolling is None and not self._kept:
                self._rolling = _Rolling(state(), standing, tuple(self._last))
            if self._rolling is not None:
                self._rolling.strange += 1
        if self._rolling is not None:
            self._rolling.seen.append(seen)
        self._last.append(seen)
        while len(self._last) > self._back and 2 * len(self._last) * frame.image.nbytes > self._rules.most_bytes:
            self._last.popleft()

    def learned(self, lessons: Lessons) -> None:
        """What was learned after the frame judged last."""
        rolling = self._rolling
        if rolling is None:
            return
        rolling.seen[-1].lessons.extend(lessons)
        quiet_ns = rolling.seen[-1].frame.stamp.mono_ns - (self._strange_ns or 0)
        frames = len(rolling.before) + len(rolling.seen)
        full = frames * rolling.seen[-1].frame.image.nbytes >= self._rules.most_bytes
        if len(rolling.seen) >= self._rules.most or (full and rolling.strange >= self._rules.least):
            self._finish(rolling, "long enough")
        elif quiet_ns >= self._rules.quiet_s * _NS:
            self._finish(rolling, "quiet")

    def end(self, why: str) -> None:
        """What comes next does not follow, or nothing comes."""
        if self._rolling is not None:
            self._finish(self._rolling, why)
        self._last.clear()

    def restart_clock(self) -> None:
        """As `end`, and the next time has nothing to do with the last one."""
        self.end("cut")
        self._strange_ns, self._kept = None, False

    def _finish(self, rolling: _Rolling, why: str) -> None:
        self._rolling = None
        if rolling.strange >= self._rules.least:
            self._kept = True
            self._keep(Take(rolling.state, rolling.standing, rolling.before, tuple(rolling.seen), why))
