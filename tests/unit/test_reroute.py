"""A place that changed after the hand-over: what is news to a room, and what jitter never is."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.control_room import Service
from intake.location import CallerLocation
from intake.register import load_rerouting
from intake.routing.projection import to_degrees, to_grid
from intake.routing.reroute import Change, ReroutingRules, weigh
from tests.desk import register

CONFIG = Path(__file__).parents[2] / "config"
RULES = load_rerouting(CONFIG)
POLICE = Service.POLICE
WEST, GREATER = "police-west-yorkshire", "police-greater-manchester"

LEEDS = CallerLocation(latitude=53.7965, longitude=-1.5478, uncertainty_m=20)
MANCHESTER = CallerLocation(latitude=53.4808, longitude=-2.2426, uncertainty_m=20)


def border_crossing() -> tuple[float, float, float]:
    """Where the straight way from Leeds to Manchester leaves West Yorkshire: its middle east and north in
    grid metres, and the border's bearing as the router itself has it."""
    start, end = to_grid(LEEDS.latitude, LEEDS.longitude), to_grid(MANCHESTER.latitude, MANCHESTER.longitude)
    low, high = 0.0, 1.0
    while (high - low) * math.dist(start, end) > 0.5:
        middle = (low + high) / 2
        here = at(*(a + middle * (b - a) for a, b in zip(start, end, strict=True)), radius_m=1)
        low, high = (middle, high) if register().route(POLICE, here).room_id == WEST else (low, middle)
    east, north = (a + low * (b - a) for a, b in zip(start, end, strict=True))
    return east, north, math.atan2(end[1] - start[1], end[0] - start[0])


def at(easting: float, northing: float, radius_m: float = 10) -> CallerLocation:
    latitude, longitude = to_degrees(easting, northing)
    return CallerLocation(latitude=latitude, longitude=longitude, uncertainty_m=radius_m)


def beyond(metres: float, radius_m: float = 10) -> CallerLocation:
    """So many metres behind the border on the way to Manchester; before it when negative."""
    east, north, bearing = border_crossing()
    return at(east + metres * math.cos(bearing), north + metres * math.sin(bearing), radius_m)


def change(
    place: CallerLocation,
    told: CallerLocation | None = LEEDS,
    held: str = WEST,
    rules: ReroutingRules = RULES,
) -> Change:
    return weigh(register(), rules, POLICE, held, told, place)


def moved(east_m: float, radius_m: float = 20, of: CallerLocation = LEEDS) -> CallerLocation:
    easting, northing = to_grid(of.latitude, of.longitude)
    return at(easting + east_m, northing, radius_m)


# -- news --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told_m", "east_m", "radius_m", "words"),
    [
        (20, 0, 20, ""),
        (20, 200, 20, ""),
        (20, 240, 20, ""),
        (20, 300, 20, "moved 300 m"),
        (20, 5_000, 20, "moved 5.0 km"),
        (20, 1_000, 1_500, ""),  # a rough fix whose circle still holds the old place
        (20, 2_000, 1_500, "moved 2.0 km"),
        (3_000, 100, 20, "known within 20 m now, before within 3.0 km"),
        (3_000, 100, 1_500, ""),
        (90, 0, 20, ""),  # good enough before
        (20, 0, 3_000, ""),  # worse is no news
    ],
)
def test_what_is_news_to_the_room(told_m: float, east_m: float, radius_m: float, words: str) -> None:
    told = msgspec.structs.replace(LEEDS, uncertainty_m=told_m)
    news = change(moved(east_m, radius_m), told).news
    assert (words in news) if words else not news


def test_a_place_that_only_grew_old_is_no_news() -> None:
    """A room that was told of it half an hour after it was measured knows it, wide as it was by then."""
    measured = msgspec.structs.replace(LEEDS, positioned_at=datetime(2026, 3, 1, tzinfo=UTC))
    aged = msgspec.structs.replace(measured, uncertainty_m=2_700)
    assert not weigh(register(), RULES, POLICE, WEST, aged, aged, measured).news
    # Negative control: another fix there, as good, is news.
    again = msgspec.structs.replace(measured, positioned_at=datetime(2026, 3, 1, 1, tzinfo=UTC))
    assert weigh(register(), RULES, POLICE, WEST, aged, again, again).news


def test_a_first_place_is_news() -> None:
    assert change(LEEDS, None).news == "a place is known now, within 20 m"


# -- another room ------------------------------------------------------------------------------------


def test_far_within_another_area_that_room_is_proposed() -> None:
    found = change(MANCHESTER)
    assert (found.other_room, found.is_back, found.decision.room_id) == (GREATER, False, GREATER)


def test_within_its_own_area_none_is() -> None:
    found = change(moved(3_000))
    assert (found.other_room, found.is_back) == (None, True)


def test_it_takes_a_hundred_metres_beyond_the_border_and_as_many_to_come_back() -> None:
    assert change(beyond(30)).other_room is None
    assert change(beyond(400)).other_room == GREATER
    assert not change(beyond(-30)).is_back
    assert change(beyond(-400)).is_back


def test_a_fix_that_jumps_about_the_border_never_flaps() -> None:
    """A good fix swings 60 m to both sides: by the most probable room alone it changes every time."""
    swings = [beyond(metres) for metres in (-60, 60, -45, 50, -60, 55, -10, 20)]
    rooms = [register().route(POLICE, place).room_id for place in swings]
    assert sum(a != b for a, b in pairwise(rooms)) >= 6  # the control: bare routing flaps
    assert [change(place).other_room for place in swings] == [None] * len(swings)
    assert not any(change(place, held=GREATER).other_room for place in swings)


def test_a_rough_fix_over_the_border_proposes_nothing() -> None:
    assert change(beyond(300, radius_m=4_000)).other_room is None


def test_out_at_sea_and_abroad_the_national_room_is_proposed() -> None:
    sea = CallerLocation(latitude=54.5, longitude=0.5, uncertainty_m=50)
    dublin = CallerLocation(latitude=53.35, longitude=-6.26, uncertainty_m=50)
    assert change(sea).other_room == change(dublin).other_room == "national"


def test_a_place_that_is_lost_takes_the_incident_nowhere() -> None:
    lost = msgspec.structs.replace(MANCHESTER, uncertainty_m=60_000)
    wide = msgspec.structs.replace(LEEDS, uncertainty_m=45_000)
    assert change(lost).other_room is change(wide).other_room is None


def test_what_went_to_the_national_room_for_want_of_a_place_finds_its_own() -> None:
    found = change(LEEDS, None, held="national")
    assert (found.other_room, bool(found.news)) == (WEST, True)


@settings(max_examples=60, deadline=None)
@given(
    latitude=st.floats(49, 61),
    longitude=st.floats(-8, 2),
    radius_m=st.floats(0, 80_000),
    held=st.sampled_from([WEST, GREATER, "national", "police-scotland", "not-a-room"]),
    service=st.sampled_from(list(Service)),
)
def test_it_is_total_and_never_wants_both(
    latitude: float, longitude: float, radius_m: float, held: str, service: Service
) -> None:
    place = CallerLocation(latitude=latitude, longitude=longitude, uncertainty_m=radius_m)
    found = weigh(register(), RULES, service, held, LEEDS, place)
    assert found.other_room != held
    assert not (found.other_room and found.is_back)
    if found.other_room:
        assert found.other_room == found.decision.room_id
