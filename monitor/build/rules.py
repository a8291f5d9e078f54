"""A camera's `episodes` section becomes the rules of its episodes."""

from __future__ import annotations

from monitor.config import CameraSections
from monitor.deciding.episodes import Rules

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
