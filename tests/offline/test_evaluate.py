"""Evaluating a small set end to end: files, protocol, table and JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from detectors.base import DetectorScore, Picture, Reading, State, Verdict
from detectors.evaluation.events import Alert
from detectors.evaluation.protocol import Scheme
from detectors.evaluation.truth import TruthError
from detectors.stages import Stages
from monitor.offline.dataset import ClipOpener, Dataset, read_dataset
from monitor.offline.evaluate import Bench, Progress, evaluate, write_json
from monitor.offline.result_text import print_result

MakeClip = Callable[[Path, Iterable[int]], None]


class Brightness:
    """Scores brightness; the heatmap is the picture at quarter size."""

    def step(self, picture: Picture) -> Reading:
        """Known from the first frame on."""
        value = float(picture.grey.mean())
        heatmap = picture.grey[::4, ::4].astype(np.float32)
        verdict = Verdict.ANOMALOUS if value > 50 else Verdict.NORMAL
        scores = (DetectorScore("brightness", value, 1.0),)
        return Reading(picture.at_s, State.ACTIVE, "", verdict, value, 0.5, 50.0, scores, heatmap, ())

    def learn(self) -> None:
        """Nothing to learn."""

    def cut(self) -> None:
        """Nothing to drop."""


class Spells:
    """One alert a clip, from the first anomalous frame to the last."""

    def __init__(self) -> None:
        self.times_s: list[float] = []

    def step(self, at_s: float, reading: Reading) -> None:
        """Keeps anomalous times."""
        if reading.verdict == "anomalous":
            self.times_s.append(at_s)

    def end(self, at_s: float) -> Sequence[Alert]:
        """The alert."""
        times, self.times_s = self.times_s, []
        return [Alert(times[0], times[-1])] if times else []


def bench(progress: Callable[[Progress], None] = lambda _: None, fresh: list[int] | None = None) -> Bench:
    """The toy subject on a clock that ticks milliseconds."""
    ticks = iter(range(10**6))

    def make() -> tuple[Brightness, Spells]:
        if fresh is not None:
            fresh.append(1)
        return Brightness(), Spells()

    def clock() -> float:
        return next(ticks) / 1000

    return Bench(make, 10.0, clock, Stages(clock), lambda: None, progress)


@pytest.fixture
def dataset(tmp_path: Path, opener: ClipOpener, make_clip: MakeClip) -> Dataset:
    """Bright frames are anomalous, in two labelled clips with masks for one."""
    root = tmp_path / "toy"
    make_clip(root / "train" / "01.mkv", [20] * 5)
    make_clip(root / "test" / "a.mkv", [20] * 4 + [200] * 4)
    make_clip(root / "test" / "b.mkv", [30] * 3 + [210] * 3)
    (root / "labels.json").write_text('{"a": [[4, 8]], "b": [[3, 6]]}')
    mask = np.zeros((8, 48, 64), bool)
    mask[4:, :, :32] = True
    (root / "masks").mkdir()
    np.savez_compressed(root / "masks" / "a.npz", mask=mask)
    return read_dataset(root, opener)


def test_a_set_is_evaluated_from_files_to_json(dataset: Dataset, tmp_path: Path) -> None:
    """A subject that sees what is anomalous, and where, has the best of every number."""
    path = tmp_path / "new" / "result.json"
    write_json(evaluate(dataset, Scheme.P1, bench()).result, path)
    told = json.loads(path.read_text())
    assert (told["dataset"], told["protocol"], told["frames"]) == ("toy", "p1", 14)
    assert (told["auc_micro"], told["auc_macro"], told["macro_clips"], told["ap"]) == (1.0, 1.0, 2, 1.0)
    assert told["rbdc"] == pytest.approx(1.0)
    assert told["tbdc"] == pytest.approx(1.0)
    assert told["events"]["recall"] == 1.0
    assert told["random_orders"] is None
    assert told["seconds"] > 0


def test_p2_is_also_run_in_four_random_orders_with_a_fresh_subject_each(dataset: Dataset) -> None:
    """File order flatters scores that drift, so its mean over seeds 0 to 3 stands beside it."""
    fresh: list[int] = []
    result = evaluate(dataset, Scheme.P2, bench(fresh=fresh)).result
    assert len(fresh) == 5
    assert result.random_orders is not None
    assert result.random_orders.seeds == (0, 1, 2, 3)
    assert result.random_orders.auc_micro == pytest.approx(1.0)


def test_progress_counts_every_clip_of_every_run(dataset: Dataset) -> None:
    """Clips are numbered from 1 to their total, frames from 1 in each."""
    told: list[Progress] = []
    evaluate(dataset, Scheme.P1, bench(progress=told.append))
    assert [(p.clip, p.index, p.clips) for p in told if p.frames == 1] == [("01", 1, 3), ("a", 2, 3), ("b", 3, 3)]
    assert [p.frames for p in told if p.clip == "a"] == list(range(1, 9))


def test_a_clip_without_pictures_is_told_before_anything_is_streamed(dataset: Dataset) -> None:
    """It is the last of the set, and the hours before it were lost."""
    told: list[Progress] = []
    broken = replace(dataset, test=(*dataset.test, replace(dataset.test[0], name="z", open=lambda: (_ for _ in ()))))
    with pytest.raises(TruthError, match="clip z: expected pictures, got none"):
        evaluate(broken, Scheme.P1, bench(progress=told.append))
    assert told == []


def test_the_table_shows_every_trivial_baseline_beside_the_detectors(dataset: Dataset) -> None:
    """Whoever reads the fused score reads d12 and the frame index in the same table."""
    page = io.StringIO()
    print_result(evaluate(dataset, Scheme.P2, bench()).result, Console(file=page, width=110))
    text = page.getvalue()
    names = ("fused", "brightness", "frame_index", "frame_difference_mean", "frame_difference_max", "d12")
    for name in names:
        assert name in text
    assert "ordinary footage" in text
    assert "random orders" in text
    assert "literature" in text
    assert "judging" in text
    assert "Day by day" not in text  # only of a stream longer than a day
