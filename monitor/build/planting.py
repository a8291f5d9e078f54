"""Plants for a set of recordings, from hour 12 to their end. Draws none."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from detectors.evaluation.plants import Plant, planted
from detectors.evaluation.protocol import Scheme
from monitor.capture.recording import open_recording
from monitor.capture.source import SourceError
from monitor.offline.dataset import Dataset, DatasetError, planting_ground
from monitor.offline.scan import ScanError

# None begins before: levels are not proven yet. Unit: seconds.
FROM_S = 43_200.0


@dataclass(frozen=True, slots=True)
class Planting:
    """How many happenings to draw into ordinary footage at most, and the seed of all about them."""

    seed: int
    count: int


def plants_for(planting: Planting, root: Path, clips: Dataset, scheme: Scheme, fps: float) -> tuple[Plant, ...]:
    """Those to draw into the set in the folder `root`, of which `clips` is known; folders of images are at `fps`.

    Raises:
        DatasetError: They would say nothing there: it is labelled, shorter than a day, or not streamed whole.
        ScanError: A recording cannot be opened.
    """
    if scheme is not Scheme.P1:
        raise DatasetError(f"{root}: expected protocol p1 to plant in, got {scheme.value}; leave --plants out")
    return planted(planting.seed, planting.count, FROM_S, planting_ground(root, clips, partial(length_of, fps)))


def length_of(fps: float, path: Path) -> float | None:
    """Of a recording; None if it does not say.

    Raises:
        ScanError: It cannot be opened.
    """
    try:
        with closing(open_recording(path, fps)) as source:
            return source.info.length_s
    except SourceError as error:
        raise ScanError(f"{path}: {error.detail}") from error
