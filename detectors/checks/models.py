"""The contract of models: each check makes fresh ones and teaches them `patience` grids. Knows no kind of model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from detectors.base import Grid, Model, Score
from detectors.checks.promises import (
    SLACK_BYTES,
    BrokenPromiseError,
    expect,
    expect_plain,
    expect_refused,
    grown_bytes,
    same_state,
    saved,
)

Shape = tuple[int, int, int]
MakeModel = Callable[[], Model]
ModelCheck = Callable[[MakeModel, Shape, int], None]

NOISE = 0.01  # standard deviation of the scene's cells, whose values lie around 0.5
INTRUDER = 0.3  # by how much an intruder's cells differ from the scene
PATCH = 3  # cells along each side of an intruder
EVEN = 2.0  # darker and brighter may differ by this factor


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
    expect(score.value is not None, "expected a value after `patience` learned grids, got None")
    return float(score.value or 0.0)


def _same_score(left: Score, right: Score) -> bool:
    return left.value == right.value and np.array_equal(
        np.zeros(0) if left.heatmap is None else left.heatmap, np.zeros(0) if right.heatmap is None else right.heatmap
    )


def check_fresh_model_is_unknown(make: MakeModel, shape: Shape, patience: int) -> None:
    """A model that has learned nothing says None, not 0."""
    score = make().score(_grid(shape, patience))
    expect(score.value is None and score.heatmap is None, f"expected None, got {score.value}")


def check_scores_are_finite_and_not_negative(make: MakeModel, shape: Shape, patience: int) -> None:
    """Value and heatmap of any picture are finite and at least 0; the heatmap is (h, w) float32."""
    model = _taught(make, shape, patience)
    for shift in (0.0, INTRUDER, -INTRUDER, 100.0):
        score = model.score(_grid(shape, patience, shift))
        value = _value(score)
        expect(bool(np.isfinite(value)) and value >= 0, f"expected a finite value of at least 0, got {value}")
        heatmap = score.heatmap
        if heatmap is None or heatmap.shape != shape[:2] or heatmap.dtype != np.float32:
            raise BrokenPromiseError(f"expected a heatmap of {shape[:2]} float32")
        expect(bool(np.isfinite(heatmap).all() and (heatmap >= 0).all()), "expected a finite heatmap of at least 0")


def check_scoring_changes_nothing(make: MakeModel, shape: Shape, patience: int) -> None:
    """`score` leaves the model's state and its next score as they were."""
    model = _taught(make, shape, patience)
    before, first = model.state(), model.score(_grid(shape, patience))
    for seed in range(10):
        model.score(_grid(shape, seed, INTRUDER))
    expect(same_state(before, model.state()), "expected the same state after scoring")
    expect(_same_score(first, model.score(_grid(shape, patience))), "expected the same score again")


def check_input_is_neither_written_nor_kept(make: MakeModel, shape: Shape, patience: int) -> None:
    """A grid is as it was after `score` and `learn`, and writing into it afterwards does not reach the model."""
    model, twin = make(), make()
    for seed in range(patience):
        grid = _grid(shape, seed)
        values, mask = grid.values.copy(), grid.mask.copy()
        model.score(grid)
        model.learn(grid)
        untouched = np.array_equal(values, grid.values) and np.array_equal(mask, grid.mask)
        expect(untouched, "expected the grid to be as it was before scoring and learning")
        grid.values[:] = 0.0
        grid.mask[:] = False
        twin.learn(_grid(shape, seed))
    probe = _grid(shape, patience)
    expect(_same_score(model.score(probe), twin.score(probe)), "expected a grid written to later to make no difference")


def check_darker_is_as_strange_as_brighter(make: MakeModel, shape: Shape, patience: int) -> None:
    """An intruder darker than the scene scores as much as one that is brighter, within a factor of two."""
    model = _taught(make, shape, patience)
    brighter, darker = (_value(model.score(_grid(shape, patience, shift))) for shift in (INTRUDER, -INTRUDER))
    expect(brighter <= EVEN * darker and darker <= EVEN * brighter, f"expected alike, got {brighter} and {darker}")


def check_intruder_outscores_the_scene(make: MakeModel, shape: Shape, patience: int) -> None:
    """What was never seen scores above the scene, and the hottest cell lies in it or beside it."""
    model = _taught(make, shape, patience)
    ordinary = max(_value(model.score(_grid(shape, patience + i))) for i in range(20))
    score = model.score(_grid(shape, patience, INTRUDER))
    expect(_value(score) > ordinary, f"expected above the scene's {ordinary}, got {score.value}")
    heatmap = np.zeros(shape[:2]) if score.heatmap is None else score.heatmap
    row, column = np.unravel_index(int(heatmap.argmax()), heatmap.shape)
    rows, columns = _patch(shape)
    near = rows.start - 1 <= row <= rows.stop and columns.start - 1 <= column <= columns.stop
    expect(bool(near), f"expected the hottest cell in rows {rows}, columns {columns}, got ({row}, {column})")


def check_the_familiar_grows_less_strange(make: MakeModel, shape: Shape, patience: int) -> None:
    """An intruder that stays and is learned, long after warming up, scores at least a tenth less than at first."""
    model = _taught(make, shape, patience)
    before = _value(model.score(_grid(shape, 2 * patience, INTRUDER)))
    for seed in range(patience, 2 * patience):
        model.learn(_grid(shape, seed, INTRUDER))
    after = _value(model.score(_grid(shape, 2 * patience, INTRUDER)))
    expect(after < 0.9 * before, f"expected below {before}, got {after}")


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

    grown = grown_bytes(work, patience)
    expect(grown <= allowed, f"expected at most {allowed} bytes more, got {grown}")
    expect(sizes[1] - sizes[0] <= allowed, f"expected a state of about {sizes[0]} bytes, got {sizes[1]}")


def check_same_stream_gives_same_scores(make: MakeModel, shape: Shape, patience: int) -> None:
    """Two fresh models that see the same grids give the same scores to the last bit."""
    first, second = (_taught(make, shape, patience) for _ in range(2))
    for shift in (0.0, INTRUDER):
        probe = _grid(shape, patience, shift)
        expect(_same_score(first.score(probe), second.score(probe)), "expected the same scores from the same stream")


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
            expect(same_state(before, model.state()), "expected a refused grid to change nothing")
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
    expect(left.value is not None, "expected a value from the cells that are not masked")
    for shift in (0.0, INTRUDER):
        right = filled.score(Grid(_grid(shape, patience, shift).values, mask))
        expect(_same_score(left, right), f"expected {left.value} whatever is masked, got {right.value}")


def check_nothing_seen_is_unknown(make: MakeModel, shape: Shape, patience: int) -> None:
    """A grid without any cell that carries evidence is unknown, not normal."""
    grid = Grid(_grid(shape, patience).values, np.zeros(shape[:2], np.bool_))
    score = _taught(make, shape, patience).score(grid)
    expect(score.value is None, f"expected None, got {score.value}")


def check_restored_model_goes_on_the_same(make: MakeModel, shape: Shape, patience: int) -> None:
    """A fresh model with a state from a file gives the same next scores, to the last bit, while both learn on."""
    model, restored = _taught(make, shape, patience), make()
    restored.restore(saved(model.state()))
    for seed in range(patience, patience + 10):
        probe = _grid(shape, seed, INTRUDER)
        expect(_same_score(model.score(probe), restored.score(probe)), f"expected the same score {seed - patience} on")
        model.learn(_grid(shape, seed))
        restored.learn(_grid(shape, seed))
    fresh = make()
    fresh.restore(saved(make().state()))
    expect(fresh.score(_grid(shape, 0)).value is None, "expected the state of a fresh model to be restored as fresh")


def check_model_state_is_plain_arrays(make: MakeModel, shape: Shape, patience: int) -> None:
    """The state is copies of arrays of numbers that a file without pickle holds; writing to it changes nothing."""
    model = _taught(make, shape, patience)
    state = model.state()
    expect_plain(state)
    for array in state.values():
        array[...] = 0
    expect(not same_state(state, model.state()), "expected copies, got the model's own arrays")


def check_misfitting_model_state_is_refused(make: MakeModel, shape: Shape, patience: int) -> None:
    """A state with an array missing, of another shape or not finite is a StateError and changes nothing."""
    expect_refused(_taught(make, shape, patience))


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
