"""What the commands have in common: exit codes, the arguments several of them take, a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from monitor.config import Config

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
MAX_SEED = 2**32 - 1

# Told how much of the whole is done, 0..1, and what is being done.
Progress = Callable[[float, str], None]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Take detectors, limits and the rest from this configuration.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Where events, snapshots and checkpoints are; instead of `data_dir`.")
]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", min=0, max=MAX_SEED, help="Seed of everything random; the same seed gives the same scores."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to standard output, for programs.")]


class FailedError(Exception):
    """A command cannot do what was asked; the message is one line for people."""


def examples(*commands: str) -> str:
    """The end of a command's help. The first character keeps the lines as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)


def say(message: str) -> None:
    """Tell the person, not the program that may read our output."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - this is the command line


def offline_config(path: Path | None, seed: int | None, source: str) -> Config:
    """The configuration for work on files: of `path`, or the defaults; with `seed` if there is one.

    Raises:
        ConfigError: It cannot be used.
    """
    from monitor import config  # noqa: PLC0415 - see the package

    tree = config.of_source(source) if path is None else config.load(path)
    return tree if seed is None else tree.model_copy(update={"seed": seed})


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on standard error while the block runs, if that is a terminal; else nothing."""
    if not sys.stderr.isatty():
        yield lambda _share, _what: None
        return
    from rich.console import Console  # noqa: PLC0415 - see the package
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda share, what: bar.update(task, completed=share, description=what)
