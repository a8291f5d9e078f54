"""One camera's scorer together with its checkpoints: begun from the newest good one, saved from time to time.

Beside them it keeps dated snapshots, each day and before what was learned changes for good, and goes back to one when
it is told to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from detectors.base import StateError
from monitor import learned
from monitor.scoring.checkpoints import CheckpointError, Checkpoints, ForeignError
from monitor.scoring.dated import Dated, Why
from monitor.scoring.journal import Journal
from monitor.scoring.scorer import CameraScorer
from monitor.types import ScoringReport

_NS = 1_000_000_000
_DAY_NS = 86_400 * _NS
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
        dated: Dated | None = None,
        shown: Path | None = None,
    ) -> None:
        """Begin where the camera stood.

        Args:
            camera: Its name.
            fresh: Makes a scorer that knows nothing.
            checkpoints: Where it is saved.
            every_s: Seconds between two checkpoints.
            journal: Of the minutes since; None without a budget.
            inherited: Where it begins if nothing of its own fits.
            dated: Its dated snapshots; None if none are kept.
            shown: The data folder, where people find what it learned; None if nobody is to see it.
        """
        self._camera = camera
        self._fresh = fresh
        self._checkpoints = checkpoints
        self._dated = dated
        self._shown = shown
        self._daily_mono_ns: int | None = None  # when the next daily snapshot is due
        self._changing: dict[Why, bool] = {}  # what is about to change what it knows
        self._obeyed_ns = 0
        self._journal = journal
        self._every_ns = int(every_s * _NS)
        self._failures = 0
        self._faulty = False
        self._saved_wall_ns: int | None = None
        self._saved_mono_ns: int | None = None
        self.scorer = self._begin((checkpoints,) if inherited is None else (checkpoints, inherited))
        if journal is not None and self.scorer.learned:
            self.scorer.recall(journal.read())

    def note(self) -> None:
        """Write down the minutes that ended; cheap where none did."""
        ended = self.scorer.fetch()
        if self._journal is not None:
            self._journal.add(ended)

    def save_if_due(self, wall_ns: int, mono_ns: int) -> None:
        """Save what is due. To be called after every frame, as what is about to be changed is kept before it is.

        Checkpoints are due every `every_s`, the first period beginning with the first call.
        """
        before, scorer = self._changing, self.scorer
        # Nothing of either was learned yet: the gate delays a new normal, and models begin anew with the next frame.
        self._changing = {Why.NEW_NORMAL: scorer.accepting, Why.NEW_VIEW: scorer.moved}
        for why, now in self._changing.items():
            if now and not before.get(why, False):
                self._keep(why, wall_ns)
        if self._saved_mono_ns is None:
            self._saved_mono_ns = mono_ns
        if mono_ns - self._saved_mono_ns >= self._every_ns:
            self._saved_mono_ns = mono_ns
            self.save(wall_ns)
            self._keep_daily(wall_ns, mono_ns)

    def save(self, wall_ns: int) -> None:
        """Save now, unless nothing was learned since the beginning."""
        scorer = self.scorer
        if scorer.learned and self._written(
            lambda: self._checkpoints.write(scorer.state(), wall_ns, scorer.learned, self._obeyed_ns)
        ):
            self._saved_wall_ns = wall_ns
            if self._shown is not None:
                learned.write(self._shown, *scorer.told_learned(self._camera, wall_ns))

    def roll_back(self, snapshot: str, wished_ns: int, wall_ns: int) -> None:
        """Know what the dated snapshot of this name knows, and nothing learned since; once for each wish.

        What was known is kept as a snapshot of its own, so that this can be undone. If the snapshot is broken or of
        another configuration, or what is known cannot be kept, all stays as it is, and the log says so.

        Args:
            snapshot: File name.
            wished_ns: Which wish; the one obeyed last is not obeyed again, nor after a restart.
            wall_ns: Now.
        """
        if self._dated is None or wished_ns == self._obeyed_ns:
            return
        self._obeyed_ns = wished_ns
        try:
            state = self._dated.read(snapshot)
            if self.scorer.learned and not self._keep(Why.ROLL_BACK, wall_ns):
                raise CheckpointError("what is known now cannot be kept: see checkpoint_failed")
            self.scorer.roll_back(self._fresh(), state)
        except (CheckpointError, StateError) as error:
            _log.error("roll_back_refused", camera=self._camera, snapshot=snapshot, error=str(error))
            return
        self._changing = {}
        self.save(wall_ns)
        _log.info("rolled_back", camera=self._camera, snapshot=snapshot, learned=self.scorer.learned)

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
            0 if scorer.heed is None else scorer.heed.ledger.happenings,
        )

    def _keep_daily(self, wall_ns: int, mono_ns: int) -> None:
        """Keep a snapshot once in 24 hours, restarts included."""
        if self._dated is None:
            return
        if self._daily_mono_ns is None:
            last = next((each.at for each in self._dated.newest_first() if each.why is Why.DAILY), None)
            passed_ns = _DAY_NS if last is None else wall_ns - int(last.timestamp()) * _NS
            self._daily_mono_ns = mono_ns + min(_DAY_NS, max(0, _DAY_NS - passed_ns))
        if mono_ns >= self._daily_mono_ns and self._keep(Why.DAILY, wall_ns):
            self._daily_mono_ns = mono_ns + _DAY_NS

    def _keep(self, why: Why, wall_ns: int) -> bool:
        """Keep a dated snapshot of what is known now; False if it cannot be written, or none is wanted."""
        dated, scorer = self._dated, self.scorer
        if dated is None or scorer.learned == 0 or not dated.keeps(why):
            return False
        if not self._written(lambda: dated.write(scorer.state(), why, wall_ns, scorer.learned)):
            return False
        _log.info("snapshot_kept", camera=self._camera, why=why.value, learned=scorer.learned)
        return True

    def _written(self, write: Callable[[], object]) -> bool:
        """Whether that went well; else it is counted, and logged once until it does again."""
        try:
            write()
        except CheckpointError as error:
            self._failures += 1
            if not self._faulty:
                _log.error("checkpoint_failed", error=str(error))
            self._faulty = True
            return False
        if self._faulty:
            _log.info("checkpoint_works_again", camera=self._camera)
        self._faulty = False
        return True

    def _begin(self, places: Sequence[Checkpoints]) -> CameraScorer:
        """A scorer that goes on from the newest checkpoint that can be read and fits, else one that knows nothing."""
        for place, path in [(each, path) for each in places for path in each.newest_first()]:
            scorer = self._fresh()
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
            self._saved_wall_ns, self._obeyed_ns = about.wall_ns, about.obeyed_ns
            _log.info("checkpoint_restored", camera=self._camera, path=str(path), learned=scorer.learned)
            return scorer
        return self._fresh()
