"""What a telling is about. Most are about a rare happening; some are the daemon's word on itself, or only a test."""

from __future__ import annotations

from enum import StrEnum

from monitor.types import Event


class Kind(StrEnum):
    """What an event tells of; said by the channel of its first reason."""

    ANOMALY = "anomaly"  # something rare in a camera's picture
    HEALTH = "health"  # a notice: a camera is offline, the disk nearly full … and, once closed, that it is over
    TEST = "test"  # nothing happened: somebody tries a sink


def kind_of(event: Event) -> Kind:
    """What `event` tells of."""
    channel = event.reasons[0].channel if event.reasons else ""
    return Kind(channel) if channel in {Kind.HEALTH, Kind.TEST} else Kind.ANOMALY
