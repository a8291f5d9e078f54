"""Every rule of the configuration has one file that breaks it, and begins with the message that it must give.

A comment that goes on with four spaces goes on with the message.
"""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pytest

from monitor.config import ConfigError, load

BAD = Path(__file__).parent / "bad"


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.glob("*.yaml")))
def test_a_broken_rule_gives_exactly_its_message(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, line, key, what was expected, what was got, what to do: the whole message and nothing else."""
    monkeypatch.chdir(BAD)
    first, *others = Path(name).read_text(encoding="utf-8").splitlines()
    going_on = takewhile(lambda line: line.startswith("#     "), others)
    expected = "\n".join(line.removeprefix("# ") for line in (first, *going_on))
    with pytest.raises(ConfigError) as error:
        load(Path(name))
    assert str(error.value) == expected


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """A person mends a file in one go, not one fault at a time."""
    path = tmp_path / "site.yaml"
    path.write_text('seed: -1\ncameras:\n  gate:\n    sorce: "demo:"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(path)
    assert [(problem.line, problem.path) for problem in error.value.problems] == [
        (1, "seed"),
        (3, "cameras.gate.source"),
        (4, "cameras.gate.sorce"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"cameras:\n  gate: {source: \xff}\n", ":2: expected UTF-8 text, got the byte 0xff; save the file as UTF-8"),
        (b"cameras:\n  gate: {source: \x01}\n", ":2: expected printable text, got the character 1; remove it"),
        (b"x" * 1_000_001, ": expected at most 1000000 bytes; is this a configuration?"),
        (b"[" * 5000, ": expected a few levels of keys, got a nest without end; simplify"),
        (b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
            b"%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n" % ((c, c) + (c - 1,) * 10)
            for c in range(ord("b"), ord("h"))
        ), "use fewer aliases"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_text_of_ours_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Bytes that are no YAML of reasonable size give one error, neither a crash nor a full memory."""
    path = tmp_path / "site.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load(path)
    assert str(error.value).endswith(message)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    """The message names the file and the reason."""
    with pytest.raises(ConfigError) as error:
        load(tmp_path / "none.yaml")
    assert (
        str(error.value)
        == f"{tmp_path}/none.yaml: expected a readable file, got: No such file or directory; check the path"
    )
