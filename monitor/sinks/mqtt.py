"""Tells an MQTT broker, and through it Home Assistant. One connection is held, so that the broker knows we are there.

Topics below the prefix: `available` (online, offline: also our last will), `events` (each telling as JSON, with `type`
new, update or end), `test`, and of each camera `anomaly` (ON, OFF), `anomaly/attributes`, `snapshot`, `state`, `score`.
All but `events` and `test` are retained. QoS 1: the broker says that it has a message before it counts as told.
"""

from __future__ import annotations

import ssl
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from monitor.kinds import Kind, kind_of
from monitor.sink import SinkError
from monitor.sinks.broker import Connection
from monitor.sinks.discovery import Topics, entities
from monitor.sinks.payload import as_json, payload_of, read_picture
from monitor.types import Event, Phase
from monitor.views import CameraView

REFRESH_S = 10.0
_TYPES = {Phase.OPENED: "new", Phase.UPDATED: "update", Phase.CLOSED: "end"}


@dataclass(frozen=True, slots=True)
class Broker:
    """Where and how.

    Attributes:
        tls: None: not encrypted.
        keepalive_s: After 1.5 times this the broker takes us for gone.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None
    keepalive_s: int = 30


@dataclass(frozen=True, slots=True)
class _Message:
    topic: str
    payload: bytes
    retain: bool = True


class Mqtt:
    """One broker. Connects when it first has something to tell, and anew whenever the connection was lost."""

    refresh_s = REFRESH_S

    def __init__(
        self,
        name: str,
        broker: Broker,
        topics: Topics,
        cameras: Sequence[str],
        *,
        timeout_s: float = 10.0,
        pictures: Path | None = None,
        link: str | None = None,
        presence: bool = True,
    ) -> None:
        """A sink.

        Args:
            cameras: All, for what Home Assistant is told.
            timeout_s: For the whole of one delivery.
            pictures: The data folder, to send snapshots; None: none is sent.
            link: Where the web server is reached, for links.
            presence: Whether this is the daemon, whose coming and going is told; False: somebody tries the sink.
        """
        self._name = name
        self._broker = broker
        self._topics = topics
        self._cameras = tuple(cameras)
        self._timeout_s = timeout_s
        self._pictures = pictures
        self._link = link
        self._presence = presence
        self._connection: Connection | None = None
        self._told: dict[str, bytes] = {}

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self._name

    def deliver(self, event: Event) -> str:
        """Publish one telling and what follows from it.

        Raises:
            SinkError: Not retryable if the login was refused or the broker forbids a topic.
        """
        self._publish(list(self._messages(event)))
        return f"{self._where} has it"

    def refresh(self, going_on: Sequence[Event], cameras: Sequence[CameraView]) -> None:
        """Say that we are there, and what changed; on a new connection everything."""
        self._connected(time.monotonic() + self._timeout_s)
        messages = [_Message(self._topics.available, b"online")]
        if self._topics.discovery is not None:
            messages += [_Message(*each) for name in self._cameras for each in entities(self._topics, name, self._link)]
        busy = {event.camera for event in going_on if kind_of(event) is Kind.ANOMALY}
        messages += [_Message(self._topics.of(name, "anomaly"), _on(name in busy)) for name in self._cameras]
        for view in cameras:
            messages.append(_Message(self._topics.of(view.camera, "state"), view.state.value.encode()))
            score = "None" if view.score is None else f"{view.score:.3g}"  # as Home Assistant reads: unknown
            messages.append(_Message(self._topics.of(view.camera, "score"), score.encode()))
        # Whether we are there is said again each time: an older connection's last will may come late.
        self._publish([each for each in messages[1:] if self._told.get(each.topic) != each.payload] + messages[:1])

    def close(self) -> None:
        """Say good-bye, so that the broker need not find out."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._presence:
            connection.try_publish(self._topics.available, b"offline")
        connection.close()

    @property
    def _where(self) -> str:
        return f"{self._broker.host}:{self._broker.port}"

    def _messages(self, event: Event) -> Iterator[_Message]:
        kind = kind_of(event)
        payload = payload_of(event, link=self._link)
        telling = {"type": _TYPES[event.phase], **msgspec.to_builtins(payload)}
        topic = f"{self._topics.prefix}/test" if kind is Kind.TEST else self._topics.events
        yield _Message(topic, msgspec.json.encode(telling), retain=False)
        if kind is not Kind.ANOMALY:
            return
        picture = None if self._pictures is None else read_picture(self._pictures, event.overlay or event.snapshot)
        if picture is not None:
            yield _Message(self._topics.of(event.camera, "snapshot"), picture)
        yield _Message(self._topics.of(event.camera, "anomaly/attributes"), as_json(payload))
        yield _Message(self._topics.of(event.camera, "anomaly"), _on(event.phase is not Phase.CLOSED))

    def _publish(self, messages: Sequence[_Message]) -> None:
        deadline_s = time.monotonic() + self._timeout_s
        connection = self._connected(deadline_s)
        try:
            connection.publish([(each.topic, each.payload, each.retain) for each in messages], deadline_s)
        except SinkError:
            self._drop()
            raise
        self._told |= {each.topic: each.payload for each in messages if each.retain}

    def _connected(self, deadline_s: float) -> Connection:
        if self._connection is not None and not self._connection.alive():
            self._drop()
        if self._connection is None:
            self._told = {}
            # Of the daemon always the same, so that the broker ends a connection of ours that it still believes in.
            own = f"{self._topics.prefix}-{self._name}" if self._presence else f"rareframe-test-{uuid.uuid4().hex[:8]}"
            will = self._topics.available if self._presence else None
            self._connection = Connection(self._name, self._where, own)
            try:
                self._connection.open(self._broker, will, deadline_s, self._timeout_s)
            except SinkError:
                self._drop()
                raise
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _on(on: bool) -> bytes:
    return b"ON" if on else b"OFF"
