"""Knobs of the features."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

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
    directions: int = Field(
        default=0, ge=0, le=16, description="Of the histogram of velocity; 0 for none. Needs flow. Unit: channels."
    )
    speeds: int = Field(
        default=1, ge=1, le=8, description="Per direction, each from twice the last one's. Unit: channels."
    )
    moving_only: bool = Field(default=False, description="Whether cells in which nothing moves carry no evidence.")

    @model_validator(mode="after")
    def _a_histogram_needs_flow(self) -> Self:
        if self.directions and not self.flow:
            raise ValueError("directions: expected 0 without flow; set flow to true, or leave directions out")
        return self


class MomentumOptions(Options):
    """Feature: how much moves how fast."""

    kind: Literal["momentum"] = "momentum"
    cell_px: int = Field(default=16, gt=0, le=256, description="Side of a cell. Unit: analysis pixels.")
    stride_px: int = Field(default=8, gt=0, le=256, description="From cell to cell. Unit: analysis pixels.")


class CnnOptions(Options):
    """Feature: how things look to a network trained on photographs."""

    kind: Literal["cnn"] = "cnn"
    cell_px: int = Field(default=16, gt=0, le=256, description="Side of a cell. Unit: analysis pixels.")
    stride_px: int = Field(default=8, gt=0, le=256, description="From cell to cell. Unit: analysis pixels.")
    moving_only: bool = Field(default=True, description="Whether cells in which nothing moves carry no evidence.")
    runtime: Literal["auto", "onnxruntime", "opencv", "torch"] = Field(
        default="auto",
        description="What runs the network; auto takes torch on a GPU, else onnxruntime.",
    )


class ThumbnailOptions(Options):
    """Feature: the whole scene, very small, and what stands out in it."""

    kind: Literal["thumbnail"] = "thumbnail"
    width: int = Field(default=16, ge=1, le=256, description="Cells from left to right. Unit: cells.")
    height: int = Field(default=8, ge=1, le=256, description="Cells from top to bottom. Unit: cells.")
    content: Literal["grey", "contrast", "both", "colour"] = Field(
        default="both",
        description="Grey values, local contrast (the same in any even light), both, or grey values and colours.",
    )


FeatureOptions = Annotated[
    PixelsOptions | MotionOptions | MomentumOptions | CnnOptions | ThumbnailOptions, Field(discriminator="kind")
]
