"""The contracts of features, models and thresholds as plain functions whose docstring is the promise. Needs no pytest.

Each takes a factory that makes a fresh subject, and raises `BrokenPromiseError` saying what was seen. Whoever adds an
implementation runs every check of its tuple (`MODEL_CHECKS`, `FEATURE_CHECKS`, `THRESHOLD_CHECKS`) over it. A model's
`patience` is after how many learned grids it must know and have adapted; a threshold's, after how many scores.
"""

from __future__ import annotations

import gc
import io
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from detectors.base import Feature, Grid, Image, Model, Picture, Score, StateDict, StateError, Threshold

Shape = tuple[int, int, int]
MakeModel = Callable[[], Model]
MakeThreshold = Callable[[], Threshold]
MakeFeature = Callable[[], Feature]
ModelCheck = Callable[[MakeModel, Shape, int], None]
ThresholdCheck = Callable[[MakeThreshold, int], None]
FeatureCheck = Callable[[MakeFeature, tuple[int, int]], None]

NOISE = 0.01  # standard deviation of the scene's cells, whose values lie around 0.5
INTRUDER = 0.3  # by how much an intruder's cells differ from the scene
PATCH = 3  # cells along each side of an intruder
EVEN = 2.0  # darker and brighter may differ by this factor
MOST_ABOVE = 0.1  # share of ordinary scores that even an uncalibrated limit may leave above it
SLACK_BYTES = 16_384  # what the interpreter and libraries may keep of their own
SPIKE_BOUND = 3.0  # one spike may raise the limit to this many times the largest ordinary score or limit


class BrokenPromiseError(AssertionError):
    """A subject does not do what its protocol promises."""


def _expect(kept: bool, otherwise: str) -> None:
    if not kept:
        raise BrokenPromiseError(otherwise)


def _grid(shape: Shape, seed: int, shift: float = 0.0) -> Grid:
    """A smooth scene with a little noise, and an intruder of `shift` in the last channel of its middle.

    Only the last, because a model of pictures stacked along the channels may predict what stands in all of them.
    """
    height, width, depth = shape
    rows, columns, channels = np.meshgrid(*(np.linspace(0, 1, n) for n in (height, width, depth)), indexing="ij")
    values = 0.35 + 0.2 * rows + 0.1 * columns * (1 - channels) + np.random.default_rng(seed).normal(0, NOISE, shape)
    values[_patch(shape)][..., -1] += shift
    return Grid(values.astype(np.float32), np.ones((height, width), np.bool_))


def _patch(shape: Shape) -> tuple[slice, slice]:
    top, left = (shape[0] - PATCH) // 2, (shape[1] - PATCH) // 2
    return slice(top, top + PATCH), slice(left, left + PATCH)


def _taught(make: MakeModel, shape: Shape, patience: int) -> Model:
    model = make()
    for seed in range(patience):
        model.learn(_grid(shape, seed))
    return model


def _value(score: Score) -> float:
    _expect(score.value is not None, "expected a value after `patience` learned grids, got None")
    return float(score.value or 0.0)


def _same_state(left: StateDict, right: StateDict) -> bool:
    return set(left) == set(right) and all(np.array_equal(left[name], right[name]) for name in left)


def _same_score(left: Score, right: Score) -> bool:
    return left.value == right.value and np.array_equal(
        np.zeros(0) if left.heatmap is None else left.heatmap, np.zeros(0) if right.heatmap is None else right.heatmap
    )


def _saved(state: StateDict) -> StateDict:
    """`state` after a way through a file that refuses pickle."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _misfits(state: StateDict) -> list[tuple[str, StateDict]]:
    """States that must be refused, each with its fault in words."""
    faults: list[tuple[str, StateDict]] = [("no arrays at all", {})]
    for name, array in state.items():
        faults.append((f"without {name}", {n: a for n, a in state.items() if n != name}))
        faults.append((f"{name} with an axis too many", state | {name: array[..., None]}))
        if array.dtype.kind == "f" and array.size:
            faults.append((f"{name} not finite", state | {name: np.full_like(array, np.nan)}))
    return faults


def _expect_plain(state: StateDict) -> None:
    for name, array in state.items():
        plain = isinstance(array, np.ndarray) and array.dtype.kind in "biuf"
        _expect(plain, f"expected {name} to be an array of numbers, got {type(array).__name__}")
    _expect(_same_state(state, _saved(state)), "expected the state to come back from a file as it was")


def _expect_refused(subject: Model | Threshold) -> None:
    before = subject.state()
    for fault, state in _misfits(before):
        try:
            subject.restore(state)
        except StateError:
            _expect(_same_state(before, subject.state()), f"expected a refused state ({fault}) to change nothing")
        else:
            raise BrokenPromiseError(f"expected StateError for a state with a fault: {fault}")


def _grown_bytes(work: Callable[[int], None], times: int, rounds: int = 1) -> int:
    """Bytes that Python and numpy hold more after each `times` calls of `work`, the first ones not counted.

    The least of the `rounds`: what grows, grows in each, but the interpreter and libraries keep things once, whenever
    they like to.
    """
    held = []
    tracemalloc.start()
    try:
        for turn in range(rounds + 1):
            for i in range(turn * times, (turn + 1) * times):
                work(i)
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    return min(after - before for before, after in pairwise(held))


def check_fresh_model_is_unknown(make: MakeModel, shape: Shape, patience: int) -> None:
    """A model that has learned nothing says None, not 0."""
    score = make().score(_grid(shape, patience))
    _expect(score.value is None and score.heatmap is None, f"expected None, got {score.value}")


def check_scores_are_finite_and_not_negative(make: MakeModel, shape: Shape, patience: int) -> None:
    """Value and heatmap of any picture are finite and at least 0; the heatmap is (h, w) float32."""
    model = _taught(make, shape, patience)
    for shift in (0.0, INTRUDER, -INTRUDER, 100.0):
        score = model.score(_grid(shape, patience, shift))
        value = _value(score)
        _expect(bool(np.isfinite(value)) and value >= 0, f"expected a finite value of at least 0, got {value}")
        heatmap = score.heatmap
        if heatmap is None or heatmap.shape != shape[:2] or heatmap.dtype != np.float32:
            raise BrokenPromiseError(f"expected a heatmap of {shape[:2]} float32")
        _expect(bool(np.isfinite(heatmap).all() and (heatmap >= 0).all()), "expected a finite heatmap of at least 0")


def check_scoring_changes_nothing(make: MakeModel, shape: Shape, patience: int) -> None:
    """`score` leaves the model's state and its next score as they were."""
    model = _taught(make, shape, patience)
    before, first = model.state(), model.score(_grid(shape, patience))
    for seed in range(10):
        model.score(_grid(shape, seed, INTRUDER))
    _expect(_same_state(before, model.state()), "expected the same state after scoring")
    _expect(_same_score(first, model.score(_grid(shape, patience))), "expected the same score again")


def check_input_is_neither_written_nor_kept(make: MakeModel, shape: Shape, patience: int) -> None:
    """A grid is as it was after `score` and `learn`, and writing into it afterwards does not reach the model."""
    model, twin = make(), make()
    for seed in range(patience):
        grid = _grid(shape, seed)
        values, mask = grid.values.copy(), grid.mask.copy()
        model.score(grid)
        model.learn(grid)
        untouched = np.array_equal(values, grid.values) and np.array_equal(mask, grid.mask)
        _expect(untouched, "expected the grid to be as it was before scoring and learning")
        grid.values[:] = 0.0
        grid.mask[:] = False
        twin.learn(_grid(shape, seed))
    probe = _grid(shape, patience)
    _expect(
        _same_score(model.score(probe), twin.score(probe)), "expected a grid written to later to make no difference"
    )


def check_darker_is_as_strange_as_brighter(make: MakeModel, shape: Shape, patience: int) -> None:
    """An intruder darker than the scene scores as much as one that is brighter, within a factor of two."""
    model = _taught(make, shape, patience)
    brighter, darker = (_value(model.score(_grid(shape, patience, shift))) for shift in (INTRUDER, -INTRUDER))
    _expect(brighter <= EVEN * darker and darker <= EVEN * brighter, f"expected alike, got {brighter} and {darker}")


def check_intruder_outscores_the_scene(make: MakeModel, shape: Shape, patience: int) -> None:
    """What was never seen scores above the scene, and the hottest cell lies in it or beside it."""
    model = _taught(make, shape, patience)
    ordinary = max(_value(model.score(_grid(shape, patience + i))) for i in range(20))
    score = model.score(_grid(shape, patience, INTRUDER))
    _expect(_value(score) > ordinary, f"expected above the scene's {ordinary}, got {score.value}")
    heatmap = np.zeros(shape[:2]) if score.heatmap is None else score.heatmap
    row, column = np.unravel_index(int(heatmap.argmax()), heatmap.shape)
    rows, columns = _patch(shape)
    near = rows.start - 1 <= row <= rows.stop and columns.start - 1 <= column <= columns.stop
    _expect(bool(near), f"expected the hottest cell in rows {rows}, columns {columns}, got ({row}, {column})")


def check_the_familiar_grows_less_strange(make: MakeModel, shape: Shape, patience: int) -> None:
    """An intruder that stays and is learned, long after warming up, scores at least a tenth less than at first."""
    model = _taught(make, shape, patience)
    before = _value(model.score(_grid(shape, 2 * patience, INTRUDER)))
    for seed in range(patience, 2 * patience):
        model.learn(_grid(shape, seed, INTRUDER))
    after = _value(model.score(_grid(shape, 2 * patience, INTRUDER)))
    _expect(after < 0.9 * before, f"expected below {before}, got {after}")


def check_model_memory_is_bounded(make: MakeModel, shape: Shape, patience: int) -> None:
    """After `patience` grids neither memory nor state grows: as many more leave under a quarter of themselves."""
    model = make()
    model.learn(_grid(shape, 0))
    allowed = patience // 4 * int(np.prod(shape)) * 4 + SLACK_BYTES
    sizes: list[int] = []

    def work(seed: int) -> None:
        model.learn(_grid(shape, seed))
        if seed in (patience - 1, 2 * patience - 1):
            sizes.append(sum(array.nbytes for array in model.state().values()))

    grown = _grown_bytes(work, patience)
    _expect(grown <= allowed, f"expected at most {allowed} bytes more, got {grown}")
    _expect(sizes[1] - sizes[0] <= allowed, f"expected a state of about {sizes[0]} bytes, got {sizes[1]}")


def check_same_stream_gives_same_scores(make: MakeModel, shape: Shape, patience: int) -> None:
    """Two fresh models that see the same grids give the same scores to the last bit."""
    first, second = (_taught(make, shape, patience) for _ in range(2))
    for shift in (0.0, INTRUDER):
        probe = _grid(shape, patience, shift)
        _expect(_same_score(first.score(probe), second.score(probe)), "expected the same scores from the same stream")


def check_unfit_grids_never_enter(make: MakeModel, shape: Shape, patience: int) -> None:
    """Grids with NaN or infinity, or of another size, are refused with ValueError and change nothing."""
    model = _taught(make, shape, patience)
    before = model.state()
    unfit = [_grid((shape[0] + 1, shape[1], shape[2]), 0)]
    for wrong in (np.nan, np.inf):
        unfit.append(_grid(shape, 0))
        unfit[-1].values[0, 0, 0] = wrong
    for grid in unfit:
        try:
            model.learn(grid)
        except ValueError:
            _expect(_same_state(before, model.state()), "expected a refused grid to change nothing")
        else:
            raise BrokenPromiseError(
                f"expected ValueError for a grid of {grid.values.shape} with {grid.values[0, 0, 0]}"
            )


def check_masked_cells_take_no_part(make: MakeModel, shape: Shape, patience: int) -> None:
    """What a masked cell holds changes neither a score nor what is learned."""
    plain, filled = make(), make()
    mask = np.ones(shape[:2], np.bool_)
    mask[_patch(shape)] = False
    for seed in range(patience):
        plain.learn(Grid(_grid(shape, seed).values, mask))
        filled.learn(Grid(_grid(shape, seed, INTRUDER).values, mask))
    left = plain.score(Grid(_grid(shape, patience).values, mask))
    _expect(left.value is not None, "expected a value from the cells that are not masked")
    for shift in (0.0, INTRUDER):
        right = filled.score(Grid(_grid(shape, patience, shift).values, mask))
        _expect(_same_score(left, right), f"expected {left.value} whatever is masked, got {right.value}")


def check_nothing_seen_is_unknown(make: MakeModel, shape: Shape, patience: int) -> None:
    """A grid without any cell that carries evidence is unknown, not normal."""
    grid = Grid(_grid(shape, patience).values, np.zeros(shape[:2], np.bool_))
    score = _taught(make, shape, patience).score(grid)
    _expect(score.value is None, f"expected None, got {score.value}")


def check_restored_model_goes_on_the_same(make: MakeModel, shape: Shape, patience: int) -> None:
    """A fresh model with a state from a file gives the same next scores, to the last bit, while both learn on."""
    model, restored = _taught(make, shape, patience), make()
    restored.restore(_saved(model.state()))
    for seed in range(patience, patience + 10):
        probe = _grid(shape, seed, INTRUDER)
        _expect(_same_score(model.score(probe), restored.score(probe)), f"expected the same score {seed - patience} on")
        model.learn(_grid(shape, seed))
        restored.learn(_grid(shape, seed))
    fresh = make()
    fresh.restore(_saved(make().state()))
    _expect(fresh.score(_grid(shape, 0)).value is None, "expected the state of a fresh model to be restored as fresh")


def check_model_state_is_plain_arrays(make: MakeModel, shape: Shape, patience: int) -> None:
    """The state is copies of arrays of numbers that a file without pickle holds; writing to it changes nothing."""
    model = _taught(make, shape, patience)
    state = model.state()
    _expect_plain(state)
    for array in state.values():
        array[...] = 0
    _expect(not _same_state(state, model.state()), "expected copies, got the model's own arrays")


def check_misfitting_model_state_is_refused(make: MakeModel, shape: Shape, patience: int) -> None:
    """A state with an array missing, of another shape or not finite is a StateError and changes nothing."""
    _expect_refused(_taught(make, shape, patience))


MODEL_CHECKS: tuple[ModelCheck, ...] = (
    check_fresh_model_is_unknown,
    check_scores_are_finite_and_not_negative,
    check_scoring_changes_nothing,
    check_input_is_neither_written_nor_kept,
    check_darker_is_as_strange_as_brighter,
    check_intruder_outscores_the_scene,
    check_the_familiar_grows_less_strange,
    check_model_memory_is_bounded,
    check_same_stream_gives_same_scores,
    check_unfit_grids_never_enter,
    check_masked_cells_take_no_part,
    check_nothing_seen_is_unknown,
    check_restored_model_goes_on_the_same,
    check_model_state_is_plain_arrays,
    check_misfitting_model_state_is_refused,
)


def _ordinary(count: int, seed: int = 0) -> list[float]:
    """Independent scores of an exponential distribution with mean 1."""
    return [float(score) for score in np.random.default_rng(seed).exponential(1.0, count)]


def _fed(make: MakeThreshold, scores: list[float]) -> Threshold:
    threshold = make()
    for score in scores:
        threshold.update(score)
    return threshold


def _limit(threshold: Threshold) -> float:
    limit = threshold.limit()
    _expect(limit is not None, "expected a limit after `patience` scores, got None")
    return float(limit or 0.0)


def _p_value(threshold: Threshold, score: float) -> float:
    p_value = threshold.p_value(score)
    _expect(p_value is not None, "expected a p-value after `patience` scores, got None")
    return float(p_value or 0.0)


def _answers(threshold: Threshold) -> list[float | None]:
    return [threshold.limit(), *(threshold.p_value(score) for score in (0.0, 0.5, 2.0, 5.0, 9.0, 30.0))]


def check_unfed_threshold_is_unknown(make: MakeThreshold, patience: int) -> None:
    """A threshold that was fed nothing has neither a limit nor p-values."""
    threshold = make()
    _expect(threshold.limit() is None and threshold.p_value(1.0) is None, f"expected None, got {_answers(threshold)}")


def check_it_answers_when_it_says(make: MakeThreshold, patience: int) -> None:
    """What is missing falls by one with each score, and is 0 exactly from the first limit on."""
    threshold = make()
    for score in _ordinary(patience):
        missing = threshold.missing()
        _expect((missing == 0) == (threshold.limit() is not None), f"expected a limit, and only then 0, got {missing}")
        threshold.update(score)
        _expect(threshold.missing() == max(0, missing - 1), f"expected one less than {missing}")


def check_all_zeros_give_limit_zero(make: MakeThreshold, patience: int) -> None:
    """All scores 0 give the limit 0.0, which switches nothing off: 0 is ordinary, anything above is strange."""
    threshold = _fed(make, [0.0] * patience)
    _expect(_limit(threshold) == 0.0, f"expected 0.0, got {threshold.limit()}")
    zero, one = _p_value(threshold, 0.0), _p_value(threshold, 1.0)
    _expect(one < 0.05 * zero, f"expected a far lower p-value for 1 than for 0, got {zero} and {one}")


def check_p_values_fall_as_scores_rise(make: MakeThreshold, patience: int) -> None:
    """P-values lie in 0..1 and never rise with the score."""
    threshold = _fed(make, _ordinary(patience))
    p_values = [_p_value(threshold, float(score)) for score in np.linspace(0, 30, 400)]
    _expect(all(0 <= p <= 1 for p in p_values), "expected p-values from 0 to 1")
    _expect(all(a >= b for a, b in pairwise(p_values)), "expected p-values that never rise")


def check_limit_parts_strange_from_ordinary(make: MakeThreshold, patience: int) -> None:
    """Fewer than a tenth of ordinary scores exceed the limit, ten times the largest does, and its p-value is lower."""
    scores = _ordinary(patience)
    threshold = _fed(make, scores)
    limit = _limit(threshold)
    above = float(np.mean(np.array(_ordinary(patience, seed=1)) > limit))
    _expect(above < MOST_ABOVE, f"expected fewer than {MOST_ABOVE} of ordinary scores above the limit, got {above}")
    strange = 10 * max(scores)
    _expect(strange > limit, f"expected a limit below {strange}, got {limit}")
    _expect(_p_value(threshold, strange) < _p_value(threshold, 0.5 * limit), "expected a lower p-value above the limit")


def check_reading_changes_nothing(make: MakeThreshold, patience: int) -> None:
    """`limit` and `p_value` leave the state as it was."""
    threshold = _fed(make, _ordinary(patience))
    before = threshold.state()
    first = _answers(threshold)
    _expect(first == _answers(threshold), "expected the same answers again")
    _expect(_same_state(before, threshold.state()), "expected the same state after reading")


def check_one_spike_moves_the_limit_by_a_bound(make: MakeThreshold, patience: int) -> None:
    """One score of any size lifts the limit to at most three times the larger of limit and largest score."""
    scores = _ordinary(patience)
    threshold = _fed(make, scores)
    bound = SPIKE_BOUND * max(_limit(threshold), *scores)
    threshold.update(1e12)
    _expect(_limit(threshold) <= bound, f"expected at most {bound} after one spike, got {threshold.limit()}")


def check_limit_follows_a_lasting_rise(make: MakeThreshold, patience: int) -> None:
    """Scores that are ten times as large for as long as it was fed before at least double the limit."""
    threshold = _fed(make, _ordinary(patience))
    before = _limit(threshold)
    for score in _ordinary(patience, seed=1):
        threshold.update(10 * score)
    _expect(_limit(threshold) > 2 * before, f"expected above {2 * before}, got {threshold.limit()}")


def check_same_scores_give_same_answers(make: MakeThreshold, patience: int) -> None:
    """Two fresh thresholds fed the same scores give the same answers to the last bit."""
    first, second = (_fed(make, _ordinary(patience)) for _ in range(2))
    _expect(_answers(first) == _answers(second), "expected the same answers from the same scores")


def check_unfit_scores_never_enter(make: MakeThreshold, patience: int) -> None:
    """NaN, infinity and negative scores are refused with ValueError and change nothing."""
    threshold = _fed(make, _ordinary(patience))
    before = threshold.state()
    for unfit in (float("nan"), float("inf"), -1.0):
        try:
            threshold.update(unfit)
        except ValueError:
            _expect(_same_state(before, threshold.state()), "expected a refused score to change nothing")
        else:
            raise BrokenPromiseError(f"expected ValueError for the score {unfit}")


def check_threshold_memory_is_bounded(make: MakeThreshold, patience: int) -> None:
    """After `patience` scores the memory no longer grows: as many more leave under a quarter of themselves."""
    threshold = make()
    rounds = 3
    scores = _ordinary((rounds + 1) * patience)
    grown = _grown_bytes(lambda i: threshold.update(scores[i]), patience, rounds)
    _expect(grown <= 2 * patience, f"expected at most {2 * patience} bytes more, got {grown}")


def check_restored_threshold_goes_on_the_same(make: MakeThreshold, patience: int) -> None:
    """A fresh threshold with a state from a file gives the same answers, to the last bit, while both are fed on."""
    threshold, restored = _fed(make, _ordinary(patience)), make()
    restored.restore(_saved(threshold.state()))
    for score in _ordinary(50, seed=1):
        _expect(_answers(threshold) == _answers(restored), "expected the same answers after restoring")
        threshold.update(10 * score)
        restored.update(10 * score)


def check_threshold_state_is_plain_arrays(make: MakeThreshold, patience: int) -> None:
    """The state is copies of arrays of numbers that a file without pickle holds; writing to it changes nothing."""
    threshold = _fed(make, _ordinary(patience))
    state = threshold.state()
    _expect_plain(state)
    for array in state.values():
        array[...] = 0
    _expect(not _same_state(state, threshold.state()), "expected copies, got the threshold's own arrays")


def check_misfitting_threshold_state_is_refused(make: MakeThreshold, patience: int) -> None:
    """A state with an array missing, of another shape or not finite is a StateError and changes nothing."""
    _expect_refused(_fed(make, _ordinary(patience)))


THRESHOLD_CHECKS: tuple[ThresholdCheck, ...] = (
    check_unfed_threshold_is_unknown,
    check_it_answers_when_it_says,
    check_all_zeros_give_limit_zero,
    check_p_values_fall_as_scores_rise,
    check_limit_parts_strange_from_ordinary,
    check_reading_changes_nothing,
    check_one_spike_moves_the_limit_by_a_bound,
    check_limit_follows_a_lasting_rise,
    check_same_scores_give_same_answers,
    check_unfit_scores_never_enter,
    check_threshold_memory_is_bounded,
    check_restored_threshold_goes_on_the_same,
    check_threshold_state_is_plain_arrays,
    check_misfitting_threshold_state_is_refused,
)


def _pictures(size: tuple[int, int], count: int, seed: int = 0) -> list[Picture]:
    """A textured scene with a bright block that moves 3 px a frame, 10 frames a second; read-only."""
    rng = np.random.default_rng(seed)
    scene = rng.integers(60, 120, (*size, 3)).astype(np.uint8)
    pictures = []
    for i in range(count):
        image = scene.copy()
        left = 3 * i % max(size[1] - 16, 1)
        image[size[0] // 3 : size[0] // 3 + 16, left : left + 16] = 200
        pictures.append(_picture(image, i / 10))
    return pictures


def _picture(image: Image, at_s: float) -> Picture:
    image.setflags(write=False)
    return Picture(image, at_s)


def _extracted(feature: Feature, recent: list[Picture]) -> Grid:
    grid = feature.extract(recent)
    if grid is None:
        raise BrokenPromiseError(
            f"expected a grid from {len(recent)} pictures with a reach of {feature.reach}, got None"
        )
    return grid


def _same_grid(left: Grid, right: Grid) -> bool:
    return np.array_equal(left.values, right.values) and np.array_equal(left.mask, right.mask)


def check_too_few_pictures_give_no_grid(make: MakeFeature, size: tuple[int, int]) -> None:
    """With `reach` pictures or fewer there is no grid, with one more there is."""
    feature = make()
    for count in range(feature.reach + 1):
        _expect(feature.extract(_pictures(size, count)) is None, f"expected None from {count} pictures")
    _extracted(feature, _pictures(size, feature.reach + 1))


def check_grids_are_well_formed(make: MakeFeature, size: tuple[int, int]) -> None:
    """Any pictures, black and white ones too, give (h, w, d) finite float32 and (h, w) bool, always of one shape."""
    feature = make()
    shapes = set()
    for fill in (None, 0, 255):
        recent = _pictures(size, feature.reach + 1)
        if fill is not None:
            recent = [_picture(np.full((*size, 3), fill, np.uint8), p.at_s) for p in recent]
        grid = _extracted(feature, recent)
        shapes.add(grid.values.shape)
        formed = (
            len(grid.values.shape) == len(("h", "w", "d"))
            and grid.values.dtype == np.float32
            and bool(np.isfinite(grid.values).all())
        )
        _expect(formed, f"expected finite (h, w, d) float32, got {grid.values.shape} {grid.values.dtype}")
        masked = grid.mask.shape == grid.values.shape[:2] and grid.mask.dtype == np.bool_
        _expect(masked, f"expected a mask of {grid.values.shape[:2]} bool, got {grid.mask.shape} {grid.mask.dtype}")
    _expect(len(shapes) == 1, f"expected one shape, got {shapes}")


def check_same_pictures_give_same_grid(make: MakeFeature, size: tuple[int, int]) -> None:
    """A feature holds no state: the same pictures give the same grid, whatever it saw in between."""
    feature = make()
    first = _extracted(feature, _pictures(size, feature.reach + 1))
    _extracted(feature, _pictures(size, feature.reach + 1, seed=1))
    _expect(_same_grid(first, _extracted(feature, _pictures(size, feature.reach + 1))), "expected the same grid again")


def check_only_the_reach_counts(make: MakeFeature, size: tuple[int, int]) -> None:
    """Pictures older than the newest `reach` + 1 make no difference."""
    feature = make()
    recent = _pictures(size, feature.reach + 4)
    longer, shorter = _extracted(feature, recent), _extracted(feature, recent[3:])
    _expect(_same_grid(longer, shorter), "expected older pictures to make no difference")


def check_pictures_are_not_written_to(make: MakeFeature, size: tuple[int, int]) -> None:
    """Pictures are as they were after `extract`, even where they could be written to."""
    feature = make()
    recent = [Picture(picture.image.copy(), picture.at_s) for picture in _pictures(size, feature.reach + 1)]
    before = [(picture.image.copy(), picture.grey.copy()) for picture in recent]
    _extracted(feature, recent)
    same = all(
        np.array_equal(p.image, i) and np.array_equal(p.grey, g) for p, (i, g) in zip(recent, before, strict=True)
    )
    _expect(same, "expected the pictures to be as they were")


def check_another_picture_gives_another_grid(make: MakeFeature, size: tuple[int, int]) -> None:
    """What happens in the newest picture is seen in the grid."""
    feature = make()
    recent = _pictures(size, feature.reach + 1)
    image = recent[-1].image.copy()
    image[size[0] // 2 :, size[1] // 2 :] = 255
    changed = _extracted(feature, [*recent[:-1], _picture(image, recent[-1].at_s)])
    _expect(not _same_grid(_extracted(feature, recent), changed), "expected another grid for another picture")


FEATURE_CHECKS: tuple[FeatureCheck, ...] = (
    check_too_few_pictures_give_no_grid,
    check_grids_are_well_formed,
    check_same_pictures_give_same_grid,
    check_only_the_reach_counts,
    check_pictures_are_not_written_to,
    check_another_picture_gives_another_grid,
)
