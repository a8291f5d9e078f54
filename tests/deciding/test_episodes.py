"""Episodes: what opens, what closes, what is told, for any sequence of verdicts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Reason
from monitor.deciding.episodes import Episodes, Rules, end, event_id, step, tick
from monitor.types import Event, Judgement, Phase, Stamp, State, Verdict

S = 1_000_000_000
# The wall clock of the tests: far from the monotonic one, so that mixing them up shows.
EPOCH_NS = 1_790_000_000 * S
RULES = Rules(
    open_m=3,
    open_n=5,
    window_s=10,
    quiet_s=4,
    refractory_s=20,
    update_s=5,
    growth=1.5,
    max_s=60,
    lost_s=15,
    unknown_s=12,
)


def judged(verdict: str, seq: int, at_s: float, *, run: str = "run-1", score: float = 4.0) -> Judgement:
    """A judgement: verdict "A", "N" or "U" at `at_s` seconds of both clocks."""
    known = verdict != "U"
    return Judgement(
        stamp=Stamp("gate", run, seq, EPOCH_NS + int(at_s * S), int(at_s * S), at_s),
        state=State.ACTIVE,
        state_reason="",
        verdict={"A": Verdict.ANOMALOUS, "N": Verdict.NORMAL, "U": Verdict.UNKNOWN}[verdict],
        score=(score if verdict == "A" else 1.0) if known else None,
        p_value=0.001 if known else None,
        limit=2.0 if known else None,
        scores=(),
        reasons=(),
        heatmap=None,
        picture=None,
        scored_s=0.01,
    )


@dataclass
class Told:
    """A play of verdicts: the last state, and (seconds, event) of everything told."""

    state: Episodes
    events: list[tuple[float, Event]]

    @property
    def phases(self) -> list[str]:
        return [event.phase.value for _, event in self.events]


def play(verdicts: str, *, rules: Rules = RULES, every_s: float = 1.0, start: Told | None = None) -> Told:
    """One verdict each `every_s` seconds; a space is a frame that never came."""
    told = Told(Episodes(), []) if start is None else start
    first = told.state.seq + 1
    for seq, verdict in enumerate(verdicts, start=first):
        if verdict == " ":
            continue
        told.state, events = step(told.state, judged(verdict, seq, seq * every_s), rules)
        told.events += [(seq * every_s, event) for event in events]
    return told


def test_m_of_n_opens() -> None:
    """The third anomalous frame of five opens, and the event begins with the first of them."""
    told = play("NNANAA")
    assert [(at, event.phase) for at, event in told.events] == [(5.0, Phase.OPENED)]
    event = told.events[0][1]
    assert (event.began_pts, event.ended_pts, event.frames, event.cause) == (2.0, 5.0, 3, None)


@pytest.mark.parametrize(
    ("verdicts", "every_s"),
    [
        pytest.param("AANNNAANNNAA", 1.0, id="never 3 of 5"),
        pytest.param("AAUUUUUUUUUA", 1.0, id="3 of 5 known ones but further apart than the window"),
        pytest.param("AAAA", 6.0, id="so slow that no 3 lie in the window"),
        pytest.param("UUUUUUUU", 1.0, id="unknown is not anomalous"),
    ],
)
def test_less_than_m_of_n_opens_nothing(verdicts: str, every_s: float) -> None:
    """Too few anomalous frames, or too far apart, are no episode."""
    assert play(verdicts, every_s=every_s).events == []


def test_unknown_frames_do_not_count_among_the_n() -> None:
    """UNKNOWN frames in between neither help nor hinder an opening."""
    assert play("AUUUAUUUA").phases == ["opened"]


def test_quiet_closes() -> None:
    """The event closes once no frame was anomalous for `quiet_s`, and ends with its last anomalous frame."""
    told = play("AAANANNNNN")
    at_s, event = told.events[-1]
    assert (event.phase, event.cause, event.ended_pts, at_s) == (Phase.CLOSED, "quiet", 4.0, 8.0)
    assert event.id == told.events[0][1].id


def test_unknown_is_not_quiet() -> None:
    """Time that began with an UNKNOWN frame does not count as quiet."""
    told = play("AAA" + "NN" + "UUUUU" + "N")
    assert told.phases == ["opened"]
    assert play("N", start=told).phases == ["opened", "closed"]


def test_long_unknown_closes_with_its_cause() -> None:
    """A long UNKNOWN stretch closes, and says so."""
    at_s, event = play("AAA" + "U" * 14).events[-1]
    assert (event.phase, event.cause, at_s) == (Phase.CLOSED, "verdict unknown", 15.0)


def test_alternating_unknown_still_closes() -> None:
    """A flickering UNKNOWN cannot hold an event open for ever."""
    assert play("AAA" + "NU" * 10).phases == ["opened", "closed"]


def test_refractory_time_holds_back_once_and_counts() -> None:
    """A new opening soon after a closing is held back and counted once."""
    told = play("AAA" + "NNNN" + "NAAAA" + "NNNN")
    assert told.phases == ["opened", "closed"]
    assert told.state.suppressed == 1
    assert play("NN" + "AAA" + "N", start=told).state.suppressed == 2


def test_what_is_still_anomalous_after_the_refractory_time_opens() -> None:
    """Holding back delays, it does not swallow."""
    told = play("AAANNNN" + "A" * 25)
    assert told.phases[:3] == ["opened", "closed", "opened"]
    closed_at, opened_at = told.events[1][0], told.events[2][0]
    assert opened_at == closed_at + RULES.refractory_s
    assert told.state.suppressed == 1


def test_refractory_time_goes_on_over_a_reconnect() -> None:
    """A camera that reconnects in the middle of an anomaly is not told of anew each time."""
    state = play("AAAA").state
    told: list[Event] = []
    for number in range(1, 4):
        for seq in range(4):
            at_s = 4 + number * 4 + seq
            state, events = step(state, judged("A", seq, at_s, run=f"run-{number + 1}"), RULES)
            told += events
    assert [event.phase for event in told] == [Phase.CLOSED]
    assert told[0].cause == "camera lost"
    assert state.suppressed >= 1


def test_a_recording_that_follows_another_is_not_held_back() -> None:
    """The refractory time of one recording says nothing about the next."""
    state, _ = end(play("AAAA").state, "source ended")
    told: list[Event] = []
    for seq in range(3):
        state, events = step(state, judged("A", seq, seq, run="run-2"), RULES)
        told += events
    assert [event.phase for event in told] == [Phase.OPENED]


def test_update_when_the_peak_grows_clearly_and_not_too_often() -> None:
    """UPDATED comes when the peak grew by `growth`, at most once in `update_s`."""
    state, told = Episodes(), []
    for seq in range(30):
        state, events = step(state, judged("A", seq, seq, score=4.0 * 1.1**seq), RULES)
        told += [(seq, event) for event in events]
    updates = [seq for seq, event in told if event.phase is Phase.UPDATED]
    assert updates == [7, 12, 17, 22, 27]
    scores = [event.score for _, event in told]
    assert all(after >= before * RULES.growth for before, after in pairwise(scores))


def test_a_steady_long_episode_is_not_forgotten() -> None:
    """Without growth an episode is told again each `max_s`."""
    told = play("A" * 130)
    assert [at for at, event in told.events if event.phase is Phase.UPDATED] == [62.0, 122.0]


def test_a_new_run_closes_as_camera_lost() -> None:
    """A new connection ends the episode of the old one."""
    state = play("AAAA").state
    _, events = step(state, judged("N", 0, 5.0, run="run-2"), RULES)
    assert [(event.phase, event.cause) for event in events] == [(Phase.CLOSED, "camera lost")]


def test_silence_closes_after_a_while() -> None:
    """The caller's silence closes once it is long enough, with the caller's cause."""
    state = play("AAAA").state
    assert tick(state, RULES.lost_s - 0.1, "not judged", RULES) == (state, ())
    _, events = tick(state, RULES.lost_s, "not judged", RULES)
    assert [event.cause for event in events] == ["not judged"]


def test_a_long_gap_within_a_run_closes_before_the_next_frame_counts() -> None:
    """Frames on both sides of a long hole are not one episode."""
    told = play("AAA" + " " * 20 + "A")
    assert [(event.phase, event.cause) for _, event in told.events][1:] == [(Phase.CLOSED, "camera lost")]


def test_ending_what_is_not_open_tells_nothing() -> None:
    """Stopping a calm camera is silent."""
    state = play("NNN").state
    assert end(state, "stopped") == (state, ())


def test_a_late_judgement_of_an_earlier_run_is_ignored() -> None:
    """What arrives late or twice from a run that is over changes nothing."""
    state, _ = step(play("AAAA").state, judged("N", 0, 5.0, run="run-2"), RULES)
    assert step(state, judged("A", 9, 9.0), RULES) == (state, ())


@pytest.mark.parametrize(("score", "limit"), [(None, None), (0.7, None), (None, 2.0)])
def test_a_rule_that_holds_opens_an_event_before_scores_are_known(score: float | None, limit: float | None) -> None:
    """Its reason is the rule, and what nobody knows is 0."""
    rule = Reason("porch", "somebody stays on the porch", None, None, "rules")
    state, told = Episodes(), []
    for seq in range(5):
        judgement = replace(judged("A", seq, seq), state=State.WARMING, score=score, limit=limit, reasons=(rule,))
        state, events = step(state, judgement, RULES)
        told += events
    assert [event.phase for event in told] == [Phase.OPENED]
    assert (told[0].reasons, told[0].score, told[0].limit) == ((rule,), score or 0.0, limit or 0.0)


@pytest.mark.parametrize("score", [None, math.nan, math.inf])
def test_an_anomalous_verdict_without_a_score_counts_as_unknown(score: float | None) -> None:
    """A broken promise of the worker opens nothing and breaks nothing."""
    state = Episodes()
    for seq in range(5):
        state, events = step(state, replace(judged("A", seq, seq), score=score), RULES)
        assert events == ()
    assert state.unknown_mono_ns == 0


def test_event_ids_are_stable_and_safe() -> None:
    """The id depends on camera, run and frame only; hex digits, so that it may be a file name. Frozen for ever."""
    assert event_id("gate", "run-1", 2) == "35c1dbcc5769a021"
    assert play("NNANAA").events[0][1].id == event_id("gate", "run-1", 2)
    assert len({event_id("a", "b", 1), event_id("a", "b", 2), event_id("a", "c", 1), event_id("b", "b", 1)}) == 4


@pytest.mark.parametrize("wrong", [{"open_m": 6}, {"open_m": 0}, {"quiet_s": 0}, {"refractory_s": -1}, {"growth": 0.5}])
def test_rules_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    """Rules under which nothing could open or close are an error."""
    with pytest.raises(ValueError, match="episode rules"):
        replace(RULES, **wrong)  # type: ignore[arg-type]  # any of the fields, by name


# Any life of a camera: a verdict after some time, a lost frame, a new run, or silence.
MOMENTS = st.lists(
    st.tuples(
        st.sampled_from(["A", "A", "N", "U", "run", "gap", "silence"]),
        st.floats(0.05, 8.0),
        st.floats(2.1, 50.0),
    ),
    max_size=120,
)
ANY_RULES = st.builds(
    Rules,
    open_m=st.integers(1, 3),
    open_n=st.integers(3, 6),
    window_s=st.floats(1, 20),
    quiet_s=st.floats(0.5, 8),
    refractory_s=st.floats(0, 15),
    update_s=st.floats(0.5, 10),
    max_s=st.floats(5, 50),
    lost_s=st.floats(8.5, 40),
    unknown_s=st.floats(1, 20),
)


def live(moments: list[tuple[str, float, float]]) -> list[tuple[Judgement | None, float]]:
    """The judgements of such a life; None with the seconds of a silence."""
    made: list[tuple[Judgement | None, float]] = []
    at_s, run, seq = 0.0, 0, 0
    for what, passed_s, score in moments:
        at_s += passed_s
        if what == "run":
            run, seq = run + 1, 0
        elif what == "gap":
            seq += 3
        elif what == "silence":
            made.append((None, passed_s * 10))
        else:
            made.append((judged(what, seq, at_s, run=f"run-{run}", score=score), 0.0))
            seq += 1
    return made


@settings(max_examples=150, deadline=None)
@given(MOMENTS, ANY_RULES)
def test_for_any_life_the_story_told_is_a_true_one(moments: list[tuple[str, float, float]], rules: Rules) -> None:
    """Opens and closes alternate, ranges lie within frames seen, m of n and quiet are honoured, repeats do nothing."""
    state, open_id, anomalous, judged_so_far = Episodes(), None, [], []
    for judgement, silent_s in live(moments):
        if judgement is None:
            state, events = tick(state, silent_s, "camera lost", rules)
        else:
            judged_so_far.append(judgement)
            if judgement.verdict is Verdict.ANOMALOUS:
                anomalous.append(judgement)
            state, events = step(state, judgement, rules)
            assert step(state, judgement, rules) == (state, ())
        walls = {judgement.stamp.wall_ns for judgement in anomalous}
        for event in events:
            assert {event.began_ns, event.peak_ns, event.ended_ns} <= walls
            assert event.began_ns <= event.peak_ns <= event.ended_ns
            if event.phase is Phase.OPENED:
                assert open_id is None
                open_id = event.id
                same_run = [j for j in judged_so_far if j.stamp.run == judged_so_far[-1].stamp.run]
                known = [j for j in same_run if j.verdict is not Verdict.UNKNOWN][-rules.open_n :]
                assert sum(j.verdict is Verdict.ANOMALOUS for j in known) >= rules.open_m
                assert event.frames >= rules.open_m
            else:
                assert event.id == open_id
            if event.phase is Phase.CLOSED:
                open_id = None
                if event.cause == "quiet":
                    assert judged_so_far[-1].stamp.wall_ns - event.ended_ns >= rules.quiet_s * S
        assert (state.event is None) == (open_id is None)


@settings(max_examples=50, deadline=None)
@given(MOMENTS, ANY_RULES)
def test_no_two_tellings_of_one_event_come_closer_than_update_s(
    moments: list[tuple[str, float, float]], rules: Rules
) -> None:
    """Between an event's opening and updates lie at least the smaller of `update_s` and `max_s`."""
    state, told_ns = Episodes(), {}
    for judgement, _ in live(moments):
        if judgement is None:
            continue
        state, events = step(state, judgement, rules)
        for event in events:
            if event.phase is Phase.UPDATED:
                passed_s = (judgement.stamp.mono_ns - told_ns[event.id]) / S
                assert passed_s >= min(rules.update_s, rules.max_s) - 1e-6
            told_ns[event.id] = judgement.stamp.mono_ns
