"""One HTML page of an evaluation: curves and tables, self-contained, no network. Shows no footage."""

from __future__ import annotations

from pathlib import Path

from monitor.offline.evaluate import Evaluation
from monitor.offline.page import rendered
from monitor.offline.result_budgets import budget_facts, budget_sheets
from monitor.offline.result_charts import cost_chart, course_charts, learning_chart, roc_chart
from monitor.offline.result_pictures import budget_drawings
from monitor.offline.sheets import facts, headline, sheets

NAME = "evaluation.html"


def write_page(found: Evaluation, out: Path) -> Path:
    """Write the page into the folder `out`, which is made if need be.

    Raises:
        OSError: It cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / NAME
    path.write_text(render(found), encoding="utf-8")
    return path


def render(found: Evaluation) -> str:
    """The page's HTML."""
    result, logs = found.result, found.logs
    overviews = (roc_chart(logs), learning_chart(result.learning), cost_chart(logs))
    return rendered(
        "result.html",
        scripts=("uplot/uPlot.iife.min.js", "result.js"),
        styles=("uplot/uPlot.min.css", "report.css", "result.css"),
        headline=headline(result),
        dataset=result.dataset,
        caveats=result.caveats,
        sheets=[*sheets(result), *budget_sheets(result.allowed)],
        facts=[*facts(result), *budget_facts(result.allowed)],
        drawings=list(budget_drawings(result.allowed)),
        overviews=[chart for chart in overviews if chart is not None],
        courses=list(course_charts(logs)),
    )
