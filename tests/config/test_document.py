"""The examples and the schema in configs/ say what the types say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from monitor.config import Camera, Config, load
from monitor.config.document import default_yaml, schema_json

CONFIGS = Path(__file__).parents[2] / "configs"
REMEDY = "run: python -m monitor.config.document configs"


def test_default_yaml_is_current() -> None:
    """What is documented is what the types say, word for word."""
    assert (CONFIGS / "default.yaml").read_text(encoding="utf-8") == default_yaml(), REMEDY


def test_schema_json_is_current() -> None:
    """Editors check against the types of this version."""
    assert (CONFIGS / "schema.json").read_text(encoding="utf-8") == schema_json(), REMEDY


def test_default_yaml_changes_nothing() -> None:
    """Loading the documented defaults gives exactly the defaults of the code."""
    expected = Config(cameras={"front_door": Camera(source="rtsp://10.0.0.5/sub")})
    assert load(CONFIGS / "default.yaml") == expected


def test_default_yaml_mentions_every_key_of_every_kind() -> None:
    """A key that the schema knows is found in the file, at least as a comment, and with a meaning."""
    text = (CONFIGS / "default.yaml").read_text(encoding="utf-8")
    for name, section in json.loads(schema_json())["$defs"].items():
        for key, schema in section["properties"].items():
            assert re.search(rf"^[ #-]*{key}:", text, re.MULTILINE), f"{name}.{key}"
            assert key == "kind" or {"description", "$ref"} & set(schema), f"{name}.{key} has no description"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_loads_and_names_the_schema(path: Path) -> None:
    """Each example is valid, and editors find the schema."""
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=schema.json\n")
    assert load(path).cameras


def test_every_section_refuses_what_it_does_not_know() -> None:
    """Strictness is inherited, not remembered: no section in the tree lets an unknown key or NaN through."""
    seen: set[type[BaseModel]] = set()
    todo: list[object] = [load(CONFIGS / "default.yaml")]
    while todo:
        value = todo.pop()
        if isinstance(value, BaseModel):
            seen.add(type(value))
            todo += [getattr(value, key) for key in type(value).model_fields]
        elif isinstance(value, tuple | dict):
            todo += list(value.values() if isinstance(value, dict) else value)
    rules = {(s.model_config.get("extra"), s.model_config.get("strict"), s.model_config.get("frozen")) for s in seen}
    assert rules == {("forbid", True, True)}
    assert len(seen) > 10
