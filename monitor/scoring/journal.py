"""The minutes that a camera's levels are made of, written down as they end: a crash between checkpoints loses none.

Lines of JSON, the first one says of which configuration. What was learned is in the checkpoints, not here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from detectors.budget.diary import MINUTE_S, Light, Minute
from monitor.files import whole

# Longer than the oldest checkpoint that may be gone back to. Unit: lines, each a minute.
KEPT = 4320
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Head:
    fingerprint: str


class Journal:
    """One camera's minutes in one file. Never raises for the file: it logs, and goes on."""

    def __init__(self, path: Path, fingerprint: str, channels: int) -> None:
        """Args: path: its folder is made if absent; fingerprint: of the configuration; channels: peaks a minute."""
        self._path = path
        self._fingerprint = fingerprint
        self._channels = channels
        self._lines = 0
        self._faulty = False

    def read(self) -> tuple[Minute, ...]:
        """What is written down, oldest first; lines that a crash cut short are left out."""
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return ()
        minutes = []
        with contextlib.suppress(msgspec.DecodeError):
            if not lines or msgspec.json.decode(lines[0], type=_Head).fingerprint != self._fingerprint:
                return ()
            for line in lines[1:]:
                with contextlib.suppress(msgspec.DecodeError):
                    minutes.append(msgspec.json.decode(line, type=Minute))
        self._lines = len(minutes)
        return tuple(minute for minute in minutes if self._sound(minute))

    def add(self, minutes: Sequence[Minute]) -> None:
        """Write minutes down so that they outlive a crash and a power cut."""
        if not minutes:
            return
        fresh = self._lines == 0
        if self._lines >= 2 * KEPT:
            minutes, fresh = (*self.read()[-KEPT:], *minutes), True
        lines = [msgspec.json.encode(minute) for minute in minutes]
        if fresh:
            lines.insert(0, msgspec.json.encode(_Head(self._fingerprint)))
        try:
            self._write(b"\n".join(lines) + b"\n", fresh=fresh)
        except OSError as error:
            if not self._faulty:
                _log.error("journal_failed", path=str(self._path), error=error.strerror, do="make room on the disk")
            self._faulty = True
            return
        self._faulty = False
        self._lines = len(minutes) if fresh else self._lines + len(minutes)

    def _write(self, text: bytes, *, fresh: bool) -> None:
        if fresh:
            with whole(self._path) as file:
                file.write(text)
            return
        with self._path.open("ab") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def _sound(self, minute: Minute) -> bool:
        peaks_fit = len(minute.peaks) == self._channels and all(0 <= p < float("inf") or p == -1 for p in minute.peaks)
        return peaks_fit and minute.light in set(Light) and 0 <= minute.seen_s <= MINUTE_S
