"""What every topic needs of its series: totals of processes that restart, words that stay few, and the unknown."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter

# Reasons, causes and detectors are short fixed sets; whatever goes beyond is a fault and must not grow the series.
_MOST_WORDS = 32
_BOOTS_KEPT = 8


@dataclass(slots=True)
class Words:
    """Values of one label that no configuration names; those after the 32nd are "other"."""

    known: set[str] = field(default_factory=set)

    def bounded(self, word: str) -> str:
        """`word`, or "other"."""
        if word not in self.known and len(self.known) >= _MOST_WORDS:
            return "other"
        self.known.add(word)
        return word


@dataclass(slots=True)
class Totals:
    """One counter's children, each fed with the totals of processes that restart."""

    counter: Counter
    seen: dict[tuple[str, ...], dict[str, int]] = field(default_factory=dict)

    @classmethod
    def made(cls, name: str, text: str, labels: Collection[str], registry: CollectorRegistry) -> Totals:
        """A new counter in `registry`."""
        return cls(Counter(name, text, labels, registry=registry))

    def tell(self, labels: tuple[str, ...], boot: str, total: int) -> None:
        """The process of this `boot` has counted so many since it started."""
        boots = self.seen.setdefault(labels, {})
        before = boots.pop(boot, 0)
        boots[boot] = max(before, total)  # as the newest one
        while len(boots) > _BOOTS_KEPT:
            boots.pop(next(iter(boots)))
        child = self.counter.labels(*labels) if labels else self.counter
        child.inc(max(0, total - before))


def or_nan(value: float | None) -> float:
    """What is not known is no number; 0 would be one."""
    return math.nan if value is None else value
