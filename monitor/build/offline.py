"""The same route without processes: recordings are scanned, labelled sets evaluated. Draws and prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import assert_never

from detectors.base import Picture, Reading
from detectors.budget.allowance import Opening
from detectors.evaluation.events import Alert
from detectors.evaluation.protocol import Scheme
from detectors.evaluation.result import Result
from detectors.evaluation.sustained import Terms
from detectors.options import (
    AciOptions,
    ConformalOptions,
    FixedOptions,
    IqrThresholdOptions,
    QuantileOptions,
    SpotOptions,
    ZScoreThresholdOptions,
)
from detectors.pipeline import GAP_PERIODS, GAP_S
from detectors.stages import Stages
from monitor.alerting.snapshots import with_overlay
from monitor.build.clips import ScanClips
from monitor.build.detecting import chosen_device, pipeline, prepare_torch
from monitor.build.planting import Planting, length_of, plants_for
from monitor.build.rules import rules
from monitor.build.threads import compute_with
from monitor.capture.recording import all_pictures, due_frames, open_recording
from monitor.capture.source import SourceError
from monitor.config import BudgetOptions, CameraSections, Config
from monitor.deciding.decider import EpisodeDecider
from monitor.deciding.episodes import Rules
from monitor.offline.dataset import Dataset, read_dataset, recordings
from monitor.offline.evaluate import Bench
from monitor.offline.evaluate import Progress as EvaluateProgress
from monitor.offline.evaluate import evaluate as run_evaluation
from monitor.offline.findings import Scan
from monitor.offline.report import write_report
from monitor.offline.result_page import write_page
from monitor.offline.scan import Progress as ScanProgress
from monitor.offline.scan import Route, ScanError
from monitor.offline.scan import scan as run_scan
from monitor.processes import resident_bytes
from monitor.scoring.scorer import CameraScorer, channel_score
from monitor.types import Event, Frame, Judgement, Phase, Stamp

# Shorter recordings would be over before the shipped calibration is: for them it takes this share.
SHORT_S = 600.0
SHARE = 0.25
# A train split shorter than this is too short for it.
TRAIN_S = 240.0
# Fewer seconds than that say nothing about a limit.
LEAST_SECONDS = 15
_NS = 1_000_000_000
# In recordings shorter than this no budget is kept, and events this far apart are listed each for itself.
BUDGET_S = 86_400.0
LISTED_APART_S = 10.0
# What stands for a camera's name where there is no camera.
_SCAN, _CLIP = "scan", "clip"


def scan(
    config: Config, files: Sequence[Path], out: Path, progress: Callable[[ScanProgress], None], *, clips: bool = False
) -> Scan:
    """Scan recordings one by one, each with detectors that know nothing yet, and write the report.

    With `clips`, each event's video is written beside it.

    Raises:
        OSError: `out` cannot be written to.
        DeviceError: There is no such GPU.
    """
    device = _prepared(config)
    found = run_scan(files, out, partial(_route, config, device, clips), with_overlay, progress)
    write_report(found, out)
    return found


def evaluate(
    config: Config,
    dataset: Path,
    scheme: Scheme,
    progress: Callable[[EvaluateProgress], None],
    out: Path | None = None,
    planting: Planting | None = None,
) -> Result:
    """Stream a labelled set through the detectors of the configuration; with `out`, write the page of it there.

    With `planting`, happenings are drawn into footage that nobody labelled.

    Raises:
        OSError: `out` cannot be written to.
        DatasetError, TruthError: The set is not as it should be.
        ScanError: A clip cannot be read.
        DeviceError: There is no such GPU.
    """
    device = _prepared(config)
    clips = read_dataset(dataset, partial(_pictures, config))
    plants = () if planting is None else plants_for(planting, dataset, clips, scheme, config.analysis.fps)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # now: after an hour's run would be too late to hear that it cannot be

    sections = _for_set(config, dataset, clips, scheme)
    stages = Stages(time.perf_counter)
    bench = Bench(
        fresh=lambda: (pipeline(sections, config.seed, device, config.threads, stages), EpisodeAlerter(rules(config))),
        analysis_fps=config.analysis.fps,
        clock=time.perf_counter,
        stages=stages,
        resident_bytes=resident_bytes,
        progress=progress,
        terms=_terms(config),
        plants=plants,
    )
    found = run_evaluation(clips, scheme, bench)
    if out is not None:
        write_page(found, out)
    return found.result


def _pictures(config: Config, path: Path) -> Generator[Picture, None, None]:
    try:
        source = open_recording(path, config.analysis.fps)
        with closing(all_pictures(source, config.analysis.width)) as pictures:
            yield from pictures
    except SourceError as error:
        raise ScanError(f"{path}: {error.detail}") from error


def _for_set(config: Config, root: Path, clips: Dataset, scheme: Scheme) -> CameraSections:
    """The configuration for a labelled set, whose clips may be of several scenes and few; as it is for any other.

    A new scene is no camera that was moved: the model goes on, as the protocol says. And where the train split is over
    before the shipped calibration is, its share of it is taken as in a short recording, or limits would be made of the
    anomalies in the test split.
    """
    if all(clip.ranges is None for clip in clips.test):
        return config
    still = config.model_copy(update={"view": config.view.model_copy(update={"watch": False})})
    if scheme is Scheme.P2:
        return still
    train_s = sum(length_of(config.analysis.fps, path) or TRAIN_S for path in recordings(root, "train"))
    return fitted_to(still, train_s) if 0 < train_s < TRAIN_S else still


def _terms(config: Config) -> Terms:
    """The shipped rules, which hold for any budget."""
    episodes = config.episodes
    gap_s = max(GAP_S, GAP_PERIODS / config.analysis.fps)
    shares = (config.budget or BudgetOptions()).shares.model_dump()
    return Terms(episodes.refractory_s, Opening(episodes.open_m, episodes.open_n), gap_s, shares)


class EpisodeAlerter:
    """The shipped episode rules over readings, as evaluation asks for them. Begins afresh in each clip."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._decider = EpisodeDecider({_CLIP: rules})
        self._seq = 0
        self._raised_s: dict[str, float] = {}
        self._alerts: dict[str, Alert] = {}  # by event: one that goes on after it closed is still one alert

    def step(self, at_s: float, reading: Reading) -> None:
        """Take in the next analysed picture, `at_s` in seconds of its clip."""
        moment_ns = round(at_s * _NS)
        stamp = Stamp(_CLIP, _CLIP, self._seq, moment_ns, moment_ns, at_s)
        self._seq += 1
        judgement = Judgement(
            stamp=stamp,
            state=reading.state,
            state_reason=reading.state_reason,
            verdict=reading.verdict,
            score=reading.value,
            p_value=reading.p_value,
            limit=reading.limit,
            scores=reading.scores,
            reasons=reading.reasons,
            heatmap=None,
            picture=None,
            scored_s=0.0,
            channels=tuple(channel_score(channel) for channel in reading.channels),
        )
        self._note(self._decider.judge(judgement), at_s)

    def end(self, at_s: float) -> Sequence[Alert]:
        """The clip is over: its alerts. An alert is raised when OPENED is told, not when its episode began."""
        self._note(self._decider.end(_CLIP, "source ended"), at_s)
        alerts = tuple(self._alerts.values())
        self._alerts, self._raised_s = {}, {}
        self._decider, self._seq = EpisodeDecider({_CLIP: self._rules}), 0
        return alerts

    def _note(self, told: Sequence[Event], at_s: float) -> None:
        for event in told:
            raised_s = self._raised_s.setdefault(event.id, at_s)
            if event.phase is Phase.CLOSED:
                self._alerts[event.id] = Alert(raised_s, max(raised_s, event.ended_ns / _NS))


def _prepared(config: Config) -> str:
    compute_with(config.threads)
    device = chosen_device(config.device, [config])
    prepare_torch([config], config.threads)
    return device


def _route(config: Config, device: str, clips: bool, path: Path) -> Route:
    """The shipped route through one recording, knowing nothing yet."""
    kept = ScanClips(str(path), config) if clips else None
    filming = None if kept is None else kept.filming
    try:
        source = open_recording(path, config.analysis.fps, filming)
    except SourceError as error:
        raise ScanError(error.detail) from error
    length_s = source.info.length_s
    sections = fitted_to(unbudgeted(config, length_s), length_s)
    scorer = CameraScorer(pipeline(sections, config.seed, device, config.threads))
    decider = EpisodeDecider({_SCAN: rules(sections)})

    def frames() -> Generator[Frame, None, None]:
        try:
            with closing(due_frames(source, _SCAN, config.analysis.width, config.analysis.fps, filming)) as due:
                yield from due
        except SourceError as error:
            raise ScanError(error.detail) from error

    def judge(frame: Frame) -> Judgement:
        judgement = scorer.judge(frame)
        if judgement is None:  # only for a frame sent twice
            raise ScanError(f"frame {frame.stamp.seq} came twice")
        scorer.learn()
        return judgement

    finish = partial(decider.end, _SCAN, "source ended")
    return Route(frames, judge, decider.judge, finish, length_s, None if kept is None else kept.clip)


def unbudgeted(sections: CameraSections, length_s: float | None) -> CameraSections:
    """The sections for a recording in which no budget can be learned: its threshold holds, and moments are listed.

    A budget needs half a day before its limits are proven; and who looks through a recording wants its moments one by
    one, not as the one happening that they would be to somebody who is woken by them.
    """
    if length_s is not None and length_s >= BUDGET_S:
        return sections
    apart_s = min(sections.episodes.refractory_s, LISTED_APART_S)
    episodes = sections.episodes.model_copy(update={"refractory_s": apart_s})
    return sections.model_copy(update={"budget": None, "episodes": episodes})


def fitted_to(sections: CameraSections, length_s: float | None) -> CameraSections:
    """The sections with a threshold that makes sense within a short recording, so that most of it is judged.

    It calibrates in a quarter of the recording, and its limit is one that about one ordinary second of so long a
    recording exceeds: a rarer one could only be guessed.
    """
    threshold = sections.threshold
    if length_s is None or length_s >= SHORT_S:
        return sections
    seconds = max(LEAST_SECONDS, int(SHARE * length_s))
    match threshold:
        case QuantileOptions() | ConformalOptions():
            changes: dict[str, float] = {"rate": max(threshold.rate, 2 / seconds)}
        case AciOptions():
            rate = max(threshold.rate, 2 / seconds)
            changes = {"rate": rate, "gain": threshold.gain * rate / threshold.rate}
        case FixedOptions():
            return sections
        case SpotOptions():
            rate = min(1 - threshold.level, max(threshold.rate, 1 / max(LEAST_SECONDS, length_s)))
            changes = {"rate": rate, "warmup": min(threshold.warmup, seconds)}
        case ZScoreThresholdOptions() | IqrThresholdOptions():
            changes = {"warmup": min(threshold.warmup, seconds)}
        case _:
            assert_never(threshold)
    return sections.model_copy(update={"threshold": threshold.model_copy(update=changes)})
