"""Cameras, streams and files through OpenCV's FFmpeg: the second choice, where PyAV does not work.

It cannot say why a camera cannot be opened, reads RTSP over TCP only, and knows no times of live pictures.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from detectors.base import Image
from monitor.capture.images import shrink
from monitor.capture.source import Cause, Decoded, SourceError, SourceInfo

_TIMEOUT_SHARE = 0.9  # as in pyav.py
_DEFAULT_RATE_HZ = 25.0
_MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class CvInput:
    """What OpenCV is to open.

    Attributes:
        url: As the library wants it, with the login; never shown.
        shown: The same for people.
        device: Whether it is a V4L2 device.
        live: Whether its end is a disconnect.
        open_timeout_s: For connecting.
        read_timeout_s: Longest wait for the next picture of a live source. A device has no time-out: it may block.
    """

    url: str
    shown: str
    device: bool
    live: bool
    open_timeout_s: float
    read_timeout_s: float


@dataclass(frozen=True, slots=True)
class CvPicture:
    """A picture grabbed but not converted yet."""

    capture: cv2.VideoCapture
    shown: str
    size_px: tuple[int, int]
    pts_s: float | None

    def image(self, width_px: int | None) -> Image:
        """BGR at analysis size.

        Raises:
            SourceError: The library grabbed a picture that it cannot convert.
        """
        done, whole = self.capture.retrieve()
        if not done:
            raise SourceError(Cause.DECODE, f"{self.shown}: a picture could not be converted")
        return shrink(np.asarray(whole, dtype=np.uint8), width_px)


class CvSource:
    """A source read by OpenCV. Opens at once.

    Args:
        given: What to open.
        clock_s: Monotonic seconds.

    Raises:
        SourceError: It could not be opened; TIMEOUT or FAILED, for the library does not say more.
    """

    def __init__(self, given: CvInput, clock_s: Callable[[], float]) -> None:
        self._given = given
        self._clock_s = clock_s
        self.damaged = 0  # OpenCV skips damage without telling
        self._capture = self._open()
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        code = int(self._capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
        codec = code.to_bytes(4, "little").decode("ascii", errors="replace").strip("\0 ").lower()
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        length_s = count / rate if rate > 0 and count > 0 and not given.live else None
        self.info = SourceInfo(codec or "unknown", rate if rate > 0 else None, length_s)

    def pictures(self) -> Iterator[Decoded]:
        """See `Source.pictures`.

        Raises:
            SourceError: HUNG, ENDED or DECODE.
        """
        seen, last_s = 0, None
        began_s = self._clock_s()
        while self._capture.isOpened() and self._capture.grab():
            if self._given.live and self._slow(began_s):
                break  # when its time-out is over, the library hands out what it had held back as if it were new
            pts_s = None if self._given.live else self._pts_s(last_s)
            yield CvPicture(self._capture, self._given.shown, self._size_px(), pts_s)
            seen, last_s = seen + 1, pts_s
            began_s = self._clock_s()
        if self._given.live:
            raise self._broken(self._slow(began_s))
        if seen == 0:
            raise self._error(Cause.DECODE, "no picture in it could be decoded")

    def close(self) -> None:
        """Give the library's memory and sockets back."""
        self._capture.release()

    def _open(self) -> cv2.VideoCapture:
        given = self._given
        _silence()
        began_s = self._clock_s()
        if given.device:
            capture = cv2.VideoCapture(given.url, cv2.CAP_V4L2)
        else:
            limits = [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                round(given.open_timeout_s * _MS_PER_S),
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                round(given.read_timeout_s * _MS_PER_S),
            ]
            capture = cv2.VideoCapture(given.url, cv2.CAP_FFMPEG, limits)
        if capture.isOpened():
            return capture
        capture.release()
        if self._clock_s() - began_s >= _TIMEOUT_SHARE * given.open_timeout_s:
            raise self._error(Cause.TIMEOUT, f"no answer within {given.open_timeout_s:g} s")
        raise self._error(Cause.FAILED, "could not be opened; OpenCV does not say why, the pyav back end would")

    def _pts_s(self, last_s: float | None) -> float:
        at_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / _MS_PER_S
        if last_s is None or at_s > last_s:
            return at_s
        return last_s + 1.0 / (self.info.rate_hz or _DEFAULT_RATE_HZ)

    def _size_px(self) -> tuple[int, int]:
        return int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))

    def _slow(self, began_s: float) -> bool:
        return self._clock_s() - began_s >= _TIMEOUT_SHARE * self._given.read_timeout_s

    def _broken(self, slow: bool) -> SourceError:
        if slow:
            return self._error(Cause.HUNG, f"no picture for {self._given.read_timeout_s:g} s")
        return self._error(Cause.ENDED, "the stream stopped")

    def _error(self, cause: Cause, detail: str) -> SourceError:
        return SourceError(cause, f"{self._given.shown}: {detail}")


def _silence() -> None:
    """Both libraries' own log lines quote addresses with their logins. FFmpeg's level is read at its first use."""
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"  # AV_LOG_QUIET
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
