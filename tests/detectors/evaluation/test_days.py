"""Days of a stream: levels, the worst hour, alerts and memory, on hand-made logs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.days import days, log_bytes
from detectors.evaluation.events import Alert
from detectors.evaluation.levels import levels, stretches

MakeLog = Callable[..., ClipLog]
HOUR_S = 3600


def hours(make_log: MakeLog, count: int, level: Callable[[int], float]) -> list[ClipLog]:
    """Hourly unlabelled clips at 0.1 fps; `level` is every score of an hour."""
    return [
        make_log(
            [level(hour)] * 360,
            name=f"{hour:03}",
            trained=True,
            began_s=hour * HOUR_S,
            period_s=10.0,
            limit=100.0,
            resident_bytes=(100 + hour) * 1_000_000,
        )
        for hour in range(count)
    ]


def test_each_day_has_its_own_levels_and_the_memory_at_its_end(make_log: MakeLog) -> None:
    """A score that doubles on the second day shows there, for the fused score and for the detector."""
    found = days(hours(make_log, 48, lambda hour: 1.0 if hour < 24 else 2.0))
    assert [day.day for day in found] == [1, 2]
    assert [day.hours for day in found] == [24.0, 24.0]
    assert [day.scores.fused.median for day in found] == [1.0, 2.0]
    assert [day.scores.detectors["twice"].q999 for day in found] == [2.0, 4.0]
    assert [day.resident_mb for day in found] == [123.0, 147.0]
    assert found[1].log_mb == pytest.approx(2 * found[0].log_mb)


def test_a_stream_of_a_day_has_no_days_to_compare(make_log: MakeLog) -> None:
    """Nor has one of less, or none; a last piece under an hour is left out, a longer one is told with its hours."""
    assert days([]) == ()
    assert days(hours(make_log, 24, lambda _: 1.0)) == ()
    short = make_log([1.0] * 30, began_s=48 * HOUR_S, period_s=10.0)
    assert len(days([*hours(make_log, 48, lambda _: 1.0), short])) == 2
    assert [day.hours for day in days(hours(make_log, 30, lambda _: 1.0))] == [24.0, 6.0]


def test_the_worst_hour_is_the_largest_share_of_judged_frames(make_log: MakeLog) -> None:
    """Not of all frames: an hour that was judged for a minute counts by that minute; a day's alerts are its own."""
    logs = hours(make_log, 48, lambda _: 1.0)
    logs[5] = make_log([1.0] * 350 + [200.0] * 10, began_s=5 * HOUR_S, period_s=10.0, limit=100.0, judged_from=340)
    logs[30] = make_log(
        [200.0] * 36 + [1.0] * 324, began_s=30 * HOUR_S, period_s=10.0, limit=100.0, alerts=(Alert(0.0, 350.0),)
    )
    found = days(logs)
    assert [day.anomalous_hour for day in found] == [pytest.approx(0.5), pytest.approx(0.1)]
    assert [day.alerts for day in found] == [0, 1]
    silent = days([make_log([1.0] * 360, began_s=h * HOUR_S, period_s=10.0, judged_from=360) for h in range(26)])
    assert [day.anomalous_hour for day in silent] == [None, None]


def test_levels_are_of_known_ordinary_frames(make_log: MakeLog) -> None:
    """What is labelled anomalous or was filled in because it was unknown takes no part."""
    log = make_log([0.0, 0.0, 1.0, 2.0, 3.0, 99.0], labels=[False] * 5 + [True], known_from=2)
    (found,) = stretches([log], [0.0, 10.0])
    assert (found.fused.median, found.detectors["twice"].median) == (2.0, 4.0)
    with_filled, with_truth = levels(np.array([0, 0, 1, 2, 3.0])), levels(np.array([1, 2, 3, 99.0]))
    assert found.fused not in (with_filled, with_truth)  # the two ways to do it wrong
    nothing, something = stretches([log], [-5.0, 0.0, 10.0])
    assert nothing.fused.median is None
    assert something == found.__class__(0.0, 10.0, found.fused, found.detectors)


def test_quantiles_are_those_of_all_frames() -> None:
    """The middle and the tail."""
    values = np.random.default_rng(0).permutation(10_001) / 10_000
    found = levels(values)
    assert (found.median, found.q99, found.q999) == pytest.approx((0.5, 0.99, 0.999))


def test_a_days_log_is_a_few_bytes_a_frame(make_log: MakeLog) -> None:
    """Five days at 1 fps stay in the tens of megabytes, whatever their pictures were."""
    frames = 1000
    log = make_log([1.0] * frames, stages_s={f"stage {n}": [0.0] * frames for n in range(20)})
    assert log_bytes(log) / frames < 200
