"""Judgements of one camera → its episodes, told as events. A pure function over a frozen, serialisable state.

One happening is one event: it closes soon after it is quiet, and what is strange again within `refractory_s` goes on
with it. It looks at no picture and knows no clock: durations come from `Stamp.mono_ns` within a run, and the caller
says how long nothing was heard. Input may come twice: a (run, seq) that was already seen changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from monitor.deciding.sightings import Sighting, enough, gone_on, has_new_rule, opened, sighting_of
from monitor.types import Event, Judgement, Phase, Stamp, Verdict

Cause = Literal[
    "quiet",
    "accepted",
    "camera lost",
    "source ended",
    "stopped",
    "verdict unknown",
    "not judged",
    "interrupted",
    "promoted",
    "removed",
]
Told = tuple[Event, ...]

_S = 1_000_000_000
# What begins after one of these is another happening, however soon: another recording, another life of the daemon,
# another configuration that judges.
_FINAL: frozenset[Cause] = frozenset({"source ended", "stopped", "promoted", "removed"})
# A judgement of one of so many earlier runs is late or repeated; reconnects are seconds apart, messages far less.
_RUNS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Rules:
    """When an episode opens, is told again, and closes.

    Attributes:
        open_m: Anomalous frames of one channel that open an episode, among the newest `open_n` judged ones, at most
            `window_s` old, or `open_n` times as old as the last frames are apart: cameras may send fewer pictures than
            they should. UNKNOWN frames are not judged ones.
        quiet_s: Seconds without an anomalous frame that close it; time after an UNKNOWN frame does not count.
        refractory_s: An opening so soon after the last closing goes on with the event that closed.
        update_s: At most one UPDATED in so many seconds, told only if the peak grew by the factor `growth`; what goes
            on after it closed, and a rule that begins to hold, are told at once.
        max_s: An episode that goes on is told as UPDATED at least once in so many seconds, grown or not.
        lost_s: No judgement for so long closes it; larger than any ordinary time between two frames.
        unknown_s: UNKNOWN for so long closes it.
    """

    open_m: int = 3
    open_n: int = 5
    window_s: float = 10.0
    quiet_s: float = 3.0
    refractory_s: float = 300.0
    update_s: float = 10.0
    growth: float = 1.25
    max_s: float = 300.0
    lost_s: float = 30.0
    unknown_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what could never open or close anything."""
        if not 1 <= self.open_m <= self.open_n:
            raise ValueError(f"episode rules: expected 1 <= open_m <= open_n, got {self.open_m} and {self.open_n}")
        if min(self.window_s, self.quiet_s, self.update_s, self.max_s, self.lost_s, self.unknown_s) <= 0:
            raise ValueError(f"episode rules: every duration but refractory_s must be above 0, got {self}")
        if self.refractory_s < 0 or self.growth < 1:
            raise ValueError(f"episode rules: expected refractory_s >= 0 and growth >= 1, got {self}")


@dataclass(frozen=True, slots=True)
class Judged:
    """One frame that was judged normal (no sighting) or anomalous."""

    mono_ns: int
    sighting: Sighting | None


@dataclass(frozen=True, slots=True)
class Episodes:
    """All that is remembered of one camera. Every `_mono_ns` belongs to the run `run`.

    Attributes:
        seq: The newest frame seen of `run`, at `newest_mono_ns`; -1 before the first.
        apart_ns: Between the newest two frames of it.
        past: Runs that are over; their judgements are ignored.
        recent: The newest judged frames that may still open an episode, oldest first; emptied when one opens.
        event: The open event as last known, told or not; its phase is the one told last. None while none is open.
        told_mono_ns: When `told`, `event` as people know it, was told.
        quiet_ns: Time since the last anomalous frame, less that which began with an UNKNOWN one.
        unknown_mono_ns: The first frame of the UNKNOWN stretch that lasts until now; None if there is none.
        closed_mono_ns: The end of the last episode on this run's clock, while the refractory time may still run.
        closed_wall_ns: The same in wall time, to carry it into the next run.
        last: The event that closed then, as it may go on; None if what comes is another happening in any case.
        joined: Openings so far that went on with an event that had closed.
        accepting: Since the open event began, it was said to be learned as a new normal.
        resumed: The open event was read from the store, and no judgement has gone on with it yet.
    """

    run: str | None = None
    seq: int = -1
    newest_mono_ns: int = 0
    newest_wall_ns: int = 0
    apart_ns: int = 0
    past: tuple[str, ...] = ()
    recent: tuple[Judged, ...] = ()
    event: Event | None = None
    told: Event | None = None
    told_mono_ns: int = 0
    quiet_ns: int = 0
    unknown_mono_ns: int | None = None
    closed_mono_ns: int | None = None
    closed_wall_ns: int | None = None
    last: Event | None = None
    joined: int = 0
    accepting: bool = False
    resumed: bool = False


def step(state: Episodes, judgement: Judgement, rules: Rules) -> tuple[Episodes, Told]:
    """Take in one judgement: the next state, and what people must be told, in order."""
    stamp = judgement.stamp
    if stamp.run in state.past or (stamp.run == state.run and stamp.seq <= state.seq):
        return state, ()
    closed: Told = ()
    if stamp.run != state.run:
        state, closed = end(state, "camera lost")
        state = _enter(state, stamp)
    elif stamp.mono_ns - state.newest_mono_ns >= rules.lost_s * _S:
        state, closed = end(state, "camera lost") if state.event is not None else (replace(state, recent=()), ())
    passed_ns = max(0, stamp.mono_ns - state.newest_mono_ns)
    state = replace(
        state,
        seq=stamp.seq,
        newest_mono_ns=state.newest_mono_ns + passed_ns,
        newest_wall_ns=stamp.wall_ns,
        resumed=False,
    )
    state, told = _take(state, judgement, passed_ns, rules)
    return replace(state, apart_ns=passed_ns), closed + told


def tick(state: Episodes, silent_s: float, cause: Cause, rules: Rules) -> tuple[Episodes, Told]:
    """Close an event of which nothing was heard for long.

    Args:
        silent_s: Seconds since the camera's last judgement came in, on the caller's own monotonic clock; since the
            caller's start if none came yet.
        cause: Why nothing comes, as far as the caller knows.
    """
    if state.event is None or silent_s < rules.lost_s:
        return state, ()
    return end(state, cause)


def end(state: Episodes, cause: Cause) -> tuple[Episodes, Told]:
    """Close the event that is open, if one is."""
    last: Event | None = None
    if state.event is not None:
        last = replace(state.event, phase=Phase.CLOSED, cause="interrupted" if state.resumed else cause)
        state = replace(
            state,
            event=None,
            told=None,
            accepting=False,
            last=last,
            closed_mono_ns=state.newest_mono_ns,
            closed_wall_ns=state.newest_wall_ns,
            resumed=False,
        )
    if cause in _FINAL:
        state = replace(state, last=None, closed_mono_ns=None, closed_wall_ns=None)
    if cause == "promoted":  # the other configuration's frames do not open what this one's began
        state = replace(state, recent=())
    return state, () if last is None else (last,)


def _enter(state: Episodes, stamp: Stamp) -> Episodes:
    """A new connection: other numbers, another clock. The refractory time goes on, measured in wall time."""
    closed_ns = None
    if state.closed_wall_ns is not None:
        closed_ns = stamp.mono_ns - max(0, stamp.wall_ns - state.closed_wall_ns)
    past = state.past if state.run is None else (*state.past, state.run)[-_RUNS_KEPT:]
    return replace(
        state,
        run=stamp.run,
        seq=-1,
        newest_mono_ns=stamp.mono_ns,
        past=past,
        recent=(),
        unknown_mono_ns=None,
        closed_mono_ns=closed_ns,
    )


def _take(state: Episodes, judgement: Judgement, passed_ns: int, rules: Rules) -> tuple[Episodes, Told]:
    sighting = sighting_of(judgement)
    now_ns = state.newest_mono_ns
    if state.event is not None and judgement.accepting and sighting is not None:
        state = replace(state, accepting=True)
    if sighting is not None:
        state = replace(state, quiet_ns=0)
    elif state.unknown_mono_ns is None:  # time that begins with an unknown frame was not seen to be quiet
        state = replace(state, quiet_ns=state.quiet_ns + passed_ns)
    if sighting is None and judgement.verdict is not Verdict.NORMAL:
        since_ns = now_ns if state.unknown_mono_ns is None else state.unknown_mono_ns
        state = replace(state, unknown_mono_ns=since_ns)
        return end(state, "verdict unknown") if now_ns - since_ns >= rules.unknown_s * _S else (state, ())
    state = replace(state, unknown_mono_ns=None)
    if state.event is None:
        # One pause does not make a slow camera.
        oldest_ns = now_ns - max(rules.window_s * _S, rules.open_n * min(passed_ns, state.apart_ns))
        kept = tuple(j for j in state.recent if j.mono_ns >= oldest_ns)
        state = replace(state, recent=(*kept, Judged(now_ns, sighting))[-rules.open_n :])
        return _maybe_open(state, rules, judgement)
    if sighting is not None:
        return _go_on(state, state.event, sighting, rules)
    if state.quiet_ns < rules.quiet_s * _S:
        return state, ()
    return end(state, "accepted" if state.accepting else "quiet")


def _maybe_open(state: Episodes, rules: Rules, judgement: Judgement) -> tuple[Episodes, Told]:
    seen = [judged.sighting for judged in state.recent if judged.sighting is not None]
    # Only an anomalous frame opens, though enough of them may lie before.
    if not enough(seen, rules.open_m) or state.recent[-1].sighting is None:
        return state, ()
    before = _returning(state, rules)
    if before is None:
        event, rest = opened(judgement, seen[0]), seen[1:]
    else:
        event, rest = replace(before, phase=Phase.UPDATED, cause=None), seen
    for sighting in rest:
        event = gone_on(event, sighting)
    state = replace(state, last=None, joined=state.joined + (before is not None), quiet_ns=0, recent=())
    return _told(state, event)


def _returning(state: Episodes, rules: Rules) -> Event | None:
    """The event that closed so lately that what opens now goes on with it."""
    if state.last is None or state.closed_mono_ns is None:
        return None
    return state.last if state.newest_mono_ns - state.closed_mono_ns < rules.refractory_s * _S else None


def _go_on(state: Episodes, event: Event, sighting: Sighting, rules: Rules) -> tuple[Episodes, Told]:
    event = gone_on(event, sighting)
    before = event if state.told is None else state.told
    silent_ns = state.newest_mono_ns - state.told_mono_ns
    grown = event.score > before.score and event.score >= before.score * rules.growth
    due = silent_ns >= rules.max_s * _S or (grown and silent_ns >= rules.update_s * _S)
    if not due and not has_new_rule(event, before):
        return replace(state, event=event), ()
    return _told(state, replace(event, phase=Phase.UPDATED))


def _told(state: Episodes, event: Event) -> tuple[Episodes, Told]:
    return replace(state, event=event, told=event, told_mono_ns=state.newest_mono_ns), (event,)
