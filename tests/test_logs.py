"""What the processes say, and what they never say."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from monitor import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging is global: leave it as it was found."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def _entries(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_entry_is_one_json_object_with_its_fields() -> None:
    """Off a terminal every line is an object: event, level, role, time and the fields given."""
    stream = io.StringIO()
    logs.set_up("capture", stream=stream)
    structlog.get_logger("x").info("camera_online", camera="gate", fps=9.5)
    (entry,) = _entries(stream)
    assert str(entry.pop("timestamp")).endswith("Z")
    assert entry == {"event": "camera_online", "level": "info", "role": "capture", "camera": "gate", "fps": 9.5}


def test_no_credential_leaves() -> None:
    """Neither a field, nor something deep in one, nor a traceback, nor another library's line shows a login."""
    stream = io.StringIO()
    logs.set_up("capture", stream=stream)
    url = "rtsp://joe:s3cret@10.0.0.5/sub"
    log = structlog.get_logger("x")
    log.error(f"cannot open {url}", source=url, deep={"tried": [url, (url,)]}, path=Path("x"), error=ValueError(url))
    try:
        raise ValueError(url)
    except ValueError:
        log.exception("failed")
    logging.getLogger("other").warning("GET %s", url)
    assert len(_entries(stream)) == 3
    assert "s3cret" not in stream.getvalue()
    assert stream.getvalue().count("rtsp://***@10.0.0.5/sub") >= 6


def test_less_than_the_level_is_not_said() -> None:
    """A level holds for our own entries and for libraries."""
    stream = io.StringIO()
    logs.set_up("capture", level="warning", stream=stream)
    structlog.get_logger("x").info("dull")
    logging.getLogger("other").info("dull")
    assert stream.getvalue() == ""


def test_the_same_error_is_said_once_in_a_while() -> None:
    """A fault that repeats thousands of times costs a line a minute, and one that changes is said at once."""
    now_s = 0.0
    hold = logs.HoldRepeats(60.0, lambda: now_s)
    said: list[dict[str, object]] = []
    for second in range(130):
        now_s = float(second)
        try:
            said.append(
                dict(hold(None, "error", {"level": "error", "event": "refused", "camera": f"c{second // 125}"}))
            )
        except structlog.DropEvent:
            continue
    assert [(entry["camera"], entry.get("repeated")) for entry in said] == [
        ("c0", None), ("c0", 59), ("c0", 59), ("c1", None),
    ]  # fmt: skip


def test_progress_is_never_held_back() -> None:
    """Only warnings and errors are counted as repeats."""
    hold = logs.HoldRepeats(60.0, lambda: 0.0)
    entry = {"level": "info", "event": "event_opened"}
    assert [hold(None, "info", dict(entry)) for _ in range(3)] == [entry] * 3


def test_text_is_for_terminals_and_files_are_json(tmp_path: Path) -> None:
    """`text` is readable text; a folder gets a JSON file named after the process."""
    stream = io.StringIO()
    logs.set_up("worker", style="text", stream=stream)
    structlog.get_logger("x").info("camera_online", camera="gate")
    assert "camera_online" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    logs.set_up("worker", folder=tmp_path / "logs", stream=stream)
    structlog.get_logger("x").info("camera_online", camera="gate")
    assert json.loads((tmp_path / "logs" / "worker.log").read_text(encoding="utf-8"))["camera"] == "gate"
