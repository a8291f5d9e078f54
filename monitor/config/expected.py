"""What the configuration's types expect, in words. Reads their JSON schema; validates nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

# JSON, as pydantic gives it.
Schema = dict[str, Any]


class Expectations:
    """Answers questions about one JSON schema by the path of a validation error."""

    def __init__(self, schema: Schema) -> None:
        self._definitions = cast(dict[str, Schema], schema.get("$defs", {}))
        self._root = schema

    def path(self, loc: Sequence[str | int]) -> tuple[list[str | int], Schema]:
        """The steps of `loc` that are keys and indices (not the names of union members), and the schema at its end.

        The schema is empty where `loc` leads to something that is not in it.
        """
        steps: list[str | int] = []
        here = self._root
        for step in loc:
            if step == "[key]":
                break
            mapping = here.get("discriminator", {}).get("mapping", {})
            if step in mapping:
                here = self._resolved({"$ref": mapping[step]})
                continue
            steps.append(step)
            here = self._child(here, step)
        return steps, here

    def keys(self, schema: Schema) -> list[str]:
        """The keys that a mapping of this schema may have."""
        return list(schema.get("properties", {}))

    def words(self, schema: Schema) -> str:
        """The schema as the object of "expected": "a number above 0", "one of tcp, udp"."""
        schema = self._resolved(schema)
        if "patternErrorMessage" in schema:
            return str(schema["patternErrorMessage"])
        if "anyOf" in schema:
            return " or ".join(self.words(option) for option in schema["anyOf"])
        if "enum" in schema:
            return "one of " + ", ".join(str(value) for value in schema["enum"])
        if "const" in schema:
            return str(schema["const"])
        if "discriminator" in schema:
            names = ", ".join(schema["discriminator"]["mapping"])
            return f"keys and values with `{schema['discriminator']['propertyName']}` one of {names}"
        return _NOUNS.get(str(schema.get("type", "")), "another value") + _bounds(schema)

    def _child(self, schema: Schema, step: str | int) -> Schema:
        for option in self._members(schema):
            child: Schema | None = None
            if isinstance(step, int):
                prefix = option.get("prefixItems", [])
                child = prefix[step] if step < len(prefix) else option.get("items")
            elif step in option.get("properties", {}):
                child = option["properties"][step]
            elif "patternProperties" in option:
                child = next(iter(option["patternProperties"].values()))
            elif isinstance(option.get("additionalProperties"), dict):
                child = option["additionalProperties"]
            if child is not None:
                return self._resolved(child)
        return {}

    def _members(self, schema: Schema) -> list[Schema]:
        return [self._resolved(option) for option in schema.get("anyOf", [schema])]

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._definitions[str(schema["$ref"]).rsplit("/", 1)[-1]]
        if "anyOf" in schema:  # `X | None`: what matters is X
            real = [option for option in schema["anyOf"] if option.get("type") != "null"]
            if len(real) == 1 and ("$ref" in real[0] or "discriminator" in real[0]):
                return self._resolved(real[0])
        return schema


_NOUNS = {
    "number": "a number",
    "integer": "a whole number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys and values",
    "null": "null",
}


def _bounds(schema: Schema) -> str:
    low = _bound(schema, (("exclusiveMinimum", "above"), ("minimum", "of at least")))
    high = _bound(schema, (("exclusiveMaximum", "below"), ("maximum", "at most")))
    size = _bound(schema, (("minLength", "of at least"),))
    items = _bound(schema, (("minItems", "of at least"),))
    return (
        (f" {low}" if low else "")
        + (f" and {high}" if high else "")
        + (f" {size} character" if size else "")
        + (f" {items} item" if items else "")
    )


def _bound(schema: Schema, names: Sequence[tuple[str, str]]) -> str:
    return next((f"{word} {schema[name]:.12g}" for name, word in names if name in schema), "")
