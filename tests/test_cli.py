"""The commands, as a person and as a program use them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from detectors.features.lite0 import runtimes, weights
from monitor import daemon, logs, roles
from monitor.alerting.store import EventStore
from monitor.cli import main
from monitor.config import Config, IpcOptions, dump, socket_dir
from monitor.config.places import store_path
from monitor.deciding.valve import Budget, Valve
from monitor.roles import capture
from monitor.types import Event, Phase, State

CONFIGS = Path(__file__).parents[1] / "configs"
COMMANDS = [
    "run",
    "check",
    "scan",
    "evaluate",
    "budget",
    "compare",
    "promote",
    "models",
    "rollback",
    "events list",
    "events show",
    "events export",
    "events protect",
    "events unprotect",
    "events delete",
    "sinks list",
    "sinks dead",
    "sinks resend",
    "sinks test",
    "events feedback",
    "feedback list",
    "feedback undo",
]
# Half a second is what a person takes for "at once"; a loaded machine gets the best of several tries.
AT_ONCE_S = 0.5

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="cli")
def _cli(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process; gives exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


@pytest.fixture(name="data_dir")
def _data_dir(tmp_path: Path) -> Path:
    """A data folder with two stored events."""
    store = EventStore.open(store_path(tmp_path))
    day_ns = 86_400 * 1_000_000_000
    store.record(
        [_event("aaaa000011112222", "gate", 20_000 * day_ns), _event("bbbb000011112222", "door", 20_001 * day_ns)],
        {},
        0,
    )
    store.close()
    return tmp_path


def _event(event_id: str, camera: str, began_ns: int) -> Event:
    return Event(
        id=event_id, camera=camera, phase=Phase.CLOSED, began_ns=began_ns, ended_ns=began_ns + 2_500_000_000,
        began_pts=12.0, ended_pts=14.5, peak_ns=began_ns + 1, score=4.5, limit=3.0, p_value=0.001, frames=25,
        state=State.ACTIVE, reasons=(), cause="quiet", snapshot="snapshots/x.jpg", overlay=None, clip=None,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples(cli: Run, command: str) -> None:
    """`--help` says what a command does and shows how it is called."""
    code, out, _ = cli(*command.split(), "--help")
    assert code == 0
    assert f"    rareframe {command}" in out.partition("Examples:")[2]


def test_the_version_is_told(cli: Run) -> None:
    """`--version` names the program and its version."""
    code, out, _ = cli("--version")
    assert (code, out.split()[0]) == (0, "rareframe")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing command"),
        (["chekc"], "Did you mean 'check'?"),
        (["events"], "Missing command"),
        (["scan", "--out", "x"], "Missing argument 'FILE"),
        (["scan", "nothing.mp4", "--out", "x"], "expected recordings, got nothing at nothing.mp4"),
        (["evaluate", "nothing"], "'nothing' does not exist"),
        (["evaluate", ".", "--protocol", "p3"], "p1-frozen"),
        (["run", "a.yaml", "--source", "b"], "expected a CONFIG or --source, got both"),
        (["run", "nothing.yaml"], "nothing.yaml: expected a readable file"),
        (["run", "--source", "gopher://x/y"], "command line: --source: expected a URL that begins with"),
        (["run", "--role", "cook"], "capture"),
        (["check", "nothing.yaml"], "nothing.yaml: expected a readable file"),
        (["events", "list", "--since", "yesterday"], "yesterday"),
    ],
)
def test_wrong_usage_costs_one_line_and_exit_code_2(cli: Run, arguments: list[str], words: str) -> None:
    """One line on standard error that says what was wrong; nothing on standard output; no traceback."""
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["scan", "evaluate"])
@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("device: cuda:99", "got cuda:99; use auto or cpu"),
        (
            "detectors: [{name: looks, feature: {kind: cnn, runtime: opencv}, model: {kind: zscore}}]",
            "pip install no-such-model",
        ),
    ],
)
def test_what_is_not_there_to_compute_with_costs_one_line_and_exit_code_2(
    cli: Run, tmp_path: Path, small_video: Path, monkeypatch: pytest.MonkeyPatch, command: str, setting: str, words: str
) -> None:
    """A GPU or a network that the configuration asks for: what to change or to install, and no traceback."""
    monkeypatch.setattr(weights, "PACKAGE", "no-such-model")
    weights.layers.cache_clear()
    runtimes.network.cache_clear()
    config, data = tmp_path / "site.yaml", tmp_path / "set"
    config.write_text(f'cameras: {{gate: {{source: "demo:"}}}}\n{setting}\n', encoding="utf-8")
    for name in ("train", "test"):
        (data / name).mkdir(parents=True)
        (data / name / "a.mp4").write_bytes(small_video.read_bytes())
    (data / "labels.json").write_text('{"a": [[4, 8]]}', encoding="utf-8")
    given = [str(small_video), "--out", str(tmp_path / "out")] if command == "scan" else [str(data)]
    code, out, err = cli(command, *given, "--config", str(config))
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_check_accepts_a_good_configuration(cli: Run) -> None:
    """A good file is called good, with its cameras."""
    code, out, err = cli("check", str(CONFIGS / "minimal.yaml"))
    assert (code, err) == (0, "")
    assert out.endswith("good; cameras: front_door\n")


def test_check_says_that_passwords_would_travel_in_clear(cli: Run, tmp_path: Path) -> None:
    """It is allowed, as a proxy may stand before; on this host alone, or with a certificate, nothing is said."""
    path = tmp_path / "site.yaml"
    web = "listen: '0.0.0.0:9108', tokens: [{name: robot, role: viewer, token_env: ROBOT}]"
    text = f"cameras: {{a: {{source: x.mp4}}}}\nalerting: {{web: {{{web}}}}}\n"
    path.write_text(text)
    code, _, err = cli("check", str(path))
    assert code == 0
    assert "without `tls`, passwords and tokens travel in clear; set `tls`" in err
    path.write_text(text.replace("0.0.0.0", "127.0.0.1"))
    assert cli("check", str(path))[2] == ""
    path.write_text(text.replace("web: {", "web: {tls: {cert_file: /c.pem, key_file: /k.pem}, "))
    assert cli("check", str(path))[2] == ""


def test_check_tells_every_problem_also_to_programs(cli: Run, tmp_path: Path) -> None:
    """Standard error has a line a problem for people, `--json` has them as data; both exit with 2."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("seed: -1\ncameras: {}\n", encoding="utf-8")
    code, out, err = cli("check", str(bad))
    assert (code, out, len(err.splitlines())) == (2, "", 2)
    code, out, err = cli("check", str(bad), "--json")
    found = json.loads(out)
    assert (code, err, found["ok"]) == (2, "", False)
    assert [(problem["line"], problem["key"]) for problem in found["problems"]] == [(1, "seed"), (2, "cameras")]


def test_events_are_listed_newest_first(cli: Run, data_dir: Path) -> None:
    """One event a line with id, time, camera and how long it lasted; the newest first."""
    code, out, _ = cli("events", "list", "--data-dir", str(data_dir))
    first, second = out.splitlines()
    assert code == 0
    assert first.startswith("bbbb000011112222  2024-10-05 00:00:00Z  door  closed  2.5 s  4.5 > 3")
    assert second.startswith("aaaa000011112222")


def test_a_held_event_is_listed_with_why(cli: Run, data_dir: Path) -> None:
    """Nobody was told of it, so whoever looks must see that; `show` and the exported table say it too."""
    held = replace(_event("cccc000011112222", "door", 0), state=State.CALIBRATING)
    store = EventStore.open(store_path(data_dir))
    store.record([held], {}, 0, Valve({"door": Budget(alerts_per_day=3.0, early_alerts=0)}))
    store.close()
    _, out, _ = cli("events", "list", "--data-dir", str(data_dir))
    assert [line.endswith("(held: still learning)") for line in out.splitlines()] == [False, False, True]
    _, out, _ = cli("events", "show", "cccc", "--data-dir", str(data_dir))
    assert "held      still learning: nobody was told of it at once\n" in out
    _, out, _ = cli("events", "export", "--format", "csv", "--data-dir", str(data_dir))
    assert [row["held"] for row in csv.DictReader(io.StringIO(out))] == ["still learning", "", ""]


def test_events_are_filtered_and_given_to_programs(cli: Run, data_dir: Path) -> None:
    """Camera and times narrow the list; `--json` gives whole events."""
    _, out, _ = cli("events", "list", "--data-dir", str(data_dir), "--camera", "gate", "--json")
    assert [event["id"] for event in json.loads(out)] == ["aaaa000011112222"]
    _, out, _ = cli("events", "list", "--data-dir", str(data_dir), "--since", "2024-10-04T12:00:00", "--json")
    assert [event["id"] for event in json.loads(out)] == ["bbbb000011112222"]


def test_an_event_is_shown_by_the_beginning_of_its_id(cli: Run, data_dir: Path) -> None:
    """A unique beginning will do, and the pictures' places are told; anything else is refused."""
    code, out, _ = cli("events", "show", "aaaa", "--data-dir", str(data_dir))
    assert code == 0
    assert f"snapshot  {data_dir}/snapshots/x.jpg" in out
    code, _, err = cli("events", "show", "cccc", "--data-dir", str(data_dir))
    assert (code, err) == (
        1,
        "rareframe: event cccc: expected one event, got none; `rareframe events list` shows their ids\n",
    )


def test_events_are_exported_oldest_first(cli: Run, data_dir: Path) -> None:
    """JSON lines and CSV hold every event."""
    out_file = data_dir / "out.jsonl"
    assert cli("events", "export", "--data-dir", str(data_dir), "--out", str(out_file))[0] == 0
    assert [json.loads(line)["camera"] for line in out_file.read_text(encoding="utf-8").splitlines()] == [
        "gate",
        "door",
    ]
    _, out, _ = cli("events", "export", "--data-dir", str(data_dir), "--format", "csv")
    head, *rows = out.splitlines()
    assert head.startswith("id,camera,phase,began_ns")
    assert [row.split(",")[1] for row in rows] == ["gate", "door"]


def test_a_folder_without_a_store_is_an_error_of_one_line(cli: Run, tmp_path: Path) -> None:
    """Looking into the wrong folder says so and makes nothing there."""
    code, out, err = cli("events", "list", "--data-dir", str(tmp_path))
    assert (code, out) == (1, "")
    path = store_path(tmp_path)
    advice = "expected an event store, got nothing; name the daemon's folder with --data-dir"
    assert err == f"rareframe: {path}: {advice}\n"
    assert list(tmp_path.iterdir()) == []


def test_help_is_there_at_once_and_loads_nothing_heavy() -> None:
    """Neither `--help` nor shell completion waits for torch, a decoder or a socket library."""
    code = (
        "import sys, monitor.cli\n"
        "try: monitor.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'cv2', 'av', 'zmq', 'sklearn', 'numpy', 'pydantic', 'rich'}\n"
        "print(*(heavy & set(sys.modules)), file=sys.stderr)"
    )
    took_s = []
    for _ in range(3):
        began_s = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        took_s.append(time.perf_counter() - began_s)
        assert done.stderr == "\n"
    assert min(took_s) < AT_ONCE_S


def test_a_closed_pipe_is_no_failure(data_dir: Path) -> None:
    """`rareframe events export | head` ends without a traceback."""
    command = f"{sys.executable} -c 'from monitor.cli import main; main()' events export --data-dir {data_dir} | true"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [(), ("--source", "street.mp4"), (str(CONFIGS / "minimal.yaml"),)])
def test_a_process_that_the_daemon_starts_reads_what_the_daemon_read(
    cli: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """What the daemon writes down for its processes is, read by one of them, the daemon's own configuration."""
    file = tmp_path / "config.yaml"
    read: list[Config] = []

    def run_daemon(config: Config) -> int:
        read.append(config)
        file.write_text(dump(config), encoding="utf-8")
        return cli("run", str(file), "--role", "capture", "--parent", str(os.getppid()))[0]

    def run_role(config: Config, stop: Callable[[], bool], _: str) -> int:
        read.append(config)
        return 1 if stop() else 0

    monkeypatch.setattr(daemon, "run", run_daemon)
    monkeypatch.setattr(capture, "run", run_role)
    monkeypatch.setattr(roles, "stop_on_signals", lambda: lambda: False)
    monkeypatch.setattr(logs, "set_up", lambda *_, **__: None)
    code, _, _ = cli("run", *arguments, "--data-dir", str(tmp_path), "--log-dir", str(tmp_path / "logs"), "--plain")
    assert code == 0
    assert read[0].logging.dir == tmp_path / "logs"
    # Started alone, a process finds the folder where the others are; the daemon has made one before it writes.
    assert read[1].transport == IpcOptions(dir=socket_dir(tmp_path))
    assert read[1].model_copy(update={"transport": read[0].transport}) == read[0]


def test_a_role_stops_when_its_parent_is_gone(cli: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process whose supervisor was killed does not go on alone."""
    monkeypatch.setattr(capture, "run", lambda _, stop, __: 0 if stop() else 1)
    monkeypatch.setattr(roles, "stop_on_signals", lambda: lambda: False)
    monkeypatch.setattr(logs, "set_up", lambda *_, **__: None)
    arguments = ("run", "--role", "capture", "--data-dir", str(tmp_path))
    assert cli(*arguments, "--parent", "1")[0] == (0 if os.getppid() != 1 else 1)
    assert cli(*arguments)[0] == 1


SITE = """
data_dir: {data}
cameras:
  gate: {{source: "demo:", shadow: {{budget: {{alerts_per_day: 10}}}}}}
  door: {{source: "demo:"}}
"""


@pytest.fixture(name="site")
def _site(data_dir: Path) -> tuple[str, str]:
    """The option that names a configuration in which camera gate has a shadow."""
    path = data_dir / "site.yaml"
    path.write_text(SITE.format(data=data_dir), encoding="utf-8")
    return ("--config", str(path))


@pytest.fixture(name="today_ns")
def _today_ns(data_dir: Path) -> int:
    """An hour, near now, that both the camera gate and its shadow watched; of the shadow alone there is an event."""
    hour = int(time.time() // 3600)
    store = EventStore.open(store_path(data_dir))
    store.note_watched({("gate", shadow, hour): 1800.0 for shadow in (False, True)})
    told = replace(_event("dddd000011112222", "gate", hour * 3600 * 1_000_000_000), shadow=True)
    store.record([told], {}, 0)
    store.close()
    return told.began_ns


def test_what_a_shadow_raised_is_listed_only_when_asked_for(cli: Run, data_dir: Path, today_ns: int) -> None:
    """Not by `events list` or `export`; with `--shadow`, and by its id, which says whose it is."""
    where = ("--data-dir", str(data_dir))
    assert "dddd" not in cli("events", "list", *where)[1] + cli("events", "export", *where)[1]
    _, out, _ = cli("events", "list", "--shadow", *where)
    assert [line.split()[0] for line in out.splitlines()] == ["dddd000011112222"]
    _, out, _ = cli("events", "show", "dddd", *where)
    assert "shadow    nobody was told: the camera's shadow raised it\n" in out


def test_camera_and_shadow_are_compared_for_people_and_programs(
    cli: Run, data_dir: Path, site: tuple[str, str], today_ns: int
) -> None:
    """Days with counts, and what only one of the two raised with its picture."""
    code, out, _ = cli("compare", *site)
    assert code == 0
    row = next(line.split() for line in out.splitlines() if line.split()[:1] == ["gate"])
    assert row[2:] == ["30", "min", "30", "min", "0", "1", "0", "0", "1"]
    assert re.search(r"^only shadow +\S+ \S+Z  gate  4.5 > 3", out, re.MULTILINE)
    assert f"{data_dir}/snapshots/x.jpg" in out
    told = json.loads(cli("compare", *site, "--json")[1])
    [day], [difference] = told["days"], told["differences"]
    assert (day["camera"], day["both"], day["only_live"], day["only_shadow"]) == ("gate", 0, 0, 1)
    assert (day["live"]["alerts"], day["shadow"]) == (0, {"watched_s": 1800.0, "alerts": 1, "held": 0})
    assert (difference["only"], difference["id"], difference["score"]) == ("shadow", "dddd000011112222", 4.5)
    assert difference["snapshot"] == f"{data_dir}/snapshots/x.jpg"


def test_that_there_is_nothing_to_compare_is_said_plainly(
    cli: Run, data_dir: Path, site: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No shadow, none of that camera, no such camera, or no store at all: each in words."""
    code, out, _ = cli("compare", "--camera", "gate", "--days", "3", *site)
    assert (code, len(out.splitlines())) == (0, 1)
    assert out.startswith("no shadow of camera gate watched anything from ")
    assert json.loads(cli("compare", "--json", *site)[1])["days"] == []
    empty = tmp_path_factory.mktemp("empty")
    code, out, err = cli("compare", "--data-dir", str(empty))
    assert (code, out) == (1, "")
    assert "expected an event store, got nothing" in err


def test_a_shadow_is_promoted_and_undone(cli: Run, data_dir: Path, site: tuple[str, str]) -> None:
    """Each time it is told what was done, twice is nothing to do, and the budget shown is that of who is live."""
    assert cli("budget", *site)[1] == "gate: about 3 alerts a day\ndoor: about 3 alerts a day\n"
    code, out, _ = cli("promote", "gate", *site)
    assert code == 0
    assert out.startswith("gate: what stands under `shadow` is live from now on")
    assert "move the keys of `shadow`" in out
    assert "note: the shadow of gate watched nothing in the last day" in out
    assert cli("promote", "gate", *site)[1] == "gate: nothing to do; its candidate is live already\n"
    assert cli("budget", *site)[1].startswith("gate: about 10 alerts a day\n")
    assert cli("budget", "8", "--camera", "gate", *site)[1] == (
        "gate: about 8 alerts a day (the configuration says 10)\n"
    )
    cli("budget", "--reset", "--camera", "gate", *site)
    assert cli("promote", "gate", "--undo", *site)[1].startswith("gate: its own configuration is live again")
    assert cli("promote", "gate", "--undo", *site)[1] == "gate: nothing to do; its own configuration is live\n"
    assert cli("budget", *site)[1].startswith("gate: about 3 alerts a day\n")
    with closing(EventStore.open_read_only(store_path(data_dir))) as store:
        told = [(each.what, each.where, each.detail) for each in reversed(store.audit())][-4:]
        assert {each.who.split(":")[0] for each in store.audit()} == {"cli"}
    assert told == [
        ("promote", "gate", "its shadow is live"),
        ("budget", "gate", "8 alerts a day"),
        ("budget", "gate", "as configured"),
        ("promote", "gate", "undone"),
    ]


@pytest.mark.parametrize(
    ("camera", "words"),
    [
        ("door", "camera door: expected one with a shadow, got none; add `shadow` to its configuration"),
        ("yard", "expected a camera of the configuration (gate, door), got yard"),
    ],
)
def test_what_cannot_be_promoted_costs_one_line(
    cli: Run, data_dir: Path, site: tuple[str, str], camera: str, words: str
) -> None:
    """And nothing is written."""
    assert cli("promote", camera, *site) == (1, "", f"rareframe: {words}\n")
    assert not (data_dir / "wishes.json").exists()


def test_a_password_is_hashed_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never from an argument; too short a one is refused and not repeated."""
    from monitor.web.passwords import parsed  # noqa: PLC0415 - what a running server makes of it

    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    with pytest.raises(SystemExit) as stopped:
        main(["web", "hash-password"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert parsed(out).fits("correct horse battery")
    assert "horse" not in out
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))
    with pytest.raises(SystemExit) as stopped:
        main(["web", "hash-password"])
    told = capsys.readouterr()
    assert stopped.value.code == 1
    assert "expected a password of 10 to 1024 characters, got 7" in told.err
    assert "hunter2" not in told.err + told.out
