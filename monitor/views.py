"""What the alert process knows at one moment, as frozen values for `/healthz`, `/status` and the terminal.

These do not cross processes by ZeroMQ and hold no behaviour; whoever shows them adds nothing of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.types import Count, DetectorScore, Event, Link, State, Verdict


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a camera stands, seen from the alert process.

    Attributes:
        state: What may be believed about the camera. BLIND too once a recording has ended.
        reason: One plain sentence for people; "" if there is nothing to add.
        ended: A recording came to its end and all of it was judged: nothing more is to come, nothing is wrong.
    """

    state: State
    reason: str
    ended: bool = False


class Ground(StrEnum):
    """On what grounds an event is told."""

    LIMIT = "limit"  # above a limit that is proven
    EARLY = "early"  # above one that is not proven yet
    RULE = "rule"  # a rule of the user's, tampering, the daemon's word on itself: it needs no limit


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a new event: `held` is why nobody is told of it at once, "" if they are."""

    ground: Ground
    held: str


@dataclass(frozen=True, slots=True)
class Tally:
    """One camera's new events of the last 24 hours; those of a rule are not among them, as they need no budget.

    Attributes:
        told: Told at once; `early` of them before the limit was proven.
        held: Held back, whether a digest told of them since or not.
    """

    told: int = 0
    early: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera as it is now; everything about the newest frame is None before the first.

    Attributes:
        link: None until its capture loop was heard.
        fps: Judgements per second of late; None before the second one.
        frames: Frames read, `dropped` not delivered to the worker, `missed` gaps that the worker saw.
        drops: Those dropped, by reason (`monitor.transport.sender`).
        last_frame_ns: Wall time of the newest frame read.
        picture: The newest picture as JPEG, of wall time `picture_ns`.
        open_event: The event that is going on; `last_event`: the newest one told, open or closed.
        told_24h: Events told at once in the last 24 hours, and `held_24h` held back, those of rules not counted.
        alerts_per_day: About so many are wanted; None if the camera has no budget.
    """

    camera: str
    state: State
    reason: str
    ended: bool
    link: Link | None
    verdict: Verdict | None
    score: float | None
    limit: float | None
    p_value: float | None
    scores: tuple[DetectorScore, ...]
    fps: float | None
    frames: int
    dropped: int
    missed: int
    last_frame_ns: int | None
    picture: bytes | None
    picture_ns: int | None
    open_event: Event | None
    last_event: Event | None
    told_24h: int = 0
    held_24h: int = 0
    alerts_per_day: float | None = None
    drops: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessView:
    """One process as it last told of itself, or as the supervisor last told of it.

    Attributes:
        pid: None if nothing was heard of it yet; then `up` is False.
        restarts: Unplanned ones since the supervisor started; None if no supervisor was heard.
        silent_s: Seconds since anything was heard of it.
    """

    process: str
    up: bool
    pid: int | None
    restarts: int | None
    rss_bytes: int | None
    silent_s: float


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """What is still to be told to one sink.

    Attributes:
        pending: Deliveries not made yet.
        dead: Deliveries given up, which can be sent again: `rareframe sinks`.
        error: Why the newest attempt failed; None if it did not.
    """

    sink: str
    pending: int
    dead: int
    error: str | None


@dataclass(frozen=True, slots=True)
class DiskView:
    """The room that events take and have; all in bytes.

    Attributes:
        free_bytes: Of the file system of the data folder, as far as this user may fill it.
        used_bytes: Everything below `events/` and the event store's own files.
        quota_bytes: The most that it may become.
        full_in_s: Seconds until the disk has no more than what is to be kept free, at the rate of the last hours;
            None if it does not fill up, or nothing can be said yet.
    """

    free_bytes: int
    used_bytes: int
    quota_bytes: int
    full_in_s: float | None


class Status(StrEnum):
    """How the daemon as a whole is doing."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong.

    Attributes:
        kind: A short fixed word: "camera", "process", "store", "snapshots", "disk", "sink".
        where: Which camera, process or sink; "" where there is only one.
        what: What is wrong, one sentence.
        since_ns: Wall time at which it was first seen; kept while it lasts.
        remedy: What to do.
    """

    kind: str
    where: str
    what: str
    since_ns: int
    remedy: str


@dataclass(frozen=True, slots=True)
class Health:
    """The daemon's health.

    Attributes:
        can_alert: False while an event could not be stored and told, whatever else works.
        troubles: Everything wrong, oldest first.
    """

    status: Status
    can_alert: bool
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything at one moment.

    Attributes:
        made_ns: Wall time of the moment; `made_mono_ns` the same on the alert process's monotonic clock.
        recent: The newest events told, newest first, each in its newest phase.
        disk: None until it was looked at.
    """

    made_ns: int
    made_mono_ns: int
    health: Health
    cameras: tuple[CameraView, ...]
    processes: tuple[ProcessView, ...]
    deliveries: tuple[DeliveryView, ...]
    recent: tuple[Event, ...]
    disk: DiskView | None = None
