"""The Grafana dashboard: it can be provisioned, and shows only what is served. It is not rendered here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
ROWS = ["Overview", "Cameras", "Scores against limits", "Latency", "Delivery", "Resources"]
COLUMNS = 24


@pytest.fixture(name="dashboard", scope="module")
def _dashboard() -> dict[str, Any]:
    return dict(json.loads((GRAFANA / "dashboards" / "rareframe.json").read_text(encoding="utf-8")))


def test_every_metric_and_label_of_the_dashboard_is_served(
    dashboard: dict[str, Any],
    served: dict[str, set[str]],
    selected: Callable[[str], list[tuple[str, set[str]]]],
) -> None:
    """Also those in legends and variables: a panel for what does not exist stays empty and looks like peace."""
    targets = [target for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(targets) > 30
    for target in targets:
        found = selected(target["expr"])
        assert found, f"nothing of rareframe is asked for: {target['expr']}"
        for name, labels in found:
            assert name in served, f"no such metric: {name}"
            assert labels <= served[name], f"{name} has no label {labels - served[name]}"
        shown = {word.split("}}")[0] for word in target["legendFormat"].split("{{")[1:]}
        assert shown <= set().union(*(served[name] for name, _ in found)) | {"le"}, target["legendFormat"]
    for variable in dashboard["templating"]["list"]:
        for name, _ in selected(variable.get("definition", "")):
            assert name in served


def test_each_row_is_there_and_each_panel_has_its_place(dashboard: dict[str, Any]) -> None:
    """Rows in their order; ids differ; nothing overlaps or sticks out."""
    panels = dashboard["panels"]
    assert [panel["title"] for panel in panels if panel["type"] == "row"] == ROWS
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in panels):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < COLUMNS
        assert not cells & taken
        taken |= cells


def test_the_data_source_and_the_cameras_are_variables(dashboard: dict[str, Any]) -> None:
    """So that it works in any Grafana; no panel names a data source of its own."""
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource", "camera"]
    sources = [panel["datasource"]["uid"] for panel in dashboard["panels"] if panel["type"] != "row"]
    assert set(sources) == {"${datasource}"}


def test_grafana_is_told_where_to_find_both() -> None:
    """The provisioning files fit the volumes of the compose file."""
    places = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "rareframe.yml").read_text(encoding="utf-8"))
    compose = yaml.safe_load((GRAFANA.parent / "compose.yml").read_text(encoding="utf-8"))
    mounted = dict(volume.split(":")[:2] for volume in compose["services"]["grafana"]["volumes"])
    assert mounted["./grafana/dashboards"] == places["providers"][0]["options"]["path"]
    assert mounted["./grafana/provisioning"] == "/etc/grafana/provisioning"
    (source,) = yaml.safe_load(
        (GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text(encoding="utf-8")
    )["datasources"]
    assert source["type"] == "prometheus"
