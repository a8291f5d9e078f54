"""`rareframe events list`, `show`, `export`: what was stored, read beside a running daemon. Changes nothing in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from monitor.cli.encoding import as_line, as_table, for_programs, json_of
from monitor.cli.searching import (
    CameraOption,
    FeedbackOption,
    HeldOption,
    MinScoreOption,
    ProtectedOption,
    Said,
    ShadowOption,
    SinceOption,
    StateOption,
    TextOption,
    UntilOption,
    ns_of,
    state_of,
)
from monitor.cli.stores import ConfigOption, data_folder, only, open_store
from monitor.cli.terms import EXIT_OK, DataDirOption, FailedError, JsonOption, examples

if TYPE_CHECKING:
    from monitor.stored import Feedback, Listed
    from monitor.types import Event

app = typer.Typer(
    help="List, show, protect, delete and export stored events.", no_args_is_help=False, rich_markup_mode=None
)

_LIMIT = 100
_NS = 1_000_000_000
_SAID: Final[dict[Said, Literal["normal", "unusual", ""]]] = {
    Said.NORMAL: "normal",
    Said.UNUSUAL: "unusual",
    Said.NONE: "",
}
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="At most this many, the newest.")]


class Format(StrEnum):
    """How events are exported."""

    JSONL = "jsonl"
    CSV = "csv"


@app.command(
    "list",
    epilog=examples(
        "rareframe events list",
        "rareframe events list --camera gate --since 2026-11-01 --json",
        "rareframe events list --text porch --min-score 3 --unprotected",
    ),
)
def list_(  # noqa: PLR0913 - each is an option
    *,
    camera: CameraOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    state: StateOption = None,
    min_score: MinScoreOption = None,
    feedback: FeedbackOption = None,
    protected: ProtectedOption = None,
    held: HeldOption = None,
    text: TextOption = None,
    limit: LimitOption = _LIMIT,
    shadow: ShadowOption = False,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> int:
    """The newest events, newest first, one a line."""
    from monitor.stored import Search  # noqa: PLC0415 - see the package

    wanted = Search(
        camera=camera,
        since_ns=ns_of(since),
        until_ns=ns_of(until),
        state=state_of(state),
        min_score=min_score,
        feedback=None if feedback is None else _SAID[feedback],
        protected=protected,
        held=held,
        shadow=shadow,
        text=text or "",
    )
    with open_store(config_file, data_dir) as store:
        found = store.search(wanted, limit).events
    if as_json:
        typer.echo(json_of([for_programs(each) for each in found]))
    for each in [] if as_json else found:
        typer.echo(_line(each.event) + _marks(each))
    return EXIT_OK


@app.command(epilog=examples("rareframe events show 1f0c2a"))
def show(
    event_id: Annotated[
        str, typer.Argument(metavar="ID", help="The event's id, or the beginning of it if no other begins so.")
    ],
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> int:
    """Everything about one event.

    Its times, score and reasons, and where its pictures are.
    """
    folder = data_folder(config_file, data_dir)
    with open_store(config_file, data_dir) as store:
        listed = store.listed(only(store, event_id))
        if listed is None:  # deleted in this very moment
            raise FailedError(f"event {event_id}: expected one in the store, got none; it was deleted just now")
        said = [each for each in store.feedbacks(listed.event.camera) if each.event == listed.event.id]
    lines = [*_page(listed.event, folder), *_page_of_people(listed, said)]
    typer.echo(json_of(for_programs(listed)) if as_json else "\n".join(lines))
    return EXIT_OK


@app.command(
    epilog=examples(
        "rareframe events export --out events.jsonl",
        "rareframe events export --format csv > events.csv",
        "rareframe events export 1f0c2a --out event.zip",
    )
)
def export(  # noqa: PLR0913, PLR0917 - one an option
    event_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="One event as a bundle, for `rareframe replay`; needs --out."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", dir_okay=False, help="The file to write; without it, standard output.")
    ] = None,
    style: Annotated[
        Format, typer.Option("--format", help="jsonl: one JSON object a line; csv: a table.")
    ] = Format.JSONL,
    camera: CameraOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    shadow: ShadowOption = False,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> int:
    """All events, oldest first, for other programs; or one with its frames and all it was judged by, as a zip."""
    if event_id is not None:
        return _export_one(event_id, out, config_file, data_dir)
    with open_store(config_file, data_dir) as store:
        found = store.events(
            camera=camera, since_ns=ns_of(since), until_ns=ns_of(until), limit=1_000_000, shadow=shadow
        )[::-1]
    text = as_table(found) if style is Format.CSV else "".join(as_line(event) + "\n" for event in found)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
    return EXIT_OK


def _export_one(event_id: str, out: Path | None, config_file: Path | None, data_dir: Path | None) -> int:
    from monitor.alerting.claims import add_event, bundle_of  # noqa: PLC0415 - see the package

    if out is None:
        raise FailedError(f"event {event_id}: expected a file for the bundle, got none; add --out event.zip")
    folder = data_folder(config_file, data_dir)
    with open_store(config_file, data_dir) as store:
        event = store.event(only(store, event_id))
    kept = None if event is None else folder / bundle_of(event)
    if event is None or kept is None or not kept.is_file():
        raise FailedError(
            f"event {event_id}: expected its frames at {kept}, got nothing; they come some seconds after it is over, "
            "and not with `bundles: null`, from a shadow, or where worker and alert process do not share `data_dir`"
        )
    shutil.copyfile(kept, out)
    add_event(out, event, folder)
    return EXIT_OK


def utc(wall_ns: int) -> str:
    """A moment for people."""
    return datetime.fromtimestamp(wall_ns / _NS, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _line(event: Event) -> str:
    lasted_s = (event.ended_ns - event.began_ns) / _NS
    why = event.reasons[0].text if event.reasons else ""
    strength = _strength(event)
    held = f"  (held: {event.held})" if event.held else ""
    return (
        f"{event.id}  {utc(event.began_ns)}  {event.camera or '-'}  {event.phase.value}  {lasted_s:.1f} s  {strength}"
        f"  {why}{held}"
    )


def _marks(listed: Listed) -> str:
    words = [*(["protected"] if listed.protected else []), *([listed.feedback] if listed.feedback else [])]
    return f"  [{', '.join(words)}]" if words else ""


def _strength(event: Event) -> str:
    from monitor.kinds import Kind, kind_of  # noqa: PLC0415 - see the package

    kind = kind_of(event)
    return f"{event.score:.3g} > {event.limit:.3g}" if kind is Kind.ANOMALY else f"{kind.value} notice"


def _page(event: Event, folder: Path) -> Iterator[str]:
    yield f"event     {event.id}"
    yield f"camera    {event.camera}, {event.state.value}" + (f", {event.light}" if event.light else "")
    yield f"phase     {event.phase.value}" + (f", {event.cause}" if event.cause else "")
    if event.shadow:
        yield "shadow    nobody was told: the camera's shadow raised it"
    if event.held:
        told = f"; later told for {event.also} other(s) too" if event.also else ""
        yield f"held      {event.held}: nobody was told of it at once{told}"
    yield f"began     {utc(event.began_ns)}" + (
        f", {event.began_pts:.1f} s into the run" if event.began_pts is not None else ""
    )
    yield f"ended     {utc(event.ended_ns)}" + (
        f", {event.ended_pts:.1f} s into the run" if event.ended_pts is not None else ""
    )
    chance = "" if event.p_value is None else f", p-value {event.p_value:.2g}"
    yield f"score     {event.score:.4g} above the limit {event.limit:.4g}{chance}; {event.frames} anomalous frames"
    for reason in event.reasons:
        chance = "" if reason.p_value is None else f" (p-value {reason.p_value:.2g})"
        yield f"reason    {reason.detector}: {reason.text}{chance}"
    for name, file in (("snapshot", event.snapshot), ("overlay", event.overlay), ("clip", event.clip)):
        if file is not None:
            yield f"{name:<9} {folder / file}"
    for normal in event.normals:
        yield f"normal    {folder / normal}"


def _page_of_people(listed: Listed, said: Sequence[Feedback]) -> Iterator[str]:
    """What people made of it; newest first."""
    if listed.protected:
        yield "protected whatever its age and however full the disk"
    for each in said:
        undone = "" if each.undone_ns is None else f"; undone {utc(each.undone_ns)} by {each.undone_by}"
        note = f": {each.note}" if each.note else ""
        yield f"feedback  {each.kind}, {utc(each.at_ns)} by {each.who}{note}{undone}"
