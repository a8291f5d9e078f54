"""Every knob of every feature, model and threshold as frozen, strict types with bounds and units. Builds nothing.

`kind` is the tag: `FeatureOptions`, `ModelOptions` and `ThresholdOptions` are unions that one `match` takes apart.
"""

from __future__ import annotations

from detectors.options.base import (
    Options,
)
from detectors.options.features import (
    CnnOptions,
    FeatureOptions,
    MomentumOptions,
    MotionOptions,
    PixelsOptions,
    ThumbnailOptions,
)
from detectors.options.learning import (
    LearningOptions,
)
from detectors.options.models import (
    CellOptions,
    DeviationOptions,
    GaussianOptions,
    IqrModelOptions,
    ModelOptions,
    PcaOptions,
    RarityOptions,
    SpreadOptions,
    ZScoreModelOptions,
)
from detectors.options.networks import (
    AutoencoderOptions,
    GanOptions,
    NetworkOptions,
    VaeOptions,
)
from detectors.options.scenes import (
    MemoryOptions,
    ReconstructionOptions,
    SceneOptions,
)
from detectors.options.thresholds import (
    AciOptions,
    ConformalOptions,
    FixedOptions,
    IqrThresholdOptions,
    QuantileOptions,
    SpotOptions,
    ThresholdOptions,
    WindowOptions,
    ZScoreThresholdOptions,
)
from detectors.options.vectors import (
    DbscanOptions,
    ExemplarOptions,
    KMeansOptions,
    VectorOptions,
)

__all__ = [
    "AciOptions",
    "AutoencoderOptions",
    "CellOptions",
    "CnnOptions",
    "ConformalOptions",
    "DbscanOptions",
    "DeviationOptions",
    "ExemplarOptions",
    "FeatureOptions",
    "FixedOptions",
    "GanOptions",
    "GaussianOptions",
    "IqrModelOptions",
    "IqrThresholdOptions",
    "KMeansOptions",
    "LearningOptions",
    "MemoryOptions",
    "ModelOptions",
    "MomentumOptions",
    "MotionOptions",
    "NetworkOptions",
    "Options",
    "PcaOptions",
    "PixelsOptions",
    "QuantileOptions",
    "RarityOptions",
    "ReconstructionOptions",
    "SceneOptions",
    "SpotOptions",
    "SpreadOptions",
    "ThresholdOptions",
    "ThumbnailOptions",
    "VaeOptions",
    "VectorOptions",
    "WindowOptions",
    "ZScoreModelOptions",
    "ZScoreThresholdOptions",
]
