"""Every page, in both themes, on a phone and on a desk: it shows what it should, and people can read and reach it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.transport.sender import CLOSED, NEWER_FRAME, RECEIVER_LOST
from monitor.types import State
from monitor.views import Health, Status, Trouble

SIZES = {
    "phone": {"width": 360, "height": 740},
    "desktop": {"width": 1440, "height": 900},
    "wall screen": {"width": 2560, "height": 1440},
}
PAGES = {
    "#/wall": "Wall",
    "#/camera/door": "door",
    "#/events": "Events",
    "#/event/0000000000000001": "Moves faster than anything here.",
    "#/system": "System",
}
# WCAG 2.2, 1.4.3: contrast of text, larger of 24 px or bold 18.66 px may have 3.
CONTRAST = """() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = rgba(getComputedStyle(at).backgroundColor);
            if (colour[3] > 0.99) return colour;
        }
        return [255, 255, 255, 1];
    };
    const poor = [];
    for (const element of document.querySelectorAll("body *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || !element.checkVisibility() || element.closest(":disabled, .unseen, .skip")) continue;
        const style = getComputedStyle(element);
        const [one, two] = [light(rgba(style.color)), light(behind(element))].sort((a, b) => b - a);
        const ratio = (one + 0.05) / (two + 0.05);
        const large = parseFloat(style.fontSize) >= 24;
        if (ratio < (large ? 3 : 4.5)) poor.push(`${element.className}: ${element.textContent.slice(0, 30)}: ${ratio}`);
    }
    return poor;
}"""
UNNAMED = """() => [...document.querySelectorAll("a, button, input, select, video, img, meter, summary, [role=img]")]
    .filter((each) => each.checkVisibility())
    .filter((each) => !(each.ariaLabel || each.title || each.textContent.trim() || each.labels?.length
        || (each.tagName === "IMG" && each.hasAttribute("alt"))))
    .map((each) => each.outerHTML.slice(0, 90))"""
# Of what stands in the header, whatever ends beyond the screen or begins before its neighbour has ended.
BESIDE = """() => [...document.querySelectorAll(".brand, .tools > *, .tools button")]
    .filter((each) => each.checkVisibility())
    .map((each) => [each.className, each.getBoundingClientRect(), each.parentElement])
    .filter(([, box, parent], n, all) => box.right > innerWidth
        || (n && parent === all[n - 1][2] && box.left < all[n - 1][1].right)
        || (n && all[0][1].right > box.left))
    .map(([name]) => name)"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("place", PAGES)
def test_every_page_can_be_read_and_reached(site: Any, look: Callable[..., Any], place: str) -> None:
    """In both themes and all sizes: all text has contrast, each control a name, nothing is wider than the screen."""
    events = [site.event(number, held="over budget" if number else "") for number in range(3)]
    site.stage.cameras = (site.camera("door", last_event=events[0]), site.camera("yard", state=State.BLIND))
    site.minutes("door", [State.WARMING] * 5 + [State.BLIND] * 4 + [State.ACTIVE] * 20)
    site.begin()
    screen = look(reduced_motion="reduce")
    screen.go(place)
    screen.find("h1", has_text=PAGES[place]).wait_for()
    screen.find("main img, main td, main video").first.wait_for()
    _check_readable(screen.page)


def _check_readable(page: Any) -> None:
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            assert page.evaluate(CONTRAST) == [], (size, theme)
            assert page.evaluate(UNNAMED) == [], (size, theme)
            assert page.evaluate(WIDER) <= 0, (size, theme)


def test_why_pictures_were_dropped_is_said(site: Any, look: Callable[..., Any]) -> None:
    """In words for people, whatever the reason."""
    site.begin()
    screen = look()
    screen.go("#/system")
    screen.find("main td", has_text="1 dropped: a newer one came while the worker was busy").first.wait_for()
    reasons = [NEWER_FRAME, RECEIVER_LOST, CLOSED]
    words = "async (all) => { const { dropWords } = await import('/static/js/words.js'); return all.map(dropWords); }"
    assert not set(reasons) & set(screen.page.evaluate(words, reasons))


def test_a_chosen_theme_holds(site: Any, look: Callable[..., Any]) -> None:
    """The button goes from the system's to light to dark, and the choice is there when the page is loaded again."""
    site.begin()
    screen = look(color_scheme="light")
    screen.go("#/system")
    screen.find("h1").wait_for()
    background = "() => getComputedStyle(document.body).backgroundColor"
    light = screen.page.evaluate(background)
    for now in ("as the system", "light"):
        screen.page.get_by_role("button", name=f"Colours: {now}").click()
    dark = screen.page.evaluate(background)
    assert dark != light
    screen.page.reload()
    screen.page.get_by_role("button", name="Colours: dark").wait_for()
    assert screen.page.evaluate(background) == dark


def test_a_login_leads_where_one_wanted(site: Any, look: Callable[..., Any], users: tuple[Any, ...]) -> None:
    """Nothing is shown before, a wrong password says so, viewers cannot change, logging out closes all."""
    site.event(1)
    site.users = users
    site.begin()
    screen = look(quiet=False)
    screen.go("#/event/0000000000000001")
    screen.find("input[name=user]").fill("vera")
    screen.find("input[name=password]").fill("password of somebody else")
    screen.page.get_by_role("button", name="Log in").click()
    screen.find(".wrong", has_text="user or password is wrong").wait_for()
    assert screen.find("main img").count() == 0
    screen.find("input[name=password]").fill("password of vera")
    screen.page.get_by_role("button", name="Log in").click()
    screen.find("h1", has_text="Moves faster").wait_for()
    assert screen.page.get_by_role("button", name="Normal here").is_disabled()
    trouble = Trouble("camera", "yard", "no pictures", 0, "")
    site.stage.health = Health(Status.DEGRADED, can_alert=True, troubles=(trouble,) * 12)
    screen.find(".health", has_text="12 things wrong").wait_for()
    screen.page.set_viewport_size(SIZES["phone"])
    assert screen.page.evaluate(BESIDE) == []
    screen.page.get_by_role("button", name="Log out vera").click()
    screen.find("h1", has_text="Log in").wait_for()
    screen.go("#/wall")
    screen.find("h1", has_text="Log in").wait_for()


def test_the_login_can_be_read_and_reached(site: Any, look: Callable[..., Any], users: tuple[Any, ...]) -> None:
    """As every page; and of what may not be seen nothing is shown."""
    site.event(1)
    site.users = users
    site.begin()
    screen = look(quiet=False, reduced_motion="reduce")
    screen.go("#/wall")
    screen.find("h1", has_text="Log in").wait_for()
    _check_readable(screen.page)
    assert screen.find("main img").count() == 0


def test_heatmaps_are_shown_and_hidden(site: Any, look: Callable[..., Any]) -> None:
    """On the wall and on a camera's page, by the button and by its key."""
    site.begin()
    screen = look()
    for place in ("#/wall", "#/camera/door"):
        screen.go(place)
        button, hot = screen.page.get_by_role("button", name="Heatmap"), screen.find("main img[src*='heatmap=1']")
        screen.find("main img[src*='/cameras/door/picture.jpg']").first.wait_for()
        assert hot.count() == 0
        button.click()
        hot.first.wait_for()
        screen.page.keyboard.press("h")
        screen.page.wait_for_function("() => !document.querySelector(`main img[src*='heatmap=1']`)")


def test_a_camera_s_events_are_marked_on_its_curve(site: Any, look: Callable[..., Any]) -> None:
    """Each leads to the event; the curve is drawn."""
    site.event(2)
    site.minutes("door", [State.ACTIVE] * 300)
    site.begin()
    screen = look()
    screen.go("#/camera/door")
    screen.find(".plot canvas").first.wait_for()
    screen.find(".marks a").first.click()
    screen.find("h1", has_text="Moves faster than anything here.").wait_for()


def test_an_empty_house_says_what_it_waits_for(site: Any, look: Callable[..., Any]) -> None:
    """Without an event the page says what each camera is doing, in the camera's own words."""
    reason = "learning the scene: 212 of at least 600 pictures"
    site.stage.cameras = (site.camera("door", state=State.WARMING, reason=reason),)
    site.begin()
    screen = look()
    screen.go("#/events")
    screen.find(".empty", has_text="No events yet").wait_for()
    screen.find(".empty li", has_text=reason).wait_for()
