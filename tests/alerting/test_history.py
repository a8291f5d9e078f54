"""Minutes of cameras: stored in parts, read whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.alerting.history import joined
from monitor.alerting.store import EventStore
from monitor.stored import Minute
from monitor.types import State


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """An empty store."""
    made = EventStore.open(tmp_path / "events.db")
    yield made
    made.close()


FIRST = Minute("gate", 100, 3.0, 2.0, 40, 20.5, 4, State.DEGRADED, "colour", {"motion": 3.0, "cnn": 1.0})
THEN = Minute("gate", 100, 2.5, 1.5, 60, 30.0, 1, State.ACTIVE, "", {"motion": 2.0, "scene": 7.0})
UNKNOWN = Minute("gate", 101, None, None, 50, 0.0, 0, State.WARMING)


def test_minutes_come_back_oldest_first(store: EventStore) -> None:
    """Of one camera, both ends included; what was not stored is left out."""
    rows = [UNKNOWN, FIRST, Minute("yard", 100, 1.0, 2.0, 5, 1.0, 0, State.ACTIVE)]
    store.note_history(rows)
    assert store.history("gate", 100, 101) == [FIRST, UNKNOWN]
    assert store.history("gate", 101, 900) == [UNKNOWN]
    assert store.history("gate", 0, 99) == []


def test_a_minute_that_comes_in_parts_is_one(store: EventStore) -> None:
    """Counts are added, peaks are the higher ones, and the limit is that of the strongest frame."""
    store.note_history([FIRST])
    store.note_history([THEN])
    assert store.history("gate", 100, 100) == [
        Minute("gate", 100, 3.0, 2.0, 100, 50.5, 5, State.ACTIVE, "colour", {"motion": 3.0, "cnn": 1.0, "scene": 7.0})
    ]


def test_an_unknown_part_hides_no_score() -> None:
    """Whichever of the two comes first."""
    unknown = Minute("gate", 100, None, None, 1, 0.0, 0, State.WARMING)
    assert joined(unknown, FIRST).score == joined(FIRST, unknown).score == 3.0
    assert joined(unknown, FIRST).limit == joined(FIRST, unknown).limit == 2.0
