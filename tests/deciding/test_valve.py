"""The valve: who is told at once, and which of the held events speaks for the others."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Reason
from monitor.deciding.valve import LEAST_A_DAY, OVER_BUDGET, STILL_LEARNING, Budget, Valve, decided, digest
from monitor.types import Event, Phase, State
from monitor.views import Ground, Tally

BUDGET = Budget(alerts_per_day=4.0, early_alerts=2)
MOTION = Reason("motion", "moves", 0.001, None)
MOVED = Reason("view", "the camera was moved", None, None, "tamper")
RULE = Reason("porch", "somebody stays on the porch", None, None, "rules")


def event(
    *,
    state: State = State.ACTIVE,
    reasons: tuple[Reason, ...] = (MOTION,),
    score: float = 4.0,
    limit: float = 2.0,
    number: int = 0,
) -> Event:
    """An event that has just opened."""
    return Event(
        id=f"{number:016x}",
        camera="gate",
        phase=Phase.OPENED,
        began_ns=0,
        ended_ns=1,
        began_pts=None,
        ended_pts=None,
        peak_ns=0,
        score=score,
        limit=limit,
        p_value=None,
        frames=3,
        state=state,
        reasons=reasons,
        cause=None,
        snapshot=None,
        overlay=None,
        clip=None,
    )


@pytest.mark.parametrize(
    ("state", "tally", "ground", "held"),
    [
        pytest.param(State.ACTIVE, Tally(), Ground.LIMIT, "", id="the first of the day"),
        pytest.param(State.ACTIVE, Tally(told=11), Ground.LIMIT, "", id="the budget is no cap"),
        pytest.param(State.ACTIVE, Tally(told=12), Ground.LIMIT, OVER_BUDGET, id="three times the budget is"),
        pytest.param(State.ACTIVE, Tally(held=99), Ground.LIMIT, "", id="what was held takes nobody's place"),
        pytest.param(State.CALIBRATING, Tally(told=1, early=1), Ground.EARLY, "", id="an early one"),
        pytest.param(State.CALIBRATING, Tally(told=9), Ground.EARLY, "", id="those above a proven limit are not early"),
        pytest.param(State.CALIBRATING, Tally(told=2, early=2), Ground.EARLY, STILL_LEARNING, id="one early too many"),
        pytest.param(State.CALIBRATING, Tally(told=12), Ground.EARLY, OVER_BUDGET, id="an early one of a lively day"),
        pytest.param(State.DEGRADED, Tally(told=2, early=2), Ground.LIMIT, "", id="the limit is proven by now"),
    ],
)
def test_who_is_told_at_once(state: State, tally: Tally, ground: Ground, held: str) -> None:
    """A few while the camera is learned, then up to three times the budget in a day."""
    decision = decided(event(state=state), BUDGET, tally)
    assert (decision.ground, decision.held) == (ground, held)


@pytest.mark.parametrize("told", [0, LEAST_A_DAY - 1, LEAST_A_DAY])
def test_a_tiny_budget_leaves_three_a_day(told: int) -> None:
    """A tenth of an alert a day does not mean that the second is kept from people."""
    assert decided(event(), Budget(0.1, 0), Tally(told=told)).held == ("" if told < LEAST_A_DAY else OVER_BUDGET)


@given(
    state=st.sampled_from(State),
    told=st.integers(0, 1000),
    early=st.integers(0, 1000),
    budget=st.none() | st.builds(Budget, st.floats(0.01, 100), st.integers(0, 100)),
)
def test_a_rule_is_always_told_and_without_a_budget_everything_is(
    state: State, told: int, early: int, budget: Budget | None
) -> None:
    """Whatever was told before."""
    tally = Tally(told=told, early=early)
    assert not decided(event(state=state, reasons=(RULE, MOTION)), budget, tally).held
    assert not decided(event(state=state), None, tally).held


LIFE = st.lists(
    st.tuples(st.floats(0, 6), st.sampled_from([State.ACTIVE, State.CALIBRATING]), st.booleans()), max_size=200
)


@given(life=LIFE, budget=st.builds(Budget, st.floats(0.01, 10), st.integers(0, 20)))
def test_in_no_24_hours_more_than_three_budgets_are_told_at_once(
    life: list[tuple[float, State, bool]], budget: Budget
) -> None:
    """For any sequence of events; of early ones never more than wanted; and none is held before so many were told."""
    at_h, told = 0.0, list[tuple[float, Ground]]()
    for passed_h, state, by_rule in life:
        at_h += passed_h
        lately = [ground for when_h, ground in told if at_h - when_h < 24]
        early = lately.count(Ground.EARLY)
        decision = decided(
            event(state=state, reasons=(RULE,) if by_rule else ()), budget, Tally(told=len(lately), early=early)
        )
        if not decision.held and decision.ground is not Ground.RULE:
            told.append((at_h, decision.ground))
        within = [ground for when_h, ground in told if at_h - when_h < 24]
        assert len(within) <= math.ceil(max(3, 3 * budget.alerts_per_day))
        assert within.count(Ground.EARLY) <= budget.early_alerts
        most = {"": 0.0, STILL_LEARNING: budget.early_alerts, OVER_BUDGET: max(3, 3 * budget.alerts_per_day)}
        assert len(within) >= most[decision.held]


def test_the_digest_tells_the_strongest_and_how_many_others_there_are() -> None:
    """Strongest is what most exceeds its limit, not what has the highest score."""
    waiting = [event(number=1), event(number=2, score=9.0, limit=3.0), event(number=3, score=50.0, limit=40.0)]
    told = digest(waiting)
    assert (int(told.id, 16), told.also) == (2, 2)
    assert digest(waiting[:1]).also == 0
    assert digest([*waiting, event(number=4, score=0.1, limit=0.0)]).id.endswith("4"), "a limit of 0 is exceeded most"


def test_a_budget_can_be_changed_while_it_runs() -> None:
    """What opens next is decided by the new one; early alerts stay as they were."""
    valve = Valve({"gate": BUDGET, "yard": None})
    assert valve.decide(event(), Tally(told=12)).held
    valve.set_budget("gate", 5.0)
    assert valve.alerts_per_day("gate") == 5.0
    assert not valve.decide(event(), Tally(told=12)).held
    assert valve.decide(event(state=State.CALIBRATING), Tally(early=2)).held


@pytest.mark.parametrize(
    ("set_budget", "message"),
    [
        (lambda valve: valve.set_budget("yard", 5.0), "camera yard: expected one with a budget"),
        (lambda valve: valve.set_budget("stranger", 5.0), "camera stranger: expected one with a budget"),
        (lambda valve: valve.set_budget("gate", 0.0), "above 0"),
        (lambda valve: valve.set_budget("gate", math.nan), "above 0"),
    ],
)
def test_a_budget_that_cannot_be_is_refused(set_budget: Callable[[Valve], None], message: str) -> None:
    """And nothing is changed."""
    valve = Valve({"gate": BUDGET, "yard": None})
    with pytest.raises(ValueError, match=message):
        set_budget(valve)
    assert (valve.alerts_per_day("gate"), valve.alerts_per_day("yard")) == (4.0, None)


def test_budgets_change_places_camera_by_camera() -> None:
    """Also with none: then nothing is held any more."""
    valve, other = Valve({"gate": BUDGET, "yard": BUDGET}), Valve({"gate": None})
    valve.exchange(other, "gate")
    assert (valve.alerts_per_day("gate"), other.alerts_per_day("gate")) == (None, 4.0)
    assert valve.alerts_per_day("yard") == 4.0
    assert not valve.decide(event(), Tally(told=1000)).held
