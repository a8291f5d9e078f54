"""`rareframe sinks`: how sinks are doing, what they were never told, and the way to tell it after all."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.events import utc
from monitor.cli.stores import data_folder, store_file, who
from monitor.cli.terms import EXIT_FAILED, EXIT_OK, DataDirOption, FailedError, JsonOption, examples, say

if TYPE_CHECKING:
    from monitor.alerting.store import EventStore

app = typer.Typer(
    help="Show what sinks were told, send dead letters again, try a sink.",
    no_args_is_help=False,
    rich_markup_mode=None,
)
STATES = ("pending", "sent", "suppressed", "dead")

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="The daemon's configuration.")]
SinkArgument = Annotated[str | None, typer.Argument(metavar="[SINK]", help="Only of this sink.")]


@app.command("list", epilog=examples("rareframe sinks list --config site.yaml", "rareframe sinks list --json"))
def list_(config_file: ConfigOption = None, data_dir: DataDirOption = None, as_json: JsonOption = False) -> int:
    """How many deliveries wait, were made, were suppressed or given up, sink by sink, of the events that are stored."""
    kinds = _kinds(config_file)
    with _store(config_file, data_dir) as store:
        told = store.told()
    rows = [
        {"sink": name, "kind": kinds.get(name, ""), **{state: told.get(name, {}).get(state, 0) for state in STATES}}
        for name in [*kinds, *(name for name in told if name not in kinds)]
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return EXIT_OK
    for row in rows:
        counts = ", ".join(f"{row[state]} {state}" for state in STATES)
        typer.echo(f"{row['sink']}  {row['kind'] or 'not in the configuration'}  {counts}")
    return EXIT_OK


@app.command(epilog=examples("rareframe sinks dead", "rareframe sinks dead ops --config site.yaml --json"))
def dead(
    sink: SinkArgument = None,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> int:
    """Dead letters, oldest first: deliveries that were given up, with the number that `resend` takes, and why."""
    with _store(config_file, data_dir) as store:
        letters = store.dead_letters(sink)
    if as_json:
        rows = [
            {
                "id": each.id,
                "sink": each.sink,
                "event": each.event.id,
                "camera": each.event.camera,
                "phase": each.event.phase.value,
                "attempts": each.attempts,
                "given_up": utc(each.died_ns),
                "error": each.error,
            }
            for each in letters
        ]
        typer.echo(json.dumps(rows, indent=1))
    for each in [] if as_json else letters:
        about = f"{each.event.id} {each.event.phase.value} {each.event.camera or '-'}"
        typer.echo(f"{each.id}  {utc(each.died_ns)}  {each.sink}  {about}  {each.attempts} attempts  {each.error}")
    return EXIT_OK


@app.command(epilog=examples("rareframe sinks resend ops", "rareframe sinks resend 17 18 --config site.yaml"))
def resend(
    what: Annotated[
        list[str],
        typer.Argument(metavar="SINK|ID…", help="A sink, for all of its dead letters; or their numbers, as of `dead`."),
    ],
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> int:
    """Have dead letters told after all; a running daemon does so within seconds, else the next one at its start."""
    numbers = [int(each) for each in what if each.isdecimal()]
    names = [each for each in what if not each.isdecimal()]
    with _store(config_file, data_dir, writing=True) as store:
        letters = store.dead_letters()
        for name in names:
            if name not in {each.sink for each in letters}:
                raise FailedError(f"sink {name}: expected dead letters, got none; see `rareframe sinks list`")
        missing = sorted(set(numbers) - {each.id for each in letters})
        if missing:
            raise FailedError(f"expected the number of a dead letter, got {missing[0]}; see `rareframe sinks dead`")
        chosen = [each.id for each in letters if each.sink in names or each.id in numbers]
        again = store.resend(None, chosen, time.time_ns())
        store.note_audit(who(), "resend", " ".join(what), f"{again} dead letters", time.time_ns())
    typer.echo(
        f"{again} dead letter(s) will be told; a running daemon does so within seconds, see `rareframe sinks list`"
    )
    return EXIT_OK


@app.command("test", epilog=examples("rareframe sinks test -c site.yaml", "rareframe sinks test ops -c site.yaml"))
def try_(
    sink: SinkArgument = None,
    config_file: Annotated[
        Path | None, typer.Option("--config", "-c", help="The daemon's configuration; must be given.")
    ] = None,
) -> int:
    """Send a test, marked as one, through each sink, and say what came back.

    Filter, schedule and rate do not matter to it, nothing is stored, and it is not tried again.
    """
    from monitor import config  # noqa: PLC0415 - see the package
    from monitor.build.probing import probe_sink  # noqa: PLC0415

    if config_file is None:
        raise FailedError("expected the daemon's configuration, got none; name it with --config")
    tree = config.load(config_file)
    chosen = [each for each in tree.alerting.sinks if sink in {None, each.name}]
    if not chosen:
        names = ", ".join(each.name for each in tree.alerting.sinks)
        raise FailedError(f"expected a sink of the configuration ({names}), got {sink}")
    well = True
    for options in chosen:
        found = probe_sink(options, tree)
        well = well and found.ok
        typer.echo(f"{'ok  ' if found.ok else 'FAIL'}  {found.what}: {found.detail}")
    if not well:
        say("rareframe: not every sink took the test")
    return EXIT_OK if well else EXIT_FAILED


def _kinds(config_file: Path | None) -> dict[str, str]:
    """The kinds of the sinks in a configuration, by name; none without one."""
    from monitor import config  # noqa: PLC0415 - see the package

    return {} if config_file is None else {each.name: each.kind for each in config.load(config_file).alerting.sinks}


@contextmanager
def _store(config_file: Path | None, data_dir: Path | None, *, writing: bool = False) -> Iterator[EventStore]:
    """The event store, running daemon or not.

    Raises:
        FailedError: There is none.
        StoreError: It cannot be opened.
    """
    from monitor.alerting.store import EventStore  # noqa: PLC0415 - see the package

    path = store_file(data_folder(config_file, data_dir))
    with closing(EventStore.open_beside(path) if writing else EventStore.open_read_only(path)) as store:
        yield store
