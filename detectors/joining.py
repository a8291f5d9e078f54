"""What several channels say of one picture, as one reading. Keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.base import ChannelReading, Floats, Reading, State, Verdict

# Where nothing ever happened a limit is 0; for comparing channels it is this, so that shares of it are finite.
LEAST_LIMIT = 1e-6


def joined(at_s: float, channels: tuple[ChannelReading, ...]) -> Reading:
    """The channels' readings as one, in the units of the first that knows; the strongest for its limit speaks.

    What only the detectors can tell, scores, reasons and the like, is not in it yet.

    Args:
        at_s: When the picture was taken.
        channels: What each says of it, at least one.
    """
    known = [c for c in channels if c.value is not None]
    able = [c for c in known if c.limit is not None]
    # The earliest with a limit, also while it has no value, so that the units do not change after a cut.
    first = max(channels, key=lambda c: (c.limit is not None, c.limit is None and c.value is not None))
    leader = max(able, key=over_limit, default=first)
    strange = any(c.verdict is Verdict.ANOMALOUS for c in channels)
    silent = any(c.limit is not None and c.value is None for c in channels)
    verdict = Verdict.ANOMALOUS if strange else (Verdict.UNKNOWN if silent or not able else Verdict.NORMAL)
    return Reading(
        at_s=at_s,
        state=first.state,
        state_reason=_why(first, channels),
        verdict=verdict,
        value=first.value if leader is first else over_limit(leader) * _limit(first),
        p_value=leader.p_value,
        limit=first.limit,
        scores=(),
        heatmap=_hottest(first, able),
        reasons=(),
        channels=channels,
    )


def over_limit(channel: ChannelReading) -> float:
    """How many times its limit a channel's value is; both are known."""
    return (channel.value or 0.0) / _limit(channel)


def _limit(channel: ChannelReading) -> float:
    return max(channel.limit or 0.0, LEAST_LIMIT)


def _hottest(first: ChannelReading, able: Sequence[ChannelReading]) -> Floats | None:
    """The channels' heatmaps as one, in units of the first's value."""
    heatmap = first.heatmap
    for channel in able:
        if channel is not first and heatmap is not None and channel.heatmap is not None:
            heatmap = np.maximum(heatmap, channel.heatmap * np.float32(_limit(first) / _limit(channel)))
    return heatmap


def _why(first: ChannelReading, channels: Sequence[ChannelReading]) -> str:
    """What the first channel says of itself, and which others are not ready."""
    parts = [first.state_reason]
    parts += [f"{c.name}: {c.state_reason}" for c in channels if c is not first and c.state is not State.ACTIVE]
    return "; ".join(each for each in parts if each)
