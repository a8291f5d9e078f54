"""The autoencoder of the whole scene: its unit stays. What it shares with other models is in tests/contract."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.base import Grid, StateError
from detectors.models.reconstruction import Reconstruction
from detectors.options import ReconstructionOptions

SHAPE = (6, 8, 2)
WAYS = 3  # in which the scene below changes
QUICK = {
    "hidden": 24,
    "bottleneck": WAYS,
    "rate": 2e-3,
    "averaging": 0.9,
    "batch": 8,
    "replay": 200,
    "reference": 40,
    "warmup": 20,
    "floor": 1e-3,
}
# With so much granted a score is the square error itself, in units of 1 / VAST².
VAST = 100.0

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def scenes(count: int, seed: int = 0, lively: float = 0.0) -> np.ndarray:
    """(count, h, w, d): a mean, three ways of changing, noise, and one corner that nobody can tell beforehand."""
    ways = np.random.default_rng(99).normal(0, 0.1, (WAYS, *SHAPE))
    rng = np.random.default_rng(seed)
    stream = 0.5 + np.tensordot(rng.normal(0, 1, (count, WAYS)), ways, axes=1) + rng.normal(0, 0.01, (count, *SHAPE))
    stream[:, 0, 0] += rng.normal(0, lively, (count, SHAPE[2]))
    return stream


def grid(values: np.ndarray) -> Grid:
    """A grid, all of it evidence."""
    return Grid(values.astype(np.float32), np.ones(values.shape[:2], np.bool_))


def fresh(**options: float) -> Reconstruction:
    """A model that learns as fast as a test needs."""
    return Reconstruction(ReconstructionOptions.model_validate(QUICK | options), seed=0)


def values(model: Reconstruction, stream: np.ndarray) -> np.ndarray:
    """The scores, which must be known."""
    found = [model.score(grid(seen)).value for seen in stream]
    assert None not in found
    return np.array(found, np.float64)


def test_its_unit_stays_while_its_error_falls() -> None:
    """While its square error falls twentyfold, what it says of ordinary scenes changes less than threefold."""
    model, plain = fresh(), fresh(floor=VAST)
    probe = scenes(30, seed=1)
    stranger = probe.copy()
    stranger[:, 3:5, 3:5] += 1.0
    said: list[list[float]] = []
    for count, seen in enumerate(scenes(250)):
        model.learn(grid(seen))
        plain.learn(grid(seen))
        if count in (30, 249):
            seen_by = ((plain, probe), (model, probe), (model, stranger))
            said.append([float(np.median(values(*who))) for who in seen_by])
    (error, ordinary, strange), (late_error, late_ordinary, late_strange) = said
    assert late_error < error / 20
    assert 1 / 3 < late_ordinary / ordinary < 3
    assert late_strange > strange > 2 * ordinary  # the better the rest is rebuilt, the clearer a stranger shows


def test_a_cell_that_never_goes_well_does_not_always_come_first() -> None:
    """A lively cell is judged by its own errors, so that a smaller change in a quiet one is found."""
    model = fresh(top_cells=1)
    for seen in scenes(300, lively=0.2):
        model.learn(grid(seen))
    probe = scenes(40, seed=1, lively=0.2)
    heat = [model.score(grid(seen)).heatmap for seen in probe]
    first = [int(np.argmax(h)) for h in heat if h is not None]
    assert np.mean(np.array(first) == 0) < 0.5
    probe[:, 3, 3] += 0.3
    found = [model.score(grid(seen)).heatmap for seen in probe]
    assert np.mean([np.argmax(h) == 3 * SHAPE[1] + 3 for h in found if h is not None]) > 0.8


def test_numbers_beyond_all_sense_leave_it_sane() -> None:
    """Values that overflow when squared are learned without a NaN: ordinary scenes still have a score."""
    model = fresh()
    for count, seen in enumerate(scenes(60)):
        model.learn(grid(seen if count != 30 else np.full(SHAPE, 3e38)))
    assert np.isfinite(values(model, scenes(5, seed=1))).all()
    assert np.isfinite(values(model, np.full((1, *SHAPE), -3e38))).all()


def test_the_state_of_another_network_is_refused() -> None:
    """Weights of another bottleneck do not fit, and the model goes on as it was."""
    model, other = fresh(), fresh(bottleneck=WAYS + 1)
    for seen in scenes(30):
        model.learn(grid(seen))
        other.learn(grid(seen))
    before = values(model, scenes(3, seed=1))
    with pytest.raises(StateError):
        model.restore(other.state())
    assert np.array_equal(before, values(model, scenes(3, seed=1)))
