"""A chair that is moved for good: told at first, then accepted as a new normal, which is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from rich.console import Console

from detectors.base import Image
from detectors.evaluation.plants import Kind, Plant, drawn
from monitor import config
from monitor.build.detecting import pipeline
from monitor.build.rules import rules
from monitor.deciding.decider import EpisodeDecider
from monitor.scoring.scorer import CameraScorer
from monitor.types import Event, Frame, Phase, Stamp

DAYS = Path(__file__).resolve().parents[3] / "shared" / "data" / "upcam_1fps" / "train"
LITE = Path(__file__).resolve().parents[2] / "configs" / "lite.yaml"
HOUR_S = 3600
MOVED_H, MOST_H = 18, 6
MOVED_S = MOVED_H * HOUR_S
FOR_EVER_S = 1e9
NS = 1_000_000_000
TALL = 0.4
PLACES = ((0.25, 0.6), (0.72, 0.62))


def _chair(place: tuple[float, float], from_s: float, to_s: float) -> Plant:
    return Plant(Kind.STAYS, from_s, to_s, TALL, place, place, seed=3)


def _pictures() -> Iterator[tuple[int, Image]]:
    """Each second of the day and its picture, with the chair where it stands then."""
    chairs = (_chair(PLACES[0], 0.0, MOVED_S), _chair(PLACES[1], MOVED_S, FOR_EVER_S))
    at_s = 0
    for clip in sorted(DAYS.iterdir())[: MOVED_H + MOST_H]:
        capture = cv2.VideoCapture(str(clip))
        while (found := capture.read())[0]:
            yield at_s, drawn(chairs, found[1], at_s)
            at_s += 1
        capture.release()


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not DAYS.is_dir(), reason="needs ../shared/data/upcam_1fps")
def test_a_chair_that_is_moved_for_good_is_accepted_within_six_hours() -> None:
    """Drawn into a day of a lived-in room; people, dusk and infra-red go on around it."""
    sections = config.load(LITE)
    scorer, decider = CameraScorer(pipeline(sections, 0, "cpu")), EpisodeDecider({"gate": rules(sections)})
    events: dict[str, Event] = {}
    for at_s, image in _pictures():
        at_ns = (at_s + 1) * NS
        judged = scorer.judge(Frame(Stamp("gate", "run", at_s, at_ns, at_ns, float(at_s)), image))
        assert judged is not None
        events |= {event.id: event for event in decider.judge(judged)}
        scorer.learn()
    after = [event for event in events.values() if event.ended_ns >= MOVED_S * NS]
    for event in after:
        began_h, ended_h = ((at_ns / NS - 1 - MOVED_S) / HOUR_S for at_ns in (event.began_ns, event.ended_ns))
        said = f"{event.phase.value}  {event.cause}  {event.reasons[0].text}"
        Console(width=160).print(f"{began_h:+6.2f} h to {ended_h:+6.2f} h  {said}")
    accepted = [event for event in after if event.phase is Phase.CLOSED and event.cause == "accepted"]
    assert accepted
    assert accepted[0].began_ns < (MOVED_S + 600) * NS
