"""`rareframe models` and `rareframe rollback`: what cameras learned and is kept, and the way back to it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.stores import note
from monitor.cli.terms import EXIT_OK, ConfigOption, DataDirOption, FailedError, JsonOption, examples

if TYPE_CHECKING:
    from monitor.config import Config

EXAMPLES = examples("rareframe models --config site.yaml", "rareframe models gate --config site.yaml --json")
ROLL_BACK_EXAMPLES = examples(
    "rareframe rollback gate 2026-11-05 --config site.yaml",
    "rareframe rollback gate 2026-11-05T14:05 --yes --config site.yaml",
)
CHECKPOINT = "checkpoint"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """One file with what a camera had learned.

    Attributes:
        at: When, ISO 8601, UTC.
        why: `CHECKPOINT`, or why a dated snapshot was made.
        learned: Pictures learned until then; None if the file is broken or does not say.
        size_bytes: Of the file.
    """

    camera: str
    at: str
    why: str
    learned: int | None
    size_bytes: int
    file: str


def models(
    camera: Annotated[str | None, typer.Argument(metavar="[CAMERA]", help="Of this camera alone.")] = None,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> int:
    """List what cameras learned and is kept on disk, newest first.

    The newest checkpoint, which a restart goes on from, and the dated snapshots, which can be gone back to.
    """
    tree = _tree(config_file, data_dir)
    names = list(tree.cameras) if camera is None else [_known(tree, camera)]
    rows = [row for name in names for row in _kept(tree, name)]
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=1))
        return EXIT_OK
    for row in rows:
        learned = "learned: not known" if row.learned is None else f"{row.learned} pictures learned"
        typer.echo(f"{row.camera}  {row.at}  {row.why:<18} {learned}, {row.size_bytes / 1e6:.1f} MB")
    return EXIT_OK


def roll_back(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Its name in the configuration.")],
    when: Annotated[
        str,
        typer.Argument(
            metavar="WHEN", help="A dated snapshot: its time as `rareframe models` shows it, or the beginning of it."
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> int:
    """Let a camera know again what it knew then, and nothing that it learned since.

    A running daemon does so within seconds, without a restart, else the next one at its start; its log tells. What
    the camera knew until then is kept as a dated snapshot too. The alert budget's diary is not rolled back.
    """
    from monitor import wishes  # noqa: PLC0415 - see the package
    from monitor.build.scoring import dated  # noqa: PLC0415

    tree = _tree(config_file, data_dir)
    rows = [row for row in _kept(tree, _known(tree, camera)) if row.why != CHECKPOINT]
    chosen = _chosen(rows, camera, when)
    dated(tree, camera).read(chosen.file)
    if not yes:
        learned = "" if chosen.learned is None else f" ({chosen.learned} pictures learned)"
        question = f"{camera}: forget what was learned since {chosen.at}, {chosen.why}{learned}?"
        typer.confirm(question, abort=True, err=True)
    found = wishes.read(tree.data_dir)
    wish = wishes.RollBackWish(chosen.file, time.time_ns())
    wishes.write(tree.data_dir, replace(found, roll_backs={**found.roll_backs, camera: wish}))
    note(tree.data_dir, "rollback", camera, f"to {chosen.at}, {chosen.why}")
    typer.echo(f"{camera}: back to {chosen.at}, {chosen.why}; a running daemon does so within seconds, see its log")
    return EXIT_OK


def _tree(config_file: Path | None, data_dir: Path | None) -> Config:
    from monitor import config  # noqa: PLC0415 - see the package

    return config.demo(data_dir=data_dir) if config_file is None else config.load(config_file, data_dir=data_dir)


def _known(tree: Config, camera: str) -> str:
    if camera not in tree.cameras:
        raise FailedError(f"expected a camera of the configuration ({', '.join(tree.cameras)}), got {camera}")
    return camera


def _chosen(rows: Sequence[Kept], camera: str, when: str) -> Kept:
    found = [row for row in rows if row.at.startswith(when) or row.file == when]
    if len(found) == 1:
        return found[0]
    among = ", ".join(row.at for row in found or rows) or "none there are"
    raise FailedError(
        f"camera {camera}: expected one dated snapshot, got {len(found)} for {when}; name one of: {among}"
    )


def _kept(tree: Config, name: str) -> Iterator[Kept]:
    """The newest checkpoint, and all dated snapshots."""
    from monitor.build.scoring import checkpoints, dated  # noqa: PLC0415 - see the package

    for path in checkpoints(tree, name).newest_first()[:1]:
        with suppress(FileNotFoundError):  # a running daemon removes old ones at any time
            yield _row(name, path, datetime.fromtimestamp(path.stat().st_mtime, UTC), CHECKPOINT)
    for snapshot in dated(tree, name).newest_first():
        with suppress(FileNotFoundError):
            yield _row(name, snapshot.path, snapshot.at, snapshot.why.value)


def _row(name: str, path: Path, at: datetime, why: str) -> Kept:
    from monitor.scoring.checkpoints import CheckpointError, read_about  # noqa: PLC0415 - see the package

    size_bytes, learned = path.stat().st_size, None
    with suppress(CheckpointError):
        learned = read_about(path, name).learned or None
    return Kept(name, at.strftime(_TIME), why, learned, size_bytes, path.name)
