"""`rareframe events feedback`, `rareframe feedback list` and `undo`, beside a store that no daemon holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.alerting.store import EventStore
from monitor.cli import main
from monitor.config.places import store_path
from monitor.feedback.marks import read
from monitor.types import Event, Phase, State

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="cli")
def _cli(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command line on a store with two events; gives exit code, standard output, standard error."""
    store = EventStore.open(store_path(tmp_path))
    times = (1, 2, None, None, 1)
    rest = (2.0, 1.0, None, 5, State.ACTIVE, (), "quiet", None, None, None)
    for name, look in (("aaaa000011112222", (1.0, 2.0)), ("aaab000011112222", ())):
        store.record([Event(name, "gate", Phase.CLOSED, *times, *rest, look=look)], {}, 0)
    store.close()

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main([*arguments, "--data-dir", str(tmp_path)])
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


def test_feedback_is_given_listed_and_undone(cli: Run, tmp_path: Path) -> None:
    """By the beginning of an id, with who said it and why."""
    code, out, _ = cli("events", "feedback", "aaaa", "normal", "--note", "the cat")
    assert (code, out) == (
        0,
        "feedback 1 on event aaaa000011112222: its like must be stranger to be told of; "
        "after three such events it is quiet, unless it is much stranger\n",
    )
    assert [mark.look for mark in read(tmp_path).marks] == [(1.0, 2.0)]
    code, out, _ = cli("feedback", "list")
    assert code == 0
    assert "1  gate  holds  cli:" in out
    assert "called event aaaa000011112222 normal here" in out
    assert out.endswith("quieted nothing so far (the cat)\n")
    assert cli("feedback", "undo", "1")[:2] == (0, "feedback 1 holds no more\n")
    assert read(tmp_path).marks == ()
    [listed] = json.loads(cli("feedback", "list", "--json", "--camera", "gate")[1])
    assert (listed["state"], listed["kind"], listed["note"]) == ("undone", "normal", "the cat")


def test_what_changes_nothing_is_said(cli: Run) -> None:
    """An event that no score found has no like."""
    assert "changes no verdict" in cli("events", "feedback", "aaab", "unusual")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["events", "feedback", "aaa", "normal"], "expected one event, got several"),
        (["events", "feedback", "cccc", "normal"], "expected one event, got none"),
        (["feedback", "undo", "7"], "feedback 7: expected one that holds, got none"),
    ],
)
def test_what_is_not_there_is_one_line(cli: Run, arguments: list[str], words: str) -> None:
    """And exit code 1."""
    code, _, err = cli(*arguments)
    assert code == 1
    assert words in err
    assert err.count("\n") == 1


def test_without_a_store_it_says_where_it_looked(cli: Run, tmp_path: Path) -> None:
    """Not a new empty store."""
    store_path(tmp_path).unlink()
    code, _, err = cli("events", "feedback", "aaaa", "normal")
    assert code == 1
    assert "expected an event store, got nothing" in err
    assert not store_path(tmp_path).exists()
