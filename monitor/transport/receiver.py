"""The receiving end of a link: grants every sender a window, takes its messages in order, acknowledges them when done.

One thread owns a receiver. What it cannot read it counts and forgets; it never raises for what a peer sent.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Self

import structlog
import zmq

from monitor.transport.keys import CurveKey
from monitor.transport.packets import (
    ID_BYTES,
    MAX_WINDOW,
    PACKET_ERRORS,
    Ack,
    Data,
    Greet,
    Hello,
    Welcome,
    decode_at_receiver,
    encode_packet,
)
from monitor.transport.sockets import Context, bind, put, take
from monitor.transport.wire import Part, WireError, decode
from monitor.types import Message

MAX_SENDERS = 256  # remembered at a time; beyond, the least recently heard one has to greet anew
_MAX_PACKETS = 1024  # read in one go, so that a flood cannot keep the caller here
_LOG_EVERY_S = 60.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message, and `done`, to be called once it was processed: until then its sender has one credit less."""

    message: Message
    done: Callable[[], None]


@dataclass(slots=True)
class _Peer:
    """What is known of one sender."""

    life: bytes
    routing_id: bytes
    session: int
    taken: int = 0
    open: set[int] = field(default_factory=set)


class Receiver:
    """Takes messages from any number of senders, fairly, in each one's order."""

    def __init__(
        self,
        context: Context,
        endpoint: str,
        *,
        window: int,
        key: CurveKey | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Listen.

        Args:
            context: Shared by the sockets of a process.
            endpoint: Where. A port "*" takes any free one; `endpoint` then tells it.
            window: How many messages of one sender may be here unprocessed; 2 keeps a worker busy and frames fresh.
            key: Needed for TCP beyond loopback.
            clock: Monotonic seconds.

        Raises:
            EndpointError: `endpoint` is refused or taken.
        """
        if not 1 <= window <= MAX_WINDOW:
            raise ValueError(f"expected a window of 1 to {MAX_WINDOW}, got {window}")
        self._window, self._clock = window, clock
        self._id = os.urandom(ID_BYTES)
        self._peers: OrderedDict[bytes, _Peer] = OrderedDict()
        self._ahead: deque[Delivery] = deque()
        self._errors, self._logged_at = 0, -_LOG_EVERY_S
        self._socket = bind(context, endpoint, window, key)
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def __enter__(self) -> Self:
        """Itself; closed at the end of the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close."""
        self.close()

    @property
    def errors(self) -> int:
        """Messages that could not be read so far."""
        return self._errors

    def receive(self, timeout_s: float) -> Delivery | None:
        """The next message, or None after `timeout_s` or a flood of messages that could not be read."""
        if self._ahead:
            return self._ahead.popleft()
        end = self._clock() + timeout_s
        for _ in range(_MAX_PACKETS):
            parts = take(self._socket)
            if parts is None:
                left_s = end - self._clock()
                if left_s <= 0 or not self._socket.poll(int(left_s * 1000) + 1):
                    return None
            elif (delivery := self._read(parts)) is not None:
                return delivery
        return None

    def waiting(self) -> bool:
        """Whether `receive` would return a message at once, so that less urgent work is better left for later."""
        if not self._ahead and (delivery := self.receive(0.0)) is not None:
            self._ahead.append(delivery)
        return bool(self._ahead)

    def close(self) -> None:
        """Stop listening; `done` of what is still open does nothing from now on. A second close does nothing.

        An acknowledgement that its sender has not read yet may die with the connection. To the sender that message
        was on its way (see `Policy`), so whoever sends is stopped first.
        """
        self._peers.clear()
        self._ahead.clear()
        self._socket.close()

    def _read(self, parts: list[Part]) -> Delivery | None:
        if len(parts) < 2:  # noqa: PLR2004 - routing id and packet
            self._refuse("expected a packet, got nothing")
            return None
        routing_id = bytes(parts[0])
        try:
            packet = decode_at_receiver(parts[1])
        except PACKET_ERRORS as error:
            self._refuse(f"expected a packet of rareframe: {error}")
            return None
        if isinstance(packet, Hello):
            self._welcome(packet, routing_id)
            return None
        return self._deliver(packet, routing_id, parts[2:])

    def _welcome(self, hello: Hello, routing_id: bytes) -> None:
        peer = self._peers.setdefault(hello.life, _Peer(hello.life, routing_id, hello.session))
        if hello.session < peer.session:
            return  # left over from a connection that broke; to follow it would take what its sender gave up
        peer.routing_id, peer.session = routing_id, hello.session
        self._peers.move_to_end(hello.life)
        if len(self._peers) > MAX_SENDERS:
            self._peers.popitem(last=False)
        self._say(routing_id, Welcome(self._id, hello.session, self._window, peer.taken, frozenset(peer.open)))

    def _deliver(self, data: Data, routing_id: bytes, parts: list[Part]) -> Delivery | None:
        peer = self._peers.get(data.life)
        expected = peer is not None and (peer.routing_id, peer.session, peer.taken + 1)
        if peer is None or (routing_id, data.session, data.number) != expected:
            self._say(routing_id, Greet(self._id))
            return None
        if len(peer.open) >= self._window:
            self._refuse(f"expected at most {self._window} unacknowledged messages, got one more")
            return None
        self._peers.move_to_end(data.life)
        peer.taken += 1
        peer.open.add(data.number)
        try:
            message = decode(parts)
        except WireError as error:
            self._refuse(str(error))
            self._acknowledge(peer, data.number)  # sent again it would be no better
            return None
        return Delivery(message, partial(self._acknowledge, peer, data.number))

    def _acknowledge(self, peer: _Peer, number: int) -> None:
        if number in peer.open and self._peers.get(peer.life) is peer:
            peer.open.remove(number)
            self._say(peer.routing_id, Ack(self._id, number))

    def _say(self, routing_id: bytes, packet: Welcome | Ack | Greet) -> None:
        put(self._socket, [routing_id, encode_packet(packet)])  # to a peer that is gone: libzmq drops it

    def _refuse(self, reason: str) -> None:
        self._errors += 1
        now = self._clock()
        if now - self._logged_at >= _LOG_EVERY_S:
            self._logged_at = now
            _log.warning("message_refused", endpoint=self.endpoint, reason=reason, errors=self._errors)
