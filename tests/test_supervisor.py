"""What `monitor.supervisor` promises: the dead come back, the hung are ended, and everything stops in order."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.processes import spawn
from monitor.supervisor import ChildSpec, Limits, Supervisor, heartbeats_from
from monitor.transport import Context, Policy, Receiver, Sender, ipc_endpoint, private_directory
from monitor.types import LOOP_ENDED, Heartbeat, ProcessReport

LIMIT_S = 20.0  # for what takes a moment on an idle machine
LIMITS = Limits(startup_s=60, silence_s=30, stop_s=10, first_delay_s=1, longest_delay_s=8, healthy_s=100, report_s=1000)


class FakeProcess:
    """A process that does what a test says."""

    def __init__(self, pid: int, name: str, journal: list[str]) -> None:
        self.pid, self.name, self.journal = pid, name, journal
        self.code: int | None = None
        self.obeys = (signal.SIGTERM, signal.SIGKILL)
        self.unreachable = False

    def poll(self) -> int | None:
        """Its exit code."""
        return self.code

    def send_signal(self, sig: int) -> None:
        """Note it, and die if it is one that this process obeys."""
        self.journal.append(f"{signal.Signals(sig).name} {self.name}")
        if self.unreachable:
            raise PermissionError(1, "not permitted")
        if sig in self.obeys:
            self.code = -sig


class House:
    """A supervisor of fake processes and a clock that is moved by hand."""

    def __init__(
        self,
        names: Sequence[str] = ("capture", "worker", "alert"),
        limits: Limits = LIMITS,
        after: Mapping[str, str] | None = None,
    ) -> None:
        self.now_s = 0.0
        self.journal: list[str] = []
        self.lives: dict[str, list[FakeProcess]] = {name: [] for name in names}
        self.reports: list[ProcessReport] = []
        self.missing: set[str] = set()
        specs = [ChildSpec(name, (name,), order, (after or {}).get(name)) for order, name in enumerate(names)]
        self.supervisor = Supervisor(
            specs, report=self.reports.append, boot="b", limits=limits, spawn=self.spawn, wall_ns=lambda: 7
        )

    def spawn(self, argv: Sequence[str]) -> FakeProcess:
        """Start a fake process, unless its program is missing."""
        if argv[0] in self.missing:
            raise FileNotFoundError(2, "no such program", argv[0])
        self.journal.append(f"start {argv[0]}")
        process = FakeProcess(100 + len(self.journal), argv[0], self.journal)
        self.lives[argv[0]].append(process)
        return process

    def turn(self, after_s: float = 0.0, *beats: Heartbeat) -> bool:
        """One turn, later."""
        self.now_s += after_s
        return self.supervisor.run_once(self.now_s, beats)

    def beat(self, name: str, progress: int, loop: str = "main") -> Heartbeat:
        """A heartbeat of the present life of `name`."""
        return Heartbeat(name, loop, self.lives[name][-1].pid, progress)


def test_children_start_from_the_end_of_the_route() -> None:
    """Whoever receives is there before whoever sends."""
    house = House()
    assert house.turn()
    assert house.journal == ["start alert", "start worker", "start capture"]


def test_a_dead_child_comes_back_and_the_others_go_on() -> None:
    """A death is followed by one restart of that child after the first delay, and is reported both times."""
    house = House()
    house.turn()
    house.lives["worker"][0].code = -9
    house.turn(5)
    house.turn(0.9)
    assert len(house.lives["worker"]) == 1
    house.turn(0.2)
    assert {name: len(lives) for name, lives in house.lives.items()} == {"capture": 1, "worker": 2, "alert": 1}
    told = [(report.up, report.restarts, report.pid > 0) for report in house.reports if report.process == "worker"]
    assert told[-2:] == [(False, 0, False), (True, 1, True)]


def test_leaving_in_peace_counts_as_a_death() -> None:
    """A role has nothing to finish: exit code 0 that nobody asked for is followed by a restart."""
    house = House(["alert"])
    house.turn()
    house.lives["alert"][0].code = 0
    house.turn(1)
    house.turn(1)
    assert len(house.lives["alert"]) == 2


def crash_gaps(house: House, name: str, crashes: int) -> list[float]:
    """Let each life of `name` crash at once; seconds from each death to the next start."""
    gaps = []
    for _ in range(crashes):
        house.turn()
        lives = len(house.lives[name])
        house.lives[name][-1].code = 1
        house.turn()
        died_s = house.now_s
        while len(house.lives[name]) == lives:
            house.turn(0.25)
        gaps.append(house.now_s - died_s)
    return gaps


def test_a_child_that_always_crashes_is_started_ever_more_seldom() -> None:
    """The gaps double up to a cap, and it is never given up."""
    assert crash_gaps(House(["worker"]), "worker", 6) == [1, 2, 4, 8, 8, 8]


def test_a_healthy_spell_forgives() -> None:
    """After a long life the first delay holds again."""
    house = House(["worker"])
    crash_gaps(house, "worker", 4)
    for progress in range(10):
        house.turn(11, house.beat("worker", progress))
    assert crash_gaps(house, "worker", 2) == [1, 2]


def test_a_program_that_cannot_be_started_is_tried_again() -> None:
    """A missing program delays that child only."""
    house = House()
    house.missing = {"worker"}
    house.turn()
    assert house.journal == ["start alert", "start capture"]
    house.missing = set()
    house.turn(1)
    assert house.journal[-1] == "start worker"


def test_a_hung_loop_is_ended_and_restarted() -> None:
    """Beats without progress do not help: SIGTERM after the limit, and a new life follows."""
    house = House(["worker"])
    house.turn()
    for progress in (1, 2, 2, 2, 2):
        house.turn(10, house.beat("worker", progress))
    assert house.journal == ["start worker"]
    house.turn(1, house.beat("worker", 2))
    assert house.journal == ["start worker", "SIGTERM worker"]
    house.turn(0.1)
    house.turn(1)
    assert house.journal[-1] == "start worker"


def test_one_silent_loop_among_busy_ones_is_enough() -> None:
    """A camera that hangs is not covered up by the others of its process."""
    house = House(["capture"])
    house.turn()
    house.turn(1, house.beat("capture", 1, "camera a"), house.beat("capture", 1, "camera b"))
    for progress in range(2, 6):
        house.turn(10, house.beat("capture", progress, "camera a"))
    assert "SIGTERM capture" in house.journal


def test_a_loop_that_says_it_is_over_may_be_silent() -> None:
    """A recording that came to its end is not a hung camera."""
    house = House(["capture"])
    house.turn()
    house.turn(1, house.beat("capture", 5))
    house.turn(1, house.beat("capture", LOOP_ENDED))
    for _ in range(10):
        house.turn(100)
    assert house.journal == ["start capture"]


def test_a_slow_start_is_not_a_hang_but_an_endless_one_is() -> None:
    """Until its first beat a child has the longer limit."""
    house = House(["worker"])
    house.turn()
    house.turn(59)
    assert house.journal == ["start worker"]
    house.turn(2)
    assert house.journal == ["start worker", "SIGTERM worker"]


def test_a_machine_that_is_busy_for_long_does_not_keep_a_child_from_starting() -> None:
    """A start that takes five minutes succeeds in the end: each try has twice as long, until one is heard."""
    house = House(["worker"])
    while not house.supervisor._children[0].heard:
        life = house.lives["worker"][-1] if house.lives["worker"] else None
        if life is not None and life.code is None and house.now_s - house.supervisor._children[0].started_s > 300:
            house.turn(1, house.beat("worker", 1))
        house.turn(1)
        assert house.now_s < 2000
    assert house.journal == ["start worker", "SIGTERM worker"] * 3 + ["start worker"]
    house.lives["worker"][-1].code = -9
    house.turn()
    house.turn(9)
    house.turn(61)
    assert house.journal[-2:] == ["start worker", "SIGTERM worker"]


def test_a_beat_that_comes_after_it_was_told_to_stop_does_not_make_a_start_quick() -> None:
    """Or each try would be as short as the first, for ever."""
    house = House(["worker"])
    house.turn()
    house.lives["worker"][-1].obeys = ()
    house.turn(61)
    house.turn(5, house.beat("worker", 0))
    house.lives["worker"][-1].code = -15
    house.turn(1)
    house.turn(9)
    assert len(house.lives["worker"]) == 2
    house.turn(100)
    assert house.journal == ["start worker", "SIGTERM worker", "start worker"]


def test_beats_of_a_former_life_or_a_stranger_count_for_nothing() -> None:
    """Only the child that runs now can prove that it is alive."""
    house = House(["worker"])
    house.turn()
    house.turn(50, Heartbeat("worker", "main", 99999, 1))
    house.turn(11)
    assert house.journal[-1] == "SIGTERM worker"


def test_a_child_that_ignores_sigterm_is_killed() -> None:
    """SIGKILL follows when the patience is over, not before, and then a new life."""
    house = House(["worker"])
    house.turn()
    house.lives["worker"][0].obeys = (signal.SIGKILL,)
    house.turn(61)
    house.turn(9)
    assert house.journal == ["start worker", "SIGTERM worker"]
    house.turn(1)
    assert house.journal[-1] == "SIGKILL worker"
    house.turn(0.1)
    house.turn(1)
    assert house.journal[-1] == "start worker"


def test_the_stop_goes_down_the_route() -> None:
    """Each child is told only after the one before it has ended; then the turns are over with code 0."""
    house = House()
    house.turn()
    house.lives["worker"][0].obeys = (signal.SIGKILL,)
    house.supervisor.stop()
    turns = 0
    while house.turn(1):
        turns += 1
        assert turns < 100
    assert house.journal[3:] == ["SIGTERM capture", "SIGTERM worker", "SIGKILL worker", "SIGTERM alert"]
    assert house.supervisor.exit_code == 0


def test_a_child_that_cannot_be_signalled_does_not_strand_the_others() -> None:
    """Each step of the stop is isolated: one that fails for good is left behind, and the rest still ends."""
    house = House()
    house.turn()
    house.lives["capture"][0].unreachable = True
    house.supervisor.stop()
    turns = 0
    while house.turn(1):
        turns += 1
        assert turns < 100
    assert house.journal[-2:] == ["SIGTERM worker", "SIGTERM alert"]


def test_nothing_is_started_while_stopping() -> None:
    """A child that was waiting for its restart stays down."""
    house = House()
    house.turn()
    house.lives["worker"][0].code = 1
    house.turn(0.1)
    house.supervisor.stop()
    while house.turn(5):
        pass
    assert len(house.lives["worker"]) == 1


def test_a_configuration_error_stops_everything() -> None:
    """Exit code 2 is not tried again: the others are stopped in order, and the supervisor exits with it."""
    house = House()
    house.turn()
    house.lives["worker"][0].code = 2
    while house.turn(1):
        pass
    assert house.journal[3:] == ["SIGTERM capture", "SIGTERM alert"]
    assert house.supervisor.exit_code == 2


def test_a_child_waits_for_the_one_it_comes_after_but_not_for_ever() -> None:
    """What it sends would be in vain before; once started it comes back without waiting, and nobody calls it down."""
    for heard in (True, False):
        house = House(after={"capture": "worker"})
        house.turn()
        assert house.journal == ["start alert", "start worker"]
        beats = [house.beat("worker", 0)] if heard else []
        house.turn(1.0, *beats)
        assert ("start capture" in house.journal) is heard
        house.turn(10.0)
        assert house.journal.count("start capture") == 1
        assert all(report.up for report in house.reports)


def test_a_child_that_ends_in_the_ordered_stop_is_not_reported_down() -> None:
    """People are told of trouble only."""
    house = House()
    house.turn()
    house.supervisor.stop()
    while house.turn(6):
        pass
    assert all(report.up for report in house.reports)


def test_reports_are_repeated() -> None:
    """Who starts listening late still learns how every child is."""
    house = House(limits=replace(LIMITS, report_s=5))
    house.turn()
    house.reports.clear()
    house.turn(5)
    assert [(report.process, report.up, report.boot, report.wall_ns) for report in house.reports] == [
        ("alert", True, "b", 7),
        ("worker", True, "b", 7),
        ("capture", True, "b", 7),
    ]


EVENTS = st.lists(
    st.tuples(st.sampled_from(["die", "hang", "beat", "wait", "config"]), st.integers(0, 2), st.floats(0, 50)),
    max_size=60,
)


@given(EVENTS)
@settings(max_examples=100, deadline=None)
def test_never_two_lives_of_one_child(events: list[tuple[str, int, float]]) -> None:
    """Whatever happens, a child is started only after its last life ended, and a stop comes to an end."""
    house = House()
    for event, index, seconds in events:
        name = list(house.lives)[index]
        life = house.lives[name][-1] if house.lives[name] else None
        beats = []
        if life is not None and event == "die":
            life.code = 1
        elif life is not None and event == "config":
            life.code = life.code or 2
        elif life is not None and event == "hang":
            life.obeys = (signal.SIGKILL,)
        elif life is not None and event == "beat":
            beats = [house.beat(name, int(seconds))]
        house.turn(seconds, *beats)
        for lives in house.lives.values():
            assert sum(life.code is None for life in lives) <= 1
    house.supervisor.stop()
    turns = 0
    while house.turn(1):
        turns += 1
        assert turns < 100
    assert all(life.code is not None for lives in house.lives.values() for life in lives)


# Below, real processes.

SLEEPER = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({0!r}, 'w'); time.sleep(60)"
QUICK = Limits(startup_s=60, silence_s=0.3, stop_s=0.5, first_delay_s=0.05, longest_delay_s=1, healthy_s=100)


class Street:
    """A supervisor of real processes, turned by the test."""

    def __init__(self, scripts: dict[str, str], limits: Limits = QUICK) -> None:
        self.reports: list[ProcessReport] = []
        self.started: list[tuple[str, float]] = []
        specs = [
            ChildSpec(name, (sys.executable, "-S", "-c", code), n) for n, (name, code) in enumerate(scripts.items())
        ]
        self.supervisor = Supervisor(specs, report=self.reports.append, boot="b", limits=limits)

    def pid(self, name: str) -> int:
        """Its pid as last reported; 0 while it is down."""
        return next((report.pid for report in reversed(self.reports) if report.process == name), 0)

    def turn(self, *beats: Heartbeat) -> bool:
        """One turn, now."""
        return self.supervisor.run_once(time.monotonic(), beats)

    def until(self, true: Callable[[], bool], *beats: Heartbeat) -> None:
        """Turn until it is `true`."""
        end = time.monotonic() + LIMIT_S
        while not true():
            assert time.monotonic() < end, "it never became true"
            self.turn(*beats)
            time.sleep(0.01)

    def end(self) -> None:
        """Stop everything."""
        self.supervisor.stop()
        self.until(lambda: not self.turn())


@pytest.fixture
def street() -> Iterator[Callable[..., Street]]:
    """A maker of supervisors of real processes, stopped afterwards."""
    made: list[Street] = []

    def make(scripts: dict[str, str], limits: Limits = QUICK) -> Street:
        made.append(Street(scripts, limits))
        made[-1].turn()
        return made[-1]

    yield make
    for each in made:
        each.end()


def alive(pid: int) -> bool:
    """Whether a process has this pid and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_kill_9_brings_a_new_process(street: Callable[..., Street]) -> None:
    """A really killed process is really replaced, and its neighbour keeps its pid."""
    there = street({"capture": SLEEPER, "worker": SLEEPER})
    neighbour, victim = there.pid("capture"), there.pid("worker")
    os.kill(victim, signal.SIGKILL)
    there.until(lambda: there.pid("worker") not in (0, victim))
    assert alive(there.pid("worker"))
    assert there.pid("capture") == neighbour
    assert alive(neighbour)


def test_a_real_hung_process_is_replaced(street: Callable[..., Street], tmp_path: Path) -> None:
    """A process that beats without progress and ignores SIGTERM is gone in the end, and another one runs."""
    mark = tmp_path / "deaf"
    there = street({"worker": DEAF.format(str(mark))})
    there.until(mark.exists)
    hung = there.pid("worker")
    there.until(lambda: there.pid("worker") not in (0, hung), Heartbeat("worker", "scoring", hung, 5))
    assert not alive(hung)
    assert alive(there.pid("worker"))


def test_really_stopped_in_order(tmp_path: Path, street: Callable[..., Street]) -> None:
    """Each process ends before the next one is told to, and none is left."""
    journal = tmp_path / "journal"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep(0.05)\n"
        f"    open({str(journal)!r}, 'a').write('{{0}} ')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"open({str(tmp_path)!r} + '/{{0}}', 'w')\n"
        "while True: time.sleep(0.01)\n"
    )
    names = ("capture", "worker", "alert")
    there = street({name: code.format(name) for name in names}, replace(QUICK, stop_s=10))
    there.until(lambda: all((tmp_path / name).exists() for name in names))
    pids = [there.pid(name) for name in names]
    there.end()
    assert journal.read_text().split() == list(names)
    assert not any(alive(pid) for pid in pids)
    assert there.supervisor.exit_code == 0


def test_a_real_crashing_process_backs_off(street: Callable[..., Street], tmp_path: Path) -> None:
    """The starts of a process that dies at once grow apart."""
    journal = tmp_path / "journal"
    there = street({"worker": f"import time; open({str(journal)!r}, 'a').write(f'{{time.monotonic()}} '); 1 / 0"})
    there.until(lambda: journal.exists() and len(journal.read_text().split()) >= 5)
    starts = [float(word) for word in journal.read_text().split()]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    for number, gap in enumerate(gaps):
        assert gap >= 0.05 * 2**number


def test_ctrl_c_reaches_only_the_supervisor() -> None:
    """A child has a session of its own, so a terminal's signals pass it by."""
    child = spawn((sys.executable, "-S", "-c", SLEEPER))
    try:
        assert os.getsid(child.pid) == child.pid
        assert os.getpgid(child.pid) != os.getpgid(0)
    finally:
        child.send_signal(signal.SIGKILL)
        while child.poll() is None:
            time.sleep(0.01)


def test_heartbeats_come_over_the_link(tmp_path: Path) -> None:
    """What a loop sends the supervisor hears, in order, and everything is acknowledged."""
    endpoint = ipc_endpoint(private_directory(tmp_path / "run"), "beats")
    with (
        Context() as context,
        Receiver(context, endpoint, window=8) as receiver,
        Sender(context, endpoint, capacity=8, policy=Policy.NEWEST, stop=lambda: False) as sender,
    ):
        hear = heartbeats_from(receiver)
        heard: list[Heartbeat] = []
        sent = [Heartbeat("worker", "scoring", 1, progress) for progress in range(5)]
        for beat in sent:
            sender.send(beat)
        end = time.monotonic() + LIMIT_S
        while sender.pending and time.monotonic() < end:
            sender.pump()
            heard += hear(0.01)
    assert heard == sent


def test_run_turns_until_the_stop_signal() -> None:
    """`run` hears, turns and ends with code 0 when told to stop."""
    house = House(["worker"])
    heard: list[float] = []
    code = house.supervisor.run(lambda: len(heard) > 3, lambda wait_s: heard.append(wait_s) or (), lambda: house.now_s)
    assert code == 0
    assert house.journal == ["start worker", "SIGTERM worker"]
