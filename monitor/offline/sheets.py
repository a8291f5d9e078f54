"""The figures of an evaluation as tables of plain text, for the terminal and the page alike. Draws nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from detectors.evaluation.bootstrap import Difference, Interval
from detectors.evaluation.cost import Milliseconds
from detectors.evaluation.days import Day
from detectors.evaluation.levels import Levels
from detectors.evaluation.quality import Quality
from detectors.evaluation.result import Result

NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a sheet; `rank` says what it is about: "fused", "detector", "baseline" or "" for anything else."""

    name: str
    cells: tuple[str, ...]
    rank: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table; `columns` heads the names and each cell, `note` says how to read it, "" where that is plain."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


def sheets(result: Result) -> tuple[Sheet, ...]:
    """Those with rows, the most important first."""
    every = (_quality(result), _quarters(result), _costs(result), _days(result))
    return tuple(sheet for sheet in every if sheet.rows)


def headline(result: Result) -> str:
    """What was evaluated, in a line."""
    frames = f"{result.frames:,} test frames"
    labelled = f"{result.anomalous_frames:,} of {result.labelled_frames:,} labelled anomalous"
    return f"{result.dataset}, protocol {result.protocol}: {frames}, {labelled}"


def facts(result: Result) -> Iterator[tuple[str, str]]:
    """Name and value of everything that has no column."""
    learning, cost = result.learning, result.ms_per_frame
    if result.labelled_frames:
        yield from _labelled_facts(result)
    hours = f"{result.watched_s / 3600:.2f} h of ordinary footage"
    yield "alerts per day", f"{number(result.alerts_per_day, 1)} over {hours}"
    first = f"score after {number(learning.first_score_s, 1)} s, first verdict after"
    yield "learning", f"first {first} {number(learning.first_verdict_s, 1)} s of footage"
    yield "states", ", ".join(f"{state} {count:,}" for state, count in result.states.items()) or NOTHING
    yield "unknown frames", f"{result.unknown_frames:,}"
    yield "ms per frame", f"p50 {number(cost.p50, 1)}, p95 {number(cost.p95, 1)}; {result.seconds:.0f} s in all"
    yield "log", f"{result.log_mb:.1f} MB"


def _labelled_facts(result: Result) -> Iterator[tuple[str, str]]:
    """Those that cannot be told without labels."""
    events = result.events
    yield "micro AUC 95 %", between(result.auc_micro_interval)
    if result.random_orders is not None:
        orders = result.random_orders
        yield "random orders", f"{number(orders.auc_micro)} micro, {number(orders.auc_macro)} macro"
    yield "RBDC, TBDC", f"{number(result.rbdc)}, {number(result.tbdc)}"
    yield "events", f"recall {number(events.recall)}, covered {number(events.covered)} of {events.truth}"
    yield "alerts", f"{events.alerts}, precision {number(events.precision)}, {events.false_alarms} false"
    yield "delay", f"median {number(events.median_delay_s, 1)} s, 90 % {number(events.p90_delay_s, 1)} s"


def between(interval: Interval | None) -> str:
    """An interval, or nothing."""
    return NOTHING if interval is None else f"[{interval.low:.3f}, {interval.high:.3f}]"


def number(value: float | None, digits: int = 3) -> str:
    """With so many digits after the point; nothing for None."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def _quality(result: Result) -> Sheet:
    fused = Quality(result.auc_micro, result.auc_macro, result.ap, result.eer, result.over_d12, result.literature_micro)
    rows = [_quality_row("fused", fused, "fused")]
    rows += [_quality_row(name, quality, "detector") for name, quality in result.detectors.items()]
    rows += [_quality_row(name, quality, "baseline") for name, quality in result.baselines.items()]
    return Sheet(
        title="Frame metrics",
        columns=("score", "micro", f"macro ({result.macro_clips})", "AP", "EER", "micro - d12, 95 %", "literature*"),
        rows=tuple(rows) if result.labelled_frames else (),
        note="micro: one ROC over all labelled test frames; macro: mean over the clips with both classes; micro - d12: "
        "paired bootstrap over clips. *micro after scaling each clip to itself and smoothing over past and future "
        "(σ = 3 frames): no monitor can do that; for comparison with published figures only.",
    )


def _quality_row(name: str, quality: Quality, rank: str) -> Row:
    figures = (quality.auc_micro, quality.auc_macro, quality.ap, quality.eer)
    over = NOTHING if rank == "baseline" and name == "d12" else _gap(quality.over_d12)
    return Row(name, (*(number(figure) for figure in figures), over, number(quality.literature_micro)), rank)


def _gap(difference: Difference | None) -> str:
    if difference is None:
        return NOTHING
    return f"{difference.mean:+.3f} [{difference.interval.low:+.3f}, {difference.interval.high:+.3f}]"


def _quarters(result: Result) -> Sheet:
    quarters = result.learning.quarters
    rows = [Row("fused", tuple(number(quarter.fused) for quarter in quarters), "fused")]
    rows += [Row(n, tuple(number(q.detectors[n]) for q in quarters), "detector") for n in result.detectors]
    rows += [Row("d12", tuple(number(quarter.d12) for quarter in quarters), "baseline")]
    return Sheet(
        title="Micro AUC by quarter of the test split",
        columns=("score", *(f"{i} ({q.anomalous:,}/{q.frames:,})" for i, q in enumerate(quarters, start=1))),
        rows=tuple(rows) if quarters else (),
        note="In brackets anomalous / labelled frames. The quarters hold other scenes and are not equally hard: what "
        "learning gains shows against d12, which learns nothing.",
    )


def _costs(result: Result) -> Sheet:
    stages: Mapping[str, Milliseconds] = result.ms_by_stage
    return Sheet(
        title="Milliseconds per analysed frame",
        columns=("stage", "p50", "p95", "mean"),
        rows=tuple(Row(n, (number(c.p50, 2), number(c.p95, 2), number(c.mean, 2))) for n, c in stages.items()),
        note="Stages that are parts of judging or learning count in those as well; reading is not in ms per frame.",
    )


def _days(result: Result) -> Sheet:
    rows = []
    for day in result.days:
        rows.append(_day_row(f"{day.day}", day, day.scores.fused, whole=True))
        rows += [_day_row(f"{day.day} {n}", day, levels, whole=False) for n, levels in day.scores.detectors.items()]
    return Sheet(
        title="Day by day",
        columns=("day, score", "median", "99 %", "99.9 %", "worst hour", "alerts", "RSS MB", "log MB"),
        rows=tuple(rows),
        note="Worst hour: the largest share of an hour's judged frames that were anomalous. RSS: the process after "
        "that day's last clip, this evaluation's own log within it.",
    )


def _day_row(name: str, day: Day, levels: Levels, *, whole: bool) -> Row:
    cells = tuple(number(level) for level in (levels.median, levels.q99, levels.q999))
    if not whole:
        return Row(name, (*cells, "", "", "", ""), "detector")
    worst = NOTHING if day.anomalous_hour is None else f"{day.anomalous_hour:.2%}"
    memory = (number(day.resident_mb, 0), number(day.log_mb, 1))
    return Row(name, (*cells, worst, str(day.alerts), *memory), "fused")
