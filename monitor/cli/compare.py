"""`rareframe compare`: what cameras and their shadows raised, side by side, read beside a running daemon."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.events import utc
from monitor.cli.searching import CameraOption
from monitor.cli.stores import ConfigOption, data_folder, open_store
from monitor.cli.terms import EXIT_OK, DataDirOption, JsonOption, examples

if TYPE_CHECKING:
    from rich.table import Table

    from monitor.alerting.comparison import Comparison, Difference

EXAMPLES = examples(
    "rareframe compare --config site.yaml",
    "rareframe compare --camera gate --days 3 --config site.yaml",
    "rareframe compare --json --data-dir /var/lib/rareframe",
)
_DAYS = 7
_MOST_DAYS = 3660
_PIPED_WIDTH = 120
_HOUR_S, _MINUTE_S = 3600, 60

DaysOption = Annotated[
    int, typer.Option("--days", min=1, max=_MOST_DAYS, help="So many days, UTC, the newest of them today.")
]


def compare(
    camera: CameraOption = None,
    days: DaysOption = _DAYS,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show what each camera and its shadow raised, day by day.

    What both alerted of is one happening; what only one of the two did is listed with its picture. Only hours that
    both watched are compared.
    """
    from monitor.alerting.comparison import compared  # noqa: PLC0415 - see the package

    folder, today = data_folder(config_file, data_dir), datetime.now(UTC).date()
    with open_store(config_file, data_dir) as store:
        found = compared(store, today, days, _refractory_s(config_file), camera)
    if as_json:
        typer.echo(json.dumps(_plain(found, folder, today, days), indent=1))
    elif found.days:
        _show(found, folder)
    else:
        typer.echo(_nothing(camera, folder, today, days))
    return EXIT_OK


def _refractory_s(config_file: Path | None) -> dict[str, float]:
    """Of each camera of the configuration, the longer of its own and its shadow's."""
    from monitor import config  # noqa: PLC0415 - see the package

    if config_file is None:
        return {}
    pairs = {name: (each, each.shadow or each) for name, each in config.load(config_file).cameras.items()}
    return {name: max(each.episodes.refractory_s for each in pair) for name, pair in pairs.items()}


def _nothing(camera: str | None, folder: Path, today: date, days: int) -> str:
    whose = "no camera's shadow" if camera is None else f"no shadow of camera {camera}"
    return (
        f"{whose} watched anything from {today - timedelta(days=days - 1)} to {today}, as stored in {folder}; a camera "
        "has one with `shadow` in its configuration, and it watches once it knows its scene"
    )


def _show(found: Comparison, folder: Path) -> None:
    from rich.console import Console  # noqa: PLC0415 - see the package

    console = Console()
    console = console if console.is_terminal else Console(width=_PIPED_WIDTH)
    console.print(_table(found))
    apart = sum(day.apart for day in found.days)
    if apart:
        typer.echo(f"not compared: {apart} alert(s) in hours that only one of the two watched")
    for difference in found.differences:
        for line in _lines(difference, folder):
            typer.echo(line)


def _table(found: Comparison) -> Table:
    from rich import box  # noqa: PLC0415 - see the package
    from rich.table import Table  # noqa: PLC0415

    columns = ("camera", "day", "watched", "by shadow", "alerts", "of shadow", "both", "only live", "only shadow")
    table = Table(*columns, box=box.SIMPLE_HEAD)
    for column in table.columns[2:]:
        column.justify = "right"
    for column in table.columns:
        column.no_wrap = True
    for day in found.days:
        sides = (day.live, day.shadow)
        watched = [_span(side.watched_s) for side in sides]
        alerts = [f"{side.alerts}" + (f" + {side.held} held" if side.held else "") for side in sides]
        counts = [str(count) for count in (day.both, day.only_live, day.only_shadow)]
        table.add_row(day.camera, str(day.day), *watched, *alerts, *counts)
    return table


def _span(seconds: float) -> str:
    return f"{seconds / _HOUR_S:.1f} h" if seconds >= _HOUR_S else f"{seconds / _MINUTE_S:.0f} min"


def _lines(difference: Difference, folder: Path) -> Iterator[str]:
    event = difference.event
    who, other = ("only shadow", "live") if event.shadow else ("only live  ", "shadow")
    held = f"  (held by {other}: {difference.held})" if difference.held else ""
    why = event.reasons[0].text if event.reasons else ""
    yield f"{who}  {utc(event.began_ns)}  {event.camera}  {event.score:.3g} > {event.limit:.3g}  {why}{held}"
    if event.snapshot is not None:
        yield f"             {folder / event.snapshot}"


def _plain(found: Comparison, folder: Path, today: date, days: int) -> dict[str, object]:
    """As JSON: times ISO 8601 in UTC, durations in seconds."""
    return {
        "since": str(today - timedelta(days=days - 1)),
        "until": str(today),
        "days": [{**asdict(day), "day": str(day.day)} for day in found.days],
        "differences": [
            {
                "only": "shadow" if each.event.shadow else "live",
                "held_by_other": each.held,
                "id": each.event.id,
                "camera": each.event.camera,
                "began": utc(each.event.began_ns),
                "ended": utc(each.event.ended_ns),
                "score": each.event.score,
                "limit": each.event.limit,
                "reasons": [reason.text for reason in each.event.reasons],
                "snapshot": None if each.event.snapshot is None else str(folder / each.event.snapshot),
            }
            for each in found.differences
        ],
    }
