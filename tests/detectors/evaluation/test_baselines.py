"""The trivial baselines: their definitions, causality, and what they are known to score on Ped2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from detectors.evaluation.baselines import MOST_KEPT, Baselines, RunningMedian, Trivial, cell_means, differences
from detectors.evaluation.frames import ScoredClip, macro_auc, micro_auc

PED2 = Path(__file__).resolve().parents[4] / "shared" / "data" / "ucsd_ped2"
KNOWN = 0.0015  # another decoder changes the third digit


def grey(seed: int, shape: tuple[int, int] = (48, 64)) -> np.ndarray:
    """A random grey picture."""
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def test_the_differences_are_those_of_their_definition() -> None:
    """Cell by cell, with loops, as its definition words it."""
    before, now = grey(1), grey(2)
    difference = np.abs(now.astype(int) - before.astype(int))
    corners = [(y, x) for y in range(0, 48 - 15, 8) for x in range(0, 64 - 15, 8)]
    shares = sorted(np.mean(difference[y : y + 16, x : x + 16] > 12) for y, x in corners)
    largest = max(difference[y : y + 16, x : x + 16].mean() for y, x in corners)
    mean, cell, d12 = differences(before, now)
    assert mean == pytest.approx(difference.mean())
    assert cell == pytest.approx(largest)
    assert d12 == pytest.approx(np.mean(shares[-5:]))


def test_darker_is_as_different_as_brighter() -> None:
    """uint8 subtraction must not wrap."""
    dark, bright = np.full((32, 32), 10, np.uint8), np.full((32, 32), 200, np.uint8)
    assert differences(dark, bright) == differences(bright, dark) == (190.0, 190.0, 1.0)


def test_a_clip_begins_with_the_running_median_and_without_the_clip_before() -> None:
    """Frame 0 has no difference: it gets the median of the past, and the index starts again."""
    baselines = Baselines()
    assert baselines.step(grey(0), 0.0) == Trivial(0.0, 0.0, 0.0, 0.0, 0.0)
    past = [baselines.step(grey(seed), seed / 10) for seed in (1, 2, 3)]
    assert [trivial.frame_index for trivial in past] == [1.0, 2.0, 3.0]
    baselines.cut()
    first = baselines.step(np.zeros((48, 64), np.uint8), 9.0)
    assert first.frame_index == 0.0
    assert first.frame_difference_mean == np.median([trivial.frame_difference_mean for trivial in past])
    assert first.d12 == np.median([trivial.d12 for trivial in past])


def test_a_picture_of_another_size_begins_anew() -> None:
    """It cannot be compared with the one before: the running median stands for it."""
    baselines = Baselines()
    past = [baselines.step(grey(seed), seed / 10) for seed in range(4)]
    other = baselines.step(grey(5, (24, 32)), 0.5)
    assert other.frame_difference_mean == np.median([trivial.frame_difference_mean for trivial in past[1:]])
    assert baselines.step(grey(6, (24, 32)), 0.6).frame_difference_mean > 0


def test_no_score_depends_on_a_later_picture() -> None:
    """Two streams that differ from frame 3 on have the same scores before it."""
    one, other = Baselines(), Baselines()
    shared = [(one.step(grey(s), s / 10), other.step(grey(s), s / 10)) for s in range(3)]
    assert all(a == b for a, b in shared)
    assert one.step(grey(7), 0.3) != other.step(grey(8), 0.3)


def test_the_average_of_d12_is_causal_and_of_028_seconds() -> None:
    """After one time constant of full change, 1 - 1/e of the step is reached."""
    black, white = np.zeros((32, 32), np.uint8), np.full((32, 32), 255, np.uint8)
    baselines = Baselines()
    baselines.step(black, 0.0)
    baselines.step(black, 0.1)
    changed = baselines.step(white, 0.1 + 0.28)
    assert changed.d12_unsmoothed == 1.0
    assert changed.d12 == pytest.approx(1 - np.exp(-1))


def test_a_picture_smaller_than_a_cell_is_one_cell() -> None:
    """Tiny pictures have a score too."""
    assert cell_means(np.full((7, 9), 3, np.uint8)).tolist() == [[3.0]]


def test_the_running_median_is_the_median() -> None:
    """For even and odd counts, repeated values included."""
    median = RunningMedian()
    seen: list[float] = []
    assert median.value() == 0.0
    for value in [3.0, 1.0, 1.0, 8.0, -2.0, 5.0]:
        median.add(value)
        seen.append(value)
        assert median.value() == np.median(seen)


@pytest.mark.parametrize("order", ["shuffled", "rising"])
def test_the_running_median_of_days_is_close_and_its_memory_bounded(order: str) -> None:
    """Whatever order the numbers come in: the rank is off by less than a hundredth, and no more is kept than said."""
    values = np.arange(5 * MOST_KEPT, dtype=np.float64)
    if order == "shuffled":
        np.random.default_rng(0).shuffle(values)
    median = RunningMedian()
    for value in values.tolist():
        median.add(value)
    assert abs(median.value() - np.median(values)) < 0.01 * values.size
    assert len(median._ordered) <= MOST_KEPT  # the bound is the promise


def pictures(path: Path) -> Iterator[np.ndarray]:
    """Grey pictures of one clip."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="gray")


@pytest.mark.timeout(120)
@pytest.mark.skipif(not PED2.is_dir(), reason="needs ../shared/data/ucsd_ped2")
def test_the_baselines_reach_their_known_figures_on_ped2() -> None:
    """On p2, d12 is the number to beat: 0.949 micro; frame index alone gets 0.74."""
    truth = json.loads((PED2 / "labels.json").read_text())
    baselines = Baselines()
    clips: dict[str, list[ScoredClip]] = {"d12": [], "d12_unsmoothed": [], "frame_index": []}
    for path in sorted((PED2 / "test").iterdir()):
        baselines.cut()
        scores = [baselines.step(picture, index / 10) for index, picture in enumerate(pictures(path))]
        labels = np.zeros(len(scores), dtype=bool)
        for start, end in truth[path.stem]:
            labels[start:end] = True
        for name, kept in clips.items():
            kept.append(ScoredClip(labels, np.array([getattr(score, name) for score in scores])))
    assert micro_auc(clips["d12"]) == pytest.approx(0.949, abs=KNOWN)
    assert macro_auc(clips["d12"])[0] == pytest.approx(0.962, abs=KNOWN)
    assert micro_auc(clips["d12_unsmoothed"]) == pytest.approx(0.940, abs=KNOWN)
    assert micro_auc(clips["frame_index"]) == pytest.approx(0.741, abs=KNOWN)
