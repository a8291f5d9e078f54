"""The report: self-contained, escaped, and drawn by a real browser where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from detectors.base import Reason
from monitor.offline.findings import Finding, Moment, Point, Scan, ScannedFile, Stretch, thinned
from monitor.offline.report import MOST_PICTURES, chance_text, clock_text, render, write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = 'a<script>alert(1)</script>"&.mp4'


def finding(number: int, snapshot: str | None = "snapshots/a.jpg") -> Finding:
    """An event that is stronger the higher its number."""
    return Finding(
        id=f"1-a-{number}",
        file=EVIL,
        began_s=float(number),
        ended_s=number + 0.5,
        peak_s=number + 0.2,
        frames=5,
        score=2.0 + number,
        limit=1.0,
        p_value=0.0004,
        reasons=(Reason("motion", "Faster than </script> usual", 0.0004, (0.1, 0.1, 0.3, 0.4)),),
        cause="quiet",
        snapshot=snapshot,
        overlay=snapshot and "snapshots/b.jpg",
    )


def moment(number: int, verdict: str = "normal") -> Moment:
    """A peak without an event; unknown ones have no limit."""
    known = verdict != "unknown"
    limit, p_value = (1.0, 0.25) if known else (None, None)
    return Moment(
        f"m-{number}", EVIL, float(number), 0.9, limit, p_value, verdict, "snapshots/a.jpg", "snapshots/b.jpg"
    )


def scanned(
    findings: tuple[Finding, ...], error: str | None = None, moments: tuple[Moment, ...] = (), known_s: float = 2.0
) -> Scan:
    """A scan of one file whose verdicts are unknown before `known_s`."""
    points = tuple(Point(i / 10, None if i < 20 else i % 7 / 3, None if i < 20 else 1.0) for i in range(200))
    states = (Stretch("warming", 0.0, 2.0), Stretch("active", 2.0, 19.9))
    unknown = (Stretch("unknown", 0.0, known_s),)
    return Scan((ScannedFile(EVIL, 200, 19.9, error, "scores/1-a.csv", states, unknown, points, findings, moments),))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output folder with two pictures (a real JPEG is not needed to be embedded)."""
    (tmp_path / "snapshots").mkdir()
    for name in ("a", "b"):
        (tmp_path / "snapshots" / f"{name}.jpg").write_bytes(name.encode() * 9)
    return tmp_path


class Links(HTMLParser):
    """Collects what a page would fetch, its inline handlers and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.inline: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the tag."""
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        self.inline += [name for name, _ in attrs if name.startswith("on") or name == "style"]


def test_the_page_fetches_nothing_and_its_policy_says_so(out: Path) -> None:
    """Only data URIs, no inline handlers or styles, and a policy that starts from nothing."""
    page = Links()
    html = render(scanned((finding(3), finding(5))), out)
    page.feed(html)
    assert page.fetched
    assert all(link.startswith("data:image/jpeg;base64,") for link in page.fetched)
    assert page.inline == []
    assert "default-src 'none'" in html
    assert "unsafe" not in html.split("</head>")[0].split("<style")[0]


def test_names_and_reasons_are_escaped(out: Path) -> None:
    """A file name or reason with markup is text, in the page and in its data."""
    html = render(scanned((finding(3),), error="<img src=x onerror=alert(2)>"), out)
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    page = Links()
    page.feed(html)
    assert page.tags.count("script") == 3  # one chart's data, the library, our own


def test_the_page_is_the_same_every_time(out: Path) -> None:
    """No time of day, no random id."""
    scan = scanned((finding(3),))
    assert render(scan, out) == render(scan, out)


def test_a_page_with_too_many_events_shows_the_strongest_with_pictures(out: Path) -> None:
    """It stays light: the weaker ones are told with the name of their picture."""
    html = render(scanned(tuple(finding(number) for number in range(MOST_PICTURES + 5))), out)
    assert html.count('<img class="plain"') == MOST_PICTURES
    assert html.count("picture: snapshots/a.jpg") == 5
    assert html.index("picture: snapshots/a.jpg") < html.index('<img class="plain"')  # the first are the weakest
    assert "5 of the weaker events and moments are shown without pictures" in html


def test_nothing_found_too_short_and_not_read_are_told_apart(out: Path) -> None:
    """A quiet recording says how much of it was judged; what was not judged or not read claims nothing."""
    quiet = render(scanned(()), out)
    assert "No event in the 0:17.9 that could be judged. Of the rest nothing is known" in quiet
    assert "No event in the 0:19.9 that could be judged.<" in render(scanned((), known_s=0.0), out)
    short = render(scanned((), known_s=19.9), out)
    assert "Too short to judge" in short
    assert "No event in" not in short
    unread = Scan((ScannedFile("b.mp4", 0, 0.0, "not a video", "scores/1-b.csv", (), (), (), (), ()),))
    html = render(unread, out)
    assert "Could not be read." in html
    assert "No event in" not in html
    assert "Too short" not in html


def test_moments_are_shown_with_pictures_and_told_from_events(out: Path) -> None:
    """Each says what was made of it, in a section of its own; one without a limit claims no chance."""
    html = render(scanned((finding(3),), moments=(moment(7), moment(9, "anomalous"), moment(1, "unknown"))), out)
    events, moments = html.split("Strangest moments outside of the events")
    assert "<h1>1 rare event</h1>" in events
    assert moments.count('<img class="plain"') == moments.count('<img class="overlay"') == 3
    assert "0.90 × limit · as strong in 25% of ordinary seconds" in moments
    assert "anomalous, but too short for an event" in moments
    assert "verdict unknown: no limit yet" in moments
    assert "score 0.90, where 1 was high in the warm-up" in moments
    assert "Strangest moments<" in render(scanned((), moments=(moment(7),)), out)
    assert "Strangest moments" not in render(scanned((finding(3),)), out)


def test_events_are_pictured_before_moments(out: Path) -> None:
    """Where a page would grow too heavy, moments lose their pictures first."""
    html = render(scanned(tuple(finding(number) for number in range(MOST_PICTURES)), moments=(moment(7),)), out)
    assert html.count('<img class="plain"') == MOST_PICTURES
    assert '<img class="plain"' not in html.split("Strangest moments")[1]


def test_an_event_without_a_picture_is_shown_without(out: Path) -> None:
    """No broken image."""
    assert "no picture" in render(scanned((finding(3, snapshot=None),)), out)


def test_times_and_chances_read_well() -> None:
    """As on a player's clock; a chance in words."""
    assert [clock_text(s) for s in (0, 4.24, 59.96, 750, 11100)] == ["0:00.0", "0:04.2", "1:00.0", "12:30.0", "3:05:00"]
    assert chance_text(None) == ""
    assert chance_text(0.35) == "as strong in 35% of ordinary seconds"
    assert chance_text(0.02) == "about one such second in 50 seconds"
    assert chance_text(0.0001) == "about one such second in 2.8 hours"
    assert chance_text(1e-6) == "about one such second in 12 days"
    assert chance_text(0.0) == "never in the ordinary seconds before"


def test_thinning_keeps_every_peak_and_what_is_unknown() -> None:
    """The chart of a long recording shows its highest points; an all-unknown stretch stays unknown."""
    points = [Point(float(i), None if i < 100 else float(i == 777), 1.0) for i in range(1000)]
    few = thinned(points, 100)
    assert len(few) == 100
    assert max(few, key=lambda point: point.score or 0.0).at_s == 777.0
    assert all(point.score is None for point in few[:10])
    assert thinned(points[:5], 100) == tuple(points[:5])


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.timeout(90)
def test_a_real_browser_draws_the_chart_under_the_pages_own_policy(out: Path) -> None:
    """The scripts run although the policy allows nothing but their hashes, and the browser complains of nothing."""
    path = write_report(scanned((finding(3), finding(5)), moments=(moment(7), moment(1, "unknown"))), out)
    options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    quiet = "--disable-component-update --disable-sync --enable-logging=stderr --virtual-time-budget=3000"
    command = [str(CHROMIUM), *options.split(), *quiet.split(), f"--user-data-dir={out / 'profile'}", "--dump-dom"]
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=60, check=True)
    assert '<div class="uplot' in done.stdout
    assert "<canvas" in done.stdout
    complaints = [line for line in done.stderr.splitlines() if re.search(r"CONSOLE|Content.Security", line)]
    assert complaints == []
