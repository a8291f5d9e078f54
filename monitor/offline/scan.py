"""Recordings in, what was rare in them out: events, snapshots, scores. Judges nothing itself and draws no report."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from monitor.offline.findings import (
    SCORE_DIGITS,
    SECONDS_DIGITS,
    Finding,
    Moment,
    Point,
    Scan,
    ScannedFile,
    Stretch,
    events_json,
    thinned,
)
from monitor.offline.peaks import EventPeak, Moments
from monitor.types import Event, Frame, Judgement, Phase, Verdict

CHART_POINTS = 3000  # more than a wide screen has columns
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")
_NS = 1e9
_COLUMNS = "at_s,score,limit,p_value,state,verdict\n"


class ScanError(Exception):
    """A recording could not be opened or read on. What was found before stays; the next file is scanned."""


@dataclass(frozen=True, slots=True)
class Route:
    """The shipped route through one recording; made anew for each.

    Attributes:
        frames: The frames due for analysis, none dropped, of one run; closed by the scan. May raise ScanError.
        judge: Judges a frame, then learns it.
        decide: What people would be told because of a judgement.
        end: What they would be told because the recording ended.
        length_s: For the progress display; None if the file does not say.
        clip: The video of an event that closed, None where there is none; told of every event. None: none is wanted.
    """

    frames: Callable[[], Generator[Frame, None, None]]
    judge: Callable[[Frame], Judgement]
    decide: Callable[[Judgement], Sequence[Event]]
    end: Callable[[], Sequence[Event]]
    length_s: float | None
    clip: Callable[[Event], bytes | None] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is: `file` is the `index`-th (from 1) of `files`."""

    file: str
    index: int
    files: int
    at_s: float
    length_s: float | None
    events: int


def scan(
    files: Sequence[Path],
    out: Path,
    route: Callable[[Path], Route],
    overlay: Callable[[Judgement], bytes | None],
    progress: Callable[[Progress], None],
) -> Scan:
    """Scan `files` and write scores, snapshots, clips where they are wanted, and `events.json` below `out`.

    Args:
        route: Opens one file; may raise ScanError.
        overlay: A judgement's picture with its heatmap drawn over it, as JPEG; None without either.
        progress: Told after each frame.

    Raises:
        OSError: `out` cannot be written to.
    """
    (out / "scores").mkdir(parents=True, exist_ok=True)
    (out / "snapshots").mkdir(exist_ok=True)
    scanned: list[ScannedFile] = []
    found = 0
    for index, path in enumerate(files, start=1):
        one = _FileScan(path, f"{index}-{_plain(path)}", out, overlay)
        for at_s, length_s in one.steps(route):
            progress(Progress(one.file, index, len(files), at_s, length_s, found + len(one.findings)))
        scanned.append(one.result())
        found += len(one.findings)
    whole = Scan(tuple(scanned))
    (out / "events.json").write_text(events_json(whole), encoding="utf-8")
    return whole


class _FileScan:
    """One file on its way through the route."""

    def __init__(self, path: Path, name: str, out: Path, overlay: Callable[[Judgement], bytes | None]) -> None:
        """`name` is unique in this scan and plain; files are named after it."""
        self.file = str(path)
        self.findings: list[Finding] = []
        self._path = path
        self._name = name
        self._out = out
        self._overlay = overlay
        self._scores = f"scores/{name}.csv"
        self._error: str | None = None
        self._peak = EventPeak()
        self._moments = Moments()
        self._points: list[Point] = []
        self._states: list[Stretch] = []
        self._knowing: list[Stretch] = []  # "known" and "unknown" in turn
        self._first: tuple[int, int] | None = None  # monotonic and wall time of the first frame

    def steps(self, opened: Callable[[Path], Route]) -> Iterator[tuple[float, float | None]]:
        """Scan to the end, or to where the file cannot be read on; gives time in the file and its length."""
        with (self._out / self._scores).open("w", encoding="utf-8", newline="") as lines:
            lines.write(_COLUMNS)
            try:
                route = opened(self._path)
                for at_s in self._follow(route, lines):
                    yield at_s, route.length_s
            except ScanError as failure:
                self._error = str(failure)

    def result(self) -> ScannedFile:
        """What is known once all steps were made; writes the pictures of the strangest moments."""
        return ScannedFile(
            file=self.file,
            frames=len(self._points),
            duration_s=self._states[-1].to_s if self._states else 0.0,
            error=self._error,
            scores=self._scores,
            states=tuple(self._states),
            unknown=tuple(stretch for stretch in self._knowing if stretch.state == "unknown"),
            points=thinned(self._points, CHART_POINTS),
            findings=tuple(self.findings),
            moments=tuple(self._strangest()),
        )

    def _follow(self, route: Route, lines: TextIO) -> Iterator[float]:
        try:
            with closing(route.frames()) as frames:
                for frame in frames:
                    judgement = route.judge(frame)
                    at_s = self._note(judgement, lines)
                    self._hear(route, route.decide(judgement))
                    yield at_s
        finally:
            self._hear(route, route.end())

    def _note(self, judgement: Judgement, lines: TextIO) -> float:
        stamp = judgement.stamp
        self._first = self._first or (stamp.mono_ns, stamp.wall_ns)
        at_s = round((stamp.mono_ns - self._first[0]) / _NS, SECONDS_DIGITS)
        score, limit, p_value = (_rounded(value) for value in (judgement.score, judgement.limit, judgement.p_value))
        row = (at_s, score, limit, p_value, judgement.state.value, judgement.verdict.value)
        lines.write(",".join("" if value is None else str(value) for value in row) + "\n")
        self._points.append(Point(at_s, score, limit))
        _extend(self._states, judgement.state.value, at_s)
        _extend(self._knowing, "unknown" if judgement.verdict is Verdict.UNKNOWN else "known", at_s)
        if judgement.verdict is Verdict.ANOMALOUS:
            self._peak.see(judgement)
        self._moments.see(at_s, judgement)
        return at_s

    def _hear(self, route: Route, events: Sequence[Event]) -> None:
        """Take in what people would be told; an event is written down when it closes, and anew if it went on."""
        for event in events:
            self._peak.follow(event.began_ns)
            clip = None if route.clip is None else route.clip(event)
            if event.phase is Phase.CLOSED:
                finding = self._finding(event, clip)
                if self.findings and self.findings[-1].id == finding.id:
                    self.findings.pop()
                self.findings.append(finding)
                self._peak.forget()

    def _finding(self, event: Event, clip: bytes | None) -> Finding:
        began_s = self._in_file_s(event.began_ns)
        name = f"{self._name}-{round(began_s * 1000):09d}"
        before = self.findings[-1] if self.findings and self.findings[-1].id == name else None
        snapshot, overlay = self._pictures(name, self._peak.at(event.peak_ns))
        if snapshot is None and before is not None:  # the strongest frame lay before it went on
            snapshot, overlay = before.snapshot, before.overlay
        return Finding(
            id=name,
            file=self.file,
            began_s=began_s,
            ended_s=self._in_file_s(event.ended_ns),
            peak_s=self._in_file_s(event.peak_ns),
            frames=event.frames,
            score=_significant(event.score),
            limit=_significant(event.limit),
            p_value=_rounded(event.p_value),
            reasons=event.reasons,
            cause=event.cause,
            snapshot=snapshot,
            overlay=overlay,
            clip=self._clip(name, clip),
        )

    def _strangest(self) -> Iterator[Moment]:
        for peak in self._moments.strangest([(finding.began_s, finding.ended_s) for finding in self.findings]):
            name = f"{self._name}-moment-{round(peak.at_s * 1000):09d}"
            snapshot, overlay = self._pictures(name, peak.judgement)
            yield Moment(
                id=name,
                file=self.file,
                at_s=peak.at_s,
                score=_significant(peak.score),
                limit=_rounded(peak.judgement.limit),
                p_value=_rounded(peak.judgement.p_value),
                verdict=peak.judgement.verdict.value,
                snapshot=snapshot,
                overlay=overlay,
            )

    def _clip(self, name: str, clip: bytes | None) -> str | None:
        if clip is None:
            return None
        file = f"clips/{name}.mp4"
        (self._out / "clips").mkdir(exist_ok=True)
        (self._out / file).write_bytes(clip)
        return file

    def _pictures(self, name: str, peak: Judgement | None) -> tuple[str | None, str | None]:
        if peak is None or peak.picture is None:
            return None, None
        snapshot, overlay = f"snapshots/{name}.jpg", f"snapshots/{name}-overlay.jpg"
        (self._out / snapshot).write_bytes(peak.picture)
        drawn = self._overlay(peak)
        if drawn is None:
            return snapshot, None
        (self._out / overlay).write_bytes(drawn)
        return snapshot, overlay

    def _in_file_s(self, wall_ns: int) -> float:
        first_ns = 0 if self._first is None else self._first[1]
        return round((wall_ns - first_ns) / _NS, SECONDS_DIGITS)


def _extend(stretches: list[Stretch], state: str, at_s: float) -> None:
    """Each stretch ends where the next begins."""
    if stretches:
        stretches[-1] = replace(stretches[-1], to_s=at_s)
    if not stretches or stretches[-1].state != state:
        stretches.append(Stretch(state, at_s, at_s))


def _plain(path: Path) -> str:
    return _NOT_PLAIN.sub("_", path.stem)[:60] or "file"


def _rounded(value: float | None) -> float | None:
    return None if value is None else _significant(value)


def _significant(value: float) -> float:
    return float(f"{value:.{SCORE_DIGITS}g}")
