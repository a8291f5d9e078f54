"""Files that are there whole or not at all, whatever dies meanwhile. Knows nothing of what is in them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

UNFINISHED = ".part"


@contextlib.contextmanager
def whole(path: Path, unfinished: Path | None = None, *, lasting: bool = True) -> Iterator[BinaryIO]:
    """What is written here takes the place of `path` at the end; it survives a crash from then on.

    Its folder is made if absent. If a fault is raised, all is as it was before; who is killed leaves an unfinished one.

    Args:
        path: Of the file.
        unfinished: Where it is written until then, in the same folder; None: beside it, with the suffix `.part`.
        lasting: Whether it survives a power cut too, for which the disk is waited for: not where frames wait meanwhile
            and it is soon written anew.

    Raises:
        OSError: The disk is full, not writable, …
    """
    part = unfinished or path.with_suffix(UNFINISHED)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield file
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
        if lasting:
            _sync(path.parent)
    except Exception:  # whatever it was, the half is of no use
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Make a rename in `folder` last over a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
