"""Beaches, estuaries, islands, sands, lakes and the Irish border: points of our own, on the committed map."""

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


def at(latitude: float, longitude: float, radius_m: float = 20) -> CallerLocation:
    return CallerLocation(latitude=latitude, longitude=longitude, uncertainty_m=radius_m)


# name, latitude, longitude, police area that answers there or None at sea
SHORE = [
    ("Blackpool, the sands by the North Pier", 53.8195, -3.0590, "police-lancashire"),
    ("Brighton beach", 50.8185, -0.1375, "police-sussex"),
    ("Barmouth, the mouth of the Mawddach", 52.7160, -4.0500, "police-north-wales"),
    ("Southend, half way out on the pier", 51.5250, 0.7185, "police-essex"),
    ("Hugh Town, Scilly", 49.9145, -6.3160, "police-devon-and-cornwall"),
    ("Lundy, the landing bay", 51.1630, -4.6560, "police-devon-and-cornwall"),
    ("Stromness harbour, Orkney", 58.9630, -3.2960, "police-scotland"),
    ("Fair Isle, North Haven", 59.5390, -1.6070, "police-scotland"),
    ("Stornoway harbour, Lewis", 58.2060, -6.3870, "police-scotland"),
    ("Hirta, St Kilda, Village Bay", 57.8100, -8.5650, "police-scotland"),
    ("Church Bay, Rathlin", 55.2930, -6.1970, "police-psni"),
    ("Holyhead, Newry beach", 53.3150, -4.6340, "police-north-wales"),
    ("Lindisfarne, the causeway", 55.6790, -1.8700, "police-northumbria"),
    ("Portrush, West Strand", 55.2030, -6.6600, "police-psni"),
]

SEA = [
    ("the Goodwin Sands, 8 km off Deal", 51.2600, 1.5200),
    ("Dogger", 54.8000, 2.3000),
    ("between Lundy and Hartland", 51.0900, -4.6000),
    ("the Minch", 58.0500, -5.9000),
    ("the Irish Sea off Rhyl", 53.5500, -3.7000),
    ("the North Channel", 54.9500, -5.4000),
    ("St George's Channel", 52.1000, -5.6000),
    ("the Solent approaches, off the Needles", 50.6300, -1.7200),
    ("Lyme Bay", 50.5500, -3.0000),
]

INLAND = [
    ("Windermere, mid-lake", 54.3600, -2.9350, "police-cumbria"),
    ("Loch Ness, mid-loch", 57.3000, -4.4500, "police-scotland"),
    ("Lough Neagh, mid-lough", 54.6200, -6.4000, "police-psni"),
    ("Rutland Water", 52.6530, -0.6500, "police-leicestershire"),
    ("Kielder Water", 55.1850, -2.5100, "police-northumbria"),
    ("Birmingham", 52.4800, -1.8900, "police-west-midlands"),
    ("Ben Nevis", 56.7969, -5.0036, "police-scotland"),
    ("the Thames at Reading", 51.4600, -0.9650, "police-thames-valley"),
]


@pytest.mark.parametrize(("name", "lat", "lon", "police"), SHORE, ids=[row[0] for row in SHORE])
def test_on_the_shore_the_coastguard_is_offered_beside_the_land_services(
    router: RegionalRouter, name: str, lat: float, lon: float, police: str
) -> None:
    decision = router.route(Service.POLICE, at(lat, lon))
    assert decision.room_id == police
    assert decision.offers_coastguard
    assert "HM Coastguard" in decision.reason
    asked = router.route(Service.COASTGUARD, at(lat, lon))
    assert (asked.room_id, asked.place, asked.offers_coastguard) == ("coastguard", "shore", False)


@pytest.mark.parametrize(("name", "lat", "lon"), SEA, ids=[row[0] for row in SEA])
def test_at_sea_the_coastguard_leads(router: RegionalRouter, name: str, lat: float, lon: float) -> None:
    decision = router.route(Service.AMBULANCE, at(lat, lon))
    assert (decision.place, decision.is_default, decision.offers_coastguard) == ("sea", True, True)
    assert "at sea HM Coastguard leads" in decision.reason
    assert router.route(Service.COASTGUARD, at(lat, lon)).rule_id == "coastguard-at-sea"


@pytest.mark.parametrize(("name", "lat", "lon", "police"), INLAND, ids=[row[0] for row in INLAND])
def test_lakes_and_inland_rivers_are_the_land_services(
    router: RegionalRouter, name: str, lat: float, lon: float, police: str
) -> None:
    decision = router.route(Service.POLICE, at(lat, lon))
    assert (decision.room_id, decision.offers_coastguard) == (police, False)
    assert "Coastguard" not in decision.reason


def test_a_wide_circle_that_reaches_the_sea_offers_the_coastguard(router: RegionalRouter) -> None:
    """Preston's middle is 10 km from the estuary's mouth: a fix of 50 m is inland, one of 15 km is not."""
    assert not router.route(Service.FIRE, at(53.7590, -2.6990, 50)).offers_coastguard
    assert router.route(Service.FIRE, at(53.7590, -2.6990, 15_000)).offers_coastguard


# Within a few hundred metres of the Irish land border, on either side of it.
BORDER = [
    ("Aughnacloy, the bridge's northern end", 54.4165, -6.9760, "police-psni"),
    ("Strabane, the bridge's northern end", 54.8295, -7.4690, "police-psni"),
    ("Lifford, across the river from Strabane", 54.8340, -7.4800, None),
    ("Belleek, main street", 54.4795, -8.0890, "police-psni"),
    ("Belcoo, main street", 54.2975, -7.8720, "police-psni"),
    ("Blacklion, across the bridge from Belcoo", 54.2910, -7.8800, None),
    ("Pettigo, south of the Termon", 54.5480, -7.8340, None),
    ("Derry, the Buncrana Road", 55.0235, -7.3680, "police-psni"),
    ("Bridgend, Donegal", 55.0440, -7.3830, None),
    ("Jonesborough", 54.0880, -6.3770, "police-psni"),
]


@pytest.mark.parametrize(("name", "lat", "lon", "police"), BORDER, ids=[row[0] for row in BORDER])
def test_the_irish_border_is_where_it_is(
    router: RegionalRouter, name: str, lat: float, lon: float, police: str | None
) -> None:
    decision = router.route(Service.POLICE, at(lat, lon, 10))
    if police is None:
        assert (decision.place, decision.abroad, decision.room_id) == ("foreign", "IE", "national")
    else:
        assert (decision.room_id, decision.abroad) == (police, "")
    assert not decision.offers_coastguard, "a land border is no shore"


ABROAD = [
    ("Dublin", 53.35, -6.26, "IE"),
    ("Douglas", 54.15, -4.48, "IM"),
    ("St Helier", 49.187, -2.106, "JE"),
    ("Sark", 49.43, -2.36, "GG"),
    ("Alderney", 49.714, -2.205, "GG"),
    ("Calais", 50.95, 1.85, "FR"),
    ("Cherbourg", 49.633, -1.617, "FR"),
    ("Ostend", 51.226, 2.92, "BE"),
    ("Amsterdam", 52.37, 4.90, "elsewhere"),
    ("Madrid", 40.4, -3.7, "elsewhere"),
]


@pytest.mark.parametrize(("name", "lat", "lon", "code"), ABROAD, ids=[row[0] for row in ABROAD])
def test_another_country_is_named_by_its_code(
    router: RegionalRouter, name: str, lat: float, lon: float, code: str
) -> None:
    for service in Service:
        decision = router.route(service, at(lat, lon))
        assert (decision.abroad, decision.is_default, decision.place) == (code, True, "foreign")
        assert not decision.offers_coastguard


def test_at_home_nothing_is_said_of_another_country(router: RegionalRouter) -> None:
    assert router.route(Service.POLICE, at(53.797, -1.541)).abroad == ""
    assert router.route(Service.POLICE, None).abroad == ""


def test_north_east_hampshire_has_its_neighbours_ambulances(router: RegionalRouter) -> None:
    """Fleet and Aldershot are the South East Coast's; Hook, in the same district as Fleet, is not."""
    for lat, lon in ((51.2830, -0.8430), (51.2480, -0.7600), (51.2940, -0.7560)):
        decision = router.route(Service.AMBULANCE, at(lat, lon))
        assert decision.room_id == "ambulance-south-east-coast"
        assert router.route(Service.POLICE, at(lat, lon)).room_id == "police-hampshire"
    assert router.route(Service.AMBULANCE, at(51.2800, -0.9620)).room_id == "ambulance-south-central"
