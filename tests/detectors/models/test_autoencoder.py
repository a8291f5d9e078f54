"""The online autoencoder: it learns what moves as usual, and where."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from detectors.base import Grid
from detectors.models.autoencoder import Autoencoder
from detectors.options import AutoencoderOptions

pytestmark = pytest.mark.usefixtures("one_torch_thread")

SHAPE = (24, 32)
# Pieces as high as the grid: in smaller ones of so small a grid the edges of pieces are most of what there is to learn.
OPTIONS = AutoencoderOptions(
    width=8, bottleneck=8, crop=24, batch=12, warmup=5, cell=4, rate=0.01, averaging=0.95, tolerance=0.1
)


def grid(*channels: np.ndarray) -> Grid:
    """A grid of these channels, all of it evidence."""
    values = np.stack(channels, axis=-1).astype(np.float32)
    return Grid(values, np.ones(values.shape[:2], np.bool_))


def waves(shift: float) -> np.ndarray:
    """Upright waves, eight cells long, that many cells to the right."""
    return np.tile(0.5 + 0.3 * np.sin((np.arange(SHAPE[1]) - shift) * np.pi / 4), (SHAPE[0], 1))


def moving(step: int, speed: float = 2.0) -> Grid:
    """Three moments of waves that go to the right."""
    return grid(*(waves(speed * (step + moment)) for moment in range(3)))


def value(model: Autoencoder, seen: Grid) -> float:
    """The score, which must be known."""
    found = model.score(seen).value
    assert found is not None
    return found


def taught(steps: int, seed: int = 0, options: AutoencoderOptions = OPTIONS) -> Autoencoder:
    """A model that saw the waves go by."""
    model = Autoencoder(options, seed=seed)
    for step in range(steps):
        model.learn(moving(step))
    return model


def test_it_learns_to_foresee_a_motion() -> None:
    """What it is shown grows much less strange, at moments that it was not shown too; another speed stays strange."""
    model = taught(10)
    early = np.mean([value(model, moving(step + 0.5)) for step in range(16)])
    for step in range(10, 300):
        model.learn(moving(1.3 * step))
    late = np.mean([value(model, moving(step + 0.5)) for step in range(16)])
    faster = np.mean([value(model, moving(step + 0.5, speed=3.0)) for step in range(16)])
    assert late < early / 5
    assert faster > 5 * late


def test_place_matters() -> None:
    """Of one channel it predicts from the place alone: a scene that is mirrored is strange."""
    scene = np.where(np.arange(SHAPE[1]) < SHAPE[1] // 2, 0.2, 0.8) * np.ones((SHAPE[0], 1))
    model = Autoencoder(OPTIONS, seed=0)
    for _ in range(150):
        model.learn(grid(scene))
    assert value(model, grid(scene[:, ::-1])) > 3 * value(model, grid(scene))


def test_the_heatmap_is_hot_where_the_intruder_is() -> None:
    """It has a cell for each of the grid's, and its hottest lies on what was not foreseen."""
    model = taught(100)
    before, between, now = (waves(2.0 * moment) for moment in range(3))
    now = now.copy()
    now[14:20, 20:26] += 0.4
    heatmap = model.score(grid(before, between, now)).heatmap
    assert heatmap is not None
    assert heatmap.shape == SHAPE
    top, left = np.unravel_index(int(np.argmax(heatmap)), heatmap.shape)
    assert 12 <= top <= 21
    assert 18 <= left <= 27


def test_the_score_has_no_ceiling_in_a_busy_scene() -> None:
    """The more of the picture is wrong, the stranger; and all of it wrong is still a finite number."""
    model = taught(100)
    scores = []
    for width in (2, 8, 32):
        now = waves(4.0).copy()
        now[:, :width] += 0.5
        scores.append(value(model, grid(waves(0.0), waves(2.0), now)))
    assert scores == sorted(scores)
    assert 0 < scores[0] < scores[-1] < 7


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_a_step_that_is_not_finite_is_not_taken() -> None:
    """A grid so large that its loss overflows harms neither the weights nor what is replayed."""
    model, twin = taught(20), taught(20)
    huge = moving(0)
    model.learn(Grid(huge.values * np.float32(1e30), huge.mask))
    assert value(model, moving(3)) == value(twin, moving(3))
    state = model.state()
    assert all(np.isfinite(array).all() for array in state.values())
    Autoencoder(OPTIONS, seed=0).restore(state)
    for step in range(20, 60):
        model.learn(moving(step))
    assert value(model, moving(3)) < value(twin, moving(3))


def test_the_seed_decides_everything_random() -> None:
    """Same seed, same grids: the same scores to the last bit; another seed, others. Nobody else's draws count."""
    torch.manual_seed(5)
    first = [value(taught(30), moving(step)) for step in range(3)]
    torch.manual_seed(6)
    np.random.default_rng(1).random(100)
    assert [value(taught(30), moving(step)) for step in range(3)] == first
    assert [value(taught(30, seed=1), moving(step)) for step in range(3)] != first


def test_making_one_leaves_torchs_own_generator_alone() -> None:
    """Whoever else draws from it draws the same numbers as without this model."""
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    taught(3)
    assert torch.equal(torch.rand(3), expected)


def test_a_restored_model_learns_on_the_same() -> None:
    """Moments of the optimiser and replayed pieces are kept: a hundred steps on the scores are still equal."""
    old = taught(40)
    new = Autoencoder(OPTIONS, seed=0)
    new.restore(old.state())
    for step in range(40, 140):
        old.learn(moving(step))
        new.learn(moving(step))
    assert value(new, moving(7)) == value(old, moving(7))


def test_a_state_of_another_network_is_refused() -> None:
    """Other widths and other grids do not fit, and the model stays as it was."""
    model = taught(20)
    before = value(model, moving(3))
    other = taught(20, options=OPTIONS.model_copy(update={"width": 4}))
    for wrong in (other.state(), Autoencoder(OPTIONS, seed=0).state() | {"shape": np.array([24, 32, 10**9])}):
        with pytest.raises(ValueError, match="state"):
            model.restore(wrong)
    assert value(model, moving(3)) == before
