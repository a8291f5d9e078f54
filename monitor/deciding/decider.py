"""The episodes of all cameras, and their states as bytes to be stored beside the events. Stores nothing itself.

After a restart an open event is *resumed*: the same happening, still going on, must not be told as a second event. If
nothing goes on with it (another run, a long gap, silence), it closes with the cause "interrupted"; what opens soon
after goes on with it, as with any event that closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from monitor.deciding.episodes import Cause, Episodes, Rules, Told, end, step, tick
from monitor.types import Event, Judgement

_VERSION = 2


@dataclass(frozen=True, slots=True)
class _Saved:
    version: int
    episodes: Episodes


class EpisodeDecider:
    """One camera's judgements at a time in, events out. Not for several threads at once."""

    def __init__(self, rules: Mapping[str, Rules]) -> None:
        """`rules` by camera; a judgement of any other camera is a KeyError."""
        self._rules = dict(rules)
        self._states = {camera: Episodes() for camera in rules}

    def judge(self, judgement: Judgement) -> tuple[Event, ...]:
        """What people must be told because of this judgement, in order."""
        camera = judgement.stamp.camera
        return self._keep(camera, step(self._states[camera], judgement, self._rules[camera]))

    def silent(self, camera: str, silent_s: float, cause: Cause) -> tuple[Event, ...]:
        """Nothing was heard of `camera` for `silent_s` seconds, for the reason `cause`."""
        return self._keep(camera, tick(self._states[camera], silent_s, cause, self._rules[camera]))

    def end(self, camera: str, cause: Cause) -> tuple[Event, ...]:
        """Close what is open on `camera`."""
        return self._keep(camera, end(self._states[camera], cause))

    def exchange(self, other: EpisodeDecider, camera: str) -> None:
        """Change the rules of `camera` for those of `other`, which gets these. What is open should be ended before."""
        self._rules[camera], other._rules[camera] = other._rules[camera], self._rules[camera]

    def open_event(self, camera: str) -> Event | None:
        """The open event as it is now, with what was not told yet."""
        return self._states[camera].event

    def joined(self, camera: str) -> int:
        """Openings so far that went on with an event that had closed; goes on over restarts."""
        return self._states[camera].joined

    def saved(self, camera: str) -> bytes:
        """The state of `camera`, to be handed to `resume` after a restart."""
        return msgspec.json.encode(_Saved(_VERSION, self._states[camera]))

    def resume(self, camera: str, saved: bytes) -> bool:
        """Go on from `saved`; False, and nothing changed, if it is not a state of this version."""
        if camera not in self._states:
            return False
        try:
            found = msgspec.json.decode(saved, type=_Saved)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        if found.version != _VERSION:
            return False
        self._states[camera] = replace(found.episodes, resumed=found.episodes.event is not None)
        return True

    def _keep(self, camera: str, result: tuple[Episodes, Told]) -> Told:
        self._states[camera], told = result
        return told
