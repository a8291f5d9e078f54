"""Evaluating any configuration, and its variations, on a small synthetic set with real files."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

from detectors.evaluation.protocol import Scheme
from detectors.evaluation.result import Result, as_json
from monitor.build import offline
from monitor.build.planting import Planting
from monitor.cli import evaluate as command
from monitor.config import Config, load_text
from monitor.offline.dataset import DatasetError

ABLATION = Path(__file__).parents[1] / "bench" / "ablation.py"
THRESHOLDS = ["zscore", "iqr", "quantile", "conformal", "spot", "aci", "fixed"]
HEAD = "cameras: {a: {source: x.mp4}}\ndevice: cpu\nlearning: {warmup: 8, delay_s: 0.2, every_s: 0}\n"
TWO = """
detectors:
  - {name: speed, feature: {kind: motion, flow: false}, model: {kind: zscore, warmup: 5}, weight: 2}
  - {name: place, feature: {kind: pixels, width: 32, history: 0}, model: {kind: gaussian, warmup: 5}}
"""


def config(more: str) -> Config:
    """Without torch, warm after a second."""
    return load_text(HEAD + more, "site.yaml")


def scene(strange: Iterable[bool], seed: int) -> Iterable[np.ndarray]:
    """Noise, and a bright square that jumps about while it is strange."""
    random = np.random.default_rng(seed)
    for now in strange:
        picture = random.integers(90, 100, (48, 64, 3), dtype=np.uint8)
        if now:
            y, x = random.integers(0, 24), random.integers(0, 40)
            picture[y : y + 20, x : x + 20] = 230
        yield picture


def written(path: Path, pictures: Iterable[np.ndarray], rate: int) -> None:
    """A video of 64×48 without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))


@pytest.fixture(name="dataset", scope="module")
def _dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sets") / "squares"
    clips = {"train/01": [False] * 250, "test/a": [False] * 30 + [True] * 15, "test/b": [True] * 15 + [False] * 30}
    for seed, (name, strange) in enumerate(clips.items()):
        written(root / f"{name}.mkv", scene(strange, seed), 10)
    (root / "labels.json").write_text('{"a": [[30, 45]], "b": [[0, 15]]}')
    return root


@pytest.mark.parametrize("kind", THRESHOLDS)
def test_any_configuration_can_be_evaluated(dataset: Path, kind: str) -> None:
    """Its own detectors with their weights, and any threshold."""
    given = config(TWO + f"threshold: {{kind: {kind}}}\n")
    told = json.loads(as_json(offline.evaluate(given, dataset, Scheme.P1, lambda _: None)))
    assert list(told["detectors"]) == ["speed", "place"]
    assert told["auc_micro"] > 0.9
    assert {"reading", "judging", "learning"} <= set(told["ms_by_stage"])


@pytest.mark.parametrize("scheme", [Scheme.P1, Scheme.P1_FROZEN])
def test_a_short_train_split_still_gives_limits(dataset: Path, scheme: Scheme) -> None:
    """Its calibration takes a share of it, so that limits are not made of the test split's anomalies."""
    given = config(TWO + "threshold: {kind: spot}\n")
    assert given.threshold.warmup > 25  # seconds of the train split
    result = offline.evaluate(given, dataset, scheme, lambda _: None)
    assert result.events.recall == 1
    assert result.unknown_frames == 0


def test_a_new_scene_is_no_camera_that_was_moved(tmp_path: Path) -> None:
    """Sets have several: a minute of another, after ten of the first, does not end what is known."""
    for seed, (name, seconds) in enumerate({"train/01": 700, "test/a": 150}.items()):
        random = np.random.default_rng(seed)
        still = random.integers(0, 255, (6, 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        written(
            tmp_path / f"{name}.mkv", (still ^ random.integers(0, 4, still.shape, np.uint8) for _ in range(seconds)), 1
        )
    (tmp_path / "labels.json").write_text('{"a": []}')
    result = offline.evaluate(config(TWO + "threshold: {kind: zscore}\n"), tmp_path, Scheme.P1, lambda _: None)
    assert result.unknown_frames == 0


def test_with_out_there_is_a_page_beside_the_figures(dataset: Path, tmp_path: Path) -> None:
    """In a folder that is made; one that cannot be made is heard of before the run."""
    out = tmp_path / "new" / "folder"
    offline.evaluate(config(TWO), dataset, Scheme.P2, lambda _: None, out)
    assert "speed" in (out / "evaluation.html").read_text()
    told: list[object] = []
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OSError, match="file"):
        offline.evaluate(config(TWO), dataset, Scheme.P1, told.append, blocked / "out")
    assert told == []


def test_the_command_tells_where_the_page_is(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figures on the terminal and as JSON, and the page beside them; with --json - standard output is JSON alone."""
    site, figures, out = tmp_path / "site.yaml", tmp_path / "figures.json", tmp_path / "page"
    site.write_text(HEAD + TWO)
    assert command.evaluate(dataset, config_file=site, json_file=figures, out=out) == 0
    told = capsys.readouterr().out
    assert "micro - d12" in told
    assert told.rstrip().endswith(f"curves: {out / 'evaluation.html'}")
    assert (out / "evaluation.html").is_file()
    assert command.evaluate(dataset, config_file=site, json_file=Path("-"), out=out) == 0
    printed, written = json.loads(capsys.readouterr().out), json.loads(figures.read_text())
    assert printed["auc_micro"] == written["auc_micro"]


def test_plants_are_refused_where_they_would_say_nothing(dataset: Path, tmp_path: Path) -> None:
    """Labelled footage, less than a day of it, or a protocol that leaves some out; before anything is streamed."""
    site, told = config(TWO), []
    planting = Planting(seed=0, count=48)
    with pytest.raises(DatasetError, match="without labels"):
        offline.evaluate(site, dataset, Scheme.P1, told.append, planting=planting)
    with pytest.raises(DatasetError, match="protocol p1"):
        offline.evaluate(site, dataset, Scheme.P2, told.append, planting=planting)
    (tmp_path / "train").symlink_to(dataset / "train")
    (tmp_path / "labels.json").write_text("{}")
    with pytest.raises(DatasetError, match=r"24 h .* got 0\.0 h"):
        offline.evaluate(site, tmp_path, Scheme.P1, told.append, planting=planting)
    assert told == []


@pytest.fixture(name="ablation", scope="module")
def _ablation() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("ablation", ABLATION)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ablation"] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["ablation"]


def test_variations_leave_each_detector_out_and_take_each_alone(ablation: ModuleType) -> None:
    """Of one there is nothing to vary; of two, each alone is the other left out."""
    three = config(TWO + "  - {name: edge, feature: {kind: motion, flow: false}, model: {kind: iqr}}\n")

    def told(given: Config) -> dict[str, list[str]]:
        return {each.name: [d.name for d in each.config.detectors] for each in ablation.variations(given)}

    assert told(three) == {
        "all": ["speed", "place", "edge"],
        "without speed": ["place", "edge"],
        "without place": ["speed", "edge"],
        "without edge": ["speed", "place"],
        "speed alone": ["speed"],
        "place alone": ["place"],
        "edge alone": ["edge"],
    }
    assert list(told(config(TWO))) == ["all", "without speed", "without place"]
    one = config(TWO).model_copy(update={"detectors": config(TWO).detectors[:1]})
    assert list(told(one)) == ["all"]


def test_variations_of_one_channel_keep_the_others(ablation: ModuleType) -> None:
    """What another channel has stays in every variation."""
    given = config(TWO + "  - {name: edge, channel: scene, feature: {kind: thumbnail}, model: {kind: memory}}\n")
    left = {each.name: [d.name for d in each.config.detectors] for each in ablation.variations(given, "moving")}
    assert left == {
        "all": ["speed", "place", "edge"],
        "without speed": ["place", "edge"],
        "without place": ["speed", "edge"],
    }


def test_the_table_has_a_row_for_each_variation(ablation: ModuleType, dataset: Path) -> None:
    """Markdown with as many cells as columns; what was not asked for is a dash."""

    def evaluate(given: Config, scheme: Scheme) -> Result:
        return offline.evaluate(given, dataset, scheme, lambda _: None)

    lines = list(ablation.table(config(TWO), [Scheme.P1], evaluate))
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| all", "| without speed", "| without place"]
    assert {line.count("|") for line in lines} == {len(ablation.COLUMNS) + 1}
    assert lines[2].split(" | ")[7:9] == ["-", "-"]
