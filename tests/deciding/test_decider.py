"""The decider: episodes of several cameras, and their life after a restart."""

from __future__ import annotations

import pytest

from monitor.deciding.decider import EpisodeDecider
from monitor.deciding.episodes import Rules
from monitor.types import Judgement, Phase, Stamp, State, Verdict

S = 1_000_000_000
RULES = {"gate": Rules(quiet_s=4, lost_s=15), "yard": Rules(quiet_s=4, lost_s=15)}


def judged(verdict: Verdict, seq: int, camera: str = "gate", run: str = "run-1") -> Judgement:
    """One judgement a second."""
    return Judgement(
        stamp=Stamp(camera, run, seq, seq * S, seq * S, None),
        state=State.ACTIVE,
        state_reason="",
        verdict=verdict,
        score=4.0,
        p_value=None,
        limit=2.0,
        scores=(),
        reasons=(),
        heatmap=None,
        picture=None,
        scored_s=0.01,
    )


def with_open_event() -> EpisodeDecider:
    """A decider with an event going on at the gate."""
    decider = EpisodeDecider(RULES)
    for seq in range(4):
        decider.judge(judged(Verdict.ANOMALOUS, seq))
    assert decider.open_event("gate") is not None
    return decider


def test_cameras_do_not_mix() -> None:
    """What happens on one camera opens nothing on another."""
    decider = with_open_event()
    assert decider.open_event("yard") is None
    assert decider.judge(judged(Verdict.NORMAL, 9, camera="yard")) == ()
    assert decider.open_event("gate") is not None


def test_rules_change_places_camera_by_camera() -> None:
    """What opened by three of five opens at once by the other's rules, on that camera alone."""
    decider, other = EpisodeDecider(RULES), EpisodeDecider(dict.fromkeys(RULES, Rules(open_m=1, open_n=1)))
    decider.exchange(other, "gate")
    assert [event.phase for event in decider.judge(judged(Verdict.ANOMALOUS, 0))] == [Phase.OPENED]
    assert decider.judge(judged(Verdict.ANOMALOUS, 0, camera="yard")) == ()
    assert other.judge(judged(Verdict.ANOMALOUS, 0)) == ()


def test_after_a_promotion_nothing_goes_on_with_what_was() -> None:
    """Neither the event that it ended nor frames that had not opened one yet: they are another configuration's."""
    decider = with_open_event()
    [ended] = decider.end("gate", "promoted")
    assert ended.cause == "promoted"
    told = [event for seq in range(4, 8) for event in decider.judge(judged(Verdict.ANOMALOUS, seq))]
    assert [event.phase for event in told] == [Phase.OPENED]
    assert told[0].id != ended.id
    for seq in range(2):
        decider.judge(judged(Verdict.ANOMALOUS, seq, camera="yard"))
    assert decider.end("yard", "promoted") == ()
    assert decider.judge(judged(Verdict.ANOMALOUS, 2, camera="yard")) == ()


def test_a_resumed_event_goes_on_as_the_same_one() -> None:
    """After a restart the same happening closes under the id under which it opened."""
    before = with_open_event()
    after = EpisodeDecider(RULES)
    assert after.resume("gate", before.saved("gate"))
    told = [event for seq in range(4, 12) for event in after.judge(judged(Verdict.NORMAL, seq))]
    assert [(event.phase, event.cause) for event in told] == [(Phase.CLOSED, "quiet")]
    assert told[0].id == before.open_event("gate").id  # type: ignore[union-attr]  # asserted where it was made


def test_a_judgement_sent_again_after_a_restart_changes_nothing() -> None:
    """What was handled before the restart is recognised after it."""
    after = EpisodeDecider(RULES)
    after.resume("gate", with_open_event().saved("gate"))
    assert after.judge(judged(Verdict.ANOMALOUS, 3)) == ()
    event = after.open_event("gate")
    assert event is not None
    assert event.frames == 4


@pytest.mark.parametrize("how", ["new run", "gap", "silence"])
def test_a_resumed_event_that_nothing_goes_on_with_was_interrupted(how: str) -> None:
    """If the camera's run did not outlive the restart, the event's end is not known and is told as such."""
    after = EpisodeDecider(RULES)
    after.resume("gate", with_open_event().saved("gate"))
    if how == "new run":
        told = after.judge(judged(Verdict.NORMAL, 0, run="run-2"))
    elif how == "gap":
        told = after.judge(judged(Verdict.NORMAL, 400))
    else:
        told = after.silent("gate", 20, "camera lost")
    assert [event.cause for event in told] == ["interrupted"]


def test_an_event_that_closed_goes_on_after_a_restart() -> None:
    """What is strange again soon is the same happening for the process that comes after, too; the count goes on."""
    before = with_open_event()
    [closed] = before.end("gate", "camera lost")
    after = EpisodeDecider(RULES)
    assert after.resume("gate", before.saved("gate"))
    told = [event for seq in range(4, 8) for event in after.judge(judged(Verdict.ANOMALOUS, seq, run="run-2"))]
    assert [(event.id, event.phase) for event in told] == [(closed.id, Phase.UPDATED)]
    assert after.joined("gate") == 1


@pytest.mark.parametrize("saved", [b"", b"{", b"\xff\xfe", b"[]", b'{"version": 99, "episodes": {}}', b"null"])
def test_a_state_that_cannot_be_read_is_refused_and_changes_nothing(saved: bytes) -> None:
    """A broken or newer state is no reason to stop."""
    decider = EpisodeDecider(RULES)
    assert not decider.resume("gate", saved)
    assert decider.open_event("gate") is None


def test_the_state_of_a_removed_camera_is_refused() -> None:
    """A camera that the configuration no longer names has no episodes."""
    assert not EpisodeDecider({"yard": Rules()}).resume("gate", with_open_event().saved("gate"))
