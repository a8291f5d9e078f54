"""Weights that learn, and their average that scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from detectors.base import StateError
from detectors.models.weights import Weights

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def line(seed: int = 0, averaging: float = 0.9, inputs: int = 1) -> Weights[nn.Linear]:
    """A straight line's slope and offset."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Linear(inputs, 1)
    return Weights(network, rate=0.05, averaging=averaging, name="line_")


def learned(weights: Weights[nn.Linear], steps: int, slope: float = 2.0) -> Weights[nn.Linear]:
    """The same, after as many steps towards a line of that slope."""
    x = torch.linspace(-1, 1, 9)[:, None]
    for _ in range(steps):
        weights.step((weights.newest(x) - slope * x).square().mean())
    return weights


def test_the_average_follows_more_calmly() -> None:
    """Both come to the line; when the line turns, the average turns later, and scoring needs no gradients."""
    weights = learned(line(averaging=0.98), 600)
    assert weights.newest.weight.item() == pytest.approx(2.0, abs=0.01)
    assert weights.average.weight.item() == pytest.approx(2.0, abs=0.01)
    learned(weights, 20, slope=-2.0)
    assert weights.newest.weight.item() < weights.average.weight.item() < 2.0
    assert not weights.average.weight.requires_grad
    assert weights.steps == 620


def test_the_first_average_is_of_what_was_learned() -> None:
    """Early on the average keeps less of the newborn network than its share: it is the mean of the steps so far."""
    weights = line(averaging=0.999999)
    newest = [weights.newest.weight.item()]
    for _ in range(10):
        newest.append(learned(weights, 1).newest.weight.item())
    assert weights.average.weight.item() == pytest.approx(np.mean(newest), abs=1e-5)


def test_restored_it_learns_on_the_same() -> None:
    """Moments and steps are kept, so that the next hundred steps are the same to the last bit."""
    old, new = learned(line(), 30), line(seed=1)
    new.restore(old.state() | {"another": np.zeros(3)})
    for weights in (old, new):
        learned(weights, 100)
    assert all(np.array_equal(old.state()[name], new.state()[name]) for name in old.state())


def test_what_does_not_fit_is_refused() -> None:
    """Another network's size, another name, NaN, or mean squares below 0."""
    state = learned(line(), 5).state()
    wrongs = [
        line(inputs=2).state(),
        {name.removeprefix("line_"): array for name, array in state.items()},
        state | {"line_average": np.full(2, np.nan, np.float32)},
        state | {"line_second_moment": np.full(2, -1, np.float32)},
        state | {"line_steps": np.array(-1)},
    ]
    for wrong in wrongs:
        with pytest.raises(StateError, match="state"):
            line().restore(wrong)
