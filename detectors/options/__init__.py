"""Every knob of every feature, model and threshold as frozen, strict types with bounds and units. Builds nothing.

`kind` is the tag: `FeatureOptions`, `ModelOptions` and `ThresholdOptions` are unions that one `match` takes apart.
"""

from __future__ import annotations

from detectors.options.base import (
    Options,
)
from detectors.options.features import (
    FeatureOptions,
    MotionOptions,
    PixelsOptions,
)
from detectors.options.learning import (
    LearningOptions,
)
from detectors.options.models import (
    AutoencoderOptions,
    CellOptions,
    GaussianOptions,
    IqrModelOptions,
    ModelOptions,
    SpreadOptions,
    ZScoreModelOptions,
)
from detectors.options.thresholds import (
    ConformalOptions,
    IqrThresholdOptions,
    QuantileOptions,
    SpotOptions,
    ThresholdOptions,
    WindowOptions,
    ZScoreThresholdOptions,
)

__all__ = [
    "AutoencoderOptions",
    "CellOptions",
    "ConformalOptions",
    "FeatureOptions",
    "GaussianOptions",
    "IqrModelOptions",
    "IqrThresholdOptions",
    "LearningOptions",
    "ModelOptions",
    "MotionOptions",
    "Options",
    "PixelsOptions",
    "QuantileOptions",
    "SpotOptions",
    "SpreadOptions",
    "ThresholdOptions",
    "WindowOptions",
    "ZScoreModelOptions",
    "ZScoreThresholdOptions",
]
