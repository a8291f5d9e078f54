"""Polygons of the picture as cells of a grid: how much of it, which cells, and what masks leave."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.zones import Polygon, Zones, covered

LEFT: Polygon = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
TOP: Polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))
ALL: Polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
# Sides of the points' grid to be expected from sampling, plus rounding.
SAMPLED = 0.01

shares = st.floats(0, 1)
triangles = st.lists(st.tuples(shares, shares), min_size=3, max_size=3).map(tuple)
sides = st.integers(1, 60)


def rectangle(left: float, top: float, right: float, bottom: float) -> Polygon:
    """With these sides."""
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def area(polygon: Polygon) -> float:
    """Of a polygon that does not cross itself, by Gauss's formula."""
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


@settings(deadline=None)
@given(triangles, sides, sides)
def test_the_covered_area_is_the_polygons(polygon: Polygon, height: int, width: int) -> None:
    """Whatever its shape and the grid's; at most all and at least nothing of each cell."""
    cells = covered((polygon,), height, width)
    assert cells.shape == (height, width)
    assert cells.min() >= 0
    assert cells.max() <= 1
    assert float(cells.mean()) == pytest.approx(area(polygon), abs=SAMPLED)


@settings(deadline=None)
@given(triangles, sides, sides)
def test_the_cells_have_the_polygons_area(polygon: Polygon, height: int, width: int) -> None:
    """But for the cells that its edges pass through, of which each is off by half at most."""
    cells = Zones({}, [polygon]).watched(height, width)
    edges = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    passed = sum(abs(x2 - x1) * width + abs(y2 - y1) * height + 3 for (x1, y1), (x2, y2) in edges)
    assert float((~cells).mean()) == pytest.approx(area(polygon), abs=passed / 2 / cells.size + SAMPLED)


@settings(deadline=None)
@given(triangles, st.integers(0, 2), st.booleans())
def test_where_a_polygon_begins_and_which_way_it_goes_does_not_matter(
    polygon: Polygon, start: int, backwards: bool
) -> None:
    """The same corners are the same area."""
    turned = polygon[start:] + polygon[:start]
    again = covered((turned[::-1] if backwards else turned,), 20, 30)
    # Edges run the other way may round the other way, for a point here and there.
    np.testing.assert_allclose(again, covered((polygon,), 20, 30), atol=SAMPLED)


@settings(deadline=None)
@given(st.lists(st.integers(0, 12), min_size=4, max_size=4))
def test_rectangles_along_the_cells_are_exact(corners: list[int]) -> None:
    """No cell beside it belongs to it, and none of its own is missing."""
    (left, right), (top, bottom) = sorted(corners[:2]), sorted(corners[2:])
    expected = np.zeros((12, 12), np.bool_)
    expected[top:bottom, left:right] = True
    zones = Zones({}, [rectangle(left / 12, top / 12, right / 12, bottom / 12)])
    np.testing.assert_array_equal(zones.watched(12, 12), ~expected)


@pytest.mark.parametrize(("share", "belongs"), [(0.45, False), (0.5, True), (0.55, True)])
def test_half_a_cell_is_enough(share: float, belongs: bool) -> None:
    """A cell belongs to what has at least half of its area."""
    masks = [rectangle(0, 0, share / 9, 1)]
    assert Zones({}, masks).watched(7, 9)[:, 0].any() != belongs


def test_masks_are_taken_together() -> None:
    """Two that have less than half of a cell each, and more than half together, mask it."""
    one, other = rectangle(0, 0, 0.4, 1), rectangle(0.3, 0, 0.6, 1)
    assert Zones({}, [one]).watched(1, 1)[0, 0]
    assert not Zones({}, [one, other]).watched(1, 1)[0, 0]


def test_without_masks_everything_is_watched() -> None:
    """At every size."""
    zones = Zones({"left": LEFT}, [])
    assert not zones.masked
    assert zones.watched(3, 4).all()
    assert Zones({}, [LEFT]).masked


def test_a_zone_is_what_its_masks_leave_of_it() -> None:
    """The left half without the top half is a quarter."""
    cells = Zones({"left": LEFT}, [TOP]).cells("left", 4, 6)
    expected = np.zeros((4, 6), np.bool_)
    expected[2:, :3] = True
    np.testing.assert_array_equal(cells, expected)


def test_a_zone_smaller_than_a_cell_has_one() -> None:
    """Or a rule about it could never hold; a mask gets none, and a zone under a mask stays without."""
    small = rectangle(0.42, 0.1, 0.44, 0.2)
    cells = Zones({"door": small}, []).cells("door", 5, 10)
    assert [tuple(cell) for cell in np.argwhere(cells)] == [(0, 4)]
    assert Zones({}, [small]).watched(5, 10).all()
    assert not Zones({"door": small}, [LEFT]).cells("door", 5, 10).any()


def test_a_polygon_that_crosses_itself_has_both_its_wings() -> None:
    """An hourglass is not empty."""
    hourglass: Polygon = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    assert float(covered((hourglass,), 40, 40).mean()) == pytest.approx(0.5, abs=SAMPLED)


def test_cells_are_kept_and_cannot_be_written_to() -> None:
    """The same size is computed once, and nobody spoils it for the next; many sizes do not pile up."""
    zones = Zones({"left": LEFT}, [TOP])
    first = zones.cells("left", 20, 30)
    assert zones.cells("left", 20, 30) is first
    assert zones.watched(20, 30) is zones.watched(20, 30)
    for cells in (first, zones.watched(20, 30)):
        with pytest.raises(ValueError, match="read-only"):
            cells[0, 0] = True
    for height, width in itertools.product(range(1, 10), range(1, 10)):
        zones.cells("left", height, width)
    np.testing.assert_array_equal(zones.cells("left", 20, 30), first)


def test_all_of_the_picture_can_be_masked() -> None:
    """Then nothing is watched, and no zone has cells."""
    zones = Zones({"left": LEFT}, [ALL])
    assert not zones.watched(9, 16).any()
    assert not zones.cells("left", 9, 16).any()


def test_a_box_is_in_the_zones_that_hold_half_of_it() -> None:
    """In none, one or several of them, whatever its size."""
    zones = Zones({"left": LEFT, "top": TOP}, [])
    assert zones.named_at((0.1, 0.1, 0.2, 0.2)) == ("left", "top")
    assert zones.named_at((0.3, 0.6, 0.6, 0.7)) == ("left",)
    assert zones.named_at((0.9, 0.9, 0.9, 0.9)) == ()
    assert zones.named_at((1.0, 1.0, 1.0, 1.0)) == ()
    assert zones.named_at((0.0, 0.0, 1.0, 1.0)) == ("left", "top")
