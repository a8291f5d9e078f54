"""Knobs of the models."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from detectors.options.base import Options
from detectors.options.networks import AutoencoderOptions, GanOptions, VaeOptions
from detectors.options.scenes import MemoryOptions, ReconstructionOptions
from detectors.options.vectors import DbscanOptions, ExemplarOptions, KMeansOptions


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

    @model_validator(mode="after")
    def _warmup_fits_memory(self) -> Self:
        if self.warmup > self.memory:
            msg = f"warmup: expected at most memory ({self.memory}), got {self.warmup}; lower warmup or raise memory"
            raise ValueError(msg)
        return self


class DeviationOptions(CellOptions):
    """Model: how far each cell is from its own long mean. Score unit: the feature's own."""

    kind: Literal["deviation"] = "deviation"
    memory: int = Field(
        default=20_000,
        gt=1,
        le=10_000_000,
        description="The weight of a grid in its memory falls to 1/e after this many. Unit: learned grids.",
    )
    warmup: int = Field(
        default=1,
        gt=0,
        le=1_000_000,
        description="A cell is judged after it was learned this often, at most `memory`. Unit: learned grids.",
    )
    prior: int = Field(
        default=2000,
        ge=0,
        le=10_000_000,
        description="Weight of the assumption that all means are 0. Unit: learned grids.",
    )


class SpreadOptions(CellOptions):
    """What the models have in common that measure each channel in units of its own spread."""

    floor: float = Field(
        default=1e-3,
        gt=0,
        le=1e6,
        description="Spread that every cell is granted, for scenes that do not change at all. Unit: the feature's own.",
    )
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


class RarityOptions(CellOptions):
    """Model: how seldom each cell has had such a value. Score unit: powers of ten of its share of the past."""

    kind: Literal["rarity"] = "rarity"
    low: float = Field(
        default=0.0, ge=-1e6, le=1e6, description="Values are counted in bins from here. Unit: the feature's own."
    )
    high: float = Field(default=1.0, ge=-1e6, le=1e6, description="And up to here. Unit: the feature's own.")
    bins: int = Field(default=24, ge=2, le=256, description="So many bins of one width between. Unit: bins.")
    nearness: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="A value counts as so much of one in the next bin, as its square of one in the bin after that, and "
        "so on. Unit: ratio.",
    )
    neighbours: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="What a cell's neighbours had counts as so much of what it had itself. Unit: ratio.",
    )
    floor: float = Field(
        default=1e-6,
        ge=0,
        lt=1,
        description="What never came counts as having come this often, so that what is new is as strange on the first "
        "day as on the tenth. Unit: ratio.",
    )

    @model_validator(mode="after")
    def _bins_have_width(self) -> Self:
        if self.high <= self.low:
            msg = f"high: expected above low ({self.low:g}), got {self.high:g}; raise high or lower low"
            raise ValueError(msg)
        return self


class GaussianOptions(CellOptions):
    """Model: Mahalanobis distance of each cell's channels from their joint past. Score unit: standard deviations."""

    kind: Literal["gaussian"] = "gaussian"
    floor: float = Field(
        default=1e-3,
        gt=0,
        le=1e6,
        description="Spread that every cell is granted, for scenes that do not change at all. Unit: the feature's own.",
    )
    shrinkage: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="How far each cell's covariance is drawn to the whole grid's; 1 uses only the grid's. Unit: ratio.",
    )


class PcaOptions(SpreadOptions):
    """Model: what the scene's main ways of changing leave unexplained. Score unit: ordinary remainders."""

    kind: Literal["pca"] = "pca"
    components: int = Field(default=5, ge=1, le=64, description="Ways of changing that are told apart. Unit: none.")
    largest: int = Field(
        default=20_000,
        ge=1_000,
        le=1_000_000,
        description="Cells of grids with more values than this are averaged in squares first. Unit: values.",
    )


ModelOptions = Annotated[
    ZScoreModelOptions
    | IqrModelOptions
    | RarityOptions
    | GaussianOptions
    | AutoencoderOptions
    | ExemplarOptions
    | KMeansOptions
    | DbscanOptions
    | DeviationOptions
    | PcaOptions
    | MemoryOptions
    | ReconstructionOptions
    | VaeOptions
    | GanOptions,
    Field(discriminator="kind"),
]
