"""What is wrong with the daemon and its cameras, as events: told once it lasted, and once it is over for a while.

A notice takes the way of every event: stored, then told to each sink, tried again, put aside. It counts in no budget
and is never held. Stores and sends nothing itself; whatever puts a `Trouble` into the daemon's health is told of here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from detectors.base import Reason
from monitor.kinds import Kind
from monitor.types import Event, Phase, State
from monitor.views import Overview, Status, Trouble

_S = 1_000_000_000
OVER = "over"


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """How long something must last, in seconds.

    Attributes:
        after_s: Trouble, before people are told: what heals by itself within it is none.
        over_s: Its absence, before they are told that it is over: what flickers is one trouble.
    """

    after_s: float = 30.0
    over_s: float = 30.0


@dataclass(slots=True)
class _Case:
    """One trouble: `event` once it was told; monotonic times since which it lasts, or is gone, None if it is not."""

    trouble: Trouble | None
    event: Event | None
    since_mono_ns: int
    gone_mono_ns: int | None = None


class Notices:
    """Every trouble that there is, and which of them were told."""

    def __init__(self, rules: NoticeRules, open_: Sequence[Event], now_ns: int) -> None:
        """Args: open_: notices that were told and not over when the process last stopped; now_ns: monotonic."""
        self._rules = rules
        self._cases = {event.reasons[0].detector: _Case(None, event, now_ns) for event in open_}

    def look(self, overview: Overview) -> Sequence[Event]:
        """The notices to be told now: those opened, and those closed."""
        now_ns, found = overview.made_mono_ns, {_name(trouble): trouble for trouble in _told_of(overview)}
        for name, trouble in found.items():
            case = self._cases.setdefault(name, _Case(trouble, None, now_ns))
            case.trouble, case.gone_mono_ns = trouble, None
        told = list[Event]()
        for name, case in list(self._cases.items()):
            if name in found:
                told += self._opened(case, overview)
            elif case.event is None:
                del self._cases[name]
            elif overview.health.status is not Status.STARTING:  # until all was heard of, no news is no good news
                told += self._closed(name, case, overview)
        return told

    def _opened(self, case: _Case, overview: Overview) -> Iterator[Event]:
        lasted_ns = overview.made_mono_ns - case.since_mono_ns
        if case.event is None and case.trouble is not None and lasted_ns >= self._rules.after_s * _S:
            case.event = _notice(case.trouble)
            yield case.event

    def _closed(self, name: str, case: _Case, overview: Overview) -> Iterator[Event]:
        if case.gone_mono_ns is None:
            case.gone_mono_ns = overview.made_mono_ns
        if case.event is not None and overview.made_mono_ns - case.gone_mono_ns >= self._rules.over_s * _S:
            del self._cases[name]
            ended_ns = max(case.event.began_ns, overview.made_ns - (overview.made_mono_ns - case.gone_mono_ns))
            yield replace(case.event, phase=Phase.CLOSED, ended_ns=ended_ns, cause=OVER)


def _told_of(overview: Overview) -> Iterator[Trouble]:
    """A camera that gives pictures but is judged late is seen in its state; people are told of those that give none."""
    blind = {view.camera for view in overview.cameras if view.state is State.BLIND}
    for trouble in overview.health.troubles:
        if trouble.kind != "camera" or trouble.where in blind:
            yield trouble


def _name(trouble: Trouble) -> str:
    return f"{trouble.kind} {trouble.where}".rstrip()


def _notice(trouble: Trouble) -> Event:
    name = _name(trouble)
    return Event(
        id=hashlib.sha256(f"{name}/{trouble.since_ns}".encode()).hexdigest()[:16],
        camera=trouble.where if trouble.kind == "camera" else "",
        phase=Phase.OPENED,
        began_ns=trouble.since_ns,
        ended_ns=trouble.since_ns,
        began_pts=None,
        ended_pts=None,
        peak_ns=trouble.since_ns,
        score=0.0,
        limit=0.0,
        p_value=None,
        frames=0,
        state=State.BLIND if trouble.kind == "camera" else State.DEGRADED,
        reasons=(Reason(name, f"{trouble.what}; {trouble.remedy}", None, None, channel=Kind.HEALTH.value),),
        cause=None,
        snapshot=None,
        overlay=None,
        clip=None,
    )
