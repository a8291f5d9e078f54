"""The shipped detectors judge an event's frames again, from a file, on drawn and on real pictures."""

from __future__ import annotations

import itertools
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.base import Image
from monitor import config
from monitor.build.detecting import pipeline, prepare_torch
from monitor.build.replaying import replayed
from monitor.build.taking import take_writer, tape
from monitor.bundles.archive import write
from monitor.bundles.manifest import MANIFEST, BundleError
from monitor.capture.scene import Scene
from monitor.cli import main
from monitor.config import Config
from monitor.scoring.scorer import CameraScorer
from monitor.types import Frame, Stamp, Verdict

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("one_torch_thread")]

NS = 1_000_000_000
FPS = 5
KNOWN, STRANGE, AFTER = 30, 10, 0  # frames
# All that is shipped. There is no limit so early: a rule says what is strange, and models learn from every frame.
SITE = """
data_dir: {folder}
budget: null
analysis: {{fps: 5}}
device: cpu
bundles: {{before_s: 1, most_s: 3}}
rules: [{{name: fast, when: score > 0}}]
masks: [[[0, 0], [0.2, 0], [0.2, 0.1], [0, 0.1]]]
cameras: {{gate: {{source: "rtsp://10.0.0.5/sub", user: viewer, password_env: GATE_PASSWORD}}}}
"""


def drawn() -> Iterator[Image]:
    """The demo scene."""
    scene = Scene(0)
    for number in itertools.count():
        image = cv2.resize(scene.draw(number / FPS), (360, 240), interpolation=cv2.INTER_AREA)
        yield np.asarray(image, np.uint8)


def filmed(file: Path) -> Iterator[Image]:
    """Every second frame of a recording at analysis size."""
    video = cv2.VideoCapture(str(file))
    while video.grab():
        done, image = video.retrieve()
        video.grab()
        if done:
            yield np.asarray(cv2.resize(image, (360, 270), interpolation=cv2.INTER_AREA), np.uint8)


def with_a_runner(image: Image, number: int) -> Image:
    """The picture, and something large that crosses it fast."""
    strange = image.copy()
    left = number * 40 % (strange.shape[1] - 80)
    cv2.rectangle(strange, (left, 60), (left + 70, 160), (40, 220, 250), -1)
    return strange


def judged(judging: CameraScorer, pictures: Iterator[Image]) -> Iterator[Verdict]:
    """Of each picture, a runner among them; to the end."""
    for seq, image in enumerate(itertools.islice(pictures, KNOWN + STRANGE + AFTER)):
        shown = with_a_runner(image, seq) if KNOWN <= seq < KNOWN + STRANGE else image
        shown.setflags(write=False)
        stamp = Stamp("gate", "run", seq, 10**18 + seq * NS // FPS, seq * NS // FPS, seq / FPS)
        judgement = judging.judge(Frame(stamp, shown))
        assert judgement is not None
        yield judgement.verdict
        judging.learn()
    judging.finish()


def taken(folder: Path, pictures: Iterator[Image]) -> tuple[Config, Path]:
    """The file of what the worker kept of a runner among these."""
    tree = config.load_text(SITE.format(folder=folder), "site.yaml")
    prepare_torch(tree.cameras.values(), 1)
    writer = take_writer(tree)
    assert writer is not None
    judging = CameraScorer(pipeline(tree.cameras["gate"], tree.seed, "cpu"), tape=tape(tree, "gate", "cpu", writer))
    try:
        verdicts = list(judged(judging, pictures))
    finally:
        writer.close(60)
    assert verdicts.count(Verdict.ANOMALOUS) >= STRANGE
    (file,) = sorted((folder / "takes").glob("*.zip"))[-1:]
    return tree, file


@pytest.mark.parametrize("what", ["drawn", "real"])
def test_the_shipped_detectors_give_the_same_scores_to_the_last_bit(
    what: str, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of them, though they learn after every frame; the command says so, with exit code 0."""
    pictures = drawn() if what == "drawn" else filmed(request.getfixturevalue("footage") / "vtest.avi")
    tree, file = taken(tmp_path, pictures)
    with pytest.raises(SystemExit) as stopped:
        main(["replay", str(file), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 0
    assert (told["same"], told["largest"], told["changed"], told["differences"]) == (True, 0.0, [], [])
    assert told["frames"] >= STRANGE // 2
    assert told["written_with"] == told["judged_with"]
    bundle, _, _ = replayed(file, 0.0)
    assert any(shot.lessons for shot in bundle.manifest.shots)
    assert {score.name for score in bundle.manifest.shots[-1].told.scores} == {
        detector.name for detector in tree.cameras["gate"].detectors
    }
    assert not told_elsewhere(file, tmp_path)
    with zipfile.ZipFile(file) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    other = files | {MANIFEST: files[MANIFEST].replace(b'"usual":0.6', b'"usual":0.7', 1)}
    write(file, other)
    with pytest.raises(BundleError, match="sections: expected those of fingerprint"):
        replayed(file, 1e-6)


def told_elsewhere(file: Path, folder: Path) -> list[bytes]:
    """Those of the words that nobody else is to read that stand in a file of the bundle."""
    with zipfile.ZipFile(file) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    return [word for word in (b"10.0.0.5", b"viewer", b"GATE_PASSWORD", str(folder).encode()) if word in content]
