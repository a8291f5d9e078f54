"""The live view as one rich renderable. Asks nobody and keeps nothing but the last minute's scores."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.terminal.lines import clock_time, is_known
from monitor.terminal.picture import half_blocks
from monitor.types import Event, State, Verdict
from monitor.views import CameraView, Overview, Status

WIDE_FROM_COLUMNS = 110  # below, there is room for neither the last scores nor a picture
_PICTURE_COLUMNS = 64
_BAR_CELLS = 16
_SPARK = "▁▂▃▄▅▆▇█"
_SPARK_SCORES = 30
_COLOURS = {
    State.WARMING: "yellow",
    State.CALIBRATING: "yellow",
    State.ACTIVE: "green",
    State.DEGRADED: "magenta",
    State.BLIND: "red",
}
_STATUS_COLOURS = {Status.STARTING: "yellow", Status.READY: "green", Status.DEGRADED: "red"}


class Histories:
    """Each camera's last scores as shares of their limits; None where either was unknown."""

    def __init__(self) -> None:
        self._scores: dict[str, deque[float | None]] = {}

    def add(self, overview: Overview) -> None:
        """Take in one look."""
        for camera in overview.cameras:
            self._scores.setdefault(camera.camera, deque(maxlen=_SPARK_SCORES)).append(_share(camera))

    def of(self, camera: str) -> Sequence[float | None]:
        """Oldest first, at most the last half minute."""
        return tuple(self._scores.get(camera, ()))


def chosen_camera(overview: Overview) -> str | None:
    """Whose picture is shown: one with an event going on, else the first that has any."""
    seen = [camera for camera in overview.cameras if camera.picture_ns is not None]
    going_on = [camera for camera in seen if camera.open_event is not None]
    return next((camera.camera for camera in [*going_on, *seen]), None)


def screen(
    overview: Overview | None,
    cameras: Sequence[str],
    histories: Histories,
    places: Sequence[str],
    picture: bytes | None,
    columns: int,
) -> RenderableType:
    """Everything at one moment.

    Args:
        overview: None while the daemon does not answer.
        cameras: Their names, for while there is no overview.
        histories: Scores of late.
        places: Lines that say where things are.
        picture: JPEG of `chosen_camera`, or None.
        columns: How wide the terminal is.
    """
    foot = Text("\n".join([*places, "Ctrl-C stops everything in order"]), style="dim")
    if overview is None:
        return Group(Text(f"rareframe: starting; cameras: {', '.join(cameras)}", style="bold"), foot)
    parts: list[RenderableType] = [_head(overview), _table(overview, histories, wide=columns >= WIDE_FROM_COLUMNS)]
    parts += [Text(f"! {trouble.what}; {trouble.remedy}", style="red") for trouble in overview.health.troubles]
    drawn = None if picture is None else half_blocks(picture, _PICTURE_COLUMNS)
    if drawn is not None:
        parts.append(drawn)
    return Group(*parts, foot)


def _head(overview: Overview) -> Text:
    status = overview.health.status
    head = Text("rareframe ", style="bold")
    head.append(status.value, style=_STATUS_COLOURS[status])
    for process in overview.processes:
        restarts = f" ({process.restarts} restarts)" if process.restarts else ""
        head.append(f"  {process.process}{restarts}", style="dim" if process.up else "red")
    return head


def _table(overview: Overview, histories: Histories, *, wide: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1))
    table.add_column("camera", no_wrap=True)
    table.add_column("state", ratio=1)
    table.add_column("fps", justify="right", no_wrap=True)
    table.add_column("score of limit", no_wrap=True, min_width=_BAR_CELLS + 6)
    if wide:
        table.add_column("of late", no_wrap=True, min_width=_SPARK_SCORES)
    table.add_column("drops", justify="right", no_wrap=True)
    table.add_column("last event", ratio=1)
    for camera in overview.cameras:
        late = [_sparkline(histories.of(camera.camera))] if wide else []
        table.add_row(
            camera.camera,
            _state(camera) if is_known(overview, camera) else Text("starting", style="dim"),
            "–" if camera.fps is None else f"{camera.fps:.1f}",
            _bar(camera),
            *late,
            str(camera.dropped),
            _event(camera.open_event or camera.last_event),
        )
    return table


def _state(camera: CameraView) -> Text:
    if camera.ended:
        return Text("ended", style="dim")
    text = Text(camera.state.value, style=_COLOURS[camera.state])
    if camera.reason:
        text.append(f"\n{camera.reason}", style="dim")
    return text


def _share(camera: CameraView) -> float | None:
    if camera.score is None or camera.limit is None:
        return None
    return camera.score / camera.limit if camera.limit > 0 else float(camera.score > 0) * 2


def _bar(camera: CameraView) -> Text:
    """The score; the limit is the mark in the middle, the right end twice the limit."""
    share = _share(camera)
    if share is None:
        return Text("not known yet" if camera.score is None else f"{camera.score:.3g}, no limit yet", style="dim")
    filled = round(min(share / 2, 1.0) * _BAR_CELLS)
    style = "red" if camera.verdict is Verdict.ANOMALOUS else "green"
    text = Text()
    for cell in range(_BAR_CELLS):
        if cell == _BAR_CELLS // 2:
            text.append("│", style="bold")
        text.append("█" if cell < filled else "·", style=style if cell < filled else "dim")
    return text.append(f" {share:.0%}", style=style)


def _sparkline(shares: Sequence[float | None]) -> Text:
    text = Text()
    for share in shares:
        if share is None:
            text.append(" ")
            continue
        height = min(int(share / 2 * len(_SPARK)), len(_SPARK) - 1)
        text.append(_SPARK[height], style="red" if share > 1 else "green")
    return text


def _event(event: Event | None) -> Text:
    if event is None:
        return Text("–", style="dim")
    why = event.reasons[0].text if event.reasons else ""
    text = Text(f"{clock_time(event.began_ns)} {event.phase.value}", style="bold red" if event.cause is None else "")
    return text.append(f"\n{why}" if why else "", style="dim")
