"""One HTML page that shows a scan: self-contained, no network, no wall time. Reads the snapshots, decides nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from monitor.offline.findings import Finding, Scan, ScannedFile

# Two JPEGs each of some ten kB: beyond this a page grows too heavy for a phone, and the rest stay files.
MOST_PICTURES = 150
_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_MINUTE_S, _HOUR_S = 60, 3600
_RARELY = 0.001  # below this a chance reads better as "1 in so many"


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
class Chart:
    """What the page's script draws: the first three of one length, stretches as [from, to, name]."""

    at_s: list[float]
    score: list[float | None]
    limit: list[float | None]
    events: list[tuple[float, float, str]]
    unknown: list[tuple[float, float, str]]
    states: list[tuple[float, float, str]]


@dataclass(frozen=True, slots=True)
class Section:
    """One file as shown; `states` are (state, how long) in order of first appearance."""

    file: ScannedFile
    name: str
    duration: str
    states: list[tuple[str, str]]
    cards: list[Card]
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
    styles = [_source("uplot/uPlot.min.css"), _source("report.css")]
    scripts = [_source("uplot/uPlot.iife.min.js"), _source("report.js")]
    findings = [finding for file in scan.files for finding in file.findings]
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = asdict
    return environment.get_template("report.html").render(
        sections=_sections(scan, out),
        events=len(findings),
        frames=sum(file.frames for file in scan.files),
        duration=clock_text(sum(file.duration_s for file in scan.files)),
        unpictured=max(0, len(findings) - MOST_PICTURES),
        styles=[Markup(text) for text in styles],  # noqa: S704 - our own files, no input in them
        scripts=[Markup(text) for text in scripts],  # noqa: S704 - our own files, no input in them
        style_hashes=_hashes(styles),
        script_hashes=_hashes(scripts),
    )


def clock_text(seconds: float) -> str:
    """Seconds as people read a player's clock: 0:04.2, 12:30.0, 3:05:00 (tenths below an hour only)."""
    tenths = round(seconds * 10)
    if tenths >= _HOUR_S * 10:
        whole = round(seconds)
        return f"{whole // _HOUR_S}:{whole % _HOUR_S // _MINUTE_S:02d}:{whole % _MINUTE_S:02d}"
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def chance_text(p_value: float | None) -> str:
    """A p-value in words; "" where there is none."""
    if p_value is None:
        return ""
    if p_value <= 0:
        return "not seen before"
    often = f"1 of {1 / p_value:,.0f}" if p_value < _RARELY else f"{p_value:.1%} of"
    return f"seen in {often} frames"


def _sections(scan: Scan, out: Path) -> list[Section]:
    findings = [finding for file in scan.files for finding in file.findings]
    strongest = sorted(range(len(findings)), key=lambda index: -_ratio(findings[index]))
    pictured = set(strongest[:MOST_PICTURES])
    sections = []
    number = 0
    for file in scan.files:
        cards = []
        for finding in file.findings:
            cards.append(_card(finding, number + 1, out if number in pictured else None))
            number += 1
        sections.append(
            Section(
                file, PurePath(file.file).name, clock_text(file.duration_s), _totals(file), cards, _chart(file, cards)
            )
        )
    return sections


def _card(finding: Finding, number: int, out: Path | None) -> Card:
    """`out` None: without pictures."""
    return Card(
        finding=finding,
        number=number,
        when=f"{clock_text(finding.began_s)} \N{EN DASH} {clock_text(finding.ended_s)}",
        peak=clock_text(finding.peak_s),
        ratio=f"{_ratio(finding):.2f} \N{MULTIPLICATION SIGN} limit" if finding.limit > 0 else "above a limit of 0",
        chance=chance_text(finding.p_value),
        snapshot=_data_uri(out, finding.snapshot),
        overlay=_data_uri(out, finding.overlay),
    )


def _chart(file: ScannedFile, cards: Iterable[Card]) -> Chart:
    return Chart(
        at_s=[point.at_s for point in file.points],
        score=[point.score for point in file.points],
        limit=[point.limit for point in file.points],
        events=[(card.finding.began_s, card.finding.ended_s, str(card.number)) for card in cards],
        unknown=[(stretch.from_s, stretch.to_s, stretch.state) for stretch in file.unknown],
        states=[(stretch.from_s, stretch.to_s, stretch.state) for stretch in file.states],
    )


def _totals(file: ScannedFile) -> list[tuple[str, str]]:
    totals: dict[str, float] = {}
    for stretch in file.states:
        totals[stretch.state] = totals.get(stretch.state, 0.0) + stretch.to_s - stretch.from_s
    return [(state, clock_text(total)) for state, total in totals.items()]


def _ratio(finding: Finding) -> float:
    return finding.score / finding.limit if finding.limit > 0 else finding.score


def _data_uri(out: Path | None, name: str | None) -> str | None:
    if out is None or name is None:
        return None
    return "data:image/jpeg;base64," + base64.b64encode((out / name).read_bytes()).decode("ascii")


def _source(name: str) -> str:
    """A script or style that is put into the page as it is."""
    return (_STATIC / name).read_text(encoding="utf-8")


def _hashes(sources: Iterable[str]) -> str:
    """Sources of a Content-Security-Policy, https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    digests = (hashlib.sha256(source.encode("utf-8")).digest() for source in sources)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)
