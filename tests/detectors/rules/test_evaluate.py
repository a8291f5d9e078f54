"""When rules hold: what is unknown never does, and what must last is watched without a gap."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.rules import Fired, Rule, Rules, parse
from detectors.rules.conditions import Condition, Not
from detectors.rules.evaluate import Truth, Values, conjunction, disjunction, negation

TRUTHS: tuple[Truth, ...] = (False, None, True)
# With `motion` 0, unknown or 1, `motion > 0` is false, unknown or true.
MOTION = {False: 0.0, None: None, True: 1.0}
truths = st.sampled_from(TRUTHS)
# Of a second, so that times add up without rounding.
eighths = st.integers(1, 16).map(lambda number: number / 8)


def rules(*conditions: str | Condition) -> Rules:
    """A rule for each condition, named by its place."""
    parsed = [parse(each) if isinstance(each, str) else each for each in conditions]
    return Rules([Rule(str(index), each, f"text {index}") for index, each in enumerate(parsed)])


def truth(condition: str, values: Values) -> Truth:
    """Of a condition: told apart by a rule of it and one of its opposite."""
    fired = {each.name for each in rules(condition, f"not ({condition})").step(0.0, values)}
    assert len(fired) < 2, "both a condition and its opposite hold"
    return True if fired == {"0"} else False if fired == {"1"} else None


def held(condition: str, seen: Iterable[tuple[float, Truth]]) -> list[Truth]:
    """Of a condition over `motion`, at each of the pictures."""
    both = rules(condition, f"not ({condition})")
    fired = [{each.name for each in both.step(at_s, {"motion": MOTION[truth]})} for at_s, truth in seen]
    return [True if names == {"0"} else False if names == {"1"} else None for names in fired]


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("motion < 0.5", 0.5, False),
        ("motion <= 0.5", 0.5, True),
        ("motion > 0.5", 0.5, False),
        ("motion >= 0.5", 0.5, True),
        ("motion == 0", 0.0, True),
        ("motion != 0", 0.0, False),
        ("motion between 0.1 and 0.5", 0.5, True),
        ("motion between 0.1 and 0.5", 0.1, True),
        ("motion between 0.1 and 0.5", 0.51, False),
        ("motion between 0.1 and 0.5", None, None),
        ("motion > 0.5", math.nan, None),
        ("light == infrared", "infrared", True),
        ("light != infrared", "infrared", False),
        ("time between 22:00 and 06:00", 21 * 60 + 59, False),
        ("time between 22:00 and 06:00", 22 * 60, True),
        ("time between 22:00 and 06:00", 0, True),
        ("time between 22:00 and 06:00", 5 * 60 + 59, True),
        ("time between 22:00 and 06:00", 6 * 60, False),
        ("time between 06:00 and 22:00", 6 * 60, True),
        ("time between 06:00 and 22:00", 22 * 60, False),
        ("time between 18:00 and 24:00", 23 * 60 + 59, True),
        ("time between 22:00 and 06:00", None, None),
    ],
)
def test_comparisons(condition: str, value: float | str | None, expected: Truth) -> None:
    """Both ends count for numbers; a time of day runs until before its end, over midnight where it must."""
    assert truth(condition, {condition.split(maxsplit=1)[0]: value}) is expected


def test_quantities_are_compared_with_each_other_and_are_unknown_when_missing() -> None:
    """A name that is not among the values is as one that is None."""
    assert truth("score > limit", {"score": 2.0, "limit": 1.0}) is True
    assert truth("score > limit", {"score": 1.0, "limit": 2.0}) is False
    assert truth("score > limit", {"score": 1.0, "limit": None}) is None
    assert truth("score > limit", {"limit": 1.0}) is None


@pytest.mark.parametrize(("a", "b"), list(itertools.product(TRUTHS, TRUTHS)))
def test_words_follow_the_tables_of_kleene(a: Truth, b: Truth) -> None:
    """`and` is the least, `or` the greatest of false < unknown < true; `not` turns the order round."""
    values = {"motion": MOTION[a], "score": MOTION[b]}
    order = TRUTHS.index
    assert truth("motion > 0 and score > 0", values) is min(a, b, key=order)
    assert truth("motion > 0 or score > 0", values) is max(a, b, key=order)
    assert truth("not motion > 0", values) is TRUTHS[2 - order(a)]


@settings(deadline=None)
@given(st.lists(truths), st.lists(truths), truths)
def test_laws_of_the_logic(left: Sequence[Truth], right: Sequence[Truth], a: Truth) -> None:
    """De Morgan, double negation, and no matter in which order or groups things are joined."""
    assert negation(negation(a)) is a
    assert negation(conjunction(left)) is disjunction([negation(each) for each in left])
    assert conjunction([*left, *right]) is conjunction([conjunction(right), conjunction(left)])
    assert disjunction([*left, *right]) is disjunction([disjunction(right), disjunction(left)])
    both = [disjunction([a, each]) for each in left]
    assert disjunction([a, conjunction(left)]) is conjunction(both)


@settings(deadline=None)
@given(data=st.data())
def test_what_comes_to_be_known_changes_no_answer_that_was_given(
    data: st.DataObject, conditions: st.SearchStrategy[Condition]
) -> None:
    """A rule that holds though something is unknown holds whatever that turns out to be: unknown is no value."""
    condition = data.draw(conditions)
    names = sorted(rules(condition).names)
    words = {"weekday": "sunday", "light": "infrared", "state": "active", "verdict": "normal"}
    full: dict[str, float | str | None] = {
        name: words.get(name) or data.draw(st.sampled_from([0.0, 0.5, 1.0, 720.0])) for name in names
    }
    hidden = data.draw(st.sets(st.sampled_from(names)))
    known_less = {name: None if name in hidden else value for name, value in full.items()}
    if rules(condition).step(0.0, known_less):
        assert rules(condition).step(0.0, full)


@settings(deadline=None)
@given(data=st.data())
def test_nothing_known_fires_nothing(data: st.DataObject, conditions: st.SearchStrategy[Condition]) -> None:
    """Unknown is never true, and never normal: neither a condition nor its opposite holds."""
    condition = data.draw(conditions)
    assert rules(condition, Not(condition)).step(0.0, {}) == ()


def test_a_rule_says_since_when_it_holds() -> None:
    """At each picture while it holds, from the first one on; anew after a pause."""
    watch = rules("motion > 0")
    seen = [(0.0, 0.0), (0.5, 1.0), (1.0, 1.0), (1.5, None), (2.0, 1.0)]
    fired = [watch.step(at_s, {"motion": motion}) for at_s, motion in seen]
    since = [[each.since_s for each in told] for told in fired]
    assert since == [[], [0.5], [0.5], [], [2.0]]
    assert fired[1] == (Fired("0", "text 0", 0.5),)


def test_rules_are_told_in_their_order_and_name_what_they_ask_for() -> None:
    """Whoever measures need measure no more than that."""
    watch = rules("motion > 0", "score > limit for 1 s", "brightness between 0 and 1 or not light == colour")
    assert watch.names == {"motion", "score", "limit", "brightness", "light"}
    assert [each.name for each in watch.step(0.0, {"motion": 1.0, "brightness": 0.5})] == ["0", "2"]
    assert Rules([]).names == frozenset()
    assert Rules([]).step(0.0, {}) == ()


def test_what_must_last_is_true_once_it_has_lasted() -> None:
    """Not before; one picture for which it is not true begins it anew."""
    seen: list[tuple[float, Truth]] = [(t / 2, True) for t in range(8)] + [(4.0, False)]
    seen += [(4.5 + t / 2, True) for t in range(8)]
    expected = [None] * 6 + [True] * 2 + [False] + [False] * 6 + [True] * 2
    assert held("motion > 0 for 3 s", seen) == expected


def test_unknown_interrupts_what_must_last() -> None:
    """Whether it lasted is then unknown, unless it was false so lately that it cannot have."""
    seen: list[tuple[float, Truth]] = [(0.0, True), (1.0, True), (2.0, None), (3.0, True), (4.0, False), (5.0, None)]
    seen += [(6.0, None), (7.0, None), (8.0, None)]
    assert held("motion > 0 for 2 s", seen) == [None, None, None, None, False, False, False, None, None]


@pytest.mark.parametrize("away_s", [-0.5, 0.0])
def test_a_clock_that_does_not_rise_breaks_what_must_last(away_s: float) -> None:
    """Nobody knows what was in between."""
    watch = rules("motion > 0 for 3 s")
    for turn in range(8):
        fired = watch.step(turn / 2, {"motion": 1.0})
    assert fired
    assert not watch.step(3.5 + away_s, {"motion": 1.0})


def test_a_cut_forgets_how_long() -> None:
    """The picture after it follows nothing; without one, pictures go on, however far apart."""
    for cut in (False, True):
        watch = rules("motion > 0 for 3 s", "motion > 0")
        watch.step(0.0, {"motion": 1.0})
        watch.step(2.0, {"motion": 1.0})
        if cut:
            watch.cut()
        fired = watch.step(4.0, {"motion": 1.0})
        assert [each.since_s for each in fired] == ([4.0] if cut else [4.0, 0.0])


@settings(deadline=None)
@given(st.lists(st.tuples(eighths, truths), max_size=30), eighths)
def test_lasting_is_and_over_the_past(steps: list[tuple[float, Truth]], seconds: float) -> None:
    """Against the plain definition: all that was so at any time in the last seconds, as known at each picture."""
    times = list(itertools.accumulate(passed_s for passed_s, _ in steps))
    seen = list(zip(times, (truth for _, truth in steps), strict=True))
    for index, answer in enumerate(held(f"motion > 0 for {seconds!r} s", seen)):
        now_s = times[index]
        # Each picture stands until the next one; what was before the first one is unknown.
        spans: list[tuple[float, Truth]] = [(times[0], None)]
        spans += [(times[i + 1], seen[i][1]) for i in range(index)]
        past = [truth for until_s, truth in spans if now_s - until_s < seconds]
        assert answer is conjunction([*past, seen[index][1]])
