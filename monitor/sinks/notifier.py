"""Mail, ntfy, Telegram, Slack and many others by Apprise, which knows how each of them wants it. Retries nothing."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

from monitor.kinds import Kind, kind_of
from monitor.redaction import HIDDEN
from monitor.sink import SinkError
from monitor.sinks.payload import Payload, payload_of
from monitor.sinks.words import headline, text
from monitor.types import Event, Phase

# Of an address anything may be secret; what is shorter than this is also found in ordinary words.
_SHORTEST_SECRET = 4
_LONGEST_REASON = 300


class Notifier:
    """One Apprise address. It may be a secret as a whole: only its scheme is ever told."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        subject: Callable[[Payload], str] = headline,
        body: Callable[[Payload], str] = text,
        pictures: Path | None = None,
        timeout_s: float = 20.0,
        link: str | None = None,
    ) -> None:
        """A sink.

        Args:
            url: As Apprise has it: mailtos://…, ntfys://…, tgram://…
            subject: Makes the subject of a payload; `body` the text. May raise SinkError.
            pictures: The data folder, to attach each event's picture; None: none is.
            timeout_s: For the whole of one message.
            link: Where the web server is reached, for links.

        Raises:
            ValueError: Apprise does not know such an address.
        """
        self._name = name
        self._url = url
        self._scheme = url.partition(":")[0] if "://" in url else "?"
        # It logs what it sends, at times with the address.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        self._apprise = Apprise(asset=AppriseAsset(async_mode=False, service_timeout=timeout_s))
        if not self._apprise.add(url):
            raise ValueError(f"sink {name}: expected an Apprise URL such as mailtos://user:password@host, got another")
        for service in self._apprise:  # so that what hangs ends by itself, not as a thread that is waited for no longer
            service.socket_connect_timeout = service.socket_read_timeout = timeout_s / 2
            service.request_rate_per_sec = 0  # or it waits seconds between two messages; the rate is ours to keep
        self._subject = subject
        self._body = body
        self._pictures = pictures
        self._link = link

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self._name

    def deliver(self, event: Event) -> str:
        """Send one message; Apprise does not say whether another try is worth it, so it always is.

        Raises:
            SinkError: Not sent.
        """
        payload = payload_of(event, link=self._link)
        result = self._apprise.notify(
            title=self._subject(payload),
            body=self._body(payload),
            body_format=NotifyFormat.TEXT,
            notify_type=_type(event),
            attach=self._picture(event),
        )
        if not result:
            why = "; ".join(str(entry.message) for entry in result.logs())
            raise SinkError(
                f"sink {self._name}: not sent by {self._scheme}: {self._harmless(why) or 'no reason was given'}; "
                "check its url and that the service can be reached",
                retryable=True,
            )
        return f"sent by {self._scheme}"

    def close(self) -> None:
        """No connection is held between two messages."""

    def _picture(self, event: Event) -> str | None:
        name = event.overlay or event.snapshot
        path = None if self._pictures is None or name is None else self._pictures / name
        return str(path) if path is not None and path.is_file() else None

    def _harmless(self, reason: str) -> str:
        """What Apprise says, without anything that stands in the address."""
        words = {part for part in re.split(r"[:/@?&=,\s]+", self._url) if len(part) >= _SHORTEST_SECRET}
        for word in sorted(words | {unquote(part) for part in words}, key=len, reverse=True):
            reason = reason.replace(word, HIDDEN)
        return " ".join(reason.split())[:_LONGEST_REASON]


def _type(event: Event) -> NotifyType:
    match kind_of(event):
        case Kind.TEST:
            return NotifyType.INFO
        case Kind.HEALTH:
            return NotifyType.SUCCESS if event.phase is Phase.CLOSED else NotifyType.FAILURE
        case Kind.ANOMALY:
            return NotifyType.WARNING
