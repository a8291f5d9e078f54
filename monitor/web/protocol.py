"""HTTP with little patience: for whoever sends half a request, or does not read its answer. Answers nothing itself."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

# A request's head is there within this, once the connection is. Unit: seconds.
HEAD_S = 10.0
# Whoever reads nothing of its answer for so long is cut off. Unit: seconds.
READ_S = 30.0
# So many connections from one address beyond this machine.
MOST_PER_ADDRESS = 32


class PatientProtocol(H11Protocol):
    """One connection, as uvicorn's, with an end to waiting."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on as they are
        super().__init__(*args, **kwargs)
        self._head: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base does
        """Somebody connected."""
        super().connection_made(transport)
        here = None if self.client is None else self.client[0]
        others = [each.client for each in self.connections if isinstance(each, PatientProtocol)]
        same = sum(client is not None and client[0] == here for client in others)
        if same > MOST_PER_ADDRESS and not _is_loopback(here):
            transport.abort()
            return
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Something came: of a head that is due, or of a body."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._heard()
        elif self._head is None:
            self._expect_head()

    def on_response_complete(self) -> None:
        """The next head is due once its first byte came; until then uvicorn's own wait for it holds."""
        self._heard()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The other end does not read as fast as we write."""
        super().pause_writing()
        self._unread = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It goes on reading."""
        self._read()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._heard()
        self._read()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._head = self.loop.call_later(HEAD_S, self.transport.abort)

    def _heard(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def _is_loopback(host: str | None) -> bool:
    try:
        return host is None or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
