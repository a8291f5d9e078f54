"""`rareframe scan`: recordings in, events and a report out. Scores nothing itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.terms import (
    EXIT_FAILED,
    EXIT_OK,
    ConfigOption,
    JsonOption,
    SeedOption,
    examples,
    offline_config,
    progress_bar,
    say,
)

if TYPE_CHECKING:
    from monitor.offline.scan import Progress

EXAMPLES = examples(
    "rareframe scan street.mp4 --out report",
    "rareframe scan street.mp4 --out report --clips",
    "rareframe scan day/*.mkv --out report --config site.yaml --seed 7",
)


def scan(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings or folders of pictures, in order.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for events.json, the pictures and report.html.")],
    config_file: ConfigOption = None,
    seed: SeedOption = None,
    clips: Annotated[bool, typer.Option("--clips", help="Also write each event's video, as `clips:` says.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Report what is rare in recordings.

    Faster than they were made; the same files and seed give the same report.
    """
    missing = [str(file) for file in files if not file.exists()]
    if missing:
        raise typer.BadParameter(f"expected recordings, got nothing at {', '.join(missing)}; check the path")
    config = offline_config(config_file, seed, str(files[0]))
    from monitor import logs  # noqa: PLC0415 - see the package
    from monitor.build import offline  # noqa: PLC0415

    logs.set_up("scan", level="warning", style="text")  # standard output is for what was found
    with progress_bar() as show:
        found = offline.scan(config, files, out, lambda at: show(_share(at), _words(at)), clips=clips)
    if as_json:
        typer.echo((out / "events.json").read_text(encoding="utf-8"), nl=False)
    for file in found.files:
        if file.error is not None:
            say(f"rareframe: {file.error}")
        if not as_json:
            typer.echo(f"{file.file}: {len(file.findings)} events in {file.duration_s:.1f} s")
    if not as_json:
        typer.echo(f"report: {out / 'report.html'}")
    return EXIT_FAILED if any(file.error is not None for file in found.files) else EXIT_OK


def _share(at: Progress) -> float:
    within = min(at.at_s / at.length_s, 1.0) if at.length_s else 0.0
    return (at.index - 1 + within) / at.files


def _words(at: Progress) -> str:
    return f"{at.file}, {at.events} events"
