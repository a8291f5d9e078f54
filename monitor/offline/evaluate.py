"""Streams a labelled set through the shipped subject and tells the result as a table and as JSON. Defines no metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from detectors.evaluation.frames import Interval
from detectors.evaluation.protocol import Alerter, Clip, ClipLog, Scheme, Stream, Subject, play
from detectors.evaluation.result import Areas, RandomOrders, Result, as_json, frame_areas, summarise
from monitor.offline.dataset import Dataset

ORDERS = (0, 1, 2, 3)  # seeds; detection.md §1


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
        progress: Told after each frame.
    """

    fresh: Callable[[], tuple[Subject, Alerter]]
    analysis_fps: float
    clock: Callable[[], float]
    progress: Callable[[Progress], None]


def evaluate(dataset: Dataset, scheme: Scheme, bench: Bench) -> Result:
    """Stream `dataset` and compute every metric. p2 is run four times more, in random clip orders, for two of them.

    Raises:
        TruthError: Labels or masks are not those of their clip.
        DatasetError: A mask file cannot be used.
    """
    began_s = bench.clock()
    shuffled = [_shuffled(dataset.test, seed) for seed in ORDERS] if scheme is Scheme.P2 else []
    train = () if scheme is Scheme.P2 else dataset.train
    tell = _Teller(bench.progress, len(train) + len(dataset.test) * (1 + len(shuffled)))
    logs = list(_run(train, dataset.test, scheme, bench, tell))
    orders = [frame_areas(list(_run((), order, scheme, bench, tell))) for order in shuffled]
    random_orders = None
    if orders:
        micro, macro = _mean([areas.auc_micro for areas in orders]), _mean([areas.auc_macro for areas in orders])
        random_orders = RandomOrders(ORDERS, micro, macro)
    return summarise(dataset.name, scheme, logs, bench.clock() - began_s, random_orders)


def write_json(result: Result, path: Path) -> None:
    """Write the result as JSON, making its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_json(result), encoding="utf-8")


def print_result(result: Result, console: Console) -> None:
    """The result for people: every score in one table, the trivial ones beside the detectors, and the rest below."""
    console.print(Text(f"{result.dataset}, protocol {result.protocol}: {_frames(result)}", style="bold"))
    console.print(_table(result))
    for name, value in _facts(result):
        console.print(Text.assemble((f"{name:<16}", "bold"), value))
    for caveat in result.caveats:
        console.print(Text(f"note: {caveat}", style="yellow"))


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
    return play(Stream(subject, alerter, bench.analysis_fps, bench.clock, tell), train, test, scheme)


def _shuffled(clips: Sequence[Clip], seed: int) -> tuple[Clip, ...]:
    """In random order, without masks: only frame metrics are wanted of it."""
    order = np.random.default_rng(seed).permutation(len(clips))
    return tuple(replace(clips[index], masks=None) for index in order)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _frames(result: Result) -> str:
    return (
        f"{result.frames:,} test frames, {result.anomalous_frames:,} of {result.labelled_frames:,} labelled anomalous"
    )


def _table(result: Result) -> Table:
    table = Table("score", "micro AUC", f"macro AUC ({result.macro_clips} clips)", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    _add(table, "fused", Areas(result.auc_micro, result.auc_macro), "bold")
    for name, areas in result.detectors.items():
        _add(table, f"  {name}", areas, "")
    table.add_section()
    for name, areas in result.baselines.items():
        _add(table, name, areas, "dim")
    return table


def _add(table: Table, name: str, areas: Areas, style: str) -> None:
    table.add_row(Text(name), _number(areas.auc_micro), _number(areas.auc_macro), style=style)


def _facts(result: Result) -> Iterator[tuple[str, str]]:
    """Name and value of everything that has no column."""
    events, cost = result.events, result.ms_per_frame
    yield "micro AUC 95 %", _between(result.auc_micro_interval)
    if result.over_d12 is not None:
        difference = result.over_d12
        yield "fused - d12", f"{difference.mean:+.3f} {_between(difference.interval)}, paired over clips"
    if result.random_orders is not None:
        orders = result.random_orders
        yield "random orders", f"{_number(orders.auc_micro)} micro, {_number(orders.auc_macro)} macro"
    yield "AP, EER", f"{_number(result.ap)}, {_number(result.eer)}"
    yield "RBDC, TBDC", f"{_number(result.rbdc)}, {_number(result.tbdc)}"
    yield "events", f"recall {_number(events.recall)}, covered {_number(events.covered)} of {events.truth}"
    yield "alerts", f"{events.alerts}, precision {_number(events.precision)}, {events.false_alarms} false"
    yield "delay", f"median {_number(events.median_delay_s, 1)} s, 90 % {_number(events.p90_delay_s, 1)} s"
    yield (
        "alerts per day",
        f"{_number(result.alerts_per_day, 1)} over {result.watched_s / 3600:.2f} h of ordinary footage",
    )
    yield "states", ", ".join(f"{state} {count:,}" for state, count in result.states.items()) or "-"
    yield "unknown frames", f"{result.unknown_frames:,}"
    yield "ms per frame", f"p50 {_number(cost.p50, 1)}, p95 {_number(cost.p95, 1)}; {result.seconds:.0f} s in all"


def _between(interval: Interval | None) -> str:
    return "-" if interval is None else f"[{interval.low:.3f}, {interval.high:.3f}]"


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
