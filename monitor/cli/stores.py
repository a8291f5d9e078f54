"""The event store of a daemon, found and opened for a command. Reads no event but by its id."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.terms import FailedError

if TYPE_CHECKING:
    from monitor.alerting.store import EventStore

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Take `data_dir` from this configuration.")]


def data_folder(config_file: Path | None, data_dir: Path | None) -> Path:
    """The daemon's folder: as named, or as configured.

    Raises:
        ConfigError: The configuration cannot be used.
    """
    from monitor import config  # noqa: PLC0415 - see the package

    if data_dir is not None:
        return data_dir
    return (config.demo() if config_file is None else config.load(config_file)).data_dir


@contextmanager
def open_store(config_file: Path | None, data_dir: Path | None) -> Iterator[EventStore]:
    """The event store in that folder, to be read.

    Raises:
        FailedError: There is none.
        StoreError: It cannot be opened.
    """
    from monitor.alerting.store import EventStore  # noqa: PLC0415 - see the package

    with closing(EventStore.open_read_only(store_file(data_folder(config_file, data_dir)))) as store:
        yield store


def store_file(folder: Path) -> Path:
    """The event store in a data folder.

    Raises:
        FailedError: There is none.
    """
    from monitor.config.places import store_path  # noqa: PLC0415 - see the package

    path = store_path(folder)
    if not path.exists():
        raise FailedError(f"{path}: expected an event store, got nothing; name the daemon's folder with --data-dir")
    return path


def only(store: EventStore, beginning: str) -> str:
    """The id of the one event whose id begins so.

    Raises:
        FailedError: There is none, or there are several.
    """
    fitting = store.beginning(beginning)
    if len(fitting) != 1:
        got = "several" if fitting else "none"
        raise FailedError(f"event {beginning}: expected one event, got {got}; `rareframe events list` shows their ids")
    return fitting[0]


@contextmanager
def open_beside(folder: Path) -> Iterator[EventStore]:
    """The event store in that folder, to be changed by people, running daemon or not.

    Raises:
        FailedError: There is none.
        StoreError: It cannot be opened.
    """
    from monitor.alerting.store import EventStore  # noqa: PLC0415 - see the package

    with closing(EventStore.open_beside(store_file(folder))) as store:
        yield store


def who() -> str:
    """Who this is, as the audit names people."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name
        return f"cli:{os.getuid()}"


def note(folder: Path, what: str, where: str, detail: str) -> None:
    """Write into the audit what was wished for, or say on stderr why not; nothing where no daemon ever ran.

    The wish is written down by then, and is obeyed in any case.
    """
    from monitor.alerting.store import StoreError  # noqa: PLC0415 - see the package
    from monitor.config.places import store_path  # noqa: PLC0415

    if not store_path(folder).exists():
        return
    try:
        with open_beside(folder) as store:
            store.note_audit(who(), what, where, detail, time.time_ns())
    except StoreError as error:
        typer.echo(f"rareframe: done, but not written into the audit: {error}", err=True)
