"""What Home Assistant is told so that it finds the cameras by itself (MQTT discovery). Publishes nothing.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery: retained messages below a topic that it listens to; one
device a camera, and what belongs to it by `unique_id`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from monitor.types import State


@dataclass(frozen=True, slots=True)
class Topics:
    """Where things are.

    Attributes:
        prefix: What every topic of ours begins with.
        discovery: Where Home Assistant listens; None: it is told nothing.
    """

    prefix: str
    discovery: str | None

    @property
    def available(self) -> str:
        """Whether we are there: "online" or "offline"."""
        return f"{self.prefix}/available"

    @property
    def events(self) -> str:
        """Every telling."""
        return f"{self.prefix}/events"

    def of(self, camera: str, what: str) -> str:
        """What is told of one camera."""
        return f"{self.prefix}/{camera}/{what}"


def entities(topics: Topics, camera: str, link: str | None) -> Iterator[tuple[str, bytes]]:
    """Topic and message of everything of one camera."""
    node = topics.prefix.replace("/", "_")
    device = {"identifiers": [f"{node}_{camera}"], "name": camera, "manufacturer": "rareframe", "model": "camera"}
    if link is not None:
        device["configuration_url"] = f"{link}/#/camera/{camera}"
    for component, what, more in _parts(topics, camera):
        config = {
            **more,
            "unique_id": f"{node}_{camera}_{what}",
            "availability_topic": topics.available,
            "device": device,
        }
        yield f"{topics.discovery}/{component}/{node}/{camera}_{what}/config", msgspec.json.encode(config)


def _parts(topics: Topics, camera: str) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Component, our name of it, and what is its own."""
    anomaly: dict[str, object] = {"name": "Anomaly", "device_class": "problem"}
    attributes = topics.of(camera, "anomaly/attributes")
    yield (
        "binary_sensor",
        "anomaly",
        {**anomaly, "state_topic": topics.of(camera, "anomaly"), "json_attributes_topic": attributes},
    )
    state: dict[str, object] = {"name": "State", "device_class": "enum", "options": [state.value for state in State]}
    yield (
        "sensor",
        "state",
        {**state, "state_topic": topics.of(camera, "state"), "entity_category": "diagnostic"},
    )
    score: dict[str, object] = {"name": "Score", "state_class": "measurement"}
    yield "sensor", "score", {**score, "state_topic": topics.of(camera, "score")}
    yield "camera", "snapshot", {"name": "Last event", "topic": topics.of(camera, "snapshot")}
