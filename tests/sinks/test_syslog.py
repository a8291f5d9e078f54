"""Syslog: messages as RFC 5424 wants them, whatever stands in an event."""

# ruff: noqa: ANN001 - the servers of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from detectors.base import Reason
from monitor.sinks.checks import EVENT
from monitor.sinks.syslog import Syslog
from monitor.sinks.trial import trial_event
from monitor.types import Event, Phase

# RFC 5424, section 6: the header, one element of structured data, and a text in UTF-8 that begins with its mark.
FORM = re.compile(
    rb"<(\d{1,3})>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z [\x21-\x7e]{1,255} rareframe \d+ (\w+) "
    rb'\[rareframe@32473( [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+\] \xef\xbb\xbf(.*)',
    re.DOTALL,
)
RARE = replace(EVENT, reasons=(Reason("motion", 'moves "up"]\nand down\\', 0.001, None),))
HEALTH = replace(EVENT, reasons=(Reason("disk", "is full", None, None, "health"),))


@pytest.mark.parametrize("kind", ["udp", "tcp", "unix"])
def test_a_message_has_the_form_of_the_standard(collector, kind: str) -> None:
    """Over each way; TCP with the length before it (RFC 6587, section 3.4.1); a line break ends no message."""
    address, got = collector(kind)
    Syslog("log", address, facility="local3").deliver(RARE)
    until_s = time.monotonic() + 5
    while not got and time.monotonic() < until_s:
        time.sleep(0.01)
    [message] = got
    if kind == "tcp":
        length, _, message = message.partition(b" ")
        assert int(length) == len(message)
    found = FORM.fullmatch(message)
    assert found is not None, message
    assert (int(found[1]), found[2]) == (19 * 8 + 4, b"anomaly")
    assert found[4].decode() == 'gate: moves "up"] and down\\'
    assert b'key="0123456789abcdef/opened"' in message


@pytest.mark.parametrize(
    ("event", "severity"),
    [
        (RARE, 4),
        (replace(RARE, phase=Phase.CLOSED, cause="quiet"), 5),
        (HEALTH, 3),
        (replace(HEALTH, phase=Phase.CLOSED), 5),
        (trial_event("log", EVENT.began_ns), 6),
    ],
    ids=["event", "its end", "trouble", "its end again", "test"],
)
def test_the_severity_follows_from_what_is_told(collector, event: Event, severity: int) -> None:
    """Warning, notice, error, informational."""
    address, got = collector("udp")
    Syslog("log", address).deliver(event)
    until_s = time.monotonic() + 5
    while not got and time.monotonic() < until_s:
        time.sleep(0.01)
    assert got[0].startswith(f"<{3 * 8 + severity}>1 ".encode())
