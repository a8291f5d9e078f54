"""Knobs of the features."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from detectors.options.base import Options


class PixelsOptions(Options):
    """Feature: the picture itself, small and grey, with the moments before it."""

    kind: Literal["pixels"] = "pixels"
    width: int = Field(default=180, ge=8, le=1024, description="Width it is scaled down to. Unit: pixels.")
    history: int = Field(default=3, ge=0, le=16, description="How many earlier pictures go with it. Unit: pictures.")


class MotionOptions(Options):
    """Feature: what moves, and how fast."""

    kind: Literal["motion"] = "motion"
    cell_px: int = Field(default=16, gt=0, le=256, description="Side of a cell. Unit: analysis pixels.")
    stride_px: int = Field(default=8, gt=0, le=256, description="From cell to cell. Unit: analysis pixels.")
    flow: bool = Field(default=True, description="Whether optical flow is computed beside the frame difference.")


FeatureOptions = Annotated[PixelsOptions | MotionOptions, Field(discriminator="kind")]
