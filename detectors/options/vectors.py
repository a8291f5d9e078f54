"""Knobs of the models that compare cells as vectors."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from detectors.options.base import Options


class VectorOptions(Options):
    """What the models have in common that compare cells as vectors, wherever in the picture they are.

    Lengths are in a unit of the model's own: the median distance between the values of two of its first cells.
    """

    place: float = Field(
        default=0.5,
        ge=0,
        le=100,
        description="Length that a quarter of the grid's width counts as; 0 ignores the place. Unit: the model's own.",
    )
    settling: int = Field(
        default=3000,
        ge=30,
        le=100_000,
        description="Its unit is fixed over so many first cells, of at least 30 grids. Unit: cells.",
    )
    memory: int = Field(
        default=100_000,
        gt=1,
        le=100_000_000,
        description="The weight of a grid in its memory falls to 1/e after this many. Unit: learned grids.",
    )
    top_cells: int = Field(
        default=10,
        gt=0,
        le=100_000,
        description="The frame's value is the mean of this many strangest cells. Unit: cells.",
    )
    floor: float = Field(
        default=1e-3,
        gt=0,
        le=1e6,
        description="Its unit is at least this, for scenes that do not change at all. Unit: the feature's own.",
    )


class ExemplarOptions(VectorOptions):
    """Model: how rare what each cell shows was until now, by examples that count how often they were seen again."""

    kind: Literal["exemplar"] = "exemplar"
    radius: float = Field(
        default=0.8, gt=0, le=100, description="A cell nearer to an example is one more of it. Unit: the model's own."
    )
    bandwidth: float = Field(
        default=0.3, gt=0, le=100, description="How far the density of an example reaches. Unit: the model's own."
    )
    capacity: int = Field(default=1000, gt=0, le=20_000, description="Examples kept, the commonest. Unit: examples.")
    new_per_grid: int = Field(default=30, gt=0, le=20_000, description="New examples a grid, at most. Unit: examples.")


class KMeansOptions(VectorOptions):
    """Model: how far each cell is from the nearest of a few centres, in spreads of that centre."""

    kind: Literal["kmeans"] = "kmeans"
    place: float = Field(
        default=0.2,  # more than that, and the few centres are spent on telling places apart
        ge=0,
        le=100,
        description="Length that a quarter of the grid's width counts as; 0 ignores the place. Unit: the model's own.",
    )
    clusters: int = Field(default=64, gt=0, le=10_000, description="Centres. Unit: centres.")
    typical_share: float = Field(
        default=1.0,
        ge=0,
        le=10,
        description="Share of all centres' mean spread added to each one's own, to calm tight ones. Unit: ratio.",
    )


class DbscanOptions(VectorOptions):
    """Model: how far each cell is from the nearest dense place among cells kept at random, by DBSCAN."""

    kind: Literal["dbscan"] = "dbscan"
    place: float = Field(
        default=0.2,  # more than that, and the kept cells lie too thin to be dense
        ge=0,
        le=100,
        description="Length that a quarter of the grid's width counts as; 0 ignores the place. Unit: the model's own.",
    )
    capacity: int = Field(default=2000, ge=10, le=20_000, description="Cells kept to cluster. Unit: cells.")
    refit_every: int = Field(
        default=100, gt=0, le=1_000_000, description="They are clustered anew. Unit: learned grids."
    )
    min_samples: int = Field(
        default=5, ge=1, le=1000, description="A place is dense with so many cells within eps. Unit: cells."
    )
    eps: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="Reach of a dense place; null takes it from the kept cells by eps_quantile. Unit: the model's own.",
    )
    eps_quantile: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Share of the kept cells that is to be dense when eps is not given. Unit: ratio.",
    )

    @model_validator(mode="after")
    def _settling_fills_capacity(self) -> Self:
        if self.capacity > self.settling:
            msg = f"capacity: expected at most settling ({self.settling}), got {self.capacity}; lower it"
            raise ValueError(msg)
        return self
