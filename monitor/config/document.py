"""Writes configs/default.yaml and configs/schema.json from the types, so that neither can differ from the code.

    python -m monitor.config.document configs

Reads no configuration.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

import yaml
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from monitor.config.camera import Camera, CameraSections
from monitor.config.telling import ToldSection
from monitor.config.tree import Config

_WIDTH = 118
_HEAD = """\
# yaml-language-server: $schema=schema.json
# Every key of rareframe with its default. Only `cameras` must be given; write down only what differs.
# Made from the types by `python -m monitor.config.document configs`: do not edit.

"""


def default_yaml() -> str:
    """A configuration that gives every key, with its meaning, unit and default; other kinds are given as comments."""
    example = Camera(source="rtsp://10.0.0.5/sub")
    config = Config(cameras={"front_door": example})
    lines: list[str] = []
    seen: set[type[BaseModel]] = set()
    for name in _order():
        field = Config.model_fields[name]
        if name == "cameras":
            lines += [*_comment(field, 0), "cameras:", "  front_door:"]
            own = [key for key in Camera.model_fields if key not in CameraSections.model_fields]
            for key in own:
                lines += _entry(key, Camera.model_fields[key], getattr(example, key), 4, seen)
        else:
            lines += _entry(name, field, getattr(config, name), 0, seen)
        lines.append("")
    return _HEAD + "\n".join(lines).rstrip() + "\n"


def _order() -> list[str]:
    """The plain keys, the cameras, what a camera may have of its own, the service."""
    own = [name for name in Config.model_fields if name not in CameraSections.model_fields]
    after = own.index("cameras") + 1
    return [*own[:after], *CameraSections.model_fields, *own[after:]]


def schema_json() -> str:
    """The JSON Schema (2020-12) of a configuration file, for editors."""
    schema = Config.model_json_schema()
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps({**dialect, **schema, "title": "rareframe"}, indent=1) + "\n"


def _entry(key: str, field: FieldInfo, value: object, indent: int, seen: set[type[BaseModel]]) -> Iterator[str]:
    pad = " " * indent
    yield from _comment(field, indent)
    kinds = _kinds(field)
    if isinstance(value, BaseModel):
        yield f"{pad}{key}:"
        yield from _section(value, indent + 2, seen)
        yield from _others(kinds, {type(value)}, indent + 2, seen)
    elif isinstance(value, tuple) and value:
        yield f"{pad}{key}:"
        for item in value:
            yield from _item(list(_section(item, indent + 4, seen)), indent + 2)
        yield from _others(kinds, {type(item) for item in value}, indent + 4, seen)
    else:
        yield f"{pad}{key}: {_scalar(value)}"
        yield from () if field.is_required() else _example(key, field, indent, seen)


def _example(key: str, field: FieldInfo, indent: int, seen: set[type[BaseModel]]) -> Iterator[str]:
    """What could stand where the default is empty, as a comment."""
    for example in field.examples or ():
        lines = [f"{key}: {yaml.safe_dump(example, default_flow_style=True, width=1000).strip()}"]
        for kind in _kinds(field) if isinstance(example, Mapping) else ():
            if set(kind.model_fields) == set(example):  # a whole section, and not some of its keys
                lines = [f"{key}:", *_section(kind.model_validate(example), 2, seen)]
        for kind in () if isinstance(example, Mapping) else _kinds(field):
            items = [list(_section(kind.model_validate(item), 4, seen)) for item in example]
            lines = [f"{key}:", *(line for item in items for line in _item(item, 2))]
        yield f"{' ' * indent}# For example:"
        yield from (_commented(" " * indent + line, indent) for line in lines)


def _item(lines: list[str], indent: int) -> Iterator[str]:
    """A section as a list's item: the dash goes before its first key, what is said of that key above the dash."""
    first = next(index for index, line in enumerate(lines) if not line.lstrip().startswith("#"))
    yield from (" " * indent + line.lstrip() for line in lines[:first])
    yield " " * indent + "- " + lines[first].lstrip()
    yield from lines[first + 1 :]


def _section(section: BaseModel, indent: int, seen: set[type[BaseModel]]) -> Iterator[str]:
    """The keys of a section; their meaning only where this kind of section stands for the first time."""
    again = type(section) in seen
    seen.add(type(section))
    yield from () if again else _meaning(type(section), indent)
    for key, field in _kind_first(type(section)):
        lines = _entry(key, field, getattr(section, key), indent, seen)
        yield from (line for line in lines if not (again and line.startswith(" " * indent + "# ")))


def _others(
    kinds: list[type[BaseModel]], shown: set[type[BaseModel]], indent: int, seen: set[type[BaseModel]]
) -> Iterator[str]:
    """The other kinds that could stand here, as comments, once in the file; what all sinks have, at the first alone."""
    for kind in kinds:
        if kind in shown or kind in seen:
            continue
        seen.add(kind)
        yield f"{' ' * indent}# Or:"
        yield from (_commented(line, indent) for line in _meaning(kind, indent))
        for key, field in _kind_first(kind):
            if key in ToldSection.model_fields:
                continue  # as of the first sink
            value = (field.examples or [None])[0] if field.is_required() else field.default
            yield from (_commented(line, indent) for line in _entry(key, field, value, indent, seen))


def _commented(line: str, indent: int) -> str:
    return f"{' ' * indent}#   {line[indent:]}"


def _kind_first(section: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return sorted(section.model_fields.items(), key=lambda item: item[0] not in {"kind", "name"})


def _meaning(section: type[BaseModel], indent: int) -> Iterator[str]:
    """What a kind is, which its `kind` does not say."""
    if "kind" in section.model_fields and section.__doc__:
        yield f"{' ' * indent}# {section.__doc__.splitlines()[0]}"


def _comment(field: FieldInfo, indent: int) -> Iterator[str]:
    if field.description:
        for paragraph in field.description.splitlines():
            for line in textwrap.wrap(paragraph, _WIDTH - indent - 2):
                yield f"{' ' * indent}# {line}"


def _kinds(field: FieldInfo) -> list[type[BaseModel]]:
    """The members of the tagged union that a field, or each item of it, is; empty if it is none."""
    members = list(_flat(field.annotation))
    return [member for member in members if isinstance(member, type) and issubclass(member, BaseModel)]


def _flat(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 - an annotation can be anything
    if get_origin(annotation) in {Annotated, tuple, UnionType} or isinstance(annotation, UnionType):
        for argument in get_args(annotation):
            yield from _flat(argument)
    else:
        yield annotation


def _scalar(value: object) -> str:
    if isinstance(value, PurePath):
        value = str(value)
    if isinstance(value, SecretStr):
        raise TypeError("a default is never a secret")
    return yaml.safe_dump(value, width=1000, default_flow_style=True).splitlines()[0]


def main(folder: Path) -> None:
    """Write both files into `folder`."""
    (folder / "default.yaml").write_text(default_yaml(), encoding="utf-8")
    (folder / "schema.json").write_text(schema_json(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
