"""Which judgements of a recording are kept for their pictures: of events and of the strangest moments. Decides neither.

Both are bounded, however long the recording is; nothing else of a scan holds pictures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.types import Judgement

# Anomalous frames kept while no episode is open: more than any rule looks back for its first frames.
PEAKS_KEPT = 64
# A moment is stronger than everything pictured this long before and after it.
APART_S = 5.0
# So many are shown of those that lie in no event; more are kept, as those in events are only known at the end.
MOMENTS_SHOWN = 8
MOMENTS_KEPT = 24


class EventPeak:
    """Judgements that may turn out to be an event's strongest, of which the event only tells the time.

    Scores never rise along the queue, so that its first entry since an event began is that event's strongest, and the
    earliest of equals, whatever the number of frames. Once the event is known to be open one entry is enough.
    """

    def __init__(self) -> None:
        """Empty, with no event open."""
        self._queue: deque[Judgement] = deque(maxlen=PEAKS_KEPT)
        self._open = False

    def see(self, judgement: Judgement) -> None:
        """Take in an anomalous one."""
        score = judgement.score or 0.0
        while self._queue and (self._queue[-1].score or 0.0) < score:
            self._queue.pop()
        if not (self._open and self._queue):
            self._queue.append(judgement)

    def follow(self, began_ns: int) -> None:
        """An event that began then is open: keep its strongest so far only."""
        since = next((kept for kept in self._queue if kept.stamp.wall_ns >= began_ns), None)
        self._queue.clear()
        if since is not None:
            self._queue.append(since)
        self._open = True

    def at(self, peak_ns: int) -> Judgement | None:
        """The judgement of that time, if it was kept."""
        return next((kept for kept in self._queue if kept.stamp.wall_ns == peak_ns), None)

    def forget(self) -> None:
        """The event closed."""
        self._queue.clear()
        self._open = False


@dataclass(frozen=True, slots=True)
class Peak:
    """A local maximum of the score: `at_s` in seconds into the file, `score` that of `judgement`."""

    at_s: float
    score: float
    judgement: Judgement


class Moments:
    """The highest local maxima of the score among the frames that come with a picture, whatever their verdict.

    Ordinary frames bring a picture about once a second, so a moment may be a little beside the score's true peak.
    """

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()  # (at_s, score) of the last APART_S
        self._kept: list[Peak] = []  # in order of time, APART_S apart

    def see(self, at_s: float, judgement: Judgement) -> None:
        """Take in the next judgement; one without score or picture is passed over."""
        score = judgement.score
        if score is None or judgement.picture is None:
            return
        while self._recent and at_s - self._recent[0][0] >= APART_S:
            self._recent.popleft()
        highest = all(score > before for _, before in self._recent)
        self._recent.append((at_s, score))
        if not highest:
            return
        if self._kept and at_s - self._kept[-1].at_s < APART_S:
            self._kept.pop()
        self._kept.append(Peak(at_s, score, judgement))
        if len(self._kept) > MOMENTS_KEPT:
            weakest = min(range(len(self._kept)), key=lambda index: self._kept[index].score)
            del self._kept[weakest]

    def strangest(self, events_s: Sequence[tuple[float, float]]) -> list[Peak]:
        """Those outside of `events_s`, (from, to) in seconds into the file: strongest first, at most MOMENTS_SHOWN."""
        outside = [peak for peak in self._kept if not any(low <= peak.at_s <= high for low, high in events_s)]
        return sorted(outside, key=lambda peak: -peak.score)[:MOMENTS_SHOWN]
