"""Sends each telling to an HTTP(S) address: as JSON, or as a template makes it; signed if there is a secret."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.sink import telling_key
from monitor.sinks.http import Http
from monitor.sinks.payload import Payload, as_json, payload_of
from monitor.sinks.signature import signed
from monitor.types import Event


@dataclass(frozen=True, slots=True)
class Form:
    """What a telling looks like.

    Attributes:
        body: Makes what is sent of a payload, or raises SinkError; it is JSON by default.
        pictures: The data folder, to send each event's picture along; None: its file name only.
        link: Where the web server is reached, for links; None: none.
    """

    method: str = "POST"
    content_type: str = "application/json"
    body: Callable[[Payload], bytes] = as_json
    pictures: Path | None = None
    link: str | None = None


class Webhook:
    """One address. The header `Idempotency-Key` is the same when a telling is sent again.

    The path and query of the address and the values of the headers may be secrets: none is ever told.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        secret: str | None = None,
        form: Form | None = None,
        timeout_s: float = 10.0,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """Args: as of `Http`; secret: signs each telling, see `signature`.

        Raises:
            ValueError: The address is not one, or a header cannot be sent.
        """
        self._name = name
        self._http = Http(name, url, headers=headers, timeout_s=timeout_s, verify=verify)
        self._secret = secret
        self._form = form or Form()

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self._name

    def deliver(self, event: Event) -> str:
        """Send one telling; any 2xx is success. Raises SinkError as `Http.send` does."""
        form = self._form
        body = form.body(payload_of(event, pictures=form.pictures, link=form.link))
        headers = {"Content-Type": form.content_type, "Idempotency-Key": telling_key(event)}
        if self._secret is not None:
            headers |= signed(self._secret, body, time.time())
        return f"{self._http.where} answered {self._http.send(form.method, body, headers)}"

    def close(self) -> None:
        """No connection is held between two deliveries."""
