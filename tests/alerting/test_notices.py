"""Notices: trouble that lasts is told once, so is its end; stored first, and through a restart."""

# ruff: noqa: ANN001 - the doubles of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.alerting.notices import NoticeRules
from monitor.kinds import Kind, kind_of
from monitor.types import Event, Link, Phase, ProcessReport, State
from monitor.views import Ground

AFTER_S = OVER_S = 30


@pytest.fixture(name="street")
def _street(house, new_report, new_judgement) -> Callable[..., list[Event]]:
    """Let seconds pass in which `yard` is well and `gate` has `link`; all notices stored so far, oldest first."""
    house.notices = NoticeRules(AFTER_S, OVER_S)
    house.restart()
    seq = {"gate": 0, "yard": 0}

    def live(seconds: int, link: Link = Link.ONLINE, process: bool = True) -> list[Event]:
        for _ in range(seconds):
            house.clock.pass_s(1)
            house.desk.handle(new_report(link=link, detail="" if link is Link.ONLINE else "connection refused"))
            house.desk.handle(new_report(camera="yard"))
            for camera in ("yard", "gate") if link is Link.ONLINE else ("yard",):
                seq[camera] += 1
                house.desk.handle(new_judgement(seq[camera], anomalous=False, camera=camera))
            for name in ("capture", "worker"):
                up = process or name == "capture"
                house.desk.handle(ProcessReport(name, "b", house.clock.wall_ns(), 7, up, None, None, 0, 0))
            house.desk.tick()
        return [event for event in house.store.events()[::-1] if kind_of(event) is Kind.HEALTH]

    return live


def test_a_camera_that_stays_offline_is_told_once_and_so_is_its_return(house, street) -> None:
    """After 30 s it is opened under the camera's name with why and what to do; after 30 s of pictures it is over."""
    assert street(70) == []
    assert street(AFTER_S - 2, Link.OFFLINE) == []
    [told] = street(60, Link.OFFLINE)
    assert (told.camera, told.phase, told.state) == ("gate", Phase.OPENED, State.BLIND)
    assert told.reasons[0].text.startswith("connection refused; check the camera's power")
    assert street(OVER_S - 2)[0].phase is Phase.OPENED
    [over] = street(5)
    assert (over.id, over.phase, over.cause) == (told.id, Phase.CLOSED, "over")
    assert 85e9 <= over.ended_ns - over.began_ns <= 95e9
    assert house.value("rareframe_notices_total", kind="camera") == 1


def test_what_flickers_is_one_trouble_and_what_heals_is_none(street) -> None:
    """A camera that is back within the time is not told of; one that comes and goes is told of once."""
    street(70)
    for _ in range(4):
        assert street(20, Link.OFFLINE) == []
        assert street(10) == []
    street(40, Link.OFFLINE)
    for _ in range(3):
        street(20)
        [told] = street(20, Link.OFFLINE)
        assert told.phase is Phase.OPENED


def test_a_notice_that_is_open_goes_on_after_a_restart(house, street) -> None:
    """The same one, neither closed as interrupted nor told again; and it closes once the trouble is over."""
    street(70)
    [told] = street(40, Link.OFFLINE)
    house.restart()
    [same] = street(100, Link.OFFLINE)
    assert (same.id, same.phase) == (told.id, Phase.OPENED)
    [over] = street(70)
    assert (over.id, over.phase) == (told.id, Phase.CLOSED)


def test_a_process_that_is_down_is_told_without_a_camera(street) -> None:
    """What concerns no camera alone has the empty name."""
    street(70)
    [told] = street(40, process=False)
    assert (told.camera, told.reasons[0].detector) == ("", "process worker")


def test_a_notice_is_no_alert(house, street) -> None:
    """It is told to every sink at once, but counts in no budget and is not the camera's last event."""
    street(70)
    street(40, Link.OFFLINE)
    assert house.store.tallies(house.clock.wall_ns()) == {}
    assert house.value("rareframe_events_total", camera="gate") == 0
    view = next(view for view in house.desk.overview.cameras if view.camera == "gate")
    assert view.last_event is None
    assert kind_of(house.desk.overview.recent[0]) is Kind.HEALTH
    with house.store.reading() as db:
        assert db.execute("SELECT ground, telling FROM events").fetchall() == [(Ground.RULE.value, "told")]


def test_a_store_that_fails_is_told_once_it_works(house, street, monkeypatch: Any) -> None:
    """Nobody can be told of what is not stored: the notice waits, and is told late rather than never."""
    from monitor.alerting.store import EventStore, StoreError  # noqa: PLC0415 - for this test only

    def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    street(70)
    with monkeypatch.context() as broken:
        broken.setattr(EventStore, "record", fails)
        assert street(40, Link.OFFLINE) == []
        assert house.desk.overview.health.can_alert is False
    names = [event.reasons[0].detector for event in street(40, Link.OFFLINE)]
    assert sorted(names) == ["camera gate"]
