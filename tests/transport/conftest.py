"""Places to meet for the tests of links, each cleaned up and checked for leaked sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from monitor.transport import Context, CurveKey, ipc_endpoint, load_key_file, make_key_file, private_directory


class Place(NamedTuple):
    """Where two ends meet in a test."""

    context: Context
    endpoint: str
    key: CurveKey | None


@pytest.fixture
def context() -> Iterator[Context]:
    """A context that fails the test if it left a socket open: to end a context waits for its sockets."""
    made = Context()
    yield made
    ending = threading.Thread(target=made.term, daemon=True)  # would wait for ever, and the run has to go on
    ending.start()
    ending.join(5.0)
    assert not ending.is_alive(), "a socket was left open"


@pytest.fixture(params=["ipc", "tcp", "tcp+curve"])
def place(request: pytest.FixtureRequest, context: Context, tmp_path: Path) -> Place:
    """Each way in which two ends can be joined."""
    if request.param == "ipc":
        return Place(context, ipc_endpoint(private_directory(tmp_path / "run"), "link"), None)
    if request.param == "tcp":
        return Place(context, "tcp://127.0.0.1:*", None)
    make_key_file(tmp_path / "key")
    return Place(context, "tcp://127.0.0.1:*", load_key_file(tmp_path / "key"))


@pytest.fixture
def ipc_place(context: Context, tmp_path: Path) -> Place:
    """The default way, for what does not depend on it."""
    return Place(context, ipc_endpoint(private_directory(tmp_path / "run"), "link"), None)
