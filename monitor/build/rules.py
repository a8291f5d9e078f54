"""What follows from the configuration and from wishes alone: rules, budgets, who is live. Loads no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from monitor.config import CameraSections, Config, JudgingSections
from monitor.deciding.episodes import Rules
from monitor.deciding.valve import Budget
from monitor.wishes import Wishes

# Long enough for `open_n` frames at half the camera's rate.
LEAST_WINDOW_S = 10.0
# Above any ordinary time between two frames, of cameras that send a picture every few seconds too.
LEAST_LOST_S = 30.0


def rules(sections: CameraSections) -> Rules:
    """The rules of one camera."""
    told, fps = sections.episodes, sections.analysis.fps
    return Rules(
        open_m=told.open_m,
        open_n=told.open_n,
        window_s=max(LEAST_WINDOW_S, 2 * told.open_n / fps),
        quiet_s=max(told.quiet_s, 2 / fps),
        refractory_s=told.refractory_s,
        update_s=told.update_s,
        lost_s=max(LEAST_LOST_S, 3 / fps),
    )


def budget(sections: CameraSections) -> Budget | None:
    """The budget of one camera; None if nobody keeps count."""
    wanted = sections.budget
    return None if wanted is None else Budget(wanted.alerts_per_day, wanted.early_alerts)


def budgets(sections: Mapping[str, CameraSections], wishes: Wishes) -> dict[str, float]:
    """Alerts a day of each camera that has a budget, as wished or else as configured."""
    told = {name: camera.budget for name, camera in sections.items()}
    return {
        name: wishes.alerts_per_day(name, budget.alerts_per_day) for name, budget in told.items() if budget is not None
    }


def candidates(config: Config) -> dict[str, CameraSections]:
    """What stands under each camera's `shadow`, in full; cameras without one are left out."""
    found = {name: camera.candidate() for name, camera in config.cameras.items()}
    return {name: sections for name, sections in found.items() if sections is not None}


def promoted(config: Config, wishes: Wishes) -> frozenset[str]:
    """The cameras whose candidate is to be live."""
    return frozenset(name for name in candidates(config) if wishes.promoted(name, pairing(config.cameras[name])))


def live(config: Config, wishes: Wishes) -> dict[str, CameraSections]:
    """The sections of each camera that judge live."""
    return {**config.cameras, **{name: candidates(config)[name] for name in promoted(config, wishes)}}


def configured_budgets(config: Config, wishes: Wishes, names: Collection[str]) -> dict[str, float]:
    """What the live configuration of each of these cameras says; cameras without a budget are left out."""
    told = {name: sections.budget for name, sections in live(config, wishes).items() if name in names}
    return {name: budget.alerts_per_day for name, budget in told.items() if budget is not None}


def pairing(camera: CameraSections) -> str:
    """Fingerprint of a camera's own way of judging and of its candidate's."""
    told = camera.model_dump_json(include={*JudgingSections.model_fields, "shadow"})
    return hashlib.sha256(told.encode()).hexdigest()[:16]
