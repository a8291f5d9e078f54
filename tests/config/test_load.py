"""What a good configuration becomes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from detectors.options import QuantileOptions, SpotOptions
from monitor.config import Config, ConfigError, demo, dump, load, load_text, of_source, read_secret

CONFIGS = Path(__file__).parents[2] / "configs"


def _load(text: str) -> Config:
    return load_text(text, "site.yaml")


def test_a_camera_takes_over_what_stands_at_the_top() -> None:
    """A camera gets the sections at the top, with only its own keys differing."""
    config = _load(
        "analysis: {width: 320, fps: 5}\n"
        "cameras:\n"
        "  gate: {source: a.mp4, analysis: {fps: 2}}\n"
        "  door: {source: b.mp4}\n"
    )
    assert (config.cameras["gate"].analysis.width, config.cameras["gate"].analysis.fps) == (320, 2)
    assert (config.cameras["door"].analysis.width, config.cameras["door"].analysis.fps) == (320, 5)


def test_a_camera_s_other_kind_replaces_the_one_at_the_top() -> None:
    """Options of one kind are not mixed with those of another."""
    config = _load(
        "threshold: {kind: spot, warmup: 500}\n"
        "cameras:\n"
        "  gate: {source: a.mp4, threshold: {kind: quantile, window: 5000}}\n"
        "  door: {source: b.mp4, threshold: {window: 20000}}\n"
    )
    assert config.cameras["gate"].threshold == QuantileOptions(window=5000)
    assert config.cameras["door"].threshold == SpotOptions(warmup=500, window=20000)


def test_a_camera_s_list_of_detectors_replaces_the_one_at_the_top() -> None:
    """Lists are not merged: a camera that names its detectors has those and no others."""
    one = "{name: one, feature: {kind: motion}, model: {kind: zscore}}"
    config = _load(f"cameras:\n  gate: {{source: a.mp4, detectors: [{one}]}}\n")
    assert [detector.name for detector in config.cameras["gate"].detectors] == ["one"]
    assert "one" not in [detector.name for detector in config.detectors]


def test_a_shadow_has_the_camera_s_sections_where_it_says_nothing_else() -> None:
    """Key by key over the camera's own, wherever those stand; its pictures are the camera's."""
    config = _load(
        "shadow: {budget: {alerts_per_day: 10}}\n"
        "threshold: {kind: spot, rate: 1.0e-3}\n"
        "cameras:\n"
        "  gate: {source: a.mp4, analysis: {fps: 2}, episodes: {refractory_s: 20}}\n"
        "  door: {source: b.mp4, budget: null, shadow: {threshold: {kind: quantile}, episodes: {open_m: 2}}}\n"
    )
    gate, door = (config.cameras[name].candidate() for name in ("gate", "door"))
    assert gate is not None
    assert gate.budget is not None
    assert (gate.budget.alerts_per_day, gate.episodes.refractory_s, gate.analysis.fps) == (10, 20, 2)
    assert gate.threshold == config.threshold
    assert door is not None
    assert door.budget is not None, "from the shadow at the top"
    assert (door.threshold, door.episodes.open_m) == (QuantileOptions(), 2)


def test_a_camera_may_refuse_the_shadow_at_the_top() -> None:
    """Null is none; and what a process is given has the same shadows as what the daemon read."""
    config = _load("shadow: {}\ncameras:\n  gate: {source: a.mp4}\n  door: {source: b.mp4, shadow: null}\n")
    assert config.cameras["door"].shadow is None
    assert config.cameras["gate"].shadow is not None
    assert _load(dump(config)) == config


def test_a_fault_that_a_shadow_takes_over_is_told_once() -> None:
    """At the line where it stands, not a second time for the shadow."""
    with pytest.raises(ConfigError) as error:
        _load("threshold: {kind: spot, rate: 2}\ncameras:\n  gate: {source: a.mp4, shadow: {}}\n")
    assert [(problem.line, problem.path) for problem in error.value.problems] == [(1, "threshold.rate")]


def test_a_fault_in_a_camera_points_to_the_line_it_came_from() -> None:
    """A fault taken over from the top is reported at the top, one of the camera's own below the camera."""
    with pytest.raises(ConfigError) as error:
        _load("capture: {watchdog_s: 8}\ncameras:\n  gate:\n    source: a.mp4\n    capture: {read_timeout_s: 9}\n")
    assert str(error.value) == ("site.yaml:1: capture.watchdog_s: expected above read_timeout_s (9), got 8; raise it")


def test_aliases_and_merge_keys_are_read() -> None:
    """YAML's own way to say a thing twice works, the section's own keys winning."""
    config = _load(
        "cameras:\n  gate: &gate {source: a.mp4, analysis: {width: 200}}\n  door: {<<: *gate, source: b.mp4}\n"
    )
    assert config.cameras["door"].source == "b.mp4"
    assert config.cameras["door"].analysis.width == 200


def test_the_tree_is_frozen_and_travels() -> None:
    """Nobody changes a loaded configuration, and a spawned process gets an equal one."""
    config = demo()
    with pytest.raises(ValidationError):
        config.seed = 3  # type: ignore[misc]  # that it is refused is the test
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own bytes


def test_without_a_configuration_there_is_the_demo_of_demo_yaml() -> None:
    """The built-in demo and the example that explains it are one and the same."""
    assert demo() == load(CONFIGS / "demo.yaml")


def test_a_source_alone_is_a_configuration() -> None:
    """`--source` gives one camera and the defaults for the rest."""
    config = of_source("street.mp4", data_dir=Path("elsewhere"))
    assert {name: camera.source for name, camera in config.cameras.items()} == {"camera": "street.mp4"}
    assert config.data_dir == Path("elsewhere")


def test_a_bad_source_is_blamed_on_the_command_line() -> None:
    """No file is named where none was given."""
    with pytest.raises(ConfigError) as error:
        of_source("gopher://host/x")
    assert str(error.value).startswith("command line: --source: expected a URL that begins with")


def test_secrets_are_not_shown() -> None:
    """Neither `repr` nor `str` nor a message shows a login or a webhook's address."""
    text = (
        'cameras:\n  gate: {source: "rtsp://joe:s3cret@10.0.0.5/sub"}\n'
        "alerting:\n  sinks:\n    - {kind: webhook, url: https://hooks.example.org/s3cret}\n"
    )
    config = _load(text)
    assert config.cameras["gate"].source == "rtsp://joe:s3cret@10.0.0.5/sub"
    assert "s3cret" not in repr(config) + str(config) + f"{config.cameras}"
    assert "rtsp://***@10.0.0.5/sub" in repr(config)
    with pytest.raises(ConfigError) as error:
        _load(text.replace("gate:", "Gate:").replace("{source", "{password: s3cret, source").replace("https", "s3cret"))
    assert "s3cret" not in str(error.value)


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """A secret is read when it is needed, its first line only; one that is missing is named, not shown."""
    file = tmp_path / "password"
    file.write_text("from the file\nrest\n", encoding="utf-8")
    assert read_secret("cameras.gate", "GATE", None, {"GATE": "from outside"}) == "from outside"
    assert read_secret("cameras.gate", None, file, {}) == "from the file"
    assert read_secret("cameras.gate", None, None, {}) is None
    with pytest.raises(
        ConfigError, match=r"^cameras\.gate: expected a secret in the environment variable GATE, got nothing"
    ):
        read_secret("cameras.gate", "GATE", None, {})
    with pytest.raises(ConfigError, match=r"No such file or directory; check the file$"):
        read_secret("cameras.gate", None, tmp_path / "none", {})


def test_loading_leaves_the_disk_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder or file appears by loading, and nothing that is named need exist."""
    monkeypatch.chdir(tmp_path)
    config = load_text("cameras:\n  gate: {source: none.mp4, user: null}\nlogging: {dir: logs}\n", "site.yaml")
    assert config.logging.dir == Path("logs")
    assert list(tmp_path.iterdir()) == []
