"""What feedback does to real footage: a type of event called normal three times, what is told of it and of others then.

    make feedback                    # DATA=../shared/data
    .venv/bin/python tests/bench/feedback.py ../shared/data --seeds 1 2

Ordinary footage is learned first. Then happenings of several types are put into it (`feedback_cast`), a few seconds
apart, and judged by the shipped defaults as `rareframe scan` has them. One type is called normal on three of its
events; more of it and of the others follow; at last the marks are undone. Beside what was told stands what would have
been told of the same pictures without feedback: the same pipeline knows it, for nothing is learned from feedback.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))  # a script, beside its cast
from feedback_cast import CART_SHARE, FPS, Happening, Track, drawings, pasted, plants, read, tracks

from detectors.base import Image, StateDict
from monitor import config
from monitor.build.detecting import pipeline, prepare_torch
from monitor.build.offline import fitted_to, unbudgeted
from monitor.build.rules import rules
from monitor.config import CameraSections
from monitor.deciding.decider import EpisodeDecider
from monitor.feedback import Mark
from monitor.scoring.heeding import Heeding
from monitor.scoring.scorer import CameraScorer, channel_score
from monitor.types import Event, Frame, Judgement, Stamp

CAMERA = "scan"
NS = 1_000_000_000
LENGTH_S = 400.0  # of a recording that the threshold is fitted to
TRACKS = ("cart", "cyclist", "other cyclists")
RIDERS = {"02": 80, "05": 120, "08": 170}  # clips with a whole ride, and its frames at least
APART_S = 15.0  # longer than what joins two events
LATE_S = 3.0  # an event may begin so late after its happening
MARKS, AFTER, UNDONE = 3, 4, 2  # happenings of the marked type
COLUMNS = ("footage", "called normal", "seed", "its like: told without / with", "others: told without / with")
COLUMNS += ("both at once: without / with", "after undo: without / with", "ordinary: without / with")


@dataclass(frozen=True)
class Stage:
    """Ordinary footage and the types that are put into it: the first pictures of each clip follow none."""

    name: str
    pictures: tuple[Image, ...]
    cuts: frozenset[int]
    learned: int  # pictures that are learned first
    types: dict[str, Sequence[object]]

    def make(self, kind: str, random: np.random.Generator) -> Iterator[Happening]:
        """Ever more of one type."""
        of = self.types[kind]
        yield from pasted(of, random) if kind in TRACKS else drawings(of[0], random)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Act:
    """What happens from `at_s` on; `part` says which part of the play it is."""

    at_s: float
    part: str
    kinds: tuple[str, ...]
    things: tuple[Happening, ...]

    @property
    def ended_s(self) -> float:
        """When all of it is gone."""
        return self.at_s + max(thing.lasts_s for thing in self.things)


def ped2(root: Path) -> Stage:
    """A walkway; real carts and cyclists of the same camera."""
    pictures, cuts = list[Image](), set[int]()
    for clip in sorted((root / "train").iterdir()):
        cuts.add(len(pictures))
        pictures += [small(image) for image in read(clip)]
    cut = list[Track]()
    for masks in sorted((root / "masks").glob("*.npz")):
        cut += tracks(next((root / "test").glob(f"{masks.stem}.*")), masks)
    carts = [each for each in cut if each.area > CART_SHARE * 240 * 360]
    one, *others = [each for clip in RIDERS for each in cut if each.clip == clip and len(each.places) >= RIDERS[clip]]
    types = {"cart": carts, "cyclist": [one], "other cyclists": others}
    return Stage("ucsd_ped2", tuple(pictures), frozenset(cuts), len(pictures), types)


def vtest(path: Path, seed: int) -> Stage:
    """A square with people; drawn happenings on one way through it."""
    pictures = tuple(small(image) for image in read(path))
    types = {name: [each] for name, each in plants(seed).items()}
    return Stage("vtest", pictures, frozenset({0}), 2 * len(pictures), types)


def stage_of(name: str, data: Path, seed: int) -> Stage:
    """By name."""
    return ped2(data / name) if name == "ucsd_ped2" else vtest(data / "footage" / f"{name}.avi", seed)


def small(image: Image) -> Image:
    """At analysis width."""
    height, width = image.shape[:2]
    size = (360, round(height * 360 / width))
    return image if width == 360 else np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def play(stage: Stage, marked: str, seed: int) -> list[Act]:
    """The acts: the marked type alone, then among the others and with one of them at once, then undone."""
    random = np.random.default_rng(seed)
    makers = {kind: stage.make(kind, random) for kind in stage.types}
    others = [kind for kind in stage.types if kind != marked]
    told = [("marked", (marked,))] * MARKS
    for number in range(AFTER):
        told += [("like", (marked,)), ("other", (others[number % len(others)],))]
    told += [("both", (marked, other)) for other in others]
    told += [("undone", (marked,))] * UNDONE
    acts, at_s = list[Act](), 5.0
    for part, kinds in told:
        things = tuple(next(islice(makers[kind], 1)) for kind in kinds)
        acts.append(Act(at_s, part, kinds, things))
        at_s = acts[-1].ended_s + APART_S
    return acts


class House:
    """One camera's scorer and its decider, and the decider that would tell without feedback."""

    def __init__(self, sections: CameraSections, known: StateDict | None, folder: Path) -> None:
        self.scorer = CameraScorer(pipeline(sections, 0, "cpu"))
        if known is not None:
            self.scorer.restore(known)
        self._deciders = {each: EpisodeDecider({CAMERA: rules(sections)}) for each in ("with", "without")}
        self._heeding = Heeding(folder, CAMERA)
        self.events: dict[str, dict[str, Event]] = {"with": {}, "without": {}}
        self._seq, self._run = 0, 0

    def cut(self) -> None:
        """What comes does not follow."""
        self._run += 1
        self._seq = 0

    def show(self, image: Image, at_s: float) -> None:
        """Judge, decide, learn."""
        at_ns = round(at_s * NS) + NS
        frame = Frame(Stamp(CAMERA, f"run{self._run}", self._seq, at_ns, at_ns, at_s), image)
        self._seq += 1
        told = self.scorer.judge(frame)
        if told is None:
            raise AssertionError(frame.stamp)
        for which, judgement in (("with", told), ("without", bare(self.scorer, told))):
            for event in self._deciders[which].judge(judgement):
                self.events[which][event.id] = event
        self.scorer.learn()

    def heed(self, marks: Sequence[Mark]) -> None:
        """These hold now."""
        self._heeding.say(marks)
        self._heeding.tell(self.scorer)


def bare(scorer: CameraScorer, told: Judgement) -> Judgement:
    """The same frame's judgement without feedback."""
    reading = scorer.bare
    if reading is None:
        raise AssertionError(told.stamp)
    channels = tuple(channel_score(channel) for channel in reading.channels)
    return replace(
        told, verdict=reading.verdict, score=reading.value, reasons=reading.reasons, channels=channels, look=()
    )


def shown(stage: Stage, sections: CameraSections, known: StateDict, acts: Sequence[Act], folder: Path) -> House:
    """All acts, with feedback given after the first three and undone before the last."""
    house = House(sections, known, folder)
    given, undone = False, False
    for number in range(round((acts[-1].ended_s + APART_S) * FPS)):
        at_s = number / FPS
        if number % len(stage.pictures) in stage.cuts and number:
            house.cut()
        if not given and at_s > acts[MARKS].at_s - 1:
            given = True
            house.heed(marks(house.events["with"].values(), acts[:MARKS]))
        if not undone and at_s > acts[-UNDONE].at_s - 1:
            undone = True
            house.heed(())
        image = stage.pictures[number % len(stage.pictures)]
        for act in acts:
            for thing in act.things if act.at_s <= at_s < act.ended_s else ():
                image = thing.draw(image, at_s - act.at_s)
        house.show(image, at_s)
    return house


def marks(events: Sequence[Event] | object, acts: Sequence[Act]) -> list[Mark]:
    """Each event of these acts, called normal."""
    found = [event for event in events if any(during(event, act) for act in acts)]  # type: ignore[attr-defined]
    return [Mark(n, event.id, CAMERA, "normal", "bench", 0, event.look) for n, event in enumerate(found, start=1)]


def during(event: Event, act: Act) -> bool:
    """Whether an event was open while an act went on."""
    began_s, ended_s = ((at_ns - NS) / NS for at_ns in (event.began_ns, event.ended_ns))
    return began_s <= act.ended_s + LATE_S and ended_s >= act.at_s


def line(stage: Stage, marked: str, seed: int, house: House, acts: Sequence[Act]) -> str:
    """One row of the table."""
    cells = Counter[tuple[str, str]]()
    for which, events in house.events.items():
        for act in acts:
            cells[act.part, which] += any(during(event, act) for event in events.values())
            cells[act.part, "all"] += which == "with"
        cells["ordinary", which] = sum(not any(during(e, act) for act in acts) for e in events.values())
    told = [f"{cells[part, 'without']} / {cells[part, 'with']} of {cells[part, 'all']}" for part in PARTS]
    told.append(f"{cells['ordinary', 'without']} / {cells['ordinary', 'with']}")
    return f"| {' | '.join((stage.name, marked, str(seed), *told))} |"


PARTS = ("like", "other", "both", "undone")


def learned(stage: Stage, sections: CameraSections, folder: Path) -> StateDict:
    """What a pipeline knows after the ordinary footage."""
    house = House(sections, None, folder)
    for number in range(stage.learned):
        if number % len(stage.pictures) in stage.cuts:
            house.cut()
        house.show(stage.pictures[number % len(stage.pictures)], number / FPS)
    return house.scorer.state()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with ucsd_ped2 and footage/vtest.avi")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--config", type=Path, help="instead of the default configuration")
    parser.add_argument("--footage", nargs="+", default=["ucsd_ped2", "vtest"])
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    given = config.load(asked.config) if asked.config else config.of_source("bench")
    sections = fitted_to(unbudgeted(given, LENGTH_S), LENGTH_S)
    prepare_torch([sections], 1)
    sys.stdout.write(f"| {' | '.join(COLUMNS)} |\n| {' | '.join('---' for _ in COLUMNS)} |\n")
    for name in asked.footage:
        stages = {seed: stage_of(name, asked.data, seed) for seed in asked.seeds}
        with tempfile.TemporaryDirectory() as folder:
            known = learned(next(iter(stages.values())), sections, Path(folder))
            for seed, stage in stages.items():
                for marked in stage.types:
                    sys.stderr.write(f"{name}: {marked}, seed {seed}\n")
                    acts = play(stage, marked, seed)
                    house = shown(stage, sections, known, acts, Path(folder))
                    sys.stdout.write(line(stage, marked, seed, house, acts) + "\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
