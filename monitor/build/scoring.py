"""A camera's detectors with the checkpoints they go on from. For the worker; loads torch where a detector needs it."""

from __future__ import annotations

from monitor.build.detecting import fingerprint, pipeline
from monitor.config import Config
from monitor.scoring.checkpoints import Checkpoints
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
    checkpoints = Checkpoints(folder, name, fingerprint(camera), config.checkpoint.keep)
    return Keeper(
        name,
        lambda: CameraScorer(pipeline(camera, config.seed, device, config.threads)),
        checkpoints,
        config.checkpoint.every_s,
    )
