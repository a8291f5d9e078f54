"""What people said of a camera's events, handed to its detectors; and what came of it, counted and written down."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from detectors.feedback.ledger import Did
from detectors.feedback.look import code, unpacked
from detectors.feedback.marks import Mark as Heeded
from monitor.feedback import Counted, Mark, Tallies
from monitor.feedback.counts import Counter, read
from monitor.scoring.scorer import CameraScorer

_NS = 1_000_000_000


class Heeding:
    """One camera's: the same for its own configuration and its candidate."""

    def __init__(self, data_dir: Path, camera: str) -> None:
        """Args: data_dir: where counts are written down, and those of before this process are."""
        self._camera = camera
        self._before = read(data_dir, camera)
        self._counter = Counter(data_dir, camera)
        self._said: tuple[Mark, ...] = ()
        self._told: dict[int, Counted] = {}

    def say(self, marks: Sequence[Mark]) -> None:
        """These hold from now on; those of other cameras are none of ours."""
        self._said = tuple(mark for mark in marks if mark.camera == self._camera)

    def tell(self, scorer: CameraScorer) -> None:
        """Let a scorer heed what was said; those that do not fit its detectors it does not hear of."""
        if scorer.heed is not None:
            scorer.heed.marks = tuple(_heeded(mark) for mark in self._said if _fits(mark, scorer))

    def write(self, live: CameraScorer) -> None:
        """Write down what came of it, if that changed."""
        did = {} if live.heed is None else live.heed.ledger.did
        told = {mark.id: self._counted(mark, did.get(mark.id, Did()), live) for mark in self._said}
        self._told |= told  # what is undone by now keeps its count, as it is listed on
        self._counter.write(Tallies({**self._before.marks, **self._told}))

    def _counted(self, mark: Mark, did: Did, scorer: CameraScorer) -> Counted:
        before = self._before.marks.get(mark.id, Counted())
        last_ns = before.last_ns if did.last_s is None else int(did.last_s * _NS)
        return Counted(before.times + did.times, last_ns, not mark.look or _fits(mark, scorer))


def _heeded(mark: Mark) -> Heeded:
    unusual = mark.kind == "unusual"
    return Heeded(mark.id, unusual, mark.event, mark.who or "somebody", mark.at_ns / _NS, unpacked(mark.look))


def _fits(mark: Mark, scorer: CameraScorer) -> bool:
    """Whether the camera has a channel in which such a look can come again."""
    codes = {code(name) for name in scorer.channels}
    return any(look.channel in codes for look in unpacked(mark.look))
