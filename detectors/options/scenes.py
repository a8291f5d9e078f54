"""Knobs of the models that know the scene as a whole."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from detectors.options.base import Options


class SceneOptions(Options):
    """What the models have in common that take a small grid as one picture of the whole scene."""

    top_cells: int = Field(
        default=8, gt=0, le=100_000, description="The value is the mean of this many strangest cells. Unit: cells."
    )
    warmup: int = Field(default=60, gt=1, le=1_000_000, description="No answer before this many. Unit: learned grids.")


class MemoryOptions(SceneOptions):
    """Model: how far each cell is from what it was in the remembered scenes most like this one. Score unit: 0 to 1."""

    kind: Literal["memory"] = "memory"
    capacity: int = Field(default=2000, ge=10, le=100_000, description="Scenes kept. Unit: grids.")
    nearest: int = Field(
        default=64, gt=0, le=100_000, description="A cell is compared in so many most alike scenes. Unit: grids."
    )
    tolerance: float = Field(
        default=0.3,
        gt=0,
        le=1e6,
        description="Difference at which a cell is half strange; larger ones count little more. "
        "Unit: the feature's own.",
    )

    @model_validator(mode="after")
    def _warmup_fits_capacity(self) -> Self:
        if self.warmup > self.capacity:
            msg = f"warmup: expected at most capacity ({self.capacity}), got {self.warmup}; lower warmup"
            raise ValueError(msg)
        return self


class ReconstructionOptions(SceneOptions):
    """Model: an online autoencoder of the whole scene, its errors beside those on reference scenes. Unit: nats."""

    kind: Literal["reconstruction"] = "reconstruction"
    hidden: int = Field(default=64, ge=2, le=4096, description="Numbers in each hidden layer. Unit: none.")
    bottleneck: int = Field(default=8, ge=1, le=512, description="Numbers a scene must be told in. Unit: none.")
    rate: float = Field(default=1e-3, gt=0, le=1, description="Learning rate of Adam. Unit: none.")
    averaging: float = Field(
        default=0.995,
        ge=0,
        lt=1,
        description="Share of the averaged weights, which score, kept at each step. Unit: ratio.",
    )
    steps: int = Field(default=4, gt=0, le=1000, description="Steps a learned grid. Unit: steps.")
    batch: int = Field(default=16, ge=2, le=1024, description="Grids a step, one of them new. Unit: grids.")
    replay: int = Field(default=2000, ge=8, le=100_000, description="Grids kept to learn again. Unit: grids.")
    reference: int = Field(
        default=256,
        ge=4,
        le=10_000,
        description="Grids kept and never learned, on which its ordinary error is measured again and again. "
        "Unit: grids.",
    )
    tolerance: float = Field(
        default=0.05,
        gt=0,
        le=1e6,
        description="Errors above it are learned less eagerly, so that ghosts do not stay. Unit: the feature's own.",
    )
    floor: float = Field(
        default=0.02,
        gt=0,
        le=1e6,
        description="Error that every cell is granted, for scenes that do not change. Unit: the feature's own.",
    )
    grid_share: float = Field(
        default=0.3,
        ge=0,
        le=10,
        description="Share of the whole grid's ordinary error added to each cell's own. Unit: ratio.",
    )
