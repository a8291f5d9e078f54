"""Which events are told at once and which are held back for the hour's digest. Pure: stores, counts and sends nothing.

The alert budget is a rate that limits are set for, not a cap. The valve only keeps people from being flooded while a
camera's limit is not proven yet, and on a day on which something is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from monitor.deciding.sightings import SPOKEN
from monitor.kinds import Kind, kind_of
from monitor.types import Event, State
from monitor.views import Decision, Ground, Tally

STILL_LEARNING = "still learning"
OVER_BUDGET = "over budget"
# An event is held for at most so long before a digest tells of it: so there is at most one an hour.
DIGEST_S = 3600.0
# So many times the budget may be told in a day: enough for a lively day, few enough to be read.
MOST_OF_BUDGET = 3
LEAST_A_DAY = 3


@dataclass(frozen=True, slots=True)
class Budget:
    """What one camera's people want.

    Attributes:
        alerts_per_day: About so many, above 0.
        early_alerts: At most so many in 24 hours while the limit is not proven, 0 or more.
    """

    alerts_per_day: float
    early_alerts: int

    def __post_init__(self) -> None:
        """Refuse what is no rate."""
        if not (isfinite(self.alerts_per_day) and self.alerts_per_day > 0) or self.early_alerts < 0:
            raise ValueError(f"budget: expected alerts_per_day above 0 and early_alerts of 0 or more, got {self}")

    @property
    def most_a_day(self) -> float:
        """So many are told at once in 24 hours; the rest is held."""
        return max(LEAST_A_DAY, MOST_OF_BUDGET * self.alerts_per_day)


def decided(event: Event, budget: Budget | None, tally: Tally) -> Decision:
    """Whether `event`, new now, is told at once.

    Args:
        budget: None: everything is told.
        tally: Of the 24 hours before.
    """
    ground = _ground(event)
    if budget is None or ground is Ground.RULE:
        return Decision(ground, "")
    if ground is Ground.EARLY and tally.early >= budget.early_alerts:
        return Decision(ground, STILL_LEARNING)
    if tally.told >= budget.most_a_day:
        return Decision(ground, OVER_BUDGET)
    return Decision(ground, "")


def digest(waiting: Sequence[Event]) -> Event:
    """The one of these held events that is told for all of them: the strongest. `waiting` is not empty."""
    return replace(max(waiting, key=_strength), also=len(waiting) - 1)


class Valve:
    """The budgets of all cameras, which may change at any time and from any thread."""

    digest_s = DIGEST_S

    def __init__(self, budgets: Mapping[str, Budget | None]) -> None:
        """`budgets` by camera; None: nothing of that camera is ever held."""
        self._budgets = dict(budgets)

    def decide(self, event: Event, tally: Tally) -> Decision:
        """Whether `event`, new now, is told at once; of a camera that is not known everything is."""
        return decided(event, self._budgets.get(event.camera), tally)

    def digest(self, waiting: Sequence[Event]) -> Event:
        """See `digest`."""
        return digest(waiting)

    def alerts_per_day(self, camera: str) -> float | None:
        """The budget of `camera` as it is now; None if it has none."""
        budget = self._budgets.get(camera)
        return None if budget is None else budget.alerts_per_day

    def exchange(self, other: Valve, camera: str) -> None:
        """Change the budget of `camera` for that of `other`, which gets this one."""
        self._budgets[camera], other._budgets[camera] = other._budgets.get(camera), self._budgets.get(camera)

    def set_budget(self, camera: str, alerts_per_day: float) -> None:
        """From now on about so many are wanted.

        Raises:
            ValueError: No such camera, one without a budget, or no rate. Nothing was changed.
        """
        budget = self._budgets.get(camera)
        if budget is None:
            raise ValueError(
                f"camera {camera}: expected one with a budget, got none; add `budget` to its configuration"
            )
        self._budgets[camera] = replace(budget, alerts_per_day=alerts_per_day)


def _ground(event: Event) -> Ground:
    if kind_of(event) is not Kind.ANOMALY or (event.reasons and event.reasons[0].channel in SPOKEN):
        return Ground.RULE
    return Ground.EARLY if event.state is State.CALIBRATING else Ground.LIMIT


def _strength(event: Event) -> tuple[float, float]:
    """How many times its limit; among those of limit 0 the score decides."""
    return (event.score / event.limit if event.limit > 0 else float("inf"), event.score)
