"""The rules of who may import whom, in the source and in running processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(sys.executable).parent

# What the capture and the alert process import, as far as it is not decided at run time.
LIGHT = [
    "capture",
    "transport",
    "deciding",
    "alerting",
    "sinks",
    "web",
    "config",
    "metrics",
    "logs",
    "terminal",
    "roles",
]


def test_imports_go_the_way_of_the_route() -> None:
    """The contracts in pyproject.toml hold; what breaks one is printed with file and line."""
    done = subprocess.run([SCRIPTS / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("monitor/capture/spy.py", "import monitor.web", "Imports go down the route"),
        ("monitor/types.py", "import monitor.config", "Imports go down the route"),
        ("monitor/newroom.py", "", "newroom"),
        ("monitor/sinks/spy.py", "import monitor.config", "Stages are given arguments"),
        ("detectors/base.py", "import monitor.types", "The science knows neither"),
        ("monitor/capture/spy.py", "import torch", "Capture and alert stay free"),
        ("monitor/web/spy.py", "import zmq", "zmq is used in transport only"),
        ("monitor/web/spy.py", "import prometheus_client", "prometheus_client is used in metrics only"),
        ("monitor/deciding/spy.py", "import av", "av is used in capture only"),
        ("monitor/scoring/spy.py", "import torch", "torch is used in models"),
        ("monitor/scoring/spy.py", "import sklearn", "sklearn is used in models only"),
        ("monitor/alerting/spy.py", "import paho.mqtt.client", "paho and apprise are used in sinks only"),
        ("monitor/sinks/spy.py", "import starlette", "starlette and uvicorn are used in web only"),
    ],
)
def test_every_contract_catches_its_fault(tmp_path: Path, file: str, line: str, contract: str) -> None:
    """A contract that nothing can break proves nothing: each is broken here once, in a copy."""
    for source in [*ROOT.glob("monitor/**/*.py"), *ROOT.glob("detectors/**/*.py")]:
        copy = tmp_path / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    with (tmp_path / file).open("a", encoding="utf-8") as culprit:
        culprit.write(f"\n{line}\n")
    # Started in the copy and not isolated: the copy comes before the installed package.
    code = "import sys; sys.path.insert(0, '.'); from importlinter import cli; cli.lint_imports_command(['--no-cache'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    broken = [text for text in (done.stdout + done.stderr).splitlines() if contract in text]
    assert any("BROKEN" in text or "newroom" in text for text in broken), done.stdout + done.stderr


def test_the_capture_and_alert_processes_load_no_torch() -> None:
    """40 MB instead of 220: importing everything they are made of brings in neither torch nor scikit-learn."""
    code = (
        "import importlib, pkgutil, sys\n"
        f"for name in {LIGHT!r}:\n"
        "    module = importlib.import_module('monitor.' + name)\n"
        "    for found in pkgutil.walk_packages(getattr(module, '__path__', []), module.__name__ + '.'):\n"
        "        found.name.endswith('__main__') or importlib.import_module(found.name)\n"
        "print(*({'torch', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr
