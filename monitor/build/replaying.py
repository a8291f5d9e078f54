"""A bundle's frames judged again with the detectors that its configuration names. Loads torch where one needs it."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from detectors.base import StateError
from monitor.build.detecting import chosen_device, fingerprint, pipeline, prepare_torch
from monitor.build.taking import machine
from monitor.build.threads import compute_with
from monitor.bundles.archive import Bundle, read
from monitor.bundles.manifest import BundleError, Machine
from monitor.config import CameraSections
from monitor.config.camera import ViewOptions
from monitor.offline.replay import Replayed, replay


def replayed(path: Path, tolerance: float) -> tuple[Bundle, Machine, Replayed]:
    """Read a bundle and judge its frames again.

    Returns:
        The bundle, what was computed with here, and what came of it.

    Raises:
        BundleError: It is none, is broken, or its parts do not fit together.
        DeviceError: What it was computed with is not installed.
    """
    bundle = read(path)
    then = bundle.manifest.machine
    sections = _sections(bundle, path)
    device = chosen_device("cpu" if then.device == "cpu" else "auto", [sections])
    compute_with(then.threads)
    prepare_torch([sections], then.threads)
    fresh = pipeline(sections, then.seed, device, then.threads)
    try:
        came = replay(bundle, fresh, tolerance)
    except (StateError, ValueError, KeyError) as error:
        raise BundleError(
            f"{path}: expected models and lessons of the configuration in it, got {error}; export it anew"
        ) from error
    return bundle, machine(then.seed, device, then.threads), came


def _sections(bundle: Bundle, path: Path) -> CameraSections:
    """Without what no score depends on: a rule, a budget, whether the camera was moved."""
    try:
        found = CameraSections.model_validate_json(bytes(bundle.manifest.sections))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BundleError(
            f"{path}: sections: {where}: {first['msg']}; use the rareframe that wrote it, "
            f"{bundle.manifest.machine.versions.get('rareframe', 'version not known')}"
        ) from error
    if fingerprint(found) != bundle.manifest.fingerprint:
        raise BundleError(
            f"{path}: sections: expected those of fingerprint {bundle.manifest.fingerprint}, "
            f"got {fingerprint(found)}; export it anew"
        )
    return found.model_copy(update={"rules": (), "budget": None, "view": ViewOptions(watch=False)})
