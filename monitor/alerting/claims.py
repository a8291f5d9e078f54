"""What the worker wrote down of strange frames is put beside the event it belongs to. Reads no frame.

The worker knows no events: it leaves takes in a folder, named after camera and times. The one in which an event began
becomes its `ID-bundle.zip`; one that no event claims is removed.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec
import structlog

from monitor.alerting.clock import Clock
from monitor.alerting.snapshots import event_file
from monitor.alerting.store import EventStore, StoreError
from monitor.types import Event, Phase

# One that no event has claimed for so long after its last frame belongs to none. Unit: seconds.
UNCLAIMED_S = 900.0
_TAKE = re.compile(r"(?P<camera>.+)\.(?P<first>\d{20})\.(?P<last>\d{20})\.zip")
_NS = 1_000_000_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Take:
    path: Path
    camera: str
    first_ns: int
    last_ns: int


class Claims:
    """Of one data folder. What goes wrong is logged once, and tried again."""

    def __init__(self, data_dir: Path, takes: Path, store: EventStore, clock: Clock) -> None:
        """Args: data_dir: where events' files are; takes: the folder in which the worker leaves them."""
        self._data_dir = data_dir
        self._takes = takes
        self._store = store
        self._clock = clock
        self._fault: str | None = None

    def run_once(self) -> bool:
        """Look at all that the worker left; never more to do at once (see `upkeep.Work`)."""
        try:
            for take in self._waiting():
                self._settle(take)
        except (OSError, StoreError) as error:
            if str(error) != self._fault:
                _log.warning("bundles_wait", error=str(error), do="what is kept of events is moved once this works")
            self._fault = str(error)
            return False
        self._fault = None
        return False

    def _waiting(self) -> Iterator[_Take]:
        names = sorted(self._takes.iterdir()) if self._takes.is_dir() else []
        for path in names:
            found = _TAKE.fullmatch(path.name)
            if found is not None:
                yield _Take(path, found["camera"], int(found["first"]), int(found["last"]))

    def _settle(self, take: _Take) -> None:
        event = self._claimant(take)
        if event is not None and event.phase is Phase.CLOSED:
            self._give(take, event)
        elif event is None and self._clock.wall_ns() - take.last_ns > UNCLAIMED_S * _NS:
            take.path.unlink(missing_ok=True)

    def _claimant(self, take: _Take) -> Event | None:
        """The event that began in it; the first of them if there are several."""
        near = self._store.events(camera=take.camera, since_ns=take.first_ns, until_ns=take.last_ns)
        begun = [event for event in near if take.first_ns <= event.began_ns <= take.last_ns]
        return min(begun, key=lambda event: event.began_ns, default=None)

    def _give(self, take: _Take, event: Event) -> None:
        place = self._data_dir / bundle_of(event)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            add_event(take.path, event, self._data_dir)
        except zipfile.BadZipFile:
            _log.warning("take_refused", path=str(take.path), why="it is no zip file; it is removed")
            take.path.unlink(missing_ok=True)
            return
        take.path.replace(place)
        _log.info("bundle_kept", id=event.id, camera=event.camera)


def bundle_of(event: Event) -> PurePosixPath:
    """Where the bundle of an event is, below the data folder, once it is over and if it was kept."""
    return event_file(event, "-bundle.zip")


def add_event(bundle: Path, event: Event, data_dir: Path) -> None:
    """Put the event, as JSON, and its pictures and clip, as far as they are there and it lacks them, into a bundle.

    Raises:
        OSError, zipfile.BadZipFile: It is as it was, or holds some of them.
    """
    files = {"snapshot.jpg": event.snapshot, "overlay.jpg": event.overlay, "clip.mp4": event.clip}
    files |= {f"normal-{number}.jpg": name for number, name in enumerate(event.normals, start=1)}
    with zipfile.ZipFile(bundle, "a", zipfile.ZIP_STORED) as archive:
        there = set(archive.namelist())
        if "event.json" not in there:
            archive.writestr(zipfile.ZipInfo("event.json"), msgspec.json.format(msgspec.json.encode(event)))
        for name, file in files.items():
            if name not in there and file is not None and (data_dir / file).is_file():
                archive.write(data_dir / file, name)
