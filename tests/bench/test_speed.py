"""What each part of the route costs here: tables of milliseconds and of ratios within one run. Judges no speed.

Other work on the machine makes milliseconds differ by the hour, so only the ratios may be compared between runs: to
d12, the frame difference that every evaluation is printed beside, and to real time at the shipped rate of analysis.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import cycle, islice
from typing import get_args

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console
from rich.table import Table

from detectors.base import Feature, Grid, Image, Model, Picture
from detectors.evaluation.baselines import Baselines
from detectors.features.cnn import Cnn
from detectors.features.lite0.runtimes import Runtime, chosen_runtime
from detectors.features.lite0.weights import MissingError
from detectors.features.motion import Motion
from detectors.features.pixels import Pixels
from detectors.features.thumbnail import Thumbnail
from detectors.models.autoencoder import Autoencoder
from detectors.models.gaussian import GaussianModel
from detectors.models.iqr import IqrModel
from detectors.models.zscore import ZScoreModel
from detectors.options import (
    AutoencoderOptions,
    CnnOptions,
    ConformalOptions,
    GaussianOptions,
    IqrModelOptions,
    MotionOptions,
    PixelsOptions,
    QuantileOptions,
    SpotOptions,
    ThumbnailOptions,
    ZScoreModelOptions,
)
from detectors.thresholds.conformal import ConformalThreshold
from detectors.thresholds.quantile import QuantileThreshold
from detectors.thresholds.spot import SpotThreshold
from monitor import config
from monitor.build.detecting import pipeline
from monitor.capture.scene import Scene
from monitor.config import Config
from monitor.scoring.scorer import JPEG_QUALITY, CameraScorer
from monitor.transport.wire import decode, encode
from monitor.types import Frame, Judgement, Stamp, State

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
SIZE_PX = (360, 240)  # as UCSD Ped2's frames, so that figures of the two can be compared
FPS = 10.0
SCENE_S = 90.0
ROUNDS = 150  # of each stage; the tables show medians
LEARNED = 150  # grids that a model has learned before it is timed: more than any warm-up
CALIBRATED_S = 30  # in place of the shipped warm-up, so that most of the run is judged


@pytest.fixture(scope="module", autouse=True)
def _as_shipped() -> Iterator[None]:
    """One thread, as the worker computes by default."""
    threads = cv2.getNumThreads(), torch.get_num_threads()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    yield
    cv2.setNumThreads(threads[0])
    torch.set_num_threads(threads[1])


@pytest.fixture(scope="module", name="images")
def _images() -> list[Image]:
    """The demo scene at analysis size: people, noise and light, always the same."""
    scene = Scene(0)
    return [_small(scene.draw(number / FPS)) for number in range(int(SCENE_S * FPS))]


def _small(image: Image) -> Image:
    small = np.asarray(cv2.resize(image, SIZE_PX, interpolation=cv2.INTER_AREA), np.uint8)
    small.flags.writeable = False
    return small


def _ms(work: Callable[[int], object]) -> float:
    """Median milliseconds of one call; `work` is told its number."""
    spent = []
    for number in range(ROUNDS):
        began_s = time.perf_counter()
        work(number)
        spent.append(time.perf_counter() - began_s)
    return float(np.median(spent)) * 1000


def _d12_ms(images: list[Image]) -> float:
    """The reference: everything d12 needs of a new frame."""
    baselines = Baselines()
    return _ms(lambda number: baselines.step(Picture(images[number], number / FPS).grey, number / FPS))


def _recent(images: list[Image], number: int, reach: int) -> list[Picture]:
    """Pictures nothing was computed of yet."""
    return [Picture(images[number + back], (number + back) / FPS) for back in range(reach + 1)]


def _model_rows(name: str, model: Model, grids: list[Grid]) -> Mapping[str, float]:
    for grid in islice(cycle(grids), LEARNED):
        model.learn(grid)
    assert model.score(grids[0]).value is not None
    return {
        f"{name}: score": _ms(lambda number: model.score(grids[number % len(grids)])),
        f"{name}: learn": _ms(lambda number: model.learn(grids[number % len(grids)])),
    }


def _show(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(*columns, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    Console(width=110).print(table)


def _features(images: list[Image]) -> tuple[Mapping[str, float], list[Grid], list[Grid]]:
    pixels, motion = Pixels(PixelsOptions()), Motion(MotionOptions(), FPS)
    timed: dict[str, Feature] = {
        "pixels": pixels,
        "thumbnail": Thumbnail(ThumbnailOptions()),
        "motion": motion,
        "motion without flow": Motion(MotionOptions(flow=False), FPS),
        "motion with a histogram": Motion(MotionOptions(directions=8), FPS),
        "cnn, moving cells": Cnn(CnnOptions(), FPS),
    }
    for runtime in _runtimes():
        timed[f"cnn by {runtime}, every cell"] = Cnn(CnnOptions(runtime=runtime, moving_only=False), FPS)
    stages = {}
    for name, feature in timed.items():
        prepared = [_recent(images, number, feature.reach) for number in range(ROUNDS)]
        stages[f"feature {name}"] = _ms(lambda n, feature=feature, prepared=prepared: feature.extract(prepared[n]))
    grids = [
        [grid for n in range(LEARNED) if (grid := feature.extract(_recent(images, n, feature.reach))) is not None]
        for feature in (pixels, motion)
    ]
    return stages, grids[0], grids[1]


def _runtimes() -> list[Runtime]:
    """Those that are installed."""
    found: list[Runtime] = []
    for runtime in get_args(Runtime):
        with suppress(MissingError):
            found.append(chosen_runtime(runtime, "cpu"))
    return found


def _thresholds() -> Mapping[str, float]:
    scores = np.random.default_rng(0).exponential(size=3000 + ROUNDS).tolist()
    stages = {}
    for name, threshold in (
        ("spot", SpotThreshold(SpotOptions())),
        ("quantile", QuantileThreshold(QuantileOptions())),
        ("conformal", ConformalThreshold(ConformalOptions())),
    ):
        for score in scores[:3000]:
            threshold.update(score)
        assert threshold.limit() is not None
        stages[f"threshold {name}: update, limit, p-value"] = _ms(
            lambda n, t=threshold: (t.update(scores[3000 + n]), t.limit(), t.p_value(scores[n]))
        )
    return stages


def _wire(images: list[Image], judgement: Judgement) -> Mapping[str, float]:
    frames = [Frame(Stamp("bench", "run", n, n, n, None), images[n]) for n in range(ROUNDS)]
    packed = [bytes(part) for part in encode(frames[0])]
    judged = [bytes(part) for part in encode(judgement)]
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    return {
        "wire: encode frame": _ms(lambda n: encode(frames[n])),
        "wire: decode frame": _ms(lambda _: decode(packed)),
        "wire: encode judgement": _ms(lambda _: encode(judgement)),
        "wire: decode judgement": _ms(lambda _: decode(judged)),
        "JPEG of a frame": _ms(lambda n: cv2.imencode(".jpg", images[n], quality)),
    }


def test_what_each_stage_costs(images: list[Image]) -> None:
    """Every stage of the route is timed beside d12 in the same run, and has a row of its own."""
    d12_ms = _d12_ms(images)
    stages, pixels, motion = _features(images)
    models: dict[str, tuple[Model, list[Grid]]] = {
        "autoencoder on pixels": (Autoencoder(AutoencoderOptions(), seed=0), pixels),
        "zscore on motion": (ZScoreModel(ZScoreModelOptions()), motion),
        "iqr on motion": (IqrModel(IqrModelOptions()), motion),
        "gaussian on motion": (GaussianModel(GaussianOptions()), motion),
    }
    costs = dict(stages)
    for name, (model, grids) in models.items():
        costs |= _model_rows(name, model, grids)
    costs |= _thresholds()
    costs |= _wire(images, _judgements(images[:200], config.of_source("demo:"))[-1])
    rows = [("d12, the reference", f"{d12_ms:.3f}", "1.00")]
    rows += [(name, f"{ms:.3f}", f"{ms / d12_ms:.2f}") for name, ms in costs.items()]
    _show(f"one call at {SIZE_PX[0]}×{SIZE_PX[1]}, one thread", ("stage", "median ms", "× d12"), rows)
    assert len(rows) == 23 + len(_runtimes())
    assert all(ms > 0 for ms in costs.values())


def test_what_the_whole_route_costs_while_it_learns(images: list[Image]) -> None:
    """Picture in, judgement out, and learned: percentiles of one camera at the shipped configuration, beside d12."""
    scorer, baselines = _scorer(_calibrated_sooner(config.of_source("demo:"))), Baselines()
    judge_s, learn_s, d12_s, states = [], [], [], []
    for number, image in enumerate(images):
        frame = _frame(number, image)
        began_s = time.perf_counter()
        judgement = scorer.judge(frame)
        judged_s = time.perf_counter()
        scorer.learn()
        learned_s = time.perf_counter()
        baselines.step(Picture(image, number / FPS).grey, number / FPS)
        d12_s.append(time.perf_counter() - learned_s)
        judge_s.append(judged_s - began_s)
        learn_s.append(learned_s - judged_s)
        assert judgement is not None
        states.append(judgement.state)
    known = np.array([state is State.ACTIVE for state in states])
    both = np.array(judge_s) + np.array(learn_s)
    unit_s = float(np.median(d12_s))
    rows = [
        _row("judge", np.array(judge_s)[known], unit_s),
        _row("learn (most frames are not)", np.array(learn_s)[known], unit_s),
        _row("judge and learn", both[known], unit_s),
        _row("the same while warming up", both[~known], unit_s),
    ]
    columns = ("active camera", "p50 ms", "p95 ms", "mean ms", "mean × d12", "cameras scored in real time")
    _show(f"{len(images)} frames of {SIZE_PX[0]}×{SIZE_PX[1]} at {FPS:g} fps, one thread", columns, rows)
    assert known.any()
    assert scorer.received == len(images)
    assert scorer.learned > 0


def _row(name: str, spent_s: np.ndarray, unit_s: float) -> tuple[str, ...]:
    mean_s = float(spent_s.mean())
    p50_ms, p95_ms = np.percentile(spent_s, [50, 95]) * 1000
    rate = 1 / (mean_s * FPS)
    return name, f"{p50_ms:.1f}", f"{p95_ms:.1f}", f"{mean_s * 1000:.1f}", f"{mean_s / unit_s:.0f}", f"{rate:.1f}"


def _scorer(given: Config) -> CameraScorer:
    return CameraScorer(pipeline(given, given.seed, "cpu"))


def _frame(number: int, image: Image) -> Frame:
    at_ns = round(number / FPS * 1e9) + 1
    return Frame(Stamp("bench", "run", number, at_ns, at_ns, number / FPS), image)


def _calibrated_sooner(given: Config) -> Config:
    """The shipped configuration with a calibration that a minute of footage is enough for."""
    shorter = given.threshold.model_copy(update={"warmup": CALIBRATED_S})
    return given.model_copy(update={"threshold": shorter})


def _judgements(images: list[Image], given: Config) -> list[Judgement]:
    """Of these frames; the last one with a picture, as an event's frames have."""
    scorer = _scorer(given)
    found = []
    for number, image in enumerate(images):
        judgement = scorer.judge(_frame(number, image))
        scorer.learn()
        assert judgement is not None
        found.append(judgement)
    pictured = [judgement for judgement in found if judgement.picture is not None][-1]
    return [*found[:-1], replace(found[-1], picture=pictured.picture, heatmap=pictured.heatmap)]
