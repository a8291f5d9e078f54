"""Writes the drawn scene of the demo camera as a labelled set: what do detectors earn where speed is not all?

    python tests/bench/demo_set.py FOLDER
    make ablation SET=FOLDER PROTOCOLS=p1 CHANNEL=moving

Drawn things are no people: what is found of them says which kinds of change are seen, not how well on a street.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from monitor.capture.demo import write_video
from monitor.capture.scene import Scene

FPS = 15
TRAIN_S, TEST_S = 300.0, 600.0
DAY_S = 3600.0


def main() -> None:
    """Five ordinary minutes to learn from, then ten of the same place with something rare every half minute."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="made if absent")
    parser.add_argument("--seed", type=int, default=1, help="of the place and what happens there")
    asked = parser.parse_args()
    for split in ("train", "test"):
        (asked.folder / split).mkdir(parents=True, exist_ok=True)
    ordinary = Scene(asked.seed, settle_s=2 * TRAIN_S, every_s=30.0, day_s=DAY_S)
    write_video(asked.folder / "train" / "ordinary.mkv", ordinary, TRAIN_S, FPS)
    scene = Scene(asked.seed, settle_s=10.0, every_s=30.0, day_s=DAY_S)
    truth = write_video(asked.folder / "test" / "rare.mkv", scene, TEST_S, FPS)
    ranges = [[round(at_s * FPS) for at_s in (event.began_s, min(event.ended_s, TEST_S))] for event in truth]
    (asked.folder / "labels.json").write_text(json.dumps({"rare": ranges}), encoding="utf-8")


if __name__ == "__main__":
    main()
