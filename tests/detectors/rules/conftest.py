"""Conditions of any shape, for property tests of the rules."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from detectors.rules.conditions import And, Between, Comparison, Condition, Held, Not, Or, Quantity, Sign
from detectors.rules.vocabulary import DETECTOR, QUANTITIES, ZONE, Kind, Known, Vocabulary

VOCABULARY = Vocabulary(zones=("porch", "drive-way", "2"), detectors=("prediction", "motion"))


def _here(known: Known) -> list[str]:
    """The names that an entry of the table stands for on this camera."""
    owner, _, part = known.name.partition(".")
    if owner == ZONE:
        return [f"{zone}.{part}" for zone in VOCABULARY.zones]
    return [f"score.{name}" for name in VOCABULARY.detectors] if part == DETECTOR else [known.name]


def _comparisons(known: Known) -> st.SearchStrategy[Condition]:
    names = st.sampled_from(_here(known))
    alike = [
        name for each in QUANTITIES if (each.kind, each.words) == (known.kind, known.words) for name in _here(each)
    ]
    others: st.SearchStrategy[float | str | Quantity] = st.sampled_from(alike).map(Quantity)
    if known.kind is Kind.WORD:
        signs = st.sampled_from([Sign.IS, Sign.IS_NOT])
        return st.builds(Comparison, names, signs, others | st.sampled_from([str(word) for word in known.words]))
    numbers = (
        st.integers(0, 1440).map(float)
        if known.kind is Kind.CLOCK
        else st.floats(0, allow_infinity=False, allow_nan=False)
    )
    pairs = st.lists(numbers, min_size=2, max_size=2, unique=True)
    if known.kind is not Kind.CLOCK:
        pairs = pairs.map(sorted)
    between = st.builds(lambda name, pair: Between(name, *pair), names, pairs)
    return st.builds(Comparison, names, st.sampled_from(Sign), others | numbers) | between


_conditions = st.recursive(
    st.one_of([_comparisons(known) for known in QUANTITIES]),
    lambda inner: st.one_of(
        st.builds(Held, inner, st.floats(0, 86_400, exclude_min=True)),
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: And(tuple(each))),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: Or(tuple(each))),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """Of a camera with three zones and two detectors."""
    return VOCABULARY


@pytest.fixture(scope="session")
def conditions() -> st.SearchStrategy[Condition]:
    """Any condition over that vocabulary."""
    return _conditions
