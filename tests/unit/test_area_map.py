"""Look-ups on a map small enough to check by hand, and the same answers as plain geometry on the real one."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely

from intake.boundaries import shapes
from intake.routing.areas import AreaMap
from intake.routing.projection import to_degrees, to_grid

BOUNDARIES = Path(__file__).parents[2] / "config" / "boundaries"
# Two areas meet at easting 25 km; sea east of 50 km.
TWO = np.array(
    [
        shapely.MultiPolygon([shapely.box(0, 0, 25_000, 60_000)]),
        shapely.MultiPolygon([shapely.box(25_000, 0, 50_000, 60_000)]),
    ]
)
INLAND = shapely.box(300, 300, 49_700, 59_700)


@pytest.fixture
def two() -> AreaMap:
    return AreaMap(["west", "east"], TWO, INLAND, "test")


@pytest.mark.parametrize(
    ("easting", "expected"),
    [(5_000, 0), (24_999, 0), (25_001, 1), (45_000, 1), (50_001, -1), (-1, -1), (9e9, -1)],
)
def test_the_area_at_a_point(two: AreaMap, easting: float, expected: int) -> None:
    assert two.at(easting, 15_000) == expected


@pytest.mark.parametrize(
    ("easting", "reach_m", "expected"),
    [
        (15_000, 1_000, (0,)),
        (24_000, 900, (0,)),
        (24_000, 1_100, (0, 1)),
        (51_000, 500, ()),
        (51_000, 1_500, (1,)),
        (15_000, 40_000, (0, 1)),
    ],
)
def test_areas_within_reach(two: AreaMap, easting: float, reach_m: float, expected: tuple[int, ...]) -> None:
    assert two.near(easting, 15_000, reach_m) == expected


def test_a_circle_on_the_border_is_shared_in_halves(two: AreaMap) -> None:
    assert two.overlaps(25_000, 15_000, 1_000, 2_500) == {0: pytest.approx(0.5), 1: pytest.approx(0.5)}


def test_a_circle_cut_at_half_its_radius(two: AreaMap) -> None:
    """The segment beyond a chord at r/2 is (π/3 − √3/4)/π = 19.55 % of a circle."""
    shares = two.overlaps(24_500, 15_000, 1_000, 2_500)
    assert shares[1] == pytest.approx((math.pi / 3 - math.sqrt(3) / 4) / math.pi, abs=1e-3)
    assert shares[0] + shares[1] == pytest.approx(1)


def test_the_sea_takes_its_part(two: AreaMap) -> None:
    assert two.overlaps(50_000, 15_000, 800, 2_200) == {1: pytest.approx(0.5)}


def test_inland_is_further_than_300_m_from_the_coast(two: AreaMap) -> None:
    assert two.is_inland(49_600, 15_000)
    assert not two.is_inland(49_800, 15_000)


def test_the_grid_of_squares_answers_as_plain_geometry_does() -> None:
    codes, polygons = shapes.load(BOUNDARIES / "areas.npz")
    _, inland = shapes.load(BOUNDARIES / "inland.npz")
    area_map = AreaMap(codes, polygons, inland[0], "test")
    random = np.random.default_rng(7)
    points = np.stack(
        [random.uniform(-200_000, 660_000, 3_000), random.uniform(-90_000, 1_220_000, 3_000)], axis=1
    )
    tree = shapely.STRtree(polygons)
    for easting, northing in points.tolist():
        point = shapely.Point(easting, northing)
        plain = set(tree.query(point, predicate="intersects").tolist())
        found = area_map.at(easting, northing)
        assert found in plain if plain else found == -1
    for easting, northing in points[:400].tolist():
        reach_m = float(random.uniform(10, 30_000))
        plain = set(
            tree.query(shapely.Point(easting, northing), predicate="dwithin", distance=reach_m).tolist()
        )
        assert set(area_map.near(easting, northing, reach_m)) == plain


def test_the_projection_agrees_with_the_library_to_five_metres() -> None:
    """STANDARDS §1: within 5 m without the OSTN15 grid."""
    random = np.random.default_rng(8)
    latitude, longitude = random.uniform(50, 60, 500), random.uniform(-6, 1.5, 500)
    ours = np.stack(to_grid(latitude, longitude))
    theirs = np.stack(pyproj.Transformer.from_crs("EPSG:4326", "EPSG:27700").transform(latitude, longitude))
    assert np.abs(ours - theirs).max() < 5
    assert np.allclose(np.stack(to_degrees(*ours)), np.stack([latitude, longitude]), atol=1e-7)
    # The Ordnance Survey's own worked example of the grid, here from its published position in WGS84.
    assert to_grid(52.6579781, 1.7160394) == pytest.approx((651_409.9, 313_177.3), abs=5)


def test_a_circle_far_inside_needs_no_geometry_and_one_near_the_edge_is_whole(two: AreaMap) -> None:
    assert two.overlaps(12_500, 12_500, 100, 1_150) == {0: 1.0}
    assert two.overlaps(24_500, 12_500, 100, 1_150) == {0: 1.0, 1: 0.0}
    assert two.overlaps(60_000, 12_500, 100, 1_150) == {}
