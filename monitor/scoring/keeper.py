"""One camera's scorer together with its checkpoints: begun from the newest good one, saved from time to time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from detectors.base import StateError
from monitor.scoring.checkpoints import CheckpointError, Checkpoints, ForeignError
from monitor.scoring.journal import Journal
from monitor.scoring.scorer import CameraScorer
from monitor.types import ScoringReport

_NS = 1_000_000_000
_log = structlog.get_logger(__name__)


class Keeper:
    """Keeps what one camera learned. Never raises for a checkpoint: it counts, logs, and goes on."""

    def __init__(
        self,
        camera: str,
        fresh: Callable[[], CameraScorer],
        checkpoints: Checkpoints,
        every_s: float,
        journal: Journal | None = None,
        inherited: Checkpoints | None = None,
    ) -> None:
        """Begin where the camera stood.

        Args:
            camera: Its name.
            fresh: Makes a scorer that knows nothing.
            checkpoints: Where it is saved.
            every_s: Seconds between two checkpoints.
            journal: Of the minutes since; None without a budget.
            inherited: Where it begins if nothing of its own fits.
        """
        self._camera = camera
        self._checkpoints = checkpoints
        self._journal = journal
        self._every_ns = int(every_s * _NS)
        self._failures = 0
        self._faulty = False
        self._saved_wall_ns: int | None = None
        self._saved_mono_ns: int | None = None
        self.scorer = self._begin(fresh, (checkpoints,) if inherited is None else (checkpoints, inherited))
        if journal is not None and self.scorer.learned:
            self.scorer.recall(journal.read())

    def note(self) -> None:
        """Write down the minutes that ended; cheap where none did."""
        ended = self.scorer.fetch()
        if self._journal is not None:
            self._journal.add(ended)

    def save_if_due(self, wall_ns: int, mono_ns: int) -> None:
        """Save if the last time is `every_s` ago. The first period begins with the first call."""
        if self._saved_mono_ns is None:
            self._saved_mono_ns = mono_ns
        if mono_ns - self._saved_mono_ns >= self._every_ns:
            self._saved_mono_ns = mono_ns
            self.save(wall_ns)

    def save(self, wall_ns: int) -> None:
        """Save now, unless nothing was learned since the beginning."""
        if self.scorer.learned == 0:
            return
        try:
            self._checkpoints.write(self.scorer.state(), wall_ns)
        except CheckpointError as error:
            self._failures += 1
            if not self._faulty:
                _log.error("checkpoint_failed", error=str(error))
            self._faulty = True
            return
        if self._faulty:
            _log.info("checkpoint_works_again", camera=self._camera)
        self._faulty = False
        self._saved_wall_ns = wall_ns

    def report(self, boot: str, wall_ns: int) -> ScoringReport:
        """How this camera's scoring is doing."""
        scorer = self.scorer
        return ScoringReport(
            self._camera,
            boot,
            wall_ns,
            scorer.received,
            scorer.missed,
            scorer.learned,
            self._saved_wall_ns,
            self._failures,
        )

    def _begin(self, fresh: Callable[[], CameraScorer], places: Sequence[Checkpoints]) -> CameraScorer:
        """A scorer that goes on from the newest checkpoint that can be read and fits, else one that knows nothing."""
        for place, path in [(each, path) for each in places for path in each.newest_first()]:
            scorer = fresh()
            try:
                about, state = place.read(path)
                scorer.restore(state)
            except ForeignError as error:
                _log.info("checkpoint_of_another", camera=self._camera, path=str(path), error=str(error))
                continue
            except (CheckpointError, StateError) as error:
                self._failures += 1
                _log.warning("checkpoint_refused", camera=self._camera, path=str(path), error=str(error))
                continue
            self._saved_wall_ns = about.wall_ns
            _log.info("checkpoint_restored", camera=self._camera, path=str(path), learned=scorer.learned)
            return scorer
        return fresh()
