"""Every model keeps every promise of `detectors.checks`, and every promise can be broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from detectors.base import Grid, Model, Score, StateDict, StateView
from detectors.checks import (
    MODEL_CHECKS,
    BrokenPromiseError,
    MakeModel,
    ModelCheck,
    Shape,
    check_darker_is_as_strange_as_brighter,
    check_fresh_model_is_unknown,
    check_input_is_neither_written_nor_kept,
    check_intruder_outscores_the_scene,
    check_masked_cells_take_no_part,
    check_misfitting_model_state_is_refused,
    check_model_memory_is_bounded,
    check_model_state_is_plain_arrays,
    check_nothing_seen_is_unknown,
    check_restored_model_goes_on_the_same,
    check_same_stream_gives_same_scores,
    check_scores_are_finite_and_not_negative,
    check_scoring_changes_nothing,
    check_the_familiar_grows_less_strange,
    check_unfit_grids_never_enter,
)
from detectors.models.autoencoder import Autoencoder
from detectors.models.dbscan import Dbscan
from detectors.models.deviation import DeviationModel
from detectors.models.exemplar import Exemplar
from detectors.models.gan import Gan
from detectors.models.gaussian import GaussianModel
from detectors.models.iqr import IqrModel
from detectors.models.kmeans import KMeans
from detectors.models.memory import Memory
from detectors.models.pca import Pca
from detectors.models.rarity import RarityModel
from detectors.models.reconstruction import Reconstruction
from detectors.models.vae import Vae
from detectors.models.zscore import ZScoreModel
from detectors.options import (
    AutoencoderOptions,
    DbscanOptions,
    DeviationOptions,
    ExemplarOptions,
    GanOptions,
    GaussianOptions,
    IqrModelOptions,
    KMeansOptions,
    MemoryOptions,
    PcaOptions,
    RarityOptions,
    ReconstructionOptions,
    VaeOptions,
    ZScoreModelOptions,
)

PATIENCE = 150
SHAPES: tuple[Shape, ...] = ((8, 12, 1), (9, 7, 4))


class Subject(NamedTuple):
    """A model under test: how to make it, how many grids it may take to know them, and of which shapes."""

    make: MakeModel
    patience: int = PATIENCE
    shapes: tuple[Shape, ...] = SHAPES


# Small grids hold small pieces, few grids want a fast rate, and the scene's noise is no error.
PREDICTING = AutoencoderOptions(rate=0.02, averaging=0.95, cell=2, crop=8, tolerance=0.1, batch=3, replay=32)
# As fast as the contract allows: what these networks are good for is tested elsewhere.
REBUILDING = {
    "width": 8,
    "bottleneck": 8,
    "rate": 0.02,
    "averaging": 0.9,
    "batch": 3,
    "replay": 32,
    "cell": 2,
    "crop": 8,
    "tolerance": 0.1,
}

# The same for the models of the whole scene: full before their patience ends, and few numbers to learn.
REMEMBERING = MemoryOptions(capacity=100, nearest=16, tolerance=0.1)
REBUILDING_SCENES = ReconstructionOptions(
    hidden=16, bottleneck=2, rate=0.01, averaging=0.95, steps=2, batch=4, replay=40, reference=8
)

SUBJECTS = {
    "rarity": Subject(lambda: RarityModel(RarityOptions())),
    "zscore": Subject(lambda: ZScoreModel(ZScoreModelOptions())),
    "iqr": Subject(lambda: IqrModel(IqrModelOptions())),
    "deviation": Subject(lambda: DeviationModel(DeviationOptions(prior=0))),
    "gaussian": Subject(lambda: GaussianModel(GaussianOptions())),
    "autoencoder": Subject(lambda: Autoencoder(PREDICTING, seed=0), patience=60),
    "exemplar": Subject(lambda: Exemplar(ExemplarOptions(), seed=0)),
    "kmeans": Subject(lambda: KMeans(KMeansOptions(), seed=0)),
    "dbscan": Subject(lambda: Dbscan(DbscanOptions(), seed=0)),
    "pca": Subject(lambda: Pca(PcaOptions())),
    "memory": Subject(lambda: Memory(REMEMBERING, seed=0)),
    "reconstruction": Subject(lambda: Reconstruction(REBUILDING_SCENES, seed=0), patience=60),
    "vae": Subject(lambda: Vae(VaeOptions.model_validate(REBUILDING), seed=0), patience=40),
    "gan": Subject(lambda: Gan(GanOptions.model_validate(REBUILDING), seed=0), patience=40),
}
CASES = [(name, shape) for name, subject in SUBJECTS.items() for shape in subject.shapes]


class Sound(ZScoreModel):
    """What the broken ones below are but for one fault."""

    def __init__(self) -> None:
        super().__init__(ZScoreModelOptions())

    def reshaped(self, grid: Grid, change: Callable[[Score, float], Score]) -> Score:
        """The sound score with its value changed, once there is one."""
        score = super().score(grid)
        return score if score.value is None else change(score, score.value)


class Eager(Sound):
    """Calls the unknown normal."""

    def score(self, grid: Grid) -> Score:
        score = super().score(grid)
        return Score(0.0, np.zeros(grid.mask.shape, np.float32)) if score.value is None else score


class Negative(Sound):
    """Says how normal, not how strange."""

    def score(self, grid: Grid) -> Score:
        return self.reshaped(grid, lambda score, value: Score(1 - value, score.heatmap))


class LearnsWhileScoring(Sound):
    """Takes in what it is only asked about."""

    def score(self, grid: Grid) -> Score:
        score = super().score(grid)
        self.learn(grid)
        return score


class Keeps(Sound):
    """Learns each grid one later, from the caller's own array."""

    kept: Grid | None = None

    def learn(self, grid: Grid) -> None:
        if self.kept is not None:
            super().learn(self.kept)
        self.kept = grid


class OneSided(Sound):
    """Sees only what is brighter than usual."""

    def score(self, grid: Grid) -> Score:
        if self._mean.size == 0:
            return super().score(grid)
        return super().score(Grid(np.maximum(grid.values, self._mean).astype(np.float32), grid.mask))


class Constant(Sound):
    """Finds everything equally strange."""

    def score(self, grid: Grid) -> Score:
        return self.reshaped(grid, lambda score, _: Score(1.0, score.heatmap))


class NeverLearns(Sound):
    """Learns while warming up only."""

    def learn(self, grid: Grid) -> None:
        if self._count.size == 0 or self._count.max() < self._options.warmup:
            super().learn(grid)


class Hoards(Sound):
    """Keeps a copy of all that it ever learned."""

    def __init__(self) -> None:
        super().__init__()
        self.hoard: list[StateDict] = []

    def learn(self, grid: Grid) -> None:
        super().learn(grid)
        self.hoard.append(self.state())


class Dice(Sound):
    """Draws from a generator that no seed governs."""

    def __init__(self) -> None:
        super().__init__()
        self.dice = np.random.default_rng()

    def score(self, grid: Grid) -> Score:
        luck = float(self.dice.uniform(1, 1.01))
        return self.reshaped(grid, lambda score, value: Score(value * luck, score.heatmap))


class Swallows(Sound):
    """Learns not-a-number as nought."""

    def learn(self, grid: Grid) -> None:
        super().learn(Grid(np.nan_to_num(grid.values, posinf=0.0), grid.mask))


class BlindToMask(Sound):
    """Learns masked cells like all others."""

    def learn(self, grid: Grid) -> None:
        super().learn(Grid(grid.values, np.ones_like(grid.mask)))


class CallsNothingNormal(Eager):
    """Says 0 for a grid without evidence, too."""


class Forgets(Sound):
    """Restores all but its variances."""

    def restore(self, state: StateView) -> None:
        super().restore(dict(state) | {"var": np.ones_like(state["var"])})


class Exposes(Sound):
    """Gives its own arrays away."""

    def state(self) -> StateDict:
        return {"count": self._count, "mean": self._mean, "var": self._var}


class Trusting(Sound):
    """Takes any state over, piece by piece."""

    def restore(self, state: StateView) -> None:
        self._mean = np.array(state.get("mean", self._mean))
        super().restore(state)


BROKEN: dict[type[Sound], ModelCheck] = {
    Eager: check_fresh_model_is_unknown,
    Negative: check_scores_are_finite_and_not_negative,
    LearnsWhileScoring: check_scoring_changes_nothing,
    Keeps: check_input_is_neither_written_nor_kept,
    OneSided: check_darker_is_as_strange_as_brighter,
    Constant: check_intruder_outscores_the_scene,
    NeverLearns: check_the_familiar_grows_less_strange,
    Hoards: check_model_memory_is_bounded,
    Dice: check_same_stream_gives_same_scores,
    Swallows: check_unfit_grids_never_enter,
    BlindToMask: check_masked_cells_take_no_part,
    CallsNothingNormal: check_nothing_seen_is_unknown,
    Forgets: check_restored_model_goes_on_the_same,
    Exposes: check_model_state_is_plain_arrays,
    Trusting: check_misfitting_model_state_is_refused,
}


@pytest.mark.usefixtures("one_torch_thread")
@pytest.mark.parametrize(("subject", "shape"), CASES, ids=str)
@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_every_model_keeps_every_promise(check: ModelCheck, subject: str, shape: Shape) -> None:
    """A model in the list can be used wherever a model can."""
    check(SUBJECTS[subject].make, shape, SUBJECTS[subject].patience)


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_the_sound_subject_is_sound(check: ModelCheck) -> None:
    """What the broken subjects are made from breaks nothing, so each is caught for its own fault."""
    check(Sound, SHAPES[0], PATIENCE)


@pytest.mark.parametrize(("broken", "check"), BROKEN.items(), ids=lambda x: x.__name__)
def test_every_broken_model_is_caught(broken: Callable[[], Model], check: ModelCheck) -> None:
    """Each check fails for the fault that it is there for."""
    with pytest.raises(BrokenPromiseError):
        check(broken, SHAPES[0], PATIENCE)


def test_every_check_has_a_fault_it_catches() -> None:
    """A check that nothing can fail proves nothing."""
    assert set(BROKEN.values()) == set(MODEL_CHECKS)
