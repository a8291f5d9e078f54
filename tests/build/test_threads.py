"""Processes compute with as many threads as they were told."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: the limits hold for the life of one.
PROGRAM = """
import numpy, cv2, threadpoolctl
from monitor.build.threads import compute_with
compute_with(1)
blas = [each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"]
print(cv2.getNumThreads(), len(blas) > 0, set(blas) == {1})
"""


def test_opencv_and_linear_algebra_keep_to_the_number() -> None:
    """Both libraries compute with one thread once they were told to; numpy's is one that can be told."""
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert said.split() == ["1", "True", "True"]
