"""What rules can speak of: every quantity with its name, its values and its meaning. Measures none of them.

`QUANTITIES` is the one table: the parser checks names and values by it, and the documents are made of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from detectors.base import State, Verdict

# In the names of the table they stand for a zone's and a detector's own name.
ZONE, DETECTOR = "ZONE", "DETECTOR"
# `score.NAME` is a detector's score, so no zone may have this name.
RESERVED = "score"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
COLOUR, INFRARED = "colour", "infrared"


class Kind(StrEnum):
    """What a quantity is compared with."""

    NUMBER = "a number"
    SECONDS = "a number of seconds"
    CLOCK = "a time of day as HH:MM"
    WORD = "a word"


@dataclass(frozen=True, slots=True)
class Known:
    """A quantity.

    Attributes:
        name: As rules write it, with ZONE or DETECTOR in the place of a name.
        kind: What it is compared with. A CLOCK's value is in whole minutes since midnight.
        meaning: For people, with range and unit.
        words: The values of a WORD; empty for the other kinds.
    """

    name: str
    kind: Kind
    meaning: str
    words: tuple[str, ...] = ()


QUANTITIES = (
    Known("score", Kind.NUMBER, "the fused score; 1 was high during the warm-up"),
    Known(f"score.{DETECTOR}", Kind.NUMBER, "one detector's own score, in its own units"),
    Known("p_value", Kind.NUMBER, "chance that a second of ordinary life holds such a score, 0 to 1"),
    Known("limit", Kind.NUMBER, "the score above which a picture is anomalous"),
    # What else a camera can be, degraded or blind, is found out by others and later.
    Known("state", Kind.WORD, "where the camera stands", (State.WARMING, State.CALIBRATING, State.ACTIVE)),
    Known("verdict", Kind.WORD, "what the picture was judged to be", (Verdict.NORMAL, Verdict.ANOMALOUS)),
    Known("brightness", Kind.NUMBER, "mean grey level, 0 black to 1 white"),
    Known("contrast", Kind.NUMBER, "standard deviation of the grey levels, 0 to 0.5"),
    Known("motion", Kind.NUMBER, "share of the picture that moves, 0 to 1"),
    Known("light", Kind.WORD, "whether the picture has colours", (COLOUR, INFRARED)),
    Known("time", Kind.CLOCK, "local time of day"),
    Known("weekday", Kind.WORD, "local day of the week", WEEKDAYS),
    Known(f"{ZONE}.motion", Kind.NUMBER, "share of the zone that moves, 0 to 1"),
    Known(f"{ZONE}.brightness", Kind.NUMBER, "mean grey level of the zone, 0 to 1"),
    Known(f"{ZONE}.score", Kind.NUMBER, "strongest score anywhere in the zone, comparable with limit"),
    Known(f"{ZONE}.dwell", Kind.SECONDS, "how long something has moved in the zone, with pauses of up to 2 s"),
)
_BY_NAME = {known.name: known for known in QUANTITIES}
OF_A_ZONE = tuple(known.name.partition(".")[2] for known in QUANTITIES if known.name.startswith(ZONE))
_PLAIN = tuple(known.name for known in QUANTITIES if "." not in known.name)


def known(name: str) -> Known | None:
    """What the table says of a quantity as a rule writes it, whatever zones and detectors there are; None: nothing."""
    owner, dot, part = name.partition(".")
    if not dot:
        return _BY_NAME.get(name)
    if not owner or not part:
        return None
    return _BY_NAME.get(f"score.{DETECTOR}" if owner == RESERVED else f"{ZONE}.{part}")


def table() -> Iterator[str]:
    """The quantities for people, one line each, `NAME: meaning`."""
    for each in QUANTITIES:
        values = f": {', '.join(each.words)}" if each.words else ""
        clock = ", HH:MM" if each.kind is Kind.CLOCK else ""
        seconds = ". Unit: seconds" if each.kind is Kind.SECONDS else ""
        yield f"{each.name}: {each.meaning}{values}{clock}{seconds}."


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names on one camera.

    Attributes:
        zones: Its zones.
        detectors: Its detectors.
    """

    zones: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Whether a rule on this camera can speak of `name`."""
        owner, dot, part = name.partition(".")
        if owner == RESERVED and dot:
            return part in self.detectors
        return known(name) is not None and (not dot or owner in self.zones)

    def advice(self, name: str) -> str:
        """What to write instead of the unknown `name`."""
        owner, dot, part = name.partition(".")
        if not dot:
            return _nearest(name, "", _PLAIN, "") or f"there are {', '.join(_PLAIN)}"
        if owner == RESERVED:
            near = _nearest(part, f"{RESERVED}.", self.detectors, "")
            return near or f"the detectors here are {', '.join(self.detectors)}"
        if part not in OF_A_ZONE:
            names = ", ".join(each.name for each in QUANTITIES if "." in each.name)
            return _nearest(part, f"{owner}.", OF_A_ZONE, "") or f"there are {names}"
        if not self.zones:
            return "there are no zones here: add one"
        return _nearest(owner, "", self.zones, f".{part}") or f"the zones here are {', '.join(self.zones)}"


def _nearest(word: str, before: str, choice: Sequence[str], after: str) -> str | None:
    close = difflib.get_close_matches(word, choice, n=1)
    return f"did you mean {before}{close[0]}{after}?" if close else None
