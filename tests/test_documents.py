"""What README and docs say of the code is still so: metrics, messages, paths, commands, fields, configurations."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import textwrap
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from detectors.base import State, Verdict
from monitor import config
from monitor.cli.app import app
from monitor.metrics import Metrics, new_registry
from monitor.sinks.payload import Payload

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
_ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
# A path of the project in back ticks; "NAME" is the reader's to fill in.
_PATH = re.compile(r"(?:monitor|detectors|configs|deploy|docs|tests)/[\w./-]*")


def section(title: str) -> str:
    """The text of one chapter of the README."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the tables of a chapter of the README, or of a file in `docs/`, without heads and rules."""
    text = (ROOT / "docs" / title).read_text(encoding="utf-8") if title.endswith(".md") else section(title)
    found = [re.split(r"(?<!\\) \| ", row) for row in _ROW.findall(text)]
    return [cells for cells in found if not set(cells[0]) <= set("-| ")]


def told(title: str) -> list[str]:
    """What stands in back ticks in the first column, heads left out."""
    return [cells[0].strip("` ") for cells in rows(title) if cells[0].startswith("`")]


def test_the_table_of_metrics_and_metrics_agree_in_both_directions() -> None:
    """Each metric of `/metrics` is in the table with its help, and the table has no other."""
    registry = new_registry()
    body, _ = Metrics(registry, ["gate"], ["worker"], ["log"], "1").exposition()
    served = dict(re.findall(r"^# HELP (\S+) (.+)$", body.decode(), re.MULTILINE))
    assert {cells[0].strip("`"): cells[2] for cells in rows("metrics.md") if cells[0].startswith("`")} == served


def _messages() -> list[str]:
    """Every text in the code, `…` where a value is put in; and the lines of the shell scripts."""
    found = []
    for package in ("monitor", "detectors"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
                elif isinstance(node, ast.JoinedStr):
                    parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                    found.append("".join(str(part) for part in parts))
    for path in sorted((ROOT / "deploy").glob("*.sh")):
        found += path.read_text(encoding="utf-8").splitlines()
    return found


def test_each_message_under_troubleshooting_is_one_that_the_code_gives() -> None:
    """What is looked up by its words can be found: `…` stands for what differs, the rest is literal."""
    messages = _messages()
    quoted = told("troubleshooting.md")
    assert len(quoted) > 20
    for message in quoted:
        pattern = re.compile(".+".join(re.escape(part.strip()) for part in message.split("…")))
        assert any(pattern.search(text) for text in messages), f"no such message in the code: {message}"


def test_every_path_in_the_documents_exists() -> None:
    """A map to what is not there is worse than none."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        quoted = re.findall(r"`([^`\n]+)`", text) + re.findall(r"\]\(([^)#\s]+)\)", text)
        for path in [found for words in quoted for found in _PATH.findall(words) if words.startswith(found)]:
            if "NAME" not in path:
                assert (ROOT / path).exists(), f"{document.name}: {path} is not there"


def test_the_map_has_every_folder_of_the_packages() -> None:
    """One line a folder, and none is forgotten."""
    packages = [ROOT / "detectors", *(p for top in ("detectors", "monitor") for p in sorted((ROOT / top).iterdir()))]
    folders = {str(p.relative_to(ROOT)) + "/" for p in packages if p.is_dir() and (p / "__init__.py").exists()}
    assert folders <= set(told("Map of the tree"))


def test_the_readme_names_every_command_and_no_other() -> None:
    """Commands as `--help` lists them."""
    command = typer.main.get_command(app)
    named = {match[1] for text in told("Commands") if (match := re.match(r"rareframe (\w+)", text))}
    assert named == set(getattr(command, "commands", {}))


def test_the_readme_names_every_field_that_sinks_get() -> None:
    """And no other."""
    first = [cells[0] for cells in rows("Events and sinks")]
    assert {name for cell in first for name in re.findall(r"`(\w+)`", cell)} == {f.name for f in fields(Payload)}


def test_the_readme_explains_every_state_and_verdict() -> None:
    """No state is met that was not introduced."""
    title = 'States, verdicts, and what "unknown" means'
    assert told(title) == [state.value for state in State]
    assert all(verdict.value in section(title) for verdict in Verdict)


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.+?)```", README, re.DOTALL))
def test_configurations_in_the_readme_load(text: str, tmp_path: Path) -> None:
    """What is copied from the README works."""
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    assert config.load(path).cameras


SINKS = (ROOT / "docs" / "sinks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.+?)```", SINKS, re.DOTALL))
def test_examples_of_sinks_load(text: str) -> None:
    """What is copied from docs/sinks.md into a configuration works."""
    head = "cameras: {gate: {source: x.mp4}}\nalerting:\n  sinks:\n"
    assert config.load_text(head + textwrap.indent(text, "    "), "site.yaml").alerting.sinks


def test_every_kind_of_sink_has_an_example() -> None:
    """And a row in the README's table."""
    tree = config.load_text("cameras: {gate: {source: x.mp4}}\n", "site.yaml")
    mapping = type(tree.alerting).model_json_schema()["properties"]["sinks"]["items"]["discriminator"]["mapping"]
    for kind in mapping:
        assert f"- kind: {kind}\n" in SINKS
        assert f"({kind})" in section("Events and sinks")


def test_prometheus_accepts_the_scrape_configuration() -> None:
    """And it asks where the daemon answers by default."""
    path = ROOT / "deploy" / "prometheus.yml"
    assert config.of_source("demo:").alerting.web.listen in path.read_text(encoding="utf-8")
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is absent: apt-get install prometheus")
    done = subprocess.run([promtool, "check", "config", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
