"""Events as other programs read them: JSON, lines of JSON, a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.stored import Listed
    from monitor.types import Event


def for_programs(listed: Listed) -> dict[str, object]:
    """The event's own fields, and what people made of it beside them."""
    import msgspec  # noqa: PLC0415 - see the package

    own = msgspec.to_builtins(listed.event)
    own.pop("look", None)  # some hundred numbers that only feedback reads
    return {**own, "protected": listed.protected, "feedback": listed.feedback}


def json_of(value: object) -> str:
    """Indented."""
    import msgspec  # noqa: PLC0415 - see the package

    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()


def as_line(event: Event) -> str:
    """One line of JSON, without its end."""
    import msgspec  # noqa: PLC0415 - see the package

    return msgspec.json.encode(event).decode()


def as_table(events: Sequence[Event]) -> str:
    """CSV with a head, one event a line."""
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
