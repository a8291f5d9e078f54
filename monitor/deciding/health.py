"""Reports, judgements and silence → where each camera stands, and how the daemon is doing. Pure.

It decides nothing about events: a blind camera here does not close an episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.types import CameraReport, Judgement, Link, State, Verdict
from monitor.views import CameraView, DeliveryView, Health, ProcessView, Standing, Status, Trouble

_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class HealthRules:
    """How long silence is borne, in seconds.

    Attributes:
        report_s: Reports of a camera or process come about once a second.
        picture_s: Between the newest frame and the report that tells of it.
        judgement_s: Between two judgements of a camera that gives frames.
        drain_s: After a recording's end, for the frames that are still to be judged.
        start_s: After the start, for everything to be heard of the first time.
    """

    report_s: float = 10.0
    picture_s: float = 15.0
    judgement_s: float = 15.0
    drain_s: float = 5.0
    start_s: float = 60.0


def camera_standing(
    report: CameraReport | None,
    report_age_s: float,
    judgement: Judgement | None,
    judgement_age_s: float,
    rules: HealthRules,
) -> Standing:
    """Where a camera stands.

    Args:
        report_age_s: Seconds since `report` came in, or since the start if none did.
        judgement_age_s: Seconds since `judgement` came in, or since the camera came online if that was later.
    """
    if report is None:
        return Standing(State.BLIND, f"its capture has not been heard of for {report_age_s:.0f} s")
    if report.link is Link.ENDED:
        if judgement is not None and judgement_age_s < rules.drain_s:
            return Standing(judgement.state, "the recording has been read; judging the rest")
        return Standing(State.BLIND, "the recording has ended", ended=True)
    if report_age_s > rules.report_s:
        return Standing(State.BLIND, f"its capture has been silent for {report_age_s:.0f} s")
    blind = _why_no_pictures(report, rules)
    return Standing(State.BLIND, blind) if blind is not None else _judged(judgement, judgement_age_s, rules)


def daemon_health(
    cameras: Sequence[CameraView],
    processes: Sequence[ProcessView],
    alert_path: Sequence[Trouble],
    deliveries: Sequence[DeliveryView],
    *,
    previous: Health | None,
    age_s: float,
    now_ns: int,
    rules: HealthRules,
) -> Health:
    """How the daemon is doing.

    Args:
        alert_path: What is wrong in the alert process itself; kind "store" means that no event can be stored.
        previous: The health found last, which says since when each trouble lasts.
        age_s: Seconds since the alert process started.
        now_ns: Wall time.
    """
    late = [_not_there_yet(camera) for camera in cameras] + [process.pid is None for process in processes]
    waiting = age_s < rules.start_s and any(late)
    found = [*alert_path]
    found += [_camera_trouble(camera, now_ns) for camera in cameras if _is_trouble(camera, starting=waiting)]
    heard = [p for p in processes if p.pid is not None or age_s >= rules.start_s]
    found += [_process_trouble(p, now_ns) for p in heard if not p.up or p.silent_s > rules.report_s]
    found += [_sink_trouble(delivery, now_ns) for delivery in deliveries if delivery.error is not None]
    troubles = _dated(found, previous)
    settled = Status.DEGRADED if troubles else Status.READY
    status = Status.STARTING if waiting else settled
    return Health(status, can_alert=not any(t.kind == "store" for t in alert_path), troubles=troubles)


class HealthAssessor:
    """The two functions above with their rules."""

    def __init__(self, rules: HealthRules) -> None:
        self._rules = rules

    def camera(
        self, report: CameraReport | None, report_age_s: float, judgement: Judgement | None, judgement_age_s: float
    ) -> Standing:
        """See `camera_standing`."""
        return camera_standing(report, report_age_s, judgement, judgement_age_s, self._rules)

    def daemon(
        self,
        cameras: Sequence[CameraView],
        processes: Sequence[ProcessView],
        alert_path: Sequence[Trouble],
        deliveries: Sequence[DeliveryView],
        *,
        previous: Health | None,
        age_s: float,
        now_ns: int,
    ) -> Health:
        """See `daemon_health`."""
        return daemon_health(
            cameras,
            processes,
            alert_path,
            deliveries,
            previous=previous,
            age_s=age_s,
            now_ns=now_ns,
            rules=self._rules,
        )


def _why_no_pictures(report: CameraReport, rules: HealthRules) -> str | None:
    """None if there are pictures."""
    if report.link is not Link.ONLINE:
        text = report.detail or report.cause or "not connected yet"
        return text if report.retry_s is None else f"{text}; next try in {report.retry_s:.0f} s"
    if report.last_frame_ns is None:
        return "connected, no picture yet"
    frame_age_s = (report.wall_ns - report.last_frame_ns) / _S
    return f"no picture for {frame_age_s:.0f} s" if report.live and frame_age_s > rules.picture_s else None


def _judged(judgement: Judgement | None, age_s: float, rules: HealthRules) -> Standing:
    if age_s > rules.judgement_s:
        return Standing(State.DEGRADED, f"pictures come but none was judged for {age_s:.0f} s")
    if judgement is None:
        return Standing(State.WARMING, "waiting for the first judgement")
    if judgement.state is State.ACTIVE and judgement.verdict is Verdict.UNKNOWN:
        return Standing(State.DEGRADED, judgement.state_reason or "the newest picture could not be judged")
    return Standing(judgement.state, judgement.state_reason)


def _not_there_yet(camera: CameraView) -> bool:
    """Neither judged, nor ended, nor known to be in trouble."""
    return not camera.ended and camera.verdict is None and camera.link is not Link.OFFLINE


def _is_trouble(camera: CameraView, *, starting: bool) -> bool:
    if camera.ended or (starting and _not_there_yet(camera)):
        return False
    return camera.state in {State.BLIND, State.DEGRADED}


def _camera_trouble(camera: CameraView, now_ns: int) -> Trouble:
    if camera.state is State.BLIND:
        remedy = "check the camera's power, network, address and login; it is tried again by itself"
    else:
        remedy = "look at the camera's picture and at the worker process"
    return Trouble("camera", camera.camera, camera.reason or camera.state.value, now_ns, remedy)


def _process_trouble(process: ProcessView, now_ns: int) -> Trouble:
    if process.pid is None:
        what = f"has not been heard of for {process.silent_s:.0f} s"
        return Trouble("process", process.process, what, now_ns, "start it, and check that it has the same endpoints")
    what = "is down" if not process.up else f"has been silent for {process.silent_s:.0f} s"
    return Trouble("process", process.process, what, now_ns, "it is restarted by the supervisor; if not, read its log")


def _sink_trouble(delivery: DeliveryView, now_ns: int) -> Trouble:
    what = f"{delivery.error} ({delivery.pending} waiting, {delivery.dead} given up)"
    return Trouble("sink", delivery.sink, what, now_ns, "check the destination; what waits is tried again by itself")


def _dated(found: Sequence[Trouble], previous: Health | None) -> tuple[Trouble, ...]:
    """Each with the time at which this kind of trouble was first seen at this place, oldest first."""
    known = {} if previous is None else {(t.kind, t.where): t.since_ns for t in previous.troubles}
    dated = [replace(t, since_ns=known.get((t.kind, t.where), t.since_ns)) for t in found]
    return tuple(sorted(dated, key=lambda t: (t.since_ns, t.kind, t.where)))
