"""What may be learned, and when."""

from __future__ import annotations

from pydantic import Field

from detectors.options.base import Options


class LearningOptions(Options):
    """What may be learned, and when."""

    warmup: int = Field(
        default=150,
        ge=0,
        le=1_000_000,
        description="No limit is sought before so many were learned: earlier scores are too high. Unit: pictures.",
    )
    every_s: float = Field(
        default=0.4,
        ge=0,
        le=3600,
        description="One picture is learned this often, four times as often before the first verdict. Unit: seconds.",
    )
    settled_every_s: float = Field(
        default=4.0,
        ge=0,
        le=3600,
        description="So often once a camera is well known, after hours; at least `every_s`. Unit: seconds.",
    )
    delay_s: float = Field(
        default=10.0,
        ge=0,
        le=3600,
        description="A picture is learned this much later, and not at all if something strange came meanwhile. "
        "Unit: seconds.",
    )
    accept_after_s: float = Field(
        default=10_800.0,
        gt=0,
        le=2_592_000,
        description="What stays strange for this long without a pause is learned as the new normal; for less, down to "
        "a sixth of it, while less than two days of the camera's life are known to its budget. Unit: seconds.",
    )
