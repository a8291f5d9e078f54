"""The history of each minute, gathered from judgements and stored now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detectors.base import DetectorScore
from monitor.alerting.minutes import Minutes
from monitor.alerting.store import EventStore
from monitor.stored import Minute
from monitor.types import Judgement, State

S = 1_000_000_000
EPOCH_NS = 1_790_000_000 * S
FIRST = EPOCH_NS // (60 * S)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """An empty store."""
    made = EventStore.open(tmp_path / "events.sqlite")
    yield made
    made.close()


def test_each_minute_has_its_strongest_frame(store: EventStore, new_judgement: Callable[..., Judgement]) -> None:
    """And how much was watched; nothing is written before it is time."""
    minutes = Minutes(store, 0)
    for seq in range(60):
        judgement = new_judgement(seq, anomalous=seq == 3, score=4.0)
        scores = (DetectorScore("motion", float(seq), None), DetectorScore("scene", None, None))
        minutes.judged(replace(judgement, scores=scores, light="infrared"), 1.0)
    minutes.store_if_due(19 * S)
    assert store.history("gate", 0, 2 * FIRST) == []
    minutes.store_if_due(20 * S)
    # The first minute of the test's clock has 40 s left.
    assert store.history("gate", 0, 2 * FIRST) == [
        Minute("gate", FIRST, 4.0, 2.0, 40, 40.0, 1, State.ACTIVE, "infrared", {"motion": 39.0}),
        Minute("gate", FIRST + 1, 1.0, 2.0, 20, 20.0, 0, State.ACTIVE, "infrared", {"motion": 59.0}),
    ]


def test_a_camera_that_shows_nothing_has_blind_minutes(store: EventStore) -> None:
    """Not none: whether it was blind or rareframe was off is told apart."""
    minutes = Minutes(store, 0)
    minutes.blind("gate", EPOCH_NS)
    minutes.store_if_due(0, now=True)
    assert store.history("gate", FIRST, FIRST) == [Minute("gate", FIRST, None, None, 0, 0.0, 0, State.BLIND)]


def test_what_cannot_be_stored_waits(
    store: EventStore, new_judgement: Callable[..., Judgement], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is stored when the store works again, once."""
    minutes = Minutes(store, 0)
    minutes.judged(new_judgement(0, anomalous=False), 1.0)
    with monkeypatch.context() as patch:
        patch.setattr(store, "note_history", _fails)
        minutes.store_if_due(0, now=True)
    for _ in range(2):
        minutes.store_if_due(0, now=True)
    assert [row.frames for row in store.history("gate", FIRST, FIRST)] == [1]


def _fails(_: object) -> None:
    from monitor.alerting.schema import StoreError  # noqa: PLC0415 - of this one test

    raise StoreError("locked")


def test_the_desk_keeps_a_history(house: Any, new_judgement: Callable[..., Judgement], clock: Any) -> None:
    """Of what is live, stored while it runs and when it stops."""
    for seq in range(5):
        house.desk.handle(new_judgement(seq, anomalous=False))
    clock.pass_s(21)
    house.desk.tick()
    [row] = house.store.history("gate", FIRST, FIRST)
    assert (row.frames, row.known_s) == (5, 4.0)
    house.desk.handle(new_judgement(6, anomalous=True))
    house.desk.stop()
    [row] = house.store.history("gate", FIRST, FIRST)
    assert (row.frames, row.anomalous, row.score) == (6, 1, 4.0)


def test_trouble_with_the_disk_is_in_the_overview(house: Any) -> None:
    """As one of what is wrong, beside the room itself; it keeps nobody from being told."""
    assert house.desk.overview.disk is None
    house.upkeep.run_once()
    house.desk.tick()
    disk = house.desk.overview.disk
    assert disk is not None
    assert disk.quota_bytes == 10**9
    assert house.value("rareframe_disk_free_bytes") == disk.free_bytes > 0
    assert house.value("rareframe_events_bytes") == disk.used_bytes > 0
    assert house.value("rareframe_events_quota_bytes") == 10**9
    assert house.value("rareframe_events_deleted_total", reason="quota") == 0.0
    house.upkeep._faults[house.upkeep._room] = "the disk fails"
    house.desk.tick()
    [trouble] = [each for each in house.desk.overview.health.troubles if each.kind == "disk"]
    assert trouble.what == "old events cannot be deleted: the disk fails"
    assert house.desk.overview.health.can_alert
