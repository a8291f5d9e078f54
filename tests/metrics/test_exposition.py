"""The daemon's metrics: totals that never fall, bounded labels, and a real Prometheus that can read them."""

from __future__ import annotations

import math
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from monitor.metrics import Metrics, Outcome, Stage
from monitor.types import (
    CameraReport,
    Count,
    DetectorScore,
    Event,
    Judgement,
    Link,
    Phase,
    ProcessReport,
    ScoringReport,
    Stamp,
    State,
    Verdict,
)
from monitor.views import Standing

S = 1_000_000_000
NOW_NS = 1_790_000_000 * S
PATIENCE_S = 20.0
REPORT = CameraReport(
    camera="gate",
    boot="one",
    wall_ns=NOW_NS,
    link=Link.ONLINE,
    cause="",
    detail="",
    live=True,
    frames=100,
    drops=(Count("queue full", 3),),
    failures=(Count("refused", 1),),
    last_frame_ns=NOW_NS,
    retry_s=None,
)
JUDGEMENT = Judgement(
    stamp=Stamp("gate", "run-1", 5, NOW_NS, 5 * S, None),
    state=State.ACTIVE,
    state_reason="",
    verdict=Verdict.NORMAL,
    score=1.5,
    p_value=0.5,
    limit=2.0,
    scores=(DetectorScore("motion", 0.7, 0.5), DetectorScore("pixels", None, None)),
    reasons=(),
    heatmap=None,
    picture=None,
    scored_s=0.012,
    scaled_s=0.003,
)
EVENT = Event(
    id="00000000000000aa",
    camera="gate",
    phase=Phase.OPENED,
    began_ns=NOW_NS,
    ended_ns=NOW_NS,
    began_pts=None,
    ended_pts=None,
    peak_ns=NOW_NS,
    score=4.0,
    limit=2.0,
    p_value=None,
    frames=3,
    state=State.ACTIVE,
    reasons=(),
    cause=None,
    snapshot=None,
    overlay=None,
    clip=None,
)


@pytest.fixture
def registry() -> CollectorRegistry:
    """A fresh one, as each process has."""
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    """Two cameras, two processes, one sink."""
    return Metrics(registry, ["gate", "yard"], ["capture", "worker"], ["hook"], "1.2.3")


def tell_everything(metrics: Metrics) -> None:
    """One of each value."""
    metrics.cameras.reported(REPORT)
    metrics.cameras.standing("gate", Standing(State.ACTIVE, ""), Link.ONLINE, 0.5)
    metrics.scoring.judged(JUDGEMENT, 0.05, 0.2)
    metrics.scoring.reported(ScoringReport("gate", "one", NOW_NS, 97, 3, 90, NOW_NS, 1))
    metrics.processes.reported(ProcessReport("worker", "one", NOW_NS, 7, True, None, 200_000_000, 2, 1))
    metrics.processes.reported(ProcessReport("worker", "super", NOW_NS, 7, True, 4, None, 0, 0))
    metrics.events.told(EVENT)
    metrics.events.joined("gate", 2)
    metrics.events.held("gate", "over budget")
    metrics.events.budget("gate", 3.0, 4)
    metrics.events.budget("yard", None, 0)
    metrics.deliveries.delivered("hook", Outcome.SENT)
    metrics.deliveries.delivered("hook", Outcome.FAILED)
    metrics.deliveries.waiting("hook", 5, 2)
    metrics.deliveries.took(0.25)
    metrics.stages.took(Stage.STORE, 0.004)
    metrics.events.lost(1)
    metrics.events.snapshot_failed()


def test_every_value_arrives_under_its_name(metrics: Metrics, registry: CollectorRegistry) -> None:
    """The names and labels that dashboards and rules rely on."""
    tell_everything(metrics)
    gate, worker = {"camera": "gate"}, {"process": "worker"}
    expected = [
        ("rareframe_frames_total", gate, 100),
        ("rareframe_frames_dropped_total", gate | {"reason": "queue full"}, 3),
        ("rareframe_frames_missed_total", gate, 3),
        ("rareframe_camera_up", gate, 1),
        ("rareframe_camera_up", {"camera": "yard"}, 0),
        ("rareframe_camera_state", gate | {"state": "active"}, 1),
        ("rareframe_camera_state", gate | {"state": "blind"}, 0),
        ("rareframe_source_failures_total", gate | {"cause": "refused"}, 1),
        ("rareframe_last_frame_timestamp_seconds", gate, NOW_NS / S),
        ("rareframe_judgements_total", gate | {"verdict": "normal"}, 1),
        ("rareframe_score", gate, 1.5),
        ("rareframe_limit", gate, 2.0),
        ("rareframe_detector_score", gate | {"detector": "motion"}, 0.7),
        ("rareframe_inference_duration_seconds_sum", gate, 0.012),
        ("rareframe_latency_seconds_count", gate, 1),
        ("rareframe_events_total", gate, 1),
        ("rareframe_events_open", gate, 1),
        ("rareframe_events_joined_total", gate, 2),
        ("rareframe_events_held_total", gate | {"reason": "over budget"}, 1),
        ("rareframe_budget_alerts_per_day", gate, 3),
        ("rareframe_alerts_told_24h", gate, 4),
        ("rareframe_deliveries_total", {"sink": "hook", "outcome": "sent"}, 1),
        ("rareframe_deliveries_total", {"sink": "hook", "outcome": "dead"}, 0),
        ("rareframe_deliveries_pending", {"sink": "hook"}, 5),
        ("rareframe_dead_letters", {"sink": "hook"}, 2),
        ("rareframe_process_up", worker, 1),
        ("rareframe_process_restarts_total", worker, 4),
        ("rareframe_process_resident_memory_bytes", worker, 200_000_000),
        ("rareframe_wire_errors_total", worker, 2),
        ("rareframe_checkpoint_timestamp_seconds", gate, NOW_NS / S),
        ("rareframe_checkpoint_failures_total", gate, 1),
        ("rareframe_watched_seconds_total", gate, 0.2),
        ("rareframe_due_seconds_total", gate, 0.5),
        ("rareframe_due_seconds_total", {"camera": "yard"}, 0),
        ("rareframe_stage_duration_seconds_sum", {"stage": "scale"}, 0.003),
        ("rareframe_stage_duration_seconds_sum", {"stage": "judge"}, 0.012),
        ("rareframe_stage_duration_seconds_sum", {"stage": "transport"}, pytest.approx(0.05 - 0.003 - 0.012)),
        ("rareframe_stage_duration_seconds_count", {"stage": "decide"}, 0),
        ("rareframe_stage_duration_seconds_sum", {"stage": "store"}, 0.004),
        ("rareframe_stage_duration_seconds_sum", {"stage": "deliver"}, 0.25),
        ("rareframe_build_info", {"version": "1.2.3"}, 1),
    ]
    for name, labels, value in expected:
        assert registry.get_sample_value(name, labels) == value, (name, labels)
    unknown = registry.get_sample_value("rareframe_detector_score", gate | {"detector": "pixels"})
    assert unknown is not None
    assert math.isnan(unknown), "unknown is not 0"


def test_exactly_one_state_is_1(metrics: Metrics, registry: CollectorRegistry) -> None:
    """Whatever a camera goes through; an ended recording is not a blind camera."""
    states = [state.value for state in State] + ["ended"]
    for standing, word in [
        *((Standing(state, ""), state.value) for state in State),
        (Standing(State.BLIND, "", ended=True), "ended"),
    ]:
        metrics.cameras.standing("gate", standing, Link.ONLINE, 0.5)
        found = {s: registry.get_sample_value("rareframe_camera_state", {"camera": "gate", "state": s}) for s in states}
        assert [state for state, value in found.items() if value == 1] == [word]


def test_totals_of_other_processes_are_absent_until_heard(metrics: Metrics, registry: CollectorRegistry) -> None:
    """A restart of this process must not look like a reset of the capture process's counters."""
    assert registry.get_sample_value("rareframe_frames_total", {"camera": "gate"}) is None
    metrics.cameras.reported(REPORT)
    assert registry.get_sample_value("rareframe_frames_total", {"camera": "gate"}) == 100


def test_a_restarted_process_goes_on_counting(metrics: Metrics, registry: CollectorRegistry) -> None:
    """Totals that begin again with another boot are added to what was counted before; late ones add nothing."""
    for boot, frames in [("one", 100), ("one", 120), ("two", 5), ("one", 110), ("two", 9), ("two", 9)]:
        metrics.cameras.reported(replace(REPORT, boot=boot, frames=frames))
    assert registry.get_sample_value("rareframe_frames_total", {"camera": "gate"}) == 129


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1000)), max_size=30))
def test_no_counter_ever_falls(reports: list[tuple[str, int]]) -> None:
    """Whatever order the reports of several boots come in."""
    registry = CollectorRegistry()
    metrics = Metrics(registry, ["gate"], [], [], "0")
    before, most = 0.0, dict.fromkeys("abc", 0)
    for boot, frames in reports:
        metrics.cameras.reported(replace(REPORT, boot=boot, frames=frames))
        now = registry.get_sample_value("rareframe_frames_total", {"camera": "gate"})
        most[boot] = max(most[boot], frames)
        assert now is not None
        assert now >= before
        assert now == sum(most.values())
        before = now


def test_labels_are_bounded(metrics: Metrics) -> None:
    """Strange cameras make no series, and a flood of strange words ends in "other"."""
    tell_everything(metrics)
    before = metrics.exposition()[0].count(b"\n")
    metrics.cameras.reported(replace(REPORT, camera="stranger"))
    metrics.scoring.judged(replace(JUDGEMENT, stamp=replace(JUDGEMENT.stamp, camera="stranger")), 0.1, 1.0)
    metrics.events.told(replace(EVENT, camera="stranger"))
    metrics.cameras.standing("stranger", Standing(State.ACTIVE, ""), None, 0.5)
    metrics.events.joined("stranger", 1)
    metrics.events.held("stranger", "over budget")
    metrics.events.budget("stranger", 3.0, 1)
    assert metrics.exposition()[0].count(b"\n") == before
    for number in range(500):
        metrics.cameras.reported(replace(REPORT, drops=(Count(f"reason {number}", 1),)))
    body = metrics.exposition()[0]
    assert body.count(b"rareframe_frames_dropped_total{") <= 33
    assert b'reason="other"' in body


def test_the_exposition_holds_no_created_series(metrics: Metrics) -> None:
    """Only what is named in the documents is exported."""
    tell_everything(metrics)
    assert b"_created" not in metrics.exposition()[0]


def test_promtool_finds_nothing_to_complain_of(metrics: Metrics) -> None:
    """Names, units and help texts keep Prometheus's own rules."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is absent: apt-get install prometheus")
    tell_everything(metrics)
    done = subprocess.run(
        [promtool, "check", "metrics"], input=metrics.exposition()[0], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, "", "")


@pytest.fixture
def exporter(metrics: Metrics) -> Iterator[int]:
    """The port at which the metrics are served."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, content_type = metrics.exposition()
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def prometheus(exporter: int, tmp_path: Path) -> Iterator[str]:
    """The address of a real Prometheus that scrapes the metrics each half second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is absent: apt-get install prometheus")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 500ms, scrape_timeout: 400ms}\n"
        f"scrape_configs: [{{job_name: rareframe, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}]\n"
    )
    child = subprocess.Popen(
        [
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}"
    child.terminate()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def queried(address: str, query: str) -> list[tuple[dict[str, str], float]]:
    """What Prometheus answers: labels and value of each series; nothing while it starts."""
    try:
        answer = httpx.get(f"{address}/api/v1/query", params={"query": query}, timeout=5, trust_env=False)
    except httpx.TransportError:
        return []
    if answer.status_code != 200:
        return []
    return [(one["metric"], float(one["value"][1])) for one in answer.json()["data"]["result"]]


def test_a_real_prometheus_reads_it(metrics: Metrics, prometheus: str) -> None:
    """Scraped values arrive, and a restart of the capture process is no step back."""
    tell_everything(metrics)
    until_s = time.monotonic() + PATIENCE_S
    while not queried(prometheus, "rareframe_frames_total") and time.monotonic() < until_s:
        time.sleep(0.2)
    assert [value for _, value in queried(prometheus, "rareframe_frames_total")] == [100]
    metrics.cameras.reported(replace(REPORT, boot="two", frames=7))
    while queried(prometheus, "rareframe_frames_total")[0][1] != 107 and time.monotonic() < until_s:
        time.sleep(0.2)
    assert [value for _, value in queried(prometheus, "rareframe_frames_total")] == [107]
    assert [value for _, value in queried(prometheus, "resets(rareframe_frames_total[1m])")] == [0]
    assert [labels["camera"] for labels, _ in queried(prometheus, "rareframe_camera_up == 1")] == ["gate"]
    assert queried(prometheus, 'sum(rareframe_deliveries_total{outcome="sent"})') == [({}, 1.0)]
    assert [value for _, value in queried(prometheus, "up")] == [1]
