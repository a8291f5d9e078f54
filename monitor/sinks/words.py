"""A telling in plain words, for people: one line, and a few lines. Decides nothing and knows no sink."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.kinds import Kind
from monitor.sinks.payload import Payload
from monitor.types import Phase


def headline(payload: Payload) -> str:
    """One line: what happened where; says so if it is only a test."""
    why = payload.reasons[0].text if payload.reasons else "something rare"
    if payload.kind is Kind.TEST:
        return f"TEST: {why}"
    if payload.kind is Kind.HEALTH:
        over = "is over" if payload.phase is Phase.CLOSED else "trouble"
        return f"rareframe {over}: {payload.reasons[0].detector}: {why}"
    ended = f" (ended: {payload.cause})" if payload.phase is Phase.CLOSED else ""
    return f"{payload.camera}: {why}{ended}"


def text(payload: Payload) -> str:
    """A few lines: what, when, how rare, what else is to be known, and where to see it."""
    return "\n".join(_lines(payload))


def _lines(payload: Payload) -> Iterator[str]:
    yield headline(payload)
    yield f"{payload.phase.value}, from {payload.began} to {payload.ended}"
    if payload.kind is Kind.ANOMALY:
        chance = "" if payload.p_value is None else f", p-value {payload.p_value:.2g}"
        yield f"score {payload.score:.3g} above its limit {payload.limit:.3g}{chance}"
        yield from (f"also: {reason.text}" for reason in payload.reasons[1:])
    if payload.note:
        yield payload.note
    if payload.link is not None:
        yield payload.link
    yield f"event {payload.key}"
