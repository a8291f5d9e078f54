"""Runs an ASGI application in a thread of its own, on loopback only. Knows nothing of what is shown."""

from __future__ import annotations

import ipaddress
import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_MOST_CONNECTIONS = 64


class WebError(Exception):
    """It cannot be served there; says what to do."""


class WebServer:
    """One address. `with` starts and stops it."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """Take the address at once, so that a port in use is found before anything else starts.

        Args:
            host: An address of this machine's loopback, or `localhost`.
            port: 0 for any that is free; see `port`.

        Raises:
            WebError: The address is not on loopback, or is taken.
        """
        self._socket = _listen(loopback_address(host), port)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="web")

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Serve until `stop`. Connections are taken from now on, answered within moments."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Finish what is being answered, for at most two seconds, then end. Stopping twice is fine.

        Returns:
            False if the thread did not end in time.
        """
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        self._socket.close()
        return not self._thread.is_alive()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop."""
        self.stop()


def loopback_address(host: str) -> str:
    """`host` as an address, if it is this machine's loopback.

    Raises:
        WebError: It is not.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise WebError(
            f"alerting.web.listen: expected 127.0.0.1, ::1 or localhost, got {host!r}: there is no login yet, so it is "
            "not served beyond this machine; use an SSH tunnel, or a reverse proxy with a login of its own"
        )
    return address


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(_MOST_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise WebError(
            f"alerting.web.listen: {address}:{port} cannot be taken ({error.strerror}); "
            "stop what uses it, or choose another port"
        ) from error
    return listener
