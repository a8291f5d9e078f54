"""Scanning: events, snapshots and scores of recordings, through the shipped episode rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Picture, Reason
from monitor.deciding.episodes import Episodes, Rules, end, step
from monitor.offline.peaks import APART_S, MOMENTS_KEPT, MOMENTS_SHOWN, PEAKS_KEPT, Moments
from monitor.offline.scan import Progress, Route, ScanError, scan
from monitor.types import Event, Frame, Judgement, Phase, Stamp, State, Verdict

MakeClip = Callable[[Path, Iterable[int]], None]
Opener = Callable[[Path], Generator[Picture, None, None]]
RULES = Rules(open_m=3, open_n=5, quiet_s=1.0, refractory_s=1.0)
LIMIT = 100.0
STARTED_NS = 1_700_000_000_000_000_000  # any wall time: nothing of it may show


def judged(frame: Frame) -> Judgement:
    """Brightness of the left half against a limit; unknown for the first five frames. The picture says its seq.

    Ordinary frames bring a picture once a second; the score is told one frame before the verdict can be.
    """
    score = float(frame.image[0, 0, 0])
    known = frame.stamp.seq >= 5
    anomalous = known and score > LIMIT
    verdict = Verdict.ANOMALOUS if anomalous else Verdict.NORMAL if known else Verdict.UNKNOWN
    return Judgement(
        stamp=frame.stamp,
        state=State.ACTIVE if known else State.WARMING,
        state_reason="",
        verdict=verdict,
        score=score if frame.stamp.seq >= 4 else None,
        p_value=0.01 if known else None,
        limit=LIMIT if known else None,
        scores=(),
        reasons=(Reason("brightness", "It is <bright>", 0.01, None),) if anomalous else (),
        heatmap=None,
        picture=f"picture {frame.stamp.seq}".encode() if anomalous or frame.stamp.seq % 10 == 4 else None,
        scored_s=0.001,
    )


def make_route(opener: Opener, started_ns: int = STARTED_NS, rules: Rules = RULES) -> Callable[[Path], Route]:
    """The toy judgement and the real episode rules; a file that cannot be opened is a ScanError."""

    def route(path: Path) -> Route:
        if not path.exists():
            raise ScanError(f"{path}: expected a recording, got nothing there")
        episodes = Episodes()

        def frames() -> Generator[Frame, None, None]:
            for seq, picture in enumerate(opener(path)):
                if path.stem == "torn" and seq == 15:
                    raise ScanError(f"{path}: cannot be read beyond frame 15")
                at_ns = round(picture.at_s * 1e9)
                stamp = Stamp(path.stem, "run", seq, started_ns + at_ns, 77 + at_ns, picture.at_s)
                yield Frame(stamp, picture.image)

        def decide(judgement: Judgement) -> Sequence[Event]:
            nonlocal episodes
            episodes, told = step(episodes, judgement, rules)
            return told

        def finish() -> Sequence[Event]:
            nonlocal episodes
            episodes, told = end(episodes, "source ended")
            return told

        return Route(frames, judged, decide, finish, 3.0)

    return route


def overlay(judgement: Judgement) -> bytes | None:
    """Anything that differs from the picture."""
    return None if judgement.picture is None else judgement.picture + b" with heatmap"


QUIET = [50] * 10
EVENT = [120, 130, 180, 240, 150]  # the peak is its fourth frame


@pytest.fixture
def clip(tmp_path: Path, make_clip: MakeClip) -> Path:
    """Quiet, an event at 1.0 s, quiet, an event that lasts to the end."""
    path = tmp_path / "clip.mkv"
    make_clip(path, [*QUIET, *EVENT, *QUIET, *QUIET, *EVENT])
    return path


def run(files: Sequence[Path], out: Path, opener: Opener, **options: int) -> list[Progress]:
    """Scan, and what was told meanwhile."""
    told: list[Progress] = []
    scan(files, out, make_route(opener, **options), overlay, told.append)
    return told


def test_a_recording_becomes_events_with_pictures_of_their_strongest_frames(
    clip: Path, tmp_path: Path, opener: Opener
) -> None:
    """Times are seconds in the file, and the snapshot is the frame of the peak."""
    out = tmp_path / "out"
    run([clip], out, opener)
    told = json.loads((out / "events.json").read_text())
    first, second = told["events"]
    assert (first["began_s"], first["ended_s"], first["peak_s"]) == (1.0, 1.4, 1.3)
    assert (first["score"], first["limit"], first["p_value"]) == (240.0, 100.0, 0.01)
    assert first["id"] == "1-clip-000001000"
    assert (out / first["snapshot"]).read_bytes() == b"picture 13"
    assert (out / first["overlay"]).read_bytes() == b"picture 13 with heatmap"
    assert first["reasons"][0]["text"] == "It is <bright>"
    assert (second["began_s"], second["cause"]) == (3.5, "source ended")
    assert (out / second["snapshot"]).read_bytes() == b"picture 38"


def test_clips_are_written_beside_where_they_are_wanted(clip: Path, tmp_path: Path, opener: Opener) -> None:
    """Named after their events; one that could not be made is null, as all are where none is wanted."""
    wanted, out = make_route(opener), tmp_path / "out"
    videos = iter([b"video", None])

    def video(event: Event) -> bytes | None:
        return next(videos) if event.phase is Phase.CLOSED else None

    scan([clip], out, lambda path: replace(wanted(path), clip=video), overlay, lambda _: None)
    first, second = json.loads((out / "events.json").read_text())["events"]
    assert first["clip"] == f"clips/{first['id']}.mp4"
    assert (out / first["clip"]).read_bytes() == b"video"
    assert second["clip"] is None


@pytest.mark.parametrize(("after", "peak"), [([120] * 5, 13), ([250] * 5, 35)], ids=["weaker", "stronger"])
def test_an_event_that_goes_on_is_written_once_with_the_picture_of_its_peak(
    tmp_path: Path, opener: Opener, make_clip: MakeClip, after: list[int], peak: int
) -> None:
    """Whether that lay before the quiet or after it."""
    path, out = tmp_path / "clip.mkv", tmp_path / "out"
    make_clip(path, [*QUIET, *EVENT, *QUIET, *QUIET, *after])
    rules = Rules(open_m=3, open_n=5, quiet_s=1.0, refractory_s=60.0)
    scan([path], out, make_route(opener, rules=rules), overlay, lambda _: None)
    [event] = json.loads((out / "events.json").read_text())["events"]
    assert (event["began_s"], event["ended_s"], event["frames"]) == (1.0, 3.9, 10)
    assert (out / event["snapshot"]).read_bytes() == f"picture {peak}".encode()


def test_scores_and_states_of_every_frame_are_written(clip: Path, tmp_path: Path, opener: Opener) -> None:
    """One line a frame, empty where unknown, and the states as stretches without holes."""
    out = tmp_path / "out"
    run([clip], out, opener)
    (file,) = json.loads((out / "events.json").read_text())["files"]
    lines = (out / file["scores"]).read_text().splitlines()
    assert lines[0] == "at_s,score,limit,p_value,state,verdict"
    assert len(lines) == 41
    assert lines[1] == "0.0,,,,warming,unknown"
    assert lines[11] == "1.0,120.0,100.0,0.01,active,anomalous"
    assert file["states"] == [
        {"state": "warming", "from_s": 0.0, "to_s": 0.5},
        {"state": "active", "from_s": 0.5, "to_s": 3.9},
    ]
    assert (file["frames"], file["duration_s"], file["error"]) == (40, 3.9, None)


def test_the_same_scan_gives_the_same_bytes_whenever_it_is_run(
    tmp_path: Path, opener: Opener, make_clip: MakeClip
) -> None:
    """No wall time, timing or random name is in any file, be it of an event or a moment."""
    clip = tmp_path / "clip.mkv"
    make_clip(clip, [*[50] * 70, *EVENT, *QUIET, *QUIET, *EVENT])
    one, other = tmp_path / "one", tmp_path / "other"
    run([clip], one, opener)
    run([clip], other, opener, started_ns=STARTED_NS + 12_345_678_901)
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    assert len(names) == 8
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def test_a_file_that_cannot_be_read_does_not_cost_the_others(
    clip: Path, tmp_path: Path, opener: Opener, make_clip: MakeClip
) -> None:
    """The error is told for its file; what was found before it stays, and the next file is scanned."""
    torn = tmp_path / "torn.mkv"
    make_clip(torn, [*QUIET, *EVENT, *QUIET])
    out = tmp_path / "out"
    run([tmp_path / "absent.mkv", torn, clip], out, opener)
    told = json.loads((out / "events.json").read_text())
    absent, broken, whole = told["files"]
    assert "nothing there" in absent["error"]
    assert "beyond frame 15" in broken["error"]
    assert whole["error"] is None
    assert [event["id"].split("-")[0] for event in told["events"]] == ["2", "3", "3"]
    assert told["events"][0]["cause"] == "source ended"


def test_two_files_of_one_name_do_not_overwrite_each_other(
    clip: Path, tmp_path: Path, opener: Opener, make_clip: MakeClip
) -> None:
    """Names of scores, snapshots and events hold the number of the file."""
    twin = tmp_path / "elsewhere" / "clip.mkv"
    make_clip(twin, [*QUIET, *EVENT])
    out = tmp_path / "out"
    run([clip, twin], out, opener)
    told = json.loads((out / "events.json").read_text())
    assert len({event["id"] for event in told["events"]}) == 3
    assert {file["scores"] for file in told["files"]} == {"scores/1-clip.csv", "scores/2-clip.csv"}


def test_progress_tells_file_time_and_events(clip: Path, tmp_path: Path, opener: Opener) -> None:
    """Once a frame, with the length where the file says it."""
    told = run([clip], tmp_path / "out", opener)
    assert len(told) == 40
    assert told[0] == Progress(str(clip), 1, 1, 0.0, 3.0, 0)
    assert told[-1].at_s == 3.9
    assert told[-1].events == 1  # the second one is open still


def test_the_peaks_picture_is_found_after_a_long_fading_event(
    tmp_path: Path, opener: Opener, make_clip: MakeClip
) -> None:
    """An event of many frames, each weaker than the one before, still has the picture of its first and strongest."""
    path = tmp_path / "fading.mkv"
    make_clip(path, [*QUIET, *range(250, 250 - 2 * PEAKS_KEPT, -1)])
    out = tmp_path / "out"
    run([path], out, opener)
    (event,) = json.loads((out / "events.json").read_text())["events"]
    assert event["peak_s"] == 1.0
    assert (out / event["snapshot"]).read_bytes() == b"picture 10"


def test_an_earlier_flash_does_not_lend_its_picture(tmp_path: Path, opener: Opener, make_clip: MakeClip) -> None:
    """One stronger frame long before the event opens nothing and is not shown as the event's peak."""
    path = tmp_path / "flash.mkv"
    make_clip(path, [*QUIET, 250, *QUIET, *EVENT, *QUIET])
    out = tmp_path / "out"
    run([path], out, opener)
    (event,) = json.loads((out / "events.json").read_text())["events"]
    assert (event["score"], event["peak_s"]) == (240.0, 2.4)
    assert (out / event["snapshot"]).read_bytes() == b"picture 24"


def test_the_strangest_moments_outside_of_events_are_kept_with_their_pictures(
    tmp_path: Path, opener: Opener, make_clip: MakeClip
) -> None:
    """Peaks of the score that became no event, strongest first, also where the verdict was still unknown."""
    path = tmp_path / "calm.mkv"
    brightness = [50] * 200
    brightness[4] = 90  # unknown
    brightness[64] = 60
    brightness[104] = 70
    brightness[160] = 130  # anomalous, but one frame is no event
    make_clip(path, [*brightness, *[50] * 20, *EVENT])
    out = tmp_path / "out"
    run([path], out, opener)
    told = json.loads((out / "events.json").read_text())
    assert len(told["events"]) == 1
    assert [(m["at_s"], m["score"], m["verdict"]) for m in told["moments"]] == [
        (16.0, 130.0, "anomalous"),
        (0.4, 90.0, "unknown"),
        (10.4, 70.0, "normal"),
    ]
    assert [m["limit"] for m in told["moments"]] == [100.0, None, 100.0]
    assert {m["id"] for m in told["moments"]} == {f"1-calm-moment-{ms:09d}" for ms in (400, 10400, 16000)}
    unknown = told["moments"][1]
    assert (out / unknown["snapshot"]).read_bytes() == b"picture 4"
    assert (out / unknown["overlay"]).read_bytes() == b"picture 4 with heatmap"


def pictured(score: float | None, picture: bytes | None = b"jpeg") -> Judgement:
    """A judgement with this score, stamped with any time."""
    stamp = Stamp("clip", "run", 0, 0, 0, None)
    return Judgement(stamp, State.ACTIVE, "", Verdict.NORMAL, score, None, None, (), (), None, picture, 0.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=120), st.sampled_from([0.1, 1.0, 2.5]))
def test_moments_are_few_apart_and_peaks_whatever_the_scores(scores: list[int | None], period_s: float) -> None:
    """Each is higher than all within its reach before it and no lower than those after; ties go to the earlier one."""
    moments = Moments()
    for index, score in enumerate(scores):
        moments.see(index * period_s, pictured(None if score is None else float(score)))
    found = moments.strangest([])
    times = sorted(peak.at_s for peak in found)
    assert len(found) <= MOMENTS_SHOWN
    assert [peak.score for peak in found] == sorted((peak.score for peak in found), reverse=True)
    assert all(later - earlier >= APART_S for earlier, later in pairwise(times))
    for peak in found:
        near = [
            (i * period_s, s) for i, s in enumerate(scores) if s is not None and abs(i * period_s - peak.at_s) < 4.9
        ]
        assert all(s < peak.score if at_s < peak.at_s else s <= peak.score for at_s, s in near)
    known = [score for score in scores if score is not None]
    assert bool(found) == bool(known)
    assert not known or found[0].score == max(known)


def test_moments_of_a_day_take_no_more_room_than_those_of_an_hour() -> None:
    """A bounded number of pictures is held, the strongest; those inside events are left out."""
    moments = Moments()
    for number in range(1000):
        moments.see(2 * APART_S * number, pictured(float(number % 500)))
        moments.see(2 * APART_S * number + 1, pictured(1e9, picture=None))
    assert len(moments.strangest([])) == MOMENTS_SHOWN < MOMENTS_KEPT
    assert {peak.score for peak in moments.strangest([])} == {499.0, 498.0, 497.0, 496.0}
    last_s = 2 * APART_S * 999
    assert last_s not in {peak.at_s for peak in moments.strangest([(last_s - 1, last_s)])}
