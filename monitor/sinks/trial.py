"""What is told when somebody tries a sink: an event that never was, and says so. Stored nowhere."""

from __future__ import annotations

import uuid

from detectors.base import Reason
from monitor.kinds import Kind
from monitor.types import Event, Phase, State


def trial_event(sink: str, now_ns: int) -> Event:
    """A test of `sink`, with every field that a template may ask for.

    Args:
        now_ns: Wall time.
    """
    text = f"this is only a test of sink {sink}: nothing happened"
    reason = Reason("test", text, 0.5, (0.25, 0.25, 0.75, 0.75), Kind.TEST.value, ((0.25, 0.25, 0.5, 0.5),))
    return Event(
        id=f"test-{uuid.uuid4().hex[:11]}",
        camera="",
        phase=Phase.OPENED,
        began_ns=now_ns,
        ended_ns=now_ns,
        began_pts=0.0,
        ended_pts=0.0,
        peak_ns=now_ns,
        score=0.0,
        limit=1.0,
        p_value=0.5,
        frames=0,
        state=State.ACTIVE,
        reasons=(reason,),
        cause=None,
        snapshot=None,
        overlay=None,
        clip=None,
    )
