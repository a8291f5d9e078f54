"""MQTT with a real mosquitto: what Home Assistant finds, ON and OFF, the last will, TLS and logins."""

# ruff: noqa: ANN001 - the servers of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from detectors.base import Reason
from monitor.sink import SinkError
from monitor.sinks.checks import EVENT
from monitor.sinks.discovery import Topics
from monitor.sinks.mqtt import Broker, Mqtt
from monitor.sinks.trial import trial_event
from monitor.types import Phase, State, Verdict
from monitor.views import CameraView

CLOSED = replace(EVENT, phase=Phase.CLOSED, cause="quiet", frames=9)
OFFLINE = replace(EVENT, reasons=(Reason("camera gate", "no pictures", None, None, "health"),))


def made(port: int, prefix: str, **more: object) -> Mqtt:
    """A sink at this broker."""
    return Mqtt("mq", Broker("127.0.0.1", port), Topics(prefix, "homeassistant"), ["gate", "yard"], **more)  # type: ignore[arg-type]


def view(camera: str, state: State, score: float | None) -> CameraView:
    """A camera as it is now."""
    return CameraView(
        *(camera, state, "", False, None, Verdict.NORMAL, score, 2.0, None, (), None, 0, 0, 0),
        *(None, None, None, None, None),
    )


def test_home_assistant_finds_each_camera_by_itself(broker, listen) -> None:
    """Retained, one device a camera, each entity with its own id, its topic and our availability."""
    prefix = "site/found"
    sink = made(broker.port, prefix, link="https://cams.example.org")
    sink.refresh([], [view("gate", State.ACTIVE, 1.2345), view("yard", State.WARMING, None)])
    heard = listen(broker.port, "#")  # comes later: what it hears was kept for it
    heard.until(lambda got: sum(t.startswith("homeassistant/") and "site_found" in t for t, _ in got) == 8, "entities")
    config = json.loads(heard.newest("homeassistant/binary_sensor/site_found/gate_anomaly/config"))
    assert config == {
        "name": "Anomaly",
        "unique_id": "site_found_gate_anomaly",
        "device_class": "problem",
        "state_topic": "site/found/gate/anomaly",
        "json_attributes_topic": "site/found/gate/anomaly/attributes",
        "availability_topic": "site/found/available",
        "device": {
            "identifiers": ["site_found_gate"],
            "name": "gate",
            "manufacturer": "rareframe",
            "model": "camera",
            "configuration_url": "https://cams.example.org/#/camera/gate",
        },
    }
    heard.until(lambda _: heard.newest(f"{prefix}/available") == b"online", "we are there")
    told = {topic: heard.newest(f"{prefix}/{topic}") for topic in ("gate/anomaly", "gate/state", "gate/score")}
    assert told == {"gate/anomaly": b"OFF", "gate/state": b"active", "gate/score": b"1.23"}
    assert heard.newest(f"{prefix}/yard/score") == b"None"
    configs = [json.loads(payload) for topic, payload in heard.got if topic.startswith("homeassistant/")]
    assert len({each["unique_id"] for each in configs}) == len(configs)
    sink.close()
    heard.until(lambda _: heard.newest(f"{prefix}/available") == b"offline", "we said good-bye")


def test_an_event_switches_the_camera_on_and_off(broker, listen, tmp_path: Path) -> None:
    """ON with attributes and picture as it opens, OFF as it closes; each telling on the events' topic with its type."""
    heard = listen(broker.port, "site/switch/#")
    (tmp_path / "overlay.jpg").write_bytes(b"a picture")
    sink = made(broker.port, "site/switch", pictures=tmp_path)
    opened = replace(EVENT, overlay="overlay.jpg")
    sink.deliver(opened)
    heard.until(lambda _: heard.newest("site/switch/gate/anomaly") == b"ON", "on")
    assert heard.newest("site/switch/gate/snapshot") == b"a picture"
    attributes = json.loads(heard.newest("site/switch/gate/anomaly/attributes"))
    assert (attributes["id"], attributes["score"]) == (EVENT.id, EVENT.score)
    sink.deliver(replace(EVENT, phase=Phase.UPDATED, frames=7))
    sink.deliver(CLOSED)
    heard.until(lambda _: heard.newest("site/switch/gate/anomaly") == b"OFF", "off")
    told = [json.loads(payload) for topic, payload in heard.got if topic == "site/switch/events"]
    assert [(each["type"], each["phase"]) for each in told] == [
        ("new", "opened"),
        ("update", "updated"),
        ("end", "closed"),
    ]
    sink.close()


def test_what_goes_on_is_on_again_after_the_broker_forgot(broker, listen) -> None:
    """With each new connection the state of every camera is told, whatever was kept: also of what ended unheard."""
    heard = listen(broker.port, "site/again/+/anomaly")
    sink = made(broker.port, "site/again")
    sink.deliver(replace(EVENT, camera="yard"))
    sink.close()
    sink.refresh([EVENT], [])
    told = ("site/again/gate/anomaly", "site/again/yard/anomaly")
    heard.until(lambda _: [heard.newest(topic) for topic in told] == [b"ON", b"OFF"], "on again, and off")
    sink.close()


def test_trouble_and_tests_switch_no_camera(broker, listen) -> None:
    """A notice is told on the events' topic, a test on one of its own where no automation looks."""
    heard = listen(broker.port, "site/calm/#")
    sink = made(broker.port, "site/calm", presence=False)
    sink.deliver(OFFLINE)
    sink.deliver(trial_event("mq", EVENT.began_ns))
    heard.until(lambda got: len(got) == 2, "both")
    assert [topic for topic, _ in heard.got] == ["site/calm/events", "site/calm/test"]
    assert [json.loads(payload)["kind"] for _, payload in heard.got] == ["health", "test"]
    sink.close()
    assert heard.newest("site/calm/available") is None, "who only tries a sink does not say that the daemon goes"


DIES = """
import sys, time
from monitor.sinks.discovery import Topics
from monitor.sinks.mqtt import Broker, Mqtt
sink = Mqtt("mq", Broker("127.0.0.1", int(sys.argv[1]), keepalive_s=5), Topics("site/dies", None), ["gate"])
sink.refresh([], [])
print("there", flush=True)
time.sleep(60)
"""


def test_the_broker_tells_that_we_died(broker, listen) -> None:
    """Killed, the last will says offline."""
    import sys  # noqa: PLC0415 - only here

    heard = listen(broker.port, "site/dies/available")
    child = subprocess.Popen([sys.executable, "-c", DIES, str(broker.port)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    heard.until(lambda _: heard.newest("site/dies/available") == b"online", "online")
    child.kill()
    child.wait()
    child.stdout.close()
    heard.until(lambda _: heard.newest("site/dies/available") == b"offline", "offline by the last will")


def test_a_broker_that_comes_back_is_found_again(mosquitto: Callable, free_port, listen) -> None:
    """What fails while it is away is worth another try, and the next try opens a new connection."""
    port = free_port()
    first = mosquitto("allow_anonymous true", port=port)
    sink = made(port, "site/back", timeout_s=2.0)
    sink.deliver(EVENT)
    first.close()
    with pytest.raises(SinkError) as caught:
        sink.deliver(CLOSED)
    assert caught.value.retryable
    mosquitto("allow_anonymous true", port=port)
    heard = listen(port, "site/back/events")
    sink.deliver(CLOSED)
    heard.until(lambda got: len(got) == 1, "told after all")
    sink.close()


@pytest.fixture(scope="module", name="guarded")
def _guarded(mosquitto: Callable, tmp_path_factory) -> tuple[int, Path]:
    """A broker with TLS, a login, and one topic that this login may write; its port and its certificate."""
    folder = tmp_path_factory.mktemp("guarded")
    if shutil.which("openssl") is None or shutil.which("mosquitto_passwd") is None:
        pytest.skip("openssl or mosquitto_passwd is absent")
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    keys = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject, *keys]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", str(folder / "users"), "me", "right"], check=True, capture_output=True
    )
    (folder / "allowed").write_text("user me\ntopic write site/mine/#\n")
    started = mosquitto(
        "allow_anonymous false",
        f"password_file {folder}/users",
        f"acl_file {folder}/allowed",
        f"certfile {folder}/cert.pem",
        f"keyfile {folder}/key.pem",
    )
    return started.port, folder / "cert.pem"


def secured(port: int, trust: Path | None, *, word: str = "right", prefix: str = "site/mine") -> Mqtt:
    """A sink with TLS and a login."""
    broker = Broker("127.0.0.1", port, "me", word, ssl.create_default_context(cafile=trust))
    return Mqtt("mq", broker, Topics(prefix, None), ["gate"], timeout_s=5.0)


def test_tls_and_login_are_used_and_checked(guarded: tuple[int, Path]) -> None:
    """In with both right; a wrong password and a forbidden topic are final, and say what to do; no secret is told."""
    port, certificate = guarded
    good = secured(port, certificate)
    assert good.deliver(EVENT) == f"127.0.0.1:{port} has it"
    good.close()
    for sink, message in (
        (
            secured(port, certificate, word="s3cret"),
            "refused the connection: Not authorized; check user and password",
        ),
        (
            secured(port, certificate, prefix="site/theirs"),
            "refused topic site/theirs/events: Not authorized; allow it",
        ),
    ):
        with pytest.raises(SinkError, match=message) as caught:
            sink.deliver(EVENT)
        assert not caught.value.retryable
        assert "s3cret" not in str(caught.value)
        sink.close()


def test_a_broker_that_cannot_be_trusted_gets_nothing(guarded: tuple[int, Path]) -> None:
    """Its certificate is verified; the password does not go to whoever has another."""
    port, _ = guarded
    sink = secured(port, None)
    with pytest.raises(SinkError, match="certificate verify failed"):
        sink.deliver(EVENT)
    sink.close()


def test_a_silent_broker_costs_no_more_than_the_time_out(silent_port: int) -> None:
    """It takes the connection and says nothing."""
    sink = Mqtt("mq", Broker("127.0.0.1", silent_port), Topics("x", None), [], timeout_s=0.3)
    began_s = time.monotonic()
    with pytest.raises(SinkError, match=r"did not answer within 0.3 s; is it an MQTT 5 broker\?"):
        sink.deliver(EVENT)
    assert time.monotonic() - began_s < 2.5
    sink.close()
