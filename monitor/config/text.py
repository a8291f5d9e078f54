"""YAML text into plain values that know where they stand. Knows nothing of which keys mean what.

Reads what PyYAML calls YAML 1.1 and refuses what that version reads otherwise than a person does: a key given twice, a
key such as `on` (read as true), a number such as 12:30 (read as 750) or 010 (read as 8), a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

Scalar = str | int | float | bool | None
Plain = Scalar | dict[str, "Plain"] | list["Plain"]

MAX_BYTES = 1_000_000
MAX_VALUES = 20_000  # aliases of aliases could otherwise make a small file fill the memory
_MISREAD_NUMBER = re.compile(r"[-+]?(0[0-7_]+|0[bx].*|.*[:_].*)", re.IGNORECASE)
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration. `line` counts from 1, 0 where there is none; `path` may be empty."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        """`FILE:LINE: key.path: message`."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"


class ConfigError(ValueError):
    """A configuration cannot be used; lists everything wrong with it, one line each."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Located:
    """A value and where it was written.

    Attributes:
        value: A scalar, or a mapping or list of more of these.
        file: As it was named by the person.
        line: Of its key, or of itself in a list; counts from 1, 0 for a value that stands in no file.
        path: Keys joined by dots.
        text: A scalar as it was written, without quotes.
    """

    value: Scalar | Mapping[str, Located] | tuple[Located, ...]
    file: str
    line: int
    path: str
    text: str = ""

    def plain(self) -> Plain:
        """The value alone."""
        if isinstance(self.value, Mapping):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, tuple):
            return [item.plain() for item in self.value]
        return self.value


class _Loader(yaml.SafeLoader):
    """SafeLoader that leaves dates as text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TAG + "timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_file(path: Path) -> Located:
    """As `read_text`, for a file.

    Raises:
        ConfigError: It cannot be read, or is not such text.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(
            (Problem(str(path), 0, "", f"expected a readable file, got: {reason}; check the path"),)
        ) from error
    if len(raw) > MAX_BYTES:
        message = f"expected at most {MAX_BYTES} bytes; is this a configuration?"
        raise ConfigError((Problem(str(path), 0, "", message),))
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"expected UTF-8 text, got the byte 0x{raw[error.start]:02x}; save the file as UTF-8"
        raise ConfigError((Problem(str(path), line, "", message),)) from error
    return read_text(text, str(path))


def read_text(text: str, file: str) -> Located:
    """The one mapping that a YAML text holds; an empty text is an empty mapping.

    Args:
        text: YAML 1.1.
        file: How to name it in messages.

    Raises:
        ConfigError: It is not YAML, or holds something that is refused (see the module).
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return Located({}, file, 1, "")
        reading = _Reading(loader, file)
        root = reading.located(node, 1, "")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"expected YAML, got: {error.problem or error.context}; check indentation, colons and quotes"
        raise ConfigError((Problem(file, mark.line + 1 if mark else 0, "", message),)) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"expected printable text, got the character {error.character!r}; remove it"
        raise ConfigError((Problem(file, line, "", message),)) from error
    except RecursionError as error:
        raise ConfigError(
            (Problem(file, 0, "", "expected a few levels of keys, got a nest without end; simplify"),)
        ) from error
    if not isinstance(root.value, Mapping) and not reading.problems:
        reading.problems.append(
            Problem(file, root.line, "", "expected keys and values, got something else; see default.yaml")
        )
    if reading.problems:
        raise ConfigError(tuple(reading.problems))
    return root


class _Reading:
    """One pass over a text's nodes, collecting what is wrong with them."""

    def __init__(self, loader: _Loader, file: str) -> None:
        self.loader = loader
        self.file = file
        self.problems: list[Problem] = []
        self._values = 0

    def located(self, node: yaml.Node, line: int, path: str) -> Located:
        """The node's value, and its children's."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise ConfigError(
                (Problem(self.file, line, path, f"expected at most {MAX_VALUES} values; use fewer aliases"),)
            )
        value: Scalar | Mapping[str, Located] | tuple[Located, ...]
        text = ""
        if node.tag not in {_TAG + kind for kind in ("map", "seq", "str", "int", "float", "bool", "null")}:
            self._problem(line, path, f"expected no tag, got {node.tag!r}; remove it")
            value = None
        elif isinstance(node, yaml.MappingNode):
            value = dict(self._items(node, path))
        elif isinstance(node, yaml.SequenceNode):
            value = tuple(
                self.located(item, item.start_mark.line + 1, _joined(path, str(index)))
                for index, item in enumerate(node.value)
            )
        else:
            text = str(node.value)
            value = self._scalar(node, line, path)
        return Located(value, self.file, line, path, text)

    def _items(self, node: yaml.MappingNode, path: str) -> Iterator[tuple[str, Located]]:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _TAG + "merge":
                continue
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != _TAG + "str":
                got = f"`{key_node.value}`" if isinstance(key_node, yaml.ScalarNode) else "a list or mapping"
                kind = key_node.tag.removeprefix(_TAG)
                self._problem(
                    line, path, f"expected a text as key, got {got} (YAML reads it as {kind}); put it in quotes"
                )
            elif key_node.value in seen:
                first = seen[key_node.value]
                self._problem(
                    line,
                    _joined(path, key_node.value),
                    f"expected each key once, got it again after line {first}; remove one",
                )
            else:
                seen[key_node.value] = line
        self.loader.flatten_mapping(node)
        for key_node, value_node in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                key = str(key_node.value)
                yield key, self.located(value_node, key_node.start_mark.line + 1, _joined(path, key))

    def _scalar(self, node: yaml.Node, line: int, path: str) -> Scalar:
        text = str(node.value)
        is_number = node.tag in {_TAG + "int", _TAG + "float"}
        if is_number and _MISREAD_NUMBER.fullmatch(text):
            self._problem(
                line,
                path,
                f"expected a decimal number, or a text in quotes, got {text} (YAML may read another number); "
                "write it in full or put it in quotes",
            )
            return None
        try:
            value = self.loader.construct_object(node)
        except (ValueError, yaml.YAMLError):
            self._problem(line, path, f"expected a value that its tag allows, got {text!r}; put it in quotes")
            return None
        if value is None or isinstance(value, str | int | float | bool):
            return value
        raise AssertionError(f"{node.tag} gave {type(value).__name__}")

    def _problem(self, line: int, path: str, message: str) -> None:
        self.problems.append(Problem(self.file, line, path, message))


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
