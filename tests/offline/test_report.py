"""The report: self-contained, escaped, and drawn by a real browser where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from detectors.base import Reason
from monitor.offline.findings import Finding, Point, Scan, ScannedFile, Stretch, thinned
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


def scanned(findings: tuple[Finding, ...], error: str | None = None) -> Scan:
    """A scan of one file."""
    points = tuple(Point(i / 10, None if i < 20 else i % 7 / 3, None if i < 20 else 1.0) for i in range(200))
    states = (Stretch("warming", 0.0, 2.0), Stretch("active", 2.0, 19.9))
    unknown = (Stretch("unknown", 0.0, 2.0),)
    return Scan((ScannedFile(EVIL, 200, 19.9, error, "scores/1-a.csv", states, unknown, points, findings),))


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
    assert "5 of the weaker events are shown without pictures" in html


def test_nothing_found_and_nothing_read_are_told_apart(out: Path) -> None:
    """A quiet recording says so; one that could not be read says why and claims nothing."""
    assert "Nothing rare was found" in render(scanned(()), out)
    unread = Scan((ScannedFile("b.mp4", 0, 0.0, "not a video", "scores/1-b.csv", (), (), (), ()),))
    html = render(unread, out)
    assert "Could not be read." in html
    assert "Nothing rare was found" not in html


def test_an_event_without_a_picture_is_shown_without(out: Path) -> None:
    """No broken image."""
    assert "no picture" in render(scanned((finding(3, snapshot=None),)), out)


def test_times_and_chances_read_well() -> None:
    """As on a player's clock; a chance in words."""
    assert [clock_text(s) for s in (0, 4.24, 59.96, 750, 11100)] == ["0:00.0", "0:04.2", "1:00.0", "12:30.0", "3:05:00"]
    assert chance_text(None) == ""
    assert chance_text(0.02) == "seen in 2.0% of frames"
    assert chance_text(0.0001) == "seen in 1 of 10,000 frames"
    assert chance_text(0.0) == "not seen before"


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
    path = write_report(scanned((finding(3), finding(5))), out)
    options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    quiet = "--disable-component-update --disable-sync --enable-logging=stderr --virtual-time-budget=3000"
    command = [str(CHROMIUM), *options.split(), *quiet.split(), f"--user-data-dir={out / 'profile'}", "--dump-dom"]
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=60, check=True)
    assert '<div class="uplot' in done.stdout
    assert "<canvas" in done.stdout
    complaints = [line for line in done.stderr.splitlines() if re.search(r"CONSOLE|Content.Security", line)]
    assert complaints == []
