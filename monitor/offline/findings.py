"""What a scan found, as values and as the JSON of `events.json`. Holds no wall time: same scan, same bytes.

{"version": 1,
 "files": [{"file": as given, "frames": analysed, "duration_s": float, "error": null or why reading stopped early,
            "scores": path below the output folder of one line per analysed frame,
            "states": [{"state": "warming", "from_s": 0.0, "to_s": 12.3}, ...]}],
 "events": [{"id": "1-vtest-000012300" (number of the file, its name, milliseconds), "file": as given,
             "began_s", "ended_s", "peak_s": seconds in the file, "frames": anomalous ones,
             "score", "limit", "p_value": of the strongest frame (p_value may be null),
             "reasons": [{"detector", "text", "p_value", "box": shares of the picture or null}],
             "cause": why it closed, "snapshot", "overlay", "clip": paths below the output folder or null}],
 "moments": [{"id", "file", "at_s", "score", "limit", "p_value", "verdict", "snapshot", "overlay"}]}

`moments` are each file's highest peaks of the score that lie in no event, strongest first, also where the verdict was
still "unknown" (then `limit` and `p_value` are null). They are there to be looked at, and nobody is told of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from detectors.base import Reason

VERSION = 1
SECONDS_DIGITS = 3
SCORE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Stretch:
    """A camera state from one time in the file to another; also a stretch of unknown verdicts."""

    state: str
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One event in one file; every `_s` is seconds into the file. Fields as the module's text says."""

    id: str
    file: str
    began_s: float
    ended_s: float
    peak_s: float
    frames: int
    score: float
    limit: float
    p_value: float | None
    reasons: tuple[Reason, ...]
    cause: str | None
    snapshot: str | None
    overlay: str | None
    clip: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A peak of the score outside of events, worth a look. Fields as the module's text says."""

    id: str
    file: str
    at_s: float
    score: float
    limit: float | None
    p_value: float | None
    verdict: str
    snapshot: str | None
    overlay: str | None


@dataclass(frozen=True, slots=True)
class Point:
    """One analysed frame, or the strongest of several that share a place in the chart; None where unknown."""

    at_s: float
    score: float | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """One file's course. `points` are thinned for drawing; all of them are in the file `scores`."""

    file: str
    frames: int
    duration_s: float
    error: str | None
    scores: str
    states: tuple[Stretch, ...]
    unknown: tuple[Stretch, ...]
    points: tuple[Point, ...]
    findings: tuple[Finding, ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """All files in the order given, each with its events in order of time."""

    files: tuple[ScannedFile, ...]


def events_json(scan: Scan) -> str:
    """The content of `events.json`."""
    files = [
        {
            "file": file.file,
            "frames": file.frames,
            "duration_s": file.duration_s,
            "error": file.error,
            "scores": file.scores,
            "states": [asdict(stretch) for stretch in file.states],
        }
        for file in scan.files
    ]
    events = [asdict(finding) for file in scan.files for finding in file.findings]
    moments = [asdict(moment) for file in scan.files for moment in file.moments]
    whole = {"version": VERSION, "files": files, "events": events, "moments": moments}
    return json.dumps(whole, indent=2, allow_nan=False) + "\n"


def thinned(points: Sequence[Point], most: int) -> tuple[Point, ...]:
    """At most about `most` points: of each group of neighbours the one with the highest score, so that peaks stay."""
    size = max(1, -(-len(points) // most))
    groups = (points[start : start + size] for start in range(0, len(points), size))
    return tuple(max(group, key=_height) for group in groups)


def _height(point: Point) -> float:
    return -1.0 if point.score is None else point.score
