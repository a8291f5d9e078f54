"""Short recordings get a threshold that makes sense within them, and evaluation the shipped episode rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detectors.base import Reading, State, Verdict
from detectors.options import ThresholdOptions
from monitor.build.detecting import pipeline
from monitor.build.offline import BUDGET_S, LEAST_SECONDS, SHORT_S, EpisodeAlerter, fitted_to, unbudgeted
from monitor.config import Config, load_text
from monitor.deciding.episodes import Rules

KINDS = ["zscore", "iqr", "quantile", "conformal", "spot", "aci", "fixed"]
RULES = Rules(open_m=3, open_n=5, quiet_s=2.0, refractory_s=0.0)


def config(kind: str) -> Config:
    """One with that threshold at its defaults."""
    return load_text(f"cameras: {{a: {{source: x.mp4}}}}\nthreshold: {{kind: {kind}}}\n", "site.yaml")


def needed(threshold: ThresholdOptions) -> float:
    """After how many scores it has a limit, as its description says."""
    match threshold.kind:
        case "fixed":
            return 1
        case "quantile" | "aci":
            return 1 / threshold.rate + 1
        case "conformal":
            return 2 / threshold.rate - 1
        case _:
            return threshold.warmup


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length_s", [None, SHORT_S, 1e6])
def test_a_long_recording_keeps_its_configuration(kind: str, length_s: float | None) -> None:
    """Also one whose length nobody knows."""
    sections = config(kind)
    assert fitted_to(sections, length_s) is sections


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length_s", [0.0, 0.04, 1.0, 20.0, 60.0, 125.3, 599.9])
def test_most_of_a_short_recording_is_judged(kind: str, length_s: float) -> None:
    """A limit is there after a quarter of it, at least after 15 s; the options keep their own rules."""
    fitted = fitted_to(config(kind), length_s)
    type(fitted.threshold).model_validate(fitted.threshold.model_dump())
    assert needed(fitted.threshold) <= max(LEAST_SECONDS, length_s / 4) + 1
    pipeline(fitted.model_copy(update={"detectors": fitted.detectors[:1]}), 0, "cpu")
    changed = fitted.model_copy(update={"threshold": config(kind).threshold})
    assert changed == config(kind), "nothing but the threshold is fitted"


def test_a_threshold_that_is_quicker_already_is_left_alone() -> None:
    """It is never made slower or rarer."""
    sections = load_text(
        "cameras: {a: {source: x.mp4}}\nthreshold: {kind: spot, warmup: 12, rate: 0.04}\n", "site.yaml"
    )
    fitted = fitted_to(sections, 400.0).threshold
    assert (fitted.kind, fitted.rate) == ("spot", 0.04)
    assert needed(fitted) == 12


def reading(at_s: float, *, strange: bool) -> Reading:
    """An active camera's."""
    verdict = Verdict.ANOMALOUS if strange else Verdict.NORMAL
    return Reading(at_s, State.ACTIVE, "", verdict, 2.0 if strange else 0.5, 0.001, 1.0, (), None, ())


def alerts(alerter: EpisodeAlerter, strange: range, count: int) -> list[tuple[float, float]]:
    """What a clip at ten frames a second comes to."""
    for number in range(count):
        alerter.step(number / 10, reading(number / 10, strange=number in strange))
    return [(alert.raised_s, alert.ended_s) for alert in alerter.end(count / 10)]


def test_an_alert_begins_when_it_is_told_and_ends_with_the_last_anomalous_frame() -> None:
    """Three of five frames open; people hear of it at the third, not at the first."""
    assert alerts(EpisodeAlerter(RULES), range(50, 80), 200) == [(pytest.approx(5.2), pytest.approx(7.9))]


def test_one_frame_is_no_alert() -> None:
    """Nor are two: the rules are those of the daemon."""
    assert alerts(EpisodeAlerter(RULES), range(50, 52), 200) == []


def test_an_alert_that_is_open_at_the_end_of_a_clip_ends_there() -> None:
    """It is not carried into the next clip, and the next clip's frames are not those of this one."""
    alerter = EpisodeAlerter(RULES)
    assert alerts(alerter, range(50, 100), 100) == [(pytest.approx(5.2), pytest.approx(9.9))]
    assert alerts(alerter, range(0), 100) == []
    assert alerts(alerter, range(50, 80), 200) == [(pytest.approx(5.2), pytest.approx(7.9))]


def test_two_happenings_are_two_alerts() -> None:
    """With quiet between them, in their order."""
    alerter = EpisodeAlerter(RULES)
    for number in range(300):
        strange = 50 <= number < 80 or 200 <= number < 230
        alerter.step(number / 10, reading(number / 10, strange=strange))
    starts = [round(alert.raised_s, 1) for alert in alerter.end(30.0)]
    assert starts == [5.2, 20.2]


def test_an_event_that_goes_on_is_one_alert() -> None:
    """From when people first heard of it to its last anomalous frame."""
    alerter = EpisodeAlerter(replace(RULES, refractory_s=60.0))
    for number in range(300):
        strange = 50 <= number < 80 or 200 <= number < 230
        alerter.step(number / 10, reading(number / 10, strange=strange))
    [alert] = alerter.end(30.0)
    assert (alert.raised_s, alert.ended_s) == (pytest.approx(5.2), pytest.approx(22.9))


@pytest.mark.parametrize("length_s", [None, 60.0, BUDGET_S - 1])
def test_a_recording_in_which_no_budget_can_be_learned_has_none(length_s: float | None) -> None:
    """Its threshold sets the limit, and moments seconds apart are listed each for itself."""
    sections = unbudgeted(Config.model_validate({"cameras": {"gate": {"source": "demo:"}}}), length_s)
    assert sections.budget is None
    assert sections.episodes.refractory_s == 10


def test_days_are_scanned_under_the_budget() -> None:
    """From a day on a recording is treated as a camera would be."""
    sections = Config.model_validate({"cameras": {"gate": {"source": "demo:"}}})
    assert unbudgeted(sections, BUDGET_S) is sections
