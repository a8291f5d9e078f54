"""A camera's detectors with the checkpoints they go on from. For the worker; loads torch where a detector needs it."""

from __future__ import annotations

from monitor.build.detecting import fingerprint, pipeline
from monitor.config import Config
from monitor.scoring.checkpoints import Checkpoints
from monitor.scoring.journal import Journal
from monitor.scoring.keeper import Keeper
from monitor.scoring.scorer import CameraScorer


def keeper(config: Config, name: str, device: str) -> Keeper:
    """One camera's scorer, begun from its newest good checkpoint.

    Args:
        config: The configuration.
        name: The camera's.
        device: "cpu" or "cuda:N".
    """
    camera = config.cameras[name]
    folder = config.data_dir / "checkpoints"
    known_by = fingerprint(camera)
    checkpoints = Checkpoints(folder, name, known_by, config.checkpoint.keep)
    channels = len({detector.channel for detector in camera.detectors})
    journal = None if camera.budget is None else Journal(folder / f"{name}.minutes.jsonl", known_by, channels)
    return Keeper(
        name,
        lambda: CameraScorer(pipeline(camera, config.seed, device, config.threads)),
        checkpoints,
        config.checkpoint.every_s,
        journal,
    )
