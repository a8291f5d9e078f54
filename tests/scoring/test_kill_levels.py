"""What a SIGKILL in mid-day does to a camera's levels: nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

# A worker's life on one camera, two frames a second. Killed 25 minutes after its only checkpoint, with levels made of
# more than half an hour; begun again it only tells them.
WORKER = """
import json, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import NS, frame_of, make_pipeline
from detectors.budget.allowance import Allowance, Opening
from detectors.budget.budget import Budget
from detectors.budget.diary import Light
from monitor.scoring.checkpoints import Checkpoints
from monitor.scoring.journal import Journal
from monitor.scoring.keeper import Keeper
from monitor.scoring.scorer import CameraScorer

folder, frames = Path(sys.argv[2]), int(sys.argv[3])
budget = Budget({"moving": 1}, 100.0, 300.0)
allowance = Allowance(budget, Opening())
journal = Journal(folder / "gate.minutes.jsonl", "print", 1)
checkpoints = Checkpoints(folder, "gate", "print", 3)
keeper = Keeper("gate", lambda: CameraScorer(make_pipeline(allowance=allowance)), checkpoints, 300, journal)
for number in range(frames):
    keeper.scorer.judge(frame_of(5 * number, strange=number % 700 > 690))
    keeper.scorer.learn()
    keeper.note()
    if number == 3000:
        keeper.save(NS)
minute = frame_of(5 * 6030).stamp.wall_ns // NS // 60
known = [minute, budget.standing(minute, Light.INFRARED).levels, budget.diary.minutes.tolist()]
os.write(1, json.dumps(known).encode())
os.kill(os.getpid(), signal.SIGKILL)
"""


def worker(folder: Path, frames: int) -> list[Any]:
    """What a worker knows that goes on from `folder`, after so many frames, when it is killed."""
    arguments = [sys.executable, "-c", WORKER, str(Path(__file__).parent), str(folder), str(frames)]
    child = subprocess.run(arguments, capture_output=True, timeout=120, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    known: list[Any] = json.loads(child.stdout.splitlines()[-1])  # logs go to the same place
    return known


def test_kill_9_changes_no_level(tmp_path: Path) -> None:
    """A worker that is killed long after its last checkpoint goes on with the very levels that it had."""
    killed = worker(tmp_path, 6030)
    _, levels, minutes = killed
    assert levels[0] > 0
    assert len(minutes) > 45
    assert worker(tmp_path, 0) == killed
