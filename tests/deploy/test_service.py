"""systemd and containers: what can be checked without starting them. No image is built here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "rareframe.service"
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
# systemd's own measure, 0 to 10: below 2 is among the tightest of services.
MOST_EXPOSED = 2.0


@pytest.fixture(name="unit")
def _unit(tmp_path: Path) -> Path:
    """The unit, with a program that is there on any machine."""
    path = tmp_path / UNIT.name
    path.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/rareframe/.venv/bin/rareframe", "/bin/true"))
    return path


def test_systemd_accepts_the_unit(program: Callable[..., str], unit: Path) -> None:
    """No unknown key, no contradiction: nothing at all is said."""
    assert program("systemd-analyze", "verify", unit, package="systemd") == ""


def test_the_clock_is_set_before_cameras_are_stamped_by_it() -> None:
    """On a machine without a clock of its own; where nothing sets it, systemd does not wait."""
    told = UNIT.read_text(encoding="utf-8")
    assert all(re.search(rf"^{key}=.*\btime-sync\.target\b", told, re.MULTILINE) for key in ("After", "Wants"))


def test_the_service_is_hardly_exposed(program: Callable[..., str], unit: Path) -> None:
    """By systemd's own judgement of what it may do beside watching."""
    said = program("systemd-analyze", "security", "--offline=true", "--no-pager", unit, package="systemd")
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert exposure is not None
    assert float(exposure[1]) <= MOST_EXPOSED
    assert exposure[1] in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_image_is_not_root_says_how_it_is_and_copies_what_is_there() -> None:
    """A user by number, a health check that asks the daemon, pinned bases, and only files of the project."""
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert users
    assert users[-1].isdecimal()
    assert int(users[-1]) > 0
    assert re.search(r"^HEALTHCHECK [^\n]+\\\n +CMD \[.+127\.0\.0\.1:9108/healthz.+\]$", DOCKERFILE, re.MULTILINE)
    assert all(re.search(r":\d[\w.-]+$", base) for base in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists()
            assert f"!{source}" in ignore, f"the builder would not see {source}"


@pytest.fixture(name="compose", scope="module")
def _compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "deploy" / "compose.yml").read_text(encoding="utf-8")))


def test_every_container_is_locked_down(compose: dict[str, Any]) -> None:
    """Read-only roots, no capabilities, no new privileges, pinned images, and ports on loopback only."""
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert name == "rareframe" or re.search(r":v?\d+\.\d+\.\d+$", service["image"]), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name


def test_files_that_containers_are_given_exist(compose: dict[str, Any]) -> None:
    """Docker would make an empty folder in place of a missing file."""
    volumes = [volume for service in compose["services"].values() for volume in service["volumes"]]
    sources = [re.sub(r"^\$\{\w+:-(.+?)\}", r"\1", volume).split(":")[0] for volume in volumes]
    assert len([source for source in sources if source.startswith(".")]) == 6
    for source in sources:
        assert (ROOT / "deploy" / source).exists() if source.startswith(".") else source in compose["volumes"], source


def test_compose_accepts_the_file(program: Callable[..., str]) -> None:
    """Where docker-compose is installed; it needs no engine to read a file."""
    assert "no-new-privileges" in program(
        "docker-compose", "-f", ROOT / "deploy" / "compose.yml", "config", package="docker-compose"
    )
