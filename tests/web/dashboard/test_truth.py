"""What the pages must never do: show as well what nobody knows, the past as the present, or run what was only text."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from monitor.types import Phase, Reason, State, Verdict
from monitor.views import Status, Trouble

EVIL = "<img src=x onerror=window.broken=1>"
OLD_NS = 1_000_000_000
STANDING = """async ([camera, connection, now]) => {
    const { standing } = await import("/static/js/words.js");
    const { word, tone } = standing(camera, connection, now);
    return [word, tone];
}"""
HELD = {"lost": False, "known": True}
STANDINGS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({}, ("Ordinary", "ok")),
    ({"state": State.WARMING, "verdict": Verdict.UNKNOWN}, ("Learning", "learn")),
    ({"state": State.CALIBRATING, "verdict": Verdict.NORMAL}, ("Learning", "learn")),
    ({"state": State.BLIND, "verdict": None}, ("No picture", "blind")),
    ({"state": State.BLIND, "verdict": Verdict.NORMAL}, ("No picture", "blind")),
    ({"state": State.ACTIVE, "verdict": Verdict.UNKNOWN}, ("Not known", "plain")),
    ({"state": State.ACTIVE, "verdict": None}, ("Not known", "plain")),
    ({"last_frame_ns": OLD_NS}, ("Not known", "plain")),
    ({"state": State.DEGRADED}, ("Degraded", "warn")),
    ({"state": State.BLIND, "ended": True}, ("Ended", "plain")),
    ({"verdict": Verdict.ANOMALOUS}, ("Rare now", "rare")),
]


def test_only_what_is_judged_looks_well(site: Any, look: Callable[..., Any]) -> None:
    """A camera is shown as ordinary if it is active, judged so, by pictures of now, and the connection holds."""
    site.begin()
    screen = look()
    screen.go("#/system")
    now_ms = time.time() * 1000

    def shown(how: dict[str, Any], connection: dict[str, bool]) -> tuple[str, str]:
        view = replace(site.camera("door", last_frame_ns=int(now_ms * 1e6)), picture=None, **how)
        return tuple(screen.page.evaluate(STANDING, [msgspec.to_builtins(view), connection, now_ms]))

    assert [shown(how, HELD) for how, _ in STANDINGS] == [expected for _, expected in STANDINGS]
    for connection in ({"lost": True, "known": True}, {"lost": False, "known": False}):
        assert {shown(how, connection) for how, _ in STANDINGS} == {("Not known", "plain")}


def test_minutes_that_nobody_knows_are_not_drawn_over(site: Any, look: Callable[..., Any]) -> None:
    """Missing minutes are a state of their own without score, and count as not watched."""
    site.begin()
    screen = look()
    screen.go("#/system")
    code = """async () => {
        const { whole, stretches, coverage } = await import("/static/js/history.js");
        const states = ["active", "active", "blind"];
        const minutes = whole({
            minutes: [6000, 6060, 6240], score: [1, 2, null], limit: [3, 3, null], state: states, known_s: [60, 30, 0],
            detectors: { speed: [5, 6, null] },
        });
        return [minutes.score, minutes.detectors.speed, stretches(minutes).map((each) => each.state),
            coverage(minutes, 6000, 6300)];
    }"""
    score, speed, stretches, coverage = screen.page.evaluate(code)
    assert score == [1, 2, None, None, None]
    assert speed == [5, 6, None, None, None]
    assert stretches == ["active", "off", "blind"]
    assert coverage == {"knownS": 90, "wholeS": 300, "states": {"active": 2, "off": 2, "blind": 1}}


def test_a_lost_connection_is_said_and_nothing_looks_well(site: Any, look: Callable[..., Any]) -> None:
    """The banner tells of when what is seen is; it goes when the server is back."""
    site.begin()
    screen = look(quiet=False)
    screen.go("#/wall")
    screen.find(".badge[data-tone=ok]").nth(1).wait_for()
    site.end()
    screen.find(".banner", has_text="Connection lost: what you see is from").wait_for()
    assert screen.find("[data-tone=ok]").count() == 0
    assert screen.find(".badge", has_text="Not known").count() == 2
    site.begin()
    screen.find(".badge[data-tone=ok]").nth(1).wait_for()
    assert screen.find(".banner").is_hidden()


def test_an_event_is_told_at_once(site: Any, look: Callable[..., Any]) -> None:
    """The wall turns rare with the reason's words; the list of events offers what is new."""
    site.begin()
    wall, listed = look(), look()
    wall.go("#/wall")
    wall.find(".badge[data-tone=ok]").nth(1).wait_for()
    listed.go("#/events")
    listed.find(".empty").wait_for()
    event = site.event(0, phase=Phase.OPENED, cause=None, clip=None)
    site.stage.recent = (event,)
    site.stage.cameras = (site.camera("door", open_event=event, verdict=Verdict.ANOMALOUS), site.stage.cameras[1])
    wall.find("article[data-key=rare] .why", has_text="Moves faster than anything here.").wait_for()
    assert wall.page.title().startswith("(1 rare now)")
    listed.page.get_by_role("button", name="1 new: show").click()
    listed.find(".event .tag", has_text="Going on").wait_for()


def test_what_is_wrong_is_shown_with_its_remedy(site: Any, look: Callable[..., Any]) -> None:
    """And the word in the corner says that not all is well."""
    trouble = Trouble("sink", "ops", "https://ops.example answered 404", OLD_NS, "correct the url")
    site.stage.health = replace(site.stage.health, status=Status.DEGRADED, troubles=(trouble,))
    site.begin()
    screen = look()
    screen.go("#/wall")
    screen.find(".trouble", has_text="Correct the url.").wait_for()
    assert screen.find(".health").inner_text() == "1 thing wrong"


def test_names_and_notes_are_text(site: Any, look: Callable[..., Any]) -> None:
    """Markup in a camera's name, a reason, a trouble or a note is shown as it was written, and does nothing."""
    site.event(1, camera=EVIL, reasons=(Reason(EVIL, EVIL, 0.001, None),), cause=EVIL, held=EVIL)
    site.stage.cameras = (site.camera(EVIL, state=State.DEGRADED, reason=EVIL),)
    site.stage.health = replace(site.stage.health, troubles=(Trouble("camera", EVIL, EVIL, OLD_NS, EVIL),))
    site.store.add_feedback("0000000000000001", "normal", EVIL, OLD_NS, note=EVIL)
    site.begin()
    screen = look()
    for place, where in (
        ("#/wall", "article h2"),
        ("#/camera/" + EVIL.replace(" ", "%20"), ".told li p"),
        ("#/events", ".event .what"),
        ("#/event/0000000000000001", "h1"),
        ("#/system", "td"),
    ):
        screen.go(place)
        screen.find(where, has_text=EVIL).first.wait_for()
        assert screen.page.evaluate("() => [window.broken ?? 0, document.querySelectorAll('[src=x]').length]") == [0, 0]
