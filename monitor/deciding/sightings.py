"""Anomalous frames and the event they make together. Knows no time-outs and tells nobody: see `episodes`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import isfinite

from detectors.base import Reason
from detectors.feedback.look import FEEDBACK, gathered
from monitor.types import Event, Judgement, Phase, State, Verdict

# Channels of reasons that no score speaks for: rules of the user's, what was done to the camera, and what people called
# unusual. See `Reason`.
RULES, TAMPER = "rules", "tamper"
SPOKEN = frozenset({RULES, TAMPER, FEEDBACK})


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is kept of one anomalous frame.

    Attributes:
        channels: Whose limits it exceeds, `RULES` or `TAMPER` among them where such a reason holds; "" where
            that is not told.
    """

    seq: int
    wall_ns: int
    pts: float | None
    score: float
    limit: float
    p_value: float | None
    state: State
    reasons: tuple[Reason, ...]
    channels: tuple[str, ...] = ("",)
    light: str = ""
    look: tuple[float, ...] = ()


def sighting_of(judgement: Judgement) -> Sighting | None:
    """None unless anomalous. A score or limit that is not finite is a broken promise: then it is taken as UNKNOWN."""
    if judgement.verdict is not Verdict.ANOMALOUS:
        return None
    # A rule may hold before scores are known; an event then says 0 of 0, and the rule is its reason.
    score, limit = judgement.score or 0.0, judgement.limit or 0.0
    told = bool(judgement.reasons) or None not in (judgement.score, judgement.limit)
    if not (told and isfinite(score) and isfinite(limit)):
        return None
    stamp = judgement.stamp
    return Sighting(
        seq=stamp.seq,
        wall_ns=stamp.wall_ns,
        pts=stamp.pts,
        score=score,
        limit=limit,
        p_value=judgement.p_value,
        state=judgement.state,
        # What is not finite cannot be written as JSON, and would make the stored event unreadable.
        reasons=tuple(r for r in judgement.reasons if r.box is None or all(map(isfinite, r.box))),
        channels=_exceeded(judgement),
        light=judgement.light,
        look=judgement.look,
    )


def enough(seen: Sequence[Sighting], wanted: int) -> bool:
    """Whether so many of them are of one channel.

    Counted channel by channel, as the budget counts: what one channel finds and what another does are two things
    until one of them lasts.
    """
    counts = Counter(channel for sighting in seen for channel in sighting.channels)
    return max(counts.values(), default=0) >= wanted


def _exceeded(judgement: Judgement) -> tuple[str, ...]:
    channels = [channel.name for channel in judgement.channels if channel.verdict is Verdict.ANOMALOUS]
    if not judgement.channels:  # who judges without channels judges as one
        channels = [""]
    return (*channels, *sorted(SPOKEN & {reason.channel for reason in judgement.reasons}))


def event_id(camera: str, run: str, seq: int, *, candidate: bool = False) -> str:
    """16 hex digits that name the happening whose first anomalous frame was `seq` of `run`; the same for ever.

    Args:
        candidate: The configuration under `shadow` saw it, which may begin with the same frame as the camera's own.
    """
    told = f"{camera}\0{run}\0{seq}" + ("\0candidate" if candidate else "")
    return blake2b(told.encode(), digest_size=8).hexdigest()


def opened(judgement: Judgement, first: Sighting) -> Event:
    """The event that begins with `first`, a frame of the run of `judgement`."""
    stamp = judgement.stamp
    return Event(
        id=event_id(stamp.camera, stamp.run, first.seq, candidate=judgement.shadow != judgement.promoted),
        camera=stamp.camera,
        phase=Phase.OPENED,
        began_ns=first.wall_ns,
        ended_ns=first.wall_ns,
        began_pts=first.pts,
        ended_pts=first.pts,
        peak_ns=first.wall_ns,
        score=first.score,
        limit=first.limit,
        p_value=first.p_value,
        frames=1,
        state=first.state,
        reasons=first.reasons,
        cause=None,
        snapshot=None,
        overlay=None,
        clip=None,
        shadow=judgement.shadow,
        light=first.light,
        look=gathered((), first.look),
    )


def gone_on(event: Event, sighting: Sighting) -> Event:
    """`event` with one more frame: the stronger one tells why; a rule that held once, or tamper, stays a reason."""
    look = gathered(event.look, sighting.look)
    event = replace(event, ended_ns=sighting.wall_ns, ended_pts=sighting.pts, frames=event.frames + 1, look=look)
    if sighting.score <= event.score:
        return replace(event, reasons=(*_new_rules(sighting.reasons, event.reasons), *event.reasons))
    return replace(
        event,
        peak_ns=sighting.wall_ns,
        score=sighting.score,
        limit=sighting.limit,
        p_value=sighting.p_value,
        state=sighting.state,
        light=sighting.light,
        reasons=(*_new_rules(event.reasons, sighting.reasons), *sighting.reasons),
    )


def has_new_rule(event: Event, before: Event) -> bool:
    """Whether a rule holds, or the camera was tampered with, that nobody was told of `before`."""
    return bool(_new_rules(event.reasons, before.reasons))


def _new_rules(reasons: tuple[Reason, ...], known: tuple[Reason, ...]) -> tuple[Reason, ...]:
    names = {reason.detector for reason in known if reason.channel in SPOKEN}
    return tuple(reason for reason in reasons if reason.channel in SPOKEN and reason.detector not in names)
