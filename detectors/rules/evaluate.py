"""Which rules hold for a picture. Knows no pictures: quantities come in by name, and what is fired is told, no more.

Three-valued, after Kleene (Introduction to Metamathematics, 1952, § 64): a quantity that is not known makes a
comparison unknown; `and` is the least, `or` the greatest of false < unknown < true, `not unknown` is unknown. A rule
fires only when it is true: unknown is never normal, and no alarm either.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from detectors.rules.conditions import And, Between, Comparison, Condition, Held, Not, Or, Quantity, Sign, names
from detectors.rules.vocabulary import Kind, known

# None is unknown.
Truth = bool | None
# None, and a name that is missing, are unknown.
Values = Mapping[str, float | str | None]
_SIGNS = {
    Sign.LESS: operator.lt,
    Sign.AT_MOST: operator.le,
    Sign.MORE: operator.gt,
    Sign.AT_LEAST: operator.ge,
    Sign.IS: operator.eq,
    Sign.IS_NOT: operator.ne,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What people want to be told of.

    Attributes:
        name: Each rule of a camera has its own.
        condition: When.
        text: What people read.
    """

    name: str
    condition: Condition
    text: str


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that holds for the picture.

    Attributes:
        name: The rule's; `text` too.
        since_s: `at_s` of the picture from which on it has held without interruption.
    """

    name: str
    text: str
    since_s: float


@dataclass(slots=True)
class _Past:
    """What is known of one condition's past; all of it reaches back to the last cut at most."""

    now: Truth = None
    true_since_s: float | None = None  # the first picture of the run in which it has been true until now
    false_until_s: float = -math.inf  # the first picture after the last for which it was false

    def saw(self, truth: Truth, at_s: float) -> None:
        if False in (truth, self.now):
            self.false_until_s = at_s
        if truth is not True:
            self.true_since_s = None
        elif self.true_since_s is None:
            self.true_since_s = at_s
        self.now = truth

    def held(self, at_s: float, seconds: float) -> Truth:
        """`and` over the last `seconds`; between two pictures it is as at the first of them."""
        if self.true_since_s is not None and at_s - self.true_since_s >= seconds:
            return True
        return False if at_s - self.false_until_s < seconds else None


class Rules:
    """The rules of one camera. Its only memory is how long conditions have held: a few numbers for each.

    Whether a picture follows the one before is the caller's to say, by `cut`: it depends on the camera's rate.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Args: rules: May be none."""
        self._rules = tuple(rules)
        self._clocks = _Clocks()

    @property
    def names(self) -> frozenset[str]:
        """The quantities that the rules speak of."""
        return frozenset(name for rule in self._rules for name in names(rule.condition))

    def step(self, at_s: float, values: Values) -> tuple[Fired, ...]:
        """The rules that hold for the next picture, in their order, at each picture again.

        Args:
            at_s: The picture's, on the camera's own rising clock; one that does not rise is as after `cut`.
            values: At least `names`; a quantity that is not there is unknown. A number that is NaN is unknown.
        """
        if at_s <= self._clocks.at_s:
            self.cut()
        self._clocks.at_s = at_s
        fired = []
        for rule in self._rules:
            past = self._clocks.past(rule)
            past.saw(_truth(rule.condition, values, self._clocks), at_s)
            if past.true_since_s is not None:
                fired.append(Fired(rule.name, rule.text, past.true_since_s))
        return tuple(fired)

    def cut(self) -> None:
        """Forget how long anything has held: the next picture does not follow the last one, or its clock is another."""
        self._clocks = _Clocks()


@dataclass(slots=True)
class _Clocks:
    """What was seen since the last cut, by what must hold; equal conditions have equal pasts and share one."""

    at_s: float = math.inf
    pasts: dict[Rule | Held, _Past] = field(default_factory=dict)

    def past(self, of: Rule | Held) -> _Past:
        return self.pasts.setdefault(of, _Past())


def _truth(condition: Condition, values: Values, clocks: _Clocks) -> Truth:
    """Of a condition now. Every part is looked at each time, since parts may have clocks."""
    match condition:
        case Comparison(name, sign, other):
            return _compared(values.get(name), sign, values.get(other.name) if isinstance(other, Quantity) else other)
        case Between(name, low, high):
            return _between(name, values.get(name), low, high)
        case Held(inner, seconds):
            past = clocks.past(condition)
            past.saw(_truth(inner, values, clocks), clocks.at_s)
            return past.held(clocks.at_s, seconds)
        case Not(inner):
            return negation(_truth(inner, values, clocks))
        case And(conditions):
            return conjunction([_truth(each, values, clocks) for each in conditions])
        case Or(conditions):
            return disjunction([_truth(each, values, clocks) for each in conditions])
        case _:
            assert_never(condition)


def negation(truth: Truth) -> Truth:
    """Kleene's `not`."""
    return None if truth is None else not truth


def conjunction(truths: Sequence[Truth]) -> Truth:
    """Kleene's `and`; of nothing it is true."""
    if False in truths:
        return False
    return None if None in truths else True


def disjunction(truths: Sequence[Truth]) -> Truth:
    """Kleene's `or`; of nothing it is false."""
    return negation(conjunction([negation(truth) for truth in truths]))


def _compared(left: float | str | None, sign: Sign, right: float | str | None) -> Truth:
    if left is None or right is None or left != left or right != right:  # noqa: PLR0124 - NaN
        return None
    return bool(_SIGNS[sign](left, right))


def _between(name: str, value: float | str | None, low: float, high: float) -> Truth:
    after, before = _compared(value, Sign.AT_LEAST, low), _compared(value, Sign.AT_MOST, high)
    told = known(name)
    if told is not None and told.kind is Kind.CLOCK:
        before = _compared(value, Sign.LESS, high)
        return disjunction([after, before]) if low > high else conjunction([after, before])
    return conjunction([after, before])
