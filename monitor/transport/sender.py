"""The sending end of a link: keeps what is not yet processed, within bounds, and counts every message it gives up.

One thread owns a sender; it has no thread of its own, so it hears acknowledgements only inside `send`, `room`, `pump`
and `flush`. It never decides what a message is worth: its policy, named by whoever makes it, does.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import Self, assert_never

import zmq

from monitor.transport.keys import CurveKey
from monitor.transport.packets import (
    ID_BYTES,
    PACKET_ERRORS,
    Ack,
    Data,
    Greet,
    Hello,
    Welcome,
    decode_at_sender,
    encode_packet,
)
from monitor.transport.sockets import Context, connect, put, take
from monitor.transport.wire import Part, encode
from monitor.types import Count, Message

SILENCE_S = 1.0  # after which a sender that waits for an answer greets again
_TURN_S = 0.1  # how often a waiting sender looks at its stop signal
_MAX_HEARD = 2048  # packets read in one go

NEWER_FRAME, QUEUE_FULL, RECEIVER_LOST, CLOSED = "newer_frame", "queue_full", "receiver_lost", "closed"


class Policy(StrEnum):
    """What becomes of a message that cannot go now, and of one that was on its way when the receiver died.

    Nobody can tell whether a message on its way was still processed. NEWEST counts it as dropped (at most once); the
    others send it again, in order (at least once).
    """

    NEWEST = "newest"  # live frames: the oldest waiting is dropped ("newer_frame"), as is what was on its way
    LOSSLESS = "lossless"  # recordings: the sender waits until there is room; nothing is dropped
    BUFFERED = "buffered"  # judgements, reports: as LOSSLESS while there is room, else the oldest waiting is dropped


class Sender:
    """Sends messages to one receiver, which may come, go and come back."""

    def __init__(
        self,
        context: Context,
        endpoint: str,
        *,
        capacity: int,
        policy: Policy,
        stop: Callable[[], bool],
        key: CurveKey | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connect; the receiver need not be there yet.

        Args:
            context: Shared by the sockets of a process.
            endpoint: Where the receiver listens.
            capacity: How many messages may wait beside the window that the receiver grants.
            policy: See `Policy`.
            stop: Asked while `send` waits under LOSSLESS; True makes it give up.
            key: Needed for TCP beyond loopback.
            clock: Monotonic seconds, for noticing silence.

        Raises:
            EndpointError: `endpoint` is refused.
        """
        if capacity < 1:
            raise ValueError(f"expected a capacity of 1 or more, got {capacity}")
        self._capacity, self._policy, self._stop, self._clock = capacity, policy, stop, clock
        self._waiting: deque[list[Part]] = deque()
        self._in_flight: dict[int, list[Part]] = {}
        self._drops: Counter[str] = Counter()
        self._taken = 0
        self._life = os.urandom(ID_BYTES)
        self._session, self._next, self._window = 1, 1, 0
        self._receiver: bytes | None = None  # None: not welcomed in this session
        self._greeted_at: float | None = None
        self._heard_at = clock()
        self._socket = connect(context, endpoint, key)

    def __enter__(self) -> Self:
        """Itself; closed at the end of the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close."""
        self.close()

    @property
    def taken(self) -> int:
        """Messages taken so far. They are processed in their order, so `taken` - `pending` of them are settled."""
        return self._taken

    @property
    def pending(self) -> int:
        """Messages taken and neither processed by the receiver nor dropped."""
        return len(self._waiting) + len(self._in_flight)

    def drops(self) -> tuple[Count, ...]:
        """Messages given up so far, by reason, sorted by reason."""
        return tuple(Count(reason, total) for reason, total in sorted(self._drops.items()))

    def send(self, message: Message) -> bool:
        """Take `message`, and send it as soon as the receiver has credit for it.

        Under LOSSLESS this waits for room; a loop that has something else to do meanwhile asks `room` first.

        Returns:
            False if it was not taken, because the stop signal came while waiting. It is not counted as dropped.

        Raises:
            WireError: It may not travel; nothing was changed.
        """
        parts = encode(message)
        if self._policy is Policy.LOSSLESS:
            while not self.room(_TURN_S):
                if self._stop():
                    return False
        self._waiting.append(parts)
        self._taken += 1
        self.pump()
        while self._policy is not Policy.LOSSLESS and len(self._waiting) > self._capacity:
            self._waiting.popleft()
            self._drops[NEWER_FRAME if self._policy is Policy.NEWEST else QUEUE_FULL] += 1
        return True

    def room(self, timeout_s: float = 0.0) -> bool:
        """Whether `send` would take a message now without waiting or dropping; waits up to `timeout_s` for it."""
        self.pump()
        if len(self._waiting) >= self._capacity and timeout_s > 0:
            self.pump(timeout_s)
        return len(self._waiting) < self._capacity

    def pump(self, timeout_s: float = 0.0) -> None:
        """Hear the receiver and send what has credit; wait up to `timeout_s` for something to happen."""
        self._keep_greeting()
        if timeout_s > 0:
            # Where no greeting is under way there is no connection: being able to write is the news to wait for.
            events = zmq.POLLIN if self._greeted_at is not None else zmq.POLLIN | zmq.POLLOUT
            self._socket.poll(int(min(timeout_s, SILENCE_S) * 1000) + 1, events)
            self._keep_greeting()
        self._hear()
        self._transmit()

    def flush(self, timeout_s: float) -> bool:
        """Pump until the receiver has processed everything; False if `timeout_s` passed before."""
        end = self._clock() + timeout_s
        self.pump()
        while self.pending and (left := end - self._clock()) > 0:
            self.pump(min(left, _TURN_S))
        return not self.pending

    def close(self) -> None:
        """Give up what is pending, counted as "closed", and close the socket. A second close does nothing."""
        if self.pending:
            self._drops[CLOSED] += self.pending
        self._waiting.clear()
        self._in_flight.clear()
        self._socket.close()

    def _keep_greeting(self) -> None:
        """Say hello where that is due: at first, and whenever an answer is overdue."""
        now = self._clock()
        if self._receiver is not None and self._in_flight and now - self._heard_at >= SILENCE_S:
            self._leave_session()
        if self._receiver is not None or (self._greeted_at is not None and now - self._greeted_at < SILENCE_S):
            return
        greeted = put(self._socket, [encode_packet(Hello(self._life, self._session))])
        self._greeted_at = now if greeted else None

    def _leave_session(self) -> None:
        self._receiver, self._greeted_at = None, None
        self._session += 1

    def _hear(self) -> None:
        for _ in range(_MAX_HEARD):
            if (parts := take(self._socket)) is None:
                break
            try:
                packet = decode_at_sender(parts[0])
            except PACKET_ERRORS:
                continue
            self._heard_at = self._clock()
            self._follow(packet)
        self._keep_greeting()

    def _follow(self, packet: Welcome | Ack | Greet) -> None:
        match packet:
            case Welcome():
                if self._receiver is None and packet.session == self._session:
                    self._enter_session(packet)
            case Ack():
                if packet.receiver == self._receiver:
                    self._in_flight.pop(packet.number, None)
                elif self._receiver is not None:
                    self._leave_session()
            case Greet():
                if self._receiver is not None:
                    self._leave_session()
            case _:
                assert_never(packet)

    def _enter_session(self, welcome: Welcome) -> None:
        """Settle what became of everything in flight; what the receiver has not taken by now it never will."""
        lost = [parts for number, parts in self._in_flight.items() if number > welcome.taken]
        self._in_flight = {number: parts for number, parts in self._in_flight.items() if number in welcome.open}
        if self._policy is not Policy.NEWEST:
            self._waiting.extendleft(reversed(lost))
        elif lost:
            self._drops[RECEIVER_LOST] += len(lost)
        self._receiver, self._window, self._next = welcome.receiver, welcome.window, welcome.taken + 1

    def _transmit(self) -> None:
        while self._receiver is not None and self._waiting and len(self._in_flight) < self._window:
            packet = encode_packet(Data(self._life, self._session, self._next))
            if not put(self._socket, [packet, *self._waiting[0]]):
                self._leave_session()
                return
            if not self._in_flight:
                self._heard_at = self._clock()
            self._in_flight[self._next] = self._waiting.popleft()
            self._next += 1
