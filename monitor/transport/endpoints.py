"""Where a link's two ends meet, and what must hold before they may. Opens no link itself.

By default `ipc`: a socket file in a directory that only its owner may enter. `tcp` by configuration; beyond loopback
only with a key (see `keys`).
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
import stat
from pathlib import Path

from monitor.transport.keys import CurveKey

# sockaddr_un.sun_path holds 108 bytes on Linux with the closing zero: unix(7).
MAX_IPC_PATH_BYTES = 107
_TCP = re.compile(r"tcp://(\[[0-9A-Fa-f:.]+\]|[^\[\]:/@]+):(\d{1,5}|\*)")
_MAX_PORT = 65535


class EndpointError(ValueError):
    """A link may not or cannot use this endpoint; the message says why and what to do."""


def private_directory(path: Path) -> Path:
    """Make `path` (and its parents) a directory that only this user may enter.

    Raises:
        EndpointError: It exists and is open to others, belongs to somebody else or is no directory.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise EndpointError(f"{path}: expected a directory for sockets, got something else; name another")
    if found.st_uid != os.geteuid():
        raise EndpointError(f"{path}: belongs to user {found.st_uid}, expected {os.geteuid()}; name another directory")
    if stat.S_IMODE(found.st_mode) & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise EndpointError(f"{path}: expected a directory for its owner only (0700), got {mode:04o}; name another")
    return path


def ipc_endpoint(directory: Path, name: str) -> str:
    """The endpoint called `name` in `directory`.

    Raises:
        EndpointError: The path is too long for a socket.
    """
    path = directory.absolute() / f"{name}.sock"
    size = len(os.fsencode(path))
    if size > MAX_IPC_PATH_BYTES:
        raise EndpointError(
            f"{path}: expected a socket path of at most {MAX_IPC_PATH_BYTES} bytes, got {size}; "
            "name a shorter runtime directory"
        )
    return f"ipc://{path}"


def check_endpoint(endpoint: str, key: CurveKey | None) -> None:
    """Refuse what is no endpoint, and what would be open to the network without a key.

    Raises:
        EndpointError: It is refused.
    """
    if endpoint.startswith("ipc:///"):
        return
    match = _TCP.fullmatch(endpoint)
    if match is None or (match[2] != "*" and int(match[2]) > _MAX_PORT):
        raise EndpointError(f"{endpoint!r}: expected ipc:///absolute/path or tcp://host:port")
    if key is None and not _is_loopback(match[1].strip("[]")):
        raise EndpointError(
            f"{endpoint}: an address beyond loopback needs a key file, got none; make one and name it at both ends"
        )


def clear_stale_socket(endpoint: str) -> None:
    """Remove the socket file that a killed receiver left at `endpoint`; libzmq would also take over a live one's.

    Raises:
        EndpointError: Somebody listens there, or it is not a socket.
    """
    if not endpoint.startswith("ipc://"):
        return
    path = Path(endpoint.removeprefix("ipc://"))
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise EndpointError(f"{path}: expected a socket or nothing, got another kind of file; move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError as error:  # a full backlog (EAGAIN): alive
            raise EndpointError(f"{path}: in use by another process ({error.strerror}); stop it first") from error
    raise EndpointError(f"{path}: in use by another process; stop it first or name another runtime directory")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name or "*"
        return False
