"""What cameras did, gathered by the minute until it is stored. Tells nobody and decides nothing."""

from __future__ import annotations

import structlog

from monitor.alerting.history import joined
from monitor.alerting.store import EventStore, StoreError
from monitor.stored import Minute
from monitor.types import Judgement, State, Verdict

_S = 1_000_000_000
_MINUTE_NS = 60 * _S
# Stored so often, all cameras at once: a crash forgets no more.
_NOTE_S = 20.0
# While the store fails, the newest so many are kept: some hours of a few cameras.
_MOST_WAITING = 5000

_log = structlog.get_logger(__name__)


class Minutes:
    """The minutes that are not stored yet. Not for several threads."""

    def __init__(self, store: EventStore, now_ns: int) -> None:
        """Args: now_ns: monotonic."""
        self._store = store
        self._waiting: dict[tuple[str, int], Minute] = {}
        self._noted_ns = now_ns
        self._fault: str | None = None

    def judged(self, judgement: Judgement, watched_s: float) -> None:
        """A frame was judged; it adds `watched_s` to the time with verdicts."""
        self._add(
            Minute(
                camera=judgement.stamp.camera,
                minute=judgement.stamp.wall_ns // _MINUTE_NS,
                score=judgement.score,
                limit=judgement.limit,
                frames=1,
                known_s=watched_s,
                anomalous=int(judgement.verdict is Verdict.ANOMALOUS),
                state=judgement.state,
                light=judgement.light,
                detectors={each.name: each.value for each in judgement.scores if each.value is not None},
            )
        )

    def blind(self, camera: str, wall_ns: int) -> None:
        """Nothing can be seen of `camera` at the moment."""
        self._add(Minute(camera, wall_ns // _MINUTE_NS, None, None, 0, 0.0, 0, State.BLIND))

    def store_if_due(self, now_ns: int, *, now: bool = False) -> None:
        """Store what was gathered, if it is time or (`now`) in any case. What cannot be stored waits."""
        if not self._waiting or (not now and now_ns - self._noted_ns < _NOTE_S * _S):
            return
        self._noted_ns = now_ns
        try:
            self._store.note_history(list(self._waiting.values()))
        except StoreError as error:
            if self._fault is None:
                _log.warning("the history of cameras cannot be stored", why=str(error))
            self._fault = str(error)
            return
        self._fault = None
        self._waiting.clear()

    def _add(self, part: Minute) -> None:
        key = part.camera, part.minute
        before = self._waiting.get(key)
        self._waiting[key] = part if before is None else joined(before, part)
        if len(self._waiting) > _MOST_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
