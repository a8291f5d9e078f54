"""How soon a browser has the first page of events when much is stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from monitor.alerting.store import EventStore
from monitor.stored import Search

STORED, AT_ONCE = 100_000, 2000
S = 1_000_000_000
ASKED = 100
P95_S = 0.1
PAGES = ("", "?camera=gate", "?state=degraded", "?feedback=normal", "?protected=true", "?q=zebra", "?min_score=100")


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_the_first_page_of_a_hundred_thousand_events_comes_within_a_tenth_of_a_second(
    serve: Callable[..., Any], store: EventStore
) -> None:
    """In 95 of 100 cases, over HTTP, whatever is looked for; other work on the machine counts."""
    event = store.search(Search(), 1).events[0].event
    for start in range(0, STORED, AT_ONCE):
        moments = [(n, event.began_ns - (STORED - n) * 20 * S) for n in range(start, start + AT_ONCE)]
        made = [replace(event, id=f"{n:016x}", began_ns=at, ended_ns=at + 5 * S, peak_ns=at + S) for n, at in moments]
        store.record(made, {}, event.ended_ns)
    browser, console = serve().browser(), Console(width=120)
    console.print(f"\n{STORED} events, seconds until the page is there")
    slowest = 0.0
    for page in PAGES:
        took_s = []
        for _ in range(ASKED):
            began_s = time.perf_counter()
            answer = browser.get(f"/api/v1/events{page}")
            took_s.append(time.perf_counter() - began_s)
            assert answer.status_code == 200, answer.text
        p50, p95 = np.quantile(took_s, (0.5, 0.95))
        slowest = max(slowest, float(p95))
        console.print(f"{len(answer.json()['events']):3} found  p50 {p50:.4f}  p95 {p95:.4f}  /api/v1/events{page}")
    assert slowest < P95_S
