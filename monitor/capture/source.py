"""What the loop round a camera asks of a source, and why a source fails. Reads nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from detectors.base import Image
from monitor.capture.ring import Packet, Track


class Cause(StrEnum):
    """Why a run ended or never began: the short fixed words that metrics and reports use."""

    REFUSED = "refused"  # nobody listens there
    UNREACHABLE = "unreachable"  # the name does not resolve, or no way leads there
    TIMEOUT = "timeout"  # connecting took too long
    LOGIN = "login"  # wrong or missing login
    NOT_FOUND = "not_found"  # the server is there, the path is not
    REJECTED = "rejected"  # the server answered with another error
    MISSING = "missing"  # no such file or device
    HUNG = "hung"  # connected, and no picture for too long
    ENDED = "ended"  # a live stream stopped: a disconnect
    DECODE = "decode"  # what comes cannot be read as pictures
    UNSUPPORTED = "unsupported"  # no decoder, no such protocol, nothing to see in it
    FAILED = "failed"  # anything else; the detail says what

    @property
    def patient(self) -> bool:
        """Whether trying again soon is pointless or harmful (cameras lock an account after some wrong logins)."""
        return self in {Cause.LOGIN, Cause.NOT_FOUND, Cause.UNSUPPORTED}


class SourceError(Exception):
    """A source could not be opened, or stopped giving pictures. It is of no further use; close it and open another.

    Attributes:
        cause: Decides how long to wait before the next attempt.
        detail: One line for people, free of credentials.
    """

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known once a source is open: `codec` as the library names it; None where it does not say."""

    codec: str
    rate_hz: float | None
    length_s: float | None = None


class Decoded(Protocol):
    """One decoded picture, not converted yet. Valid until the next one is asked for."""

    @property
    def pts_s(self) -> float | None:
        """Presentation time in seconds from any origin; None where the source has none. May repeat or go back."""

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height as decoded."""

    def image(self, width_px: int | None) -> Image:
        """The picture at the size `fit` gives: (H, W, 3) uint8, BGR, read-only, a copy of its own."""


class Source(Protocol):
    """An open camera or recording."""

    @property
    def info(self) -> SourceInfo:
        """What it is."""

    @property
    def damaged(self) -> int:
        """Pictures or packets skipped so far because they could not be decoded whole."""

    def pictures(self) -> Iterator[Decoded]:
        """Every picture, in order, each one decoded; to be called once.

        A recording's iterator ends with the recording. A live one never ends: that would be a disconnect.

        Raises:
            SourceError: While iterating; the source is of no further use.
        """

    def close(self) -> None:
        """Give everything back; a second call does nothing. Only by the thread that iterates, and not within it."""


class PacketListener(Protocol):
    """Hears the encoded packets of a source that has them. Called by the thread that iterates."""

    def open(self, track: Track) -> None:
        """The source is open, and its packets will be of this kind."""

    def take(self, packet: Packet) -> None:
        """One packet, in the order of decoding; the pictures it gives come after it."""


def fit(size_px: tuple[int, int], longest_px: int | None) -> tuple[int, int]:
    """The analysis size: the longer side `longest_px`, the same aspect, never enlarged, both sides even, at least 2.

    Even, because chroma is stored at half size and a size that changes by rounding would look like a change of scene.
    """
    width, height = size_px
    scale = 1.0 if longest_px is None else min(1.0, longest_px / max(width, height))
    return _even(width * scale, width), _even(height * scale, height)


def _even(wanted: float, available: int) -> int:
    return max(2, min(2 * round(wanted / 2), available - available % 2))
