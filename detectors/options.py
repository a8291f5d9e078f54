"""Every knob of every feature, model and threshold as frozen, strict types with bounds and units. Builds nothing.

`kind` is the tag: `FeatureOptions`, `ModelOptions` and `ThresholdOptions` are unions that one `match` takes apart.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Options(BaseModel):
    """Base of all knobs: frozen, no unknown keys, no coercion ("5" is no number), no NaN or infinity."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


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
    delay_s: float = Field(
        default=10.0,
        ge=0,
        le=3600,
        description="A picture is learned this much later, and not at all if something strange came meanwhile. "
        "Unit: seconds.",
    )
    accept_after_s: float = Field(
        default=14_400.0,
        gt=0,
        le=2_592_000,
        description="What stays strange for this long without a pause is learned as the new normal. Unit: seconds.",
    )


class ZScoreThresholdOptions(Options):
    """Threshold: so many standard deviations above the mean; p-values of a normal distribution."""

    kind: Literal["zscore"] = "zscore"
    z: float = Field(default=3.0, gt=0, le=100, description="Limit above the mean. Unit: standard deviations.")
    memory: int = Field(
        default=10_000,
        gt=1,
        le=100_000_000,
        description="The weight of a score in its memory falls to 1/e after this many. Unit: scores.",
    )
    warmup: int = Field(default=200, gt=1, le=1_000_000, description="No answer before this many. Unit: scores.")


class WindowOptions(Options):
    """What the thresholds have in common that keep the last scores."""

    window: int = Field(default=10_000, gt=1, le=1_000_000, description="How many last scores are kept. Unit: scores.")


class IqrThresholdOptions(WindowOptions):
    """Threshold: Tukey's fence, so many interquartile ranges above the third quartile."""

    kind: Literal["iqr"] = "iqr"
    k: float = Field(
        default=1.5, ge=0, le=100, description="Limit above the third quartile. Unit: interquartile ranges."
    )
    warmup: int = Field(default=200, gt=3, le=1_000_000, description="No answer before this many. Unit: scores.")

    @model_validator(mode="after")
    def _warmup_fits_window(self) -> Self:
        if self.warmup > self.window:
            msg = f"warmup: expected at most window ({self.window}), got {self.warmup}; lower warmup or raise window"
            raise ValueError(msg)
        return self


class QuantileOptions(WindowOptions):
    """Threshold: a quantile of the last scores. Answers after 1 / rate + 1 scores."""

    kind: Literal["quantile"] = "quantile"
    rate: float = Field(default=1e-3, gt=0, lt=1, description="Share of ordinary scores above the limit. Unit: ratio.")

    @model_validator(mode="after")
    def _window_holds_rate(self) -> Self:
        if self.rate * (self.window - 1) < 1:
            least = f"1 / rate + 1 ({1 / self.rate + 1:.0f})"
            msg = f"window: expected at least {least}, got {self.window}; raise window or rate"
            raise ValueError(msg)
        return self


class ConformalOptions(WindowOptions):
    """Threshold: rank among the last scores. Answers limits after 2 / rate - 1 scores, p-values from the first on."""

    kind: Literal["conformal"] = "conformal"
    rate: float = Field(
        default=1e-3, gt=0, lt=1, description="Chance that an ordinary score exceeds the limit. Unit: ratio."
    )

    @model_validator(mode="after")
    def _window_holds_rate(self) -> Self:
        if self.rate * (self.window + 1) < 2:  # noqa: PLR2004 - the two scores of the docstring
            least = f"2 / rate - 1 ({2 / self.rate - 1:.0f})"
            msg = f"window: expected at least {least}, got {self.window}; raise window or rate"
            raise ValueError(msg)
        return self


class SpotOptions(WindowOptions):
    """Threshold: the tail above a high quantile of the last scores, fitted by a generalised Pareto distribution."""

    kind: Literal["spot"] = "spot"
    rate: float = Field(
        default=1e-4,
        gt=0,
        lt=1,
        description="Chance that an ordinary score exceeds the limit; at most 1 - level. Unit: ratio.",
    )
    level: float = Field(
        default=0.95, ge=0.5, lt=1, description="The tail begins at this quantile of the last scores. Unit: ratio."
    )
    warmup: int = Field(default=120, ge=10, le=1_000_000, description="No answer before this many. Unit: scores.")

    @model_validator(mode="after")
    def _tail_makes_sense(self) -> Self:
        if self.rate > 1 - self.level:
            msg = f"rate: expected at most 1 - level ({1 - self.level:g}), got {self.rate:g}; lower rate or level"
            raise ValueError(msg)
        if self.warmup > self.window:
            msg = f"warmup: expected at most window ({self.window}), got {self.warmup}; lower warmup or raise window"
            raise ValueError(msg)
        return self


FeatureOptions = Annotated[PixelsOptions | MotionOptions, Field(discriminator="kind")]
ModelOptions = Annotated[
    ZScoreModelOptions | IqrModelOptions | GaussianOptions | AutoencoderOptions, Field(discriminator="kind")
]
ThresholdOptions = Annotated[
    ZScoreThresholdOptions | IqrThresholdOptions | QuantileOptions | ConformalOptions | SpotOptions,
    Field(discriminator="kind"),
]
