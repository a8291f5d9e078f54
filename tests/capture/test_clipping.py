"""From a request to the parts of a file: when a clip is complete, and that every request is answered."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from monitor.capture.clipping import PART_BYTES, Clipping, ClipPlan, Filmed
from monitor.capture.filming import Filming
from monitor.capture.open import SourceOptions, open_source
from monitor.capture.ring import Ring
from monitor.types import ClipPart, ClipRequest, Piece

S = 1_000_000_000
BEGAN_NS = 1_700_000_000 * S
PLAN = ClipPlan(before_s=0.5, after_s=0.4, longest_s=1.5, rate_hz=10.0, width_px=160)


@dataclass
class Stage:
    """One camera whose pictures come when a test wants them; the small video's, 25 a second from `BEGAN_NS` on."""

    video: Path
    plan: ClipPlan = PLAN
    most_bytes: int = 10**9
    parts: list[ClipPart] = field(default_factory=list)
    now_ns: int = 0

    def __post_init__(self) -> None:
        self.ring = Ring(60.0, self.most_bytes)
        self._filming = Filming("gate", self.ring, 10.0)
        self._filming.begin()
        source = open_source(SourceOptions(str(self.video), live=False), listener=self._filming)
        self.source = source
        self._pictures = source.pictures()
        self.clipping = Clipping({"gate": Filmed(self.ring, self.plan)}, self._take, lambda: self.now_ns)

    def _take(self, part: ClipPart) -> bool:
        self.parts.append(part)
        return True

    def film(self, until_s: float) -> None:
        """Read on until the picture of this time was read."""
        for picture in self._pictures:
            assert picture.pts_s is not None
            self._filming.picture(picture, BEGAN_NS + round(picture.pts_s * S), due=True)
            if picture.pts_s >= until_s:
                break

    def lose(self) -> None:
        """The camera is gone."""
        self._filming.end()

    def ask(self, began_s: float, ended_s: float | None, peak_s: float = 0.8, **fields: object) -> None:
        """Ask as the alert process does, and make what is complete."""
        ended_ns = None if ended_s is None else BEGAN_NS + round(ended_s * S)
        request = ClipRequest("gate", "e1", BEGAN_NS + round(began_s * S), ended_ns, BEGAN_NS + round(peak_s * S), True)
        self.clipping.ask(replace(request, **fields))  # type: ignore[arg-type]  # any of the fields, by name
        self.clipping.turn()

    def of(self, piece: Piece) -> list[ClipPart]:
        """What came of one kind."""
        return [part for part in self.parts if part.piece is piece]


@pytest.fixture
def stage(small_video: Path) -> Callable[..., Stage]:
    """Make a stage; the plan and the room may be given."""
    return lambda **fields: Stage(small_video, **fields)


def seconds(parts: list[ClipPart]) -> tuple[float, float]:
    """When the clip of these parts begins and ends; its file must be whole, and hold what is said of it.

    Packets whose pictures the decoder held back when the run ended are on it too.
    """
    began_s, ended_s = ((each - BEGAN_NS) / S for each in (parts[0].began_ns, parts[0].ended_ns))
    with av.open(io.BytesIO(b"".join(part.data for part in parts))) as container:
        frames = list(container.decode(video=0))
    assert 0 <= round(float(frames[-1].time) - (ended_s - began_s), 6) <= 0.4
    return began_s, ended_s


def test_a_clip_is_made_when_what_follows_the_event_is_there(stage: Callable[..., Stage]) -> None:
    """It has the time before and after, and is not made before it can be whole."""
    made = stage()
    made.film(0.9)
    made.ask(0.8, None)
    made.film(1.2)
    made.ask(0.8, 1.1)
    assert made.of(Piece.CLIP) == []
    made.film(1.5)
    made.clipping.turn()
    parts = made.of(Piece.CLIP)
    assert [(part.number, part.count, part.cut, part.fault) for part in parts] == [(0, 1, False, "")]
    began_s, ended_s = seconds(parts)
    assert began_s <= 0.3
    assert ended_s == pytest.approx(1.48, abs=0.04)
    made.clipping.turn()
    assert len(made.of(Piece.CLIP)) == 1


def test_the_request_to_close_alone_says_it_all(stage: Callable[..., Stage]) -> None:
    """Who was not there when the event opened makes its clip all the same."""
    made = stage()
    made.film(1.9)
    made.ask(0.8, 1.1)
    assert seconds(made.of(Piece.CLIP))[1] == pytest.approx(1.48, abs=0.04)


def test_a_camera_that_dies_in_mid_event_leaves_a_clip_up_to_its_last_picture(stage: Callable[..., Stage]) -> None:
    """At once, though nobody knows yet that the event is over."""
    made = stage()
    made.film(1.0)
    made.ask(0.8, None)
    made.lose()
    made.clipping.turn()
    parts = made.of(Piece.CLIP)
    assert parts[0].cut
    assert seconds(parts)[1] == pytest.approx(1.0, abs=0.04)
    made.ask(0.8, 1.0)
    assert len(made.of(Piece.CLIP)) == 2  # asked again, for whoever asks did not get it


def test_a_long_event_is_cut_at_the_longest_clip(stage: Callable[..., Stage]) -> None:
    """Its beginning is kept, and it is not made again while the event goes on."""
    made = stage(plan=replace(PLAN, longest_s=1.0))
    made.film(0.9)
    made.ask(0.8, None)
    made.film(1.9)
    made.clipping.turn()
    made.ask(0.8, None, peak_s=1.6)
    parts = made.of(Piece.CLIP)
    assert len(parts) == 1
    assert parts[0].cut
    assert seconds(parts)[1] == pytest.approx(1.3, abs=0.05)


def test_a_clip_is_cut_where_there_is_no_room_for_more(stage: Callable[..., Stage]) -> None:
    """What there was of it is a clip; the ring keeps within its bytes."""
    made = stage(most_bytes=250_000)
    made.film(0.5)
    made.ask(0.4, None, peak_s=0.4)
    made.film(1.9)
    assert made.ring.size_bytes <= 250_000
    made.clipping.turn()
    parts = made.of(Piece.CLIP)
    assert parts[0].cut
    assert seconds(parts)[0] == 0.0


def test_pictures_that_never_come_are_not_waited_for_for_ever(stage: Callable[..., Stage]) -> None:
    """A camera that hangs: after a while the clip is what there is."""
    made = stage()
    made.film(1.0)
    made.ask(0.8, 1.0)
    made.now_ns = 2 * S
    made.ask(0.8, 1.0)  # asking again does not begin the wait anew
    made.now_ns = 4 * S
    made.clipping.turn()
    assert seconds(made.of(Piece.CLIP))[1] == pytest.approx(1.0, abs=0.04)


def test_at_the_stop_there_is_a_clip_of_what_there_is(stage: Callable[..., Stage]) -> None:
    """An orderly end loses nothing that was held."""
    made = stage()
    made.film(1.0)
    made.ask(0.8, None)
    made.clipping.finish()
    assert seconds(made.of(Piece.CLIP))[1] == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize("fields", [{"camera": "nobody"}, {"began_ns": 5, "ended_ns": 6, "peak_ns": 6}])
def test_what_is_not_there_is_said(stage: Callable[..., Stage], fields: dict[str, object]) -> None:
    """A camera without clips, or a time that is long gone: the request is answered."""
    made = stage()
    made.film(1.0)
    made.ask(0.8, 0.9, **fields)
    made.now_ns = 60 * S
    made.clipping.turn()
    assert [part.fault for part in made.of(Piece.CLIP)] == ["missing"]


def test_the_strongest_picture_comes_at_full_size_once(stage: Callable[..., Stage]) -> None:
    """Again only for another peak."""
    made = stage()
    made.film(1.0)
    made.ask(0.8, None, peak_s=0.8)
    made.ask(0.8, None, peak_s=0.8)
    made.ask(0.8, None, peak_s=0.96)
    parts = made.of(Piece.FULL)
    assert [(part.began_ns - BEGAN_NS) / S for part in parts] == [0.8, 0.96]
    for part, bars in zip(parts, (21, 25), strict=True):
        picture = cv2.imdecode(np.frombuffer(part.data, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (240, 320, 3)
        assert abs(int((picture[:, :, 2] > 120).mean() * 320) - 6 * bars) < 12


def test_a_source_that_is_no_larger_than_what_is_analysed_has_no_full_picture(stage: Callable[..., Stage]) -> None:
    """It would show nothing more than the snapshot."""
    made = stage(plan=replace(PLAN, width_px=320))
    made.film(1.0)
    made.ask(0.8, None)
    assert [part.fault for part in made.of(Piece.FULL)] == ["small"]


def test_only_the_picture_is_made_when_the_clip_is_there_already(stage: Callable[..., Stage]) -> None:
    """And nothing is held for it."""
    made = stage()
    made.film(1.9)
    made.ask(0.8, 1.1, clip=False)
    assert made.of(Piece.CLIP) == []
    assert len(made.of(Piece.FULL)) == 1


def test_a_large_file_comes_in_parts(stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, each within its bound, and together the file."""
    monkeypatch.setattr("monitor.capture.clipping.PART_BYTES", 10_000)
    made = stage()
    made.film(1.9)
    made.ask(0.8, 1.1)
    parts = made.of(Piece.CLIP)
    assert len(parts) > 3
    assert [part.number for part in parts] == list(range(parts[0].count))
    assert max(len(part.data) for part in parts) == 10_000 < PART_BYTES
    seconds(parts)
