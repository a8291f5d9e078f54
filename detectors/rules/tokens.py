"""A condition's text into words with their places, and the one error that points at them. Knows no grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Longer ones are a mistake, or somebody's attempt to keep us busy.
MAX_LENGTH = 1000
_MAX_SHOWN = 40
_EXCERPT = 100  # characters of a long condition that are shown round the word
_TOKEN = re.compile(r"\s*(?P<token>[A-Za-z0-9_.-][A-Za-z0-9_.:+-]*|[<>=!&|≤≥≠]+|\S)")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, sign or parenthesis.

    Attributes:
        text: In lower case; "" for the end of the condition.
        column: Of its first character, counted from 1.
    """

    text: str
    column: int


class RuleError(ValueError):
    """A condition cannot be understood; nothing was kept of it.

    Attributes:
        condition: The text.
        column: Where, counted in characters from 1; one beyond the text for its end.
        word: What stands there, "" at the end.
    """

    def __init__(self, condition: str, token: Token, expected: str, advice: str) -> None:
        got = f'"{_shown(token.text)}"' if token.text else "the end"
        super().__init__(f"expected {expected}, got {got} at column {token.column}; {advice}")
        self.condition = condition
        self.column = token.column
        self.word = token.text

    def pointed(self) -> str:
        """The condition, of a long one the part round the word, and in a second line carets below the word."""
        begin = max(0, self.column - 1 - _EXCERPT // 2)
        excerpt = self.condition[begin : begin + _EXCERPT]
        line = "".join(character if character.isprintable() else " " for character in excerpt)
        left, right = "…" * (begin > 0), "…" * (begin + _EXCERPT < len(self.condition))
        start = self.column - 1 - begin
        carets = "^" * max(1, min(len(self.word), len(line) - start))
        return f"{left}{line}{right}".rstrip() + "\n" + " " * (len(left) + start) + carets


def tokens(condition: str) -> Iterator[Token]:
    """The words in their order, then one with an empty text for the end. Case does not matter.

    Raises:
        RuleError: It is longer than `MAX_LENGTH`.
    """
    if len(condition) > MAX_LENGTH:
        rest = Token(condition[MAX_LENGTH:].lower(), MAX_LENGTH + 1)
        raise RuleError(condition, rest, f"at most {MAX_LENGTH} characters", "make two rules of it")
    for match in _TOKEN.finditer(condition):
        yield Token(match["token"].lower(), match.start("token") + 1)
    yield Token("", len(condition.rstrip()) + 1)


def _shown(word: str) -> str:
    word = word.encode("unicode_escape").decode()
    return word if len(word) <= _MAX_SHOWN else word[:_MAX_SHOWN] + "…"
