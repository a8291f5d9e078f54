"""What an evaluation says of alert budgets, as tables of plain text. Computes no figure and draws nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detectors.evaluation.allowed import Allowed
from detectors.evaluation.budgets import Kept
from detectors.evaluation.recall import Found, Share
from monitor.offline.sheets import NOTHING, Row, Sheet, number

_AND = " + "  # between channels
FOUND_COLUMNS = ("budget, kind", "of", "own alert", "covered", "median s", "90 % s", "unmatched a day")


def budget_sheets(allowed: Allowed | None) -> tuple[Sheet, ...]:
    """Those with rows."""
    if allowed is None:
        return ()
    return tuple(sheet for sheet in (_kept(allowed), _found(allowed), _found_alone(allowed)) if sheet.rows)


def budget_facts(allowed: Allowed | None) -> Iterator[tuple[str, str]]:
    """Name and value of everything that has no column."""
    if allowed is None:
        return
    if allowed.hours is not None:
        yield "hours by state", _hours(allowed.hours.states)
        yield "hours by light", _hours(allowed.hours.lights)
    if allowed.lasting is not None:
        yield "what stays", f"its scene score in the last third is {allowed.lasting:.2f} of that in the first, median"


def budget_name(budget: float) -> str:
    """Short, for people."""
    return f"{budget:g} a day"


def _kept(allowed: Allowed) -> Sheet:
    by = sorted({name for each in allowed.kept for names in each.raised_by for name in names.split(_AND)})
    return Sheet(
        title="How an alert budget is kept",
        columns=("budget", "by day", "mean", "of budget", "worst", "early", "seeing", *by, "several"),
        rows=tuple(_kept_row(each, by) for each in allowed.kept),
        note="Replayed from the log, minute by minute: the levels of a minute are made of those before it. By day: "
        "alerts of the 24 hours each since levels are proven; a last part under 12 hours is no day. Later starts find "
        "models that are ripe already. Early: before levels are proven. Seeing: days on which a level lay below the "
        "highest score seen before. Then proven alerts by the channel that raised them alone, or by several.",
    )


def _kept_row(kept: Kept, by: list[str]) -> Row:
    seeing = sum(day.seeing for day in kept.days)
    known = bool(kept.days)
    return Row(
        f"{budget_name(kept.budget)}, from {kept.start_h:g} h",
        (
            " ".join(str(day.alerts) for day in kept.days) or NOTHING,
            number(kept.per_day if known else None, 1),
            number(kept.per_day / kept.budget if known else None, 2),
            str(kept.worst) if known else NOTHING,
            str(kept.early),
            f"{seeing} of {len(kept.days)}",
            *(str(kept.raised_by.get(name, 0)) for name in by),
            str(sum(alerts for names, alerts in kept.raised_by.items() if _AND in names)),
        ),
    )


def _found(allowed: Allowed) -> Sheet:
    rows = [row for each in allowed.found for row in _found_rows(each)]
    return Sheet(
        title=f"{'Planted' if allowed.planted else 'Labelled'} happenings found within a budget",
        columns=FOUND_COLUMNS,
        rows=tuple(rows),
        note="Own: an alert starts from 5 s before to 10 s after it. Covered: an alert is open during it. Unmatched: "
        "proven alerts that match none. The budget begins with the stream.",
    )


def _found_alone(allowed: Allowed) -> Sheet:
    return Sheet(
        title="The same, had each come alone",
        columns=FOUND_COLUMNS,
        rows=tuple(row for each in allowed.found_alone for row in _found_rows(each)),
        note="The same scores, but levels of the minutes without anything planted. So many a day are part of the life "
        "that levels are made of: above, no budget of ten can tell of them all.",
    )


def _found_rows(found: Found) -> Iterator[Row]:
    delays = (number(found.median_delay_s, 1), number(found.p90_delay_s, 1))
    name = budget_name(found.budget)
    yield Row(name, (*_share(found.every), *delays, number(found.unmatched_per_day, 1)), "fused")
    if len(found.kinds) > 1:
        for kind, share in found.kinds.items():
            yield Row(f"{name}, {kind}", (*_share(share), "", "", ""), "detector")


def _share(share: Share) -> tuple[str, str, str]:
    return str(share.truth), str(share.own), str(share.covered)


def _hours(by_name: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {hours:.1f}" for name, hours in by_name.items()) or NOTHING
