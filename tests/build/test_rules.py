"""The episode rules of any camera that can be configured."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.build.rules import budget, budgets, candidates, live, pairing, promoted, rules
from monitor.config import AnalysisOptions, CameraSections, Config, EpisodeOptions, dump, load_text
from monitor.config.camera import BudgetOptions
from monitor.deciding.valve import Budget
from monitor.wishes import BudgetWish, PromotionWish, Wishes


def test_what_is_configured_is_what_holds() -> None:
    """At ordinary rates the numbers of the configuration are taken over as they are."""
    told = EpisodeOptions(open_m=2, open_n=7, quiet_s=4.0, refractory_s=20.0, update_s=30.0)
    made = rules(CameraSections(episodes=told))
    assert (made.open_m, made.open_n, made.quiet_s, made.refractory_s, made.update_s) == (2, 7, 4.0, 20.0, 30.0)


@given(fps=st.floats(0.001, 60), open_n=st.integers(1, 10_000), quiet_s=st.floats(0.001, 86_400), data=st.data())
def test_whatever_is_configured_can_open_and_close(
    fps: float, open_n: int, quiet_s: float, data: st.DataObject
) -> None:
    """The window holds `open_n` frames, and no pause between two frames is the end of anything."""
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


SITE = """
cameras:
  gate: {source: "demo:", shadow: {budget: {alerts_per_day: 10}}}
  yard: {source: "demo:", shadow: {learning: {accept_after_s: 60}}}
  door: {source: "demo:"}
"""


def wished(config: Config, *cameras: str) -> Wishes:
    """Promotions, and seven alerts a day where three are configured."""
    promotions = {name: PromotionWish(pairing(config.cameras[name])) for name in cameras}
    return Wishes(budgets={name: BudgetWish(7.0, 3.0) for name in config.cameras}, promotions=promotions)


def test_a_promotion_exchanges_what_is_live_until_one_of_the_two_is_edited() -> None:
    """Also for a process that was given the configuration as text; another camera's is none of its business."""
    config = load_text(SITE, "site.yaml")
    wishes = wished(config, "gate", "door")
    assert promoted(load_text(dump(config), "dumped"), wishes) == {"gate"}
    assert live(config, wishes) == {**config.cameras, "gate": candidates(config)["gate"]}
    for old, new in (("alerts_per_day: 10", "alerts_per_day: 11"), ("shadow: {b", "episodes: {open_m: 2}, shadow: {b")):
        assert promoted(load_text(SITE.replace(old, new), "site.yaml"), wishes) == frozenset()
    for old, new in (("accept_after_s: 60", "accept_after_s: 61"), ("demo:", "demo:?day_s=60")):
        assert promoted(load_text(SITE.replace(old, new), "site.yaml"), wishes) == {"gate"}


def test_a_wished_budget_holds_for_both_where_both_were_configured_alike() -> None:
    """A shadow that says nothing of the budget has the camera's, changed or not; one with its own keeps that."""
    config = load_text(SITE, "site.yaml")
    wishes = wished(config)
    assert budgets(config.cameras, wishes) == {"gate": 7.0, "yard": 7.0, "door": 7.0}
    assert budgets(candidates(config), wishes) == {"gate": 10.0, "yard": 7.0}
