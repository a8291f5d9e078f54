"""All detectors of one camera, from picture to reading, and their learning. Knows no camera, file or process.

`step` judges and changes nothing that was learned; `learn` then offers what was judged. Whoever calls decides whether
and so the logged number is always from before.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import cv2
import numpy as np

from detectors import words
from detectors.base import (
    Box,
    ChannelReading,
    Feature,
    Grid,
    Image,
    Picture,
    Reading,
    Reason,
    StateDict,
    StateView,
    Verdict,
)
from detectors.budget.allowance import Allowance
from detectors.budget.diary import Light
from detectors.budget.light import LightMeter
from detectors.channel import Channel, Lesson
from detectors.examples import Examples
from detectors.feedback.heed import Heard, Heed
from detectors.feedback.look import Seen
from detectors.fusion import heatmap_size
from detectors.gaps import Gaps
from detectors.joining import joined, over_limit
from detectors.quantities import Quantities
from detectors.rules import Fired, Rules
from detectors.stages import NoStages, Stages
from detectors.state import Wanted, fitted, part, refuse_unless, with_prefix
from detectors.view import View
from detectors.zones import Zones

# Pictures farther apart than this, or than three periods, do not belong together.
GAP_S = 2.0
GAP_PERIODS = 3
# A feature that is not looked at with every picture is looked at least this often. Unit: seconds.
LEAST_S = 1.0
# As many ordinary pictures are shown beside a strange one.
EXAMPLES = 3
# Channels of reasons that no score speaks for.
RULES, TAMPER = "rules", "tamper"
# That a camera was moved is said for so long, or six pictures: enough for an event to open. Unit: seconds.
NOTICE_S = 10.0
MOVED = Reason("view", "the camera was moved: it shows another view, which is learned anew", None, None, TAMPER)


@dataclass(frozen=True, slots=True)
class Look:
    """A feature, and how often it is looked at: one picture in `every`, but at least about once in `LEAST_S`.

    Between, its detectors' last scores hold.
    """

    feature: Feature
    every: int = 1


@dataclass(frozen=True, slots=True)
class Watch:
    """What people told of one camera: where not to look, what to be told of whatever the scores are, and of events."""

    zones: Zones
    rules: Rules
    quantities: Quantities
    heed: Heed | None = None


@dataclass(frozen=True, slots=True)
class Moves:
    """How a camera that was moved is noticed, and what it begins anew with.

    Attributes:
        view: What it is known to show.
        afresh: Channels and examples that know nothing, made as those of the pipeline were.
    """

    view: View
    afresh: Callable[[], tuple[Sequence[Channel], Examples]]


class Pipeline:
    """The detectors of one camera. Not for several threads at once.

    Attributes:
        allowance: The limits of the channels that it knows; None if their own thresholds hold.
        heed: What people said of its events; None if nobody is heeded.
    """

    def __init__(
        self,
        looks: Mapping[str, Look],
        channels: Sequence[Channel],
        watch: Watch,
        examples: Examples,
        fps: float,
        allowance: Allowance | None = None,
        stages: Stages | None = None,
        moves: Moves | None = None,
    ) -> None:
        """Join the parts.

        Args:
            looks: By key.
            channels: At least one; the fused score is in the first one's units.
            watch: What people told of the camera.
            examples: Of ordinary pictures.
            fps: Analysed pictures a second, as wanted; there may be fewer.
            allowance: The limits of the channels that it knows; the others' own thresholds hold.
            stages: Where the time of each part is noted.
            moves: After which all is learned anew; None for a camera that is turned on purpose.
        """
        self._looks = looks
        self._channels = channels
        self._watch = watch
        self._examples = examples
        self.allowance = allowance
        self._stages = stages or NoStages()
        self._gaps = Gaps(max(GAP_S, GAP_PERIODS / fps), GAP_PERIODS)
        reach = max(watch.quantities.reach, *(look.feature.reach for look in looks.values()))
        self._recent: deque[Picture] = deque(maxlen=max(1, reach) + 1)
        self._taken = 0  # pictures since the last cut
        self._newest: dict[str, Grid] = {}  # each feature's since the last cut
        self._fresh: frozenset[str] = frozenset()  # the features that looked at the picture judged last
        self.heed = watch.heed
        self._seen = Seen((), None, None)  # what the picture judged last is looked at in
        self._heard = Heard(())  # what was left of it
        self._judged: Reading | None = None  # it as it is without feedback
        self._given: tuple[int, ...] | None = None  # shape of the last picture, as it came
        self._size = (0, 0)  # height and width that the models know; follows the pictures until something is learned
        self._moves = moves
        self._moved = False
        self._meter = LightMeter()
        self._light = Light.COLOUR  # of the picture judged last
        self._noticed_s = -math.inf  # when the pictures began that say that it was moved

    @property
    def names(self) -> tuple[str, ...]:
        """Of its channels."""
        return tuple(channel.name for channel in self._channels)

    @property
    def learned(self) -> int:
        """Pictures learned so far, by the channel that learned most."""
        return max(channel.learned for channel in self._channels)

    @property
    def learned_by(self) -> dict[str, int]:
        """Pictures learned so far, by channel."""
        return {channel.name: channel.learned for channel in self._channels}

    @property
    def examples(self) -> Examples:
        """The ordinary pictures that are kept."""
        return self._examples

    @property
    def accepting(self) -> bool:
        """Whether an anomaly has lasted so long that it is now learned as a new normal."""
        return any(channel.accepting for channel in self._channels)

    @property
    def moved(self) -> bool:
        """Whether the camera was found to have been moved: at the next picture all models begin anew."""
        return self._moved

    def step(self, picture: Picture, local: datetime | None = None) -> Reading:
        """Judge the next picture. Pictures after a gap, or of another size, begin anew as after `cut`.

        What was learned is of one size; a picture of another is scaled to it, and so looks as strange as a scene that
        was changed.

        Args:
            picture: The next one.
            local: When it was taken, on the clock on the wall there, for rules; None if it is not known.
        """
        clock_s = picture.at_s if local is None else local.timestamp()
        if self._moved and self._moves is not None:
            self._begin_anew(self._moves, picture.at_s, clock_s)
        if self._recent and not self._follows(picture, self._recent[-1]):
            self.cut()
        self._given = picture.image.shape
        passed_s = picture.at_s - self._recent[-1].at_s if self._recent else math.inf
        self._recent.append(self._sized(picture))
        self._light = self._meter.step(picture)
        grids = self._grids()
        self._newest |= grids
        self._fresh = frozenset(grids)
        self._taken += 1
        self._look(grids, passed_s, self._meter.swings_for(picture.at_s))
        readings = self._readings(clock_s, passed_s)
        joined = self._joined(picture.at_s, readings)
        fired = self._fired(joined, local)
        self._judged = self._noticed(self._ruled(joined, fired))
        self._heard = self._left(readings, local)
        if self._heard.channels is readings:
            return self._judged
        return self._noticed(self._ruled(self._told(picture.at_s, self._heard), fired))

    def learn(self) -> list[tuple[str, Mapping[str, Grid]]]:
        """Offer the picture judged last to each channel, which lets its models learn what is ripe.

        Returns:
            The name of the channel and the grids of each lesson that was learned, in order.
        """
        taught: list[tuple[str, Mapping[str, Grid]]] = []
        if self._judged is None:
            return taught
        reading, self._judged = self._judged, None
        if self.allowance is not None:
            with self._stages("budget"):
                self.allowance.note({channel.name: channel.countable for channel in self._channels})
        for channel, judged in zip(self._channels, reading.channels, strict=True):
            for ripe in channel.learn(reading.at_s, judged, self._lesson(channel, judged, reading)):
                taught.append((channel.name, ripe.grids))
                if ripe.small is not None:
                    self._examples.learn(ripe.small)
        if self.heed is not None and reading.verdict is not Verdict.ANOMALOUS and not self._heard.reasons:
            self.heed.learn(self._seen, reading.channels, reading.at_s)
        if self._moves is not None:
            with self._stages("view"):
                self._moved = self._moves.view.look(self._recent[-1], self._light)
        return taught

    def learn_again(self, lessons: Sequence[tuple[str, Mapping[str, Grid]]]) -> None:
        """Instead of `learn`, when pictures are judged again: the lessons that it gave back then."""
        if self._judged is None:
            return
        reading, self._judged = self._judged, None
        for channel, judged in zip(self._channels, reading.channels, strict=True):
            channel.learn_again(reading.at_s, judged, [grids for name, grids in lessons if name == channel.name])

    @property
    def lead(self) -> int:
        """How many pictures before the next one it looks at."""
        return self._recent.maxlen or 0

    def standing(self) -> StateDict:
        """Where it stands between two pictures, as flat named arrays.

        With `state` and the `lead` pictures before, it is all that the next scores depend on. Limits, rules and when
        something is learned depend on more.
        """
        parts = {f"channel.{channel.name}": channel.standing() for channel in self._channels}
        parts |= {"gaps": self._gaps.state(), "light": self._meter.state()}
        return with_prefix(parts) | {"taken": np.array(self._taken, np.int64)}

    def stand(self, standing: StateView, before: Sequence[Picture]) -> None:
        """Go on where `standing` says, to be called after `restore`.

        Args:
            standing: What `standing` gave.
            before: The pictures before the next one, oldest first, `lead` of them or all there were since a cut.

        Raises:
            StateError: It does not fit; build a new pipeline, this one may be half changed.
        """
        own = {"taken": standing["taken"]} if "taken" in standing else {}
        taken = int(fitted(own, {"taken": Wanted(np.int64)})["taken"])
        refuse_unless(taken >= 0 and len(before) >= min(taken, self.lead), "the pictures before")
        self.cut()
        for channel in self._channels:
            channel.stand(part(standing, f"channel.{channel.name}"))
        self._gaps.restore(part(standing, "gaps"))
        self._taken = taken
        for picture in before[len(before) - min(taken, self.lead) :]:
            self._given = picture.image.shape
            self._recent.append(self._sized(picture))
            self._meter.step(picture)
        self._meter.restore(part(standing, "light"))

    @property
    def bare(self) -> Reading | None:
        """The reading of the picture judged last as it is without feedback; None once that was learned."""
        return self._judged

    def looks(self) -> tuple[float, ...]:
        """How what is strange in the picture judged last looks, as numbers that travel; empty if nothing is."""
        return () if self.heed is None else self.heed.looks(self._seen, self._heard)

    def cut(self) -> None:
        """Forget the pictures before: the next one does not follow them. What was learned stays."""
        self._recent.clear()
        self._taken, self._newest = 0, {}
        self._judged = None
        self._meter.cut()
        self._watch.rules.cut()
        self._watch.quantities.cut()
        if self.allowance is not None:
            self.allowance.cut()
        for channel in self._channels:
            channel.cut()

    def restart_clock(self) -> None:
        """As `cut`, and the next picture's `at_s` has nothing to do with the last one's."""
        self.cut()
        self._moved, self._noticed_s = False, -math.inf
        self._examples.restart_clock()
        if self._moves is not None:
            self._moves.view.restart_clock()
        if self.heed is not None:
            self.heed.restart_clock()
        for channel in self._channels:
            channel.restart_clock()

    def state(self) -> StateDict:
        """Everything learned as flat named arrays, `PART/ARRAY`; what waits at the gates is not kept."""
        parts = {f"channel.{channel.name}": channel.state() for channel in self._channels}
        if self.allowance is not None:
            parts["budget"] = self.allowance.state()
        if self._moves is not None:
            parts["view"] = self._moves.view.state()
        if self.heed is not None:
            parts["looks"] = self.heed.gallery.state()
        size = self._size if self.learned else (0, 0)
        return with_prefix(parts | {"examples": self._examples.state()}) | {"size": np.array(size, np.int64)}

    def restore(self, state: StateView) -> None:
        """Go on from `state`, after a cut.

        Raises:
            StateError: It is another configuration's or broken; build a new pipeline, this one may be half restored.
        """
        parts = {f"channel.{channel.name}" for channel in self._channels}
        parts |= {"examples", "size", "budget", "view", "looks"}
        refuse_unless({name.partition("/")[0] for name in state} <= parts, f"no others than {sorted(parts)}")
        own = {"size": state["size"]} if "size" in state else {}
        height, width = fitted(own, {"size": Wanted(np.int64, (2,))})["size"].tolist()
        for channel in self._channels:
            channel.restore(part(state, f"channel.{channel.name}"))
        self._examples.restore(part(state, "examples"))
        seen = part(state, "view")
        if self._moves is not None and seen:  # of before views were known there is none
            self._moves.view.restore(seen)
        looks = part(state, "looks")
        if self.heed is not None and looks:
            self.heed.gallery.restore(looks)
        diary = part(state, "budget")
        if self.allowance is not None and diary:  # with another `budget` the models are as good as before
            self.allowance.restore(diary)
        refuse_unless(self.learned == 0 or min(height, width) > 0, "the size that was learned")
        self._size = (height, width)
        self.restart_clock()

    def _begin_anew(self, moves: Moves, at_s: float, clock_s: float) -> None:
        """Nothing that was learned is of the view there is now."""
        self._channels, self._examples = moves.afresh()
        moves.view.begin()
        if self.heed is not None:
            self.heed.begin()
        if self.allowance is not None:
            self.allowance.move(clock_s)
        self.restart_clock()
        self._noticed_s = at_s

    def _noticed(self, reading: Reading) -> Reading:
        """The reading, saying that the camera was moved while that is new."""
        if not 0 <= reading.at_s - self._noticed_s < max(NOTICE_S, 2 * self._gaps.longest_s):
            return reading
        return replace(reading, verdict=Verdict.ANOMALOUS, reasons=(MOVED, *reading.reasons))

    def _look(self, grids: Mapping[str, Grid], passed_s: float, swings_s: float) -> None:
        """Show the picture to the channels; while its light swings there is nothing to know of it, nor to learn."""
        if swings_s and self.allowance is not None:
            self.allowance.cut()
        for channel in self._channels:
            if swings_s:
                channel.look_away(f"the light has just changed: judged again in {swings_s:.0f} s")
            else:
                channel.look(grids, passed_s, heatmap_size(*self._size))

    def _readings(self, clock_s: float, passed_s: float) -> tuple[ChannelReading, ...]:
        with self._stages("budget"):
            given = {} if self.allowance is None else self.allowance.step(self._light, clock_s, passed_s)
        return tuple(channel.judge(given.get(channel.name)) for channel in self._channels)

    def _follows(self, picture: Picture, before: Picture) -> bool:
        return self._gaps.follows(picture.at_s - before.at_s) and picture.image.shape == self._given

    def _sized(self, picture: Picture) -> Picture:
        height, width = picture.image.shape[:2]
        if self.learned == 0:
            self._size = (height, width)
        if self._size == (height, width):
            return picture
        image = cv2.resize(picture.image, self._size[::-1], interpolation=cv2.INTER_AREA)
        return Picture(np.asarray(image, np.uint8), picture.at_s)

    def _grids(self) -> dict[str, Grid]:
        """The grids of the features whose turn it is and that have enough pictures, without what is masked."""
        recent = list(self._recent)
        grids = {}
        for key, look in self._looks.items():
            # Turns are counted alike for all, so that features of one channel meet, and it can learn.
            if self._taken < look.feature.reach or self._taken % self._every(look):
                continue
            with self._stages(f"feature {key}"):
                grid = look.feature.extract(recent)
            if grid is not None:
                grids[key] = self._watched(grid)
        return grids

    def _every(self, look: Look) -> int:
        """One picture in so many: as was asked, but not less often than every `LEAST_S`, or what is short is missed."""
        if look.every == 1 or len(self._recent) < 2:  # noqa: PLR2004 - two pictures are some time apart
            return look.every
        apart_s = self._recent[-1].at_s - self._recent[-2].at_s
        return max(1, min(look.every, round(LEAST_S / apart_s)))

    def _watched(self, grid: Grid) -> Grid:
        zones = self._watch.zones
        return replace(grid, mask=grid.mask & zones.watched(*grid.mask.shape)) if zones.masked else grid

    def _lesson(self, channel: Channel, judged: ChannelReading, reading: Reading) -> Callable[[], Lesson] | None:
        """What this picture teaches; None unless all the channel's features looked at it in a light that is steady.

        While there is no limit, the newest grid stands for a feature whose turn it was not: learning is in haste then.
        """
        looked = self._newest.keys() if judged.limit is None else self._fresh
        if self._meter.swings_for(reading.at_s) or not channel.features <= looked:
            return None
        # Only the first channel brings examples: the others would show the same pictures again.
        ordinary = channel is self._channels[0] and reading.verdict is not Verdict.ANOMALOUS
        return partial(self._taught, channel, reading.at_s, example=ordinary)

    def _taught(self, channel: Channel, at_s: float, *, example: bool) -> Lesson:
        wanted = example and self._examples.due(at_s)
        small = self._examples.small(self._recent[-1].image) if wanted else None
        return Lesson({key: self._newest[key] for key in channel.features}, small)

    def _joined(self, at_s: float, channels: tuple[ChannelReading, ...]) -> Reading:
        """The channels' readings as one, with reasons and ordinary pictures if it is anomalous."""
        pairs = zip(channels, self._channels, strict=True)
        strange = [(told, channel) for told, channel in pairs if told.verdict is Verdict.ANOMALOUS]
        strange.sort(key=lambda pair: over_limit(pair[0]), reverse=True)
        reasons = tuple(reason for _, channel in strange for reason in channel.reasons(self._place))
        return replace(
            joined(at_s, channels),
            scores=tuple(score for channel in self._channels for score in channel.scores),
            reasons=reasons,
            examples=self._like(reasons) if strange else (),
            accepting=self.accepting,
            light=self._light.name.lower(),
        )

    def _place(self, box: Box) -> str:
        """The user's own names for a part of the picture, where it has one."""
        return " and ".join(self._watch.zones.named_at(box)) or words.place(box)

    def _like(self, reasons: Sequence[Reason]) -> tuple[Image, ...]:
        box = reasons[0].box if reasons else None
        return self._examples.nearest(self._recent[-1].image, box, EXAMPLES)

    def _left(self, readings: tuple[ChannelReading, ...], local: datetime | None) -> Heard:
        """What feedback leaves of the readings; the very same ones without any."""
        if self.heed is None:
            return Heard(readings)
        hour = None if local is None else local.hour + local.minute / 60
        self._seen = Seen(tuple(self._recent)[-2:], self._newest.get(self.heed.cells), hour)
        with self._stages("feedback"):
            clock_s = None if local is None else local.timestamp()
            return self.heed.hear(self._seen, self._channels, readings, clock_s)

    def _told(self, at_s: float, heard: Heard) -> Reading:
        """The reading of what feedback left, saying what was quieted or called unusual."""
        reading = self._joined(at_s, heard.channels)
        why = "; ".join(each for each in (reading.state_reason, heard.why) if each)
        reading = replace(reading, state_reason=why, reasons=(*heard.reasons, *reading.reasons))
        if not heard.reasons:
            return reading
        examples = reading.examples or self._like(heard.reasons)
        return replace(reading, verdict=Verdict.ANOMALOUS, examples=examples)

    def _fired(self, reading: Reading, local: datetime | None) -> tuple[Fired, ...]:
        """The rules that hold for the picture; they see it as it is without feedback."""
        watch = self._watch
        with self._stages("rules"):
            values = watch.quantities.step(list(self._recent), reading, local)
            return watch.rules.step(reading.at_s, values)

    def _ruled(self, reading: Reading, fired: Sequence[Fired]) -> Reading:
        """The reading with the rules that hold for its picture."""
        if not fired:
            return reading
        return replace(
            reading,
            verdict=Verdict.ANOMALOUS,
            reasons=(*(_rule(each) for each in fired), *reading.reasons),
            examples=reading.examples or self._like(()),
        )


def _rule(fired: Fired) -> Reason:
    return Reason(fired.name, fired.text, None, None, RULES)
