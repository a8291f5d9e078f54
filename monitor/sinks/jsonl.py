"""One line of JSON for each telling, appended to a file, a named pipe or standard output. Rotates nothing itself."""

from __future__ import annotations

import os
import select
import stat
import time
from pathlib import Path

from monitor.sink import SinkError
from monitor.sinks.payload import as_json, payload_of
from monitor.types import Event

# POSIX: a pipe that is ready to be written takes at least so much without blocking (PIPE_BUF is at least 512; Linux
# has 4096).
_PIPE_STEP_BYTES = select.PIPE_BUF


class JsonLines:
    """Opens the file anew for each line, so that one renamed by logrotate is let go of."""

    def __init__(self, name: str, path: Path | None, *, timeout_s: float = 5.0, link: str | None = None) -> None:
        """Args: path: None: standard output; timeout_s: bounds the wait for whoever reads a pipe; link: for links."""
        self._link = link
        self._name = name
        self._path = path
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self._name

    def deliver(self, event: Event) -> str:
        """Append one line; a line is whole or, after an error, ended before the next one begins.

        Raises:
            SinkError: Not retryable if the path is a folder or the reader of standard output has gone.
        """
        line = as_json(payload_of(event, link=self._link)) + b"\n"
        where = "standard output" if self._path is None else str(self._path)
        try:
            if self._path is None:
                _write_in_time(1, line, self._timeout_s)
            else:
                self._append(self._path, line)
        except OSError as error:
            gone = isinstance(error, IsADirectoryError) or (self._path is None and isinstance(error, BrokenPipeError))
            raise SinkError(
                f"sink {self._name}: {where} cannot be written: {error.strerror or error}; "
                "check the path, its permissions and the room on the disk",
                retryable=not gone,
            ) from error
        return f"{where}: {len(line)} bytes written"

    def close(self) -> None:
        """Nothing is held between two lines."""

    def _append(self, path: Path, line: bytes) -> None:
        # O_NONBLOCK: opening a named pipe that nobody reads is an error, not a wait. Files do not mind it.
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o640)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                _write_in_time(fd, line, self._timeout_s)
                return
            whole = b"\n" + line if _ends_torn(path) else line
            if os.write(fd, whole) != len(whole):
                raise OSError(None, "only a part of the line was written")
        finally:
            os.close(fd)


def _ends_torn(path: Path) -> bool:
    """Whether a full disk or a crash cut the last line short."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _write_in_time(fd: int, line: bytes, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    left = memoryview(line)
    while left:
        _, ready, _ = select.select([], [fd], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError(None, f"nobody read it for {timeout_s:g} s")
        left = left[os.write(fd, left[:_PIPE_STEP_BYTES]) :]
