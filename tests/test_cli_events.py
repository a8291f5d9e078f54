"""`rareframe events`: searching, protecting and deleting, as a person does beside a running daemon."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.alerting.snapshots import event_file
from monitor.alerting.store import EventStore
from monitor.cli import main
from monitor.config.places import store_path
from monitor.types import Event, Phase, State

Run = Callable[..., tuple[int, str, str]]
S = 1_000_000_000
DAY_NS = 86_400 * S


@pytest.fixture(name="cli")
def _cli(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs `rareframe events` on the data folder; gives exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(("events", *arguments, "--data-dir", str(tmp_path)))
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


def event_of(letter: str, **fields: object) -> Event:
    """A closed event whose id is one letter again and again."""
    began_ns = (20_000 + int(letter, 16)) * DAY_NS
    event = Event(
        id=letter * 16, camera="gate", phase=Phase.CLOSED, began_ns=began_ns, ended_ns=began_ns + S,
        began_pts=None, ended_pts=None, peak_ns=began_ns, score=4.5, limit=3.0, p_value=0.001, frames=25,
        state=State.ACTIVE, reasons=(), cause="quiet", snapshot=None, overlay=None, clip=None,
    )  # fmt: skip
    return replace(event, **fields)  # type: ignore[arg-type]  # any of the fields, by name


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    """The daemon's store, open, with four events of which each has a picture."""
    made = EventStore.open(store_path(tmp_path))
    events = [
        event_of("a"),
        event_of("b", camera="yard", score=40.0),
        event_of("c", state=State.DEGRADED),
        event_of("d", phase=Phase.OPENED, cause=None),
    ]
    made.record(events, {}, 0)
    for event in events:
        path = tmp_path / event_file(event, ".jpg")
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    yield made
    made.close()


def test_each_option_narrows_the_list(cli: Run, store: EventStore) -> None:
    """As the store's search does; programs get what people made of an event beside its own fields."""
    store.protect("a" * 16, True, "web:ann", 0)
    store.add_feedback("b" * 16, "unusual", "web:ann", 0)

    def ids(*options: str) -> str:
        code, out, _ = cli("list", *options)
        assert code == 0
        return "".join(line[0] for line in out.splitlines())

    assert ids() == "dcba"
    assert ids("--camera", "yard") == ids("--min-score", "40") == ids("--feedback", "unusual") == "b"
    assert ids("--state", "degraded") == "c"
    assert ids("--protected") == "a"
    assert ids("--unprotected") == ids("--told", "--unprotected") == "dcb"
    assert ids("--held") == ""
    assert ids("--feedback", "none", "--limit", "2") == "dc"
    assert ids("--text", "YARD quiet") == "b"
    assert ids("--since", "2024-10-15", "--until", "2024-10-15T12:00:00") == "b"
    _, out, _ = cli("list", "--json")
    assert [(each["id"][0], each["protected"], each["feedback"]) for each in json.loads(out)] == [
        ("d", False, ""),
        ("c", False, ""),
        ("b", False, "unusual"),
        ("a", True, ""),
    ]
    _, out, _ = cli("list")
    assert [line.rpartition("  ")[2] for line in out.splitlines()[2:]] == ["[unusual]", "[protected]"]
    code, _, err = cli("list", "--state", "asleep")
    assert (code, err.count("\n")) == (2, 1)
    assert 'expected one of warming, calibrating, active, degraded, blind, got "asleep"' in err


def test_what_is_protected_is_shown_and_audited(cli: Run, store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the user's name; several at once, by the beginnings of their ids."""
    monkeypatch.setenv("LOGNAME", "ann")
    assert cli("protect", "a", "bbb") == (0, f"{'a' * 16}  protected\n{'b' * 16}  protected\n", "")
    assert cli("unprotect", "b")[:2] == (0, f"{'b' * 16}  unprotected\n")
    assert [(each.who, each.what, each.where[0]) for each in store.audit()] == [
        ("cli:ann", "unprotect", "b"),
        ("cli:ann", "protect", "b"),
        ("cli:ann", "protect", "a"),
    ]
    undone = store.add_feedback("a" * 16, "normal", "web:bob", 0, note="the gardener")
    store.undo_feedback(undone, "web:ann", DAY_NS)
    _, out, _ = cli("show", "a")
    assert "protected whatever its age and however full the disk\n" in out
    assert (
        "feedback  normal, 1970-01-01 00:00:00Z by web:bob: the gardener; undone 1970-01-02 00:00:00Z by web:ann" in out
    )
    assert json.loads(cli("show", "a", "--json")[1])["protected"] is True
    assert cli("protect", "a", "77")[::2] == (
        1,
        "rareframe: event 77: expected one event, got none; `rareframe events list` shows their ids\n",
    )


def test_deleting_asks_and_takes_the_files_too(
    cli: Run, store: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a yes nothing goes; what may not go is told and holds up no other."""
    monkeypatch.setattr(sys, "stdin", open("/dev/null"))  # noqa: SIM115, PTH123 - nobody answers
    assert cli("delete", "a")[0] == 1
    assert len(store.events()) == 4
    store.protect("c" * 16, True, "web:ann", 0)
    code, out, err = cli("delete", "a", "c", "d", "b", "--yes")
    assert (code, out) == (1, f"{'a' * 16}  deleted\n{'b' * 16}  deleted\n")
    assert err.splitlines() == [
        f"rareframe: event {'c' * 16}: expected one that may be deleted, got a protected one; "
        "`rareframe events unprotect` it first",
        f"rareframe: event {'d' * 16}: expected one that may be deleted, got one that is still going on; "
        "wait until it has closed",
    ]
    assert sorted(path.stem[0] for path in (tmp_path / "events").rglob("*.jpg")) == ["c", "d"]
    assert [each.where[0] for each in store.audit() if each.what == "delete"] == ["b", "a"]


BUSY = """
import sys
import time
from dataclasses import replace
from pathlib import Path
import msgspec
from monitor.alerting.store import EventStore
from monitor.types import Event
store = EventStore.open(Path(sys.argv[1]))
event = msgspec.json.decode(sys.argv[2], type=Event)
print("ready", flush=True)
for frames in range(26, 100_000):
    store.record([replace(event, frames=frames)], {}, 0)
    time.sleep(0.01)
"""


def test_a_daemon_that_stores_all_the_time_and_a_command_do_not_disturb_each_other(
    cli: Run, store: EventStore, tmp_path: Path
) -> None:
    """Neither fails, and what was protected stays so whatever is stored of the event meanwhile."""
    import msgspec  # noqa: PLC0415 - of this one test

    event = event_of("d", phase=Phase.OPENED, cause=None)
    daemon = subprocess.Popen(
        [sys.executable, "-c", BUSY, str(store_path(tmp_path)), msgspec.json.encode(event).decode()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == b"ready\n"
        for word in ("protect", "unprotect") * 3:
            assert cli(word, "d")[0] == 0
        assert cli("protect", "d")[0] == 0
        assert daemon.poll() is None
    finally:
        daemon.kill()
        _, errors = daemon.communicate()
    assert errors == b""
    listed = store.listed("d" * 16)
    assert listed is not None
    assert listed.protected
    assert listed.event.frames > 26
    assert len(store.audit()) == 7
