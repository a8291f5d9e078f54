"""A camera's detectors with the checkpoints they go on from. For the worker; loads torch where a detector needs it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from monitor.build.detecting import diary_fingerprint, fingerprint, pipeline
from monitor.build.rules import candidates
from monitor.build.taking import tape
from monitor.config import CameraSections, Config, checkpoint_dir
from monitor.scoring.checkpoints import Checkpoints
from monitor.scoring.dated import Dated
from monitor.scoring.journal import Journal
from monitor.scoring.keeper import Keeper
from monitor.scoring.scorer import CameraScorer
from monitor.scoring.shadow import Shadow
from monitor.scoring.takes import TakeWriter
from monitor.scoring.tape import Tape


@dataclass(frozen=True, slots=True)
class _Live:
    """What only a camera's own configuration has; its candidate has none of it."""

    dated: Dated | None
    tape: Tape | None


def keeper(config: Config, name: str, device: str, takes: TakeWriter | None = None) -> Keeper:
    """One camera's scorer, begun from its newest good checkpoint.

    Where it has none, from one of its candidate that fits: what was under `shadow` and is now the camera's own goes on
    with what it learned there.

    Args:
        config: The configuration.
        name: The camera's.
        device: "cpu" or "cuda:N".
        takes: Writes down its strange frames; None if they are not kept.
    """
    folder = checkpoint_dir(config.data_dir)
    live = _Live(dated(config, name), None if takes is None else tape(config, name, device, takes))
    return _keeper(config, name, config.cameras[name], device, folder, _candidate_dir(folder), live)


def shadows(config: Config, device: str) -> dict[str, Shadow]:
    """The candidates of all cameras that have one, each begun from its newest good checkpoint.

    Where it has none, from one of its camera that fits: with the same detectors it need not learn them anew.
    """
    folder = checkpoint_dir(config.data_dir)
    return {
        name: Shadow(name, partial(_keeper, config, name, sections, device, _candidate_dir(folder), folder))
        for name, sections in candidates(config).items()
    }


def checkpoints(config: Config, name: str) -> Checkpoints:
    """Those of one camera."""
    return _checkpoints(config, name, config.cameras[name], checkpoint_dir(config.data_dir))


def dated(config: Config, name: str) -> Dated:
    """One camera's dated snapshots."""
    kept, known_by = config.checkpoint, fingerprint(config.cameras[name])
    return Dated(checkpoint_dir(config.data_dir) / "dated", name, known_by, kept.keep_daily, kept.keep_before)


def _candidate_dir(folder: Path) -> Path:
    return folder / "shadow"


def _checkpoints(config: Config, name: str, sections: CameraSections, folder: Path) -> Checkpoints:
    return Checkpoints(folder, name, fingerprint(sections), config.checkpoint.keep)


def _keeper(
    config: Config,
    name: str,
    sections: CameraSections,
    device: str,
    folder: Path,
    other: Path,
    live: _Live = _Live(None, None),
) -> Keeper:
    own, inherited = (_checkpoints(config, name, sections, each) for each in (folder, other))
    channels = len({detector.channel for detector in sections.detectors})
    minutes = folder / f"{name}.minutes.jsonl"
    journal = None if sections.budget is None else Journal(minutes, diary_fingerprint(sections), channels)
    return Keeper(
        name,
        lambda: CameraScorer(pipeline(sections, config.seed, device, config.threads), tape=live.tape),
        own,
        config.checkpoint.every_s,
        journal,
        inherited,
        live.dated,
        None if live.dated is None else config.data_dir,
    )
