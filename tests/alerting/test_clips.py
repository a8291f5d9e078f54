"""What the alert process asks of capture for an event, what becomes of the files, and who is told of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.types import ClipPart, Event, Judgement, Phase, Piece

S = 1_000_000_000
EPOCH_NS = 1_790_000_000 * S


@pytest.fixture(name="home")
def _home(house: Any, new_sink: Any) -> Any:
    """A house with one sink, whose camera has clips that go on for 4 s."""
    house.sinks = [new_sink("list")]
    house.clips_after_s = {"gate": 4.0}
    house.restart()
    return house


def happens(home: Any, new_judgement: Callable[..., Judgement], frames: str) -> list[Event]:
    """One frame a second: `!` anomalous, `.` not; what is open or was told last, newest first."""
    for seq, frame in enumerate(frames):
        home.clock.now_ns = seq * S
        home.desk.handle(new_judgement(seq, anomalous=frame == "!"))
    home.desk.tick()
    return list(home.store.events())


def answer(home: Any, piece: Piece, content: bytes = b"whole file", **fields: object) -> None:
    """What capture sends for its newest request: a file in parts of four bytes."""
    asked = home.asked[-1]
    count = -(-len(content) // 4)
    part = ClipPart("gate", asked.event, piece, 0, count, asked.peak_ns, asked.peak_ns, False, "", b"")
    for number in range(count):
        data = content[4 * number : 4 * number + 4]
        home.desk.handle(replace(part, number=number, data=data, **fields))  # type: ignore[arg-type]  # by name


def tell(home: Any) -> list[Event]:
    """Let the sink be told of what is due; everything it was told so far."""
    while home.delivery._threads[0].loop.run_once():
        pass
    return list(home.sinks[0].told)


def test_an_event_is_asked_for_when_it_opens_and_when_it_closes(
    home: Any, new_judgement: Callable[..., Judgement]
) -> None:
    """The beginning holds the clip, the end completes it; the stretch is that of the strange frames."""
    happens(home, new_judgement, "...!!!!....")
    first, last = home.asked[0], home.asked[-1]
    assert (first.began_ns, first.ended_ns, first.clip) == (EPOCH_NS + 3 * S, None, True)
    assert (last.began_ns, last.ended_ns, last.clip) == (EPOCH_NS + 3 * S, EPOCH_NS + 6 * S, True)
    assert last.peak_ns == EPOCH_NS + 3 * S


def test_the_clip_is_written_whole_and_told_with_the_closing(
    home: Any, new_judgement: Callable[..., Judgement], tmp_path: Path
) -> None:
    """The file is there, the store and the overview name it, and who is told of the end is told of it."""
    (event,) = happens(home, new_judgement, "...!!!!....")
    assert event.phase is Phase.CLOSED
    assert [told.phase for told in tell(home)] == [Phase.OPENED]  # the closing waits for the clip
    answer(home, Piece.CLIP)
    assert [(told.phase, told.clip) for told in tell(home)][1:] == [
        (Phase.CLOSED, f"events/2026-09-21/gate/{event.id}.mp4")
    ]
    (stored,) = home.store.events()
    assert (tmp_path / stored.clip).read_bytes() == b"whole file"
    home.desk.tick()
    assert home.desk.overview.recent[0].clip == stored.clip
    assert home.value("rareframe_clips_total", camera="gate", outcome="written") == 1
    assert list((tmp_path / "events" / ".parts").iterdir()) == []


def test_a_closing_waits_for_its_clip_only_so_long(home: Any, new_judgement: Callable[..., Judgement]) -> None:
    """Nobody is left untold because a clip does not come; that it did not is counted."""
    happens(home, new_judgement, "...!!!!....")
    home.clock.pass_s(6)
    assert [told.phase for told in tell(home)] == [Phase.OPENED, Phase.CLOSED]
    home.clock.pass_s(60)
    home.desk.tick()
    assert home.value("rareframe_clips_total", camera="gate", outcome="unanswered") == 1
    assert home.store.events()[0].clip is None


def test_an_event_without_a_clip_is_told_at_once_when_that_is_known(
    home: Any, new_judgement: Callable[..., Judgement]
) -> None:
    """Capture says that it has nothing: why is counted, and the closing waits no longer."""
    (event,) = happens(home, new_judgement, "...!!!!....")
    home.desk.handle(ClipPart("gate", event.id, Piece.CLIP, 0, 1, 0, 0, False, "missing", b""))
    assert [told.phase for told in tell(home)] == [Phase.OPENED, Phase.CLOSED]
    assert home.value("rareframe_clips_total", camera="gate", outcome="missing") == 1


def test_a_clip_that_comes_while_the_event_goes_on_is_told_with_what_follows(
    home: Any, new_judgement: Callable[..., Judgement]
) -> None:
    """A long event, or a camera that died: the end is told at once, and no clip is asked for any more."""
    happens(home, new_judgement, "...!!!!")
    answer(home, Piece.CLIP, cut=True)
    for seq in range(7, 12):
        home.clock.now_ns = seq * S
        home.desk.handle(new_judgement(seq, anomalous=False))
    (closed,) = [told for told in tell(home) if told.phase is Phase.CLOSED]
    assert closed.clip is not None
    assert not any(request.clip for request in home.asked[1:])
    assert home.value("rareframe_clips_total", camera="gate", outcome="cut") == 1


@pytest.mark.parametrize("damage", ["lost", "doubled", "late"])
def test_parts_that_do_not_follow_each_other_make_no_file(
    home: Any, new_judgement: Callable[..., Judgement], tmp_path: Path, damage: str
) -> None:
    """Half a file is none; the next whole one is taken."""
    (event,) = happens(home, new_judgement, "...!!!!....")
    part = ClipPart("gate", event.id, Piece.CLIP, 0, 3, event.peak_ns, event.peak_ns, False, "", b"abcd")
    for number in {"lost": [0, 2], "doubled": [0, 0, 2], "late": [1, 2]}[damage]:
        home.desk.handle(replace(part, number=number))
    assert home.store.events()[0].clip is None
    assert not list(tmp_path.glob("events/.parts/*"))
    answer(home, Piece.CLIP)
    assert home.store.events()[0].clip is not None


def test_a_stretch_that_was_stranger_brings_its_clip_and_another_does_not(
    home: Any, new_judgement: Callable[..., Judgement], tmp_path: Path
) -> None:
    """An event that goes on after it closed shows what was strangest of it."""
    happens(home, new_judgement, "...!!!!....")
    answer(home, Piece.CLIP, b"the first")
    for seq, score in [(12, 3.0), (13, 3.0), (14, 3.0), *((seq, None) for seq in range(15, 20))]:
        home.clock.now_ns = seq * S
        home.desk.handle(new_judgement(seq, anomalous=score is not None, score=score or 1.0))
    assert home.asked[-1].began_ns >= EPOCH_NS + 12 * S
    assert home.asked[-1].clip
    answer(home, Piece.CLIP, b"the second", began_ns=EPOCH_NS + 10 * S, ended_ns=EPOCH_NS + 18 * S)
    (event,) = home.store.events()
    assert (tmp_path / event.clip).read_bytes() == b"the first"
    for seq, score in [(21, 9.0), (22, 9.0), (23, 9.0), *((seq, None) for seq in range(24, 29))]:
        home.clock.now_ns = seq * S
        home.desk.handle(new_judgement(seq, anomalous=score is not None, score=score or 1.0))
    answer(home, Piece.CLIP, b"the third", began_ns=EPOCH_NS + 19 * S, ended_ns=EPOCH_NS + 27 * S)
    (event,) = home.store.events()
    assert (tmp_path / event.clip).read_bytes() == b"the third"
    assert len(list((tmp_path / event.clip).parent.glob("*.mp4"))) == 1


def test_the_full_picture_is_that_of_the_strongest_frame(
    home: Any, new_judgement: Callable[..., Judgement], tmp_path: Path
) -> None:
    """It is asked for anew as the peak grows, and one of an earlier peak is not kept."""
    happens(home, new_judgement, "...!!!")
    early = home.asked[-1]
    answer(home, Piece.FULL, b"first peak")
    for seq in (6, 7, 8):
        home.clock.now_ns = seq * S
        home.desk.handle(new_judgement(seq, anomalous=True, score=4.5 + seq))
        home.desk.tick()
    later = home.asked[-1]
    assert later.peak_ns > early.peak_ns
    answer(home, Piece.FULL, b"late answer", began_ns=early.peak_ns)
    assert (tmp_path / home.store.events()[0].full).read_bytes() == b"first peak"
    answer(home, Piece.FULL, b"new peak", began_ns=later.peak_ns)
    (event,) = home.store.events()
    assert event.full == f"events/2026-09-21/gate/{event.id}-full.jpg"
    assert (tmp_path / event.full).read_bytes() == b"new peak"


def test_after_a_restart_the_open_event_and_the_one_just_closed_are_asked_for_again(
    home: Any, new_judgement: Callable[..., Judgement]
) -> None:
    """What was on its way when the process died comes again; what was written is known."""
    happens(home, new_judgement, "...!!!!")
    home.restart()
    assert [(request.ended_ns, request.clip) for request in home.asked] == [(None, True)]
    for seq in range(7, 12):
        home.clock.now_ns = seq * S
        home.desk.handle(new_judgement(seq, anomalous=False))
    home.restart()
    assert home.asked[-1].ended_ns == EPOCH_NS + 6 * S
    answer(home, Piece.CLIP)
    home.restart()
    assert not any(request.clip for request in home.asked)
    assert home.store.events()[0].clip is not None


def test_a_disk_that_takes_no_clip_costs_the_clip_alone(
    home: Any, new_judgement: Callable[..., Judgement], tmp_path: Path
) -> None:
    """The event is told, why there is no clip is counted, and the next clip is tried again."""
    happens(home, new_judgement, "...!!!!....")
    blocked = tmp_path / "events" / ".parts"
    blocked.write_bytes(b"")  # where a folder should be
    answer(home, Piece.CLIP)
    assert home.value("rareframe_clips_total", camera="gate", outcome="unwritten") == 1
    assert [told.phase for told in tell(home)] == [Phase.OPENED, Phase.CLOSED]


def test_a_clip_waits_for_a_store_that_fails(
    home: Any, new_judgement: Callable[..., Judgement], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name gets there as soon as the store works again."""
    happens(home, new_judgement, "...!!!!....")
    with monkeypatch.context() as broken:
        broken.setattr(home.store, "transaction", _failing)
        answer(home, Piece.CLIP)
    assert home.store.events()[0].clip is None
    home.desk.tick()
    assert home.store.events()[0].clip is not None


def _failing() -> object:
    from monitor.alerting.store import StoreError  # noqa: PLC0415 - only here

    raise StoreError("the disk is full")


def test_files_nobody_asked_for_are_not_kept(home: Any, tmp_path: Path) -> None:
    """Parts for an event that is not known, whatever its name would mean to a path."""
    part = ClipPart("gate", "../../etc/passwd", Piece.CLIP, 0, 1, 0, 0, False, "", b"x")
    home.desk.handle(part)
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".mp4"]
    assert not list(tmp_path.parent.glob("etc"))


def test_a_camera_without_clips_is_not_asked(house: Any, new_judgement: Callable[..., Judgement]) -> None:
    """And its closings are told at once."""
    happens(house, new_judgement, "...!!!!....")
    assert house.asked == []
