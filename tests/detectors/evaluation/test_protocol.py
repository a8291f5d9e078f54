"""Streaming: judged before learned, cuts, held and unknown frames, truth that does not fit; and the result's JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from detectors.base import ChannelReading, DetectorScore, Picture, Reading, State, Verdict
from detectors.budget.diary import Light
from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.events import Alert
from detectors.evaluation.plants import Kind, Plant
from detectors.evaluation.protocol import Clip, Scheme, Stream, play
from detectors.evaluation.result import as_json, summarise
from detectors.evaluation.truth import TruthError
from detectors.stages import Stages


@dataclass
class Recorder:
    """A subject that notes what was asked of it, and says the brightness of the picture from its third on."""

    calls: list[str] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    seen: int = 0

    def step(self, picture: Picture) -> Reading:
        """Brightness as score."""
        self.calls.append("step")
        self.times_s.append(picture.at_s)
        self.seen += 1
        known = self.seen > 2
        value = float(picture.image.mean()) if known else None
        heatmap = picture.image[:, :, 0].astype(np.float32) if known else None
        state = State.ACTIVE if known else State.WARMING
        limit = 100.0 if known else None
        verdict = Verdict.UNKNOWN
        if value is not None:
            verdict = Verdict.ANOMALOUS if value > 100 else Verdict.NORMAL
        scores = (DetectorScore("brightness", value, 1.0 if known else None),)
        return Reading(picture.at_s, state, "", verdict, value, None, limit, scores, heatmap, ())

    def learn(self) -> None:
        """Noted."""
        self.calls.append("learn")

    def cut(self) -> None:
        """Noted."""
        self.calls.append("cut")


class FirstAnomaly:
    """One alert a clip: from its first anomalous reading to its last."""

    def __init__(self) -> None:
        self.times_s: list[float] = []

    def step(self, at_s: float, reading: Reading) -> None:
        """Keeps the anomalous times."""
        if reading.verdict == "anomalous":
            self.times_s.append(at_s)

    def end(self, at_s: float) -> Sequence[Alert]:
        """The alert, if any."""
        times, self.times_s = self.times_s, []
        return [Alert(times[0], times[-1])] if times else []


def clip(
    name: str,
    brightness: Sequence[int],
    ranges: tuple[tuple[int, int], ...] | None = None,
    fps: float = 10.0,
    masks: Callable[[], np.ndarray] | None = None,
) -> Clip:
    """A clip of 16 x 16 pictures of one brightness each."""

    def pictures() -> Generator[Picture, None, None]:
        for index, value in enumerate(brightness):
            yield Picture(np.full((16, 16, 3), value, np.uint8), index / fps)

    return Clip(name, pictures, ranges, masks)


def stream(subject: Recorder | None = None, analysis_fps: float = 10.0) -> Stream:
    """A stream whose clock ticks a millisecond at each look."""
    ticks = iter(range(10**6))
    stages = Stages(lambda: next(ticks) / 1000)
    return Stream(subject or Recorder(), FirstAnomaly(), analysis_fps, stages, lambda: 7_000_000, lambda *_: None)


TRAIN = [clip("a", [10] * 3)]
TEST = [clip("b", [10, 20, 200, 210, 30, 40], ((2, 4),)), clip("c", [10, 20], ())]


def run(scheme: Scheme, subject: Recorder) -> list[ClipLog]:
    """The logs of the small set."""
    return list(play(stream(subject), TRAIN, TEST, scheme))


def test_each_frame_is_judged_and_then_learned_with_a_cut_before_each_clip() -> None:
    """p1: train, then test, one stream."""
    subject = Recorder()
    logs = run(Scheme.P1, subject)
    assert [(log.name, log.trained) for log in logs] == [("a", True), ("b", False), ("c", False)]
    one = ["step", "learn"]
    assert subject.calls == ["cut", *one * 3, "cut", *one * 6, "cut", *one * 2]


def test_frozen_learns_in_training_only_and_p2_never_sees_it() -> None:
    """p1-frozen has no learning in test; p2 streams the test split alone and learns it."""
    frozen, cold = Recorder(), Recorder()
    run(Scheme.P1_FROZEN, frozen)
    assert frozen.calls == ["cut", *["step", "learn"] * 3, "cut", *["step"] * 6, "cut", *["step"] * 2]
    logs = run(Scheme.P2, cold)
    assert [log.name for log in logs] == ["b", "c"]
    assert cold.calls.count("learn") == 8


def test_the_subjects_clock_rises_over_cuts() -> None:
    """Time goes on at a cut: no clip begins at 0 again for the subject."""
    subject = Recorder()
    run(Scheme.P1, subject)
    assert subject.times_s == pytest.approx([index / 10 for index in range(11)])


def test_unknown_frames_get_the_median_so_far_and_are_counted() -> None:
    """No score is invented: 0 before anything was known, the running median after, and `unknown` says where."""
    log = next(iter(play(stream(), [], [clip("b", [10, 20, 200, 100], ())], Scheme.P2)))
    assert log.said.scores.tolist() == [0.0, 0.0, 200.0, 100.0]
    assert log.said.unknown.tolist() == [True, True, False, False]
    assert log.said.judged.tolist() == [False, False, True, True]
    assert log.said.detectors["brightness"].tolist() == log.said.scores.tolist()


def test_frames_between_analysed_ones_hold_the_last_score() -> None:
    """At 25 fps every frame has a score, at most 10 a second are analysed, and none looks ahead."""
    subject = Recorder()
    values = list(range(50, 100))
    log = next(iter(play(stream(subject), [], [clip("b", values, (), fps=25.0)], Scheme.P2)))
    assert len(log.said.scores) == 50
    assert subject.calls.count("step") == 20 == len(log.said.stages_s["judging"])
    known = ~log.said.unknown
    assert (log.said.scores[known] <= np.array(values)[known]).all()
    assert len(set(log.said.scores[known])) == 18


def test_a_slow_clip_is_analysed_whole_though_its_times_are_rounded() -> None:
    """Containers round times to milliseconds: a frame at 0.099 s instead of 0.1 s is still due."""

    def pictures() -> Generator[Picture, None, None]:
        for index in range(40):
            yield Picture(np.zeros((16, 16, 3), np.uint8), index / 10 - 0.001 * (index % 3 == 1))

    subject = Recorder()
    list(play(stream(subject), [], [Clip("b", pictures, (), None)], Scheme.P2))
    assert subject.calls.count("step") == 40


def test_each_stage_is_timed_per_analysed_frame() -> None:
    """The clock is looked at before and after each: one tick, one millisecond."""
    log = next(iter(play(stream(), [], TEST, Scheme.P2)))
    assert {name: spent.tolist() for name, spent in log.said.stages_s.items()} == {
        name: pytest.approx([0.001] * 6) for name in ("reading", "judging", "learning")
    }
    assert log.resident_bytes == 7_000_000


def test_what_the_subject_times_itself_is_told_beside_the_whole_stages() -> None:
    """Also a part that comes later than the first frame: it took nothing before."""
    timed = stream()

    class Parts(Recorder):
        def step(self, picture: Picture) -> Reading:
            if self.seen == 2:
                with timed.stages("feature motion"):
                    pass
            return super().step(picture)

    timed.subject = Parts()
    log = next(iter(play(timed, [], TEST, Scheme.P2)))
    assert log.said.stages_s["feature motion"] == pytest.approx([0, 0, 0.001, 0, 0, 0])
    assert log.said.stages_s["judging"] == pytest.approx([0.001, 0.001, 0.003, 0.001, 0.001, 0.001])


def test_a_clip_without_pictures_is_refused_with_its_name() -> None:
    """Nothing can be said of it, and a figure without it would be of another set."""
    with pytest.raises(TruthError, match="clip b: expected pictures, got none"):
        list(play(stream(), [], [clip("b", [], ())], Scheme.P2))


def test_limits_and_verdicts_are_logged_as_they_were() -> None:
    """No limit is NaN, and only a verdict of "anomalous" is one."""
    log = next(iter(play(stream(), [], [clip("b", [10, 20, 200, 100], ())], Scheme.P2)))
    np.testing.assert_array_equal(log.said.limits, [np.nan, np.nan, 100.0, 100.0])
    assert log.said.anomalous.tolist() == [False, False, True, False]
    assert log.said.silent["brightness"].tolist() == [True, True, False, False]


def test_truth_of_another_clip_is_refused_and_a_small_overhang_is_told() -> None:
    """Labels or masks that are far from fitting stop the run; a few frames are left out and said."""
    with pytest.raises(TruthError, match=r"labels of clip b: expected them to fit its 4 decoded frames, got 40"):
        list(play(stream(), [], [clip("b", [1] * 4, ((0, 40),))], Scheme.P2))
    masks = clip("b", [1] * 4, (), masks=lambda: np.zeros((20, 16, 16), bool))
    with pytest.raises(TruthError, match="masks of clip b"):
        list(play(stream(), [], [masks], Scheme.P2))
    log = next(iter(play(stream(), [], [clip("b", [1] * 4, ((2, 6),))], Scheme.P2)))
    assert log.labels is not None
    assert log.labels.tolist() == [False, False, True, True]
    assert len(log.caveats) == 1


def test_a_result_holds_every_key_and_no_number_that_cannot_be_told() -> None:
    """The JSON has what the command promises; without masks RBDC is null, with little footage so are alerts a day."""
    logs = run(Scheme.P1, Recorder())
    told = json.loads(as_json(summarise("toy", Scheme.P1, logs, seconds=1.5)))
    assert told["dataset"] == "toy"
    assert told["protocol"] == "p1"
    assert told["frames"] == 8
    assert told["auc_micro"] == 1.0
    assert told["auc_macro"] == 1.0
    assert told["macro_clips"] == 1
    assert told["ap"] == 1.0
    assert told["eer"] == 0.0
    assert told["rbdc"] is None
    assert told["tbdc"] is None
    assert told["alerts_per_day"] is None
    assert told["events"]["recall"] == 1.0
    assert told["events"]["precision"] == 1.0
    assert told["events"]["median_delay_s"] == 0.0
    assert told["events"]["false_alarms"] == 0
    assert told["states"] == {"active": 8}
    assert told["unknown_frames"] == 0
    assert set(told["baselines"]) >= {"frame_index", "frame_difference_mean", "frame_difference_max", "d12"}
    alone = told["detectors"]["brightness"]
    assert (alone["auc_micro"], alone["auc_macro"], alone["ap"], alone["eer"]) == (1.0, 1.0, 1.0, 0.0)
    assert set(alone["over_d12"]) == {"mean", "interval", "first_better"}
    assert told["baselines"]["d12"]["over_d12"]["mean"] == 0.0
    assert told["ms_per_frame"]["p50"] == pytest.approx(2.0)  # judging and learning, a tick each
    assert set(told["ms_by_stage"]) == {"reading", "judging", "learning"}
    assert told["days"] == []
    assert told["seconds"] == 1.5
    assert any("ordinary footage" in caveat for caveat in told["caveats"])


def test_masks_give_localisation() -> None:
    """A heatmap that is bright where the mask is has an RBDC above 0."""

    def pictures() -> Generator[Picture, None, None]:
        for index in range(8):
            image = np.zeros((16, 16, 3), np.uint8)
            image[:8, :8] = 200 if index >= 4 else 0
            yield Picture(image, index / 10)

    masks = np.zeros((8, 16, 16), bool)
    masks[4:, :8, :8] = True
    logs = list(play(stream(), [], [Clip("b", pictures, ((4, 8),), lambda: masks)], Scheme.P2))
    result = summarise("toy", Scheme.P2, logs, seconds=0.0)
    assert result.rbdc == pytest.approx(1.0)
    assert result.tbdc == pytest.approx(1.0)


def test_a_set_without_test_clips_still_tells_its_alert_rate() -> None:
    """Ordinary unlabelled footage: no AUC, but every alert is presumed false and counted per day."""
    day = clip("a", [200] * 5400, None, fps=1.0)  # 90 minutes
    logs = list(play(stream(), [day], [], Scheme.P1))
    result = summarise("days", Scheme.P1, logs, seconds=0.0)
    assert result.auc_micro is None
    assert result.frames == 0
    assert result.watched_s == pytest.approx(5398.0)  # two warming frames were not watched
    assert result.alerts_per_day == pytest.approx(86_400 / 5398)
    json.loads(as_json(result))


def test_plants_are_in_the_picture_that_is_judged_on_the_clock_of_the_stream() -> None:
    """In the second clip, where its time lies; labels, times and the other pictures are as they were."""
    plant = Plant(Kind.FLASH, 0.8, 1.0, 3.0, (0.5, 0.5), (0.5, 0.5), 0)
    clips = [clip("a", [60] * 6), clip("b", [60] * 6)]
    plain = list(play(stream(), clips, [], Scheme.P1))
    given = stream()
    given.plants = (plant,)
    planted = list(play(given, clips, [], Scheme.P1))
    assert np.array_equal(planted[0].said.scores, plain[0].said.scores)
    assert np.flatnonzero(planted[1].said.scores != plain[1].said.scores).tolist() == [2, 3]
    assert planted[1].said.scores[2] > 70


class TwoChannels(Recorder):
    """A recorder whose second channel warms until its fourth picture."""

    def step(self, picture: Picture) -> Reading:
        """As the recorder, with channels."""
        reading = super().step(picture)
        state = State.WARMING if self.seen < 4 else State.CALIBRATING
        moving = ChannelReading("moving", State.ACTIVE, "", reading.verdict, reading.value, None, 1.0, None)
        scene = ChannelReading("scene", state, "", Verdict.UNKNOWN, float(self.seen), None, None, None)
        return replace(reading, channels=(moving, scene))


def test_each_channels_score_is_logged_where_it_counts() -> None:
    """Of analysed frames alone, on the clock of the stream, with the light; not while it is warming or unknown."""
    logs = list(play(stream(TwoChannels(), analysis_fps=5.0), [clip("a", [40] * 4), clip("b", [0] * 8)], [], Scheme.P1))
    counted = [log.counted for log in logs]
    assert counted[0] is not None
    assert counted[1] is not None
    assert counted[1].at_s == pytest.approx([0.4, 0.6, 0.8, 1.0])
    assert counted[0].values["moving"] == pytest.approx([np.nan, np.nan], nan_ok=True)
    assert counted[1].values["moving"] == pytest.approx([0.0] * 4)
    assert counted[1].values["scene"] == pytest.approx([np.nan, 4.0, 5.0, 6.0], nan_ok=True)
    assert (set(counted[0].lights), set(counted[1].lights)) == ({Light.INFRARED}, {Light.DARK})
