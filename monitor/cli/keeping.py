"""`rareframe events protect`, `unprotect` and `delete`: what people decide of events, beside a running daemon."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.stores import ConfigOption, data_folder, only, open_beside, who
from monitor.cli.terms import EXIT_FAILED, EXIT_OK, DataDirOption, examples, say

PROTECT_EXAMPLES = examples("rareframe events protect 1f0c2a")
UNPROTECT_EXAMPLES = examples("rareframe events unprotect 1f0c2a")
DELETE_EXAMPLES = examples("rareframe events delete 1f0c2a", "rareframe events delete 1f0c2a 88d01e --yes")

IdsArgument = Annotated[
    list[str], typer.Argument(metavar="ID…", help="Ids of events, or beginnings that no other begins with.")
]


def protect(ids: IdsArgument, config_file: ConfigOption = None, data_dir: DataDirOption = None) -> int:
    """Keep events, whatever their age and however full the disk."""
    return _protect(ids, data_folder(config_file, data_dir), on=True)


def unprotect(ids: IdsArgument, config_file: ConfigOption = None, data_dir: DataDirOption = None) -> int:
    """Keep events no longer than others."""
    return _protect(ids, data_folder(config_file, data_dir), on=False)


def delete(
    ids: IdsArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> int:
    """Delete events with their pictures and clips, for ever."""
    folder = data_folder(config_file, data_dir)
    with open_beside(folder) as store:
        from monitor.alerting.shelf import Shelf  # noqa: PLC0415 - see the package

        found = [only(store, each) for each in ids]
        if not yes:
            typer.confirm(f"Delete {len(found)} event(s) with all their files, for ever?", abort=True, err=True)
        shelf = Shelf(folder)
        return _each(found, lambda event_id: store.remove(event_id, shelf.remove, who(), time.time_ns()), "deleted")


def _protect(ids: Sequence[str], folder: Path, *, on: bool) -> int:
    with open_beside(folder) as store:
        found = [only(store, each) for each in ids]
        word = "protected" if on else "unprotected"
        return _each(found, lambda event_id: store.protect(event_id, on, who(), time.time_ns()), word)


def _each(ids: Sequence[str], change: Callable[[str], object], done: str) -> int:
    """Change one event after the other; one that cannot be is told and holds up no other."""
    from monitor.stored import KeptError, NotStoredError  # noqa: PLC0415 - see the package

    code = EXIT_OK
    for event_id in ids:
        try:
            change(event_id)
        except (KeptError, NotStoredError, OSError) as error:
            say(f"rareframe: {error}")
            code = EXIT_FAILED
        else:
            typer.echo(f"{event_id}  {done}")
    return code
