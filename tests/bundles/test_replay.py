"""What was judged is judged the same again; and whatever was changed in a bundle since is noticed."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from detectors.base import StateError
from detectors.pipeline import Pipeline
from monitor.bundles.archive import read, write
from monitor.bundles.arrays import packed, unpacked
from monitor.bundles.manifest import MANIFEST, STATE, BundleError, decode, encode
from monitor.offline.replay import Replayed, replay
from monitor.types import Verdict

Make = Callable[..., Path]
Fresh = Callable[[], Pipeline]


@pytest.fixture
def judged_again(bundle_file: Make, fresh: Fresh) -> Callable[..., Replayed]:
    """Writes the bundle, some of its files replaced, and judges it again."""
    return lambda **other: replay(read(bundle_file(**other)), fresh())


def test_the_same_scores_come_to_the_last_bit(judged_again: Callable[..., Replayed], written: dict[str, bytes]) -> None:
    """Though the models went on learning meanwhile, one of them while the pictures were strange."""
    manifest = decode(written[MANIFEST], "here")
    verdicts = {shot.told.verdict for shot in manifest.shots[manifest.before :]}
    assert verdicts == {Verdict.ANOMALOUS, Verdict.NORMAL}
    assert {lesson.channel for shot in manifest.shots for lesson in shot.lessons} == {"of_pixels", "of_scene"}
    came = judged_again()
    assert came.same
    assert (came.largest, came.changed) == (0.0, ())
    assert came.frames == len(manifest.shots) - manifest.before >= 20
    assert came.numbers == came.frames * 7  # the score, two detectors, two channels and their verdicts


def test_without_what_was_learned_meanwhile_it_would_not_be(
    judged_again: Callable[..., Replayed], written: dict[str, bytes]
) -> None:
    """So the lessons are needed, and the comparison sees far smaller things than an event."""
    manifest = decode(written[MANIFEST], "here")
    shots = tuple(msgspec.structs.replace(shot, lessons=()) for shot in manifest.shots)
    came = judged_again(manifest_json=encode(msgspec.structs.replace(manifest, shots=shots)))
    assert not came.same
    assert 1e-6 < came.largest < math.inf


def test_what_feedback_said_is_not_judged_again_and_that_is_told(
    tmp_path: Path, fresh: Fresh, heard: dict[str, bytes]
) -> None:
    """The numbers are those without it, to the last bit; the verdict is the one that people were told."""
    write(tmp_path / "event.zip", heard)
    bundle = read(tmp_path / "event.zip")
    came = replay(bundle, fresh())
    assert (came.same, came.largest, came.heard) == (True, 0.0, came.frames)
    told = bundle.manifest.shots[bundle.manifest.before].told
    assert told.heard
    assert told.verdict is told.channels[0].verdict is Verdict.ANOMALOUS


def test_one_pixel_is_noticed(judged_again: Callable[..., Replayed], written: dict[str, bytes]) -> None:
    """By its file's hash, and by the scores that it changes."""
    manifest = decode(written[MANIFEST], "here")
    name = manifest.shots[manifest.before + 2].file
    image = cv2.imdecode(np.frombuffer(written[name], np.uint8), cv2.IMREAD_COLOR)
    image[3, 5] ^= 1  # of the intruder, by one level
    came = judged_again(**{name.replace("/", "_").replace(".", "_"): cv2.imencode(".png", image)[1].tobytes()})
    assert not came.same
    assert came.changed == (name,)
    assert came.differences


def test_one_weight_is_noticed(judged_again: Callable[..., Replayed], written: dict[str, bytes]) -> None:
    """As a pixel is."""
    state = {name: array.copy() for name, array in unpacked(written[STATE]).items()}
    weight = next(name for name in state if "model.pixels" in name and state[name].dtype.kind == "f")
    state[weight].flat[3] *= 1.01
    came = judged_again(state_npz=packed(state))
    assert (came.same, came.changed) == (False, (STATE,))
    assert came.differences


def test_one_score_is_noticed(judged_again: Callable[..., Replayed], written: dict[str, bytes]) -> None:
    """Though nothing says that the manifest was changed."""
    manifest = decode(written[MANIFEST], "here")
    last = manifest.shots[-1]
    told = msgspec.structs.replace(last.told, score=(last.told.score or 0) * 1.001)
    shots = (*manifest.shots[:-1], msgspec.structs.replace(last, told=told))
    came = judged_again(manifest_json=encode(msgspec.structs.replace(manifest, shots=shots)))
    assert [(each.seq, each.what) for each in came.differences] == [(last.stamp.seq, "score")]
    assert came.largest == pytest.approx(0.001, rel=0.01)


def test_parts_that_do_not_fit_together_are_an_error(
    bundle_file: Make, fresh: Fresh, written: dict[str, bytes]
) -> None:
    """Never a crash in the middle of a model."""
    state = unpacked(written[STATE])
    wrong = {name: array for name, array in state.items() if "model.pixels" not in name}
    with pytest.raises(StateError, match="expected"):
        replay(read(bundle_file(state_npz=packed(wrong))), fresh())
    with pytest.raises(BundleError, match="expected the array"):
        replay(read(bundle_file(lessons_npz=packed({}))), fresh())
