"""Knobs of the thresholds."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from detectors.options.base import Options


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
        _refuse_small(self.window, self.rate)
        return self


class AciOptions(WindowOptions):
    """Threshold: a quantile of the last scores that moves so that in the long run `rate` of all scores are above it.

    Answers after 1 / rate + 1 scores. It is shown every score, strange ones too.
    """

    kind: Literal["aci"] = "aci"
    rate: float = Field(
        default=1e-3, gt=0, lt=1, description="Share of all scores above the limit in the long run. Unit: ratio."
    )
    gain: float = Field(
        default=1e-4,
        gt=0,
        lt=1,
        description="How far one score above the limit moves the quantile; at most rate. Larger follows changes "
        "sooner and is silent sooner: after rate / gain more scores above the limit than wanted. Unit: ratio.",
    )

    @model_validator(mode="after")
    def _silence_is_no_habit(self) -> Self:
        _refuse_small(self.window, self.rate)
        if self.gain > self.rate:
            msg = f"gain: expected at most rate ({self.rate:g}), got {self.gain:g}; lower gain or raise rate"
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


class FixedOptions(WindowOptions):
    """Threshold: a limit that people set. Answers after one score; p-values are ranks among the last scores."""

    kind: Literal["fixed"] = "fixed"
    limit: float = Field(
        default=1.0, gt=0, le=1e9, description="Scores above it are anomalous. Unit: that of the scores, as shown."
    )


def _refuse_small(window: int, rate: float) -> None:
    if rate * (window - 1) < 1:
        msg = f"window: expected at least 1 / rate + 1 ({1 / rate + 1:.0f}), got {window}; raise window or rate"
        raise ValueError(msg)


ThresholdOptions = Annotated[
    ZScoreThresholdOptions
    | IqrThresholdOptions
    | QuantileOptions
    | ConformalOptions
    | SpotOptions
    | AciOptions
    | FixedOptions,
    Field(discriminator="kind"),
]
