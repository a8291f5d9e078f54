"""The second of a camera's two keepers: judges what the live one judged, after it, and can neither stop nor delay it.

Live frames wait for a moment without other work, the newest few of them; where there is none, frames are skipped. A
fault ends the shadow, not the worker. Who of the two is live is the loop's business.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import structlog

from monitor.scoring.keeper import Keeper
from monitor.types import Frame, Judgement, Verdict

# Frames of one camera: the oldest makes way. Enough for a burst.
MOST_WAITING = 4
_log = structlog.get_logger(__name__)


class Shadow:
    """One camera's."""

    def __init__(self, camera: str, make: Callable[[], Keeper]) -> None:
        """Args: camera: its name; make: the keeper, begun where it stood."""
        self._camera = camera
        self._keeper: Keeper | None = None
        self._waiting: deque[Frame] = deque(maxlen=MOST_WAITING)
        with self._guarded():
            self._keeper = make()

    @property
    def keeper(self) -> Keeper | None:
        """None after a fault, until the worker starts anew."""
        return self._keeper

    @property
    def waits_since_ns(self) -> int | None:
        """Monotonic time of the oldest frame that waits; None if none does."""
        return self._waiting[0].stamp.mono_ns if self._waiting else None

    def offer(self, frame: Frame) -> None:
        """A frame that the live one was given."""
        if self._keeper is not None:
            self._waiting.append(frame)

    def judge(self, send: Callable[[Judgement], object], wall_ns: int, mono_ns: int) -> None:
        """Judge the oldest frame that waits, send what is thought of it, learn it; and save what was learned if due."""
        if self._keeper is None or not self._waiting:
            return
        with self._guarded():
            scorer = self._keeper.scorer
            judgement = scorer.judge(self._waiting.popleft())
            if judgement is not None:
                send(_bare(judgement))
                scorer.learn()
                self._keeper.note()
            self._keeper.save_if_due(wall_ns, mono_ns)

    def save(self, wall_ns: int) -> None:
        """Save what was learned."""
        if self._keeper is not None:
            with self._guarded():
                self._keeper.save(wall_ns)

    def exchange(self, live: Keeper) -> Keeper | None:
        """Go on with the one that was live; the one that is to be so. None, and nothing changed, after a fault."""
        other = self._keeper
        if other is not None:
            self._keeper = live
            self._waiting.clear()
        return other

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            # Whatever is wrong with what is only tried: the camera itself must go on.
            self._keeper = None
            self._waiting.clear()
            _log.exception("shadow_off", camera=self._camera, do="correct or remove `shadow` there, then restart")


def _bare(judgement: Judgement) -> Judgement:
    """As a shadow's; a picture travels only where an event may show it."""
    if judgement.verdict is Verdict.ANOMALOUS:
        return replace(judgement, shadow=True)
    return replace(judgement, shadow=True, picture=None, heatmap=None)
