"""What the ring of encoded packets keeps and drops, and which films it gives."""

from __future__ import annotations

import threading
from fractions import Fraction

import pytest

from monitor.capture.ring import Packet, Ring, Span, Track

S = 1_000_000_000
TRACK = Track("h264", (64, 48), Fraction(1, 10), None, None)
# What one packet of a byte costs.
COST = 301


def fill(ring: Ring, began_s: int, seconds: int, gop: int = 10) -> None:
    """Ten pictures a second, pts in tenths from 0 on, the first one at `began_s`, a keyframe every `gop`."""
    for number in range(10 * seconds):
        ring.add(Packet(b"x", number, number, 1, number % gop == 0))
        ring.mark(began_s * S + number * S // 10, number)


def span(began_s: float, ended_s: float, since_s: float, until_s: float) -> Span:
    """In seconds."""
    return Span(*(round(each * S) for each in (began_s, ended_s, since_s, until_s)))


def test_a_film_begins_with_the_keyframe_before_what_is_wanted() -> None:
    """And ends with the picture that was asked for."""
    ring = Ring(60.0, 10**9)
    ring.begin(TRACK)
    fill(ring, 100, 10)
    film = ring.film(span(105, 106, 103.5, 107))
    assert film is not None
    assert film.packets[0].keyframe
    assert [packet.pts for packet in film.packets] == list(range(30, 71))
    assert (film.began_ns, film.ended_ns) == (103 * S, 107 * S)


def test_pictures_that_come_in_another_order_than_they_are_decoded_are_all_there() -> None:
    """A film that ends between pictures that depend on each other has those that the last one needs."""
    ring = Ring(60.0, 10**9)
    ring.begin(TRACK)
    for dts, pts in enumerate([0, 4, 2, 1, 3, 8, 6, 5, 7]):
        ring.add(Packet(b"x", pts, dts, 1, dts == 0))
    for pts in range(9):
        ring.mark(100 * S + pts * S // 10, pts)
    film = ring.film(span(100, 100, 100, 100.1))
    assert film is not None
    assert [packet.pts for packet in film.packets] == [0, 4, 2, 1]
    assert [mark.pts for mark in film.marks] == [0, 1]


def test_old_packets_go_by_whole_groups() -> None:
    """What is kept is at least what was asked for and at most one group and a moment more."""
    ring = Ring(5.0, 10**9)
    ring.begin(TRACK)
    fill(ring, 100, 60)
    film = ring.film(span(100, 200, 0, 200))
    assert film is not None
    assert film.packets[0].keyframe
    assert 153 * S <= film.began_ns <= 155 * S
    assert ring.size_bytes == COST * len(film.packets)


def test_what_is_held_stays_until_it_is_released() -> None:
    """However long an event goes on, its beginning is there."""
    ring = Ring(5.0, 10**9)
    ring.begin(TRACK)
    fill(ring, 100, 10)
    ring.hold("event", span(108, 200, 106, 200))
    for number in range(100, 600):
        ring.add(Packet(b"x", number, number, 1, number % 10 == 0))
        ring.mark(100 * S + number * S // 10, number)
    film = ring.film(span(108, 200, 106, 200))
    assert film is not None
    assert film.began_ns == 106 * S
    ring.release("event")
    ring.add(Packet(b"x", 600, 600, 1, True))
    assert ring.size_bytes < COST * 100


def test_it_never_takes_more_than_it_may_and_a_held_film_is_cut_where_it_was_full() -> None:
    """Bytes are bounded whatever is held; what was there of the film when it was full is not lost."""
    ring = Ring(60.0, COST * 100)
    ring.begin(TRACK)
    ring.hold("event", span(102, 200, 101, 200))
    largest = 0
    for number in range(300):
        ring.add(Packet(b"x", number, number, 1, number % 10 == 0))
        ring.mark(100 * S + number * S // 10, number)
        largest = max(largest, ring.size_bytes)
    cut = ring.cut("event")
    assert largest <= COST * 100
    assert cut is not None
    assert (cut.began_ns, cut.ended_ns) == (101 * S, 100 * S + 99 * S // 10)


def test_a_group_that_alone_is_too_large_is_dropped_and_the_next_one_kept() -> None:
    """A camera that sends no keyframes fills no memory."""
    ring = Ring(60.0, COST * 100)
    ring.begin(TRACK)
    fill(ring, 100, 30, gop=1000)
    assert ring.size_bytes <= COST * 100
    ring.add(Packet(b"x", 999, 999, 1, True))
    ring.mark(200 * S, 999)
    film = ring.film(span(200, 200, 199, 200))
    assert film is not None
    assert [packet.pts for packet in film.packets] == [999]


def test_what_comes_before_the_first_keyframe_is_not_kept() -> None:
    """No film begins with what cannot be decoded."""
    ring = Ring(60.0, 10**9)
    ring.begin(TRACK)
    ring.add(Packet(b"x", 0, 0, 1, False))
    ring.mark(100 * S, 0)
    assert ring.size_bytes == 0
    assert ring.film(span(100, 100, 0, 200)) is None


def test_a_film_is_of_one_run_and_outlives_it() -> None:
    """After the camera is gone, and after it came back as another, what was before is still there, and apart."""
    ring = Ring(60.0, 10**9)
    ring.begin(TRACK)
    fill(ring, 100, 5)
    ring.end()
    assert ring.is_over(span(103, 200, 102, 200))
    ring.begin(TRACK)
    fill(ring, 110, 5)
    before, after = ring.film(span(103, 104.5, 102, 112)), ring.film(span(111, 112, 102, 113))
    assert before is not None
    assert after is not None
    assert before.ended_ns == 104 * S + 9 * S // 10
    assert after.began_ns == 110 * S


def test_nothing_is_made_of_what_is_not_there() -> None:
    """A span of before, or of after, has no film, even if what is wanted round it would have some."""
    ring = Ring(60.0, 10**9)
    assert ring.film(span(1, 2, 0, 3)) is None
    ring.begin(TRACK)
    fill(ring, 100, 5)
    assert ring.film(span(98, 99, 97, 102)) is None
    assert ring.film(span(106, 107, 104, 108)) is None


@pytest.mark.parametrize("until_s", [104.8, 104.9, 105.5])
def test_a_span_is_over_when_its_last_picture_is_there(until_s: float) -> None:
    """Not before, unless the run is over."""
    ring = Ring(60.0, 10**9)
    ring.begin(TRACK)
    fill(ring, 100, 5)
    assert ring.is_over(span(103, 104, 102, until_s)) == (until_s <= 104.9)


def test_one_thread_fills_it_while_another_reads() -> None:
    """Every film read meanwhile is whole: a keyframe, then what follows without a gap."""
    ring = Ring(2.0, 10**9)
    ring.begin(TRACK)
    filling = threading.Thread(target=fill, args=(ring, 100, 200))
    filling.start()
    while filling.is_alive():
        film = ring.film(span(100, 400, 0, 400))
        if film is not None:
            numbers = [packet.pts for packet in film.packets]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert numbers[0] % 10 == 0
    filling.join()
