"""Alertmanager, the real one: fires, is one alert however often it is sent, resolves; several, and a proxy's login."""

# ruff: noqa: ANN001 - the servers of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

import json
import socket
import subprocess
import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from detectors.base import Reason
from monitor.sink import SinkError
from monitor.sinks.alertmanager import Alertmanager
from monitor.sinks.checks import EVENT
from monitor.sinks.trial import trial_event
from monitor.types import Event, Phase

PATIENCE_S = 10.0
CONFIG = """
route: {receiver: hook, group_by: [alertname, camera], group_wait: 0s, group_interval: 1s}
receivers: [{name: hook, webhook_configs: [{url: "http://127.0.0.1:PORT/am", send_resolved: true}]}]
"""
RARE = replace(EVENT, reasons=(Reason("motion", "moves as nothing did before", 0.001, None),))


def now(**fields: object) -> Event:
    """An event that began just now."""
    began_ns = time.time_ns()
    return replace(RARE, began_ns=began_ns, ended_ns=began_ns, peak_ns=began_ns, **fields)  # type: ignore[arg-type]


@pytest.fixture(name="manager")
def _manager(alertmanager, hook) -> str:
    """The address of a running Alertmanager that tells `hook`."""
    return f"http://127.0.0.1:{alertmanager(CONFIG.replace('PORT', str(hook.port))).port}"


def alerts(manager: str) -> list[dict[str, Any]]:
    """What amtool shows as firing."""
    command = ["amtool", f"--alertmanager.url={manager}", "alert", "query", "--output=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def until(done, what: str) -> None:
    """Wait for it."""
    until_s = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < until_s, what
        time.sleep(0.05)


def test_an_event_fires_once_and_resolves_as_it_closes(manager: str, hook) -> None:
    """However it grows it is one alert, for its labels stay; its end reaches the receiver as resolved."""
    sink = Alertmanager("am", [manager + "/"], labels={"site": "north"}, link="https://cams.example.org")
    opened = now()
    assert sink.deliver(opened) == f"{manager} answered 200"
    sink.deliver(replace(opened, phase=Phase.UPDATED, frames=50, score=99.0))
    sink.refresh([replace(opened, score=99.0)], [])
    [alert] = alerts(manager)
    assert alert["labels"] == {
        "alertname": "CameraAnomaly",
        "camera": "gate",
        "severity": "warning",
        "site": "north",
    }
    assert alert["annotations"]["summary"] == "gate: moves as nothing did before"
    assert (alert["annotations"]["event"], alert["annotations"]["score"]) == (EVENT.id, "99")
    assert alert["generatorURL"] == f"https://cams.example.org/#/event/{EVENT.id}"
    ends = datetime.fromisoformat(alert["endsAt"].replace("Z", "+00:00")).timestamp()
    assert 200 < ends - time.time() < 241, "resolves by itself after four refreshes"
    until(lambda: any(body["status"] == "firing" for _, body in hook.got), "the receiver hears that it fires")
    sink.deliver(replace(opened, phase=Phase.CLOSED, frames=60, cause="quiet"))
    until(lambda: alerts(manager) == [], "it is resolved")
    until(lambda: any(body["status"] == "resolved" for _, body in hook.got), "the receiver hears that it is over")


def test_trouble_and_tests_are_alerts_of_their_own(manager: str) -> None:
    """A camera offline, trouble of no camera, a test: each has its name, and none is the camera's anomaly."""
    sink = Alertmanager("am", [manager], labels={"severity": "page"})
    sink.deliver(now())
    sink.deliver(now(reasons=(Reason("camera gate", "refused", None, None, "health"),)))
    sink.deliver(now(camera="", reasons=(Reason("process worker", "is down", None, None, "health"),)))
    sink.deliver(trial_event("am", time.time_ns()))
    found = {alert["labels"]["alertname"]: alert["labels"] for alert in alerts(manager)}
    for labels in found.values():
        del labels["alertname"]
    assert found == {
        "CameraAnomaly": {"camera": "gate", "severity": "page"},
        "CameraOffline": {"camera": "gate", "severity": "critical"},
        "RareframeTrouble": {"part": "process worker", "severity": "critical"},
        "RareframeTest": {"severity": "none"},
    }


def test_of_several_one_that_takes_it_is_enough(manager: str, free_port) -> None:
    """They tell each other; what the others said is shown, and only if none took it it is tried again."""
    gone = f"http://127.0.0.1:{free_port()}"
    said = Alertmanager("am", [gone, manager]).deliver(now())
    assert said.startswith(f"{manager} answered 200; sink am: {gone} no answer")
    assert len(alerts(manager)) == 1
    with pytest.raises(SinkError) as caught:
        Alertmanager("am", [gone, gone]).deliver(now())
    assert caught.value.retryable


def test_what_it_cannot_read_is_final(manager: str) -> None:
    """A label that Alertmanager refuses will be refused again."""
    with pytest.raises(SinkError, match="answered 400") as caught:
        Alertmanager("am", [manager], labels={"no-label": "x"}).deliver(now())
    assert not caught.value.retryable


def test_a_login_goes_along(hook) -> None:
    """As a header, for a proxy in front of it."""
    Alertmanager("am", [f"http://127.0.0.1:{hook.port}"], headers={"Authorization": "Bearer s3cret"}).deliver(RARE)
    [(headers, [alert])] = hook.got
    assert headers["Authorization"] == "Bearer s3cret"
    assert alert["startsAt"] == "2026-09-21T14:13:20.000000Z"


def test_nothing_is_sent_while_nothing_goes_on() -> None:
    """A refresh without an event asks nobody."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        Alertmanager("am", [f"http://127.0.0.1:{nobody.getsockname()[1]}"], timeout_s=0.1).refresh([], [])
