"""The payload: what is to be known of a telling stands in it, in words too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.sinks.checks import EVENT
from monitor.sinks.payload import payload_of
from monitor.types import Event, State


@pytest.mark.parametrize(
    ("event", "note"),
    [
        (EVENT, ""),
        (replace(EVENT, state=State.CALIBRATING), "still learning: the limit of this camera is not proven yet"),
        (replace(EVENT, held="over budget"), "told late: over budget"),
        (
            replace(EVENT, held="over budget", also=3),
            "told late, and of 3 other(s) that were held too: over budget",
        ),
        (
            replace(EVENT, state=State.CALIBRATING, held="still learning", also=1),
            "still learning: the limit of this camera is not proven yet; "
            "told late, and of 1 other(s) that were held too: still learning",
        ),
    ],
)
def test_what_is_special_of_a_telling_is_said_in_words(event: Event, note: str) -> None:
    """That the camera is still learning, and that it stands for others; of an ordinary one nothing."""
    payload = payload_of(event)
    assert (payload.note, payload.held, payload.also) == (note, event.held, event.also)
