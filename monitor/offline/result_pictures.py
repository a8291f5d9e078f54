"""Where the bars and strips of alert budgets lie on an evaluation's page. Draws nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from detectors.evaluation.allowed import Allowed
from detectors.evaluation.budgets import Kept
from detectors.evaluation.hours import Hours
from monitor.offline.result_budgets import budget_name

# Sizes in pixels of the drawing, which the page scales.
BAR, APART, TALL = 14, 22, 90
STRIP, HOUR = 16, 6
# A chart reaches at least so many budgets high.
LEAST_BUDGETS = 2


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle; `look` is its class, `told` what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    look: str
    told: str


@dataclass(frozen=True, slots=True)
class Label:
    """Words that begin at (`x`, `y`)."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture; `line_y` is where the budget is, None where there is none to show."""

    title: str
    note: str
    width: float
    height: float
    blocks: list[Block]
    labels: list[Label]
    line_y: float | None


def budget_drawings(allowed: Allowed | None) -> Iterator[Drawing]:
    """One of each budget, and one of the hours."""
    if allowed is None:
        return
    for budget in sorted({kept.budget for kept in allowed.kept}):
        yield _bars(budget, [kept for kept in allowed.kept if kept.budget == budget and kept.days])
    if allowed.hours is not None:
        yield _strips(allowed.hours)


def _bars(budget: float, kept: list[Kept]) -> Drawing:
    """A bar for each day, a group for each start."""
    top = max([LEAST_BUDGETS * budget, *(each.worst for each in kept)])
    blocks, labels, x = [], [], 0.0
    for each in kept:
        labels.append(Label(x, TALL + 14, f"{each.start_h:g} h"))
        for number, day in enumerate(each.days, start=1):
            height = TALL * day.alerts / top
            look = "over" if day.alerts > budget else "within"
            told = f"from {each.start_h:g} h, day {number}: {day.alerts} alerts in {day.hours:.0f} h"
            blocks.append(Block(x, round(TALL - height, 2), BAR - 2, round(height, 2), look, told))
            x += BAR
        x = max(x, labels[-1].x + 2 * BAR) + APART
    note = "A bar for each day since levels are proven, a group for each hour at which the budget began to look."
    line_y = round(TALL * (1 - budget / top), 2)
    return Drawing(f"Alerts, {budget_name(budget)} wanted", note, max(x, 1.0), TALL + 20, blocks, labels, line_y)


def _strips(hours: Hours) -> Drawing:
    """Light above, state below, a block for each hour."""
    blocks = []
    for row, (kind, names) in enumerate((("light", hours.light_by_hour), ("state", hours.state_by_hour))):
        blocks += [
            Block(index * HOUR, row * (STRIP + 4), HOUR, STRIP, f"{kind}-{name}", f"hour {index}: {name}")
            for index, name in enumerate(names)
            if name
        ]
    count = max(len(hours.light_by_hour), len(hours.state_by_hour))
    labels = [Label(day * 24 * HOUR, 2 * STRIP + 20, f"{day * 24} h") for day in range(count // 24 + 1)]
    note = "Above: light (blue: colour, violet: infra-red, black: dark, yellow: lamps). Below: state (green: active, "
    note += "yellow: calibrating, grey: warming). What each hour was for the most part."
    return Drawing("Light and state", note, count * HOUR + 40, 2 * STRIP + 26, blocks, labels, None)
