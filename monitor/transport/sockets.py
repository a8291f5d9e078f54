"""The only maker of zmq sockets: one set of options for every link. Knows nothing of messages."""

from __future__ import annotations

from collections.abc import Sequence

import zmq

from monitor.transport.endpoints import EndpointError, check_endpoint, clear_stale_socket
from monitor.transport.keys import CurveKey
from monitor.transport.packets import MAX_WINDOW
from monitor.transport.wire import MAX_IMAGE_BYTES, MAX_PARTS, Part

Context = zmq.Context[zmq.Socket[bytes]]
Socket = zmq.Socket[bytes]

# Room for the window and for the small packets beside it, so that a send fails only where there is no connection.
_SPARE = 64
_LINGER_MS = 200  # for the last acknowledgements of a receiver that closes
_HEARTBEAT_MS = 2000  # notices a TCP peer whose host went away
_RECONNECT_MS = 50
_RECONNECT_MAX_MS = 1000


def connect(context: Context, endpoint: str, key: CurveKey | None) -> Socket:
    """A sender's socket.

    Raises:
        EndpointError: `endpoint` is refused.
    """
    check_endpoint(endpoint, key)
    made = _open(context, zmq.DEALER, endpoint)
    made.setsockopt(zmq.IMMEDIATE, 1)  # nothing is queued for a receiver that is not there
    made.setsockopt(zmq.LINGER, 0)
    made.setsockopt(zmq.SNDHWM, MAX_WINDOW + _SPARE)
    if key is not None:
        made.curve_serverkey = key.public
        made.curve_publickey, made.curve_secretkey = zmq.curve_keypair()
    made.connect(endpoint)
    return made


def bind(context: Context, endpoint: str, window: int, key: CurveKey | None) -> Socket:
    """A receiver's socket.

    Raises:
        EndpointError: `endpoint` is refused or taken.
    """
    check_endpoint(endpoint, key)
    clear_stale_socket(endpoint)
    made = _open(context, zmq.ROUTER, endpoint)
    made.setsockopt(zmq.LINGER, _LINGER_MS)
    made.setsockopt(zmq.RCVHWM, window + _SPARE)  # bounds what a peer that ignores its window can pile up here
    if key is not None:
        made.curve_server = 1
        made.curve_publickey, made.curve_secretkey = key.public, key.secret
    try:
        made.bind(endpoint)
    except zmq.ZMQError as error:
        made.close()
        raise EndpointError(f"{endpoint}: cannot listen there: {error.strerror}; name another endpoint") from error
    return made


def put(socket: Socket, parts: Sequence[Part]) -> bool:
    """Hand `parts` over without waiting; False if there is no connection to take them."""
    try:
        socket.send_multipart(parts, zmq.DONTWAIT)
    except zmq.Again:
        return False
    return True


def take(socket: Socket) -> list[Part] | None:
    """The next multipart message as views on its own memory, or None; at most one part beyond what any link uses."""
    parts: list[Part] = []
    try:
        more = True
        while more:
            frame = socket.recv(zmq.DONTWAIT, copy=False)
            if len(parts) <= MAX_PARTS + 2:  # routing id and packet come first; the rest of a flood is not kept
                parts.append(frame.buffer)
            more = frame.more
    except zmq.Again:
        return None
    return parts


def _open(context: Context, kind: int, endpoint: str) -> Socket:
    made = context.socket(kind)
    made.setsockopt(zmq.MAXMSGSIZE, MAX_IMAGE_BYTES)
    made.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
    made.setsockopt(zmq.RECONNECT_IVL_MAX, _RECONNECT_MAX_MS)
    if endpoint.startswith("tcp://"):
        made.setsockopt(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS)
        made.setsockopt(zmq.HEARTBEAT_TIMEOUT, 3 * _HEARTBEAT_MS)
        made.setsockopt(zmq.IPV6, int("[" in endpoint))
    return made
