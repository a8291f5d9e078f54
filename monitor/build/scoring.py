"""A camera's detectors with the checkpoints they go on from. For the worker; loads torch where a detector needs it."""

from __future__ import annotations

from pathlib import Path

from monitor.build.detecting import fingerprint, pipeline
from monitor.config import Config
from monitor.scoring.checkpoints import Checkpoints
from monitor.scoring.dated import Dated
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
    channels = len({detector.channel for detector in camera.detectors})
    minutes = _folder(config) / f"{name}.minutes.jsonl"
    return Keeper(
        name,
        lambda: CameraScorer(pipeline(camera, config.seed, device, config.threads)),
        checkpoints(config, name),
        config.checkpoint.every_s,
        None if camera.budget is None else Journal(minutes, fingerprint(camera), channels),
        dated(config, name),
    )


def checkpoints(config: Config, name: str) -> Checkpoints:
    """Those of one camera."""
    return Checkpoints(_folder(config), name, fingerprint(config.cameras[name]), config.checkpoint.keep)


def dated(config: Config, name: str) -> Dated:
    """One camera's dated snapshots."""
    kept = config.checkpoint
    known_by = fingerprint(config.cameras[name])
    return Dated(_folder(config) / "dated", name, known_by, kept.keep_daily, kept.keep_before)


def _folder(config: Config) -> Path:
    return config.data_dir / "checkpoints"
