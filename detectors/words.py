"""What a detector found, where and how rare it is, in words for people who know neither features nor models.

Computes no score, and says no number that was not counted.
"""

from __future__ import annotations

from typing import assert_never

from detectors.base import Box
from detectors.options import (
    CnnOptions,
    FeatureOptions,
    ModelOptions,
    MomentumOptions,
    MotionOptions,
    PixelsOptions,
    RarityOptions,
    ThumbnailOptions,
)

# Of a detector that nothing more is known of.
PLAIN = "something is unlike what is usual here"
# A box as large says that it is nearly everywhere. Unit: share of the picture's area.
NEARLY_ALL = 0.6
# The picture in thirds, each way.
_PLACES = (
    ("upper left", "top", "upper right"),
    ("left", "middle", "right"),
    ("lower left", "bottom", "lower right"),
)
_UNITS = ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))
# What comes more often is not told as rare: it may still be, beside what else is in the picture. Unit: seconds.
RARE_S = 600.0
# "60 minutes" say more than "1 hour": a unit is used from so many of it on.
_FROM = 2


def meaning(feature: FeatureOptions, model: ModelOptions) -> str:
    """What it means that such a detector has a high score: a clause without a full stop."""
    match feature:
        case MomentumOptions():
            return "something moves faster or is larger than anything usually seen here"
        case MotionOptions():
            return "something moves unlike anything that usually moves here"
        case PixelsOptions():
            return "something moves or changes in another way than is usual here"
        case CnnOptions():
            return "something looks unlike what usually moves here"
        case ThumbnailOptions():
            if isinstance(model, RarityOptions):
                return "this place hardly ever looks like this"
            return "the scene as a whole looks unlike what it usually looks like"
        case _:
            assert_never(feature)


def place(box: Box) -> str:
    """Where in the picture: a ninth of it by the middle of the box, or that it is most of the picture."""
    left, top, right, bottom = box
    if (right - left) * (bottom - top) >= NEARLY_ALL:
        return "most of the picture"
    row, column = (min(2, max(0, int(1.5 * (low + high)))) for low, high in ((top, bottom), (left, right)))
    return _PLACES[row][column]


def how_often(p_value: float, least: float, moment_s: float) -> str:
    """How often such a thing is seen; "" if it is more often than every `RARE_S`.

    Args:
        p_value: Its rank among the ordinary moments that are remembered, (1 + those at least as strange) / (n + 1).
        least: The rank of what is stranger than all of them, 1 / (n + 1).
        moment_s: How long a moment lasts, in seconds.
    """
    if p_value > least:
        return f"about once in {duration(moment_s / p_value)}" if moment_s / p_value >= RARE_S else ""
    return f"rarer than anything in the last {duration(moment_s * (1 / least - 1))} of ordinary life"


def duration(seconds: float) -> str:
    """Roughly, in the largest unit of which there are two: "40 minutes"."""
    for unit_s, name in _UNITS:
        if seconds >= _FROM * unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return "1 second" if round(seconds) == 1 else f"{seconds:.1f} seconds"
