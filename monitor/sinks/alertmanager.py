"""Alerts in Prometheus's Alertmanager, API v2: firing while an event is open, resolved as it closes. Groups nothing.

Labels are an alert's identity, so none of them changes while an event goes on: neither score nor id is one. What goes
on is sent again and again, and resolves by itself should we be gone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from monitor.kinds import Kind, kind_of
from monitor.sink import SinkError
from monitor.sinks.http import Http
from monitor.sinks.payload import payload_of
from monitor.sinks.words import headline, text
from monitor.types import Event, Phase
from monitor.views import CameraView

_PATH = "/api/v2/alerts"
# Unheard for so many refreshes, an alert resolves; as Prometheus does with its own.
_MISSED = 4
# A test resolves by itself.
_TEST_S = 60.0


class Alertmanager:
    """One Alertmanager, or all of a cluster: told is what one of them took, for they tell each other."""

    def __init__(
        self,
        name: str,
        urls: Sequence[str],
        *,
        headers: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        refresh_s: float = 60.0,
        timeout_s: float = 10.0,
        link: str | None = None,
    ) -> None:
        """A sink.

        Args:
            urls: Without the API's path.
            headers: Sent with each request, e.g. Authorization.
            labels: Further ones of every alert; `severity` is that of events, trouble has "critical".
            refresh_s: What goes on is sent again so often.
            timeout_s: For all of them together.
            link: Where the web server is reached, for links.

        Raises:
            ValueError: An address is none.
        """
        self.name = name
        self.refresh_s = refresh_s
        self._https = [
            Http(name, url.rstrip("/") + _PATH, headers=headers, timeout_s=timeout_s / len(urls)) for url in urls
        ]
        self._labels = dict(labels or {})
        self._link = link

    def deliver(self, event: Event) -> str:
        """Fire, or resolve what closed.

        Raises:
            SinkError: None took it; as of the last one asked.
        """
        return self._post([event])

    def refresh(self, going_on: Sequence[Event], cameras: Sequence[CameraView]) -> None:
        """Fire again whatever goes on."""
        del cameras  # Prometheus asks /metrics for them
        if going_on:
            self._post(going_on)

    def close(self) -> None:
        """No connection is held between two deliveries."""

    def _post(self, events: Sequence[Event]) -> str:
        body = msgspec.json.encode([self._alert(event) for event in events])
        answers, errors = [], []
        for http in self._https:
            try:
                answers.append(f"{http.where} answered {http.send('POST', body, {'Content-Type': 'application/json'})}")
            except SinkError as error:
                errors.append(error)
        if not answers:
            raise next((error for error in errors if error.retryable), errors[-1])
        return "; ".join([*answers, *map(str, errors)])

    def _alert(self, event: Event) -> dict[str, object]:
        payload, kind = payload_of(event, link=self._link), kind_of(event)
        if event.phase is Phase.CLOSED:
            ends_s = time.time()
        else:
            ends_s = time.time() + (_TEST_S if kind is Kind.TEST else _MISSED * self.refresh_s)
        annotations = {
            "summary": headline(payload),
            "description": text(payload),
            "event": event.id,
            "key": payload.key,
            "score": f"{event.score:.4g}",
            "limit": f"{event.limit:.4g}",
        }
        alert: dict[str, object] = {
            "labels": {"severity": "warning"} | self._labels | _identity(event, kind),
            "annotations": annotations,
            "startsAt": payload.began,
            "endsAt": datetime.fromtimestamp(ends_s, UTC).isoformat(),
        }
        return alert if payload.link is None else alert | {"generatorURL": payload.link}


def _identity(event: Event, kind: Kind) -> dict[str, str]:
    if kind is Kind.ANOMALY:
        return {"alertname": "CameraAnomaly", "camera": event.camera}
    if kind is Kind.TEST:
        return {"alertname": "RareframeTest", "severity": "none"}
    if event.camera:
        return {"alertname": "CameraOffline", "camera": event.camera, "severity": "critical"}
    return {"alertname": "RareframeTrouble", "part": event.reasons[0].detector, "severity": "critical"}
