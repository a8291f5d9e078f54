"""How fast the event store is when much is stored, and that it keeps to its quota for real."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from rich.console import Console

from detectors.base import Reason
from monitor.alerting.retention import Limits, Retention
from monitor.alerting.snapshots import event_file
from monitor.alerting.store import EventStore
from monitor.alerting.upkeep import Upkeep
from monitor.clock import SystemClock
from monitor.metrics.disk import DiskMetrics
from monitor.stored import Search
from monitor.types import Event, Phase, State

S = 1_000_000_000
MB = 1_000_000
NOW_NS = 1_790_000_000 * S
STORED = 100_000
# What the first page may take.
P95_S = 0.1
QUOTA_BYTES = 200 * MB
WORDS = "moves faster than anything seen here before in the last days at porch lawn gate street unusual colour"


def an_event(number: int, rng: random.Random) -> Event:
    """One of four cameras' events, with two reasons of some words each."""
    began_ns = NOW_NS - (STORED - number) * 20 * S
    reasons = tuple(
        Reason(
            name,
            " ".join(rng.choices(WORDS.split(), k=12)),
            rng.random(),
            (0.1, 0.2, 0.3, 0.4),
            cells=((0.1, 0.1, 0.2, 0.2),),
        )
        for name in ("speed", "expected")
    )
    return Event(
        id=f"{rng.getrandbits(64):016x}", camera=f"camera-{number % 4}", phase=Phase.CLOSED, began_ns=began_ns,
        ended_ns=began_ns + 5 * S, began_pts=1.0, ended_pts=6.0, peak_ns=began_ns + S, score=rng.expovariate(1.0),
        limit=0.5, p_value=1e-4, frames=20, state=State.DEGRADED if number % 500 == 0 else State.ACTIVE,
        reasons=reasons, cause="quiet", snapshot=f"events/2026-09-21/camera/{number:016x}.jpg", overlay=None, clip=None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    """100,000 events of four cameras; a few are protected or were spoken of."""
    made = EventStore.open(tmp_path_factory.mktemp("store") / "events.sqlite")
    rng = random.Random(0)
    events = [an_event(number, rng) for number in range(STORED)]
    for start in range(0, STORED, 2000):
        made.record(events[start : start + 2000], {}, NOW_NS)
    for event in events[:20]:  # the oldest: found last
        made.protect(event.id, True, "bench", NOW_NS)
        made.add_feedback(event.id, "normal", "bench", NOW_NS)
    Console().print(f"\n{STORED} events: {made.file_bytes() / MB:.0f} MB")
    yield made
    made.close()


@pytest.mark.bench
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "wanted",
    [
        Search(),
        Search(camera="camera-2"),
        Search(camera="none"),
        Search(since_ns=NOW_NS - 3600 * S),
        Search(until_ns=NOW_NS - (STORED - 10) * 20 * S),
        Search(state=State.DEGRADED),
        Search(min_score=100.0),
        Search(feedback="unusual"),
        Search(feedback="normal"),
        Search(protected=True),
        Search(held=True),
        Search(shadow=True),
        Search(text="porch lawn"),
        Search(text="zebra"),
        Search(camera="camera-1", state=State.ACTIVE, min_score=3, feedback="", protected=False, text="faster zebra"),
    ],
    ids=str,
)
def test_the_first_page_of_a_hundred_thousand_events(store: EventStore, wanted: Search) -> None:
    """Is there within 100 ms of computing in 95 of 100 cases, whatever is asked for.

    What other work on the machine adds is printed and not judged.
    """
    took_s, cpu_s = [], []
    for _ in range(20):
        began_s, began_cpu_s = time.perf_counter(), time.thread_time()
        found = store.search(wanted, 50)
        took_s.append(time.perf_counter() - began_s)
        cpu_s.append(time.thread_time() - began_cpu_s)
    p50, p95 = np.quantile(took_s, (0.5, 0.95))
    computed = np.quantile(cpu_s, 0.95)
    changed = {f: v for f in Search.__slots__ if (v := getattr(wanted, f)) != getattr(Search(), f)}
    Console(width=200).print(
        f"{len(found.events):3} found  p50 {p50 * 1e3:6.1f} ms  p95 {p95 * 1e3:6.1f} ms  "
        f"computing p95 {computed * 1e3:6.1f} ms  {changed}"
    )
    assert computed < P95_S


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_megabytes_are_never_more(tmp_path: Path) -> None:
    """Filled as fast as it goes with 400 MB of events by one thread while another deletes: it stays under the quota.

    What is protected stays, and the newest are there. How long storing waits for the deleting is printed.
    """
    made = EventStore.open(tmp_path / "events.sqlite")
    counts = DiskMetrics(CollectorRegistry())
    limits = Limits(days=None, quota_bytes=QUOTA_BYTES, keep_free_bytes=0, settled_s=0.0)
    upkeep = Upkeep(Retention(made, tmp_path, limits, counts, SystemClock()), [])
    rng, most, waited_s, protected, filled = random.Random(1), [0], [], [], 0
    stop = threading.Event()
    watching = threading.Thread(target=_watch, args=(tmp_path, most, stop))
    watching.start()
    upkeep.start()
    for number in range(800):
        event = replace(an_event(number, rng), began_ns=time.time_ns() - 2 * S, ended_ns=time.time_ns() - S)
        for suffix, size in ((".jpg", 60_000), ("-overlay.jpg", 60_000), ("-full.jpg", 180_000), (".mp4", 200_000)):
            path = tmp_path / event_file(event, suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(rng.randbytes(size))
        began_s = time.perf_counter()
        made.record([event], {}, time.time_ns())
        waited_s.append(time.perf_counter() - began_s)
        filled = filled or (number if most[0] > 0.8 * QUOTA_BYTES else 0)
        if number % 20 == 0:
            made.protect(event.id, True, "soak", time.time_ns())
            protected.append(event)
        time.sleep(0.02)  # some 20 MB a second: clips of all cameras at once
    time.sleep(5)
    stop.set()
    watching.join()
    assert upkeep.stop(10)
    left = {event.id for event in made.events(limit=10_000)}
    before, then = (np.quantile(each, (0.5, 0.99)) * 1e3 for each in (waited_s[:filled], waited_s[filled:]))
    Console(width=200).print(
        f"\n400 MB of events under a quota of 200 MB: at most {most[0] / MB:.1f} MB; {len(left)} of 800 events left, "
        f"{len(protected)} of them protected; storing one took p50 {before[0]:.1f} ms, p99 {before[1]:.1f} ms before "
        f"anything was deleted, p50 {then[0]:.1f} ms, p99 {then[1]:.1f} ms while the oldest were"
    )
    assert most[0] < QUOTA_BYTES
    assert {event.id for event in protected} <= left
    assert event.id in left
    assert all((tmp_path / event_file(each, ".mp4")).exists() for each in protected)
    made.close()


def _watch(root: Path, most: list[int], stop: threading.Event) -> None:
    """The most that everything ever took, counted plainly and all the time."""
    while not stop.is_set():
        total = 0
        for path in [*(root / "events").rglob("*"), *root.glob("events.sqlite*")]:
            try:
                stat = path.lstat()
            except FileNotFoundError:  # deleted while we count
                continue
            total += max(stat.st_size, stat.st_blocks * 512)
        most[0] = max(most[0], total)
        stop.wait(0.1)
