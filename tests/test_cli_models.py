"""`rareframe models` and `rareframe rollback`, as a person and as a program use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import typer

from monitor import config, wishes
from monitor.alerting.store import EventStore
from monitor.build.scoring import checkpoints, dated
from monitor.cli import main
from monitor.config.places import store_path
from monitor.scoring.dated import Why

NS = 1_000_000_000
STATE = {"channel.moving/learned": np.array(7)}
NOON_NS = int(datetime(2026, 11, 5, 12, tzinfo=UTC).timestamp()) * NS
HOUR_NS = 3600 * NS

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Path:
    """A configuration of two cameras, of which one has a checkpoint and three dated snapshots."""
    file = tmp_path / "site.yaml"
    text = f'data_dir: {tmp_path / "data"}\ncameras: {{gate: {{source: "demo:"}}, yard: {{source: "demo:"}}}}\n'
    file.write_text(text, encoding="utf-8")
    tree = config.load(file)
    checkpoints(tree, "gate").write(STATE, NOON_NS, 70)
    kept = dated(tree, "gate")
    kept.write(STATE, Why.DAILY, NOON_NS - 24 * HOUR_NS, 40)
    kept.write(STATE, Why.NEW_NORMAL, NOON_NS - HOUR_NS, 50)
    kept.write(STATE, Why.DAILY, NOON_NS, 60)
    return file


@pytest.fixture(name="cli")
def _cli(capsys: pytest.CaptureFixture[str], site: Path) -> Run:
    """Runs a command on that site; gives exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main([*arguments, "--config", str(site)])
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


def wished(site: Path) -> dict[str, str]:
    """The snapshot that each camera is to go back to."""
    return {name: wish.snapshot for name, wish in wishes.read(config.load(site).data_dir).roll_backs.items()}


def test_what_is_kept_is_listed_with_when_and_why(cli: Run) -> None:
    """The newest checkpoint first, then dated snapshots, the newest first; the same as data for programs."""
    code, out, err = cli("models")
    assert (code, err) == (0, "")
    assert [line.split("  ")[0] for line in out.splitlines()] == ["gate"] * 4
    assert "gate  2026-11-05T12:00:00Z  daily              60 pictures learned, 0.0 MB" in out
    assert "gate  2026-11-05T11:00:00Z  before-new-normal  50 pictures learned, 0.0 MB" in out
    rows = json.loads(cli("models", "gate", "--json")[1])
    assert [(row["why"], row["learned"]) for row in rows] == [
        ("checkpoint", 70), ("daily", 60), ("before-new-normal", 50), ("daily", 40),
    ]  # fmt: skip
    assert rows[2]["file"] == "gate.20261105T110000Z.before-new-normal.npz"
    assert rows[2]["size_bytes"] > 100
    assert cli("models", "yard")[:2] == (0, "")


def test_a_broken_file_is_listed_without_what_it_cannot_say(cli: Run, site: Path) -> None:
    """It takes room all the same."""
    path = dated(config.load(site), "gate").newest_first()[0].path
    path.write_bytes(b"?")
    assert "gate  2026-11-05T12:00:00Z  daily              learned: not known" in cli("models")[1]


@pytest.mark.parametrize(
    "when", ["2026-11-05T11", "2026-11-05T11:00:00Z", "gate.20261105T110000Z.before-new-normal.npz"]
)
def test_a_roll_back_is_written_down_for_the_daemon(cli: Run, site: Path, when: str) -> None:
    """By the beginning of its time, or its file; other wishes stay."""
    folder = config.load(site).data_dir
    wishes.write(folder, wishes.Wishes(budgets={"yard": wishes.BudgetWish(7.0, 3.0)}))
    with closing(EventStore.open(store_path(folder))):
        pass
    code, out, _ = cli("rollback", "gate", when, "--yes")
    assert (code, out.partition(";")[0]) == (0, "gate: back to 2026-11-05T11:00:00Z, before-new-normal")
    assert wished(site) == {"gate": "gate.20261105T110000Z.before-new-normal.npz"}
    assert wishes.read(folder).budgets["yard"].alerts_per_day == 7.0
    with closing(EventStore.open_read_only(store_path(folder))) as store:
        audited = [(each.what, each.where, each.detail) for each in store.audit()]
    assert audited == [("rollback", "gate", "to 2026-11-05T11:00:00Z, before-new-normal")]


def test_it_asks_first(cli: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not say yes has changed nothing."""
    asked: list[str] = []

    def no(text: str, *, abort: bool, err: bool) -> None:
        asked.append(text)
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", no)
    code, out, _ = cli("rollback", "gate", "2026-11-04")
    assert (code, out, wished(site)) == (1, "", {})
    assert asked == ["gate: forget what was learned since 2026-11-04T12:00:00Z, daily (40 pictures learned)?"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["gate", "2026-11-05"],
            "expected one dated snapshot, got 2 for 2026-11-05; name one of: 2026-11-05T12:00:00Z, ",
        ),
        (["gate", "2025"], "got 0 for 2025; name one of: 2026-11-05T12:00:00Z, 2026-11-05T11:00:00Z, 2026-11-04T"),
        (["yard", "2026"], "camera yard: expected one dated snapshot, got 0 for 2026; name one of: none there are"),
        (["door", "2026"], "expected a camera of the configuration (gate, yard), got door"),
    ],
)
def test_what_names_no_single_snapshot_is_refused(cli: Run, site: Path, arguments: list[str], words: str) -> None:
    """One line that says what there is, and nothing is wished."""
    code, out, err = cli("rollback", *arguments, "--yes")
    assert (code, out, wished(site)) == (1, "", {})
    assert words in err
    assert len(err.splitlines()) == 1


def test_what_could_not_be_obeyed_is_refused_at_once(cli: Run, site: Path) -> None:
    """A broken snapshot, or one of another configuration."""
    path = dated(config.load(site), "gate").newest_first()[0].path
    path.write_bytes(path.read_bytes()[:300])
    code, _, err = cli("rollback", "gate", "2026-11-05T12", "--yes")
    assert (code, "is broken" in err, wished(site)) == (1, True, {})
    site.write_text(site.read_text(encoding="utf-8") + "analysis: {fps: 3}\n", encoding="utf-8")
    code, _, err = cli("rollback", "gate", "2026-11-04", "--yes")
    assert (code, "is of another configuration" in err, wished(site)) == (1, True, {})
