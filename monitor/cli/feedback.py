"""`rareframe feedback`, and `rareframe events feedback`: what people say of events, given, listed and undone."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Annotated

import typer

from monitor.cli.stores import ConfigOption, data_folder, only, open_beside, open_store, who
from monitor.cli.terms import EXIT_OK, DataDirOption, JsonOption, examples

app = typer.Typer(
    help="List and undo what was said of events: `rareframe events feedback` says it.",
    no_args_is_help=False,
    rich_markup_mode=None,
)
GIVE_EXAMPLES = examples(
    "rareframe events feedback 1f0c2a normal --note 'the cat'", "rareframe events feedback 1f0c2a unusual"
)


class Said(StrEnum):
    """What may be said of an event."""

    NORMAL = "normal"
    UNUSUAL = "unusual"


def give(
    event_id: Annotated[
        str, typer.Argument(metavar="ID", help="The event's id, or the beginning of it if no other begins so.")
    ],
    kind: Annotated[Said, typer.Argument(help="normal: do not tell of its like here; unusual: tell of it at once.")],
    note: Annotated[str, typer.Option("--note", help="Why, for people.")] = "",
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> int:
    """Say that an event is normal here, or really unusual.

    A running daemon heeds it within seconds, and goes on so after a restart. Of what is like three events that were
    called normal it tells no more, unless it is much stranger.
    """
    from monitor import feedback  # noqa: PLC0415 - see the package

    folder = data_folder(config_file, data_dir)
    with open_beside(folder) as store:
        found = only(store, event_id)
        kept = feedback.give(store, folder, found, kind.value, who=who(), now_ns=time.time_ns(), note=note)
    typer.echo(f"feedback {kept.id} on event {found}: {kept.effect}")
    return EXIT_OK


@app.command("list", epilog=examples("rareframe feedback list", "rareframe feedback list --camera gate --json"))
def list_(
    camera: Annotated[str | None, typer.Option("--camera", help="Only of this camera.")] = None,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> int:
    """All that was ever said of events, newest first: what it did, how often, when last."""
    from monitor import feedback  # noqa: PLC0415 - see the package

    folder = data_folder(config_file, data_dir)
    with open_store(config_file, data_dir) as store:
        found = feedback.listed(store, folder, now_ns=time.time_ns(), camera=camera)
    if as_json:
        import msgspec  # noqa: PLC0415 - see the package

        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
        return EXIT_OK
    for each in found:
        note = f" ({each.note})" if each.note else ""
        typer.echo(f"{each.id}  {each.camera}  {each.state}  {each.text}{note}")
    return EXIT_OK


@app.command(epilog=examples("rareframe feedback undo 3"))
def undo(
    feedback_id: Annotated[int, typer.Argument(metavar="ID", help="As `rareframe feedback list` shows it.")],
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> int:
    """It holds no more: what is like it is judged as if nothing had been said."""
    from monitor import feedback  # noqa: PLC0415 - see the package

    folder = data_folder(config_file, data_dir)
    with open_beside(folder) as store:
        feedback.undo(store, folder, feedback_id, who=who(), now_ns=time.time_ns())
    typer.echo(f"feedback {feedback_id} holds no more")
    return EXIT_OK
