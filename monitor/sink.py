"""What a sink is: seen by `alerting`, which calls it, and by `sinks`, which implements it; so it lies below both.

It knows no destination and retries nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from monitor.types import Event, Phase
from monitor.views import CameraView


class SinkError(Exception):
    """One delivery failed. The sink stays usable.

    Attributes:
        retryable: Whether the same delivery may succeed later. False: it never will, do not try again.
        after_s: Seconds the destination asked to be left alone; None if it did not say.
    """

    def __init__(self, message: str, *, retryable: bool, after_s: float | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.after_s = after_s


class Sink(Protocol):
    """One destination that is told of events. Called from one thread at a time, and from no other thread."""

    @property
    def name(self) -> str:
        """Its name in the configuration; unique."""

    def deliver(self, event: Event) -> str:
        """Tell the destination, within a time-out of the sink's own.

        The same event and phase may come twice: the destination must be able to tell (`telling_key`).

        Returns:
            What came back, for people: "answered 204".

        Raises:
            SinkError: It was not told, or may not have been. The message holds no secret.
        """

    def close(self) -> None:
        """Let go of everything held. Closing twice is fine."""


@runtime_checkable
class Refreshing(Protocol):
    """A sink whose destination forgets, and so is told again and again of what holds now. Called as `deliver` is."""

    @property
    def refresh_s(self) -> float:
        """So often, from the start on."""

    def refresh(self, going_on: Sequence[Event], cameras: Sequence[CameraView]) -> None:
        """Tell what holds now, within the same time-out.

        Args:
            going_on: The events that this sink was told of and that are not over.
            cameras: All cameras as they are now; empty right after the start.

        Raises:
            SinkError: As of `deliver`; it is called again when it is due again, whatever the error.
        """


def telling_key(event: Event) -> str:
    """What makes one telling of one event unique for ever; the same when it is sent again.

    An event has one OPENED but any number of UPDATED and, as it may go on, of CLOSED: told apart by the number of
    anomalous frames so far.
    """
    if event.phase is Phase.OPENED:
        return f"{event.id}/opened"
    return f"{event.id}/{event.phase.value}-{event.frames}"
