"""What is installed, and how: the wheel's content and the set-up script's decisions."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SCRIPT = "deploy/install.sh"

# Stands for a virtual environment's Python: notes how pip is called and does what the test says.
STUB = """#!/usr/bin/env bash
case "$*" in
    *version_info*|*"-m pip --version"*) exit 0 ;;
    -c*) exit 1 ;;  # no torch is there yet
esac
echo "$*" >> "$CALLS"
case "$*" in *--index-url*) exit "$INDEX_HAS_IT" ;; *+cpu*) exit "$PIP_HAS_IT" ;; esac
"""


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    """A folder with the set-up script and an environment whose Python is a stub."""
    for name in (SCRIPT, "constraints/cpu.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STUB, encoding="utf-8")
    python.chmod(0o755)
    return tmp_path


def _install(project: Path, *arguments: str, **environment: str) -> tuple[int, list[str], str]:
    """Runs the script; gives exit code, the calls of pip, standard error."""
    calls = project / "calls"
    calls.write_text("", encoding="utf-8")
    given = {"PATH": os.environ["PATH"], "CALLS": str(calls), "INDEX_HAS_IT": "0", "PIP_HAS_IT": "0", **environment}
    done = subprocess.run(
        ["bash", SCRIPT, *arguments], cwd=project, env=given, capture_output=True, text=True, check=False
    )
    return done.returncode, calls.read_text(encoding="utf-8").splitlines(), done.stderr


def test_without_a_gpu_torch_is_the_cpu_build_before_anything_else(project: Path) -> None:
    """Pip is asked for the +cpu build alone first, and may choose no other one afterwards."""
    code, calls, _ = _install(project, "--cpu")
    assert code == 0
    assert calls == [
        "-m pip install --no-deps torch==2.13.0+cpu",
        "-m pip install --quiet -c constraints/cpu.txt -e .",
    ]
    assert (project / ".venv" / "installed").exists()
    assert not (project / ".venv" / "installed-dev").exists()


def test_the_cpu_build_is_looked_for_at_its_publisher_second(project: Path) -> None:
    """Where pip as configured has no +cpu build, the index in TORCH_CPU_INDEX is asked."""
    code, calls, _ = _install(project, "--cpu", PIP_HAS_IT="1", TORCH_CPU_INDEX="https://wheels.example.org/cpu")
    assert code == 0
    assert calls[1] == "-m pip install --no-deps --index-url https://wheels.example.org/cpu torch==2.13.0+cpu"
    assert len(calls) == 3


def test_without_the_cpu_build_nothing_is_installed(project: Path) -> None:
    """Rather no installation than gigabytes of CUDA: the message says what to do."""
    code, calls, err = _install(project, "--cpu", PIP_HAS_IT="1", INDEX_HAS_IT="1")
    assert code == 1
    assert not any("-e ." in call for call in calls)
    assert "expected torch 2.13.0+cpu" in err
    assert "PIP_FIND_LINKS" in err
    assert not (project / ".venv" / "installed").exists()


def test_with_a_gpu_torch_is_as_published(project: Path) -> None:
    """`--cuda` leaves the choice of torch to pip; `--dev` adds what the tests need."""
    code, calls, _ = _install(project, "--cuda", "--dev")
    assert (code, calls) == (0, ["-m pip install --quiet -e .[dev]"])
    assert (project / ".venv" / "installed-dev").exists()


def test_an_old_python_is_refused_with_a_remedy(project: Path) -> None:
    """The message names what was found and what to install."""
    shutil.rmtree(project / ".venv")
    code, _, err = _install(project, "--cpu", PYTHON="/bin/false")
    assert code == 1
    assert err.startswith("install: expected Python 3.11 or newer, got ")
    assert "install one" in err


def test_a_missing_venv_module_is_named_as_its_package(project: Path) -> None:
    """On Debian venv is a package of its own; the message says which."""
    shutil.rmtree(project / ".venv")
    python = project / "python"
    python.write_text('#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; *print*) echo 3.11 ;; esac\n', encoding="utf-8")
    python.chmod(0o755)
    code, _, err = _install(project, "--cpu", PYTHON=str(python))
    assert code == 1
    assert "apt-get install python3.11-venv (or python3-venv)" in err


def test_an_unknown_option_of_the_script_is_refused(project: Path) -> None:
    """A typing error does not install something else."""
    code, calls, err = _install(project, "--gpu")
    assert (code, calls) == (1, [])
    assert "expected --cpu, --cuda or --dev, got --gpu" in err


def made(*arguments: str, folder: Path) -> list[str]:
    """The lines that make printed, run as a person would: the suite itself may have been started by make."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_make_passes_a_source_on_as_it_is(tmp_path: Path) -> None:
    """No character of a URL means anything to make or to the shell."""
    bin_dir = tmp_path / ".venv" / "bin"
    bin_dir.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", SCRIPT, "constraints/cpu.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (bin_dir / "rareframe").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    (bin_dir / "rareframe").chmod(0o755)
    (tmp_path / ".venv" / "installed").touch()
    source = "rtsp://joe:a$b'c\"d&e;f@10.0.0.5/sub?x=1#2"
    assert made("run", f"SOURCE={source}", folder=tmp_path) == ["run", "--source", source]
    assert made("run", folder=tmp_path) == ["run"]


def test_every_import_of_the_packages_is_declared() -> None:
    """What the code imports stands in `dependencies`, so that a fresh environment has it, or is an extra."""
    modules = {
        "paho-mqtt": "paho",
        "pyyaml": "yaml",
        "pyzmq": "zmq",
        "opencv-python-headless": "cv2",
        "scikit-learn": "sklearn",
    }
    extras = PROJECT["project"]["optional-dependencies"]
    lines = [*PROJECT["project"]["dependencies"], *(line for name in extras if name != "dev" for line in extras[name])]
    names = [re.split("[<>=]", line)[0].lower().replace("-client", "_client") for line in lines]
    # What two of them bring with them, being made by the same people as a part of the whole.
    declared = {modules.get(name, name) for name in names} | {"pydantic_core", "markupsafe"}
    sources = [*ROOT.glob("monitor/**/*.py"), *ROOT.glob("detectors/**/*.py")]
    found = {name for path in sources for name in _imported(ast.parse(path.read_text(encoding="utf-8")))}
    assert found - declared - {"monitor", "detectors"} <= set(sys.stdlib_module_names)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.partition(".")[0]


def test_the_wheel_holds_both_packages_and_their_files(tmp_path: Path) -> None:
    """Templates, scripts and licences of what is shipped travel in the wheel; tests do not."""
    pytest.importorskip("setuptools", reason="setuptools is not installed in this environment")
    source = tmp_path / "source"
    for name in ("monitor", "detectors"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source / name)
    build = "from setuptools.build_meta import build_wheel; build_wheel('..')"
    subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=True)
    (wheel,) = tmp_path.glob("rareframe-*.whl")
    content = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        str(path.relative_to(source))
        for package in ("monitor", "detectors")
        for path in (source / package).rglob("*")
        if path.is_file()
    }
    assert expected <= content
    tops = {name.partition("/")[0] for name in content}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"monitor", "detectors"}
    entry_points = next(name for name in content if name.endswith("entry_points.txt"))
    assert b"rareframe = monitor.cli:main" in zipfile.ZipFile(wheel).read(entry_points)
