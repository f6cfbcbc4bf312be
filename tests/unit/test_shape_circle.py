"""Shapes reduced to circles: RFC 7459's worked examples, its misprints corrected, shapes no RFC foresaw."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point as Dot

from intake.locate.shape_circle import (
    WGS84,
    arc_band_centroid_m,
    enclosing_circle,
    flatten,
    outline,
)
from intake.shapes import ArcBand, Circle, Ellipse, Point, Polygon

OPERA = (
    (-33.856625, 151.215906),
    (-33.856299, 151.215343),
    (-33.856326, 151.214731),
    (-33.857533, 151.214495),
    (-33.857720, 151.214613),
    (-33.857369, 151.215375),
)
HALL = (
    (-33.856473, 151.215257),
    (-33.856322, 151.214973),
    (-33.856424, 151.21471),
    (-33.857248, 151.214753),
    (-33.857413, 151.214941),
    (-33.857311, 151.215128),
)
MAST = ArcBand(
    latitude=-43.5723,
    longitude=153.21760,
    inner_radius_m=3594,
    outer_radius_m=4148,
    start_deg=20,
    opening_deg=120,  # figure 12 prints 20, its own text and figure 11 say 120 (erratum 1749)
)


def test_the_opera_house_is_one_circle() -> None:
    """§6.1 and figure 10: 12600 m², centroid -33.856926 151.215102, radius 99.1 m rounded up."""
    found = flatten(OPERA)
    assert found.area_m2 == pytest.approx(12_600, abs=1)
    assert (found.latitude, found.longitude) == pytest.approx((-33.856926, 151.215102), abs=5e-7)
    assert enclosing_circle(Polygon(corners=OPERA), 0, 0).radius_m == 99.1


def test_the_concert_hall_is_a_third_of_it() -> None:
    """§6.2: 4566.2 m², 34 % of a rectangular 95 %."""
    hall, house = flatten(HALL), flatten(OPERA)
    assert hall.area_m2 == pytest.approx(4566.2, abs=0.05)
    assert math.floor(95 * hall.area_m2 / house.area_m2) == 34


@pytest.mark.parametrize(("reach_m", "overlap_m2", "printed"), [(1950, 22_029, 67.8), (1920, 16_196, 49.8)])
def test_bob_near_the_chosen_point(reach_m: float, overlap_m2: float, printed: float) -> None:
    """§6.3, corrected: Bob is where §6.1 found him, not at Alice's; 22,029 m² overlap, not 2209."""
    _, _, apart_m = WGS84.inv(151.215102, -33.856926, 151.20683, -33.872754)
    assert apart_m == pytest.approx(1915.26, abs=0.05)
    bob, region = Dot(0, 0).buffer(99.1, 512), Dot(1915.26, 0).buffer(reach_m, 4096)
    overlap = bob.intersection(region).area
    assert overlap == pytest.approx(overlap_m2, rel=2e-3)
    assert 95 * overlap / (math.pi * 99.1**2) == pytest.approx(printed, abs=0.1)
    # The misprinted area would be 6.8 %: the RFC's own answer refutes it.
    assert 95 * 2209 / (math.pi * 99.1**2) < 7


def test_alice_is_nowhere_near_the_chosen_point() -> None:
    _, _, apart_m = WGS84.inv(150.882518, -34.407242, 151.20683, -33.872754)
    assert apart_m > 60_000  # with Alice's place, as printed, §6.3 comes to nothing


def test_an_arc_band_is_held_from_its_centroid() -> None:
    """§5.1.1.1 and §5.2, against the area's own centroid found another way."""
    found, edge = enclosing_circle(MAST, 0, 0), outline(MAST, 0, 0, 0)
    by_area = flatten(edge)
    _, _, off_m = WGS84.inv(found.longitude, found.latitude, by_area.longitude, by_area.latitude)
    assert off_m < 5
    assert found.radius_m == pytest.approx(by_area.radius_m, abs=1.5)
    assert arc_band_centroid_m(MAST) == pytest.approx(3206.76, abs=0.01)


@pytest.mark.parametrize("opening", [0.0, 1e-3, 90.0, 180.0, 270.0, 360.0])
@pytest.mark.parametrize("inner", [0.0, 3594.0, 4148.0])
def test_every_arc_band_lies_within_its_circle(opening: float, inner: float) -> None:
    band = ArcBand(
        latitude=53.8,
        longitude=-1.5,
        inner_radius_m=inner,
        outer_radius_m=4148,
        start_deg=350,
        opening_deg=opening,
    )
    found = enclosing_circle(band, 0, 0)
    for latitude, longitude in outline(band, 0, 0, 0):
        _, _, metres = WGS84.inv(found.longitude, found.latitude, longitude, latitude)
        assert metres <= found.radius_m + 2


def test_an_ellipse_is_held_by_its_longer_axis() -> None:
    shape = Ellipse(semi_major_m=1275, semi_minor_m=670, orientation_deg=43.2)
    assert enclosing_circle(shape, 42.5463, -73.2512).radius_m == 1275
    edge = flatten(outline(shape, 42.5463, -73.2512, 0))
    assert edge.area_m2 == pytest.approx(math.pi * 1275 * 670, rel=3e-3)
    assert edge.area_m2 > 0  # counter-clockwise
    far = max(outline(shape, 42.5463, -73.2512, 0), key=lambda corner: corner[0])
    bearing, _, metres = WGS84.inv(-73.2512, 42.5463, far[1], far[0])
    assert bearing == pytest.approx(43.2, abs=25) and metres > 1_000


def test_a_circle_and_a_point_stay_where_they_are() -> None:
    assert enclosing_circle(Circle(radius_m=850.24), 42.5, -73.2) == (42.5, -73.2, 850.24)
    assert enclosing_circle(Point(), 42.5, -73.2).radius_m == 1_000  # RFC 7459 §3.2 calls it infinite


@settings(deadline=None)
@given(corners=st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=1, max_size=8))
def test_every_polygon_comes_to_a_circle_with_all_its_corners(corners: list[tuple[float, float]]) -> None:
    """Total: lines, repeated and crossing corners, poles, date line; distances through the earth (§5.2)."""
    found = flatten(corners)
    assert all(math.isfinite(number) for number in found)
    assert abs(found.latitude) <= 90 and abs(found.longitude) <= 180
    turned = flatten(corners[::-1])
    assert turned.area_m2 == pytest.approx(-found.area_m2, rel=1e-6, abs=1e-3)


def test_a_pole_and_the_date_line_are_no_special_places() -> None:
    around_pole = flatten([(89.0, longitude) for longitude in (0.0, 90.0, 180.0, -90.0)])
    assert around_pole.latitude == pytest.approx(90, abs=1e-6)
    across = flatten([(53.0, 179.9), (53.0, -179.9), (53.1, -179.9), (53.1, 179.9)])
    assert abs(across.longitude) == pytest.approx(180, abs=1e-6) and across.radius_m < 9_000


def test_a_polygon_without_corners_is_none() -> None:
    with pytest.raises(ValueError, match="corners"):
        flatten([])
