"""`rareframe events`: what was stored, read beside a running daemon. Changes nothing in the store."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.terms import EXIT_OK, DataDirOption, FailedError, JsonOption, examples

if TYPE_CHECKING:
    from monitor.alerting.store import EventStore
    from monitor.types import Event

app = typer.Typer(help="List, show and export stored events.", no_args_is_help=False, rich_markup_mode=None)

_LIMIT = 100
_NS = 1_000_000_000
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
_TIME = "UTC, as 2026-11-01 or 2026-11-01T08:30:00"

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Take `data_dir` from this configuration.")]
CameraOption = Annotated[str | None, typer.Option("--camera", help="Only of this camera.")]
SinceOption = Annotated[
    datetime | None,
    typer.Option("--since", metavar="TIME", help=f"Only what was going on after this; {_TIME}.", formats=_FORMATS),
]
UntilOption = Annotated[
    datetime | None,
    typer.Option("--until", metavar="TIME", help=f"Only what was going on before this; {_TIME}.", formats=_FORMATS),
]
ShadowOption = Annotated[
    bool, typer.Option("--shadow", help="What shadows would have raised, of which nobody was told; instead.")
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="At most this many, the newest.")]


class Format(StrEnum):
    """How events are exported."""

    JSONL = "jsonl"
    CSV = "csv"


@app.command(
    "list", epilog=examples("rareframe events list", "rareframe events list --camera gate --since 2026-11-01 --json")
)
def list_(
    camera: CameraOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = _LIMIT,
    shadow: ShadowOption = False,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> int:
    """The newest events, newest first, one a line."""
    with open_store(config_file, data_dir) as store:
        found = store.events(camera=camera, since_ns=_ns(since), until_ns=_ns(until), limit=limit, shadow=shadow)
    if as_json:
        typer.echo(_json(found))
    for event in [] if as_json else found:
        typer.echo(_line(event))
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
        event = store.event(event_id)
        if event is None:
            event = _only(event_id, [*store.events(limit=1_000_000), *store.events(limit=1_000_000, shadow=True)])
    typer.echo(_json(event) if as_json else "\n".join(_page(event, folder)))
    return EXIT_OK


@app.command(
    epilog=examples("rareframe events export --out events.jsonl", "rareframe events export --format csv > events.csv")
)
def export(
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
    """All events, oldest first, for other programs."""
    with open_store(config_file, data_dir) as store:
        found = store.events(camera=camera, since_ns=_ns(since), until_ns=_ns(until), limit=1_000_000, shadow=shadow)[
            ::-1
        ]
    text = _csv(found) if style is Format.CSV else "".join(_json_line(event) + "\n" for event in found)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
    return EXIT_OK


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
    from monitor.config.places import store_path  # noqa: PLC0415

    path = store_path(data_folder(config_file, data_dir))
    if not path.exists():
        raise FailedError(f"{path}: expected an event store, got nothing; name the daemon's folder with --data-dir")
    with closing(EventStore.open_read_only(path)) as store:
        yield store


def _only(beginning: str, events: Sequence[Event]) -> Event:
    fitting = [event for event in events if event.id.startswith(beginning)]
    if len(fitting) != 1:
        raise FailedError(
            f"event {beginning}: expected one event, got {len(fitting)}; `rareframe events list` shows their ids"
        )
    return fitting[0]


def _ns(when: datetime | None) -> int | None:
    return None if when is None else int(when.replace(tzinfo=UTC).timestamp()) * _NS


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


def _strength(event: Event) -> str:
    from monitor.kinds import Kind, kind_of  # noqa: PLC0415 - see the package

    kind = kind_of(event)
    return f"{event.score:.3g} > {event.limit:.3g}" if kind is Kind.ANOMALY else f"{kind.value} notice"


def _page(event: Event, folder: Path) -> Iterator[str]:
    yield f"event     {event.id}"
    yield f"camera    {event.camera}, {event.state.value}"
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
        yield f"reason    {reason.detector}: {reason.text}"
    for name, file in (("snapshot", event.snapshot), ("overlay", event.overlay), ("clip", event.clip)):
        if file is not None:
            yield f"{name:<9} {folder / file}"


def _json(value: object) -> str:
    import msgspec  # noqa: PLC0415 - see the package

    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()


def _json_line(event: Event) -> str:
    import msgspec  # noqa: PLC0415 - see the package

    return msgspec.json.encode(event).decode()


def _csv(events: Sequence[Event]) -> str:
    columns = (
        "id",
        "camera",
        "phase",
        "began_ns",
        "ended_ns",
        "peak_ns",
        "score",
        "limit",
        "p_value",
        "frames",
        "cause",
        "held",
    )
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*columns, "reason", "snapshot", "overlay", "clip"])
    for event in events:
        why = event.reasons[0].text if event.reasons else ""
        table.writerow(
            [*(getattr(event, column) for column in columns), why, event.snapshot, event.overlay, event.clip]
        )
    return text.getvalue()
