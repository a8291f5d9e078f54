"""A rule's condition as a frozen tree, and as text again. Neither reads text nor knows what is true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from detectors.rules.vocabulary import Kind, known

_HOUR_MIN = 60


class Sign(StrEnum):
    """How two values are compared."""

    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    IS = "=="
    IS_NOT = "!="


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity by its name in the vocabulary."""

    name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`name sign other`; `other` is a number (of seconds, of minutes since midnight), a word or another quantity."""

    name: str
    sign: Sign
    other: float | str | Quantity


@dataclass(frozen=True, slots=True)
class Between:
    """`name between low and high`: both ends included; a time of day from `low` until before `high`, over midnight."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Held:
    """`condition for seconds s`: true without interruption for so long."""

    condition: Condition
    seconds: float


@dataclass(frozen=True, slots=True)
class Not:
    """`not condition`."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more `conditions`."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two or more `conditions`."""

    conditions: tuple[Condition, ...]


Condition = Comparison | Between | Held | Not | And | Or


def text_of(condition: Condition) -> str:
    """The text that is parsed to this condition again, with parentheses wherever two readers might differ."""
    match condition:
        case Comparison(name, sign, other):
            return f"{name} {sign} {_value(name, other)}"
        case Between(name, low, high):
            return f"{name} between {_value(name, low)} and {_value(name, high)}"
        case Held(inner, seconds):
            return f"{_part(inner)} for {_number(seconds)} s"
        case Not(inner):
            return f"not {_part(inner)}"
        case And(conditions):
            return " and ".join(_part(each) for each in conditions)
        case Or(conditions):
            return " or ".join(_part(each) for each in conditions)
        case _:
            assert_never(condition)


def names(condition: Condition) -> Iterator[str]:
    """Every quantity it speaks of, some of them more than once."""
    match condition:
        case Comparison(name, _, other):
            yield name
            if isinstance(other, Quantity):
                yield other.name
        case Between(name):
            yield name
        case Held(inner) | Not(inner):
            yield from names(inner)
        case And(conditions) | Or(conditions):
            for each in conditions:
                yield from names(each)
        case _:
            assert_never(condition)


def _part(condition: Condition) -> str:
    text = text_of(condition)
    return text if isinstance(condition, Comparison | Between) else f"({text})"


def _value(name: str, value: float | str | Quantity) -> str:
    if isinstance(value, Quantity):
        return value.name
    if isinstance(value, str):
        return value
    told = known(name)
    if told is not None and told.kind is Kind.CLOCK:
        return f"{int(value) // _HOUR_MIN:02}:{int(value) % _HOUR_MIN:02}"
    return _number(value)


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
