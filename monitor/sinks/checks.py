"""What every sink must promise, as checks that can be run over any sink and its destination. Knows no sink."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from monitor.sink import Sink, SinkError, telling_key
from monitor.types import Event, Phase, State

_SLACK_S = 1.0  # for a busy machine

EVENT = Event(
    id="0123456789abcdef",
    camera="gate",
    phase=Phase.OPENED,
    began_ns=1_790_000_000_000_000_000,
    ended_ns=1_790_000_002_000_000_000,
    began_pts=1.5,
    ended_pts=3.5,
    peak_ns=1_790_000_001_000_000_000,
    score=4.5,
    limit=3.0,
    p_value=0.001,
    frames=5,
    state=State.ACTIVE,
    reasons=(),
    cause=None,
    snapshot=None,
    overlay=None,
    clip=None,
)


class Subject(Protocol):
    """One sink with its destination, which can be made to misbehave."""

    @property
    def sink(self) -> Sink:
        """The sink under test."""

    @property
    def timeout_s(self) -> float:
        """The time-out that it was given."""

    @property
    def secret(self) -> str:
        """What it must never tell; "" if it was given no secret."""

    def received(self) -> Sequence[str]:
        """The telling keys that arrived, repeats included, in order."""

    def refuse(self) -> None:
        """From now on the destination cannot be reached, for a while."""

    def reject(self) -> bool:
        """From now on it will never take what it is sent; False if that cannot be for this kind."""

    def hang(self) -> bool:
        """From now on it takes nothing and says nothing; False if that cannot be for this kind."""


def check_every_phase_arrives(subject: Subject) -> None:
    """Each phase arrives once, in the order told, with its own key."""
    events = [EVENT, replace(EVENT, phase=Phase.UPDATED, frames=9), replace(EVENT, phase=Phase.CLOSED, cause="quiet")]
    for event in events:
        subject.sink.deliver(event)
    _expect(list(subject.received()), [telling_key(event) for event in events], "keys received")


def check_the_same_twice_is_told_by_one_key(subject: Subject) -> None:
    """A telling that is sent again can be recognised by its key."""
    subject.sink.deliver(EVENT)
    subject.sink.deliver(EVENT)
    _expect(set(subject.received()), {telling_key(EVENT)}, "keys received")


def check_refused_is_retryable(subject: Subject) -> None:
    """A destination that cannot be reached is worth another try."""
    subject.refuse()
    _expect(_failure(subject).retryable, True, "retryable when refused")


def check_rejected_is_final(subject: Subject) -> None:
    """What will never be taken is not tried again."""
    if subject.reject():
        _expect(_failure(subject).retryable, False, "retryable when rejected")


def check_returns_within_its_timeout(subject: Subject) -> None:
    """A destination that hangs costs no more than the time-out, and is worth another try."""
    if not subject.hang():
        return
    started_s = time.monotonic()
    error = _failure(subject)
    took_s = time.monotonic() - started_s
    _expect(took_s < subject.timeout_s + _SLACK_S, True, f"back in time (took {took_s:.1f} s)")
    _expect(error.retryable, True, "retryable when it hung")


def check_errors_tell_no_secret(subject: Subject) -> None:
    """No error message holds a secret, and each names the sink."""
    subject.refuse()
    text = str(_failure(subject))
    _expect(bool(subject.secret) and subject.secret in text, False, "secret told")
    _expect(subject.sink.name in text, True, "sink named")


def check_close_twice(subject: Subject) -> None:
    """Closing twice is fine."""
    subject.sink.close()
    subject.sink.close()


SINK_CHECKS: tuple[Callable[[Subject], None], ...] = (
    check_every_phase_arrives,
    check_the_same_twice_is_told_by_one_key,
    check_refused_is_retryable,
    check_rejected_is_final,
    check_returns_within_its_timeout,
    check_errors_tell_no_secret,
    check_close_twice,
)


def _failure(subject: Subject) -> SinkError:
    try:
        subject.sink.deliver(EVENT)
    except SinkError as error:
        return error
    raise AssertionError(f"{subject.sink.name}: expected a SinkError, got none")


def _expect(got: object, expected: object, what: str) -> None:
    if got != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {got!r}")
