"""Several detectors' scores made one: in units of their own, and the strongest speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Score, StateError
from detectors.fusion import (
    HEATMAP_WIDTH,
    LEAST_SHARE,
    LEAST_UNIT,
    SETTLING,
    Fusion,
    Part,
    heatmap_size,
    hotter,
    names,
    strongest_box,
    strongest_cells,
)

values = st.floats(0.01, 100)
spread = np.linspace(0.5, 1.5, SETTLING)
SHAPE = (6, 9)


def score(value: float, shape: tuple[int, int] = SHAPE) -> Score:
    """A score of that value, its heatmap the same everywhere."""
    return Score(value, np.full(shape, value, np.float32))


def fresh(weights: Mapping[str, float]) -> Fusion:
    """A fusion that knows nothing."""
    return Fusion({name: Part(weight) for name, weight in weights.items()})


def settled(weights: Mapping[str, float], units: Mapping[str, float]) -> Fusion:
    """A fusion whose detectors had scores round `units`."""
    fusion = fresh(weights)
    for each in spread:
        fusion.settle({name: score(unit * each) for name, unit in units.items()})
    assert fusion.missing == 0
    return fusion


def fused(fusion: Fusion, **scores: float) -> float:
    """The fused value."""
    value = fusion.fuse({name: score(value) for name, value in scores.items()}, SHAPE).value
    assert value is not None
    return value


def test_one_that_does_not_know_takes_no_part() -> None:
    """The others speak without it, also while it has no unit yet; unknown is only what none knows: None, not 0."""
    fusion = fresh({"a": 1.0, "b": 1.0})
    silent = Score(None, None)
    assert fusion.fuse({"a": silent, "b": silent}, SHAPE) == silent
    assert fusion.missing == SETTLING
    for each in spread:
        fusion.settle({"a": score(each), "b": silent})
    assert fusion.missing == 0
    alone = settled({"a": 1.0}, {"a": 1.0})
    assert fusion.fuse({"a": score(3.0), "b": silent}, SHAPE).value == fused(alone, a=3.0)
    assert [s.share for s in fusion.shares({"a": score(3.0), "b": silent}, score(3.0))][1] is None


def test_one_that_comes_later_is_not_taken_for_strange() -> None:
    """Its first score of all is no more than high; from then on its unit is that of its scores so far."""
    alone = settled({"a": 1.0}, {"a": 1.0})
    both = fresh({"a": 1.0, "b": 1.0})
    both.restore(alone.state() | {"b": np.zeros(0), "b.hottest": np.zeros(0)})
    high = 1 / alone.in_units("a", 1.0)
    assert fused(both, a=0.01, b=1e6) == pytest.approx(high)
    both.settle({"a": score(1.0), "b": score(1e6)})
    assert fused(both, a=0.01, b=2e6) == pytest.approx(2 * high)


@given(values, values, st.floats(0.001, 1000))
def test_no_matter_in_which_units_a_detector_counts(a: float, b: float, factor: float) -> None:
    """A detector that counts in thousandths has the same say as one that counts in thousands."""
    plain = settled({"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 30.0})
    scaled = settled({"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 30.0 * factor})
    assert fused(scaled, a=a, b=b * factor) == pytest.approx(fused(plain, a=a, b=b))


@given(values, values)
def test_the_strongest_speaks_for_all(a: float, b: float) -> None:
    """One that sees nothing takes nothing away from one that does, and weights count."""
    both = settled({"a": 1.0, "b": 0.5}, {"a": 1.0, "b": 1.0})
    alone = settled({"a": 1.0}, {"a": 1.0})
    assert fused(both, a=a, b=b) == pytest.approx(max(fused(alone, a=a), 0.5 * fused(alone, a=b)))


def test_its_unit_is_high_but_ordinary() -> None:
    """Of a detector's first scores one in twenty comes to more than its unit."""
    fusion = settled({"a": 1.0}, {"a": 7.0})
    assert np.mean([fusion.in_units("a", 7.0 * each) > 1 for each in spread]) == pytest.approx(0.05, abs=0.011)


def test_units_do_not_follow_the_scores() -> None:
    """They are fixed at the warm-up: a unit that went on learning would chase the anomalies."""
    fusion = settled({"a": 1.0}, {"a": 1.0})
    before = fused(fusion, a=5.0)
    for _ in range(10 * SETTLING):
        fusion.settle({"a": score(5.0)})
    assert fused(fusion, a=5.0) == before


def test_a_scene_in_which_nothing_moves_has_a_unit() -> None:
    """Scores of 0 throughout the warm-up make no later score infinite, nor nought."""
    fusion = fresh({"a": 1.0})
    for _ in range(SETTLING):
        fusion.settle({"a": score(0.0)})
    assert fusion.in_units("a", 1.0) == pytest.approx(1 / LEAST_UNIT)
    assert fused(fusion, a=1.0) == pytest.approx(1.0)


def test_what_is_usual_elsewhere_is_where_a_unit_begins_and_bounds_it_below() -> None:
    """Before its first score a unit is the usual one; however still its first minutes were, never far below that."""
    fusion = Fusion({"a": Part(1.0, 0.6), "b": Part(1.0)})
    quiet, silent = score(0.001), Score(None, None)
    assert fusion.fuse({"a": score(0.3), "b": silent}, SHAPE).value == pytest.approx(0.5)
    assert fusion.in_units("a", 0.3) == pytest.approx(0.5)
    for _ in range(SETTLING):
        fusion.settle({"a": quiet, "b": quiet})
    assert fusion.in_units("a", 0.6) == pytest.approx(1 / LEAST_SHARE)
    assert fusion.in_units("b", 0.6) == pytest.approx(0.6 / LEAST_UNIT)


def test_the_fused_score_is_in_units_of_what_is_usual_for_the_first() -> None:
    """Whatever is high on this camera: alone the first counts as elsewhere, and the others follow its scale."""
    fusion = Fusion({"a": Part(1.0, 2.0), "b": Part(1.0)})
    for each in spread:
        fusion.settle({"a": score(5 * each), "b": score(70 * each)})
    assert fused(fusion, a=3.0, b=0.0) == pytest.approx(1.5)
    assert fused(fusion, a=0.0, b=42.0) == pytest.approx(1.5)


def test_a_unit_that_is_not_usual_is_believed_the_more_the_more_scores_there_are() -> None:
    """From the usual one to that of its own scores it moves one way, never jumping by more than a tenth."""
    fusion = Fusion({"a": Part(1.0, 1.0)})
    units = [1.0]
    for _ in range(SETTLING):
        fusion.settle({"a": score(8.0)})
        units.append(1 / fusion.in_units("a", 1.0))
    assert units[-1] == pytest.approx(8.0)
    assert all(1 <= after / before < 1.1 for before, after in pairwise(units))


def test_shares_say_who_decided() -> None:
    """The detector that decided has 1, the others how near they come; unknown while the fused score is."""
    fusion = settled({"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0})
    scores = {"a": score(1.0), "b": score(4.0), "c": score(2.0)}
    shares = fusion.shares(scores, fusion.fuse(scores, SHAPE))
    assert [(s.name, s.value, s.share) for s in shares] == [
        ("a", 1.0, pytest.approx(0.25)),
        ("b", 4.0, pytest.approx(1.0)),
        ("c", 2.0, pytest.approx(0.5)),
    ]
    assert names(shares) == ("b", "c", "a")
    assert [s.share for s in fusion.shares(scores, Score(None, None))] == [None, None, None]


@given(st.lists(values, min_size=2, max_size=2), st.lists(values, min_size=2, max_size=2))
def test_shares_are_never_above_one(units: Sequence[float], now: Sequence[float]) -> None:
    """Not even by rounding."""
    fusion = settled({"a": 1.0, "b": 0.7}, {"a": units[0], "b": units[1]})
    scores = {"a": score(now[0]), "b": score(now[1])}
    shares = [s.share for s in fusion.shares(scores, fusion.fuse(scores, SHAPE))]
    assert all(share is not None and 0 <= share <= 1 for share in shares)
    assert max(share or 0 for share in shares) == pytest.approx(1)


def test_the_heatmap_is_the_hottest_of_all_at_each_place() -> None:
    """Grids of different sizes are brought to one, and each patch is as hot as the detector that sees it most."""
    fusion = settled({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0})
    left, right = np.zeros((20, 40), np.float32), np.zeros((10, 20), np.float32)
    left[:, :20], right[:, 10:] = 2.0, 3.0
    heatmap = fusion.fuse({"a": Score(2.0, left), "b": Score(3.0, right)}, (20, 40)).heatmap
    assert heatmap is not None
    assert heatmap.dtype == np.float32
    unit = fused(fusion, a=1.0, b=0.01)
    assert heatmap[:, 2] == pytest.approx(2.0 * unit)
    assert heatmap[:, -3] == pytest.approx(3.0 * unit)


def test_restored_it_goes_on_the_same_even_from_the_middle_of_the_warm_up() -> None:
    """Units are those of the saved one, and a warm-up is gone on with, not begun again."""
    old, new = fresh({"a": 1.0}), fresh({"a": 1.0})
    for each in spread[: SETTLING // 2]:
        old.settle({"a": score(each)})
    new.restore(old.state())
    assert new.missing == SETTLING - SETTLING // 2
    for each in spread[SETTLING // 2 :]:
        for fusion in (old, new):
            fusion.settle({"a": score(each)})
    assert fused(new, a=1.3) == fused(old, a=1.3)


@pytest.mark.parametrize("first", [np.zeros(SETTLING + 1), np.full(3, np.nan), np.zeros((2, 2)), np.zeros(3, np.int64)])
def test_a_state_that_cannot_be_is_refused(first: np.ndarray) -> None:
    """More scores than a warm-up has, no numbers, or another shape; nothing was changed."""
    fusion = settled({"a": 1.0}, {"a": 2.0})
    before = fused(fusion, a=1.0)
    with pytest.raises(StateError):
        fusion.restore({"a": first, "a.hottest": first})
    assert fused(fusion, a=1.0) == before


def test_a_state_with_another_number_of_hottest_cells_is_refused() -> None:
    """Each score of the warm-up had one."""
    with pytest.raises(StateError, match="as many hottest cells as scores"):
        fresh({"a": 1.0}).restore({"a": np.ones(3), "a.hottest": np.ones(2)})


def test_a_heatmap_is_in_units_of_its_detectors_hottest_cells() -> None:
    """A value is a mean of cells: a spot as hot as was usual is as hot as a usual value, however low the mean."""
    fusion = fresh({"a": 1.0})
    spot = np.zeros((6, 9), np.float32)
    spot[2, 3] = 8.0
    for _ in range(SETTLING):
        fusion.settle({"a": Score(0.2, spot)})
    found = fusion.fuse({"a": Score(0.2, spot)}, SHAPE)
    assert found.heatmap is not None
    assert found.heatmap.max() == pytest.approx(found.value)


@given(st.integers(1, 90), st.integers(1, 90))
def test_a_fused_heatmap_is_no_finer_than_people_need(height: int, width: int) -> None:
    """At most so many cells wide, as the picture in shape, and what is hot everywhere stays as hot in any size."""
    size = heatmap_size(height, width)
    assert size[1] == min(width, HEATMAP_WIDTH)
    assert 1 <= size[0] <= height
    assert abs(size[0] - height * size[1] / width) <= 1
    heatmap = hotter(None, np.full((29, 44), 2.0, np.float32), 3.0, size)
    assert heatmap.shape == size
    assert heatmap == pytest.approx(6.0)


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2, unique=True))
def test_a_fused_heatmap_has_one_size_whichever_detectors_know(knowing: list[str]) -> None:
    """Detectors have grids of their own, and after a cut they come to know one after another."""
    silent, shapes = Score(None, None), {"a": (29, 44), "b": (30, 45)}
    scores = {name: score(1.0, shapes[name]) if name in knowing else silent for name in shapes}
    heatmap = fresh({"a": 1.0, "b": 1.0}).fuse(scores, heatmap_size(240, 360)).heatmap
    assert heatmap is not None
    assert heatmap.shape == (30, 45)


@given(st.integers(0, 8), st.integers(1, 8))
def test_the_strongest_cells_come_hottest_first_and_cold_ones_not_at_all(hot: int, most: int) -> None:
    """As boxes in shares of the picture."""
    heatmap = np.zeros((4, 8), np.float32)
    heatmap[1, :hot] = np.arange(1, hot + 1)
    cells = strongest_cells(heatmap, most)
    assert cells == tuple((x / 8, 0.25, (x + 1) / 8, 0.5) for x in range(hot - 1, -1, -1)[:most])


def test_the_box_is_round_the_hottest_patch() -> None:
    """Two hot patches: the box holds the hotter one alone, as shares of the picture."""
    heatmap = np.zeros((10, 20), np.float32)
    heatmap[1:3, 2:6] = 4.0
    heatmap[6:9, 10:15] = 5.0
    assert strongest_box(heatmap) == (0.5, 0.6, 0.75, 0.9)
