"""How many threads a process computes with, said to each library that would take all there are. Torch is not loaded."""

from __future__ import annotations

import cv2
from threadpoolctl import threadpool_limits


def compute_with(threads: int) -> None:
    """Let OpenCV and numpy's linear algebra compute with so many threads, for the life of the process.

    OpenBLAS would take a thread a core, which wait for one another by turning: on two cores half of the work was that.
    """
    cv2.setNumThreads(threads)
    threadpool_limits(threads, user_api="blas")
