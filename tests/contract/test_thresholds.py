"""Every threshold keeps every promise of `detectors.checks`, and every promise can be broken."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from detectors.base import StateDict, StateView, Threshold
from detectors.checks import (
    THRESHOLD_CHECKS,
    BrokenPromiseError,
    MakeThreshold,
    ThresholdCheck,
    check_all_zeros_give_limit_zero,
    check_it_answers_when_it_says,
    check_limit_follows_a_lasting_rise,
    check_limit_parts_strange_from_ordinary,
    check_misfitting_threshold_state_is_refused,
    check_one_spike_moves_the_limit_by_a_bound,
    check_p_values_fall_as_scores_rise,
    check_reading_changes_nothing,
    check_restored_threshold_goes_on_the_same,
    check_same_scores_give_same_answers,
    check_threshold_memory_is_bounded,
    check_threshold_state_is_plain_arrays,
    check_unfed_threshold_is_unknown,
    check_unfit_scores_never_enter,
)
from detectors.options import (
    AciOptions,
    ConformalOptions,
    FixedOptions,
    IqrThresholdOptions,
    QuantileOptions,
    SpotOptions,
    ZScoreThresholdOptions,
)
from detectors.thresholds.aci import AciThreshold
from detectors.thresholds.conformal import ConformalThreshold
from detectors.thresholds.fixed import FixedThreshold
from detectors.thresholds.iqr import IqrThreshold
from detectors.thresholds.quantile import QuantileThreshold
from detectors.thresholds.spot import SpotThreshold
from detectors.thresholds.zscore import ZScoreThreshold

PATIENCE = 2000
SUBJECTS: dict[str, tuple[MakeThreshold, int]] = {
    "zscore": (lambda: ZScoreThreshold(ZScoreThresholdOptions()), PATIENCE),
    "iqr": (lambda: IqrThreshold(IqrThresholdOptions(window=1500)), PATIENCE),
    "quantile": (lambda: QuantileThreshold(QuantileOptions(window=1500)), PATIENCE),
    "conformal": (lambda: ConformalThreshold(ConformalOptions(window=1999)), PATIENCE),
    "spot": (lambda: SpotThreshold(SpotOptions(window=1500)), PATIENCE),
    "spot at its least": (lambda: SpotThreshold(SpotOptions(window=1000)), 1000),
    "aci": (lambda: AciThreshold(AciOptions(window=2000)), PATIENCE),
    "aci, often": (lambda: AciThreshold(AciOptions(window=1500, rate=0.02, gain=0.002)), PATIENCE),
    "fixed": (lambda: FixedThreshold(FixedOptions(window=1500, limit=8.0)), PATIENCE),
}
# Promises that a threshold cannot keep and be what it is; each must indeed be broken, so that the list stays true.
NOT_KEPT: dict[tuple[str, ThresholdCheck], str] = {
    ("fixed", check_all_zeros_give_limit_zero): "its limit is what people set, whatever the scores are",
    ("fixed", check_limit_follows_a_lasting_rise): "its limit is what people set, whatever the scores are",
}


class Sound(QuantileThreshold):
    """What the broken ones below are but for one fault."""

    def __init__(self) -> None:
        super().__init__(QuantileOptions(window=1500))


class Eager(Sound):
    """Calls the unknown normal."""

    def p_value(self, score: float) -> float | None:
        p_value = super().p_value(score)
        return 1.0 if p_value is None else p_value


class SaysSoon(Sound):
    """Always needs one score more."""

    def missing(self) -> int:
        """One, for ever."""
        return 1


class NoughtIsOff(Sound):
    """Takes a limit of nought for a missing one."""

    def limit(self) -> float | None:
        return super().limit() or float("inf")


class UpsideDown(Sound):
    """Gives the share of smaller scores."""

    def p_value(self, score: float) -> float | None:
        p_value = super().p_value(score)
        return None if p_value is None else 1 - p_value


class Low(Sound):
    """Puts the limit in the middle of the ordinary."""

    def limit(self) -> float | None:
        limit = super().limit()
        return None if limit is None else limit / 10


class LearnsWhileReading(Sound):
    """Takes in what it is only asked about."""

    def p_value(self, score: float) -> float | None:
        self.update(score)
        return super().p_value(score)


class Jumpy(Sound):
    """Puts the limit at the largest score."""

    def limit(self) -> float | None:
        return None if super().limit() is None else float(self._window.ordered[-1])


class NeverLearns(Sound):
    """Stops learning once it knows a limit."""

    def update(self, score: float) -> None:
        if self.limit() is None:
            super().update(score)


class Dice(Sound):
    """Draws from a generator that no seed governs."""

    def __init__(self) -> None:
        super().__init__()
        self.luck = float(np.random.default_rng().uniform(1, 1.01))

    def limit(self) -> float | None:
        limit = super().limit()
        return None if limit is None else limit * self.luck


class Swallows(Sound):
    """Learns whatever is no score as nought."""

    def update(self, score: float) -> None:
        super().update(score if np.isfinite(score) and score >= 0 else 0.0)


class Hoards(Sound):
    """Keeps all scores that it ever saw."""

    def __init__(self) -> None:
        super().__init__()
        self.hoard: list[float] = []

    def update(self, score: float) -> None:
        super().update(score)
        self.hoard.append(score)


class Forgets(Sound):
    """Restores all but the newest score."""

    def restore(self, state: StateView) -> None:
        super().restore({"scores": state["scores"][:-1]})


class Exposes(Sound):
    """Gives its own array away."""

    def state(self) -> StateDict:
        return {"scores": self._window._arrived}


class Trusting(Sound):
    """Takes any state over."""

    def restore(self, state: StateView) -> None:
        self._window.refill(np.nan_to_num(np.ravel(state.get("scores", np.zeros(0)))))


BROKEN: dict[type[Sound], ThresholdCheck] = {
    Eager: check_unfed_threshold_is_unknown,
    SaysSoon: check_it_answers_when_it_says,
    NoughtIsOff: check_all_zeros_give_limit_zero,
    UpsideDown: check_p_values_fall_as_scores_rise,
    Low: check_limit_parts_strange_from_ordinary,
    LearnsWhileReading: check_reading_changes_nothing,
    Jumpy: check_one_spike_moves_the_limit_by_a_bound,
    NeverLearns: check_limit_follows_a_lasting_rise,
    Dice: check_same_scores_give_same_answers,
    Swallows: check_unfit_scores_never_enter,
    Hoards: check_threshold_memory_is_bounded,
    Forgets: check_restored_threshold_goes_on_the_same,
    Exposes: check_threshold_state_is_plain_arrays,
    Trusting: check_misfitting_threshold_state_is_refused,
}


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("check", THRESHOLD_CHECKS, ids=lambda check: check.__name__)
def test_every_threshold_keeps_every_promise(check: ThresholdCheck, subject: str) -> None:
    """A threshold in the list can be used wherever a threshold can, but for what `NOT_KEPT` says with its reason."""
    make, patience = SUBJECTS[subject]
    if (subject, check) in NOT_KEPT:
        with pytest.raises(BrokenPromiseError):
            check(make, patience)
        return
    check(make, patience)


@pytest.mark.parametrize("check", THRESHOLD_CHECKS, ids=lambda check: check.__name__)
def test_the_sound_subject_is_sound(check: ThresholdCheck) -> None:
    """What the broken subjects are made from breaks nothing, so each is caught for its own fault."""
    check(Sound, PATIENCE)


@pytest.mark.parametrize(("broken", "check"), BROKEN.items(), ids=lambda x: x.__name__)
def test_every_broken_threshold_is_caught(broken: Callable[[], Threshold], check: ThresholdCheck) -> None:
    """Each check fails for the fault that it is there for."""
    with pytest.raises(BrokenPromiseError):
        check(broken, PATIENCE)


def test_every_check_has_a_fault_it_catches() -> None:
    """A check that nothing can fail proves nothing."""
    assert set(BROKEN.values()) == set(THRESHOLD_CHECKS)
