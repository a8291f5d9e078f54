"""Budgets replayed over logged days: causal, counted as people count, by day, by channel, and what they find."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from detectors.budget.allowance import Allowance, Opening
from detectors.budget.budget import Budget
from detectors.budget.diary import Light
from detectors.evaluation.allowed import Allowed, allowed
from detectors.evaluation.budgets import Limits, kept, raised, replayed, starts_h
from detectors.evaluation.cliplog import ClipLog, Counted
from detectors.evaluation.events import Run
from detectors.evaluation.hours import hours
from detectors.evaluation.plants import Kind, Plant
from detectors.evaluation.recall import Happening, found, lasting
from detectors.evaluation.sustained import Course, Terms, course_of

MakeLog = Callable[..., ClipLog]
PERIOD_S = 2.0
PER_HOUR = 1800
TERMS = Terms(join_s=300.0, opening=Opening(3, 5), gap_s=2.0, shares={"moving": 1, "scene": 1})
NAN = float("nan")


@pytest.fixture(name="days")
def _days(make_log: MakeLog) -> Callable[..., list[ClipLog]]:
    """Hourly clips of two channels' scores (frames, 2) at half a frame a second, in one light."""

    def make(scores: np.ndarray, light: Light = Light.COLOUR) -> list[ClipLog]:
        logs = []
        for number, part in enumerate(np.split(scores.astype(np.float32), len(scores) // PER_HOUR)):
            began_s = number * 3600.0
            at_s = began_s + PERIOD_S * np.arange(PER_HOUR)
            values = {"moving": part[:, 0], "scene": part[:, 1]}
            log = make_log(part[:, 0], trained=True, name=f"{number:03}", began_s=began_s, period_s=PERIOD_S)
            logs.append(replace(log, counted=Counted(at_s, values, np.full(PER_HOUR, light, np.uint8))))
        return logs

    return make


def noise(count_h: int, seed: int = 0) -> np.ndarray:
    """Ordinary life: every frame alike, and happenings of a minute about twenty times a day and channel."""
    random = np.random.default_rng(seed)
    scores = random.uniform(0.1, 0.2, (count_h * PER_HOUR, 2))
    for channel in range(2):
        for start in random.integers(0, len(scores) - 30, count_h * 20 // 24):
            scores[start : start + 30, channel] += random.exponential(0.5)
    return scores


def course(logs: Sequence[ClipLog]) -> Course:
    """There is one."""
    made = course_of(logs, TERMS)
    assert made is not None
    return made


def flat(course: Course, level: float, proven_from: int = 0) -> Limits:
    """One level throughout."""
    n = len(course.at_s)
    proven = np.arange(n) >= proven_from
    return Limits(0, np.full((n, 2), level, np.float32), proven, np.ones(n, np.bool_))


def test_a_sustained_score_needs_its_frames_in_a_row_and_begins_anew_after_a_cut(days: Callable) -> None:
    """The third largest of the last five that count; none before a third, nor across clips."""
    scores = np.full((2 * PER_HOUR, 2), 0.1)
    scores[10:13, 0] = 5
    scores[20:22, 0] = 5
    scores[PER_HOUR - 2 : PER_HOUR + 1, 0] = 5
    scores[:5, 1] = NAN
    made = course(days(scores))
    assert np.flatnonzero(made.values[:, 0] > 1).tolist() == [12, 13, 14]
    assert np.isnan(made.values[:7, 1]).all()
    assert made.values[7, 1] == pytest.approx(0.1)
    assert np.isnan(made.values[PER_HOUR : PER_HOUR + 2]).all()
    assert len(made.minutes) == 120
    assert made.minutes[0].peaks == pytest.approx((5.0, 0.1))


def test_a_log_without_channels_has_no_course(make_log: MakeLog) -> None:
    """Nor has none at all."""
    assert course_of([make_log([1.0, 2.0])], TERMS) is None
    assert allowed([make_log([1.0, 2.0])], TERMS) is None
    assert allowed([], TERMS) is None


def test_levels_of_a_minute_know_nothing_of_it_or_of_what_comes(days: Callable) -> None:
    """Whatever comes after, the levels before are the same."""
    scores = noise(30)
    other = scores.copy()
    other[20 * PER_HOUR :] += 3
    first, second = (replayed(course(days(each)), 3.0, 0) for each in (scores, other))
    until = 20 * PER_HOUR + 1
    assert np.array_equal(first.levels[:until], second.levels[:until])
    assert not np.array_equal(first.levels, second.levels)
    assert np.isinf(first.levels[: PER_HOUR // 2 - 60]).all()
    assert np.flatnonzero(first.proven)[0] == pytest.approx(12 * PER_HOUR, abs=60)


def test_a_replay_gives_the_limits_that_held_while_it_ran(days: Callable) -> None:
    """Frame by frame those of a live allowance that is told the same scores, through cuts and a change of light."""
    scores = noise(16, seed=4).astype(np.float32)
    logs = [*days(scores)[:9], *days(scores, Light.INFRARED)[9:]]
    made = course(logs)
    live = Allowance(Budget({"moving": 1, "scene": 1}, 10.0, TERMS.join_s), TERMS.opening)
    limits = np.full(made.values.shape, np.inf, np.float32)
    for index, at_s in enumerate(made.at_s.tolist()):
        cut = index % PER_HOUR == 0
        if cut:
            live.cut()
        given = live.step(Light(made.lights[index]), at_s, math.inf if cut else PERIOD_S)
        limits[index] = [each.limit if each.limit and each.judging else math.inf for each in given.values()]
        live.note(dict(zip(("moving", "scene"), scores[index].tolist(), strict=True)))
    replay = replayed(made, 10.0, 0)
    assert np.isfinite(limits).any()
    assert np.array_equal(replay.levels, limits)


def test_a_budget_is_about_kept_where_days_are_alike(days: Callable) -> None:
    """Ten a day over days of steady life: within a factor of two, and more for more; four hours are no day."""
    made = course(days(noise(64)))
    told = {budget: kept(made, replayed(made, budget, 0), budget, 0) for budget in (3.0, 10.0)}
    assert [day.hours for day in told[10.0].days] == pytest.approx([24, 24], abs=0.1)
    assert 5 <= told[10.0].per_day <= 20
    assert told[3.0].per_day < told[10.0].per_day
    assert told[10.0].worst == max(day.alerts for day in told[10.0].days)
    assert all(day.seeing for day in told[10.0].days)
    assert sum(told[10.0].raised_by.values()) >= sum(day.alerts for day in told[10.0].days)


def test_a_budget_that_begins_later_has_levels_later(days: Callable) -> None:
    """And nothing of what came before it."""
    made = course(days(noise(30)))
    limits = replayed(made, 10.0, 8)
    assert np.isinf(limits.levels[: 8 * PER_HOUR + 800]).all()
    assert np.flatnonzero(limits.proven)[0] == pytest.approx(20 * PER_HOUR, abs=60)


def test_starts_are_those_that_leave_a_proven_day(days: Callable) -> None:
    """Twelve hours to prove and twenty-four after."""
    assert starts_h(course(days(np.full((40 * PER_HOUR, 2), 0.1)))) == (0,)
    assert starts_h(course(days(np.full((46 * PER_HOUR, 2), 0.1)))) == (0, 8)


def test_frames_above_a_limit_are_one_alert_until_the_join_time_has_passed(days: Callable) -> None:
    """It belongs to the channels that raised it, and is early if levels were not proven when it began."""
    scores = np.full((PER_HOUR, 2), 0.1)
    scores[100:110, 0] = 5  # and again within 300 s, in the other channel
    scores[200:210, 1] = 5
    scores[600:610, 1] = 5
    scores[1000:1010, 0] = 5
    made = course(days(scores))
    alerts = raised(made, flat(made, 1.0, proven_from=500))
    assert [alert.channels for alert in alerts] == [("moving", "scene"), ("scene",), ("moving",)]
    assert [alert.proven for alert in alerts] == [False, True, True]
    assert (alerts[0].began_s, alerts[0].ended_s) == (204.0, 422.0)
    told = kept(made, flat(made, 1.0, proven_from=500), 3.0, 0)
    assert (told.early, told.raised_by, told.days) == (1, {"moving": 1, "scene": 1}, ())


def test_what_is_found_is_told_by_kind_with_delays_and_what_matches_nothing(days: Callable) -> None:
    """Own, covered by one that began long before, missed."""
    scores = np.full((PER_HOUR, 2), 0.1)
    scores[100:150, 0] = 5
    scores[900:910, 0] = 5
    scores[1500:1510, 0] = 5
    made = course(days(scores))
    limits = flat(made, 1.0)
    happenings = [
        Happening("a", Run(200.0, 230.0)),
        Happening("b", Run(290.0, 295.0)),
        Happening("b", Run(1000.0, 1010.0)),
        Happening("b", Run(1800.0, 1830.0)),
    ]
    told = found(made, limits, raised(made, limits), happenings, 0.0, 3.0)
    assert (told.every.truth, told.every.own, told.every.covered) == (4, 2, 3)
    assert (told.kinds["a"].own, told.kinds["b"].own, told.kinds["b"].covered) == (1, 1, 2)
    assert told.median_delay_s == 4.0
    assert told.unmatched_per_day is None  # under an hour of proven time says nothing of days
    longer = course(days(np.concatenate([scores, np.full((2 * PER_HOUR, 2), 0.1)])))
    limits = flat(longer, 1.0)
    told = found(longer, limits, raised(longer, limits), happenings, 0.0, 3.0)
    assert told.unmatched_per_day == pytest.approx(8, rel=0.01)


def test_what_stays_is_measured_by_the_scene_score_of_its_last_third(days: Callable) -> None:
    """Over that of the first; nothing where nothing stays."""
    scores = np.full((PER_HOUR, 2), 0.1)
    scores[300:900, 1] = np.repeat([4.0, 3.0, 1.0], 200)
    made = course(days(scores))
    plant = Plant(Kind.STAYS, 600.0, 1800.0, 0.2, (0.5, 0.5), (0.5, 0.5), 0)
    assert lasting(made, [plant]) == pytest.approx(0.25)
    assert lasting(made, [replace(plant, kind=Kind.LEFT)]) is None


def test_hours_are_told_by_state_and_light(days: Callable) -> None:
    """In all, and what each hour was for the most part."""
    logs = [*days(np.full((PER_HOUR, 2), 0.1)), *days(np.full((2 * PER_HOUR, 2), 0.1), Light.INFRARED)[1:]]
    told = hours(logs)
    assert told.states == pytest.approx({"active": 2.0})
    assert told.lights == pytest.approx({"colour": 1.0, "infrared": 1.0})
    assert told.light_by_hour == ("colour", "infrared")


def test_a_stream_of_more_than_a_day_tells_how_budgets_are_kept_and_a_shorter_one_nothing(days: Callable) -> None:
    """Each budget; without plants or labels nothing is looked for."""
    told = allowed(days(noise(37)), TERMS)
    assert isinstance(told, Allowed)
    assert [(each.budget, each.start_h) for each in told.kept] == [(b, 0) for b in (1.0, 3.0, 10.0)]
    assert told.found == ()
    assert told.hours is not None
    assert allowed(days(noise(20)), TERMS) is None
    assert allowed(days(noise(37)), None) is None


def test_labels_of_more_than_an_hour_of_test_are_looked_for(days: Callable) -> None:
    """On the clock of the whole stream; a shorter test split says nothing."""
    scores = noise(16)
    scores[15 * PER_HOUR :] = 0.1
    scores[15 * PER_HOUR + 100 : 15 * PER_HOUR + 130] = 9
    labels = np.zeros(PER_HOUR, np.bool_)
    labels[100:130] = True
    logs = days(scores)
    quiet = replace(logs[14], trained=False, labels=np.zeros(PER_HOUR, np.bool_))
    told = allowed([*logs[:14], quiet, replace(logs[15], trained=False, labels=labels)], TERMS)
    assert told is not None
    assert told.kept == ()
    assert [(each.budget, each.every.truth, each.every.own) for each in told.found] == [(3.0, 1, 1), (10.0, 1, 1)]
    assert told.found[0].median_delay_s == 4.0
    assert allowed([*logs[:15], replace(logs[15], trained=False, labels=labels)], TERMS) is None


def test_plants_are_looked_for_by_levels_with_and_without_them(days: Callable) -> None:
    """Many that are alike push the level above themselves; had each come alone, each would have been told."""
    scores = noise(37)
    plants = [Plant(Kind.LEFT, h * 3600.0, h * 3600.0 + 60, 0.2, (0.5, 0.5), (0.5, 0.5), 0) for h in range(13, 37)]
    for plant in plants:
        first = int(plant.began_s / 3600 * PER_HOUR)
        scores[first : first + PER_HOUR // 60] = 9.0
    told = allowed(days(scores), TERMS, plants)
    assert told is not None
    assert told.planted
    with_them, alone = told.found[0].every, told.found_alone[0].every
    assert with_them.truth == alone.truth == len(plants)
    assert with_them.covered < 8
    assert alone.covered == len(plants)


def test_a_channel_that_is_silent_for_hours_has_no_level_meanwhile(days: Callable) -> None:
    """The scene's models are ripe long after those of what moves: it raises nothing before, and spoils nothing."""
    scores = noise(3)
    scores[: 2 * PER_HOUR, 1] = NAN
    limits = replayed(course(days(scores)), 10.0, 0)
    before, after = limits.levels[PER_HOUR + 900], limits.levels[-1]
    assert np.isfinite(before[0])
    assert np.isinf(before[1])
    assert np.isfinite(after).all()
