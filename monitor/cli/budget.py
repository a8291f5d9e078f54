"""`rareframe budget`: how many alerts a day are wanted, shown and changed while the daemon runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.stores import note
from monitor.cli.terms import EXIT_OK, ConfigOption, DataDirOption, FailedError, JsonOption, examples

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.wishes import Wishes

EXAMPLES = examples(
    "rareframe budget --config site.yaml",
    "rareframe budget 10 --config site.yaml",
    "rareframe budget 0.5 --camera gate --config site.yaml",
    "rareframe budget --reset --config site.yaml",
)
LEAST, MOST = 0.2, 100.0


def budget(
    alerts_per_day: Annotated[
        float | None,
        typer.Argument(metavar="[N]", min=LEAST, max=MOST, help="About so many alerts a camera and day are wanted."),
    ] = None,
    camera: Annotated[str | None, typer.Option("--camera", help="Of this camera alone; else of all.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="As the configuration says, again.")] = False,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show how many alerts a day each camera may raise, or change it.

    A running daemon obeys within a minute, and goes on so after a restart, until the number in the configuration is
    changed. Of a camera whose shadow was promoted it is the promoted one's.
    """
    from monitor import config, wishes  # noqa: PLC0415 - see the package
    from monitor.build.rules import configured_budgets  # noqa: PLC0415

    tree = config.demo(data_dir=data_dir) if config_file is None else config.load(config_file, data_dir=data_dir)
    if alerts_per_day is not None and reset:
        raise FailedError("expected a number or --reset, got both; leave one out")
    found = wishes.read(tree.data_dir)
    configured = configured_budgets(tree, found, _chosen(tree, camera))
    if camera is not None and not configured:
        raise FailedError(f"camera {camera}: its configuration has no budget; remove `budget: null` there first")
    if alerts_per_day is not None or reset:
        found = wishes.with_budget(found, configured, alerts_per_day)
        wishes.write(tree.data_dir, found)
        told = "as configured" if alerts_per_day is None else f"{alerts_per_day:g} alerts a day"
        for name in configured:
            note(tree.data_dir, "budget", name, told)
    _show(found, configured, as_json=as_json)
    return EXIT_OK


def _chosen(tree: Config, camera: str | None) -> list[str]:
    if camera is None:
        return list(tree.cameras)
    if camera not in tree.cameras:
        raise FailedError(f"expected a camera of the configuration ({', '.join(tree.cameras)}), got {camera}")
    return [camera]


def _show(found: Wishes, configured: Mapping[str, float], *, as_json: bool) -> None:
    rows = [
        {"camera": name, "alerts_per_day": found.alerts_per_day(name, said), "configured": said}
        for name, said in configured.items()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        told = "" if row["alerts_per_day"] == row["configured"] else f" (the configuration says {row['configured']:g})"
        typer.echo(f"{row['camera']}: about {row['alerts_per_day']:g} alerts a day{told}")
