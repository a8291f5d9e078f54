"""One camera's frames in, judgements out. Knows no sockets and no files."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import cv2
import msgspec
import numpy as np

from detectors.base import ChannelReading, Floats, Image, Picture, Reading, StateDict, StateView
from detectors.budget.diary import Minute
from detectors.feedback.heed import Heed
from detectors.pipeline import Pipeline
from monitor.bundles.manifest import Told, told
from monitor.learned import MOST_PICTURES, Learned, LearnedChannel
from monitor.scoring.tape import Tape
from monitor.types import ChannelScore, Frame, Judgement, Stamp, State, Verdict

# People look at a live picture about this often; anomalous frames always carry theirs.
PICTURE_EVERY_S = 1.0
JPEG_QUALITY = 85
# A camera that misses more than this share of its frames sees too little to be called active.
DEGRADED_SHARE = 0.2
# Over about so many frames.
MISSED_MEMORY = 100
_NS = 1_000_000_000


class CameraScorer:
    """Judges one camera's frames, then lets them be learned: `judge`, send the judgement, `learn`."""

    def __init__(
        self, pipeline: Pipeline, clock: Callable[[], float] = time.perf_counter, tape: Tape | None = None
    ) -> None:
        """Args: pipeline: of this camera alone; clock: seconds, for measuring the computing; tape: of the camera."""
        self._pipeline = pipeline
        self._tape = tape
        if tape is not None:
            tape.look_back(pipeline.lead)
        self._clock = clock
        self._last: Stamp | None = None
        self._pictured_ns = -_NS
        self._missed_share = 0.0
        self._missed = 0
        self._received = 0

    @property
    def received(self) -> int:
        """Frames judged so far."""
        return self._received

    @property
    def missed(self) -> int:
        """Frames missing in the gaps of `seq` so far."""
        return self._missed

    @property
    def learned(self) -> int:
        """Frames learned so far, restarts included."""
        return self._pipeline.learned

    def judge(self, frame: Frame) -> Judgement | None:
        """What to think of `frame`; None if it, or a later one of its run, was judged before (a frame sent twice)."""
        if not self._follow(frame.stamp):
            return None
        self._received += 1
        began = self._clock()
        # Where the camera hangs is taken to be where this process runs.
        local = datetime.fromtimestamp(frame.stamp.wall_ns / _NS, UTC).astimezone()
        standing = {} if self._tape is None else self._pipeline.standing()
        reading = self._pipeline.step(Picture(frame.image, frame.stamp.mono_ns / _NS), local)
        judgement = self._told(frame, reading, self._clock() - began)
        if self._tape is not None:
            self._tape.judged(frame, _logged(judgement, reading, self.bare), standing, self._pipeline.state)
        return judgement

    def told_learned(self, camera: str, wall_ns: int) -> tuple[Learned, list[bytes]]:
        """What it has learned, for people, as of now, with some of its ordinary pictures as JPEG."""
        seen = self._pipeline.examples
        channels = tuple(LearnedChannel(name, count) for name, count in self._pipeline.learned_by.items())
        told = Learned(camera, wall_ns, self.learned, channels, seen.count)
        return told, [_jpeg(picture) for picture in seen.varied(MOST_PICTURES)]

    def learn(self) -> None:
        """Let the frame that was judged last be learned."""
        lessons = self._pipeline.learn()
        if self._tape is not None:
            self._tape.learned(lessons)
            if self._pipeline.moved:
                self._tape.end("cut")

    def finish(self) -> None:
        """No more frames come: what the tape holds is kept."""
        if self._tape is not None:
            self._tape.end("stopped")

    def set_budget(self, alerts_per_day: float) -> None:
        """Another budget from now on; nothing happens where the camera has none."""
        if self._pipeline.allowance is not None:
            self._pipeline.allowance.budget.alerts_per_day = alerts_per_day

    def fetch(self) -> tuple[Minute, ...]:
        """The minutes of its diary that ended since the last fetch."""
        return () if self._pipeline.allowance is None else self._pipeline.allowance.fetch()

    def recall(self, minutes: Sequence[Minute]) -> None:
        """Take in minutes that were written down before a crash; those it knows change nothing."""
        if self._pipeline.allowance is not None:
            self._pipeline.allowance.recall(minutes)

    def state(self) -> StateDict:
        """What the camera's pipeline has learned."""
        return self._pipeline.state()

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit (then build a new scorer)."""
        self._pipeline.restore(state)

    @property
    def heed(self) -> Heed | None:
        """What people said of the camera's events, and what came of it."""
        return self._pipeline.heed

    @property
    def bare(self) -> Reading | None:
        """What the frame judged last is without feedback; None once it was learned."""
        return self._pipeline.bare

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of its channels."""
        return self._pipeline.names

    @property
    def accepting(self) -> bool:
        """Whether an anomaly has lasted so long that it is now learned as a new normal."""
        return self._pipeline.accepting

    @property
    def moved(self) -> bool:
        """Whether the camera was found to have been moved: with the next frame it begins anew."""
        return self._pipeline.moved

    def roll_back(self, fresh: CameraScorer, state: StateView) -> None:
        """Know what `state` knows, and nothing learned since; what happened since is not undone.

        So the diary of the budget goes on, with the number of alerts that is wanted now, as do counts of frames and
        what people said of its events: all are of the camera's life, not of its models.

        Args:
            fresh: Knows nothing, and is not used for anything else.
            state: Of this camera's pipeline.

        Raises:
            StateError: `state` does not fit; this one is as it was.
        """
        pipeline = fresh._pipeline
        pipeline.restore(state)
        pipeline.allowance = self._pipeline.allowance
        if pipeline.heed is not None and self._pipeline.heed is not None:
            pipeline.heed.marks, pipeline.heed.ledger = self._pipeline.heed.marks, self._pipeline.heed.ledger
        pipeline.restart_clock()
        self._pipeline = pipeline
        if self._tape is not None:
            self._tape.end("cut")

    def _follow(self, stamp: Stamp) -> bool:
        """Count gaps and cut at a new run; False for a frame that is not news."""
        last, gap = self._last, 0
        if last is not None and last.run == stamp.run:
            if stamp.seq <= last.seq:
                return False
            gap = stamp.seq - last.seq - 1
        elif last is not None and stamp.mono_ns > last.mono_ns:
            gap = stamp.seq
            self._pipeline.cut()
            if self._tape is not None:
                self._tape.end("cut")
        else:
            self._pipeline.restart_clock()
            if self._tape is not None:
                self._tape.restart_clock()
        self._last = stamp
        self._missed += gap
        kept = (1 - 1 / MISSED_MEMORY) ** (gap + 1)
        self._missed_share = kept * self._missed_share + (1 - kept) * gap / (gap + 1)
        return True

    def _told(self, frame: Frame, reading: Reading, scored_s: float) -> Judgement:
        state, why = reading.state, reading.state_reason
        if state is State.ACTIVE and self._missed_share > DEGRADED_SHARE:
            state, why = State.DEGRADED, f"{self._missed_share:.0%} of its frames are dropped before they are judged"
        strange = reading.verdict is Verdict.ANOMALOUS
        shown = strange or frame.stamp.mono_ns - self._pictured_ns >= PICTURE_EVERY_S * _NS
        if shown:
            self._pictured_ns = frame.stamp.mono_ns
        return Judgement(
            stamp=frame.stamp,
            state=state,
            state_reason=why,
            verdict=reading.verdict,
            score=_plain(reading.value),
            p_value=_plain(reading.p_value),
            limit=_plain(reading.limit),
            scores=reading.scores,
            reasons=reading.reasons,
            heatmap=_relative(reading.heatmap, reading.limit) if shown else None,
            picture=_jpeg(frame.image) if shown else None,
            scored_s=scored_s,
            channels=tuple(channel_score(channel) for channel in reading.channels),
            examples=tuple(_jpeg(example) for example in reading.examples),
            accepting=reading.accepting,
            scaled_s=frame.scaled_s,
            light=reading.light,
            look=self._pipeline.looks() if strange else (),
        )


def _logged(judgement: Judgement, reading: Reading, bare: Reading | None) -> Told:
    """What is compared when the frame is judged again: without feedback, which takes no part in that."""
    if bare is None or bare is reading:
        return told(judgement)
    return msgspec.structs.replace(
        told(judgement),
        score=_plain(bare.value),
        limit=_plain(bare.limit),
        p_value=_plain(bare.p_value),
        scores=bare.scores,
        channels=tuple(channel_score(channel) for channel in bare.channels),
        heard=True,
    )


def channel_score(reading: ChannelReading) -> ChannelScore:
    """What travels of a channel's reading."""
    return ChannelScore(
        reading.name,
        reading.state,
        reading.state_reason,
        reading.verdict,
        _plain(reading.value),
        _plain(reading.p_value),
        _plain(reading.limit),
    )


def _plain(number: float | None) -> float | None:
    """Without NumPy's type, which does not travel."""
    return None if number is None else float(number)


def _relative(heatmap: Floats | None, limit: float | None) -> Floats | None:
    """The heatmap in units of twice the limit, 0..1; before there is one, of twice what was high in the warm-up.

    Of a limit of 0, as that of a perfectly still scene, nothing is a part: then in units of its own highest.
    """
    if heatmap is None:
        return None
    full = 2 * (1.0 if limit is None else limit) or float(heatmap.max()) or 1.0
    return np.asarray(np.clip(heatmap / np.float32(full), 0, 1), np.float32)


def _jpeg(image: Image) -> bytes:
    """(H, W, 3) BGR as JPEG."""
    done, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"cannot encode a picture of shape {image.shape} as JPEG")
    return encoded.tobytes()
