"""Zones, masks and rules in a configuration: where they may stand, and what each camera gets of them."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config import ConfigError, Problem, dump, load_text
from monitor.config.document import default_yaml

TWO = """
zones: {porch: [[0, 0], [1, 0], [1, 1]]}
rules: [{name: busy, when: porch.motion > 0.1 and score.prediction > 1}]
cameras:
  gate: {source: "demo:", zones: {drive-way: [[0, 0], [0.5, 0], [0.5, 1]]}, masks: [[[0, 0], [0.1, 0], [0.1, 0.1]]]}
  door:
    source: "demo:"
    rules: [{name: dark, when: brightness < 0.1 for 1 min, text: it is dark}]
"""


def test_a_camera_adds_zones_and_replaces_lists() -> None:
    """Zones are joined by name, masks and rules are a camera's own or those at the top."""
    cameras = load_text(TWO, "site.yaml").cameras
    assert set(cameras["gate"].zones) == {"porch", "drive-way"}
    assert cameras["gate"].masks == (((0, 0), (0.1, 0), (0.1, 0.1)),)
    assert [(rule.name, rule.text) for rule in cameras["gate"].rules] == [("busy", None)]
    assert set(cameras["door"].zones) == {"porch"}
    assert cameras["door"].masks == ()
    assert [(rule.name, rule.text) for rule in cameras["door"].rules] == [("dark", "it is dark")]


def test_they_come_back_as_they_were() -> None:
    """Other processes read what this one has dumped."""
    config = load_text(TWO, "site.yaml")
    assert load_text(dump(config), "dumped") == config


def test_every_rule_that_is_none_is_told_of_at_once() -> None:
    """A person mends all in one go."""
    text = 'cameras: {gate: {source: "demo:"}}\nrules:\n- {name: a, when: moton > 1}\n- {name: b, when: motion}\n'
    with pytest.raises(ConfigError) as error:
        load_text(text, "site.yaml")
    assert [(problem.line, problem.path) for problem in error.value.problems] == [
        (3, "rules.0.when"),
        (4, "rules.1.when"),
    ]


@pytest.mark.parametrize("when", ["motion > 1 rtsp://joe:s3cret@10.0.0.5/sub", "rtsp://joe:s3cret@10.0.0.5/sub > 1"])
def test_a_login_in_the_wrong_place_is_not_shown(when: str) -> None:
    """Somebody pastes the wrong line; the error goes to a log."""
    with pytest.raises(ConfigError) as error:
        load_text(f'cameras: {{gate: {{source: "demo:"}}}}\nrules: [{{name: a, when: "{when}"}}]', "site.yaml")
    assert "s3cret" not in str(error.value)


numbers = st.integers() | st.floats() | st.floats(0, 1)
words = st.sampled_from(["motion", "porch.motion", ">", "1", "and", "(", ")", "for", "10 s", "not", "\n", "é"])
texts = st.text(max_size=8) | st.lists(words, max_size=8).map(" ".join)
points = st.lists(numbers, max_size=3)
polygons = st.lists(points | st.lists(st.floats(0, 1), min_size=2, max_size=2), max_size=5)
rules = st.lists(st.fixed_dictionaries({"name": texts | st.just("a"), "when": texts | numbers}), max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.just("porch") | texts, polygons, max_size=2), st.lists(polygons, max_size=2), rules)
def test_whatever_is_written_there_loads_or_is_refused(zones: object, masks: object, rules: object) -> None:
    """Never anything but a configuration or a ConfigError."""
    cameras = {"gate": {"source": "demo:"}}
    text = yaml.safe_dump({"cameras": cameras, "zones": zones, "masks": masks, "rules": rules})
    problems = _problems(text)
    assert problems is None or problems


def _problems(text: str) -> tuple[Problem, ...] | None:
    try:
        load_text(text, "site.yaml")
    except ConfigError as error:
        return error.problems
    return None


@pytest.mark.parametrize("key", ["zones", "masks", "rules"])
def test_more_of_them_than_anybody_needs_are_refused(key: str) -> None:
    """A file that somebody's script wrote wrongly does not keep the start waiting for minutes."""
    triangle = "[[0, 0], [0.1, 0], [0.1, 0.1]]"
    items = {
        "zones": ("{", "}", lambda index: f"z{index}: {triangle}"),
        "masks": ("[", "]", lambda _: triangle),
        "rules": ("[", "]", lambda index: f"{{name: r{index}, when: motion > 1}}"),
    }
    begin, end, item = items[key]
    text = f'cameras: {{gate: {{source: "demo:"}}}}\n{key}: {begin}{", ".join(item(i) for i in range(101))}{end}'
    with pytest.raises(ConfigError, match="expected at most 100 of them, got 101; leave some out"):
        load_text(text, "site.yaml")


def test_the_documented_example_works() -> None:
    """What stands as a comment in default.yaml can be used as it is, once the comment signs are away."""
    lines = default_yaml().splitlines()
    found = [index for index, line in enumerate(lines) if line == "# For example:"]
    assert len(found) == 4
    text = 'cameras: {gate: {source: "demo:"}}\n'
    for index in found:
        end = lines.index("", index)
        text += "".join(line.removeprefix("#   ") + "\n" for line in lines[index + 1 : end])
    camera = load_text(text, "site.yaml").cameras["gate"]
    assert list(camera.zones) == ["porch"]
    assert len(camera.masks) == len(camera.rules) == 1
    assert camera.shadow is not None
