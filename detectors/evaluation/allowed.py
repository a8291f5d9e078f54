"""Everything an evaluation says of alert budgets, from its logs: how they are kept, and what they find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from detectors.budget.diary import MINUTE_S, Minute
from detectors.evaluation.budgets import BUDGETS, Kept, Limits, kept, raised, replayed, starts_h
from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.events import DAY_S
from detectors.evaluation.hours import Hours, hours
from detectors.evaluation.plants import Plant
from detectors.evaluation.recall import Found, Happening, found, labelled_happenings, lasting, planted_happenings
from detectors.evaluation.sustained import Course, Terms, course_of

# What happenings are looked for with. Alerts a day.
SEARCHED = (3.0, 10.0)
# Labelled footage that is not longer is too short for a budget. Unit: seconds.
LEAST_TEST_S = 3600.0
# A happening may be seen in the scores for so long after it. Unit: seconds.
AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """Of one stream.

    Attributes:
        kept: By budget and start; of a stream longer than a day.
        found: By budget, all from the stream's start; where happenings are known.
        found_alone: The same for planted ones, by levels of the minutes without any: as if each came alone. Ten plants
            a day are ordinary life for the levels, and no budget of ten tells of them all and of anything else.
        planted: Whether those were planted; else they are labelled.
        lasting: See `recall.lasting`.
        hours: Of a stream longer than a day.
    """

    kept: tuple[Kept, ...]
    found: tuple[Found, ...]
    found_alone: tuple[Found, ...]
    planted: bool
    lasting: float | None
    hours: Hours | None


def allowed(logs: Sequence[ClipLog], terms: Terms | None, plants: Sequence[Plant] = ()) -> Allowed | None:
    """What there is to say; None where that is nothing."""
    length_s = logs[-1].began_s + logs[-1].end_s if logs else 0.0
    known, from_s = _known(logs, plants)
    if terms is None or (length_s <= DAY_S and not known):
        return None
    course = course_of(logs, terms)
    if course is None:
        return None
    long = length_s > DAY_S
    wanted = {(budget, start) for budget in BUDGETS for start in starts_h(course)} if long else set()
    searched = {(budget, 0) for budget in SEARCHED} if known else set()
    limits = {each: replayed(course, *each) for each in sorted(wanted | searched)}
    return Allowed(
        kept=tuple(kept(course, limits[each], *each) for each in sorted(wanted)),
        found=tuple(_found(course, limits[each], known, from_s, each[0]) for each in sorted(searched)),
        found_alone=tuple(_found_alone(course, known, each[0]) for each in sorted(searched)) if plants else (),
        planted=bool(plants),
        lasting=lasting(course, plants),
        hours=hours(logs) if long else None,
    )


def _known(logs: Sequence[ClipLog], plants: Sequence[Plant]) -> tuple[tuple[Happening, ...], float]:
    """The happenings that are known, and since when on the clock of the stream all are."""
    if plants:
        return planted_happenings(plants), 0.0
    test = [log for log in logs if not log.trained]
    if sum(log.end_s for log in test) <= LEAST_TEST_S:
        return (), 0.0
    return labelled_happenings(test), test[0].began_s


def _found(course: Course, limits: Limits, known: Sequence[Happening], from_s: float, per_day: float) -> Found:
    return found(course, limits, raised(course, limits), known, from_s, per_day)


def _found_alone(course: Course, known: Sequence[Happening], per_day: float) -> Found:
    limits = replayed(replace(course, minutes=tuple(_without(course.minutes, known))), per_day, 0)
    return _found(course, limits, known, 0.0, per_day)


def _without(minutes: Sequence[Minute], known: Sequence[Happening]) -> Iterator[Minute]:
    """Those that no happening touches, nor what scores last of it."""
    taken = {
        minute
        for each in known
        for minute in range(int(each.run.start_s // MINUTE_S), int((each.run.end_s + AFTER_S) // MINUTE_S) + 1)
    }
    return (each for each in minutes if each.minute not in taken)
