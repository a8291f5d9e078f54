"""Lines of JSON: whole ones, whatever happens to the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.sink import SinkError
from monitor.sinks.checks import EVENT
from monitor.sinks.jsonl import JsonLines
from monitor.types import Phase


def keys(path: Path) -> list[str]:
    """The keys of all whole lines."""
    return [json.loads(line)["key"] for line in path.read_text().splitlines()]


def test_lines_are_appended_to_what_is_there(tmp_path: Path) -> None:
    """A restart goes on with the same file."""
    path = tmp_path / "events.jsonl"
    JsonLines("lines", path).deliver(EVENT)
    JsonLines("lines", path).deliver(replace(EVENT, phase=Phase.CLOSED))
    assert keys(path) == ["0123456789abcdef/opened", "0123456789abcdef/closed-5"]


def test_a_rotated_file_is_let_go_of(tmp_path: Path) -> None:
    """After a rename, lines go to a new file of the old name."""
    path = tmp_path / "events.jsonl"
    lines = JsonLines("lines", path)
    lines.deliver(EVENT)
    path.rename(tmp_path / "events.jsonl.1")
    lines.deliver(EVENT)
    assert len(keys(path)) == len(keys(tmp_path / "events.jsonl.1")) == 1


def test_a_torn_line_does_not_spoil_the_next(tmp_path: Path) -> None:
    """A line that a crash cut short is ended; the next begins on a line of its own."""
    path = tmp_path / "events.jsonl"
    path.write_text('{"schema_version":1,"id":"0123')
    JsonLines("lines", path).deliver(EVENT)
    torn, whole = path.read_text().splitlines()
    assert torn == '{"schema_version":1,"id":"0123'
    assert json.loads(whole)["id"] == EVENT.id


def test_a_full_disk_is_retryable() -> None:
    """Room may be made."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(SinkError, match="No space left") as caught:
        JsonLines("lines", Path("/dev/full")).deliver(EVENT)
    assert caught.value.retryable


def test_a_pipe_that_nobody_reads_is_retryable(tmp_path: Path) -> None:
    """A named pipe without a reader is an error at once, not a wait, and the line is not lost in it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(SinkError) as caught:
        JsonLines("lines", path).deliver(EVENT)
    assert caught.value.retryable


SCRIPT = """
import sys, time
from monitor.sink import SinkError
from monitor.sinks.checks import EVENT
from monitor.sinks.jsonl import JsonLines
sink = JsonLines("lines", None, timeout_s=0.3)
try:
    for _ in range(int(sys.argv[1])):
        sink.deliver(EVENT)
except SinkError as error:
    print(error.retryable, error, file=sys.stderr)
"""


def test_standard_output_is_one_line_each() -> None:
    """Without a path lines go to standard output."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, "2"], capture_output=True, check=True, timeout=30)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [EVENT.id] * 2


def test_a_reader_of_standard_output_that_stops_reading_is_a_timeout() -> None:
    """A stalled pipe costs the time-out, not for ever."""
    child = subprocess.Popen([sys.executable, "-c", SCRIPT, "1000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stderr is not None
    assert child.stdout is not None
    assert child.stderr.read().startswith(b"True sink lines: standard output cannot be written: nobody read it")
    assert child.wait(30) == 0
    child.stdout.close()
    child.stderr.close()


def test_a_reader_of_standard_output_that_is_gone_is_final() -> None:
    """Nobody will come back to read it."""
    child = subprocess.Popen([sys.executable, "-c", SCRIPT, "1000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert child.stderr.read().startswith(b"False ")
    assert child.wait(30) == 0
    child.stderr.close()
