"""Episodes: what opens, what closes, what is told, for any sequence of verdicts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Reason
from monitor.build.rules import rules as made_of
from monitor.config import CameraSections
from monitor.deciding.episodes import Cause, Episodes, Rules, end, step, tick
from monitor.deciding.sightings import event_id
from monitor.types import ChannelScore, Event, Judgement, Phase, Stamp, State, Verdict

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
        pytest.param("AA" + 11 * " " + "A", 1.0, id="a pause between them"),
        pytest.param("UUUUUUUU", 1.0, id="unknown is not anomalous"),
    ],
)
def test_less_than_m_of_n_opens_nothing(verdicts: str, every_s: float) -> None:
    """Too few anomalous frames, or too far apart, are no episode."""
    assert play(verdicts, every_s=every_s).events == []


def test_a_camera_of_a_few_pictures_a_minute_opens_events_too() -> None:
    """With the rules of a camera that is wanted at ten a second."""
    slow = play("NNAAA", rules=made_of(CameraSections()), every_s=20)
    assert slow.phases == ["opened"]
    assert slow.events[0][0] == 80.0


@pytest.mark.parametrize("gap", ["A" + 30 * " ", "AA" + 150 * "U", "AA" + 1500 * " "])
def test_frames_before_a_long_gap_open_nothing(gap: str) -> None:
    """At ten frames a second: three seconds without any, fifteen of not knowing, or minutes of neither."""
    rules = replace(RULES, window_s=2)
    assert play("N" + gap + "AN", rules=rules, every_s=0.1).phases == []


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


def test_one_happening_is_one_event() -> None:
    """What is strange again soon after the closing goes on with the same event, and closes again; each is counted."""
    told = play("AAA" + "NNNN" + "NAAAA" + "NNNN")
    assert told.phases == ["opened", "closed", "updated", "closed"]
    events = [event for _, event in told.events]
    assert {event.id for event in events} == {events[0].id}
    assert [(event.cause, event.frames) for event in events] == [(None, 3), ("quiet", 3), (None, 6), ("quiet", 7)]
    assert (events[-1].began_pts, events[-1].ended_pts) == (0.0, 11.0)
    assert told.state.joined == 1
    assert play("NN" + "AAA" + "N", start=told).state.joined == 2


def test_less_than_m_of_n_goes_on_with_nothing() -> None:
    """After a closing it takes as much to go on as it took to open."""
    assert play("AAANNNN" + "NANNNANNNA").phases == ["opened", "closed"]


def test_after_the_refractory_time_a_new_event_opens() -> None:
    """What comes later is another happening."""
    told = play("AAANNNN" + "N" * 18 + "AAA")
    assert told.phases == ["opened", "closed", "opened"]
    assert told.events[2][0] - told.events[1][0] > RULES.refractory_s
    assert told.events[2][1].id != told.events[0][1].id
    assert told.state.joined == 0


@pytest.mark.parametrize(("score", "peak_s"), [(3.0, 0.0), (9.0, 8.0)])
def test_an_event_that_goes_on_keeps_its_peak_unless_it_is_exceeded(score: float, peak_s: float) -> None:
    """Strength and reasons are those of the strongest frame, before or after."""
    told = play("AAANNNNN")
    for seq in range(8, 12):
        told.state, events = step(told.state, judged("A", seq, seq, score=score), RULES)
        told.events += [(seq, event) for event in events]
    event = told.events[-1][1]
    assert event.phase is Phase.UPDATED
    assert (event.score, event.peak_ns) == (max(4.0, score), EPOCH_NS + int(peak_s * S))


def test_an_event_goes_on_over_a_reconnect() -> None:
    """A camera that reconnects in the middle of an anomaly is not told of anew each time."""
    state = play("AAAA").state
    told: list[Event] = []
    for number in range(1, 4):
        for seq in range(4):
            at_s = 4 + number * 4 + seq
            state, events = step(state, judged("A", seq, at_s, run=f"run-{number + 1}"), RULES)
            told += events
    assert [event.phase.value for event in told] == ["closed", "updated"] * 3
    assert {event.cause for event in told} == {"camera lost", None}
    assert len({event.id for event in told}) == 1
    assert state.joined == 3


def test_an_event_does_not_go_on_over_a_long_absence() -> None:
    """Between two connections the refractory time is measured in wall time."""
    state = play("AAAA").state
    told: list[Event] = []
    for seq in range(3):
        state, events = step(state, judged("A", seq, 3 + RULES.refractory_s + seq, run="run-2"), RULES)
        told += events
    assert [event.phase for event in told] == [Phase.CLOSED, Phase.OPENED]


@pytest.mark.parametrize("cause", ["source ended", "stopped", "removed"])
@pytest.mark.parametrize("verdicts", ["AAAA", "AAAANNNNN"], ids=["open", "closed"])
def test_what_follows_a_recordings_end_or_a_stop_is_another_event(cause: Cause, verdicts: str) -> None:
    """However soon it comes, and whether the event was still open then or not."""
    state, _ = end(play(verdicts).state, cause)
    told: list[Event] = []
    for seq in range(3):
        state, events = step(state, judged("A", seq, 10 + seq, run="run-2"), RULES)
        told += events
    assert [event.phase for event in told] == [Phase.OPENED]
    assert state.joined == 0


def test_the_light_is_that_of_the_strongest_frame() -> None:
    """As are the score and the reasons."""
    state = play("AAAA").state
    for seq, score, light in ((4, 5.0, "infrared"), (5, 3.0, "dark")):
        state, _ = step(state, replace(judged("A", seq, seq, score=score), light=light), RULES)
    _, (closed,) = end(state, "stopped")
    assert (closed.score, closed.light) == (5.0, "infrared")


RULE = Reason("porch", "somebody stays on the porch", None, None, "rules")


def test_a_rule_that_begins_to_hold_within_an_event_is_told_at_once_and_once() -> None:
    """People asked for it: it stands first among the reasons, and stronger frames do not hide it."""
    state, told = play("AAAA").state, []
    for seq, score in enumerate([1.0, 1.0, 5.0], start=4):
        reasons = (RULE,) if score < 5 else (Reason("motion", "moves", 0.001, None),)
        state, events = step(state, replace(judged("A", seq, seq, score=score), reasons=reasons), RULES)
        told += [(seq, event) for event in events]
    assert [(seq, event.phase) for seq, event in told] == [(4, Phase.UPDATED)]
    assert told[0][1].reasons[0] == RULE
    assert told[0][1].score == 4.0
    _, (closed,) = end(state, "stopped")
    assert (closed.score, [reason.detector for reason in closed.reasons]) == (5.0, ["porch", "motion"])


def test_a_camera_that_was_moved_is_told_of_at_once_whatever_is_going_on() -> None:
    """As a rule is: before there are scores it opens an event of its own, and a stronger one goes on with it."""
    moved = Reason("view", "the camera was moved", None, None, "tamper")
    for before in ("", "AAAA"):
        told = play(before)
        state, events = told.state, [event for _, event in told.events]
        for seq in range(len(before), len(before) + 5):
            unknown = replace(judged("U", seq, seq), verdict=Verdict.ANOMALOUS, reasons=(moved,))
            state, new = step(state, unknown, RULES)
            events += new
        assert [event.phase for event in events] == ([Phase.OPENED] if not before else [Phase.OPENED, Phase.UPDATED])
        assert events[-1].reasons[0] == moved


def test_a_rule_that_held_in_any_of_the_first_frames_is_a_reason() -> None:
    """The strongest of them may be another."""
    state, told = Episodes(), []
    for seq, reasons in enumerate([(), (RULE,), ()]):
        judgement = replace(judged("A", seq, seq, score=4.0 - seq), reasons=reasons)
        state, events = step(state, judgement, RULES)
        told += events
    assert [event.reasons for event in told] == [(RULE,)]


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
    state, told = Episodes(), []
    for seq in range(5):
        judgement = replace(judged("A", seq, seq), state=State.WARMING, score=score, limit=limit, reasons=(RULE,))
        state, events = step(state, judgement, RULES)
        told += events
    assert [event.phase for event in told] == [Phase.OPENED]
    assert (told[0].reasons, told[0].score, told[0].limit) == ((RULE,), score or 0.0, limit or 0.0)


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
    """Opens and closes alternate, ranges lie within frames seen, m of n and quiet are honoured, repeats do nothing.

    An event goes on only with the one that closed last, and soon; what it was does not shrink.
    """
    state, open_id, last, anomalous, judged_so_far = Episodes(), None, None, [], []
    openings = 0
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
            if open_id is None:
                assert event.phase is not Phase.CLOSED
                now = judged_so_far[-1].stamp
                soon = last is not None and now.wall_ns - last[1] < rules.refractory_s * S
                assert (event.phase is Phase.UPDATED) == soon
                if last is not None and soon:
                    before = last[0]
                    assert (event.id, event.began_ns, event.cause) == (before.id, before.began_ns, None)
                    assert event.score >= before.score
                    assert event.frames >= before.frames + rules.open_m
                    openings += 1
                open_id = event.id
                same_run = [j for j in judged_so_far if j.stamp.run == judged_so_far[-1].stamp.run]
                known = [j for j in same_run if j.verdict is not Verdict.UNKNOWN][-rules.open_n :]
                assert sum(j.verdict is Verdict.ANOMALOUS for j in known) >= rules.open_m
                assert event.frames >= rules.open_m
            else:
                assert event.id == open_id
            if event.phase is Phase.CLOSED:
                open_id = None
                closed_ns = judged_so_far[-1].stamp.wall_ns
                if event.cause == "camera lost" and judgement is not None:
                    closed_ns = judged_so_far[-2].stamp.wall_ns  # of the frame before the reconnect or the gap
                last = event, closed_ns
                if event.cause == "quiet":
                    assert judged_so_far[-1].stamp.wall_ns - event.ended_ns >= rules.quiet_s * S
        assert (state.event is None) == (open_id is None)
        assert state.joined == openings


@settings(max_examples=50, deadline=None)
@given(MOMENTS, ANY_RULES)
def test_no_two_tellings_of_one_event_come_closer_than_update_s(
    moments: list[tuple[str, float, float]], rules: Rules
) -> None:
    """Between an event's opening and updates lie at least the smaller of `update_s` and `max_s`, unless it closed."""
    state, told_ns, closed = Episodes(), {}, set()
    for judgement, _ in live(moments):
        if judgement is None:
            continue
        state, events = step(state, judgement, rules)
        for event in events:
            if event.phase is Phase.UPDATED and event.id not in closed:
                passed_s = (judgement.stamp.mono_ns - told_ns[event.id]) / S
                assert passed_s >= min(rules.update_s, rules.max_s) - 1e-6
            told_ns[event.id] = judgement.stamp.mono_ns
            (closed.add if event.phase is Phase.CLOSED else closed.discard)(event.id)


def test_what_became_a_new_normal_closes_as_accepted() -> None:
    """An event that ends because what it is about was learned says so; the one after it is closed as quiet again."""
    state, told = Episodes(), []
    verdicts = "AAAAA" + "NNNNN" + "N" * 30 + "AAA" + "NNNNN"
    for seq, verdict in enumerate(verdicts):
        judgement = replace(judged(verdict, seq, float(seq)), accepting=3 <= seq < 9)
        state, events = step(state, judgement, RULES)
        told += events
    assert [event.cause for event in told if event.phase is Phase.CLOSED] == ["accepted", "quiet"]


@pytest.mark.parametrize(("names", "opens"), [("mmm", True), ("msm", False), ("mss", False), ("smsmm", True)])
def test_frames_of_one_channel_open(names: str, opens: bool) -> None:
    """Three frames of five, all of one channel, as the budget counts them; a frame of each in turn opens nothing."""
    state, told = Episodes(), []
    for seq, name in enumerate(names):
        channel = ChannelScore(name, State.ACTIVE, "", Verdict.ANOMALOUS, 4.0, 0.001, 2.0)
        state, events = step(state, replace(judged("A", seq, float(seq)), channels=(channel,)), RULES)
        told += events
    assert bool(told) is opens
