"""Templates of users: they read the payload's fields and nothing else, and faults name the line."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from detectors.base import Reason
from monitor.sink import SinkError
from monitor.sinks.checks import EVENT
from monitor.sinks.payload import payload_of
from monitor.sinks.template import Template

PAYLOAD = payload_of(replace(EVENT, reasons=(Reason("motion", 'says "hello"', 0.001, None),)))


def fill(text: str) -> str:
    """A template filled in."""
    return Template("hook", "template", text).filled(PAYLOAD, "a headline", "a text")


def test_fields_are_there_by_their_names() -> None:
    """As of the JSON, with filters of Jinja; `tojson` makes any text safe in JSON."""
    assert fill("{{ camera }} {{ phase }} {{ '%.1f'|format(score) }} {{ headline }}") == "gate opened 4.5 a headline"
    made = fill(
        '{"text": {{ reasons[0].text|tojson }}, "ids": [{% for r in reasons %}{{ r.detector|tojson }}{% endfor %}]}'
    )
    assert json.loads(made) == {"text": 'says "hello"', "ids": ["motion"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nb {{ camera", r"template: expected a template, got .* in its line 2; change it"),
        ("{% if %}", r"in its line 1; change it"),
    ],
)
def test_what_is_no_template_is_refused_with_its_line(text: str, message: str) -> None:
    """When it is loaded, not at the first event."""
    with pytest.raises(ValueError, match=message):
        Template("hook", "template", text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ nothing_like_it }}",
        "{{ reasons[7].text }}",
        "{{ 1 / 0 }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ reasons.append(1) }}",
        "{% include '/etc/passwd' %}",
        "{% for x in range(1000000) %}{% endfor %}",
    ],
)
def test_what_cannot_be_filled_in_is_final_and_gets_nowhere(text: str) -> None:
    """A field that there is not, a fault, a way out of the sandbox, a loop without end: an error, never retried."""
    with pytest.raises(SinkError, match="sink hook: template: cannot be filled in: ") as caught:
        fill(text)
    assert not caught.value.retryable
