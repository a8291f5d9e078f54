"""What `deploy/` holds, and the metrics that a daemon really serves, with their labels."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from monitor.metrics import Metrics, new_registry

PATIENCE_S = 100.0
DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture
def program() -> Callable[..., str]:
    """Run one of the programs that check such files, and give what it said; skips where it is absent."""

    def run(name: str, *arguments: str | Path, package: str) -> str:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is absent: apt-get install {package}")
        done = subprocess.run(
            [found, *map(str, arguments)], cwd=DEPLOY, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def rules() -> list[dict[str, Any]]:
    """Every recording rule and alert."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((DEPLOY / "rules").glob("*.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


@pytest.fixture(scope="session")
def alerts(rules: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The alerts by name."""
    return {rule["alert"]: rule for rule in rules if "alert" in rule}


@pytest.fixture(scope="session")
def selected() -> Callable[[str], list[tuple[str, set[str]]]]:
    """The metrics of ours that an expression selects, each with the labels that are asked for there."""

    def find(expression: str) -> list[tuple[str, set[str]]]:
        found = re.findall(r"([a-z_:]*rareframe_[a-z0-9_:]+)(?:\{([^}]*)\})?", expression)
        return [(name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))) for name, labels in found]

    return find


@pytest.fixture(scope="session")
def served(rules: list[dict[str, Any]], selected: Callable[[str], list[tuple[str, set[str]]]]) -> dict[str, set[str]]:
    """The labels of each metric of a real exposition, by name, and of what the recording rules make of them."""
    registry = new_registry()
    metrics = Metrics(registry, ["gate"], ["worker"], ["log"], "1")
    for collector in list(registry._collector_to_names):  # there is no public way to ask for its metrics
        if names := getattr(collector, "_labelnames", ()):
            collector.labels(*("word" for _ in names))  # type: ignore[attr-defined]
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.exposition()[0].decode()):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    for rule in (rule for rule in rules if "record" in rule):
        gone = {"le", *(word for group in re.findall(r"without \((\w+)\)", rule["expr"]) for word in group.split(","))}
        labels[rule["record"]] = set().union(*(labels[name] for name, _ in selected(rule["expr"]))) - gone
    return labels
