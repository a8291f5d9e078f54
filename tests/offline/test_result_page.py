"""The page of an evaluation: every promised curve and table, self-contained, and drawn by a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from detectors.evaluation.cliplog import ClipLog, Said
from detectors.evaluation.events import Alert
from detectors.evaluation.protocol import Scheme
from detectors.evaluation.result import summarise
from monitor.offline.evaluate import Evaluation
from monitor.offline.result_charts import MOST_POINTS, course_charts, roc_chart
from monitor.offline.result_page import render, write_page
from monitor.offline.sheets import sheets

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = 'x<script>alert(1)</script>"&'
FRAMES = 40


def log(name: str, *, trained: bool = False, began_s: float = 0.0, frames: int = FRAMES, seed: int = 0) -> ClipLog:
    """A clip at 10 fps whose second half is anomalous, unlabelled if of the train split; unknown for five frames."""
    random = np.random.default_rng(seed)
    labels = np.arange(frames) >= frames // 2
    scores = random.random(frames) + (0 if trained else labels)
    known = np.arange(frames) >= 5
    said = Said(
        scores=scores,
        unknown=~known,
        judged=known,
        anomalous=known & (scores > 1.2),
        limits=np.where(known, 1.2, np.nan),
        states=("active",) * frames,
        detectors={EVIL: scores * 7},
        silent={EVIL: ~known},
        baselines={"frame_index": np.arange(frames, dtype=np.float64), "d12": random.random(frames)},
        stages_s={n: random.random(frames).astype(np.float32) / 100 for n in ("reading", "judging", "learning")},
    )
    alerts = () if trained else (Alert(2.1, 3.0),)
    return ClipLog(
        name, trained, began_s, np.arange(frames) / 10, frames / 10, None if trained else labels, said, None, alerts,
        5_000_000, (),
    )  # fmt: skip


def evaluation(logs: tuple[ClipLog, ...]) -> Evaluation:
    """What the command would give."""
    return Evaluation(summarise(EVIL, Scheme.P1, logs, 1.0), logs)


@pytest.fixture(name="found")
def _found() -> Evaluation:
    train = tuple(log(f"t{n}", trained=True, began_s=4.0 * n, seed=n) for n in range(3))
    return evaluation((*train, log(EVIL, began_s=12.0, seed=8), log("b", began_s=16.0, seed=9)))


class Page(HTMLParser):
    """Collects what a page would fetch, its inline handlers, and the data of its charts."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.inline: list[str] = []
        self.charts: dict[str, Mapping[str, object]] = {}
        self._chart = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        self.inline += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self._chart = given.get("id") or "" if given.get("type") == "application/json" else ""

    def handle_data(self, data: str) -> None:
        if self._chart:
            self.charts[self._chart] = json.loads(data)
            self._chart = ""


def test_every_promised_curve_and_table_is_there(found: Evaluation) -> None:
    """ROC, learning, cost, and the score over time of the train split and of each test clip."""
    page = Page()
    html = render(found)
    page.feed(html)
    titles = [chart["title"] for chart in page.charts.values()]
    assert titles == [
        "ROC curves",
        "Level of ordinary scores while learning",
        "Cost by stage",
        "train t0 to t2, 3 clips",
        f"test {EVIL}",
        "test b",
    ]
    for sheet in sheets(found.result):
        assert sheet.title in html
    assert {sheet.title for sheet in sheets(found.result)} == {
        "Frame metrics", "Micro AUC by quarter of the test split", "Milliseconds per analysed frame",
    }  # fmt: skip


def test_the_page_fetches_nothing_holds_no_picture_and_escapes_names(found: Evaluation) -> None:
    """Names are text, in the page and in its data; the policy starts from nothing."""
    html = render(found)
    page = Page()
    page.feed(html)
    assert page.fetched == []
    assert page.inline == []
    assert "<script>alert" not in html
    assert "default-src 'none'" in html
    assert "<img" not in html
    assert "data:image" not in html


def test_the_curves_are_those_the_figures_are_of(found: Evaluation) -> None:
    """The area under the drawn ROC is the AUC; where the score was unknown nothing is drawn."""
    chart = roc_chart(found.logs)
    assert chart is not None
    area = np.trapezoid(chart.lines[0].values, chart.x)  # type: ignore[arg-type]
    tests = found.logs[3:]
    labels = np.concatenate([each.labels for each in tests if each.labels is not None])
    assert area == pytest.approx(roc_auc_score(labels, np.concatenate([each.said.scores for each in tests])), abs=5e-3)
    assert area == pytest.approx(found.result.auc_micro, abs=5e-3)
    course = list(course_charts(found.logs))[-1]
    assert course.lines[0].values[:5] == [None] * 5
    assert course.lines[0].values[5:] == pytest.approx(tests[1].said.scores[5:], rel=1e-3)
    assert course.lines[1].values == [None] * 5 + [1.2] * 35
    assert course.truth == [(pytest.approx(2.0), pytest.approx(4.0))]
    assert course.unknown == [(0.0, pytest.approx(0.5))]
    assert course.alerts == [(2.1, 3.0)]


def test_detectors_and_baselines_can_be_shown_over_each_clip(found: Evaluation) -> None:
    """Hidden at first, on the fused score's scale: units differ."""
    course = list(course_charts(found.logs))[-1]
    assert [(line.kind, line.shown) for line in course.lines] == [
        ("fused", True), ("limit", True), ("detector", False), ("baseline", False), ("baseline", False),
    ]  # fmt: skip
    assert course.lines[2].values[5:] == pytest.approx(course.lines[0].values[5:], rel=1e-2)


def test_a_split_is_joined_on_the_streams_clock(found: Evaluation) -> None:
    """What nobody labelled needs no chart a clip."""
    train = next(course_charts(found.logs))
    assert train.x == pytest.approx(np.arange(3 * FRAMES) / 10)
    assert train.unknown == [(pytest.approx(4.0 * n), pytest.approx(4.0 * n + 0.5)) for n in range(3)]


def test_a_long_stretch_is_thinned_to_its_peaks() -> None:
    """The page of days stays light, and the highest score stays in it."""
    long = log("day", trained=True, frames=40_000)
    (chart,) = course_charts([long])
    assert len(chart.x) <= MOST_POINTS
    values = [value for value in chart.lines[0].values if value is not None]
    assert max(values) == pytest.approx(long.said.scores[5:].max(), rel=1e-3)
    assert len(render(evaluation((long,)))) < 400_000


def test_a_set_without_labels_has_a_page_without_roc() -> None:
    """And says why in its caveats."""
    html = render(evaluation((log("day", trained=True),)))
    assert "ROC curves" not in html
    assert "no labelled test frames" in html
    assert "Level of ordinary scores" in html


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.timeout(90)
def test_a_real_browser_draws_every_chart_under_the_pages_own_policy(found: Evaluation, tmp_path: Path) -> None:
    """The scripts run although the policy allows nothing but their hashes, and the browser complains of nothing."""
    path = write_page(found, tmp_path / "new" / "folder")
    options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    quiet = "--disable-component-update --disable-sync --enable-logging=stderr --virtual-time-budget=4000"
    command = [str(CHROMIUM), *options.split(), *quiet.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.count("<canvas") == 6
    complaints = [line for line in done.stderr.splitlines() if re.search(r"CONSOLE|Content.Security", line)]
    assert complaints == []
