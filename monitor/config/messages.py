"""What pydantic found wrong, told the house's way: where, what was expected, what was got, what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from pydantic_core import ErrorDetails

from monitor.config.expected import Expectations, Schema
from monitor.config.section import NAME_WORDS
from monitor.config.text import Located, Problem
from monitor.redaction import HIDDEN, without_credentials

_MAX_SHOWN = 60
_SECRET_KEY = re.compile(r"pass|secret|token|key|url|_env$|_file$", re.IGNORECASE)
# Our validators speak of a key below their section as "key.path: expected …".
_OWN_KEY = re.compile(r"(?P<path>[a-z0-9_-]+(\.[a-zA-Z0-9_-]+)*): (?P<rest>expected .*)", re.DOTALL)


def problem(error: ErrorDetails, root: Located, expectations: Expectations) -> Problem:
    """One of pydantic's errors, located in what was validated."""
    steps, schema = expectations.path(error["loc"])
    kind = error["type"]
    if kind == "value_error":
        message = str(error["ctx"]["error"])
        own = _OWN_KEY.fullmatch(message)
        if own:
            steps += [int(step) if step.isdecimal() else step for step in own["path"].split(".")]
            message = own["rest"]
        return _at(root, steps, message)
    if error["loc"] and error["loc"][-1] == "[key]":
        return _at(root, steps, f"expected {NAME_WORDS}, got {_shown(str(steps[-1]), '')}; rename it")
    if kind == "missing":
        return _at(root, steps, f"expected {expectations.words(schema)}, got nothing; add it")
    if kind == "extra_forbidden":
        _, parent = expectations.path(error["loc"][:-1])
        return _at(root, steps, _unknown_key(str(steps[-1]), expectations.keys(parent)))
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return _tag(error, root, steps, schema)
    return _at(root, steps, _wrong_value(_find(root, steps)[0], str(steps[-1]) if steps else "", schema, expectations))


def _find(root: Located, steps: Sequence[str | int]) -> tuple[Located, list[str | int]]:
    """The deepest value on the way, and the steps that lead on from it into nothing."""
    here = root
    for index, step in enumerate(steps):
        below = here.value
        if isinstance(below, Mapping):
            child = below.get(str(step))
        else:
            child = below[step] if isinstance(below, tuple) and isinstance(step, int) and step < len(below) else None
        if child is None:
            return here, list(steps[index:])
        here = child
    return here, []


def _at(root: Located, steps: Sequence[str | int], message: str) -> Problem:
    found, missing = _find(root, steps)
    path = ".".join(part for part in (found.path, *map(str, missing)) if part)
    return Problem(found.file, found.line, path, message)


def _unknown_key(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    advice = f"did you mean `{close[0]}`?" if close else f"the keys here are {', '.join(known)}"
    return f"expected a known key, got `{key}`; {advice}"


def _tag(error: ErrorDetails, root: Located, steps: Sequence[str | int], schema: Schema) -> Problem:
    tag = schema["discriminator"]["propertyName"]
    names = list(schema["discriminator"]["mapping"])
    expected = f"expected one of {', '.join(names)}"
    if error["type"] == "union_tag_not_found":
        return _at(root, [*steps, tag], f"{expected}, got nothing; add `{tag}`")
    node, _ = _find(root, [*steps, tag])
    return _at(root, [*steps, tag], f"{expected}, got {_got(node, tag)}; {_choice(node, names)}")


def _wrong_value(node: Located, key: str, schema: Schema, expectations: Expectations) -> str:
    words = expectations.words(schema)
    return f"expected {words}, got {_got(node, key)}; {_advice(node, words, schema)}"


def _advice(node: Located, words: str, schema: Schema) -> str:
    value = node.value
    if "number" in words and isinstance(value, str) and _is_number(value):
        in_full = "e" in value.lower()
        return "write it in full, or as 1.0e+3 with a point and a sign" if in_full else "remove the quotes"
    is_text = words.startswith(("a text", "one of")) or schema.get("type") == "string"
    if is_text and not isinstance(value, str | Mapping | tuple):
        return "put it in quotes"
    if "enum" in schema:
        return _choice(node, [str(option) for option in schema["enum"]])
    if value is None:
        return "give a value or remove the key"
    return "change it"


def _choice(node: Located, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(node.value), names, n=1)
    return f"did you mean {close[0]}?" if close else "choose one"


def _got(node: Located, key: str) -> str:
    match node.value:
        case bool():
            got = f"{node.text} (true or false)"
        case int():
            got = f"{_shown_text(node.text, key)} (a whole number)"
        case float():
            got = f"{_shown_text(node.text, key)} (a number)"
        case str():
            got = f"{_shown(node.value, key)} (a text)"
        case None:
            got = "nothing (null)"
        case Mapping():
            got = "keys and values" if node.value else "no keys at all"
        case _:
            got = "a list" if node.value else "an empty list"
    return got


def _shown(text: str, key: str) -> str:
    return f'"{_shown_text(text, key)}"'


def _shown_text(text: str, key: str) -> str:
    if _SECRET_KEY.search(key):
        return HIDDEN
    text = without_credentials(text).encode("unicode_escape").decode()
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
