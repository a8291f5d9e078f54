"""Where a frame's time goes: seconds per named stage. Prints nothing, and keeps one frame's seconds only.

stages = Stages(time.perf_counter)
with stages("feature motion"):
    ...
spent_s = stages.take()  # {"feature motion": 0.0021}
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType


class Timer:
    """One stage's stopwatch, started and stopped by `with`. Not to be entered again before it was left."""

    __slots__ = ("_began_s", "_clock", "spent_s")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began_s = 0.0
        self.spent_s = 0.0

    def __enter__(self) -> None:
        self._began_s = self._clock()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.spent_s += self._clock() - self._began_s


class Stages:
    """Adds up what each stage of a frame takes: two looks at the clock each, under a microsecond. One thread's own.

    A stage within another counts in both, so their names should say which is the part.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds and never steps back."""
        self._clock = clock
        self._timers: dict[str, Timer] = {}

    def __call__(self, name: str) -> Timer:
        """What to put behind `with`; a stage that is entered several times in a frame is added up."""
        timer = self._timers.get(name)
        if timer is None:
            timer = self._timers[name] = Timer(self._clock)
        return timer

    def take(self) -> dict[str, float]:
        """Seconds per stage since the last call, in the order they first came, and begin anew.

        A stage that was seen before and not entered since has 0.0.
        """
        spent_s = {name: timer.spent_s for name, timer in self._timers.items()}
        for timer in self._timers.values():
            timer.spent_s = 0.0
        return spent_s


class NoStages(Stages):
    """The same where nobody wants to know: looks at no clock and keeps nothing."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self._timer = Timer(lambda: 0.0)

    def __call__(self, name: str) -> Timer:
        """One for all names."""
        return self._timer

    def take(self) -> dict[str, float]:
        """Nothing."""
        return {}
