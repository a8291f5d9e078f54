"""The disk is said to fill up before it is full: by bytes and by the time that is left."""

from __future__ import annotations

import pytest

from monitor.alerting.disk import DiskWatch, Room, full_in_s

S = 1_000_000_000
MB = 1_000_000
GB = 1000 * MB


@pytest.mark.parametrize(
    ("before", "now", "expected_s"),
    [
        ((2000, 100), (2000, 100), None),  # nothing happens
        ((2000, 100), (2100, 100), None),  # it empties
        ((2000, 100), (1900, 100), 1400),  # others take 1 MB a second, 1400 MB are left to them
        ((2000, 100), (1900, 200), None),  # events take it, and stop at the quota of 1000 MB
        ((900, 100), (800, 200), 300),  # events take it, and the disk is smaller than the quota
        ((2000, 700), (1700, 800), 500),  # 3 MB a second together, for 200 s; 2 MB a second by others after that
        ((2000, 100), (500, 100), 0),  # it is so already
    ],
)
def test_when_the_disk_is_full_is_foretold(
    before: tuple[int, int], now: tuple[int, int], expected_s: float | None
) -> None:
    """What others take goes on; what events take ends at their quota. 100 s between the two, 500 MB to be kept free."""
    rooms = [Room(free * MB, used * MB) for free, used in (now, before)]
    found = full_in_s(*rooms, 100.0, 1000 * MB, 500 * MB)
    assert found == (None if expected_s is None else pytest.approx(expected_s))


def test_little_room_is_told_before_there_is_none_and_not_again_and_again() -> None:
    """From twice what is to be kept free downwards, until it is clearly more."""
    watch = DiskWatch(10 * GB, 500 * MB)
    told = []
    for number, free in enumerate((1100, 990, 1100, 1300, 1100)):
        trouble = watch.trouble(watch.look(Room(free * MB, 0), number * S), number * S)
        told.append(None if trouble is None else trouble.what)
    assert told == [
        None,
        "the disk is filling up: 990 MB left, 500 MB are to be kept free",
        "the disk is filling up: 1100 MB left, 500 MB are to be kept free",
        None,
        None,
    ]


def test_a_disk_that_will_be_full_within_a_day_is_told_of() -> None:
    """Long before the bytes are few; nothing is foretold out of less than ten minutes."""
    watch = DiskWatch(10 * GB, 500 * MB)
    views = [watch.look(Room(50 * GB - minute * 60 * MB, 0), minute * 60 * S) for minute in range(12)]
    assert [view.full_in_s is None for view in views] == [True] * 10 + [False] * 2
    trouble = watch.trouble(views[-1], 7)
    assert trouble is not None
    assert (trouble.kind, trouble.where, trouble.since_ns) == ("disk", "", 7)
    assert "at this rate that is reached in 13.6 h" in trouble.what
    assert "retention.quota_mb" in trouble.remedy


def test_the_rate_is_that_of_the_last_hours() -> None:
    """A disk that filled up in the morning and no longer does is no trouble in the evening."""
    watch = DiskWatch(10 * GB, 500 * MB)
    for minute in range(600):
        view = watch.look(Room(50 * GB - min(minute, 60) * 60 * MB, 0), minute * 60 * S)
    assert view.full_in_s is None
