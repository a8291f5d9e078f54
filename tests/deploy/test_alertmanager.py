"""The Alertmanager example: its own check, who gets what, and what silences what."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

PATH = Path(__file__).parents[2] / "deploy" / "alertmanager.yml"


def test_amtool_accepts_it(program: Callable[..., str]) -> None:
    """Syntax, receivers and matchers, as Alertmanager itself checks them."""
    assert "SUCCESS" in program("amtool", "check-config", PATH, package="prometheus-alertmanager")


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=Watchdog", "severity=none"], "dead-mans-switch"),
        (["alertname=RareframeCameraDown", "severity=critical", "camera=gate"], "people"),
        (["alertname=RareframeCoverageLow", "severity=warning"], "people"),
        (["alertname=CameraAnomaly", "severity=warning", "camera=gate"], "people"),
    ],
)
def test_each_alert_goes_to_whom_it_concerns(program: Callable[..., str], labels: list[str], receiver: str) -> None:
    """Alertmanager's own routing: nobody is woken by the dead-man's switch, and nothing else goes there."""
    said = program(
        "amtool", "config", "routes", "test", f"--config.file={PATH}", *labels, package="prometheus-alertmanager"
    )
    assert said.splitlines()[0] == receiver


def test_inhibition_names_alerts_that_exist(alerts: dict[str, dict[str, Any]]) -> None:
    """Each side of each rule meets at least one alert; a process that is down silences cameras that are down."""
    silenced = set()
    for rule in yaml.safe_load(PATH.read_text(encoding="utf-8"))["inhibit_rules"]:
        sources, targets = (_met(rule[f"{side}_matchers"], alerts) for side in ("source", "target"))
        assert sources
        assert targets
        assert not sources & targets
        silenced |= {(source, target) for source in sources for target in targets}
    assert ("RareframeProcessDown", "RareframeCameraDown") in silenced
    assert ("RareframeDown", "RareframeProcessDown") in silenced
    assert not any(target == "Watchdog" for _, target in silenced)


def _met(matchers: list[str], alerts: dict[str, dict[str, Any]]) -> set[str]:
    met = set(alerts)
    for matcher in matchers:
        name, sign, value = re.fullmatch(r'(\w+) (=~|!=|=) "(.+)"', matcher).groups()  # type: ignore[union-attr]
        assert name == "alertname"
        fits = {alert for alert in alerts if re.fullmatch(value if sign == "=~" else re.escape(value), alert)}
        assert fits, f"no such alert: {matcher}"
        met &= set(alerts) - fits if sign == "!=" else fits
    return met
