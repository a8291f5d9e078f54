"""Recording rules and alerts: Prometheus's own checks, unit tests, a runbook, and no metric that is not served."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
UNIT_TESTS = Path(__file__).with_name("alerts_test.yml")
RUNBOOK = ROOT / "docs" / "operations.md"
_GROUPED = re.compile(r"(?:by|without|on|ignoring) \(([^)]*)\)")


def test_promtool_accepts_the_rules(program: Callable[..., str]) -> None:
    """Syntax, names and templates, as Prometheus itself checks them."""
    said = program(
        "promtool", "check", "rules", *sorted((ROOT / "deploy" / "rules").glob("*.yml")), package="prometheus"
    )
    assert said.count("SUCCESS") == 2


def test_the_unit_tests_of_the_rules_pass(program: Callable[..., str]) -> None:
    """What fires when is written down in series and minutes, and promtool plays it."""
    assert "SUCCESS" in program("promtool", "test", "rules", UNIT_TESTS, package="prometheus")


def test_the_unit_tests_catch_a_rule_that_never_fires(
    program: Callable[..., str], alerts: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """Broken on purpose: the same tests fail over alerts that ask for the impossible."""
    broken = [{**rule, "expr": "vector(1) > 2"} for rule in alerts.values()]
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump({"groups": [{"name": "broken", "rules": broken}]}))
    tests = yaml.safe_load(UNIT_TESTS.read_text(encoding="utf-8"))
    (tmp_path / "test.yml").write_text(yaml.safe_dump({**tests, "rule_files": ["alerts.yml"]}))
    with pytest.raises(AssertionError) as failed:
        program("promtool", "test", "rules", tmp_path / "test.yml", package="prometheus")
    assert all(f"alertname: {name}" in str(failed.value) for name in alerts)


def test_every_alert_has_a_test_that_it_fires_and_one_that_it_does_not(alerts: dict[str, dict[str, Any]]) -> None:
    """Only the dead-man's switch is never silent."""
    played = [
        (case["alertname"], bool(case["exp_alerts"]))
        for test in yaml.safe_load(UNIT_TESTS.read_text(encoding="utf-8"))["tests"]
        for case in test["alert_rule_test"]
    ]
    assert {name for name, fires in played if fires} == set(alerts)
    assert {name for name, fires in played if not fires} == set(alerts) - {"Watchdog"}


def test_every_alert_has_its_section_in_the_runbook(alerts: dict[str, dict[str, Any]]) -> None:
    """And links to it; the runbook has no section for an alert that is none."""
    headings = re.findall(r"^### (\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(alerts)
    for name, rule in alerts.items():
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
        assert rule["labels"]["severity"] in {"critical", "warning", "none"}


def test_rules_ask_only_for_what_is_served(
    rules: list[dict[str, Any]],
    served: dict[str, set[str]],
    selected: Callable[[str], list[tuple[str, set[str]]]],
) -> None:
    """Every metric and every label, grouping included, exists in a real exposition."""
    labels = {"job", "instance"}.union(*served.values())
    for rule in rules:
        for name, asked in selected(rule["expr"]):
            assert name in served, f"{rule.get('alert', rule.get('record'))}: no such metric: {name}"
            assert asked <= served[name] | {"job", "instance"}, f"{name} has no label {asked - served[name]}"
        for group in _GROUPED.findall(rule["expr"]):
            assert {word.strip() for word in group.split(",")} <= labels
        for name in re.findall(r"\$labels\.(\w+)", rule.get("annotations", {}).get("summary", "")):
            assert any(name in served[metric] for metric, _ in selected(rule["expr"])), f"{rule['alert']}: {name}"
