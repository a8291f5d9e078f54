"""A camera's sections of the configuration become its pipeline of detectors. The only builder that may load torch."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import assert_never

from detectors.base import Feature, Model, Threshold
from detectors.budget.allowance import Allowance, Opening
from detectors.budget.budget import Budget
from detectors.channel import Channel, Detector
from detectors.examples import Examples
from detectors.features.cnn import Cnn
from detectors.features.lite0.weights import MissingError
from detectors.features.momentum import Momentum
from detectors.features.motion import Motion
from detectors.features.pixels import Pixels
from detectors.features.thumbnail import Thumbnail
from detectors.feedback.heed import Heed
from detectors.fusion import Part
from detectors.models.deviation import DeviationModel
from detectors.models.exemplar import Exemplar
from detectors.models.gaussian import GaussianModel
from detectors.models.iqr import IqrModel
from detectors.models.kmeans import KMeans
from detectors.models.memory import Memory
from detectors.models.pca import Pca
from detectors.models.rarity import RarityModel
from detectors.models.zscore import ZScoreModel
from detectors.options import (
    AciOptions,
    AutoencoderOptions,
    CnnOptions,
    ConformalOptions,
    DbscanOptions,
    DeviationOptions,
    ExemplarOptions,
    FeatureOptions,
    FixedOptions,
    GanOptions,
    GaussianOptions,
    IqrModelOptions,
    IqrThresholdOptions,
    KMeansOptions,
    MemoryOptions,
    ModelOptions,
    MomentumOptions,
    MotionOptions,
    NetworkOptions,
    PcaOptions,
    PixelsOptions,
    QuantileOptions,
    RarityOptions,
    ReconstructionOptions,
    SpotOptions,
    ThresholdOptions,
    ThumbnailOptions,
    VaeOptions,
    ZScoreModelOptions,
    ZScoreThresholdOptions,
)
from detectors.pipeline import Look, Moves, Pipeline, Watch
from detectors.quantities import Quantities
from detectors.rules import Rule, Rules, parse
from detectors.stages import NoStages, Stages
from detectors.thresholds.aci import AciThreshold
from detectors.thresholds.conformal import ConformalThreshold
from detectors.thresholds.fixed import FixedThreshold
from detectors.thresholds.iqr import IqrThreshold
from detectors.thresholds.quantile import QuantileThreshold
from detectors.thresholds.spot import SpotThreshold
from detectors.thresholds.zscore import ZScoreThreshold
from detectors.view import SIZE, View
from detectors.words import meaning
from detectors.zones import Zones
from monitor.config import CameraSections, DetectorOptions


class DeviceError(Exception):
    """What the configuration asks to compute with is not there; the message says what is, or what to install."""


def pipeline(
    sections: CameraSections, seed: int, device: str, threads: int = 1, stages: Stages | None = None
) -> Pipeline:
    """The detectors of one camera, knowing nothing yet.

    Args:
        sections: The camera's.
        seed: Of everything random in it.
        device: "cpu" or "cuda:N", as `chosen_device` gives it.
        threads: How many a feature's network computes with.
        stages: Where the time of each part is noted.

    Raises:
        DeviceError: A network or what runs it is not installed.
    """
    stages = stages or NoStages()
    fps = sections.analysis.fps
    keys = {d.name: _key(d) for d in sections.detectors}
    looks = {keys[d.name]: Look(_feature(d.feature, fps, device, threads), d.every) for d in sections.detectors}
    cells = next((keys[d.name] for d in sections.detectors if isinstance(d.feature, CnnOptions)), "")
    watch = _watch(sections, fps, Heed(seed, cells))

    def afresh() -> tuple[list[Channel], Examples]:
        return _channels(sections, keys, seed, device, stages), Examples(seed)

    channels, seen = afresh()
    allowance = _allowance(sections, [channel.name for channel in channels])
    moves = Moves(View(watch.zones.watched(*SIZE)), afresh) if sections.view.watch else None
    return Pipeline(looks, channels, watch, seen, fps, allowance, stages, moves)


def _channels(
    sections: CameraSections, keys: Mapping[str, str], seed: int, device: str, stages: Stages
) -> list[Channel]:
    """Those that have detectors; `keys`: of their features, by detector."""
    channels = []
    for name, threshold, learning, moment_s, context in (
        ("moving", sections.threshold, sections.learning, 1.0, 0.0),
        ("scene", sections.scene.threshold, sections.scene.learning, 60.0, 0.0),
        ("place", sections.place.threshold, sections.place.learning, 60.0, sections.place.context),
    ):
        detectors = [
            Detector(
                d.name,
                keys[d.name],
                _model(d.model, _seed(seed, d.name), device),
                Part(d.weight, d.usual),
                meaning(d.feature, d.model),
            )
            for d in sections.detectors
            if d.channel == name
        ]
        if detectors:
            channels.append(Channel(name, detectors, _threshold(threshold), learning, moment_s, stages, context))
    return channels


def fingerprint(sections: CameraSections) -> str:
    """Of everything that shapes what a pipeline learns: a checkpoint of another fingerprint is of no use to it."""
    parts = [d.model_dump_json() for d in sections.detectors]
    thresholds = (sections.threshold, sections.scene.threshold, sections.place.threshold)
    parts += [each.model_dump_json() for each in (sections.analysis, *thresholds)]
    parts.append(str(sections.place.context))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def diary_fingerprint(sections: CameraSections) -> str:
    """Of everything that shapes the minutes of a diary: also how many frames a peak is of, where that is unusual."""
    opening, known_by = _opening(sections), fingerprint(sections)
    return known_by if opening == Opening() else f"{known_by} {opening.frames} of {opening.among}"


def chosen_device(wanted: str, cameras: Iterable[CameraSections]) -> str:
    """What `device` of the configuration comes to here; "auto" asks torch only where a detector could use a GPU.

    Raises:
        DeviceError: A GPU was asked for that torch does not see.
    """
    if wanted == "cpu" or (wanted == "auto" and not _any(cameras, _may_use_gpu)):
        return "cpu"
    import torch  # noqa: PLC0415 - half a second and 200 MB, where nothing else needs it

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return "cuda:0" if count else "cpu"
    if int(wanted.removeprefix("cuda:")) >= count:
        raise DeviceError(
            f"device: expected one of the {count} GPUs that torch sees, got {wanted}; "
            "use auto or cpu, or install torch with CUDA (deploy/install.sh --cuda)"
        )
    return wanted


def prepare_torch(cameras: Iterable[CameraSections], threads: int) -> None:
    """Load torch before the first frame, for as many threads as it may have; not at all where no detector needs it."""
    if _any(cameras, _needs_torch):
        import torch  # noqa: PLC0415 - half a second and 200 MB

        torch.set_num_threads(threads)
        # The first optimizer loads some eight hundred modules: a second or more, and frames would be dropped meanwhile.
        torch.optim.Adam([torch.zeros(1, requires_grad=True)])


def _any(cameras: Iterable[CameraSections], holds: Callable[[DetectorOptions], bool]) -> bool:
    return any(holds(detector) for camera in cameras for detector in camera.detectors)


def _needs_torch(detector: DetectorOptions) -> bool:
    return isinstance(detector.model, NetworkOptions | ReconstructionOptions)


def _may_use_gpu(detector: DetectorOptions) -> bool:
    """Of the programs that run a feature's network only torch uses one, and "auto" takes it where there is one."""
    feature = detector.feature
    return _needs_torch(detector) or (isinstance(feature, CnnOptions) and feature.runtime in {"auto", "torch"})


def _allowance(sections: CameraSections, channels: Sequence[str]) -> Allowance | None:
    if sections.budget is None:
        return None
    shares, join_s = sections.budget.shares.model_dump(), sections.episodes.refractory_s
    budget = Budget({name: shares[name] for name in channels}, sections.budget.alerts_per_day, join_s)
    return Allowance(budget, _opening(sections))


def _opening(sections: CameraSections) -> Opening:
    return Opening(sections.episodes.open_m, sections.episodes.open_n)


def _key(detector: DetectorOptions) -> str:
    """Detectors with one key share a feature's grids; short, because people read it in tables of cost."""
    options = detector.feature.model_dump_json(exclude={"kind"}, exclude_defaults=True)
    told = "" if options == "{}" else f" {options}"
    return f"{detector.feature.kind}{told}" + (f" every {detector.every}" if detector.every > 1 else "")


def _seed(seed: int, name: str) -> int:
    return zlib.crc32(name.encode()) ^ seed


def _watch(sections: CameraSections, fps: float, heed: Heed) -> Watch:
    zones = Zones(sections.zones, sections.masks)
    rules = Rules([Rule(r.name, parse(r.when), r.text or r.when) for r in sections.rules])
    return Watch(zones, rules, Quantities(rules.names, zones, fps), heed)


def _feature(options: FeatureOptions, fps: float, device: str, threads: int) -> Feature:
    match options:
        case PixelsOptions():
            return Pixels(options)
        case MotionOptions():
            return Motion(options, fps)
        case MomentumOptions():
            return Momentum(options, fps)
        case ThumbnailOptions():
            return Thumbnail(options)
        case CnnOptions():
            try:
                return Cnn(options, fps, device=device, threads=threads)
            except MissingError as error:
                raise DeviceError(str(error)) from error
        case _:
            assert_never(options)


def _model(options: ModelOptions, seed: int, device: str) -> Model:  # noqa: PLR0911, PLR0912 - one a kind
    match options:
        case ZScoreModelOptions():
            return ZScoreModel(options)
        case IqrModelOptions():
            return IqrModel(options)
        case DeviationOptions():
            return DeviationModel(options)
        case RarityOptions():
            return RarityModel(options)
        case GaussianOptions():
            return GaussianModel(options)
        case AutoencoderOptions():
            from detectors.models.autoencoder import Autoencoder  # noqa: PLC0415 - needs torch

            return Autoencoder(options, seed=seed, device=device)
        case VaeOptions():
            from detectors.models.vae import Vae  # noqa: PLC0415 - needs torch

            return Vae(options, seed=seed, device=device)
        case GanOptions():
            from detectors.models.gan import Gan  # noqa: PLC0415 - needs torch

            return Gan(options, seed=seed, device=device)
        case PcaOptions():
            return Pca(options)
        case MemoryOptions():
            return Memory(options, seed=seed)
        case ReconstructionOptions():
            from detectors.models.reconstruction import Reconstruction  # noqa: PLC0415 - needs torch

            return Reconstruction(options, seed=seed, device=device)
        case ExemplarOptions():
            return Exemplar(options, seed=seed)
        case KMeansOptions():
            return KMeans(options, seed=seed)
        case DbscanOptions():
            from detectors.models.dbscan import Dbscan  # noqa: PLC0415 - the only model that needs scikit-learn

            return Dbscan(options, seed=seed)
        case _:
            assert_never(options)


def _threshold(options: ThresholdOptions) -> Threshold:  # noqa: PLR0911 - one a kind
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
        case AciOptions():
            return AciThreshold(options)
        case FixedOptions():
            return FixedThreshold(options)
        case _:
            assert_never(options)
