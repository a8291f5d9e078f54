"""Syslog as of RFC 5424, over UDP, TCP (RFC 6587, counted) or a socket of this host. Keeps no connection.

Over UDP nobody says that a message arrived: what gets lost on the way is lost.
"""

from __future__ import annotations

import os
import select
import socket
import time
from urllib.parse import urlsplit

from monitor.kinds import Kind, kind_of
from monitor.sink import SinkError
from monitor.sinks.payload import Payload, payload_of
from monitor.sinks.words import headline
from monitor.types import Event, Phase

FACILITIES = {"user": 1, "daemon": 3, **{f"local{number}": 16 + number for number in range(8)}}
# RFC 5424, table 2.
_ERROR, _WARNING, _NOTICE, _INFO = 3, 4, 5, 6
# RFC 5424, section 6.3.2: a number of IANA's for a name of one's own; this one is for documents and examples.
_DATA = "rareframe@32473"
# A refusal comes back at once where there is one.
_REFUSED_S = 0.02


class Syslog:
    """One syslog server. The sender's name is the host's; the message is one line, its data are structured."""

    def __init__(
        self, name: str, address: str, *, facility: str = "daemon", timeout_s: float = 5.0, link: str | None = None
    ) -> None:
        """Args: address: udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH; facility: one of `FACILITIES`."""
        self.name = name
        self._address = address
        self._facility = FACILITIES[facility]
        self._timeout_s = timeout_s
        self._link = link

    def deliver(self, event: Event) -> str:
        """Send one message.

        Raises:
            SinkError: It could not be handed over; always worth another try.
        """
        message = self._message(payload_of(event, link=self._link), event)
        try:
            self._send(message)
        except OSError as error:
            raise SinkError(
                f"sink {self.name}: {self._address} cannot be reached: {error.strerror or error}; "
                "check the address and that a syslog server listens there",
                retryable=True,
            ) from error
        return f"{self._address}: {len(message)} bytes sent"

    def close(self) -> None:
        """Nothing is held between two messages."""

    def _send(self, message: bytes) -> None:
        parts = urlsplit(self._address)
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
                local.settimeout(self._timeout_s)
                local.connect(parts.path)
                local.send(message)
            return
        deadline_s = time.monotonic() + self._timeout_s
        place = (parts.hostname or "", parts.port or 0)
        if parts.scheme == "tcp":
            with socket.create_connection(place, self._timeout_s) as stream:
                stream.settimeout(max(0.01, deadline_s - time.monotonic()))
                stream.sendall(str(len(message)).encode() + b" " + message)
            return
        family, kind, protocol, _, there = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as datagrams:
            datagrams.settimeout(self._timeout_s)
            datagrams.connect(there)
            datagrams.send(message)
            select.select([datagrams], [], [], _REFUSED_S)
            fault = datagrams.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if fault:
                raise OSError(fault, os.strerror(fault))

    def _message(self, payload: Payload, event: Event) -> bytes:
        priority = 8 * self._facility + _severity(event)
        told = {
            "key": payload.key,
            "id": payload.id,
            "kind": payload.kind.value,
            "phase": payload.phase.value,
            "camera": payload.camera,
            "began": payload.began,
            "score": f"{payload.score:.4g}",
            "limit": f"{payload.limit:.4g}",
        }
        data = " ".join(f'{name}="{_escaped(value)}"' for name, value in told.items())
        head = f"<{priority}>1 {payload.ended} {socket.gethostname() or '-'} rareframe {os.getpid()}"
        line = headline(payload).replace("\n", " ")
        return f"{head} {payload.kind.value} [{_DATA} {data}] \ufeff{line}".encode()


def _severity(event: Event) -> int:
    match kind_of(event):
        case Kind.TEST:
            return _INFO
        case Kind.HEALTH:
            return _NOTICE if event.phase is Phase.CLOSED else _ERROR
        case Kind.ANOMALY:
            return _NOTICE if event.phase is Phase.CLOSED else _WARNING


def _escaped(value: str) -> str:
    """RFC 5424, section 6.3.3."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]").replace("\n", " ")
