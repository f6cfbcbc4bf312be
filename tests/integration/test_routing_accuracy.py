"""The committed map against postcodes it was never built from: the right police force, nearly always."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from intake.boundaries import postcodes, shapes
from intake.boundaries.build import labels
from intake.boundaries.districts import EXCEPTIONS, TERRITORIAL, AreaOf, read_areas_of
from intake.boundaries.postcodes import Postcodes
from intake.control_room import RoomId, Service
from intake.location import CallerLocation
from intake.register import load_register
from intake.routing.projection import to_degrees
from intake.routing.router import RegionalRouter

CONFIG = Path(__file__).parents[2] / "config"
POINTS = 20_000
SEED = 999


@pytest.fixture(scope="module")
def router() -> RegionalRouter:
    return load_register(CONFIG)


@pytest.fixture(scope="module")
def areas_of() -> AreaOf:
    return read_areas_of(CONFIG / "boundaries", [])


@pytest.fixture(scope="module")
def directory() -> Postcodes:
    return postcodes.read()


@pytest.fixture(scope="module")
def by_area(router: RegionalRouter, directory: Postcodes) -> Postcodes:
    """20,000 random points of British ground, each moved to the nearest postcode that was held out.

    A random point has no known truth; a postcode has: the district that the ONS gives it. Drawn like
    this, each stands for as much ground as lies nearest to it: moor and farmland weigh as much as streets.
    """
    held = directory.where(postcodes.held_out(directory))
    _, inland = shapes.load(CONFIG / "boundaries" / "inland.npz")
    random = np.random.default_rng(SEED)
    easting, northing = random.uniform(80_000, 656_000, 150_000), random.uniform(5_000, 1_220_000, 150_000)
    shapely.prepare(inland)
    ground = shapely.contains_xy(inland, easting, northing)
    easting, northing = easting[ground], northing[ground]
    latitudes, longitudes = to_degrees(easting, northing)
    british = [router.district(*place) != "NI" for place in zip(latitudes, longitudes, strict=True)]
    points: Any = shapely.points(easting[british], northing[british])[:POINTS]
    assert len(points) == POINTS
    nearest = shapely.STRtree(shapely.points(held.eastings, held.northings)).query_nearest(
        points, all_matches=False
    )
    return held.where(nearest[1])


def right(
    route: Callable[[float, float], str], places: Postcodes, truth: Mapping[str, str], *, shift_m: float = 0.0
) -> float:
    """The part of ``places`` for which ``route`` says what ``truth`` says of their district."""
    latitudes, longitudes = to_degrees(places.eastings + shift_m, places.northings)
    answers = [
        route(latitude, longitude)
        for latitude, longitude in zip(latitudes.tolist(), longitudes.tolist(), strict=True)
    ]
    expected = [truth[district] for district in places.districts.tolist()]
    return sum(map(str.__eq__, answers, expected)) / len(expected)


def by_decision(router: RegionalRouter, service: Service) -> Callable[[float, float], str]:
    def room(latitude: float, longitude: float) -> str:
        location = CallerLocation(latitude=latitude, longitude=longitude, uncertainty_m=10)
        return router.route(service, location).room_id

    return room


def rooms(router: RegionalRouter, areas_of: AreaOf, service: Service) -> dict[str, str]:
    """The right room of each district, from the register alone."""
    of_area = {
        area: room.id for room in router.rooms.values() if service in room.services for area in room.areas
    }
    return {district: of_area[area[service]] for district, area in areas_of.items()}


def test_random_land_points_route_to_the_right_police_force(
    router: RegionalRouter, areas_of: AreaOf, by_area: Postcodes, say: Callable[[str], None]
) -> None:
    share = right(by_decision(router, Service.POLICE), by_area, rooms(router, areas_of, Service.POLICE))
    say(f"police, {POINTS:,} random land points: {share:.3%} right")
    assert share >= 0.99


@pytest.mark.parametrize("service", TERRITORIAL, ids=lambda service: service.word)
def test_held_out_postcodes_have_the_right_area(
    router: RegionalRouter,
    areas_of: AreaOf,
    directory: Postcodes,
    service: Service,
    say: Callable[[str], None],
) -> None:
    """Weighted by where people are. Postcodes of an exception are judged by their exception."""
    held = directory.where(postcodes.held_out(directory))
    everyone = held._replace(districts=labels(held, CONFIG / "boundaries" / EXCEPTIONS))
    truth = {district: area[service] for district, area in areas_of.items()}

    def area(latitude: float, longitude: float) -> str:
        return truth.get(router.district(latitude, longitude), "")

    share = right(area, everyone, truth)
    say(f"{service.word}, {len(everyone.codes):,} held-out postcodes: {share:.3%} right")
    assert share >= 0.998


def test_the_map_has_not_seen_the_postcodes_that_test_it(
    router: RegionalRouter, directory: Postcodes
) -> None:
    """On those it was built from it is ten times less often wrong: what is held out is really held out."""
    truth = {district: district for district in set(directory.districts.tolist())}

    def district(latitude: float, longitude: float) -> str:
        return router.district(latitude, longitude).split(":")[0]

    out = postcodes.held_out(directory)
    held, built = directory.where(out), directory.where(~out)
    sample = np.random.default_rng(SEED).choice(len(built.codes), POINTS, replace=False)
    wrong_held, wrong_built = (
        1 - right(district, held, truth),
        1 - right(district, built.where(sample), truth),
    )
    assert wrong_held > 0.001
    assert wrong_built < wrong_held / 5


def test_a_map_two_kilometres_off_would_be_found_out(
    router: RegionalRouter, areas_of: AreaOf, by_area: Postcodes
) -> None:
    truth = rooms(router, areas_of, Service.POLICE)
    assert right(by_decision(router, Service.POLICE), by_area, truth, shift_m=2_000) < 0.985


def test_shuffled_areas_would_be_found_out(
    router: RegionalRouter, areas_of: AreaOf, by_area: Postcodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: Mapping[Service, Sequence[RoomId | None]] = router._answers
    turned: Any = {service: (*rooms[100:], *rooms[:100]) for service, rooms in answers.items()}
    monkeypatch.setattr(router, "_answers", turned)
    assert right(by_decision(router, Service.POLICE), by_area, rooms(router, areas_of, Service.POLICE)) < 0.5
