"""The build of the map in small, and the committed files against what their manifest says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from intake.boundaries import cells, packages, postcodes, shapes
from intake.boundaries.districts import TERRITORIAL, read_areas_of
from intake.boundaries.drawing import COAST
from intake.boundaries.manifest import PACKAGES
from intake.boundaries.postcodes import Postcodes
from intake.control_room import Service
from intake.errors import BadConfiguration

BOUNDARIES = Path(__file__).parents[2] / "config" / "boundaries"


def scattered(count: int, seed: int) -> Postcodes:
    random = np.random.default_rng(seed)
    eastings = random.integers(300_000, 340_000, count).astype(float)
    northings = random.integers(400_000, 440_000, count).astype(float)
    districts = np.where(eastings < 320_000, "E01", "E02")
    return Postcodes(np.array([f"T{number:06}" for number in range(count)]), districts, eastings, northings)


def test_the_ground_belongs_to_the_nearest_postcode() -> None:
    places = scattered(3_000, 1)
    names, areas = cells.dissolve(places, places.districts)
    assert names == ["E01", "E02"]
    for name, area in zip(names, areas, strict=True):
        own = places.where(places.districts == name)
        assert shapely.intersects_xy(area, own.eastings, own.northings).mean() > 0.99
    assert shapely.coverage_is_valid(areas)


def test_the_order_of_postcodes_changes_nothing() -> None:
    places = scattered(2_000, 2)
    shuffled = places.where(np.random.default_rng(3).permutation(2_000))
    first, second = (cells.dissolve(order, order.districts) for order in (places, shuffled))
    assert first[0] == second[0]
    assert all(shapely.equals_exact(one, two) for one, two in zip(first[1], second[1], strict=True))


def test_a_shared_position_goes_to_the_first_label() -> None:
    places = Postcodes(
        np.array(["A", "B", "C", "D"]),
        np.array(["E02", "E01", "E03", "E03"]),
        np.array([0.0, 0.0, 5_000.0, 0.0]),
        np.array([0.0, 0.0, 0.0, 9_000.0]),
    )
    names, _ = cells.dissolve(places, places.districts)
    assert names == ["E01", "E03"]


def test_shapes_come_back_as_they_were_saved_and_byte_for_byte_the_same(tmp_path: Path) -> None:
    made = np.array(
        [
            shapely.Polygon(
                [(0, 0), (100, 0), (100, 100), (0, 100)], [[(20, 20), (40, 20), (40, 40), (20, 40)]]
            ),
            shapely.MultiPolygon(
                [shapely.box(-5_000, 0, -4_000, 900), shapely.box(600_000, 1_200_000, 600_100, 1_200_100)]
            ),
        ]
    )
    for name in ("one.npz", "two.npz"):
        shapes.save(tmp_path / name, ["first", "second"], made)
    names, loaded = shapes.load(tmp_path / "one.npz")
    assert names == ["first", "second"]
    assert all(shapely.equals(before, after) for before, after in zip(made, loaded, strict=True))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_one_place_in_fifty_is_held_out_whole() -> None:
    """By position: a postcode that shares its position with a held-out one is held out as well."""
    random = np.random.default_rng(4)
    eastings, northings = random.integers(1, 655_000, 100_000), random.integers(1, 1_200_000, 100_000)
    places = Postcodes(eastings, eastings, eastings.astype(float), northings.astype(float))
    out = postcodes.held_out(places)
    assert out.mean() == pytest.approx(1 / postcodes.HELD_OUT_ONE_IN, rel=0.1)
    again = postcodes.held_out(places.where(np.argsort(northings)))
    assert np.array_equal(again, out[np.argsort(northings)])


def test_the_committed_files_are_those_of_the_manifest() -> None:
    manifest = json.loads((BOUNDARIES / "manifest.json").read_text())
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((BOUNDARIES / name).read_bytes()).hexdigest() == digest
    attribution = " ".join(source["attribution"] for source in manifest["sources"])
    assert "Contains OS data © Crown copyright and database right 2025" in attribution
    assert "Contains Royal Mail data" in attribution
    assert all(source["licence"] and source["package"] for source in manifest["sources"])


def test_no_district_of_northern_ireland_is_shipped_and_every_shape_is_sound() -> None:
    """Northern Ireland is one polygon from its border and coast; its postcodes' licence differs."""
    names, areas = shapes.load(BOUNDARIES / "areas.npz")
    assert not [name for name in names if name.startswith("N")]
    assert len({name.split(":")[0] for name in names if name[0] in "EWS"}) == 350
    assert {name for name in names if name[0] not in "EWS"} == {"IM", "JE", "GG", "FR", "BE"}
    irish, outlines = shapes.load(BOUNDARIES / "ireland.npz")
    assert irish == ["NI", "IE"]
    everything = np.concatenate([areas, outlines])
    assert shapely.is_valid(everything).all()
    assert not shapely.is_empty(everything).any()
    overlap = sum(shapely.area(everything)) - shapely.area(shapely.union_all(everything))
    assert overlap / shapely.area(shapely.union_all(everything)) < 1e-4


def test_the_map_stays_small() -> None:
    """What routing loads; the coast that the desk draws has a bound of its own (test_drawing.py)."""
    files = [path for path in BOUNDARIES.glob("*.npz") if path.name != COAST]
    assert sum(path.stat().st_size for path in files) < 600_000


def test_an_exception_overrides_one_service_and_leaves_the_others() -> None:
    areas_of = read_areas_of(BOUNDARIES, [])
    plain, split = areas_of["E07000037"], areas_of["E07000037:glossopdale"]
    assert (plain[Service.AMBULANCE], split[Service.AMBULANCE]) == ("east-midlands", "north-west")
    assert all(
        plain[service] == split[service] for service in TERRITORIAL if service is not Service.AMBULANCE
    )


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path, package: packages.Package) -> None:
    (tmp_path / package.file).write_bytes(b"not the package")
    with pytest.raises(BadConfiguration, match="not the pinned package"):
        packages.fetch(package, tmp_path)
