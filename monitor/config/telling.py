"""What each sink is told of and when, and how often it is tried: the keys that all sinks share. Opens nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from monitor.config.section import Name, Section

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(DAYS)
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_QUIET = rf"^(?:((?:{_DAY})(?:-(?:{_DAY}))?(?:,(?:{_DAY})(?:-(?:{_DAY}))?)*) )?({_CLOCK})-({_CLOCK}|24:00)$"
QuietHours = Annotated[
    str,
    StringConstraints(pattern=_QUIET),
    Field(json_schema_extra={"patternErrorMessage": 'hours in quotes such as "22:00-06:30" or "sat,sun 00:00-24:00"'}),
]
Channel = Literal["moving", "scene", "place", "rules", "tamper", "health"]
Phases = Literal["opened", "updated", "closed"]
States = Literal["warming", "calibrating", "active", "degraded", "blind"]


def quiet_spans(text: str) -> tuple[frozenset[int], time, time]:
    """The days (0 is Monday), begin and end that a `QuietHours` means; an end of 24:00 is midnight."""
    found = re.match(_QUIET, text)
    if found is None:
        raise ValueError(f'expected hours such as "22:00-06:30", got {text!r}; change it')
    begin, end = text.rpartition(" ")[2].split("-")
    return frozenset(_days(found[1])), time.fromisoformat(begin), time.fromisoformat(end.replace("24:00", "00:00"))


def _days(text: str | None) -> Iterator[int]:
    for part in (text or "mon-sun").split(","):
        first, _, last = part.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        yield from (day % len(DAYS) for day in range(begin, end + 1 if end >= begin else end + 1 + len(DAYS)))


class FilterOptions(Section):
    """What a sink is told of; what is null does not matter."""

    cameras: tuple[Name, ...] | None = Field(
        default=None, strict=False, min_length=1, description="Only of these. Trouble of no camera alone passes always."
    )
    channels: tuple[Channel, ...] | None = Field(
        default=None,
        strict=False,
        min_length=1,
        description="Only what one of these says: moving, scene, place, rules, tamper; health: trouble of cameras, "
        "processes, disk and sinks.",
    )
    phases: tuple[Phases, ...] | None = Field(
        default=None,
        strict=False,
        min_length=1,
        description="Only these; null: all, and of a sink of kind apprise opened and closed.",
    )
    states: tuple[States, ...] | None = Field(
        default=None, strict=False, min_length=1, description="Only events of cameras in these states."
    )
    least_ratio: float = Field(
        default=0.0, ge=0, le=1e9, description="Only where the score is so many times its limit, at least."
    )
    most_p_value: float = Field(
        default=1.0, gt=0, le=1, description="Only what is as rare as this or rarer; an event without p-value passes."
    )


class ScheduleOptions(Section):
    """When a sink is told nothing new. What it was told of before is told to its end."""

    quiet: tuple[QuietHours, ...] = Field(
        default=(),
        strict=False,
        description='Local time, in quotes: "22:00-06:30", "mon-fri 08:00-17:00", "sat,sun 00:00-24:00". Hours over '
        "midnight belong to the day on which they begin.",
    )
    then: Literal["held", "dropped"] = Field(
        default="held",
        description="What becomes of events in quiet hours: held (afterwards the strongest is told, for all) or "
        "dropped (never told; the store has them).",
    )


class RateOptions(Section):
    """How many events a sink is told one by one. Beyond that the strongest is told, for all, once there is room."""

    most: int = Field(ge=1, le=100_000, description="New events told, at most. Unit: events.")
    per: Literal["minute", "hour"] = Field(default="hour", description="In any such span of time.")


class RetryOptions(Section):
    """How often a delivery that failed is tried again, before it is a dead letter."""

    attempts: int = Field(default=20, ge=1, le=1000, description="At most, the first one counted. Unit: attempts.")
    first_s: float = Field(
        default=1.0, gt=0, le=3600, description="Wait after the first failure; doubles with each. Unit: seconds."
    )
    most_s: float = Field(default=900.0, gt=0, le=86_400, description="The longest wait. Unit: seconds.")

    @model_validator(mode="after")
    def _waits_fit(self) -> Self:
        if self.most_s < self.first_s:
            raise ValueError(f"most_s: expected at least first_s ({self.first_s:g}), got {self.most_s:g}; raise it")
        return self


class ToldSection(Section):
    """The keys of every sink that is told of events."""

    filter: FilterOptions = Field(default=FilterOptions(), description="What it is told of.")
    schedule: ScheduleOptions = Field(default=ScheduleOptions(), description="When it is told.")
    rate: RateOptions | None = Field(
        default=None,
        description="How many events it is told one by one; null: as many as come. Trouble of cameras and the like "
        "(channel health) waits for no rate.",
        examples=[{"most": 10, "per": "hour"}],
    )
    retry: RetryOptions = Field(default=RetryOptions(), description="How often it is tried.")
