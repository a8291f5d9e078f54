"""What one process writes for the others is read back as the same tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from monitor.config import (
    AnalysisOptions,
    Camera,
    Config,
    demo,
    dump,
    load,
    load_text,
    of_source,
)

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
ALL = """
cameras:
  gate: {source: "rtsp://10.0.0.5/sub", user: joe, password_env: GATE, threshold: {kind: quantile, rate: 0.01}}
  "123": {source: film.mp4, analysis: {fps: 2.5}, detectors: [{name: a, feature: {kind: motion}, model: {kind: iqr}}]}
  "null": {source: "demo:", learning: {accept_after_s: 60.0}}
threshold: {kind: spot, rate: 1.0e-05}
transport: {kind: tcp, frames: "tcp://[::1]:5601"}
alerting:
  sinks:
    - {kind: webhook, name: hook, url: "https://joe:s3cret@example.org/hook?a=b#c: d"}
    - {kind: jsonl, path: "a: b.jsonl"}
logging: {dir: "~"}
"""

# Names and texts that YAML reads as something else, unless they are quoted.
TREACHEROUS = ["on", "null", "1e3", "1_0", "0x1f", "012", "12-30", "2024-01-01", "no", "nan", "0o17", "1e-5", "inf"]
names = st.sampled_from(TREACHEROUS) | st.from_regex(r"[a-z0-9][a-z0-9_-]{0,39}", fullmatch=True)
ODD = ["\x85", "~", "- a", "a: b", "#x", "é 東", "'", '"', "a\nb", " a ", "!x", "*x", "12:30"]
texts = st.sampled_from([*TREACHEROUS, *ODD]) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: "://" not in text
)
positive = st.floats(1e-9, 60, allow_nan=False)
changes: dict[str, st.SearchStrategy[Any]] = {
    "data_dir": texts.filter(lambda text: "\0" not in text).map(Path),
    "seed": st.integers(0, 2**32 - 1),
    "device": st.sampled_from(["auto", "cpu", "cuda:12"]),
    "threads": st.integers(1, 256),
}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_example_comes_back_as_it_was(path: Path) -> None:
    """Those in configs/."""
    config = load(path)
    assert load_text(dump(config), "dumped") == config


@pytest.mark.parametrize(
    "config",
    [load_text(ALL, "site.yaml"), demo(), of_source("film.mp4"), of_source("rtsp://joe:s3cret@10.0.0.5/a%20b?x=1&y=2")],
    ids=["all kinds", "demo", "file", "url"],
)
def test_every_kind_of_section_comes_back_as_it_was(config: Config) -> None:
    """Unions, a camera's own sections, paths, small numbers, and names that YAML would read as numbers."""
    assert load_text(dump(config), "dumped") == config


def test_secrets_come_back_in_clear_and_are_shown_nowhere_else() -> None:
    """The other processes need them; printing the tree does not show them."""
    config = load_text(ALL, "site.yaml")
    [hook, _] = load_text(dump(config), "dumped").alerting.sinks
    assert hook.kind == "webhook"
    assert isinstance(hook.url, SecretStr)
    assert hook.url.get_secret_value() == "https://joe:s3cret@example.org/hook?a=b#c: d"
    assert "s3cret" in dump(config)
    assert "s3cret" not in repr(config) + str(config)


@settings(deadline=None, max_examples=40)
@given(
    cameras=st.dictionaries(names, st.tuples(texts, positive), min_size=1, max_size=3),
    top=st.fixed_dictionaries(changes),
)
def test_whatever_it_holds_it_comes_back_as_it_was(cameras: dict[str, tuple[str, float]], top: dict[str, Any]) -> None:
    """Any names, sources, folders and numbers."""
    made = {name: Camera(source=source, analysis=AnalysisOptions(fps=fps)) for name, (source, fps) in cameras.items()}
    config = Config(cameras=made, **top)
    assert load_text(dump(config), "dumped") == config
