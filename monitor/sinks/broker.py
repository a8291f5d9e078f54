"""One connection to an MQTT 5 broker, by paho: opened once, never mended. Knows no topic."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from paho.mqtt.client import Client, ConnectFlags, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.sink import SinkError

_FAREWELL_S = 1.0
# MQTT 5, section 2.4: bad user name or password, not authorized, banned.
_REFUSALS = frozenset({0x86, 0x87, 0x8A})


class Address(Protocol):
    """Where to, and how."""

    @property
    def host(self) -> str:
        """The broker's."""

    @property
    def port(self) -> int:
        """Of TCP."""

    @property
    def user(self) -> str | None:
        """None: no login."""

    @property
    def password(self) -> str | None:
        """Never told."""

    @property
    def tls(self) -> ssl.SSLContext | None:
        """None: not encrypted."""

    @property
    def keepalive_s(self) -> int:
        """So often something is said."""


class Connection:
    """From `open` to `close`; a thread of paho's keeps it alive."""

    def __init__(self, sink: str, where: str, client_id: str) -> None:
        """Args: sink, where: for messages."""
        self._sink = sink
        self._where = where
        self._answered = threading.Event()
        self._answer: ReasonCode | None = None
        self._refused: dict[int, str] = {}
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False
        )
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish

    def open(self, address: Address, will: str | None, deadline_s: float, timeout_s: float) -> None:
        """Connect; on topic `will` the broker says "offline" should it lose us.

        Raises:
            SinkError: No connection in time, or none for us.
        """
        client = self._client
        if will is not None:
            client.will_set(will, b"offline", qos=1, retain=True)
        if address.user is not None:
            client.username_pw_set(address.user, address.password)
        if address.tls is not None:
            client.tls_set_context(address.tls)
        client.connect_timeout = max(0.01, deadline_s - time.monotonic())
        try:
            client.connect(address.host, address.port, keepalive=address.keepalive_s)
        except OSError as error:
            raise self._error(f"cannot be reached: {error.strerror or error}", "check host, port and tls") from error
        client.loop_start()
        if not self._answered.wait(max(0.0, deadline_s - time.monotonic())) or self._answer is None:
            raise self._error(f"did not answer within {timeout_s:g} s", "is it an MQTT 5 broker?")
        if self._answer.is_failure:
            refused = self._answer.value in _REFUSALS
            remedy = "check user and password" if refused else "see the broker's log"
            raise self._error(f"refused the connection: {self._answer}", remedy, retryable=not refused)

    def alive(self) -> bool:
        """Whether nobody has ended it, as far as we know."""
        return self._client.is_connected()

    def publish(self, messages: Sequence[tuple[str, bytes, bool]], deadline_s: float) -> None:
        """Hand over all of them (topic, payload, retain) and wait until the broker says that it has them.

        Raises:
            SinkError: It did not say so in time, or does not allow it.
        """
        handed: list[tuple[str, MQTTMessageInfo]] = []
        for topic, payload, retain in messages:
            handed.append((topic, self._client.publish(topic, payload, qos=1, retain=retain)))
        lost = self._error("was lost before it confirmed a message", "check the broker and the network")
        for topic, info in handed:
            try:
                while not info.is_published():
                    left_s = deadline_s - time.monotonic()
                    if left_s <= 0 or not self._client.is_connected():
                        raise lost
                    info.wait_for_publish(min(left_s, 0.2))
            except (RuntimeError, ValueError) as error:  # paho's, of a message that it could not even take
                raise lost from error
            if info.mid in self._refused:
                why = self._refused.pop(info.mid)
                raise self._error(f"refused topic {topic}: {why}", "allow it to this user there", retryable=False)

    def try_publish(self, topic: str, payload: bytes) -> None:
        """The last word; whether it arrives is not worth an error."""
        info = self._client.publish(topic, payload, qos=1, retain=True)
        until_s = time.monotonic() + _FAREWELL_S
        with suppress(RuntimeError, ValueError):  # of a message that could not even be taken
            while self._client.is_connected() and not info.is_published() and time.monotonic() < until_s:
                time.sleep(0.01)

    def close(self) -> None:
        """End it in order, as far as the broker plays along."""
        self._client.disconnect()
        self._client.loop_stop()
        # Or it and we hold each other, and its sockets stay open until somebody collects garbage.
        self._client.on_connect = self._client.on_publish = None

    def _on_connect(
        self, _client: Client, _data: object, _flags: ConnectFlags, answer: ReasonCode, _more: Properties | None
    ) -> None:
        self._answer = answer
        self._answered.set()

    def _on_publish(
        self, _client: Client, _data: object, mid: int, answer: ReasonCode, _more: Properties | None
    ) -> None:
        if answer.is_failure:
            self._refused[mid] = str(answer)

    def _error(self, what: str, remedy: str, *, retryable: bool = True) -> SinkError:
        return SinkError(f"sink {self._sink}: broker {self._where} {what}; {remedy}", retryable=retryable)
