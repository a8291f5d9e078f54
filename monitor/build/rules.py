"""A camera's sections `episodes` and `budget` become the rules of its episodes and of who is told."""

from __future__ import annotations

from monitor.config import CameraSections, Config
from monitor.deciding.episodes import Rules
from monitor.deciding.valve import Budget
from monitor.wishes import Wishes

# Long enough for `open_n` frames at half the camera's rate, and for a few of the slowest.
LEAST_WINDOW_S = 10.0
# Above any ordinary time between two frames.
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


def budgets(config: Config, wishes: Wishes) -> dict[str, float]:
    """Alerts a day of each camera that has a budget, as wished or else as configured."""
    told = {name: camera.budget for name, camera in config.cameras.items()}
    return {
        name: wishes.alerts_per_day(name, budget.alerts_per_day) for name, budget in told.items() if budget is not None
    }
