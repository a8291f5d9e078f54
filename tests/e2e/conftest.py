"""A real daemon for the tests: its processes, what it says, its pages; with a webhook and a Prometheus to tell."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from monitor.capture.demo import parse_demo, scene_of, write_video
from monitor.capture.scene import RareEvent
from monitor.transport import make_key_file

PROMETHEUS = Path("/usr/bin/prometheus")
RULES = Path(__file__).parents[2] / "deploy" / "rules" / "*.yml"
DEMO = "demo:?settle_s=40&every_s=20"
DEMO_S = 90.0
DEMO_FPS = 15
LOOK_EVERY_S = 0.1
# Cheap, and sure of itself after little footage: 3 s to learn, 10 s for its unit at 10 frames a second, and 20 s for
# its limit.
QUICK: dict[str, Any] = {
    "detectors": [
        {"name": "motion", "feature": {"kind": "motion", "flow": False}, "model": {"kind": "gaussian", "warmup": 30}}
    ],
    "learning": {"every_s": 0.1, "delay_s": 1.0},
    "threshold": {"kind": "spot", "warmup": 20, "level": 0.8, "rate": 0.01},
    "budget": None,  # or most of what happens in a short test would be held back
    "episodes": {"refractory_s": 10.0},
    "checkpoint": {"every_s": 1.0},
    "capture": {"read_timeout_s": 2.0, "watchdog_s": 3.0, "backoff_min_s": 0.3, "backoff_max_s": 2.0},
    "supervisor": {"backoff_min_s": 0.2, "backoff_max_s": 2.0, "stop_s": 5.0},
}


def free_port() -> int:
    """A TCP port of loopback that nobody has right now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class Daemon:
    """`rareframe run CONFIG --plain` and what can be asked of it from outside."""

    config: Path
    data: Path
    runtime: Path
    url: str
    process: subprocess.Popen[bytes]
    said: tuple[Path, Path]  # its standard output and standard error
    seen: set[int] = field(default_factory=set)  # every child that was ever asked for

    def get(self, path: str) -> httpx.Response:
        """One page."""
        return httpx.get(f"{self.url}{path}", timeout=5.0, trust_env=False)

    def status(self) -> dict[str, Any]:
        """`/status`; empty while it does not answer."""
        try:
            return dict(self.get("/status").json())
        except httpx.HTTPError:
            return {}

    def camera(self, name: str) -> dict[str, Any]:
        """One camera of `/status`; empty while that does not answer."""
        return next((camera for camera in self.status().get("cameras", ()) if camera["camera"] == name), {})

    def metric(self, name: str, **labels: str) -> float | None:
        """The sum of a metric's samples that have these labels; None if there are none or nobody answers."""
        try:
            text = self.get("/metrics").text
        except httpx.HTTPError:
            return None
        found = [
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return sum(found) if found else None

    def children(self) -> dict[str, int]:
        """The pid of each process by its name, as the system knows them."""
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                words = command_line(int(folder.name))
                if "--role" in words and "--parent" in words and words[words.index("--parent") + 1] == self.pid:
                    found[words[words.index("--role") + 1]] = int(folder.name)
        self.seen.update(found.values())
        return found

    @property
    def pid(self) -> str:
        """The supervisor's, as it stands in its children's command lines."""
        return str(self.process.pid)

    def until(self, true: Callable[[], object], within_s: float, what: str) -> float:
        """Wait until `true`; the seconds it took. Fails, with all that was said, after `within_s`."""
        began_s = time.monotonic()
        while not true():
            ended = self.process.poll()
            if time.monotonic() - began_s > within_s or ended is not None:
                why = f"not within {within_s:g} s" if ended is None else f"the daemon ended with {ended}"
                pytest.fail(f"{what}: {why}\n{self.output()}")
            time.sleep(LOOK_EVERY_S)
        return time.monotonic() - began_s

    def log(self, event: str) -> list[dict[str, Any]]:
        """The log entries of this name so far."""
        entries = [json.loads(line) for line in self.said[1].read_text().splitlines() if line.startswith("{")]
        return [entry for entry in entries if entry["event"] == event]

    def output(self) -> str:
        """All that it ever said."""
        return "".join(path.read_text(errors="replace") for path in self.said)

    def events(self) -> list[dict[str, Any]]:
        """What `rareframe events list --json` prints, newest first."""
        command = [sys.executable, "-m", "monitor.cli", "events", "list", "--json", "--data-dir", str(self.data)]
        return list(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))

    def stop(self, within_s: float = 20.0) -> int:
        """Ctrl-C; the exit code."""
        self.children()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(within_s)

    def left(self) -> list[str]:
        """Which of its processes are still there."""
        self.children()
        return [" ".join(words) for pid in self.seen if (words := command_line(pid)) and "--role" in words]

    def close(self) -> None:
        """End whatever is left of it."""
        self.children()
        for pid in (self.process.pid, *self.seen):
            if pid == self.process.pid or "--role" in command_line(pid):
                self.process.poll()
                _kill(pid)
        self.process.wait(5.0)


def command_line(pid: int) -> list[str]:
    """What a process was started with; empty if there is none of that number, or only its remains."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def running(folder: Path, told: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[Daemon]:
    """A daemon with this configuration; whatever is left of it is ended at the end of the block."""
    data, port = folder / "data", free_port()
    merged: dict[str, Any] = {"data_dir": str(data), **told}
    merged["alerting"] = {"web": {"listen": f"127.0.0.1:{port}"}, **told.get("alerting", {})}
    config = folder / "site.yaml"
    config.write_text(yaml.safe_dump(merged))
    runtime = Path(tempfile.mkdtemp(prefix="rf-"))  # short: a socket's path has room for 107 bytes
    said = (folder / "out.txt", folder / "err.txt")
    command = [sys.executable, "-m", "monitor.cli", "run", str(config), "--plain"]
    with ExitStack() as ends:
        ends.callback(shutil.rmtree, runtime, ignore_errors=True)
        files = [ends.enter_context(path.open("wb")) for path in said]
        full = {**os.environ, "XDG_RUNTIME_DIR": str(runtime), **environ}
        process = subprocess.Popen(command, stdout=files[0], stderr=files[1], env=full)
        daemon = Daemon(config, data, runtime, f"http://127.0.0.1:{port}", process, said)
        ends.callback(daemon.close)
        yield daemon


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Daemon]]:
    """Start daemons: `start({"cameras": …})`; over `QUICK`, or else the defaults. They are ended with the module."""
    with ExitStack() as ends:

        def run(told: Mapping[str, Any], *, quick: bool = True, **environ: str) -> Daemon:
            full = {**QUICK, **told} if quick else told
            return ends.enter_context(running(tmp_path_factory.mktemp("daemon"), full, environ))

        yield run


@pytest.fixture(scope="module")
def over_tcp(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A `transport` as of processes on several hosts, though all are on this one: with a key, which encrypts it."""
    key = tmp_path_factory.mktemp("link") / "key"
    make_key_file(key)
    places = {name: f"tcp://127.0.0.1:{free_port()}" for name in ("frames", "judgements", "heartbeats", "requests")}
    return {"kind": "tcp", "key_file": str(key), **places}


@pytest.fixture(scope="session")
def demo_video(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[RareEvent, ...]]:
    """90 seconds of the demo camera with three rare events from second 40 on, as a file; and their truth."""
    path = tmp_path_factory.mktemp("demo") / "demo.mp4"
    return path, write_video(path, scene_of(parse_demo(DEMO)), DEMO_S, DEMO_FPS)


class Hook(ThreadingHTTPServer):
    """A webhook's receiver: `got` is every body, in order."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Post)
        self._thread = threading.Thread(target=self.serve_forever, name="hook")
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/hook"

    def end(self) -> None:
        """Stop listening."""
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Post(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        """Keep the body."""
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}"))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    """A webhook's receiver."""
    hook = Hook()
    yield hook
    hook.end()


class Prometheus:
    """A real Prometheus that scrapes one daemon every second, and evaluates the rules that are shipped."""

    def __init__(self, folder: Path, target: str) -> None:
        self._url = f"http://127.0.0.1:{free_port()}"
        config = folder / "prometheus.yml"
        job = {"job_name": "rareframe", "static_configs": [{"targets": [target]}]}
        often = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config.write_text(yaml.safe_dump({"global": often, "rule_files": [str(RULES)], "scrape_configs": [job]}))
        listen = f"--web.listen-address={self._url.removeprefix('http://')}"
        command = [str(PROMETHEUS), f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}", listen]
        with (folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def query(self, expression: str) -> float | None:
        """The one value of an expression; None while there is none."""
        found = self._ask("query", query=expression).get("result", [])
        return float(found[0]["value"][1]) if found else None

    def rules(self) -> dict[str, dict[str, Any]]:
        """Each rule by its name, with its health and, of an alert, its state; empty until all were evaluated."""
        found = [rule for group in self._ask("rules").get("groups", []) for rule in group["rules"]]
        return {} if any(rule["health"] == "unknown" for rule in found) else {rule["name"]: rule for rule in found}

    def _ask(self, what: str, **asked: str) -> dict[str, Any]:
        try:
            answer = httpx.get(f"{self._url}/api/v1/{what}", params=asked, timeout=5.0, trust_env=False)
        except httpx.HTTPError:
            return {}
        return dict(answer.json().get("data", {})) if answer.is_success else {}  # it says 503 while it starts

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Prometheus]]:
    """Start a Prometheus for a daemon's URL; skips where there is none."""
    if not PROMETHEUS.is_file():
        pytest.skip(f"no Prometheus at {PROMETHEUS}")
    started: list[Prometheus] = []

    def start(url: str) -> Prometheus:
        started.append(Prometheus(tmp_path_factory.mktemp("prometheus"), url.removeprefix("http://")))
        return started[-1]

    yield start
    for one in started:
        one.close()


@dataclass(frozen=True)
class Destinations:
    """Real ones that a daemon tells: a broker with a listener, an Alertmanager, a webhook, a mail server.

    Attributes:
        sinks: As they stand in a configuration.
        environ: What that needs in the environment: the address of the mail, with its password.
    """

    sinks: tuple[dict[str, Any], ...]
    environ: dict[str, str]
    heard: Any
    hook: Hook
    post: Any
    manager: str

    def alerts(self) -> set[str]:
        """The names of the alerts that fire."""
        found = httpx.get(f"{self.manager}/api/v2/alerts", timeout=5.0, trust_env=False).json()
        return {alert["labels"]["alertname"] for alert in found}

    def tellings(self, kind: str, phase: str) -> list[dict[str, Any]]:
        """What the webhook was told of this kind and phase."""
        return [body for body in self.hook.got if body.get("kind") == kind and body["phase"] == phase]


@pytest.fixture
def destinations(mosquitto: Any, listen: Any, alertmanager: Any, hook: Hook, post: Any) -> Destinations:
    """All of them, with nothing told yet."""
    broker = mosquitto("allow_anonymous true")
    manager = alertmanager("{route: {receiver: none}, receivers: [{name: none}]}")
    sinks = (
        {"kind": "mqtt", "host": "127.0.0.1", "port": broker.port},
        {"kind": "alertmanager", "urls": [f"http://127.0.0.1:{manager.port}"]},
        {"kind": "webhook", "url": hook.url},
        {"kind": "apprise", "url_env": "MAIL"},
    )
    mail = f"mailto://me:s3cret@127.0.0.1:{post.port}?from=a@example.org&to=b@example.org&mode=insecure"
    heard = listen(broker.port, "rareframe/#")
    return Destinations(sinks, {"MAIL": mail}, heard, hook, post, f"http://127.0.0.1:{manager.port}")
