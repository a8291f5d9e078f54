"""What the two ends of a link say to each other about messages. Says nothing about the messages' content.

The sender (DEALER) greets with `Hello`; the receiver (ROUTER) answers with `Welcome`, which opens a *session* and says
what it has taken so far. Then every `Data` carries its session and a number that rises by one, followed by the parts of
`wire`; each is answered by `Ack` once it was processed. The receiver takes only the number it expects, in the newest
session, over the connection that greeted; to anything else it says `Greet`, and the sender greets anew. So what a
`Welcome` does not name as taken can never be taken later, and each side always knows what became of every message.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

MAX_WINDOW = 1024
ID_BYTES = 16

Id = Annotated[bytes, msgspec.Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Hello(msgspec.Struct, frozen=True, array_like=True, tag="hello1", forbid_unknown_fields=True):
    """Sender to receiver: `life` is this sender object, `session` rises with each new greeting."""

    life: Id
    session: Number


class Data(msgspec.Struct, frozen=True, array_like=True, tag="data1", forbid_unknown_fields=True):
    """Sender to receiver: the message numbered `number` follows."""

    life: Id
    session: Number
    number: Number


class Welcome(msgspec.Struct, frozen=True, array_like=True, tag="welcome1", forbid_unknown_fields=True):
    """Receiver to sender: where we stand.

    Attributes:
        receiver: This receiver object's life; another one after a restart.
        window: How many messages may be unacknowledged at any time.
        taken: Every number up to here was taken.
        open: The numbers among them that are not yet processed; `Ack` follows for each.
    """

    receiver: Id
    session: Number
    window: Annotated[int, msgspec.Meta(ge=1, le=MAX_WINDOW)]
    taken: Number
    open: Annotated[frozenset[Number], msgspec.Meta(max_length=MAX_WINDOW)]


class Ack(msgspec.Struct, frozen=True, array_like=True, tag="ack1", forbid_unknown_fields=True):
    """Receiver to sender: `number` was processed; its credit is free again."""

    receiver: Id
    number: Number


class Greet(msgspec.Struct, frozen=True, array_like=True, tag="greet1", forbid_unknown_fields=True):
    """Receiver to sender: I cannot place what you sent; say hello."""

    receiver: Id


encode_packet = msgspec.msgpack.Encoder().encode
decode_at_receiver = msgspec.msgpack.Decoder(Hello | Data).decode
decode_at_sender = msgspec.msgpack.Decoder(Welcome | Ack | Greet).decode
PACKET_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
