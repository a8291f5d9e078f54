"""The daemon's private folder; everything else of it is in tests/e2e."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from monitor.daemon import FOLDER, _clear_abandoned


def test_folders_of_dead_supervisors_are_removed_and_no_others(tmp_path: Path) -> None:
    """What a killed supervisor left goes; that of one alive, and what is called otherwise, stays."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    abandoned = tmp_path / f"{FOLDER}{gone.pid}-x"
    kept = [tmp_path / f"{FOLDER}{os.getpid()}-x", tmp_path / f"{FOLDER}data-x", tmp_path / "other-1-x"]
    for folder in (abandoned, *kept):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
    _clear_abandoned(tmp_path)
    assert not abandoned.exists()
    assert all((folder / "config.json").exists() for folder in kept)
