"""Knobs of the models."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from detectors.options.base import Options


class AutoencoderOptions(Options):
    """Model: an online convolutional autoencoder that predicts a grid's last channel from the ones before it."""

    kind: Literal["autoencoder"] = "autoencoder"
    width: int = Field(default=16, ge=4, le=256, description="Channels of the first and last layer. Unit: channels.")
    bottleneck: int = Field(default=32, ge=4, le=512, description="Channels at a quarter of the size. Unit: channels.")
    rate: float = Field(default=2e-3, gt=0, le=1, description="Learning rate of Adam. Unit: none.")
    averaging: float = Field(
        default=0.995,
        ge=0,
        lt=1,
        description="Share of the averaged weights, which score, kept at each step. Unit: ratio.",
    )
    crop: int = Field(default=48, ge=8, le=512, description="Side of the pieces it learns from. Unit: grid cells.")
    batch: int = Field(default=6, ge=2, le=256, description="Pieces a step, a third of them new. Unit: pieces.")
    replay: int = Field(default=512, ge=8, le=100_000, description="Pieces kept to learn again. Unit: pieces.")
    renewal: float = Field(
        default=0.002,
        gt=0,
        le=1,
        description="Least chance that a new piece replaces a kept one: how fast the past fades. Unit: ratio.",
    )
    tolerance: float = Field(
        default=8 / 255,
        gt=0,
        le=1e6,
        description="Error at which a cell is half wrong; larger errors hardly count more. Unit: the feature's own.",
    )
    cell: int = Field(
        default=8, ge=1, le=128, description="Side of the squares errors are pooled in. Unit: grid cells."
    )
    top_cells: int = Field(
        default=5, gt=0, le=100_000, description="The value is the mean of this many strangest squares. Unit: squares."
    )
    warmup: int = Field(default=20, gt=0, le=1_000_000, description="No answer before this many. Unit: learned grids.")


class CellOptions(Options):
    """What the models have in common that judge every cell by its own past."""

    memory: int = Field(
        default=2000,
        gt=1,
        le=10_000_000,
        description="The weight of a grid in its memory falls to 1/e after this many. Unit: learned grids.",
    )
    warmup: int = Field(
        default=60,
        gt=1,
        le=1_000_000,
        description="A cell is judged after it was learned this often, at most `memory`. Unit: learned grids.",
    )
    top_cells: int = Field(
        default=5,
        gt=0,
        le=100_000,
        description="The frame's value is the mean of this many strangest cells. Unit: cells.",
    )
    ceiling: float = Field(
        default=10.0,
        gt=0,
        le=1e9,
        description="A cell counts at most this much, so that one cell cannot drown the rest. Unit: the model's own.",
    )
    floor: float = Field(
        default=1e-3,
        gt=0,
        le=1e6,
        description="Spread that every cell is granted, for scenes that do not change at all. Unit: the feature's own.",
    )

    @model_validator(mode="after")
    def _warmup_fits_memory(self) -> Self:
        if self.warmup > self.memory:
            msg = f"warmup: expected at most memory ({self.memory}), got {self.warmup}; lower warmup or raise memory"
            raise ValueError(msg)
        return self


class SpreadOptions(CellOptions):
    """What the models have in common that measure each channel in units of its own spread."""

    grid_share: float = Field(
        default=2.0,
        ge=0,
        le=10,
        description="Share of the whole grid's spread added to each cell's own, to calm quiet cells. Unit: ratio.",
    )


class ZScoreModelOptions(SpreadOptions):
    """Model: how many standard deviations each cell is from its own mean. Score unit: standard deviations."""

    kind: Literal["zscore"] = "zscore"


class IqrModelOptions(SpreadOptions):
    """Model: how many interquartile ranges each cell is from its own median. Score unit: interquartile ranges."""

    kind: Literal["iqr"] = "iqr"


class GaussianOptions(CellOptions):
    """Model: Mahalanobis distance of each cell's channels from their joint past. Score unit: standard deviations."""

    kind: Literal["gaussian"] = "gaussian"
    shrinkage: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="How far each cell's covariance is drawn to the whole grid's; 1 uses only the grid's. Unit: ratio.",
    )


ModelOptions = Annotated[
    ZScoreModelOptions | IqrModelOptions | GaussianOptions | AutoencoderOptions, Field(discriminator="kind")
]
