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
TEST_FRAMES = 2010
LEAST_MICRO = 0.90
D12_MICRO = 0.952
KNOWN = 0.002  # that figure was measured with another decoder
MOST_SECONDS = 300


def test_the_shipped_detectors_reach_their_figures_on_ped2() -> None:
    """At least 0.90 micro with the autoencoder taking part, every trivial baseline beside it, within five minutes."""
    config = load_text("cameras: {none: {source: none}}\ndevice: cpu\n", "site.yaml")
    assert any(detector.model.kind == "autoencoder" for detector in config.detectors)
    told = json.loads(as_json(evaluate(config, PED2, Scheme.P1, lambda _: None)))
    assert set(told) >= KEYS
    assert set(told["events"]) >= EVENT_KEYS
    assert set(told["baselines"]) >= BASELINE_KEYS
    assert {"p50", "p95"} <= set(told["ms_per_frame"])
    assert (told["dataset"], told["protocol"], told["frames"]) == ("ucsd_ped2", "p1", TEST_FRAMES)
    assert sum(told["states"].values()) == TEST_FRAMES
    assert told["baselines"]["d12"]["auc_micro"] == pytest.approx(D12_MICRO, abs=KNOWN)
    assert told["baselines"]["frame_index"]["auc_micro"] < LEAST_MICRO
    assert told["auc_micro"] >= LEAST_MICRO
    assert told["macro_clips"] > 0
    assert 0 <= told["eer"] < 0.5
    assert 0 < told["rbdc"] <= 1
    assert 0 < told["tbdc"] <= 1
    assert told["seconds"] < MOST_SECONDS
