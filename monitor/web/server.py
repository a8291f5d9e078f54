"""Runs an ASGI application in a thread of its own, on one address. Knows nothing of what is shown, nor to whom."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from monitor.web.guards import MOST_HEADER_BYTES
from monitor.web.protocol import PatientProtocol

_MOST_CONNECTIONS = 128


class WebError(Exception):
    """It cannot be served there; says what to do."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM: the certificate with those that vouch for it, and its key."""

    cert_file: Path
    key_file: Path


class WebServer:
    """One address. `with` starts and stops it."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        *,
        tls: Tls | None = None,
        proxies: Sequence[str] = (),
        ending: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the address at once, so that a port in use is found before anything else starts.

        Args:
            host: An address of this machine, or `localhost`.
            port: 0 for any that is free; see `port`.
            tls: The certificate to show; None: plain HTTP.
            proxies: Addresses of proxies whose word on who asks, and over TLS or not, is taken.
            ending: Called as it stops, to end answers that would go on.

        Raises:
            WebError: The address is none, or taken, or the certificate cannot be used.
        """
        self._socket = _listen("127.0.0.1" if host == "localhost" else host, port)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            loop="asyncio",
            http=PatientProtocol,
            ws="none",
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            h11_max_incomplete_event_size=2 * MOST_HEADER_BYTES,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=2,
            ssl_certfile=None if tls is None else tls.cert_file,
            ssl_keyfile=None if tls is None else tls.key_file,
            ssl_keyfile_password="-",  # noqa: S106 - a key with a password is an error, not a question on the terminal
        )
        self._ending = ending
        self._load(config)
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
        self._ending()
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        self._socket.close()
        return not self._thread.is_alive()

    def _load(self, config: uvicorn.Config) -> None:
        try:
            config.load()
        except (OSError, ssl.SSLError) as error:
            self._socket.close()
            raise WebError(
                f"alerting.web.tls: expected a certificate and its key as PEM, got: {error.strerror or error}; "
                "check both files and who may read them"
            ) from error

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop."""
        self.stop()


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
