"""What people do on the pages: with the keyboard, with buttons, with the clip; and what then is stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitor.alerting.claims import bundle_of

FIRST = "0000000000000000"
SECOND = "0000000000000001"
CHOSEN = "() => document.activeElement.dataset.id"


def test_events_are_answered_from_the_keyboard(site: Any, look: Callable[..., Any]) -> None:
    """`j` and `k` walk, `n` says normal, `p` protects, `?` helps, Enter opens, Escape comes back."""
    site.event(0)
    site.event(1)
    site.begin()
    screen = look()
    screen.go("#/events")
    screen.find(".event").nth(1).wait_for()
    keys = screen.page.keyboard
    for key, chosen in (("j", FIRST), ("j", SECOND), ("k", FIRST), ("j", SECOND)):
        keys.press(key)
        assert screen.page.evaluate(CHOSEN) == chosen
    keys.press("n")
    screen.find(".toast", has_text="Marked as normal here").wait_for()
    keys.press("p")
    screen.find(".toast", has_text="Protected").wait_for()
    assert (site.store.listed(SECOND).feedback, site.store.listed(SECOND).protected) == ("normal", True)
    assert (site.store.listed(FIRST).feedback, site.store.listed(FIRST).protected) == ("", False)
    keys.press("?")
    screen.find("dialog[open] dd", has_text="really unusual").wait_for()
    keys.press("Escape")
    keys.press("Enter")
    screen.find(".page-event h1").wait_for()
    assert screen.page.url.endswith(f"#/event/{SECOND}")
    keys.press("k")
    screen.page.wait_for_url(f"**/#/event/{FIRST}")
    screen.find(".page-event h1").wait_for()
    keys.press("Escape")
    screen.find(".page-events h1").wait_for()


def test_feedback_is_posted_and_can_be_taken_back(site: Any, look: Callable[..., Any]) -> None:
    """The button says it with the note beside it; "Undo" is there at once, and in the list of the camera."""
    site.event(1)
    site.begin()
    screen = look()
    screen.go(f"#/event/{SECOND}")
    screen.page.get_by_label("A note to go with it").fill("the postman")
    button = screen.page.get_by_role("button", name="Normal here")
    button.click()
    screen.find(".toast").get_by_role("button", name="Undo").wait_for()
    (given,) = site.store.feedbacks()
    assert (given.kind, given.note, given.undone_ns) == ("normal", "the postman", None)
    assert button.get_attribute("aria-pressed") == "true"
    screen.find(".toast").get_by_role("button", name="Undo").click()
    screen.find(".toast", has_text="Taken back").wait_for()
    assert site.store.feedbacks()[0].undone_ns is not None
    assert button.get_attribute("aria-pressed") == "false"

    screen.page.get_by_role("button", name="Really unusual").click()
    screen.find(".toast", has_text="Marked as really unusual").wait_for()
    screen.go("#/camera/door")
    screen.find(".told li").get_by_role("button", name="Undo").click()
    screen.find(".told li.undone").nth(1).wait_for()
    assert site.store.listed(SECOND).feedback == ""


def test_the_clip_plays_and_can_be_searched(site: Any, look: Callable[..., Any]) -> None:
    """It begins by itself without sound, gets somewhere, and jumps to where one wants."""
    site.event(1)
    site.begin()
    screen = look()
    screen.go(f"#/event/{SECOND}")
    video = screen.find("video")
    screen.page.wait_for_function("() => document.querySelector('video')?.currentTime > 0.2")
    assert video.evaluate("video => [video.muted, Math.round(video.duration)]") == [True, 3]
    jumped = "video => new Promise(done => { video.onseeked = () => done(video.currentTime); video.currentTime = 2; })"
    assert abs(video.evaluate(jumped) - 2) < 0.5
    screen.page.keyboard.press("o")
    screen.find(".stage img[src$='overlay.jpg']").wait_for()
    screen.find(".reasons li").first.hover()
    box = screen.find(".stage .box").bounding_box()
    stage = screen.find(".fitted").bounding_box()
    assert abs((box["x"] - stage["x"]) / stage["width"] - 0.25) < 0.02


def test_a_bundle_is_exported_where_one_was_kept(site: Any, look: Callable[..., Any]) -> None:
    """The file comes as it lies on the disk, by a name; where there is none, it is said why."""
    kept, without = site.event(0), site.event(1)
    path = site.data / bundle_of(kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"PK of a bundle")
    site.begin()
    screen = look(quiet=False, accept_downloads=True)
    screen.go(f"#/event/{kept.id}")
    with screen.page.expect_download() as download:
        screen.page.get_by_role("link", name="Export").click()
    assert download.value.suggested_filename == f"{kept.id}.zip"
    assert Path(download.value.path()).read_bytes() == b"PK of a bundle"
    screen.go(f"#/event/{without.id}")
    screen.find("h1").wait_for()
    screen.page.get_by_role("link", name="Export").click()
    screen.find(".toast.bad", has_text="No bundle was kept").wait_for()


def test_a_budget_is_changed_within_its_bounds(site: Any, look: Callable[..., Any]) -> None:
    """What is beyond them is not even sent; what is sent is wished."""
    site.begin()
    screen = look()
    screen.go("#/camera/door")
    wanted = screen.page.get_by_label("Alerts a day")
    wanted.fill("1000")
    screen.page.get_by_role("button", name="Save").click()
    assert wanted.evaluate("input => input.validity.rangeOverflow")
    wanted.fill("7")
    screen.page.get_by_role("button", name="Save").click()
    screen.find(".toast", has_text="About 7 alerts a day").wait_for()
    assert (site.wished("door"), site.wished("yard")) == (7.0, 3.0)


def test_filters_are_in_the_address_and_the_list_goes_on_as_far_as_one_scrolls(
    site: Any, look: Callable[..., Any]
) -> None:
    """Fifty-odd events come in pages; a filter narrows them and holds when the page is loaded again."""
    for number in range(56):
        site.event(number, camera="yard" if number % 8 == 0 else "door")
    site.begin()
    screen = look()
    screen.go("#/events")
    screen.find(".event").nth(40).wait_for()
    screen.find(".more").scroll_into_view_if_needed()
    screen.find(".event").nth(55).wait_for()
    screen.find("select[name=camera]").select_option("yard")
    screen.page.wait_for_function("() => document.querySelectorAll('.event').length === 7")
    screen.page.reload()
    screen.find(".event").nth(6).wait_for()
    assert screen.find(".event").count() == 7
    screen.find("input[name=min_score]").fill("1000")
    screen.find(".empty", has_text="No event is like that").wait_for()
