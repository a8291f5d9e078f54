"""The online variational autoencoder and the online generator with critic: they learn what a scene is made of."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pytest
import torch

from detectors.base import Grid, Model, Score, StateError
from detectors.models.gan import Gan
from detectors.models.vae import Vae
from detectors.options import GanOptions, VaeOptions

pytestmark = pytest.mark.usefixtures("one_torch_thread")

SHAPE = (16, 24, 2)
# As small as the pictures: a network of these tests learns in under 100 steps.
SMALL = {
    "width": 8,
    "bottleneck": 8,
    "latent": 2,
    "crop": 16,
    "batch": 4,
    "replay": 32,
    "warmup": 5,
    "cell": 4,
    "rate": 0.01,
    "averaging": 0.95,
    "tolerance": 0.05,
}


class Make(Protocol):
    """Makes one kind of model, options replaced."""

    def __call__(self, seed: int = 0, **options: float) -> Model: ...


def vae(seed: int = 0, **options: float) -> Model:
    """A small one."""
    return Vae(VaeOptions.model_validate(SMALL | {"surprise": 0.0} | options), seed=seed)


def gan(seed: int = 0, **options: float) -> Model:
    """A small one."""
    return Gan(GanOptions.model_validate(SMALL | options), seed=seed)


KINDS = pytest.mark.parametrize("make", [vae, gan])


def street(seed: int, odd: float = 0.0) -> Grid:
    """A still scene with one upright bright bar anywhere; or with a flat one, `odd` brighter than the scene."""
    rng = np.random.default_rng(seed)
    rows, columns = np.meshgrid(np.linspace(0, 1, SHAPE[0]), np.linspace(0, 1, SHAPE[1]), indexing="ij")
    values = np.stack([0.3 + 0.3 * rows, 0.6 - 0.3 * columns], axis=-1) + rng.normal(0, 0.005, SHAPE)
    top, left = rng.integers(0, SHAPE[0] - 8), rng.integers(0, SHAPE[1] - 8)
    if odd:
        values[top : top + 3, left : left + 8] += odd
    else:
        values[top : top + 8, left : left + 3] += 0.3
    return Grid(values.astype(np.float32), np.ones(SHAPE[:2], np.bool_))


def known(score: Score) -> tuple[float, np.ndarray]:
    """Value and heatmap, which must be there."""
    assert score.value is not None
    assert score.heatmap is not None
    return score.value, score.heatmap


def mean_value(model: Model, seeds: range, odd: float = 0.0) -> float:
    """Over several pictures that it never saw."""
    return float(np.mean([known(model.score(street(seed, odd)))[0] for seed in seeds]))


def taught(make: Make, steps: int, seed: int = 0, **options: float) -> Model:
    """A model that saw the street."""
    model = make(seed, **options)
    for step in range(steps):
        model.learn(street(step))
    return model


@KINDS
def test_it_learns_to_rebuild_what_is_usual(make: Make) -> None:
    """Bars at places where it never saw one grow less strange; what stands out more and otherwise stays strange."""
    model = taught(make, 10)
    probes = range(1000, 1010)
    early, early_odd = mean_value(model, probes), mean_value(model, probes, odd=0.5)
    for step in range(10, 160):
        model.learn(street(step))
    late, late_odd = mean_value(model, probes), mean_value(model, probes, odd=0.5)
    assert late < 0.8 * early
    assert late_odd / late > 1.2 * early_odd / early


@KINDS
def test_the_first_picture_is_not_for_ever(make: Make) -> None:
    """Something that was there at first and left is ordinary neither there nor when it is gone."""
    model = make()
    first = street(0)
    first.values[2:10, 2:10] += 0.2
    model.learn(first)
    for step in range(1, 10):
        model.learn(street(step))
    before = mean_value(model, range(1000, 1005))
    for step in range(10, 120):
        model.learn(street(step))
    assert mean_value(model, range(1000, 1005)) < 0.8 * before


@KINDS
def test_masked_pieces_teach_nothing(make: Make) -> None:
    """A model whose grids are masked to the left knows the right as well as ever, whatever the left half holds."""
    part = np.ones(SHAPE[:2], np.bool_)
    part[:, :12] = False
    model, twin = make(), make()
    for step in range(30):
        values = street(step).values
        model.learn(Grid(values, part))
        twin.learn(Grid(np.where(part[..., None], values, np.float32(9)), part))
    probe = Grid(street(99).values, part)
    value, heatmap = known(model.score(probe))
    assert value == twin.score(probe).value
    assert heatmap[:, :8].max() == 0


@KINDS
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_a_step_that_is_not_finite_is_not_taken(make: Make) -> None:
    """A grid that overflows harms neither weights nor what is replayed, at any time, and its score is finite."""
    model, huge = make(), Grid(street(0).values * np.float32(1e38), street(0).mask)
    model.learn(huge)
    for step in range(20):
        model.learn(street(step))
    before = model.state()
    model.learn(huge)
    after = model.state()
    assert all(np.array_equal(after[name], before[name]) for name in before if name != "learned")
    assert after["learned"] == before["learned"] + 1
    make().restore(after)
    value, heatmap = known(model.score(huge))
    assert np.isfinite(value)
    assert np.isfinite(heatmap).all()


@KINDS
def test_noise_alone_does_not_unsettle_it(make: Make) -> None:
    """200 grids of pure noise at a high rate: weights stay small and the score stays where it was."""
    model = make(rate=0.02)
    values = []
    for step in range(200):
        noise = np.random.default_rng(step).random(SHAPE, dtype=np.float32)
        seen = Grid(noise, np.ones(SHAPE[:2], np.bool_))
        if step >= 100:
            values.append(known(model.score(seen))[0])
        model.learn(seen)
    state = model.state()
    assert all(np.abs(array).max() < 100 for name, array in state.items() if name.endswith(("weights", "average")))
    assert np.max(values) < 2 * np.min(values)


@KINDS
def test_the_seed_decides_everything_random(make: Make) -> None:
    """Same seed, same scores to the last bit; another seed, others; torch's own generator counts for nothing."""
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = mean_value(taught(make, 12), range(3))
    assert torch.equal(torch.rand(3), expected)
    assert mean_value(taught(make, 12), range(3)) == first
    assert mean_value(taught(make, 12, seed=1), range(3)) != first


@KINDS
def test_a_state_of_another_network_is_refused(make: Make) -> None:
    """Other widths, codes and grids do not fit, nor do impossible moments; the model stays as it was."""
    model = taught(make, 8)
    state = model.state()
    second = next(name for name in state if name.endswith("second_moment"))
    wrongs = [
        taught(make, 6, width=4).state(),
        taught(make, 6, latent=3).state(),
        state | {"shape": np.array([16, 28, 2])},
        state | {"shape": np.array([16, 24, 10**9])},
        state | {"learned": np.array(-1)},
        state | {second: state[second] - np.float32(1)},
    ]
    for wrong in wrongs:
        with pytest.raises(StateError, match="state"):
            model.restore(wrong)
        assert all(np.array_equal(model.state()[name], state[name]) for name in state)


def test_what_takes_many_words_is_strange_too() -> None:
    """The more surprise weighs, the higher a variational autoencoder's score; at 0 only errors count."""
    state = taught(vae, 60).state()
    scores = []
    for surprise in (0.0, 0.5, 2.0):
        model = vae(surprise=surprise)
        model.restore(state)
        scores.append(mean_value(model, range(1000, 1005), odd=0.5))
    assert scores == sorted(scores)
    assert scores[0] < scores[2]


def test_a_dear_code_says_less() -> None:
    """At a high price it tells next to nothing and so rebuilds next to nothing: the scene's errors stay."""
    cheap, dear = (taught(vae, 160, price=price, surprise=0.0) for price in (0.1, 1000.0))
    assert mean_value(cheap, range(1000, 1010)) < 0.8 * mean_value(dear, range(1000, 1010))


def test_the_critics_part_is_bounded() -> None:
    """Even if only the critic counts, the score is within 0..7 for pictures far from anything seen."""
    model = taught(gan, 60, critic_share=1.0)
    for factor in (1.0, 100.0, 1e6):
        value, heatmap = known(model.score(Grid(street(0).values * np.float32(factor), street(0).mask)))
        assert 0 <= value < 7
        assert heatmap.max() < 7
