"""How every process says what happened: event name and fields, as JSON or as text. Decides nothing about what is said.

Nothing leaves here with a credential in it: every text, in any field and in tracebacks, is freed of those first. The
same warning or error within a minute is said once, and the next time with how often it was held back.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from monitor.redaction import without_credentials

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "text"]

REPEAT_S = 60.0
_FILE_BYTES = 5_000_000
_OLD_FILES = 3
_MAX_REMEMBERED = 1000
_JSON: Processor = structlog.processors.JSONRenderer()
_AT: Processor = structlog.processors.TimeStamper(fmt="iso", utc=True)
# Libraries that tell of each request, connection or packet: nothing below a warning is of use to the user.
_QUIET = ("uvicorn", "httpx", "httpcore", "asyncio", "libav", "PIL")


def set_up(
    process: str,
    *,
    level: Level = "info",
    style: Format = "auto",
    folder: Path | None = None,
    stream: TextIO | None = None,
) -> None:
    """Configure structlog and the standard library's logging for this process; a second call replaces the first.

    Args:
        process: Its name, the field `role` of every entry, and the name of its file.
        level: The least that is said.
        style: "auto" is text on a terminal, else JSON.
        folder: Where its file `PROCESS.log` goes, of at most 5 MB with three older ones; None writes to `stream`.
        stream: Standard error if None.
    """
    out = sys.stderr if stream is None else stream
    to_terminal = folder is None and out.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _named(process),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        hide_credentials,
    ]
    handler = _handler(process, folder, out)
    render = _text(colours=to_terminal) if style == "text" or (style == "auto" and to_terminal) else _JSON
    finish = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _AT, render]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=finish))
    _listen(handler, level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            HoldRepeats(REPEAT_S, time.monotonic),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # loggers made at import must follow a later set-up
    )


def hide_credentials(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Processor: no text of the entry, however deep, keeps the login of a URL."""
    return {key: _hidden(value) for key, value in entry.items()}


class HoldRepeats:
    """Processor: drops a warning or error that was said, with equal fields, less than `within_s` ago."""

    def __init__(self, within_s: float, clock_s: Callable[[], float]) -> None:
        self._within_s = within_s
        self._clock_s = clock_s
        self._said: dict[str, tuple[float, int]] = {}  # when it was last said, how often held back since

    def __call__(self, _logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
        """The entry, with `repeated` if it was held back before.

        Raises:
            structlog.DropEvent: It is held back.
        """
        if entry.get("level") not in {"warning", "error", "critical"}:
            return entry
        key = repr(sorted((name, repr(value)) for name, value in entry.items() if not name.startswith("_")))
        now_s = self._clock_s()
        last_s, held = self._said.get(key, (None, 0))
        if last_s is not None and now_s - last_s < self._within_s:
            self._said[key] = (last_s, held + 1)
            raise structlog.DropEvent
        self._said.pop(key, None)  # to the end: the oldest stand first
        self._said[key] = (now_s, 0)
        if len(self._said) > _MAX_REMEMBERED:
            del self._said[next(iter(self._said))]
        if held:
            entry["repeated"] = held
        return entry


def _text(*, colours: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)


def _listen(handler: logging.Handler, level: Level) -> None:
    """Everything said through the standard library goes to `handler` and nowhere else."""
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _named(process: str) -> Processor:
    def add(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
        entry["role"] = process
        return entry

    return add


def _handler(process: str, folder: Path | None, out: TextIO) -> logging.Handler:
    if folder is None:
        return logging.StreamHandler(out)
    folder.mkdir(parents=True, exist_ok=True)
    return RotatingFileHandler(
        folder / f"{process}.log", maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8", delay=True
    )


def _hidden(value: object) -> object:
    if isinstance(value, str):
        return without_credentials(value)
    if isinstance(value, Mapping):
        return {_hidden(key): _hidden(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(item) for item in value]
    if value is None or isinstance(value, bool | int | float | logging.LogRecord):
        return value
    return without_credentials(str(value))
