"""Cameras and their shadows as the worker has them: real detectors, one thread, one loop."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.budget.diary import Light, Minute
from monitor.build.detecting import diary_fingerprint
from monitor.build.scoring import keeper, shadows
from monitor.config import Config, load_text
from monitor.scoring.loop import ScoringLoop
from monitor.types import Frame, Judgement, Message, ScoringReport, Stamp

NS = 1_000_000_000
FRAMES = 60
# One of each kind that could have a state of its own beside its object's: torch, its networks, k-means.
OWN = """
seed: 3
detectors:
  - {name: prediction, feature: {kind: pixels}, model: {kind: autoencoder, warmup: 30}}
  - {name: speed, feature: {kind: momentum}, model: {kind: deviation}}
  - {name: groups, feature: {kind: motion}, model: {kind: kmeans}}
learning: {warmup: 20, every_s: 0.1, delay_s: 1.0}
cameras:
  gate:
    source: "demo:"
"""
SHADOW = """
    shadow:
      detectors:
        - {name: prediction, feature: {kind: pixels}, model: {kind: vae, warmup: 30}}
        - {name: groups, feature: {kind: motion}, model: {kind: kmeans, clusters: 3}}
      budget: {alerts_per_day: 20}
"""


class Link:
    """Both ends of the worker."""

    def __init__(self, frames: list[Frame]) -> None:
        self.waiting: deque[Message] = deque(frames)
        self.sent: list[Judgement] = []
        self.taken = self.pending = 0

    def receive(self, timeout_s: float) -> Sent | None:
        return Sent(self.waiting.popleft()) if self.waiting and timeout_s else None

    def send(self, message: Judgement | ScoringReport) -> bool:
        if isinstance(message, Judgement):
            self.sent.append(message)
        return True


class Sent:
    """A message that was delivered."""

    done: Callable[[], None]

    def __init__(self, message: Message) -> None:
        self.message = message
        self.done = lambda: None


@pytest.fixture(scope="module", name="frames")
def _frames() -> list[Frame]:
    """A scene with something that goes through it, and noise."""
    rng, made = np.random.default_rng(0), []
    for seq in range(FRAMES):
        image = rng.integers(90, 110, (60, 96, 3)).astype(np.uint8)
        cv2.circle(image, (seq * 3 % 96, 30), 6, (30, 200, 60), -1)
        image.setflags(write=False)
        made.append(Frame(Stamp("gate", "run", seq, 10**18 + seq * NS // 10, seq * NS // 10 + NS, None), image))
    return made


def judged(config: Config, frames: list[Frame]) -> list[Judgement]:
    """All that the worker sends of these frames."""
    link = Link(frames)
    loop = ScoringLoop({"gate": keeper(config, "gate", "cpu")}, frozenset(), link, link, "boot", shadows(config, "cpu"))
    while link.waiting:
        loop.run_once(10**18, NS)
    loop.run_once(10**18, NS)
    loop.finish(10**18)
    return link.sent


def told(judgement: Judgement) -> tuple[Judgement, bytes]:
    """All that was thought, not how long it took."""
    heatmap = b"" if judgement.heatmap is None else judgement.heatmap.tobytes()
    return replace(judgement, heatmap=None, scored_s=0.0), heatmap


def test_a_camera_is_judged_the_same_bit_by_bit_beside_a_shadow(tmp_path: Path, frames: list[Frame]) -> None:
    """Networks in training beside one another share neither dice nor weights."""
    alone = judged(load_text(OWN, "site.yaml", data_dir=tmp_path / "alone"), frames)
    both = judged(load_text(OWN + SHADOW, "site.yaml", data_dir=tmp_path / "both"), frames)
    live = [each for each in both if not each.shadow]
    assert [told(each) for each in live] == [told(each) for each in alone]
    assert live[-1].score is not None
    assert len(both) - len(live) == FRAMES
    assert {each.name for each in both[1].scores} == {"prediction", "groups"}
    assert both[-1].shadow


def test_a_candidate_that_became_the_camera_s_own_goes_on_with_what_it_learned(
    tmp_path: Path, frames: list[Frame]
) -> None:
    """Whoever promotes it and then moves its keys up in the configuration loses nothing."""
    with_shadow = load_text(OWN + SHADOW, "site.yaml", data_dir=tmp_path)
    judged(with_shadow, frames)
    moved = with_shadow.cameras["gate"].candidate()
    assert moved is not None
    own = {key: getattr(moved, key) for key in type(moved).model_fields} | {"shadow": None}
    edited = with_shadow.model_copy(update={"cameras": {"gate": with_shadow.cameras["gate"].model_copy(update=own)}})
    assert keeper(edited, "gate", "cpu").scorer.learned > 0
    assert shadows(edited, "cpu") == {}


def test_a_journal_is_of_the_numbers_of_frames_that_open_an_episode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its minutes are no other configuration's."""
    text = f"data_dir: {tmp_path}\nbudget: {{alerts_per_day: 3}}\nepisodes: {{open_m: 1}}\n{OWN}"
    config = load_text(text, "site.yaml")
    kept = keeper(config, "gate", "cpu")
    monkeypatch.setattr(kept.scorer, "fetch", lambda: (Minute(1, (1.0,), Light.COLOUR, 60.0),))
    kept.note()
    (journal,) = tmp_path.rglob("gate.minutes.jsonl")
    told = json.loads(journal.read_text(encoding="utf-8").splitlines()[0])
    assert told == {"fingerprint": diary_fingerprint(config.cameras["gate"])}
