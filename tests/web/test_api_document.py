"""What docs/api.md shows works as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLES = re.findall(r"```sh\n(.+?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


def test_each_example_works(closed: Any, tokens: dict[str, str], tmp_path: Path) -> None:
    """One after another in one shell, as an operator, against a real server; a request that is refused ends it."""
    if shutil.which("curl") is None:
        pytest.skip("curl is absent: apt-get install curl")
    script = "\n".join(["set -e", *EXAMPLES]).replace("127.0.0.1:9108", f"127.0.0.1:{closed.port}")
    if "--json" not in subprocess.run(["curl", "--help", "all"], capture_output=True, text=True, check=True).stdout:
        script = script.replace("--json", '-H "Content-Type: application/json" -d')
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "TOKEN": tokens["robot"], "EVENT": "00000000000000aa"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout[-500:], done.stderr)
    assert (tmp_path / "snapshot.jpg").read_text() == "content of events/2026-09-21/gate/aa.jpg"
    assert (tmp_path / "beginning.mp4").read_text() == "content of"
    assert "event: overview" in done.stdout
    assert len(EXAMPLES) == 5
