"""The knobs refuse what cannot be meant."""

from __future__ import annotations

import typing

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from detectors.options import FeatureOptions, ModelOptions, Options, SpotOptions, ThresholdOptions, ZScoreModelOptions

UNIONS = (FeatureOptions, ModelOptions, ThresholdOptions)


def kinds(union: object) -> list[type[BaseModel]]:
    """The types that a tagged union is made of."""
    return list(typing.get_args(typing.get_args(union)[0]))


@pytest.mark.parametrize("options", [kind for union in UNIONS for kind in kinds(union)])
def test_every_kind_has_sound_defaults_bounds_and_descriptions(options: type[BaseModel]) -> None:
    """Each kind can be had without writing anything but `kind`, and each knob says what it does."""
    made = options()
    options.model_validate(made.model_dump())  # the defaults keep their own rules
    for name, field in options.model_fields.items():
        assert name == "kind" or field.description, f"{name} has no description"
        if field.annotation in (int, float):
            assert len(field.metadata) >= 2, f"{name} lacks a bound"
            assert "Unit: " in (field.description or ""), f"{name} has no unit"


@pytest.mark.parametrize("union", UNIONS)
def test_every_kind_of_a_union_is_reached_by_its_tag(union: object) -> None:
    """The tag alone decides which type is made."""
    for options in kinds(union):
        assert type(TypeAdapter(union).validate_python({"kind": options().kind})) is options


@pytest.mark.parametrize(
    "wrong",
    [{"memory": "5"}, {"memory": True}, {"memory": 2.5}, {"floor": float("nan")}, {"memry": 5}, {"top_cells": 0}],
    ids=str,
)
def test_wrong_values_are_refused(wrong: dict[str, object]) -> None:
    """Text, booleans and fractions for a number, NaN, unknown keys and values out of bounds do not load."""
    with pytest.raises(ValidationError):
        ZScoreModelOptions.model_validate(wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "zscore", "warmup": 90, "memory": 80}, "warmup: expected at most memory (80), got 90"),
        ({"kind": "iqr", "warmup": 90, "memory": 80}, "warmup: expected at most memory (80), got 90"),
    ],
)
def test_models_cannot_wait_longer_than_they_remember(wrong: dict[str, object], message: str) -> None:
    """A cell's count never passes `memory`, so a longer warm-up would never end."""
    with pytest.raises(ValidationError, match=message.replace("(", r"\(").replace(")", r"\)")):
        TypeAdapter(ModelOptions).validate_python(wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "iqr", "warmup": 300, "window": 100}, "warmup: expected at most window"),
        ({"kind": "quantile", "rate": 0.001, "window": 1000}, "window: expected at least"),
        ({"kind": "conformal", "rate": 0.001, "window": 1998}, "window: expected at least"),
        ({"kind": "aci", "rate": 0.001, "window": 1000}, "window: expected at least"),
        ({"kind": "aci", "rate": 0.001, "gain": 0.005}, "gain: expected at most rate"),
        ({"kind": "spot", "warmup": 1000, "window": 999}, "warmup: expected at most window"),
        ({"kind": "spot", "rate": 0.05, "level": 0.98}, "rate: expected at most 1 - level"),
    ],
    ids=lambda x: x["kind"] if isinstance(x, dict) else "",
)
def test_windows_hold_what_the_rule_needs(wrong: dict[str, object], message: str) -> None:
    """A window too small to ever give an answer is refused when it is written, not when it is silent."""
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(ThresholdOptions).validate_python(wrong)


def test_options_are_frozen() -> None:
    """Nothing changes a knob after it was checked."""
    options: Options = SpotOptions()
    with pytest.raises(ValidationError, match="frozen"):
        options.rate = 0.5  # type: ignore[attr-defined]  # that it cannot be set is the point
