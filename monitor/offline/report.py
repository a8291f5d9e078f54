"""One HTML page that shows a scan: self-contained, no network, no wall time. Reads the snapshots, decides nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from monitor.offline.findings import Finding, Moment, Scan, ScannedFile
from monitor.offline.page import rendered

# Two JPEGs each of some ten kB: beyond this a page grows too heavy for a phone, and the rest stay files.
MOST_PICTURES = 150
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_OFTEN = 0.1  # above this a chance reads better as a share
# Said of a moment that is in no event.
_VERDICTS = {
    "normal": "normal: below the limit",
    "anomalous": "anomalous, but too short for an event",
    "unknown": "verdict unknown: no limit yet",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One event as shown; pictures as data URIs, None where there is none to show."""

    finding: Finding
    number: int
    when: str
    peak: str
    ratio: str
    chance: str
    snapshot: str | None
    overlay: str | None


@dataclass(frozen=True, slots=True)
class MomentCard:
    """One of a file's strangest moments as shown; pictures as a Card's."""

    moment: Moment
    letter: str
    key: str
    at: str
    level: str
    verdict: str
    snapshot: str | None
    overlay: str | None


@dataclass(frozen=True, slots=True)
class Chart:
    """What the page's script draws: the first three of one length, stretches as [from, to, name].

    `moments` are (time, letter, id of the card).
    """

    at_s: list[float]
    score: list[float | None]
    limit: list[float | None]
    events: list[tuple[float, float, str]]
    unknown: list[tuple[float, float, str]]
    states: list[tuple[float, float, str]]
    moments: list[tuple[float, str, str]]


@dataclass(frozen=True, slots=True)
class Section:
    """One file as shown; `states` are (state, how long) in order of first appearance, `judged` how long it was known.

    `moments` are in order of strength, as their letters tell.
    """

    file: ScannedFile
    name: str
    duration: str
    judged: str | None
    states: list[tuple[str, str]]
    cards: list[Card]
    moments: list[MomentCard]
    chart: Chart


def write_report(scan: Scan, out: Path) -> Path:
    """Write `report.html` into the scan's output folder, where its snapshots are.

    Raises:
        OSError: It cannot be written, or a snapshot cannot be read.
    """
    path = out / "report.html"
    path.write_text(render(scan, out), encoding="utf-8")
    return path


def render(scan: Scan, out: Path) -> str:
    """The page's HTML. Its policy allows the page's own scripts and styles by hash, and nothing from anywhere."""
    findings = [finding for file in scan.files for finding in file.findings]
    moments = sum(len(file.moments) for file in scan.files)
    return rendered(
        "report.html",
        scripts=("uplot/uPlot.iife.min.js", "report.js"),
        styles=("uplot/uPlot.min.css", "report.css"),
        sections=_sections(scan, out),
        events=len(findings),
        frames=sum(file.frames for file in scan.files),
        duration=clock_text(sum(file.duration_s for file in scan.files)),
        unpictured=max(0, len(findings) + moments - MOST_PICTURES),
    )


def clock_text(seconds: float) -> str:
    """Seconds as people read a player's clock: 0:04.2, 12:30.0, 3:05:00 (tenths below an hour only)."""
    tenths = round(seconds * 10)
    if tenths >= _HOUR_S * 10:
        whole = round(seconds)
        return f"{whole // _HOUR_S}:{whole % _HOUR_S // _MINUTE_S:02d}:{whole % _MINUTE_S:02d}"
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def chance_text(p_value: float | None) -> str:
    """A p-value in words, which is about seconds of ordinary life (`detectors.calibration`); "" where there is none."""
    if p_value is None:
        return ""
    if p_value <= 0:
        return "never in the ordinary seconds before"
    if p_value >= _OFTEN:
        return f"as strong in {p_value:.0%} of ordinary seconds"
    return f"about one such second in {_span_text(1 / p_value)}"


def _span_text(seconds: float) -> str:
    for unit_s, unit in ((_DAY_S, "days"), (_HOUR_S, "hours"), (_MINUTE_S, "minutes")):
        if seconds >= 2 * unit_s:
            number = seconds / unit_s
            return f"{number:,.0f} {unit}" if number >= 10 else f"{number:.1f} {unit}"  # noqa: PLR2004 - two digits
    return f"{seconds:.0f} seconds"


def _sections(scan: Scan, out: Path) -> list[Section]:
    findings = [finding for file in scan.files for finding in file.findings]
    moments = [moment for file in scan.files for moment in file.moments]
    strongest = [finding.id for finding in sorted(findings, key=_ratio, reverse=True)]
    strongest += [moment.id for moment in sorted(moments, key=lambda moment: -moment.score)]
    pictured = set(strongest[:MOST_PICTURES])
    sections = []
    number = 0
    for place, file in enumerate(scan.files, start=1):
        cards = []
        for finding in file.findings:
            number += 1
            cards.append(_card(finding, number, out if finding.id in pictured else None))
        letters = [
            _moment_card(moment, chr(ord("A") + index), place, out if moment.id in pictured else None)
            for index, moment in enumerate(file.moments)
        ]
        sections.append(_section(file, cards, letters))
    return sections


def _section(file: ScannedFile, cards: list[Card], moments: list[MomentCard]) -> Section:
    unknown_s = sum(stretch.to_s - stretch.from_s for stretch in file.unknown)
    return Section(
        file=file,
        name=PurePath(file.file).name,
        duration=clock_text(file.duration_s),
        judged=clock_text(file.duration_s - unknown_s) if file.duration_s > unknown_s else None,
        states=_totals(file),
        cards=cards,
        moments=moments,
        chart=_chart(file, cards, moments),
    )


def _card(finding: Finding, number: int, out: Path | None) -> Card:
    """`out` None: without pictures."""
    return Card(
        finding=finding,
        number=number,
        when=f"{clock_text(finding.began_s)} \N{EN DASH} {clock_text(finding.ended_s)}",
        peak=clock_text(finding.peak_s),
        ratio=_times_limit(finding.score, finding.limit),
        chance=chance_text(finding.p_value),
        snapshot=_data_uri(out, finding.snapshot),
        overlay=_data_uri(out, finding.overlay),
    )


def _moment_card(moment: Moment, letter: str, place: int, out: Path | None) -> MomentCard:
    """`place` is its file's, from 1; `out` None: without pictures."""
    parts = [f"score {moment.score:.2f}, where 1 was high in the warm-up"]
    if moment.limit is not None:
        parts = [_times_limit(moment.score, moment.limit), chance_text(moment.p_value)]
    return MomentCard(
        moment=moment,
        letter=letter,
        key=f"moment-{place}-{letter}",
        at=clock_text(moment.at_s),
        level=" \N{MIDDLE DOT} ".join(part for part in parts if part),
        verdict=_VERDICTS[moment.verdict],
        snapshot=_data_uri(out, moment.snapshot),
        overlay=_data_uri(out, moment.overlay),
    )


def _chart(file: ScannedFile, cards: Iterable[Card], moments: Iterable[MomentCard]) -> Chart:
    return Chart(
        at_s=[point.at_s for point in file.points],
        score=[point.score for point in file.points],
        limit=[point.limit for point in file.points],
        events=[(card.finding.began_s, card.finding.ended_s, str(card.number)) for card in cards],
        unknown=[(stretch.from_s, stretch.to_s, stretch.state) for stretch in file.unknown],
        states=[(stretch.from_s, stretch.to_s, stretch.state) for stretch in file.states],
        moments=[(card.moment.at_s, card.letter, card.key) for card in moments],
    )


def _totals(file: ScannedFile) -> list[tuple[str, str]]:
    totals: dict[str, float] = {}
    for stretch in file.states:
        totals[stretch.state] = totals.get(stretch.state, 0.0) + stretch.to_s - stretch.from_s
    return [(state, clock_text(total)) for state, total in totals.items()]


def _times_limit(score: float, limit: float) -> str:
    return f"{score / limit:.2f} \N{MULTIPLICATION SIGN} limit" if limit > 0 else "above a limit of 0"


def _ratio(finding: Finding) -> float:
    return finding.score / finding.limit if finding.limit > 0 else finding.score


def _data_uri(out: Path | None, name: str | None) -> str | None:
    if out is None or name is None:
        return None
    return "data:image/jpeg;base64," + base64.b64encode((out / name).read_bytes()).decode("ascii")
