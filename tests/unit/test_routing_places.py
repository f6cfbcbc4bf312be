"""Real places and the rooms, rules and reasons they must get from the committed configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.control_room import Service
from intake.location import CallerLocation
from intake.register import load_register
from intake.routing.router import RegionalRouter

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def router() -> RegionalRouter:
    return load_register(CONFIG)


def at(latitude: float, longitude: float, radius_m: float = 30, confidence_pct: float = 95) -> CallerLocation:
    return CallerLocation(
        latitude=latitude, longitude=longitude, uncertainty_m=radius_m, confidence_pct=confidence_pct
    )


LAND = [
    ("Leeds", 53.797, -1.541, "police-west-yorkshire", "fire-west-yorkshire", "ambulance-yorkshire"),
    ("Cardiff", 51.480, -3.180, "police-south-wales", "fire-south-wales", "ambulance-welsh"),
    (
        "Exeter",
        50.7256,
        -3.5269,
        "police-devon-and-cornwall",
        "fire-devon-and-somerset",
        "ambulance-south-western",
    ),
    ("Berwick", 55.770, -2.005, "police-northumbria", "fire-northumberland", "ambulance-north-east"),
    ("Eyemouth", 55.872, -2.091, "police-scotland", "fire-sfrs", "ambulance-sas"),
    ("Bank", 51.5134, -0.0886, "police-city-of-london", "fire-london", "ambulance-london"),
    ("Croydon", 51.372, -0.101, "police-metropolitan", "fire-london", "ambulance-london"),
    ("Grimsby", 53.567, -0.081, "police-humberside", "fire-humberside", "ambulance-east-midlands"),
    (
        "Cowes",
        50.760,
        -1.300,
        "police-hampshire",
        "fire-hampshire-and-isle-of-wight",
        "ambulance-isle-of-wight",
    ),
    (
        "Scilly",
        49.915,
        -6.310,
        "police-devon-and-cornwall",
        "fire-isles-of-scilly",
        "ambulance-south-western",
    ),
    ("Lerwick", 60.155, -1.145, "police-scotland", "fire-sfrs", "ambulance-sas"),
    ("Belfast", 54.597, -5.930, "police-psni", "fire-nifrs", "ambulance-nias"),
    ("Derry", 54.997, -7.309, "police-psni", "fire-nifrs", "ambulance-nias"),
    ("Enniskillen", 54.344, -7.632, "police-psni", "fire-nifrs", "ambulance-nias"),
    ("Newry", 54.176, -6.337, "police-psni", "fire-nifrs", "ambulance-nias"),
    # SK13 is in Derbyshire, and its ambulances come from the North West; Buxton's do not.
    ("Glossop SK13", 53.4435, -1.949, "police-derbyshire", "fire-derbyshire", "ambulance-north-west"),
    ("Buxton SK17", 53.259, -1.911, "police-derbyshire", "fire-derbyshire", "ambulance-east-midlands"),
]


@pytest.mark.parametrize(
    ("name", "lat", "lon", "police", "fire", "ambulance"), LAND, ids=[row[0] for row in LAND]
)
def test_a_place_on_land_has_its_three_rooms(
    router: RegionalRouter, name: str, lat: float, lon: float, police: str, fire: str, ambulance: str
) -> None:
    for service, room in ((Service.POLICE, police), (Service.FIRE, fire), (Service.AMBULANCE, ambulance)):
        decision = router.route(service, at(lat, lon))
        assert decision.room_id == room
        assert decision.candidates[0].room_id == room
        assert decision.probability == pytest.approx(0.95, abs=0.02)
        assert not decision.is_default
        assert decision.map_version == router.map_version


ABROAD = [
    ("Ireland", 53.35, -6.26),
    ("Ireland", 54.95, -7.73),  # Letterkenny
    ("Ireland", 54.00, -6.40),  # Dundalk
    ("the Isle of Man", 54.15, -4.48),
    ("Jersey", 49.187, -2.106),
    ("the Bailiwick of Guernsey", 49.46, -2.54),
    ("the Bailiwick of Guernsey", 49.43, -2.36),  # Sark
    ("France", 50.95, 1.85),  # Calais
    ("Belgium", 51.226, 2.92),  # Ostend
    ("off the map of the United Kingdom", 40.0, -3.7),
]


@pytest.mark.parametrize(("country", "lat", "lon"), ABROAD)
@pytest.mark.parametrize("service", list(Service), ids=lambda service: service.word)
def test_abroad_is_the_national_default_with_the_country_named(
    router: RegionalRouter, country: str, lat: float, lon: float, service: Service
) -> None:
    decision = router.route(service, at(lat, lon))
    assert (decision.room_id, decision.is_default, decision.place) == ("national", True, "foreign")
    assert country in decision.reason


@pytest.mark.parametrize(("lat", "lon"), [(50.57, -4.98), (53.7, -5.2), (55.5, 1.0), (58.0, -9.0)])
def test_at_sea_the_coastguard_answers_and_nobody_else(
    router: RegionalRouter, lat: float, lon: float
) -> None:
    coastguard = router.route(Service.COASTGUARD, at(lat, lon))
    assert (coastguard.room_id, coastguard.rule_id) == ("coastguard", "coastguard-at-sea")
    for service in (Service.POLICE, Service.FIRE, Service.AMBULANCE):
        decision = router.route(service, at(lat, lon))
        assert (decision.room_id, decision.is_default, decision.place) == ("national", True, "sea")
        assert "at sea" in decision.reason


def test_just_off_the_beach_the_land_services_still_answer(router: RegionalRouter) -> None:
    """Padstow's own water: within 1 km of the coast a fire on a boat is Cornwall's."""
    decision = router.route(Service.FIRE, at(50.548, -4.935))
    assert decision.room_id == "fire-cornwall"
    shore = router.route(Service.COASTGUARD, at(50.548, -4.935))
    assert (shore.room_id, shore.rule_id) == ("coastguard", "coastguard-at-shore")


def test_a_circle_half_at_sea_goes_to_the_land_it_touches(router: RegionalRouter) -> None:
    decision = router.route(Service.POLICE, at(50.57, -4.98, radius_m=2_500))
    assert decision.room_id == "police-devon-and-cornwall"
    assert 0.2 <= decision.probability < 0.95
    assert "at sea" in decision.reason


def test_asked_for_inland_the_coastguard_is_still_given_with_a_warning(router: RegionalRouter) -> None:
    decision = router.route(Service.COASTGUARD, at(53.797, -1.541))
    assert (decision.room_id, decision.rule_id) == ("coastguard", "coastguard-inland")
    assert "inland" in decision.reason


def test_near_a_border_the_neighbour_is_offered(router: RegionalRouter) -> None:
    """North of Berwick, by the border: both forces are candidates, the likelier one wins."""
    decision = router.route(Service.POLICE, at(55.811, -2.036, radius_m=500))
    assert decision.rule_id == "border-inside"
    assert [one.room_id for one in decision.candidates] == ["police-scotland", "police-northumbria"]
    assert decision.candidates[0].probability + decision.candidates[1].probability == pytest.approx(
        0.95, abs=0.01
    )


def test_a_good_fix_near_a_border_is_certain_and_still_names_the_neighbour(router: RegionalRouter) -> None:
    decision = router.route(Service.AMBULANCE, at(53.365, -2.0, radius_m=50))  # New Mills
    assert decision.probability == pytest.approx(0.95)
    assert [one.room_id for one in decision.candidates] == ["ambulance-east-midlands", "ambulance-north-west"]


def test_confidence_is_scaled_to_95_before_anything_else(router: RegionalRouter) -> None:
    """RFC 7459 §5.4: 500 m at 68 % is 825 m at 95 %, so less of it lies on one side of the border."""
    stated = router.route(Service.POLICE, at(55.811, -2.036, radius_m=500, confidence_pct=68))
    scaled = router.route(Service.POLICE, at(55.811, -2.036, radius_m=500 * 1.6504))
    plain = router.route(Service.POLICE, at(55.811, -2.036, radius_m=500))
    assert stated.probability == pytest.approx(scaled.probability, abs=1e-3)
    assert stated.probability < plain.probability - 0.01


def test_no_place_is_the_national_default_with_the_reason(router: RegionalRouter) -> None:
    for service in Service:
        decision = router.route(service, None)
        assert (decision.room_id, decision.rule_id, decision.place) == ("national", "no-place", "none")
        assert decision.candidates == ()
        assert "no location is known" in decision.reason


def test_a_circle_too_wide_to_choose_is_the_national_default(router: RegionalRouter) -> None:
    decision = router.route(Service.FIRE, at(52.48, -1.89, radius_m=45_000))
    assert (decision.room_id, decision.rule_id) == ("national", "national-default")
    assert len(decision.candidates) > 5
    too_wide = router.route(Service.FIRE, at(52.48, -1.89, radius_m=60_000))
    assert (too_wide.room_id, too_wide.rule_id) == ("national", "no-place")


def test_many_at_once_say_what_each_alone_says(router: RegionalRouter) -> None:
    locations = [at(53.797, -1.541), None, at(50.57, -4.98), at(55.811, -2.036, radius_m=500)]
    services = list(Service)
    assert list(router.route_many(services, locations)) == [
        tuple(router.route(service, location) for service in services) for location in locations
    ]
