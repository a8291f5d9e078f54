"""A configuration file, or a source named on the command line, into the tree. Opens nothing but the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from monitor.config.camera import CameraSections, JudgingSections
from monitor.config.expected import Expectations
from monitor.config.messages import problem
from monitor.config.text import ConfigError, Located, read_file, read_text
from monitor.config.tree import Config

_COMMAND_LINE = "command line"
# What `rareframe run` watches when it is told nothing; configs/demo.yaml says the same, with reasons.
_DEMO = """
cameras:
  demo:
    source: "demo:?day_s=3600"
    threshold: {kind: spot, rate: 1.0e-3, warmup: 100}
    budget: null
    episodes: {refractory_s: 10}
"""


def load(path: Path, *, data_dir: Path | None = None) -> Config:
    """The configuration in a YAML file.

    Args:
        path: Of the file.
        data_dir: Instead of the file's `data_dir`.

    Raises:
        ConfigError: The file cannot be read or used; says everything that is wrong with it.
    """
    return _validated(_placed(read_file(path), data_dir))


def load_text(text: str, file: str, *, data_dir: Path | None = None) -> Config:
    """As `load`, for a text; `file` is how messages name it."""
    return _validated(_placed(read_text(text, file), data_dir))


def demo(*, data_dir: Path | None = None) -> Config:
    """One camera that the project draws itself, with a short warm-up."""
    return load_text(_DEMO, "the built-in demo", data_dir=data_dir)


def of_source(source: str, *, data_dir: Path | None = None) -> Config:
    """One camera named `camera` with that source, defaults for the rest.

    Raises:
        ConfigError: It cannot be a source.
    """
    camera = _given({"source": _given(source, "--source")}, "cameras.camera")
    cameras = _given({"camera": camera}, "cameras")
    return _validated(_placed(_given({"cameras": cameras}, ""), data_dir))


def _given(value: str | Mapping[str, Located], path: str) -> Located:
    return Located(value, _COMMAND_LINE, 0, path, value if isinstance(value, str) else "")


def _placed(root: Located, data_dir: Path | None) -> Located:
    if data_dir is None or not isinstance(root.value, Mapping):
        return root
    value = {**root.value, "data_dir": _given(str(data_dir), "--data-dir")}
    return Located(value, root.file, root.line, root.path)


def _validated(root: Located) -> Config:
    root = _with_camera_sections(root)
    try:
        return Config.model_validate(root.plain())
    except ValidationError as error:
        details = error.errors(include_url=False)
        # A fault in a section at the top shows in every camera that takes it over: said once.
        problems = {problem(detail, root, _expectations()) for detail in details}
    raise ConfigError(tuple(sorted(problems, key=lambda each: (each.line, each.path, each.message))))


@cache
def _expectations() -> Expectations:
    return Expectations(Config.model_json_schema())


def _with_camera_sections(root: Located) -> Located:
    """`root` with the sections at the top filled in below each camera, where that says nothing else."""
    if not isinstance(root.value, Mapping) or not isinstance(cameras := root.value.get("cameras"), Located):
        return root
    if not isinstance(cameras.value, Mapping):
        return root
    shared = {key: root.value[key] for key in CameraSections.model_fields if key in root.value}
    filled = {name: _shadowed(_merged(_like(camera, shared), camera)) for name, camera in cameras.value.items()}
    return _shadowed(_like(root, {**root.value, "cameras": _like(cameras, filled)}))


def _shadowed(sections: Located) -> Located:
    """`sections` with its shadow filled in from what stands beside it, where that says nothing else."""
    if not isinstance(sections.value, Mapping) or not isinstance(shadow := sections.value.get("shadow"), Located):
        return sections
    beside = {key: sections.value[key] for key in JudgingSections.model_fields if key in sections.value}
    return _like(sections, {**sections.value, "shadow": _merged(_like(shadow, beside), shadow)})


def _like(place: Located, value: Mapping[str, Located]) -> Located:
    return Located(value, place.file, place.line, place.path)


def _merged(below: Located, above: Located) -> Located:
    """Mappings key by key; anything else, and a mapping of another kind, is replaced."""
    if not isinstance(below.value, Mapping) or not isinstance(above.value, Mapping):
        return above
    if "kind" in above.value and _plain_kind(above) != _plain_kind(below):
        return above
    both = {
        key: _merged(below.value[key], above.value[key]) if key in below.value and key in above.value else value
        for key, value in {**below.value, **above.value}.items()
    }
    return _like(above, both)


def _plain_kind(section: Located) -> object:
    kind = section.value.get("kind") if isinstance(section.value, Mapping) else None
    return None if kind is None else kind.value
