"""The values that travel between the processes of rareframe; nothing else, and no behaviour.

Wall time (`wall_ns`, ns since the Unix epoch) is for people and may step; monotonic time (`mono_ns`) is for durations
and means nothing on another host. For recordings both advance with the recording, however fast it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from detectors.base import DetectorScore as DetectorScore
from detectors.base import Floats, Image, Reason
from detectors.base import State as State
from detectors.base import Verdict as Verdict

# The progress in the last heartbeat of a loop that is over and will not be heard again: its recording ended.
LOOP_ENDED = -1


class Phase(StrEnum):
    """Which chapter of an event is being told."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


class Link(StrEnum):
    """Whether a source gives frames."""

    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"
    ENDED = "ended"  # a recording came to its end


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which frame, and when.

    Attributes:
        camera: Its name in the configuration.
        run: One connection to one source; unique for ever.
        seq: 0, 1, 2 … within a run over the frames due for analysis; a gap is a dropped frame.
        wall_ns: Wall time right after the frame was read. Its offset to `mono_ns` is fixed within a run.
        mono_ns: Monotonic time right after the frame was read; strictly rising within a run.
        pts: Presentation time in seconds since the run's first frame; None where the source has none.
    """

    camera: str
    run: str
    seq: int
    wall_ns: int
    mono_ns: int
    pts: float | None


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture at analysis size: `image` is (H, W, 3) uint8, BGR, read-only; scaling it took `scaled_s` seconds."""

    stamp: Stamp
    image: Image
    scaled_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ChannelScore:
    """What one channel of a camera's detectors thinks of a frame; attributes as of `Judgement`.

    Attributes:
        name: "moving" (what moves, within seconds) or "scene" (the scene as a whole, within minutes to days).
    """

    name: str
    state: State
    state_reason: str
    verdict: Verdict
    score: float | None
    p_value: float | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the worker thinks of one frame, logged before the frame was learned.

    Attributes:
        state_reason: Why the camera is in `state`, with the time left where it can be told, for people.
        score: The fused score, ≥ 0; None while unknown.
        p_value: Chance of a score at least this large in ordinary recent life; None while unknown.
        limit: The score above which a frame is anomalous; None while unknown.
        reasons: Strongest first; empty unless `verdict` is ANOMALOUS.
        heatmap: (h, w) float32, 0..1 where 1 is at or beyond twice the limit, or while that is unknown twice a high
            score of the warm-up, or while that is 0 the highest of the picture; None if there is none to show.
        picture: The analysed frame as JPEG; only with anomalous frames and about once a second, else None.
        scored_s: Seconds of computing spent on this frame, learning not included.
        channels: Each channel's own say; `score` and `limit` are in the units of the first that knows.
        examples: Ordinary pictures most like this one where it is strange, nearest first, small, as JPEG; only with
            anomalous frames.
        accepting: What is strange has been so for so long that it is now learned as a new normal.
        shadow: The camera's shadow judged: nobody is told of it.
        promoted: The camera's candidate, the configuration under `shadow`, is live, and its own is the shadow.
        look: How what is strange in it looks, and where (`detectors.feedback.look`); only with anomalous frames.
        scaled_s: As of the frame.
        light: In which the camera sees: "colour", "infrared", "dark"; "" where that is not told.
    """

    stamp: Stamp
    state: State
    state_reason: str
    verdict: Verdict
    score: float | None
    p_value: float | None
    limit: float | None
    scores: tuple[DetectorScore, ...]
    reasons: tuple[Reason, ...]
    heatmap: Floats | None
    picture: bytes | None
    scored_s: float
    channels: tuple[ChannelScore, ...] = ()
    examples: tuple[bytes, ...] = ()
    accepting: bool = False
    shadow: bool = False
    promoted: bool = False
    look: tuple[float, ...] = ()
    scaled_s: float = 0.0
    light: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One rare happening on one camera, as people are told. The same `id` in every phase.

    What is strange again soon after it closed goes on with it: then UPDATED follows CLOSED, and another CLOSED.

    Attributes:
        id: Derived from camera, run and first frame: the same happening told twice has one id.
        began_ns: Wall time of the first anomalous frame of the episode.
        ended_ns: Wall time of the last anomalous frame so far.
        began_pts: As `began_ns`, seconds into the run; None where the source has no pts.
        ended_pts: As `ended_ns`, seconds into its run: a later one if the event went on after a reconnect.
        peak_ns: Wall time of the strongest frame.
        score: The strongest frame's score; `limit` and `p_value` are those of that frame.
        frames: Anomalous frames so far.
        state: The camera's state at the strongest frame.
        cause: Why it closed ("quiet", "accepted" as a new normal, "camera lost", "source ended", "stopped", "not
            judged", "verdict unknown", "interrupted", "promoted", "removed"; "over" of a notice); None while open.
        snapshot: File name of the strongest frame below the data folder; None if there is no picture.
        overlay: File name of the same with the heatmap drawn over it.
        clip: File name of the video clip; None until there is one.
        held: Why nobody was told of it at once ("still learning", "over budget"); "" if they were.
        also: So many other held events stand behind the telling of this one.
        shadow: A camera's shadow raised it: nobody is ever told of it, and `held` is why they would not have been.
        look: How it looked and where, in a few of its frames, one after another: feedback finds its like by it.
        normals: File names of the ordinary pictures most like the strongest frame where it is strange, nearest first.
        light: In which the camera saw at the strongest frame, see `Judgement`.
        full: File name of the strongest frame at the source's own size; None until there is one, and where that is
            not larger than the snapshot.
    """

    id: str
    camera: str
    phase: Phase
    began_ns: int
    ended_ns: int
    began_pts: float | None
    ended_pts: float | None
    peak_ns: int
    score: float
    limit: float
    p_value: float | None
    frames: int
    state: State
    reasons: tuple[Reason, ...]
    cause: str | None
    snapshot: str | None
    overlay: str | None
    clip: str | None
    held: str = ""
    also: int = 0
    shadow: bool = False
    look: tuple[float, ...] = ()
    normals: tuple[str, ...] = ()
    light: str = ""
    full: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """One labelled total since the sending process started, e.g. drops by reason."""

    label: str
    total: int


@dataclass(frozen=True, slots=True)
class CameraReport:
    """How one camera's source is doing; sent by its capture loop every second or so and at each change.

    Attributes:
        boot: Unique to the life of the sending process; totals restart with it.
        cause: Why it is not online, one of the short fixed words of `monitor.capture`; "" while online.
        detail: The same for people, free of credentials.
        frames: Frames due for analysis and read so far.
        drops: Frames not delivered, by reason.
        failures: Runs that ended or never began, by cause.
        last_frame_ns: Wall time of the newest frame; None before the first.
        retry_s: Seconds until the next attempt; None unless waiting.
        ring_bytes: Encoded packets kept for clips; None where none are wanted.
    """

    camera: str
    boot: str
    wall_ns: int
    link: Link
    cause: str
    detail: str
    live: bool
    frames: int
    drops: tuple[Count, ...]
    failures: tuple[Count, ...]
    last_frame_ns: int | None
    retry_s: float | None
    ring_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ScoringReport:
    """How one camera's scoring is doing; sent by the worker every few seconds.

    Attributes:
        missed: Gaps in `seq` seen, in frames.
        checkpoint_ns: Wall time of the last good checkpoint; None before the first.
        checkpoint_failures: Checkpoints that could not be written or were broken when read.
        quieted: Happenings that would have been events, were they not like what people called normal.
    """

    camera: str
    boot: str
    wall_ns: int
    received: int
    missed: int
    learned: int
    checkpoint_ns: int | None
    checkpoint_failures: int
    quieted: int = 0


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """How one process is doing; sent by each process about itself, and by the supervisor about its children.

    Attributes:
        process: "capture", "worker", "alert" or "supervisor" (later with an index).
        up: False only when the supervisor tells of a child that is down.
        restarts: Unplanned restarts of it since the supervisor started; None when it speaks for itself.
        rss_bytes: Resident memory; None if not known.
        wire_errors: Messages it could not read; dropped: messages other than frames it could not deliver.
    """

    process: str
    boot: str
    wall_ns: int
    pid: int
    up: bool
    restarts: int | None
    rss_bytes: int | None
    wire_errors: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Sent to the supervisor by the loop that does the work, never by a side thread.

    Attributes:
        process: Which process; `loop` which of its loops ("camera front_door", "scoring", "deciding" …).
        progress: `LOOP_ENDED`, or rises while the loop gets somewhere (frames read, messages handled, turns made).
    """

    process: str
    loop: str
    pid: int
    progress: int


class Piece(StrEnum):
    """What of an event's evidence the capture process makes."""

    CLIP = "clip"  # MP4
    FULL = "full"  # JPEG


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """The alert process asks the capture process for an event's clip and its picture at full size.

    Sent whenever a stretch of an event opens, grows or closes: the last one alone says it all.

    Attributes:
        event: The event's id.
        began_ns: Wall time of the first strange frame of this stretch of it.
        ended_ns: Of the last one; None while it goes on.
        peak_ns: Of the strongest frame.
        clip: Whether the clip is still wanted, or the full picture alone.
    """

    camera: str
    event: str
    began_ns: int
    ended_ns: int | None
    peak_ns: int
    clip: bool


@dataclass(frozen=True, slots=True)
class ClipPart:
    """A part of one file for an event, from the capture process. The parts of a file come in order.

    Attributes:
        number: 0, 1, 2 … of `count`.
        began_ns: Wall time of its first picture; `ended_ns` of its last.
        cut: It could not be as long as was wanted.
        fault: Why there is no file, a short fixed word; "" if there is one. With a fault there is one part, empty.
        data: This part of the file.
    """

    camera: str
    event: str
    piece: Piece
    number: int
    count: int
    began_ns: int
    ended_ns: int
    cut: bool
    fault: str
    data: bytes


Message = Frame | Judgement | CameraReport | ScoringReport | ProcessReport | Heartbeat | ClipRequest | ClipPart
