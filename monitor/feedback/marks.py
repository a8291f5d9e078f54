"""The feedback that holds now, as one file in the data folder: written as a whole, read again and again by the worker.

What cannot be read of it is said once, and the rest holds. Holds no secret.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import msgspec
import structlog

from monitor.files import whole
from monitor.stored import Kind

FILE = "feedback.json"
VERSION = 1
# The file is looked at this often. Unit: seconds.
LOOK_S = 2.0
# Of one camera; each picture that is strange is compared with all of them.
MOST_MARKS = 200
# Numbers of one event's looks; more would not travel.
MOST_NUMBERS = 1024
_MOST_TEXT = 4096
_MOST_BYTES = 20_000_000
_log = structlog.get_logger(__name__)


class FeedbackError(Exception):
    """Feedback cannot be given, undone, read or written; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One event of which somebody said something that holds.

    Attributes:
        id: Of the feedback in the event store.
        event: The event's id; it may have been deleted since.
        who: Who said so, for people.
        at_ns: Wall time at which they did.
        look: How it looked and where, as the event has it (see `detectors.feedback`); if empty, it has no like.
    """

    id: int
    event: str
    camera: str
    kind: Kind
    who: str
    at_ns: int
    look: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _File:
    version: int
    marks: tuple[msgspec.Raw, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds: the marks that can be used, and what is wrong with the others; "" if nothing is."""

    marks: tuple[Mark, ...]
    fault: str = ""


def read(data_dir: Path) -> Found:
    """The feedback that holds; none without a file.

    Raises:
        FeedbackError: The file cannot be read, or is none of ours.
    """
    path = data_dir / FILE
    try:
        with path.open("rb") as file:
            found = msgspec.json.decode(file.read(_MOST_BYTES), type=_File)
    except FileNotFoundError:
        return Found(())
    except OSError as error:
        raise FeedbackError(f"{path}: cannot be read ({error.strerror}); make it readable or remove it") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FeedbackError(f"{path}: expected what rareframe itself writes, got {error}; remove it") from error
    if found.version != VERSION:
        raise FeedbackError(f"{path}: expected version {VERSION}, got {found.version}; update rareframe or remove it")
    return _usable(path, found.marks)


def write(data_dir: Path, marks: Sequence[Mark]) -> None:
    """Replace the file as a whole.

    Raises:
        FeedbackError: It cannot be written.
    """
    path = data_dir / FILE
    raw = tuple(msgspec.Raw(msgspec.json.encode(mark)) for mark in marks)
    try:
        with whole(path) as file:
            file.write(msgspec.json.encode(_File(VERSION, raw)))
    except OSError as error:
        raise FeedbackError(
            f"{path}: cannot be written ({error.strerror}); make room or make it writable, "
            "then restart the daemon or give any feedback again: what is stored is written with it"
        ) from error


@contextlib.contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Let no other process write the file meanwhile.

    Raises:
        FeedbackError: The folder cannot be written to.
    """
    path = data_dir / f"{FILE}.lock"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = path.open("wb")
    except OSError as error:
        raise FeedbackError(f"{path}: cannot be written ({error.strerror}); make room or make it writable") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class MarkWatch:
    """Tells when the feedback changed. What cannot be read is logged once, and what can be holds."""

    def __init__(self, data_dir: Path, tell: Callable[[tuple[Mark, ...]], None]) -> None:
        """Args: tell: called with all that holds whenever it changed; before the first call there is none."""
        self._data_dir = data_dir
        self._tell = tell
        self._looked_s = float("-inf")
        self._last: tuple[Mark, ...] = ()
        self._fault = ""

    def look_if_due(self, now_s: float) -> None:
        """Args: now_s: Monotonic seconds; the file is looked at every `LOOK_S`."""
        if now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        try:
            found = read(self._data_dir)
        except FeedbackError as error:
            found = Found(self._last, str(error))
        if found.fault and found.fault != self._fault:
            _log.error("feedback_refused", error=found.fault)
        self._fault = found.fault
        if found.marks != self._last:
            self._last = found.marks
            self._tell(found.marks)


def _usable(path: Path, raw: Sequence[msgspec.Raw]) -> Found:
    marks, faults, of_camera = list[Mark](), list[str](), Counter[str]()
    for number, each in enumerate(raw, start=1):
        try:
            mark = msgspec.json.decode(each, type=Mark)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            faults.append(f"mark {number}: {error}")
            continue
        of_camera[mark.camera] += 1
        if of_camera[mark.camera] > MOST_MARKS:
            faults.append(f"mark {number}: expected at most {MOST_MARKS} of camera {mark.camera}")
        elif not _sound(mark):
            faults.append(f"mark {number}: expected at most {MOST_NUMBERS} finite numbers and short texts")
        else:
            marks.append(mark)
    if not faults:
        return Found(tuple(marks))
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    told = f"{path}: {len(faults)} of {len(raw)} marks are not used: {faults[0]}{more}; the others hold"
    return Found(tuple(marks), f"{told}; remove the file and restart the daemon, which writes it from the event store")


def _sound(mark: Mark) -> bool:
    texts = all(len(text) <= _MOST_TEXT for text in (mark.event, mark.camera, mark.who))
    return texts and len(mark.look) <= MOST_NUMBERS and all(map(isfinite, mark.look)) and abs(mark.at_ns) < 2**63
