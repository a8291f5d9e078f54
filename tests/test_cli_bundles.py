"""`rareframe events export ID` and `rareframe replay`, as a person uses them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.alerting.claims import bundle_of
from monitor.alerting.store import EventStore
from monitor.cli import main
from monitor.types import Event, Phase, State

Run = Callable[..., tuple[int, str, str]]
EVENT = Event(
    "1f0c2a0000000000", "gate", Phase.CLOSED, 10**18, 10**18 + 5, None, None, 10**18, 4.0, 2.0, 0.001, 3, State.ACTIVE,
    (), "quiet", "events/picture.jpg", None, "events/gone.mp4",
)  # fmt: skip


@pytest.fixture(name="cli")
def _cli(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; gives exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


@pytest.fixture(name="data")
def _data(tmp_path: Path) -> Path:
    """A data folder with one event and its picture."""
    with closing(EventStore.open(tmp_path / "events.sqlite")) as store:
        store.record([EVENT], {}, 1)
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "picture.jpg").write_bytes(b"picture")
    return tmp_path


def test_an_event_is_exported_with_what_there_is_of_it(data: Path, cli: Run) -> None:
    """What the worker kept, the event and its picture; a clip that is gone is left out, what is kept stays."""
    kept = data / bundle_of(EVENT)
    kept.parent.mkdir(parents=True)
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("manifest.json", "{}")
    before = kept.read_bytes()
    out = data / "event.zip"
    assert cli("events", "export", "1f0c", "--out", str(out), "--data-dir", str(data))[0] == 0
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == ["manifest.json", "event.json", "snapshot.jpg"]
        assert archive.read("snapshot.jpg") == b"picture"
    assert kept.read_bytes() == before


def test_without_its_frames_or_a_place_for_them_one_line_says_so(data: Path, cli: Run) -> None:
    """And what to do."""
    code, out, err = cli("events", "export", "1f0c", "--out", str(data / "event.zip"), "--data-dir", str(data))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "expected its frames at" in err
    code, out, err = cli("events", "export", "1f0c", "--data-dir", str(data))
    assert (code, out) == (1, "")
    assert "add --out event.zip" in err


def test_what_is_no_bundle_is_one_line(tmp_path: Path, cli: Run) -> None:
    """From anybody, of anything."""
    (tmp_path / "event.zip").write_bytes(b"PK\x03\x04 none")
    for name in ("event.zip", "none.zip"):
        code, out, err = cli("replay", str(tmp_path / name))
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith(f"rareframe: {tmp_path / name}: expected a bundle")
