"""Streams a labelled set through the shipped subject and gives every figure and the logs. Defines no metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.plants import Plant
from detectors.evaluation.protocol import Alerter, Clip, Scheme, Stream, Subject, no_pictures, play
from detectors.evaluation.quality import frame_areas
from detectors.evaluation.result import RandomOrders, Result, as_json, summarise
from detectors.evaluation.sustained import Terms
from detectors.stages import Stages
from monitor.offline.dataset import Dataset

ORDERS = (0, 1, 2, 3)  # seeds


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an evaluation is: `clip` is the `index`-th (from 1) of `clips`, `frames` of it are done."""

    clip: str
    index: int
    clips: int
    frames: int


@dataclass(frozen=True, slots=True)
class Bench:
    """What an evaluation runs on.

    Attributes:
        fresh: Gives a subject that has seen nothing, and the shipped episode rules; called once per run.
        analysis_fps: The shipped analysis rate.
        clock: Monotonic seconds.
        stages: What the subjects time their parts with.
        resident_bytes: Memory of the process; None if not known.
        progress: Told after each frame.
        terms: By which alerts are counted against budgets; None if nobody wants to know.
        plants: Drawn into the pictures.
    """

    fresh: Callable[[], tuple[Subject, Alerter]]
    analysis_fps: float
    clock: Callable[[], float]
    stages: Stages
    resident_bytes: Callable[[], int | None]
    progress: Callable[[Progress], None]
    terms: Terms | None = None
    plants: tuple[Plant, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures, and the logs of the run they are of (not of the random orders)."""

    result: Result
    logs: tuple[ClipLog, ...]


def evaluate(dataset: Dataset, scheme: Scheme, bench: Bench) -> Evaluation:
    """Stream `dataset` and compute every metric. p2 is run four times more, in random clip orders, for two of them.

    Raises:
        TruthError: Labels or masks are not those of their clip.
        DatasetError: A mask file cannot be used.
        ScanError: A clip cannot be opened; told before any is streamed.
    """
    began_s = bench.clock()
    shuffled = [_shuffled(dataset.test, seed) for seed in ORDERS] if scheme is Scheme.P2 else []
    train = () if scheme is Scheme.P2 else dataset.train
    for clip in (*train, *dataset.test):
        _check_opens(clip)
    tell = _Teller(bench.progress, len(train) + len(dataset.test) * (1 + len(shuffled)))
    logs = tuple(_run(train, dataset.test, scheme, bench, tell))
    orders = [frame_areas(list(_run((), order, scheme, bench, tell))) for order in shuffled]
    random_orders = None
    if orders:
        micro, macro = _mean([areas.auc_micro for areas in orders]), _mean([areas.auc_macro for areas in orders])
        random_orders = RandomOrders(ORDERS, micro, macro)
    seconds = bench.clock() - began_s
    return Evaluation(summarise(dataset.name, scheme, logs, seconds, random_orders, bench.terms, bench.plants), logs)


def write_json(result: Result, path: Path) -> None:
    """Write the result as JSON, making its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_json(result), encoding="utf-8")


class _Teller:
    """Counts the clips of all runs for the progress display."""

    def __init__(self, progress: Callable[[Progress], None], clips: int) -> None:
        self._progress = progress
        self._clips = clips
        self._index = 0

    def __call__(self, clip: str, frames: int) -> None:
        self._index += frames == 1
        self._progress(Progress(clip, self._index, self._clips, frames))


def _run(train: Sequence[Clip], test: Sequence[Clip], scheme: Scheme, bench: Bench, tell: _Teller) -> Iterator[ClipLog]:
    subject, alerter = bench.fresh()
    stream = Stream(subject, alerter, bench.analysis_fps, bench.stages, bench.resident_bytes, tell, bench.plants)
    return play(stream, train, test, scheme)


def _check_opens(clip: Clip) -> None:
    """A set of hours is not to be refused at its last clip."""
    with closing(clip.open()) as pictures:
        if next(pictures, None) is None:
            raise no_pictures(clip)


def _shuffled(clips: Sequence[Clip], seed: int) -> tuple[Clip, ...]:
    """In random order, without masks: only frame metrics are wanted of it."""
    order = np.random.default_rng(seed).permutation(len(clips))
    return tuple(replace(clips[index], masks=None) for index in order)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
