"""What events are searched by, as options of commands. Opens no store."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from monitor.types import State

_NS = 1_000_000_000
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
_TIME = "UTC, as 2026-11-01 or 2026-11-01T08:30:00"


class Said(StrEnum):
    """What people said of an event."""

    NORMAL = "normal"
    UNUSUAL = "unusual"
    NONE = "none"


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
StateOption = Annotated[
    str | None, typer.Option("--state", metavar="STATE", help="Only while the camera was so: active, degraded …")
]
MinScoreOption = Annotated[float | None, typer.Option("--min-score", help="Only with a score of at least this.")]
FeedbackOption = Annotated[Said | None, typer.Option("--feedback", help="Only those of which this was said last.")]
ProtectedOption = Annotated[
    bool | None, typer.Option("--protected/--unprotected", help="Only those that are never deleted, or the others.")
]
HeldOption = Annotated[
    bool | None, typer.Option("--held/--told", help="Only those that nobody was told of at once, or the others.")
]
TextOption = Annotated[
    str | None, typer.Option("--text", metavar="WORDS", help="Only where each of these words is in what is said of it.")
]


def ns_of(when: datetime | None) -> int | None:
    """Wall time of a moment in UTC."""
    return None if when is None else int(when.replace(tzinfo=UTC).timestamp()) * _NS


def state_of(name: str | None) -> State | None:
    """The state of this name.

    Raises:
        typer.BadParameter: There is none.
    """
    from monitor.types import State  # noqa: PLC0415 - see the package

    try:
        return None if name is None else State(name)
    except ValueError as error:
        raise typer.BadParameter(
            f'--state: expected one of {", ".join(state.value for state in State)}, got "{name}"'
        ) from error
