"""A camera's sections of the configuration become its pipeline of detectors. The only builder that may load torch."""

from __future__ import annotations

import hashlib
import zlib
from typing import assert_never

from detectors.base import Feature, Model, Threshold
from detectors.features.motion import Motion
from detectors.features.pixels import Pixels
from detectors.models.gaussian import GaussianModel
from detectors.models.iqr import IqrModel
from detectors.models.zscore import ZScoreModel
from detectors.options import (
    AutoencoderOptions,
    ConformalOptions,
    FeatureOptions,
    GaussianOptions,
    IqrModelOptions,
    IqrThresholdOptions,
    ModelOptions,
    MotionOptions,
    PixelsOptions,
    QuantileOptions,
    SpotOptions,
    ThresholdOptions,
    ZScoreModelOptions,
    ZScoreThresholdOptions,
)
from detectors.pipeline import Detector, Pipeline
from detectors.thresholds.conformal import ConformalThreshold
from detectors.thresholds.iqr import IqrThreshold
from detectors.thresholds.quantile import QuantileThreshold
from detectors.thresholds.spot import SpotThreshold
from detectors.thresholds.zscore import ZScoreThreshold
from monitor.config import CameraSections


class DeviceError(Exception):
    """The device asked for is not there; the message says what is."""


def pipeline(sections: CameraSections, seed: int, device: str) -> Pipeline:
    """The detectors of one camera, knowing nothing yet.

    Args:
        sections: The camera's.
        seed: Of everything random in it.
        device: "cpu" or "cuda:N", as `chosen_device` gives it.
    """
    fps = sections.analysis.fps
    keys = {d.name: d.feature.model_dump_json() for d in sections.detectors}
    features = {keys[d.name]: _feature(d.feature, fps) for d in sections.detectors}
    detectors = [
        Detector(d.name, keys[d.name], _model(d.model, zlib.crc32(d.name.encode()) ^ seed, device), d.weight)
        for d in sections.detectors
    ]
    return Pipeline(features, detectors, _threshold(sections.threshold), sections.learning, fps)


def fingerprint(sections: CameraSections) -> str:
    """Of everything that shapes what a pipeline learns: a checkpoint of another fingerprint is of no use to it."""
    parts = [d.model_dump_json() for d in sections.detectors]
    parts += [sections.analysis.model_dump_json(), sections.threshold.model_dump_json()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def chosen_device(wanted: str) -> str:
    """What `device` of the configuration comes to here.

    Raises:
        DeviceError: A GPU was asked for that torch does not see.
    """
    if wanted == "cpu":
        return wanted
    import torch  # noqa: PLC0415 - a worker on the CPU with no network needs none

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return "cuda:0" if count else "cpu"
    if int(wanted.removeprefix("cuda:")) >= count:
        raise DeviceError(
            f"device: expected one of the {count} GPUs that torch sees, got {wanted}; "
            "use auto or cpu, or install torch with CUDA (deploy/install.sh --cuda)"
        )
    return wanted


def _feature(options: FeatureOptions, fps: float) -> Feature:
    match options:
        case PixelsOptions():
            return Pixels(options)
        case MotionOptions():
            return Motion(options, fps)
        case _:
            assert_never(options)


def _model(options: ModelOptions, seed: int, device: str) -> Model:
    match options:
        case ZScoreModelOptions():
            return ZScoreModel(options)
        case IqrModelOptions():
            return IqrModel(options)
        case GaussianOptions():
            return GaussianModel(options)
        case AutoencoderOptions():
            from detectors.models.autoencoder import Autoencoder  # noqa: PLC0415 - the only model that needs torch

            return Autoencoder(options, seed=seed, device=device)
        case _:
            assert_never(options)


def _threshold(options: ThresholdOptions) -> Threshold:
    match options:
        case ZScoreThresholdOptions():
            return ZScoreThreshold(options)
        case IqrThresholdOptions():
            return IqrThreshold(options)
        case QuantileOptions():
            return QuantileThreshold(options)
        case ConformalOptions():
            return ConformalThreshold(options)
        case SpotOptions():
            return SpotThreshold(options)
        case _:
            assert_never(options)
