"""What of a camera's picture is watched, and what people want to be told of in their own words. Evaluates no rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from detectors.rules import MAX_LENGTH, RESERVED, RuleError, Vocabulary, parse, table
from detectors.zones import Polygon, Zones, covered
from monitor.config.section import Name, Section
from monitor.redaction import without_credentials

# Cells of a grid fine enough to tell that nothing of a polygon is left.
_FINE = 64
_LEAST_POINTS = 3
_MOST_POINTS = 100
# Zones, masks or rules of a camera.
_MOST = 100

_Share = Annotated[float, Field(ge=0, le=1)]
_Point = Annotated[
    tuple[_Share, _Share],
    Field(strict=False, json_schema_extra={"patternErrorMessage": "a point [x, y], each from 0 to 1"}),
]


def _enough(points: Polygon) -> Polygon:
    """Not left to pydantic, which counts a point that is wrong as one that is missing."""
    if not _LEAST_POINTS <= len(points) <= _MOST_POINTS:
        raise ValueError(f"expected {_LEAST_POINTS} to {_MOST_POINTS} points [x, y], got {len(points)}; change it")
    return points


PolygonOption = Annotated[
    tuple[_Point, ...],
    Field(
        strict=False,
        json_schema_extra={
            "minItems": _LEAST_POINTS,
            "maxItems": _MOST_POINTS,
            "patternErrorMessage": f"a list of {_LEAST_POINTS} to {_MOST_POINTS} points [x, y]",
        },
    ),
    AfterValidator(_enough),
]
_When = Annotated[
    str,
    StringConstraints(max_length=MAX_LENGTH),
    Field(json_schema_extra={"patternErrorMessage": f"a condition of at most {MAX_LENGTH} characters"}),
]


class RuleOptions(Section):
    """One rule: a condition over what is measured in the picture, and what people read when it holds."""

    name: Name = Field(description="What people see it called; each only once on a camera.")
    when: _When = Field(
        description="When it holds: comparisons by < <= > >= == != or between … and …, joined by and, or, not and "
        "parentheses. With `for 10 s` (s, min, h) behind it, a comparison or parenthesis must hold without a pause for "
        "so long. What is not known yet is never true, nor is `not` of it. The quantities:\n" + "\n".join(table())
    )
    text: str | None = Field(
        default=None, min_length=1, max_length=200, description="What people read; null: the condition itself."
    )

    @field_validator("when")
    @classmethod
    def _is_a_condition(cls, when: str) -> str:
        _parsed(when, None, "")
        return when


def checked_zones(zones: Mapping[str, Polygon]) -> Mapping[str, Polygon]:
    """`zones`, if each is an area; ValueError for pydantic otherwise."""
    _refuse_more_than_most(len(zones))
    if RESERVED in zones:
        raise ValueError(
            f"{RESERVED}: expected a name that rules have no other use for, got {RESERVED}; rename the zone"
        )
    for name, polygon in zones.items():
        _refuse_without_area(name, polygon)
    return zones


def checked_masks(masks: Sequence[Polygon], zones: Mapping[str, Polygon]) -> None:
    """ValueError for pydantic, unless each is an area and they leave something of the picture and of each zone."""
    _refuse_more_than_most(len(masks))
    for index, polygon in enumerate(masks):
        _refuse_without_area(str(index), polygon)
    cells = Zones(zones, masks)
    if not cells.watched(_FINE, _FINE).any():
        raise ValueError("expected masks that leave some of the picture, got none left; make them smaller")
    for name in zones:
        if not cells.cells(name, _FINE, _FINE).any():
            raise ValueError(f"expected masks that leave some of zone {name}, got none left; move one of them")


def checked_rules(rules: Sequence[RuleOptions], zones: Collection[str], detectors: Collection[str]) -> None:
    """ValueError for pydantic, unless names differ and conditions speak of zones and detectors that there are."""
    _refuse_more_than_most(len(rules))
    vocabulary = Vocabulary(tuple(zones), tuple(detectors))
    names = [rule.name for rule in rules]
    for index, rule in enumerate(rules):
        if rule.name in names[:index]:
            raise ValueError(f'{index}.name: expected each rule\'s own name, got "{rule.name}" again; rename one')
        _parsed(rule.when, vocabulary, f"{index}.when: ")


def _parsed(when: str, vocabulary: Vocabulary | None, key: str) -> None:
    try:
        parse(when, vocabulary)
    except RuleError as error:
        message = without_credentials(f"{key}{error}\n{error.pointed()}")
        raise ValueError(message.replace("\n", "\n    ").rstrip()) from error


def _refuse_more_than_most(number: int) -> None:
    if number > _MOST:
        raise ValueError(f"expected at most {_MOST} of them, got {number}; leave some out")


def _refuse_without_area(key: str, polygon: Polygon) -> None:
    if not covered((polygon,), _FINE, _FINE).any():
        raise ValueError(f"{key}: expected points that enclose an area, got a line or a single spot; move one of them")
