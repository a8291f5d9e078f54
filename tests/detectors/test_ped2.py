"""The shipped detectors on real footage: what `rareframe evaluate` says of UCSD Ped2, protocol p1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detectors.evaluation.protocol import Scheme
from detectors.evaluation.result import as_json
from monitor.build.offline import evaluate
from monitor.config import load_text

PED2 = Path(__file__).resolve().parents[3] / "shared" / "data" / "ucsd_ped2"
pytestmark = [
    pytest.mark.skipif(not PED2.is_dir(), reason="needs ../shared/data/ucsd_ped2"),
    pytest.mark.timeout(600),  # it may take five minutes on two busy cores; half a minute is usual
    pytest.mark.usefixtures("one_torch_thread"),
]

# Of the issue.
KEYS = {
    "dataset", "protocol", "frames", "auc_micro", "auc_macro", "macro_clips", "ap", "eer", "rbdc", "tbdc", "events",
    "alerts_per_day", "states", "baselines", "ms_per_frame", "seconds",
}  # fmt: skip
EVENT_KEYS = {"recall", "precision", "median_delay_s", "false_alarms"}
BASELINE_KEYS = {"frame_index", "frame_difference_mean", "frame_difference_max", "d12"}
# Of the whole set `make ablation` and `rareframe evaluate` tell; a part is enough to see that the default is in order.
TRAIN, TEST, TEST_FRAMES = 2, 3, 510
LEAST_MICRO = 0.97


@pytest.fixture(name="part")
def _part(tmp_path: Path) -> Path:
    """The first clips of the set, in a folder like its own."""
    for split, count in (("train", TRAIN), ("test", TEST)):
        (tmp_path / split).mkdir()
        for clip in sorted((PED2 / split).iterdir())[:count]:
            (tmp_path / split / clip.name).symlink_to(clip)
    kept = {clip.stem for clip in (tmp_path / "test").iterdir()}
    labels = json.loads((PED2 / "labels.json").read_text())
    (tmp_path / "labels.json").write_text(json.dumps({clip: labels[clip] for clip in kept}))
    (tmp_path / "masks").mkdir()
    for clip in kept:
        (tmp_path / "masks" / f"{clip}.npz").symlink_to(PED2 / "masks" / f"{clip}.npz")
    return tmp_path


def test_the_shipped_detectors_beat_every_trivial_score_on_ped2(part: Path) -> None:
    """With the autoencoder taking part, every baseline beside it, and all that is promised in the JSON."""
    config = load_text("cameras: {none: {source: none}}\ndevice: cpu\n", "site.yaml")
    assert any(detector.model.kind == "autoencoder" for detector in config.detectors)
    told = json.loads(as_json(evaluate(config, part, Scheme.P1, lambda _: None)))
    assert set(told) >= KEYS
    assert set(told["events"]) >= EVENT_KEYS
    assert set(told["baselines"]) >= BASELINE_KEYS
    assert {"p50", "p95"} <= set(told["ms_per_frame"])
    assert (told["protocol"], told["frames"]) == ("p1", TEST_FRAMES)
    assert sum(told["states"].values()) == TEST_FRAMES
    assert told["auc_micro"] >= LEAST_MICRO
    assert told["auc_micro"] > max(baseline["auc_micro"] for baseline in told["baselines"].values())
    assert told["macro_clips"] > 0
    assert 0 <= told["eer"] < 0.5
    assert 0 < told["rbdc"] <= 1
    assert 0 < told["tbdc"] <= 1
