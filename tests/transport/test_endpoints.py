"""What `monitor.transport.endpoints` promises: private by default, and an error that says what to do."""

from __future__ import annotations

import socket
import stat
from pathlib import Path
from typing import Protocol

import pytest

from monitor.transport import (
    Context,
    CurveKey,
    EndpointError,
    Receiver,
    check_endpoint,
    ipc_endpoint,
    private_directory,
)

KEY = CurveKey(public=b"p" * 40, secret=b"s" * 40)


class Place(Protocol):
    """What the fixtures `place` and `ipc_place` give."""

    context: Context
    endpoint: str
    key: CurveKey | None


def test_the_runtime_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    """It is made with mode 0700, parents too where needed, and making it twice is fine."""
    path = private_directory(tmp_path / "a" / "run")
    assert stat.S_IMODE(private_directory(path).stat().st_mode) == 0o700


def test_an_open_or_borrowed_directory_is_refused(tmp_path: Path) -> None:
    """A directory that others may enter, a link or a file is not used for sockets."""
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(EndpointError, match="for its owner only"):
        private_directory(tmp_path / "open")
    (tmp_path / "link").symlink_to(private_directory(tmp_path / "real"))
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(EndpointError, match="expected a directory"):
            private_directory(tmp_path / name)


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    """The limit counts bytes, not characters, and the message says what to do."""
    with pytest.raises(EndpointError, match="name a shorter runtime directory"):
        ipc_endpoint(tmp_path, "ü" * 50)
    longest = 107 - len(str(tmp_path)) - len("/.sock")
    assert ipc_endpoint(tmp_path, "x" * longest).endswith(".sock")


@pytest.mark.parametrize("endpoint", ["ipc:///run/rareframe/frames.sock", "tcp://127.0.0.1:5000", "tcp://[::1]:5000"])
def test_local_endpoints_need_no_key(endpoint: str) -> None:
    """What does not leave the host is open to its own user."""
    check_endpoint(endpoint, None)


@pytest.mark.parametrize(
    "endpoint",
    ["tcp://0.0.0.0:5000", "tcp://*:5000", "tcp://10.0.0.7:5000", "tcp://[::]:5000", "tcp://worker.lan:5000"],
)
def test_beyond_loopback_a_key_is_needed(endpoint: str) -> None:
    """An address that others can reach is refused without a key, and taken with one."""
    with pytest.raises(EndpointError, match="needs a key file"):
        check_endpoint(endpoint, None)
    check_endpoint(endpoint, KEY)


@pytest.mark.parametrize("endpoint", ["", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "udp://1", "ipc://x"])
def test_what_is_no_endpoint_is_refused(endpoint: str) -> None:
    """A slip in the configuration is said before any socket is made."""
    with pytest.raises(EndpointError, match="expected ipc:///absolute/path or tcp://host:port"):
        check_endpoint(endpoint, None)


def test_a_socket_left_by_a_killed_process_is_replaced(ipc_place: Place) -> None:
    """A restart is not stopped by its predecessor's file."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(ipc_place.endpoint.removeprefix("ipc://"))
    Receiver(ipc_place.context, ipc_place.endpoint, window=1).close()


def test_a_living_receiver_is_not_robbed_of_its_endpoint(place: Place) -> None:
    """A second receiver at the same place is refused; the first one keeps it."""
    with (
        Receiver(place.context, place.endpoint, window=1, key=place.key) as first,
        pytest.raises(EndpointError, match=r"in use|cannot listen"),
    ):
        Receiver(place.context, first.endpoint, window=1, key=place.key)


def test_a_file_in_the_way_is_not_deleted(ipc_place: Place) -> None:
    """Only sockets are cleared away."""
    path = Path(ipc_place.endpoint.removeprefix("ipc://"))
    path.write_text("precious")
    with pytest.raises(EndpointError, match="another kind of file"):
        Receiver(ipc_place.context, ipc_place.endpoint, window=1)
    assert path.read_text() == "precious"
