"""What tests of bundles share: takes of the small camera of tests/scoring, written as the worker writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detectors.budget.allowance import Allowance
from detectors.channel import Channel, Detector
from detectors.examples import Examples
from detectors.features.pixels import Pixels
from detectors.features.thumbnail import Thumbnail
from detectors.feedback.heed import Heard, Heed
from detectors.fusion import Part
from detectors.models.zscore import ZScoreModel
from detectors.options import (
    LearningOptions,
    PixelsOptions,
    ThumbnailOptions,
    ZScoreModelOptions,
    ZScoreThresholdOptions,
)
from detectors.pipeline import Look, Pipeline, Watch
from detectors.quantities import Quantities
from detectors.rules import Rules
from detectors.stages import NoStages
from detectors.thresholds.zscore import ZScoreThreshold
from detectors.zones import Zones
from monitor.bundles import archive
from monitor.bundles.manifest import Machine
from monitor.scoring.scorer import CameraScorer
from monitor.scoring.takes import Origin, files_of
from monitor.scoring.tape import Tape, TapeRules
from monitor.types import Frame, Stamp, Verdict

NS = 1_000_000_000
FPS = 10
READY = 280
RULES = TapeRules(before=4, most=60, most_bytes=1 << 30, least=3, quiet_s=1.0, again_s=5.0)
ORIGIN = Origin(
    "gate", "print", json.dumps({"analysis": {}}).encode(), Machine({"rareframe": "0"}, "none", "cpu", 1, 0)
)


def small_pipeline(allowance: Allowance | None = None, heed: Heed | None = None) -> Pipeline:
    """Two channels, one of which looks at every second picture only; both learn fast, and while things are strange."""
    learning = LearningOptions(warmup=10, every_s=0.2, delay_s=4.0)

    def channel(name: str, key: str) -> Channel:
        detector = Detector(name, key, ZScoreModel(ZScoreModelOptions(warmup=10, ceiling=1000)), Part(1.0))
        threshold = ZScoreThreshold(ZScoreThresholdOptions(warmup=10, z=8))
        return Channel(f"of_{name}", [detector], threshold, learning, 1.0, NoStages())

    nowhere = Zones({}, ())
    watch = Watch(nowhere, Rules([]), Quantities([], nowhere, FPS), heed)
    looks = {
        "small": Look(Pixels(PixelsOptions(width=16, history=2))),
        "tiny": Look(Thumbnail(ThumbnailOptions(width=4, height=4)), every=2),
    }
    return Pipeline(looks, [channel("pixels", "small"), channel("scene", "tiny")], watch, Examples(0), FPS, allowance)


def picture_of(seq: int, *, strange: bool = False) -> Frame:
    """The frame of that number, ten a second: a grey noisy scene, with a bright intruder that grows where strange."""
    image = np.repeat(120 + np.random.default_rng(seq).integers(-6, 7, (24, 32, 1)), 3, axis=2).astype(np.uint8)
    if strange:
        image[2 : 6 + seq % 8, 3:12] = 220
    image.setflags(write=False)
    mono_ns = round((1000 + seq / FPS) * NS)
    return Frame(Stamp("gate", "run", seq, mono_ns + 10**18, mono_ns, seq / FPS), image)


@pytest.fixture(scope="session")
def written() -> dict[str, bytes]:
    """The files of a bundle: some seconds of an intruder in a scene that was known."""
    return take_of(small_pipeline())


def take_of(pipeline: Pipeline) -> dict[str, bytes]:
    """The files of the bundle of an intruder, as this pipeline judged it."""
    takes: list = []
    scorer = CameraScorer(pipeline, tape=Tape(RULES, takes.append))
    for seq in range(READY + 50):
        scorer.judge(picture_of(seq, strange=READY <= seq < READY + 6))
        scorer.learn()
    assert [take.ended for take in takes] == ["quiet"]
    return files_of(ORIGIN, takes[0])


@pytest.fixture
def bundle_file(tmp_path: Path, written: dict[str, bytes]) -> Callable[..., Path]:
    """Writes that bundle, some of its files replaced by name; None leaves one out."""

    def make(**other: bytes | None) -> Path:
        names = {name.replace("/", "_").replace(".", "_"): name for name in written}
        files: dict[str, bytes | None] = dict(written)
        files |= {names[name]: content for name, content in other.items()}
        path = tmp_path / "event.zip"
        archive.write(path, {name: content for name, content in files.items() if content is not None})
        return path

    return make


class Halves(Heed):
    """Feedback that leaves half of what is strange in the first channel, and nothing to be told of there."""

    def hear(self, *told: object) -> Heard:
        """As `Heed.hear`."""
        first, *others = told[2]  # type: ignore[misc]
        return Heard((replace(first, value=(first.value or 0.0) / 2, verdict=Verdict.NORMAL), *others), "like event 1")


@pytest.fixture
def heard() -> dict[str, bytes]:
    """The files of a bundle with whose verdicts feedback had a say."""
    return take_of(small_pipeline(heed=Halves(0)))


@pytest.fixture
def fresh() -> Callable[[], Pipeline]:
    """Makes the pipeline that judged it, knowing nothing."""
    return small_pipeline
