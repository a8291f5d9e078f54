"""One line per change: of a camera's state, an event, a problem. Prints nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from monitor.types import Event, Link, Phase, State
from monitor.views import CameraView, Overview, ProcessView, Status, Trouble

_S = 1_000_000_000


class Lines:
    """Compares each overview with the one before."""

    def __init__(self, began_ns: int) -> None:
        """`began_ns`: wall time before which closed events are old and not told."""
        self._began_ns = began_ns
        self._states: dict[str, tuple[State, bool]] = {}
        self._events: dict[str, Phase] = {}
        self._troubles: dict[tuple[str, str], str] = {}
        self._restarts: dict[str, int] = {}

    def news(self, overview: Overview) -> list[str]:
        """What is new since the last call, oldest first; empty if nothing is."""
        when = clock_time(overview.made_ns)
        news = [
            *(line for camera in overview.cameras if is_known(overview, camera) for line in self._camera(camera)),
            *(line for event in reversed(overview.recent) for line in self._event(event)),
            *(line for process in overview.processes for line in self._process(process)),
            *self._problems(overview.health.troubles),
        ]
        return [f"{when} {line}" for line in news]

    def _camera(self, camera: CameraView) -> Iterator[str]:
        now = (camera.state, camera.ended)
        if self._states.get(camera.camera) != now:
            self._states[camera.camera] = now
            state = "ended" if camera.ended else camera.state.value
            yield f"{camera.camera}: {state}" + (f", {camera.reason}" if camera.reason else "")

    def _event(self, event: Event) -> Iterator[str]:
        before = self._events.get(event.id)
        self._events[event.id] = event.phase
        closed = event.phase is Phase.CLOSED
        if before is None and closed and event.ended_ns < self._began_ns:
            return
        if before is None:
            why = event.reasons[0].text if event.reasons else f"score {event.score:.3g} above {event.limit:.3g}"
            yield f"{event.camera}: event {event.id} opened: {why}"
        if closed and before is not Phase.CLOSED:
            lasted_s = (event.ended_ns - event.began_ns) / _S
            yield f"{event.camera}: event {event.id} closed after {lasted_s:.1f} s ({event.cause or 'closed'})"

    def _process(self, process: ProcessView) -> Iterator[str]:
        restarts = process.restarts or 0
        if restarts > self._restarts.get(process.process, 0):
            yield f"{process.process}: restarted, {restarts} time(s) by now"
        self._restarts[process.process] = restarts

    def _problems(self, troubles: tuple[Trouble, ...]) -> Iterator[str]:
        now = {(trouble.kind, trouble.where): trouble for trouble in troubles}
        for key, trouble in now.items():
            if key not in self._troubles:
                yield f"problem: {_named(*key)}: {trouble.what}; {trouble.remedy}"
        for key in self._troubles.keys() - now.keys():
            yield f"over: {_named(*key)}: {self._troubles[key]}"
        self._troubles = {key: trouble.what for key, trouble in now.items()}


def is_known(overview: Overview, camera: CameraView) -> bool:
    """False for a camera of which nothing was heard only because all is just starting."""
    return overview.health.status is not Status.STARTING or camera.link not in {None, Link.CONNECTING}


def clock_time(wall_ns: int) -> str:
    """Wall time as people here read it."""
    return datetime.fromtimestamp(wall_ns / _S, UTC).astimezone().strftime("%H:%M:%S")


def _named(kind: str, where: str) -> str:
    return f"{kind} {where}" if where else kind
