"""What every sink tells of an event: one JSON object, documented here. Times are ISO 8601 in UTC.

`schema_version` rises when a field changes its meaning or goes; fields may be added at any time.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from detectors.base import Reason
from monitor.kinds import Kind, kind_of
from monitor.sink import telling_key
from monitor.types import Event, Phase, State

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Payload:
    """One telling of one event.

    Attributes:
        schema_version: Of this object.
        key: Unique to this telling of this event; the same when it is sent again.
        id: Of the event: the same in every phase.
        kind: "anomaly"; "health" for trouble of cameras, processes, disk and sinks (camera is "" where it is none's);
            "test" if nothing happened and somebody tries the sink.
        phase: "opened", "updated" or "closed".
        began: Of the first anomalous frame; `ended` of the last so far, `peak` of the strongest.
        began_pts: The same in seconds into a recording or connection; null where the source does not say.
        score: Of the strongest frame; above `limit`. `p_value`, `state` and `reasons` are that frame's too.
        frames: Anomalous frames so far.
        reasons: Strongest first: detector, text, p_value, box as shares (left, top, right, bottom), the channel it
            speaks in ("moving", "scene", "rules" for a rule of the user's, "tamper" for what was done to the camera
            itself, "health"), cells, its hottest places as such boxes, hottest first, ratio, its score in units of what
            is usually high for it, and of the text place, where it is, and often, how rare.
        cause: Why it closed; null while open. What is strange again soon after goes on with the same event: "updated"
            may follow "closed".
        held: Why nobody was told at once: "still learning" or "over budget"; "" if they were.
        also: So many other held events this telling stands for.
        note: What is to be known of this telling, for people: that the camera is still learning, that it stands for
            others; "" if nothing is.
        snapshot: File below the data folder; `overlay` with the heatmap, `clip` the video, `full` the strongest
            frame at the source's own size. Null if there is none.
        link: Where a browser shows it; null if it is not known how the web server is reached.
        normals: Files of ordinary pictures that are most like it where it is strange, nearest first.
        light: In which the camera saw: "colour", "infrared", "dark"; "" where that is not known.
        snapshot_jpeg_base64: The overlay, or else the snapshot, if the sink is set to send it and the file is there.
    """

    schema_version: int
    key: str
    id: str
    kind: Kind
    camera: str
    phase: Phase
    began: str
    ended: str
    peak: str
    began_pts: float | None
    ended_pts: float | None
    score: float
    limit: float
    p_value: float | None
    frames: int
    state: State
    reasons: tuple[Reason, ...]
    cause: str | None
    held: str
    also: int
    note: str
    snapshot: str | None
    overlay: str | None
    clip: str | None
    full: str | None
    link: str | None
    normals: tuple[str, ...]
    light: str
    snapshot_jpeg_base64: str | None


def payload_of(event: Event, *, pictures: Path | None = None, link: str | None = None) -> Payload:
    """What is told of `event`; with its picture read below the data folder `pictures`, if given.

    Args:
        link: Address of the web server as people reach it, without a slash at its end.
    """
    return Payload(
        schema_version=SCHEMA_VERSION,
        key=telling_key(event),
        id=event.id,
        kind=kind_of(event),
        camera=event.camera,
        phase=event.phase,
        began=_iso(event.began_ns),
        ended=_iso(event.ended_ns),
        peak=_iso(event.peak_ns),
        began_pts=event.began_pts,
        ended_pts=event.ended_pts,
        score=event.score,
        limit=event.limit,
        p_value=event.p_value,
        frames=event.frames,
        state=event.state,
        reasons=event.reasons,
        cause=event.cause,
        held=event.held,
        also=event.also,
        note=_note(event),
        snapshot=event.snapshot,
        overlay=event.overlay,
        clip=event.clip,
        full=event.full,
        link=None if link is None else f"{link}/#/event/{event.id}",
        normals=event.normals,
        light=event.light,
        snapshot_jpeg_base64=None if pictures is None else _picture(pictures, event.overlay or event.snapshot),
    )


def as_json(payload: Payload) -> bytes:
    """One line of JSON without its end."""
    return msgspec.json.encode(payload)


def read_picture(folder: Path, name: str | None) -> bytes | None:
    """A picture below the data folder; None if there is none: told without it rather than not at all."""
    try:
        return None if name is None else (folder / name).read_bytes()
    except OSError:
        return None


def _note(event: Event) -> str:
    notes = []
    if kind_of(event) is Kind.TEST:
        notes.append("this is only a test of the sink: nothing happened")
    if event.state is State.CALIBRATING:
        notes.append("still learning: the limit of this camera is not proven yet")
    if event.cause == "accepted":
        notes.append(f"accepted as a new normal at {_iso(event.ended_ns)}: it was there for so long")
    if event.held:
        others = f", and of {event.also} other(s) that were held too" if event.also else ""
        notes.append(f"told late{others}: {event.held}")
    return "; ".join(notes)


def _iso(wall_ns: int) -> str:
    # Whole microseconds by integers: a float of this size is exact to about 200 ns only.
    seconds, rest_ns = divmod(wall_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // 1000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _picture(folder: Path, name: str | None) -> str | None:
    picture = read_picture(folder, name)
    return None if picture is None else base64.b64encode(picture).decode()
