"""A condition as people write it into a tree, by recursive descent. Evaluates nothing.

either   = both {"or" both}
both     = negated {"and" negated}
negated  = "not" negated | plain ["for" NUMBER ("s" | "min" | "h")]
plain    = "(" either ")" | QUANTITY SIGN (VALUE | QUANTITY) | QUANTITY "between" VALUE "and" VALUE
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from detectors.rules.conditions import And, Between, Comparison, Condition, Held, Not, Or, Quantity, Sign
from detectors.rules.tokens import RuleError, Token, tokens
from detectors.rules.vocabulary import Kind, Known, Vocabulary, known

# Parentheses and `not` in each other.
MAX_DEPTH = 20
MAX_HELD_S = 86_400.0
_KEYWORDS = {"and", "or", "not", "for", "between"}
_UNITS_S = {"s": 1.0, "min": 60.0, "h": 3600.0}
_NUMBER = re.compile(r"(?P<number>[0-9]+\.?[0-9]*(e[+-]?[0-9]+)?|\.[0-9]+)(?P<unit>s|min|h)?")
_CLOCK = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])|(?P<midnight>24:00)")
# What people mean who know other languages.
_MEANT = {
    "=": "==",
    "=>": ">=",
    "=<": "<=",
    "<>": "!=",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "is": "==",
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
}


def parse(text: str, vocabulary: Vocabulary | None = None) -> Condition:
    """The condition that `text` says.

    Args:
        text: See the module; case does not matter.
        vocabulary: The zones and detectors that it may name; None: any.

    Raises:
        RuleError: It says none, or one of other quantities, or is too long or too deep.
    """
    return _Parser(text, vocabulary).whole()


class _Parser:
    """One pass over one text."""

    def __init__(self, text: str, vocabulary: Vocabulary | None) -> None:
        self._text = text
        self._vocabulary = vocabulary
        self._tokens = list(tokens(text))
        self._at = 0
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._either()
        if self._next.text:
            close = difflib.get_close_matches(self._next.text, ("and", "or", "for"), n=1)
            advice = f"did you mean {close[0]}?" if close else "comparisons are joined by and, or by or"
            raise self._error("and, or, for or the end", advice)
        return condition

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _taken(self) -> Token:
        token = self._next
        self._at += bool(token.text)
        return token

    def _took(self, word: str) -> bool:
        return self._next.text == word and bool(self._taken())

    def _error(self, expected: str, advice: str, token: Token | None = None) -> RuleError:
        token = token or self._next
        meant = _MEANT.get(token.text)
        return RuleError(self._text, token, expected, f"did you mean {meant}?" if meant else advice)

    def _either(self) -> Condition:
        conditions = [self._both()]
        while self._took("or"):
            conditions.append(self._both())
        return conditions[0] if len(conditions) == 1 else Or(tuple(conditions))

    def _both(self) -> Condition:
        conditions = [self._negated()]
        while self._took("and"):
            conditions.append(self._negated())
        return conditions[0] if len(conditions) == 1 else And(tuple(conditions))

    def _negated(self, *, below_not: bool = False) -> Condition:
        if self._next.text == "not":
            return Not(self._deeper(lambda: self._negated(below_not=True)))
        condition = self._plain()
        if self._next.text == "for" and below_not:
            # "not a for 10 s": no a for 10 s, or not a for as long as 10 s? People differ.
            raise self._error("parentheses where not and for meet", "write (not …) for …, or not (… for …)")
        return Held(condition, self._duration_s()) if self._took("for") else condition

    def _plain(self) -> Condition:
        if self._next.text != "(":
            return self._comparison()
        condition = self._deeper(self._either)
        if not self._took(")"):
            raise self._error("and, or, for or )", "close the parenthesis")
        return condition

    def _deeper(self, rest: Callable[[], Condition]) -> Condition:
        """What comes after the next word, a level down."""
        if self._depth == MAX_DEPTH:
            raise self._error(f"at most {MAX_DEPTH} levels of parentheses and not", "make two rules of it")
        self._taken()
        self._depth += 1
        condition = rest()
        self._depth -= 1
        return condition

    def _comparison(self) -> Condition:
        quantity = self._quantity()
        if self._next.text == "between" and quantity.kind is not Kind.WORD:
            return self._between(quantity)
        allowed = [sign.value for sign in Sign if quantity.kind is not Kind.WORD or sign in {Sign.IS, Sign.IS_NOT}]
        if self._next.text not in allowed:
            also = "" if quantity.kind is Kind.WORD else " or between"
            raise self._error(f"one of {' '.join(allowed)}{also}", f"say what {quantity.name} is compared with")
        sign = Sign(self._taken().text)
        return Comparison(quantity.name, sign, self._other(quantity))

    def _quantity(self) -> Known:
        """The quantity that comes next, under the name that it has here."""
        name = self._next.text
        found = known(name)
        if found is None or not (self._vocabulary is None or self._vocabulary.has(name)):
            if _NUMBER.fullmatch(name) or _CLOCK.fullmatch(name):
                raise self._error("a quantity", "write it first, as in motion > 0.1")
            if name in _KEYWORDS or not name[:1].isalnum():
                raise self._error("a quantity", "write a comparison, as in motion > 0.1")
            raise self._error("a known quantity", self._advice(name))
        self._taken()
        return replace(found, name=name)

    def _advice(self, name: str) -> str:
        return (self._vocabulary or Vocabulary()).advice(name)

    def _between(self, quantity: Known) -> Condition:
        self._taken()
        low = self._value(quantity)
        if not self._took("and"):
            raise self._error("and", f"write {quantity.name} between … and …")
        token = self._next
        high = self._value(quantity)
        if quantity.kind is Kind.CLOCK and low == high:
            raise self._error("another time than the first", "leave it out for the whole day", token)
        if quantity.kind is not Kind.CLOCK and low > high:
            raise self._error("the larger of the two", "change their order", token)
        return Between(quantity.name, low, high)

    def _other(self, quantity: Known) -> float | str | Quantity:
        """What `quantity` is compared with: a value, or a quantity that has the same kind of values."""
        token = self._next
        if quantity.kind is Kind.WORD and token.text in quantity.words:
            return self._taken().text
        other = known(token.text)
        if other is not None:
            if (other.kind, other.words) != (quantity.kind, quantity.words):
                raise self._error(_wanted(quantity), f"{token.text} is {_wanted(other)}")
            return Quantity(self._quantity().name)
        if quantity.kind is Kind.WORD:
            raise self._error(_wanted(quantity), _nearest(token.text, quantity.words))
        if token.text[:1].isalpha() and token.text not in _KEYWORDS:
            raise self._error(f"{_wanted(quantity)} or such a quantity", self._advice(token.text))
        return self._value(quantity)

    def _value(self, quantity: Known) -> float:
        """A number, with a unit if it is one of seconds, or a time of day."""
        token = self._next
        if quantity.kind is Kind.CLOCK:
            clock = _CLOCK.fullmatch(token.text)
            if clock is None:
                raise self._error("a time of day as HH:MM", "write it from 00:00 to 24:00")
            self._taken()
            return 1440.0 if clock["midnight"] else 60.0 * int(clock["hour"]) + int(clock["minute"])
        number, unit = self._number(quantity.kind.value)
        if quantity.kind is Kind.SECONDS:
            return number * _UNITS_S[unit or self._unit() or "s"]
        if unit is not None:
            raise self._error("a number without a unit", f"{quantity.name} is no duration", token)
        return number

    def _duration_s(self) -> float:
        token = self._next
        number, unit = self._number("a duration such as 10 s")
        unit = unit or self._unit()
        if unit is None:
            raise self._error("a unit: s, min or h", _nearest(self._next.text, tuple(_UNITS_S)))
        seconds = number * _UNITS_S[unit]
        if not 0 < seconds <= MAX_HELD_S:
            raise self._error("a duration above 0 s and at most 24 h", "change it", token)
        return seconds

    def _number(self, expected: str) -> tuple[float, str | None]:
        """A number, and the unit if it is written without a space between."""
        match = _NUMBER.fullmatch(self._next.text)
        number = float(match["number"]) if match else math.inf
        if match is None or not math.isfinite(number):
            raise self._error(expected, "write it as 0.05, 12 or 1e-4")
        self._taken()
        return number, match["unit"]

    def _unit(self) -> str | None:
        return self._taken().text if self._next.text in _UNITS_S else None


def _wanted(quantity: Known) -> str:
    return f"one of {', '.join(quantity.words)}" if quantity.words else quantity.kind.value


def _nearest(word: str, choice: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, choice, n=1)
    return f"did you mean {close[0]}?" if close else "choose one"
