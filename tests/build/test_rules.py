"""The episode rules of any camera that can be configured."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.build.rules import budget, rules
from monitor.config import AnalysisOptions, CameraSections, EpisodeOptions
from monitor.config.camera import BudgetOptions
from monitor.deciding.valve import Budget


def test_what_is_configured_is_what_holds() -> None:
    """At ordinary rates the numbers of the configuration are taken over as they are."""
    told = EpisodeOptions(open_m=2, open_n=7, quiet_s=4.0, refractory_s=20.0, update_s=30.0)
    made = rules(CameraSections(episodes=told))
    assert (made.open_m, made.open_n, made.quiet_s, made.refractory_s, made.update_s) == (2, 7, 4.0, 20.0, 30.0)


@given(fps=st.floats(0.001, 60), open_n=st.integers(1, 10_000), quiet_s=st.floats(0.001, 86_400), data=st.data())
def test_whatever_is_configured_can_open_and_close(
    fps: float, open_n: int, quiet_s: float, data: st.DataObject
) -> None:
    """The window holds `open_n` frames, and no rule takes the pause between two frames for the end of anything."""
    open_m = data.draw(st.integers(1, open_n))
    sections = CameraSections(
        analysis=AnalysisOptions(fps=fps), episodes=EpisodeOptions(open_m=open_m, open_n=open_n, quiet_s=quiet_s)
    )
    made = rules(sections)
    assert made.window_s * fps >= open_n
    assert made.quiet_s * fps > 1
    assert made.lost_s * fps > 1
    assert made.quiet_s >= quiet_s


def test_a_budget_is_taken_over_and_none_stays_none() -> None:
    """Where nobody keeps count nothing is held."""
    wanted = BudgetOptions(alerts_per_day=0.2, early_alerts=0)
    assert budget(CameraSections(budget=wanted)) == Budget(alerts_per_day=0.2, early_alerts=0)
    assert budget(CameraSections(budget=None)) is None
