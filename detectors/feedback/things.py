"""Things, followed from picture to picture by where their patches are, and judged by more than one moment.

A single moment tells little: somebody walks past the thing, one patch covers both, and is like neither; and something
else has moments in which it is like a marked one. A few such moments make an event, or keep one from opening.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from detectors.base import Box
from detectors.feedback.look import Look
from detectors.feedback.marks import Likeness

# A patch is of the thing whose last one is no older: cameras of one picture a second are followed too. Unit: seconds.
GAP_S = 1.5
# And covers, of what both patches cover, at least this share: equal ones overlap by half.
OVERLAP = 1 / 3
# Time constant in which a thing's earlier moments are forgotten, so that nothing hides for long where another was.
MEMORY_S = 2.0
# A thing is like what at least this share of its moments is like: things of one type often look otherwise for a moment,
# those of two types seldom alike.
LEAST_SHARE = 1 / 3


@dataclass(frozen=True, slots=True)
class _Thing:
    """A thing as it was last seen.

    Attributes:
        count: In so many pictures so far.
        share: Of these, the newer the more, in which it was alike.
        likeness: In the newest of those; None without any.
    """

    channel: int
    box: Box
    at_s: float
    count: int
    share: float
    likeness: Likeness | None


class Things:
    """The things of the last moments."""

    def __init__(self) -> None:
        self._things: list[_Thing] = []

    def like(self, look: Look, at_s: float, now: Likeness | None) -> Likeness | None:
        """What the thing is like whose newest patch is this one, which by itself is like `now`; None if nothing."""
        self._things = [each for each in self._things if at_s - each.at_s <= GAP_S]
        before = self._taken(look, at_s)
        gain = max(1 / (before.count + 1), 1 - math.exp(-(at_s - before.at_s) / MEMORY_S))
        share = before.share + gain * ((now is not None) - before.share)
        likeness = now or before.likeness
        self._things.append(_Thing(look.channel, look.box, at_s, before.count + 1, share, likeness))
        return likeness if share >= LEAST_SHARE else None

    def _taken(self, look: Look, at_s: float) -> _Thing:
        """The thing of this patch as it was before; one of which nothing is known if it is new."""
        earlier = [each for each in self._things if each.channel == look.channel and each.at_s < at_s]
        near = [(each.at_s, share, each) for each in earlier if (share := overlap(each.box, look.box)) >= OVERLAP]
        if not near:
            return _Thing(look.channel, look.box, at_s, 0, 0.0, None)
        *_, thing = max(near, key=lambda each: each[:2])
        self._things.remove(thing)
        return thing


def overlap(one: Box, other: Box) -> float:
    """Of what two boxes cover, the share that both do."""
    wide, high = (min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1))
    both = max(0.0, wide) * max(0.0, high)
    return both / (sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - both)
