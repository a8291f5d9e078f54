"""What tests of scoring share: one small camera's frames, and scorers that are quick to know it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from detectors.budget.allowance import Allowance
from detectors.channel import Channel, Detector
from detectors.examples import Examples
from detectors.features.pixels import Pixels
from detectors.fusion import Part
from detectors.models.zscore import ZScoreModel
from detectors.options import LearningOptions, PixelsOptions, ZScoreModelOptions, ZScoreThresholdOptions
from detectors.pipeline import Look, Moves, Pipeline, Watch
from detectors.quantities import Quantities
from detectors.rules import Rules
from detectors.stages import NoStages
from detectors.thresholds.zscore import ZScoreThreshold
from detectors.view import View
from detectors.zones import Zones
from monitor.scoring.scorer import CameraScorer
from monitor.types import Frame, Stamp

NS = 1_000_000_000
FPS = 10


def make_pipeline(
    name: str = "pixels",
    allowance: Allowance | None = None,
    learning: LearningOptions | None = None,
    view: View | None = None,
) -> Pipeline:
    """One detector of what stands in the picture, which knows its scene after some 30 s."""

    def afresh() -> tuple[list[Channel], Examples]:
        model = ZScoreModel(ZScoreModelOptions(warmup=10, ceiling=1000))
        threshold = ZScoreThreshold(ZScoreThresholdOptions(warmup=10, z=8))
        detector = Detector(name, "small", model, Part(1.0))
        return [Channel("moving", [detector], threshold, learning or LearningOptions(), 1.0, NoStages())], Examples(0)

    nowhere = Zones({}, ())
    watch = Watch(nowhere, Rules([]), Quantities([], nowhere, FPS))
    looks = {"small": Look(Pixels(PixelsOptions(width=16, history=0)))}
    channels, examples = afresh()
    moves = None if view is None else Moves(view, afresh)
    return Pipeline(looks, channels, watch, examples, FPS, allowance, moves=moves)


def frame_of(
    seq: int, *, run: str = "run", camera: str = "gate", strange: bool = False, begin_s: float = 1000
) -> Frame:
    """The frame of that number, ten a second: a grey noisy scene, with a bright intruder where `strange`."""
    image = np.repeat(120 + np.random.default_rng(seq).integers(-6, 7, (24, 32, 1)), 3, axis=2).astype(np.uint8)
    if strange:
        image[2:10, 3:12] = 220
    image.setflags(write=False)
    mono_ns = round((begin_s + seq / FPS) * NS)
    return Frame(Stamp(camera, run, seq, mono_ns + 10**18, mono_ns, seq / FPS), image)


@pytest.fixture
def frame() -> Callable[..., Frame]:
    """Makes frames, see `frame_of`."""
    return frame_of


@pytest.fixture
def scorer() -> Callable[..., CameraScorer]:
    """Makes scorers that know nothing; arguments are those of `make_pipeline`."""
    return lambda *of, **named: CameraScorer(make_pipeline(*of, **named))


@pytest.fixture
def taught(scorer: Callable[..., CameraScorer]) -> Callable[[int], CameraScorer]:
    """Makes scorers that judged and learned so many frames."""

    def make(count: int) -> CameraScorer:
        made = scorer()
        for seq in range(count):
            made.judge(frame_of(seq))
            made.learn()
        return made

    return make
