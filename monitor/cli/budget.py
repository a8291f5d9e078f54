"""`rareframe budget`: how many alerts a day are wanted, shown and changed while the daemon runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

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
    changed.
    """
    from monitor import config, wishes  # noqa: PLC0415 - see the package

    tree = config.demo(data_dir=data_dir) if config_file is None else config.load(config_file, data_dir=data_dir)
    if alerts_per_day is not None and reset:
        raise FailedError("expected a number or --reset, got both; leave one out")
    names = [name for name in _chosen(tree, camera) if tree.cameras[name].budget is not None]
    if camera is not None and not names:
        raise FailedError(f"camera {camera}: its configuration has no budget; remove `budget: null` there first")
    found = wishes.read(tree.data_dir)
    if alerts_per_day is not None or reset:
        found = _changed(found, tree, names, alerts_per_day)
        wishes.write(tree.data_dir, found)
    _show(found, tree, names, as_json=as_json)
    return EXIT_OK


def _chosen(tree: Config, camera: str | None) -> list[str]:
    if camera is None:
        return list(tree.cameras)
    if camera not in tree.cameras:
        raise FailedError(f"expected a camera of the configuration ({', '.join(tree.cameras)}), got {camera}")
    return [camera]


def _changed(found: Wishes, tree: Config, names: list[str], alerts_per_day: float | None) -> Wishes:
    from monitor.wishes import BudgetWish  # noqa: PLC0415 - see the package

    budgets = {name: wish for name, wish in found.budgets.items() if name not in names}
    for name in names:
        configured = tree.cameras[name].budget
        if alerts_per_day is not None and configured is not None and alerts_per_day != configured.alerts_per_day:
            budgets[name] = BudgetWish(alerts_per_day, configured.alerts_per_day)
    return replace(found, budgets=budgets)


def _show(found: Wishes, tree: Config, names: list[str], *, as_json: bool) -> None:
    rows = []
    for name in names:
        configured = tree.cameras[name].budget
        if configured is not None:
            holds = found.alerts_per_day(name, configured.alerts_per_day)
            rows.append({"camera": name, "alerts_per_day": holds, "configured": configured.alerts_per_day})
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        told = "" if row["alerts_per_day"] == row["configured"] else f" (the configuration says {row['configured']:g})"
        typer.echo(f"{row['camera']}: about {row['alerts_per_day']:g} alerts a day{told}")
