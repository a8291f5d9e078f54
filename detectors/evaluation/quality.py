"""How well each score ranks the labelled frames: the fused one, each detector's, the trivial ones. Ranks no place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from detectors.evaluation.bootstrap import Difference, micro_draws, paired_difference
from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.frames import (
    Numbers,
    ScoredClip,
    average_precision,
    equal_error_rate,
    joined,
    macro_auc,
    micro_auc,
)
from detectors.evaluation.literature import literature_style

REFERENCE = "d12"


@dataclass(frozen=True, slots=True)
class Areas:
    """One score's frame AUC; None where a class is missing."""

    auc_micro: float | None
    auc_macro: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """One score's frame metrics; None where a class is missing.

    Attributes:
        over_d12: Its micro AUC minus that of d12, paired bootstrap over clips.
        literature_micro: Its micro AUC after per-clip scaling and smoothing over past and future: for comparison with
            published figures, no figure of ours.
    """

    auc_micro: float | None
    auc_macro: float | None
    ap: float | None
    eer: float | None
    over_d12: Difference | None
    literature_micro: float | None


@dataclass(frozen=True, slots=True)
class Qualities:
    """Every score's, detectors and baselines by name."""

    fused: Quality
    detectors: Mapping[str, Quality]
    baselines: Mapping[str, Quality]


def qualities(logs: Sequence[ClipLog]) -> Qualities:
    """Of the labelled clips of the test split."""
    labelled = labelled_tests(logs)
    reference = micro_draws(scored(labelled, lambda log: log.said.baselines[REFERENCE]))
    return Qualities(
        fused=_quality(scored(labelled, lambda log: log.said.scores), reference),
        detectors={n: _quality(c, reference) for n, c in _named(labelled, lambda log: log.said.detectors)},
        baselines={n: _quality(c, reference) for n, c in _named(labelled, lambda log: log.said.baselines)},
    )


def frame_areas(logs: Sequence[ClipLog]) -> Areas:
    """Frame AUC of the fused score over the labelled clips of the test split."""
    clips = scored(labelled_tests(logs), lambda log: log.said.scores)
    return Areas(micro_auc(clips), macro_auc(clips)[0])


def labelled_tests(logs: Sequence[ClipLog]) -> list[ClipLog]:
    """Those that frame metrics are about."""
    return [log for log in logs if not log.trained and log.labels is not None]


def scored(logs: Sequence[ClipLog], column: Callable[[ClipLog], Numbers]) -> list[ScoredClip]:
    """The labelled ones of the logs with the scores that `column` takes from each."""
    return [ScoredClip(log.labels, column(log)) for log in logs if log.labels is not None]


def _named(
    logs: Sequence[ClipLog], columns: Callable[[ClipLog], Mapping[str, Numbers]]
) -> list[tuple[str, list[ScoredClip]]]:
    """Every score of a kind, in the first log's order."""
    names = columns(logs[0]) if logs else ()
    return [
        (name, [ScoredClip(log.labels, columns(log)[name]) for log in logs if log.labels is not None]) for name in names
    ]


def _quality(clips: Sequence[ScoredClip], reference: Numbers) -> Quality:
    labels, scores = joined(clips)
    return Quality(
        auc_micro=micro_auc(clips),
        auc_macro=macro_auc(clips)[0],
        ap=average_precision(labels, scores),
        eer=equal_error_rate(labels, scores),
        over_d12=paired_difference(micro_draws(clips), reference),
        literature_micro=micro_auc(literature_style(clips)),
    )
