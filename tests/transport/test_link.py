"""What `Sender` and `Receiver` promise together: nothing lost uncounted, nothing kept without bound."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import pytest
import structlog
import zmq

from monitor.transport import (
    Context,
    CurveKey,
    Delivery,
    EndpointError,
    Policy,
    Receiver,
    Sender,
    WireError,
    load_key_file,
    make_key_file,
)
from monitor.transport.packets import Ack, Data, Hello, Welcome, decode_at_sender, encode_packet
from monitor.transport.receiver import MAX_SENDERS
from monitor.transport.wire import encode
from monitor.types import Frame, Heartbeat, Stamp

LIMIT_S = 10.0  # for what takes milliseconds on an idle machine
IMAGE = np.zeros((2, 3, 3), np.uint8)


class Place(Protocol):
    """What the fixtures `place` and `ipc_place` give."""

    context: Context
    endpoint: str
    key: CurveKey | None


Ends = Callable[..., tuple[Sender, Receiver]]
Raw = tuple[Receiver, "zmq.Socket[bytes]"]


class FastClock:
    """Each look at it takes 10 ms, so that silence comes quickly."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        self.now_s += 0.01
        return self.now_s


def frame(seq: int) -> Frame:
    """A small frame."""
    return Frame(Stamp("gate", "run", seq, seq, seq, None), IMAGE)


def seq_of(delivery: Delivery) -> int:
    """Which frame was delivered."""
    assert isinstance(delivery.message, Frame)
    return delivery.message.stamp.seq


def drops_of(sender: Sender) -> dict[str, int]:
    """Its drops by reason."""
    return {count.label: count.total for count in sender.drops()}


def until(true: Callable[[], bool]) -> None:
    """Ask until it is `true`; the asking does the work."""
    end = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.001)


def never() -> bool:
    """A stop signal that does not come."""
    return False


def open_sender(
    place: Place,
    endpoint: str,
    policy: Policy,
    capacity: int = 8,
    stop: Callable[[], bool] = never,
    clock: Callable[[], float] = time.monotonic,
) -> Sender:
    """A sender at this place."""
    return Sender(place.context, endpoint, capacity=capacity, policy=policy, stop=stop, key=place.key, clock=clock)


def open_receiver(place: Place, endpoint: str | None = None, window: int = 2) -> Receiver:
    """A receiver at this place."""
    return Receiver(place.context, endpoint or place.endpoint, window=window, key=place.key)


def reopen_receiver(place: Place, endpoint: str) -> Receiver:
    """A receiver at the place of one that was just closed; the port or file is free a moment later."""
    found: list[Receiver] = []

    def turn() -> bool:
        with suppress(EndpointError):
            found.append(open_receiver(place, endpoint))
        return bool(found)

    until(turn)
    return found[0]


def take_one(receiver: Receiver, *senders: Sender) -> Delivery:
    """The next delivery, the senders being pumped meanwhile."""
    found: list[Delivery] = []

    def turn() -> bool:
        for sender in senders:
            sender.pump()
        if (delivery := receiver.receive(0.01)) is not None:
            found.append(delivery)
        return bool(found)

    until(turn)
    return found[0]


def drain(receiver: Receiver, sender: Sender) -> list[int]:
    """Process everything that is pending; the `seq` of each frame."""
    seen: list[int] = []

    def turn() -> bool:
        sender.pump()
        if (delivery := receiver.receive(0.005)) is not None:
            seen.append(seq_of(delivery))
            delivery.done()
        return sender.pending == 0

    until(turn)
    return seen


@pytest.fixture
def ends(place: Place) -> Iterator[Ends]:
    """A maker of both ends over each kind of place, closed afterwards."""
    with ExitStack() as stack:

        def make(
            policy: Policy, window: int = 2, capacity: int = 8, stop: Callable[[], bool] = never
        ) -> tuple[Sender, Receiver]:
            receiver = stack.enter_context(open_receiver(place, window=window))
            return stack.enter_context(open_sender(place, receiver.endpoint, policy, capacity, stop)), receiver

        yield make


def test_a_lossless_link_delivers_everything_in_order(ends: Ends) -> None:
    """Every frame arrives once, in order, with its picture, and the sender knows it."""
    sender, receiver = ends(Policy.LOSSLESS, capacity=3)
    seen = []
    for seq in range(50):
        while not sender.room():
            delivery = take_one(receiver, sender)
            seen.append(seq_of(delivery))
            delivery.done()
        assert sender.send(frame(seq))
    seen += drain(receiver, sender)
    assert seen == list(range(50))
    assert sender.drops() == ()


def test_newest_never_blocks_and_every_gap_is_counted(ends: Ends) -> None:
    """A slow receiver sees gaps in `seq`, and they add up to the counted drops."""
    sender, receiver = ends(Policy.NEWEST, capacity=2)
    seen = []
    for seq in range(200):
        sender.send(frame(seq))
        if seq % 7 == 0:
            delivery = take_one(receiver, sender)
            seen.append(seq_of(delivery))
            delivery.done()
    seen += drain(receiver, sender)
    assert seen == sorted(set(seen))
    assert seen[-1] == 199
    assert drops_of(sender) == {"newer_frame": 200 - len(seen)}
    assert len(seen) < 200


def test_a_sender_holds_no_more_than_window_and_capacity(ends: Ends) -> None:
    """Without acknowledgements a sender stops at the window, and what waits beside it is bounded."""
    sender, receiver = ends(Policy.NEWEST, window=3, capacity=4)
    for seq in range(3):
        sender.send(frame(seq))
    held = [take_one(receiver, sender) for _ in range(3)]
    for seq in range(3, 100):
        sender.send(frame(seq))
        assert receiver.receive(0.0) is None
    assert sender.pending == 3 + 4
    assert drops_of(sender) == {"newer_frame": 100 - 7}
    held[1].done()
    assert seq_of(take_one(receiver, sender)) == 96


def test_a_lossless_sender_waits_until_it_is_told_to_stop(ends: Ends) -> None:
    """With nobody reading, `send` waits at a full queue; the stop signal ends it and the message is not taken."""
    asked = []
    sender, _ = ends(Policy.LOSSLESS, capacity=2, stop=lambda: bool(asked.append(1)) or len(asked) > 2)
    taken = 0
    while sender.send(frame(taken)):
        taken += 1
    assert taken == sender.pending == 2
    assert len(asked) == 3
    assert sender.drops() == ()


def test_buffered_keeps_the_newest_when_full(ends: Ends) -> None:
    """A full buffer drops its oldest, says why, and never waits."""
    sender, receiver = ends(Policy.BUFFERED, window=1, capacity=3)
    sender.send(frame(0))
    first = take_one(receiver, sender)
    for seq in range(1, 10):
        sender.send(frame(seq))
    first.done()
    assert drain(receiver, sender) == [7, 8, 9]
    assert drops_of(sender) == {"queue_full": 6}


@pytest.mark.parametrize("policy", Policy)
def test_without_a_receiver_only_the_capacity_is_kept(ipc_place: Place, policy: Policy) -> None:
    """A receiver that was never there costs `capacity` messages of memory, and the rest is counted."""
    with open_sender(ipc_place, ipc_place.endpoint, policy, capacity=4, stop=lambda: True) as sender:
        for seq in range(20):
            sender.send(frame(seq))
        assert sender.pending == 4
        lost = {Policy.NEWEST: {"newer_frame": 16}, Policy.BUFFERED: {"queue_full": 16}, Policy.LOSSLESS: {}}
        assert drops_of(sender) == lost[policy]


def test_a_receiver_that_comes_late_gets_what_waited(place: Place) -> None:
    """The order in which processes start does not matter."""
    with open_receiver(place) as first:
        endpoint = first.endpoint
    with open_sender(place, endpoint, Policy.LOSSLESS) as sender:
        sender.send(frame(0))
        with reopen_receiver(place, endpoint) as receiver:
            assert drain(receiver, sender) == [0]


def test_newest_counts_what_a_lost_receiver_held(place: Place) -> None:
    """After a restart, the frames that nobody processed are exactly the counted drops."""
    clock = FastClock()
    with ExitStack() as stack:
        first = open_receiver(place)
        sender = stack.enter_context(open_sender(place, first.endpoint, Policy.NEWEST, capacity=2, clock=clock))
        processed = []
        for seq in range(5):
            sender.send(frame(seq))
            processed += drain(first, sender)
        for seq in range(5, 12):
            sender.send(frame(seq))
        take_one(first, sender)
        first.close()
        second = stack.enter_context(reopen_receiver(place, first.endpoint))
        processed += drain(second, sender)
    assert processed == [0, 1, 2, 3, 4, 10, 11]
    assert drops_of(sender) == {"newer_frame": 3, "receiver_lost": 2}


def test_lossless_sends_again_what_a_lost_receiver_held(place: Place) -> None:
    """After a restart nothing is missing and the order is kept."""
    clock = FastClock()
    with ExitStack() as stack:
        first = open_receiver(place)
        sender = stack.enter_context(open_sender(place, first.endpoint, Policy.LOSSLESS, clock=clock))
        for seq in range(6):
            sender.send(frame(seq))
        take_one(first, sender).done()
        until(lambda: bool(sender.pump()) or sender.pending == 5)
        first.close()
        second = stack.enter_context(reopen_receiver(place, first.endpoint))
        assert drain(second, sender) == [1, 2, 3, 4, 5]
    assert sender.drops() == ()


def test_a_slow_receiver_is_not_a_lost_one(ipc_place: Place) -> None:
    """However long processing takes and however often the sender asks, nothing is sent twice or dropped."""
    clock = FastClock()
    with (
        open_receiver(ipc_place) as receiver,
        open_sender(ipc_place, ipc_place.endpoint, Policy.LOSSLESS, clock=clock) as sender,
    ):
        seen = []
        for seq in range(6):
            sender.send(frame(seq))
            delivery = take_one(receiver, sender)
            clock.now_s += 60.0
            sender.pump()
            clock.now_s += 60.0
            sender.pump()
            seen.append(seq_of(delivery))
            delivery.done()
        assert drain(receiver, sender) == []
        assert seen == [0, 1, 2, 3, 4, 5]
    assert sender.drops() == ()


def test_a_second_done_does_nothing(ipc_place: Place) -> None:
    """Acknowledging twice, or after the receiver closed, gives no credit that was not granted."""
    with open_sender(ipc_place, ipc_place.endpoint, Policy.LOSSLESS) as sender:
        with open_receiver(ipc_place, window=1) as receiver:
            sender.send(frame(0))
            sender.send(frame(1))
            first = take_one(receiver, sender)
            first.done()
            first.done()
            second = take_one(receiver, sender)
            assert seq_of(second) == 1
        second.done()
        assert sender.pending == 1


def test_waiting_tells_of_work_and_loses_none(ends: Ends) -> None:
    """A look ahead says whether a message is there, and that message is the next one received."""
    sender, receiver = ends(Policy.LOSSLESS)
    assert not receiver.waiting()
    sender.send(frame(0))
    sender.send(frame(1))
    until(lambda: bool(sender.pump()) or receiver.waiting())
    assert receiver.waiting()
    assert drain(receiver, sender) == [0, 1]
    assert not receiver.waiting()


def test_senders_share_a_receiver_fairly(ends: Ends, place: Place) -> None:
    """A busy camera does not keep a quiet one waiting beyond its own window."""
    busy, receiver = ends(Policy.NEWEST, capacity=4)
    with open_sender(place, receiver.endpoint, Policy.NEWEST) as quiet:
        busy.send(frame(0))
        quiet.send(frame(0))
        for sender in (busy, quiet):
            take_one(receiver, sender).done()
        quiet.send(frame(1000))
        seen = []
        for seq in range(1, 30):
            busy.send(frame(seq))
            delivery = take_one(receiver, busy, quiet)
            seen.append(seq_of(delivery))
            delivery.done()
        assert 1000 in seen[:6]


def test_a_message_that_may_not_travel_changes_nothing(ipc_place: Place) -> None:
    """A refused message takes no place and is not counted as dropped."""
    with open_sender(ipc_place, ipc_place.endpoint, Policy.NEWEST) as sender:
        with pytest.raises(WireError):
            sender.send(Frame(Stamp("../gate", "run", 0, 0, 0, None), IMAGE))
        assert (sender.pending, sender.drops()) == (0, ())


def test_closing_counts_what_was_given_up(ipc_place: Place) -> None:
    """What was still pending at the end appears in the count; closing twice adds nothing."""
    sender = open_sender(ipc_place, ipc_place.endpoint, Policy.NEWEST)
    sender.send(frame(0))
    assert not sender.flush(0.05)
    sender.close()
    sender.close()
    assert drops_of(sender) == {"closed": 1}


@pytest.fixture
def raw(ipc_place: Place) -> Iterator[Raw]:
    """A receiver, and a peer that says whatever a test likes."""
    with open_receiver(ipc_place) as receiver, ipc_place.context.socket(zmq.DEALER) as peer:
        peer.setsockopt(zmq.LINGER, 0)
        peer.connect(ipc_place.endpoint)
        yield receiver, peer


LIFE = bytes(16)
GARBAGE = {
    "one empty part": [b""],
    "noise": [os.urandom(50)],
    "many parts": [b"x"] * 500,
    "nesting": [b"\x91" * 100_000],
    "a packet for the other side": [encode_packet(Ack(LIFE, 1))],
    "a short life": [msgspec.msgpack.encode(["hello1", b"x", 1])],
    "a negative session": [msgspec.msgpack.encode(["hello1", LIFE, -1])],
}


@pytest.mark.parametrize("parts", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_one_counted_error_each(raw: Raw, parts: list[bytes]) -> None:
    """Whatever a peer says, each message is counted once, and good senders are served as before."""
    receiver, peer = raw
    for _ in range(3):
        peer.send_multipart(parts)
    until(lambda: receiver.receive(0.01) is None and receiver.errors == 3)
    assert receiver.receive(0.05) is None
    assert receiver.errors == 3


def test_garbage_is_logged_once_a_minute(raw: Raw) -> None:
    """A flood of garbage does not flood the log."""
    receiver, peer = raw
    with structlog.testing.capture_logs() as logs:
        for _ in range(50):
            peer.send(b"noise")
        until(lambda: receiver.receive(0.01) is None and receiver.errors == 50)
    assert [entry["event"] for entry in logs] == ["message_refused"]


def test_a_bad_message_in_a_good_packet_returns_its_credit(raw: Raw) -> None:
    """What cannot be read is counted and acknowledged, so that its sender does not send it for ever."""
    receiver, peer = raw
    for packet in (Hello(LIFE, 1), Data(LIFE, 1, 1), Data(LIFE, 1, 2)):
        parts = [b"noise"] if packet == Data(LIFE, 1, 1) else encode(Heartbeat("worker", "scoring", 1, 1))
        peer.send_multipart([encode_packet(packet), *([] if isinstance(packet, Hello) else parts)])
    delivery = receiver.receive(LIMIT_S)
    assert delivery is not None
    assert delivery.message == Heartbeat("worker", "scoring", 1, 1)
    assert receiver.errors == 1
    assert isinstance(decode_at_sender(peer.recv()), Welcome)
    acknowledged = decode_at_sender(peer.recv())
    assert isinstance(acknowledged, Ack)
    assert acknowledged.number == 1


def test_a_repeated_number_is_delivered_once(raw: Raw) -> None:
    """A message that was taken already is not delivered again."""
    receiver, peer = raw
    peer.send(encode_packet(Hello(LIFE, 1)))
    for number in (1, 1, 2, 1):
        peer.send_multipart([encode_packet(Data(LIFE, 1, number)), *encode(Heartbeat("w", "l", 1, number))])
    seen = []
    while (delivery := receiver.receive(0.2)) is not None:
        seen.append(delivery.message)
    assert seen == [Heartbeat("w", "l", 1, 1), Heartbeat("w", "l", 1, 2)]


def test_a_peer_that_ignores_its_window_is_stopped_there(raw: Raw) -> None:
    """No peer gets more than its window delivered without an acknowledgement."""
    receiver, peer = raw
    peer.send(encode_packet(Hello(LIFE, 1)))
    for number in range(1, 10):
        peer.send_multipart([encode_packet(Data(LIFE, 1, number)), *encode(Heartbeat("w", "l", 1, number))])
    seen = 0
    while receiver.receive(0.2) is not None:
        seen += 1
    assert seen == 2
    assert receiver.errors >= 1


def test_a_peer_with_many_lives_does_not_grow_memory(raw: Raw, ipc_place: Place) -> None:
    """The least recently heard senders are forgotten; one that is still there greets anew and goes on."""
    receiver, peer = raw
    with open_sender(ipc_place, ipc_place.endpoint, Policy.LOSSLESS) as sender:
        sender.send(frame(0))
        assert drain(receiver, sender) == [0]
        for number in range(3 * MAX_SENDERS):
            peer.send(encode_packet(Hello(number.to_bytes(16, "big"), 1)))
            if number % 64 == 0:
                receiver.receive(0.0)
        until(lambda: receiver.receive(0.05) is None)
        assert len(receiver._peers) == MAX_SENDERS
        sender.send(frame(1))
        assert drain(receiver, sender) == [1]
    assert receiver.errors == 0


def test_a_flood_of_garbage_does_not_hold_the_caller(raw: Raw) -> None:
    """`receive` returns within its time however much garbage waits, and a good message gets through."""
    receiver, peer = raw
    for _ in range(60):
        peer.send(b"noise")
    began = time.monotonic()
    while receiver.errors < 60:
        receiver.receive(0.0)
        assert time.monotonic() - began < LIMIT_S
    peer.send(encode_packet(Hello(LIFE, 1)))
    peer.send_multipart([encode_packet(Data(LIFE, 1, 1)), *encode(Heartbeat("w", "l", 1, 1))])
    assert receiver.receive(LIMIT_S) is not None


def test_a_stranger_without_the_key_is_not_heard(context: Context, tmp_path: Path) -> None:
    """A peer with another key file, or with none, neither greets nor delivers."""
    keys = []
    for name in ("ours", "theirs"):
        make_key_file(tmp_path / name)
        keys.append(load_key_file(tmp_path / name))
    with Receiver(context, "tcp://127.0.0.1:*", window=2, key=keys[0]) as receiver:
        for key in (keys[1], None):
            with Sender(
                context, receiver.endpoint, capacity=1, policy=Policy.NEWEST, stop=lambda: True, key=key
            ) as sender:
                sender.send(frame(0))
                assert not sender.flush(0.3)
                assert receiver.receive(0.0) is None
        assert receiver.errors == 0


def test_the_public_half_of_the_key_is_what_lets_a_peer_in(context: Context, tmp_path: Path) -> None:
    """A peer with a key pair of its own joins if it knows the public half: the whole file is the secret."""
    make_key_file(tmp_path / "key")
    key = load_key_file(tmp_path / "key")
    with Receiver(context, "tcp://127.0.0.1:*", window=2, key=key) as receiver, context.socket(zmq.DEALER) as peer:
        peer.setsockopt(zmq.LINGER, 0)
        peer.curve_serverkey = key.public
        peer.curve_publickey, peer.curve_secretkey = zmq.curve_keypair()
        peer.connect(receiver.endpoint)
        peer.send(b"noise")
        until(lambda: receiver.receive(0.01) is None and receiver.errors == 1)


def kept_or_dropped(sender: Sender) -> int:
    """Messages that the sender does not know to be processed."""
    sender.pump()
    return sender.pending + sum(drops_of(sender).values())


@pytest.mark.parametrize("policy", [Policy.NEWEST, Policy.LOSSLESS])
@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_sending_processing_and_restarting_adds_up(ipc_place: Place, policy: Policy, seed: int) -> None:
    """Whatever happens when: every frame was processed or is counted, none twice, and the order is kept."""
    chance = random.Random(seed)
    processed: list[int] = []
    held: list[Delivery] = []
    sent = 0
    with open_sender(ipc_place, ipc_place.endpoint, policy, capacity=3, clock=FastClock()) as sender:
        receiver = open_receiver(ipc_place, window=3)
        for _ in range(400):
            match chance.choices(["send", "receive", "done", "restart"], weights=[40, 40, 30, 1])[0]:
                case "send" if policy is Policy.NEWEST or sender.room():
                    sender.send(frame(sent))
                    sent += 1
                case "receive" if (delivery := receiver.receive(0.002)) is not None:
                    held.append(delivery)
                case "done" if held:
                    processed.append(seq_of(held[0]))
                    held.pop(0).done()
                case "restart":
                    # Acknowledgements on their way have to arrive: of those lost with a receiver nobody can tell.
                    until(lambda: sent - kept_or_dropped(sender) == len(processed))  # noqa: B023 - asked at once
                    receiver.close()
                    held.clear()
                    receiver = reopen_receiver(ipc_place, ipc_place.endpoint)
            sender.pump()
        while held:
            processed.append(seq_of(held[0]))
            held.pop(0).done()
        processed += drain(receiver, sender)
        receiver.close()
        gaps = sent - len(processed)
        assert processed == sorted(set(processed))
        assert sum(drops_of(sender).values()) == gaps
        assert gaps == 0 or policy is Policy.NEWEST


HOLDER = """
import sys
from monitor.transport import Context, Receiver
with Context() as context, Receiver(context, sys.argv[1], window=2) as receiver:
    held = []
    for turn in range(int(sys.argv[2]) + 2):
        delivery = None
        while delivery is None:
            delivery = receiver.receive(1.0)
        if turn < int(sys.argv[2]):
            delivery.done()
        else:
            held.append(delivery)
        print(delivery.message.stamp.seq, flush=True)
    receiver.receive(60.0)
"""


@pytest.mark.parametrize(("policy", "again"), [(Policy.NEWEST, []), (Policy.LOSSLESS, [5, 6])])
def test_a_receiver_killed_in_the_middle(ipc_place: Place, policy: Policy, again: list[int]) -> None:
    """SIGKILL, with two frames in its hands: those are counted, or sent again, and its successor takes over."""
    command = [sys.executable, "-c", HOLDER, ipc_place.endpoint, "5"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child,
        open_sender(ipc_place, ipc_place.endpoint, policy, capacity=3) as sender,
    ):
        assert child.stdout is not None
        try:
            for seq in range(7):
                sender.send(frame(seq))
                os.set_blocking(child.stdout.fileno(), False)
                until(lambda: (sender.pump(0.01), child.stdout.readline())[1].strip() == str(seq))  # noqa: B023
            until(lambda: (sender.pump(0.01), sender.pending)[1] == 2)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
        for seq in range(7, 10):
            sender.send(frame(seq))
        with open_receiver(ipc_place) as successor:
            assert drain(successor, sender) == [*again, 7, 8, 9]
        assert drops_of(sender) == ({} if again else {"receiver_lost": 2})
