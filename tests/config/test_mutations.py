"""Whatever is done to a configuration, it loads or gives a ConfigError; never anything else."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import ConfigError, Problem, load_text

TEXT = (Path(__file__).parents[2] / "configs" / "default.yaml").read_text(encoding="utf-8")
LINES = [line for line in TEXT.splitlines() if line and not line.lstrip().startswith("#")]
PLAIN = yaml.safe_load(TEXT)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just("12:30"),
    st.just("rtsp://a:b@c/"),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
bits = st.sampled_from(
    [
        *":-{}[]&*!|>'\"%@`#?, \n\t",
        "<<: *x",
        "&x ",
        "on: ",
        "0x",
        "1e3",
        "~",
        "=",
        "2024-13-45",
        "!!int x",
        "\0",
        "\u2028",
    ]
)


def _loads_or_refuses(text: str) -> None:
    problems = _problems(text)
    assert problems is None or problems
    assert all(str(problem).startswith("site.yaml") for problem in problems or ())


def _problems(text: str) -> tuple[Problem, ...] | None:
    try:
        load_text(text, "site.yaml")
    except ConfigError as error:
        return error.problems
    return None


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_mutated_tree_loads_or_is_refused(data: st.DataObject) -> None:
    """Any value anywhere may be replaced, removed or joined by a stranger."""
    box: Any = {"": copy.deepcopy(PLAIN)}
    here: Any = box
    key: Any = ""
    while isinstance(here[key], dict | list) and here[key] and data.draw(st.integers(0, 4)):
        here = here[key]
        key = data.draw(st.sampled_from(list(here) if isinstance(here, dict) else list(range(len(here)))))
    match data.draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            here[key] = data.draw(values)
        case "remove":
            del here[key]
        case _ if isinstance(here, dict):
            here[data.draw(st.text(max_size=6))] = data.draw(values)
        case _:
            here.append(data.draw(values))
    _loads_or_refuses(yaml.safe_dump(box.get("")))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_mutated_text_loads_or_is_refused(data: st.DataObject) -> None:
    """Any line may be lost, doubled or have anything typed into it."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["remove", "double", "type"])):
            case "remove" if len(lines) > 1:
                del lines[index]
            case "double":
                lines.insert(index, lines[index])
            case _:
                column = data.draw(st.integers(0, len(lines[index])))
                typed = data.draw(bits | st.text(max_size=3))
                lines[index] = lines[index][:column] + typed + lines[index][column:]
    _loads_or_refuses("\n".join(lines))
