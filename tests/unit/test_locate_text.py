"""Clues to a place in words: what is read, from which characters, and what is left alone."""

# ruff: noqa: E501 - a table of cases is read across

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from intake.locate.postcode_file import PostcodeFile
from intake.locate.text import CLUE_LIMIT, TextLocator
from intake.location import ClueKind, Reading
from tests.postcode_data import built_once


@pytest.fixture(scope="module")
def locator(tmp_path_factory: pytest.TempPathFactory) -> TextLocator:
    folder = built_once(tmp_path_factory)
    return TextLocator(PostcodeFile.open(folder))


# label, text, clue, source, latitude, longitude, tolerance in metres, smallest and largest radius in metres
FOUND = [
    ("postcode", "fire at LS1 4AP now", "LS1 4AP", "text_postcode", 53.7955, -1.5557, 50, 75, 250),
    ("postcode in small letters, joined", "ls14ap", "ls14ap", "text_postcode", 53.7955, -1.5557, 50, 75, 250),
    ("postcode over two lines", "LS1\n4AP", "LS1\n4AP", "text_postcode", 53.7955, -1.5557, 50, 75, 250),
    ("letter O for nought", "SW1A OAA", "SW1A OAA", "text_postcode", 51.4998, -0.1247, 60, 150, 2_500),
    ("no such unit, known sector", "at LS1 4ZZ", "LS1 4ZZ", "text_outcode", 53.796, -1.554, 500, 500, 1_500),
    ("district after a word of place", "near se1 pls", "se1", "text_outcode", 51.4987, -0.0875, 500, 1_000, 4_000),
    ("district in capitals", "SE1, 2nd floor", "SE1", "text_outcode", 51.4987, -0.0875, 500, 1_000, 4_000),
    ("one-letter district with its city", "London N1", "N1", "text_outcode", 51.5384, -0.1006, 500, 800, 4_000),
    ("any district after 'postcode'", "postcode m25", "m25", "text_outcode", 53.533, -2.281, 500, 800, 6_000),
    ("Welsh word of place", "tân yn CF10", "CF10", "text_outcode", 51.478, -3.178, 900, 500, 4_000),
    ("Belfast: only the area", "BT1 5GS", "BT1 5GS", "text_outcode", 54.64, -6.75, 10, 90_000, 99_000),
    ("Jersey", "JE2 3AB", "JE2 3AB", "text_outcode", 49.21, -2.13, 10, 10_000, 15_000),
    ("grid, six figures", "SE 298 333", "SE 298 333", "text_grid", 53.7955, -1.5485, 120, 70, 80),
    ("grid, small letters", "im at se298333", "se298333", "text_grid", 53.7955, -1.5485, 120, 70, 80),
    ("grid, ten figures (the OS guide's worked example)", "TG 51409 13177", "TG 51409 13177", "text_grid", 52.657978, 1.716053, 5, 20, 20),
    ("grid, four figures in groups", "TQ 30 80", "TQ 30 80", "text_grid", 51.5084, -0.121, 20, 700, 720),
    ("grid, two figures by name", "grid ref SE12", "SE12", "text_grid", 53.721, -1.774, 50, 7_000, 7_100),
    ("grid, a word that needs its groups", "NO 123 456", "NO 123 456", "text_grid", 56.5945, -3.429, 50, 70, 80),
    ("decimal pair", "53.7998, -1.5491", "53.7998, -1.5491", "text_latlon", 53.7998, -1.5491, 1, 20, 21),
    ("true minus sign", "53.7998,−1.5491", "53.7998,−1.5491", "text_latlon", 53.7998, -1.5491, 1, 20, 21),
    ("pair ends a sentence", "I am at 53.7998 -1.5491.", "53.7998 -1.5491", "text_latlon", 53.7998, -1.5491, 1, 20, 21),
    ("longitude first", "-1.5491, 53.7998", "-1.5491, 53.7998", "text_latlon", 53.7998, -1.5491, 1, 20, 21),
    ("few digits, wide radius", "gps 53.80 -1.55", "53.80 -1.55", "text_latlon", 53.8, -1.55, 1, 1_200, 1_400),
    ("labelled", "lat: 53.79981 long: -1.54911", None, "text_latlon", 53.79981, -1.54911, 1, 20, 20),
    ("hemispheres after", "53.7998° N, 1.5491° W", None, "text_latlon", 53.7998, -1.5491, 1, 20, 21),
    ("hemispheres before", "N53.7998 W1.5491", None, "text_latlon", 53.7998, -1.5491, 1, 20, 21),
    ("degrees minutes seconds", "53°47'59.3\"N 1°32'56.8\"W", None, "text_latlon", 53.79981, -1.54911, 2, 20, 20),
    ("curly marks", "53º 47′ 59.3″ N, 1º 32′ 56.8″ W", None, "text_latlon", 53.79981, -1.54911, 2, 20, 20),
    ("marine degrees and minutes", "50 32.5 N 004 57.2 W", None, "text_latlon", 50.5417, -4.9533, 5, 200, 240),
    ("marine, letters first", "N50 32.51 W004 57.22", None, "text_latlon", 50.54183, -4.95367, 5, 20, 30),
    ("south of the line", "33.8568S 151.2153E", None, "text_latlon", -33.8568, 151.2153, 1, 20, 21),
    ("plus code", "9C5VPFC7+9X", "9C5VPFC7+9X", "text_pluscode", 53.72094, -2.53506, 5, 20, 20),
    (
        "Google pin beats its view",
        "https://www.google.com/maps/place/X/@53.7,-1.5,15z/data=!8m2!3d53.8007554!4d-1.5490774",
        None, "text_latlon", 53.80076, -1.54908, 2, 20, 20,
    ),
    ("Google view", "see https://www.google.com/maps/@53.79,-1.54,15z ok", "https://www.google.com/maps/@53.79,-1.54,15z", "text_latlon", 53.79, -1.54, 1, 500, 1_500),
    ("Google query", "https://maps.google.com/?q=53.79123,-1.54123", None, "text_latlon", 53.79123, -1.54123, 1, 20, 20),
    ("Apple", "https://maps.apple.com/?ll=53.79123,-1.54123&q=Pin", None, "text_latlon", 53.79123, -1.54123, 1, 20, 20),
    ("Apple, escaped comma", "https://maps.apple.com/?q=53.79123%2C-1.54123", None, "text_latlon", 53.79123, -1.54123, 1, 20, 20),
    ("OpenStreetMap marker", "https://www.openstreetmap.org/?mlat=53.79123&mlon=-1.54123#map=17/53.7/-1.5", None, "text_latlon", 53.79123, -1.54123, 1, 20, 20),
    ("OpenStreetMap view", "https://www.openstreetmap.org/#map=17/53.79123/-1.54123", None, "text_latlon", 53.79123, -1.54123, 1, 100, 400),
    ("geo: with its uncertainty", "geo:53.79123,-1.54123;u=35", None, "text_latlon", 53.79123, -1.54123, 1, 35, 35),
    ("geo: as Android writes it", "geo:0,0?q=53.79123,-1.54123(Home)", "geo:0,0?q=53.79123,-1.54123(Home", "text_latlon", 53.79123, -1.54123, 1, 20, 20),
    ("postcode in a link", "https://maps.google.com/?q=LS1+4AP", "LS1+4AP", "text_postcode", 53.7955, -1.5557, 50, 75, 250),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "clue", "source", "latitude", "longitude", "tolerance_m", "least_m", "most_m"),
    [case[1:] for case in FOUND],
    ids=[case[0] for case in FOUND],
)
def test_a_clue_is_read(
    locator: TextLocator,
    text: str,
    clue: str | None,
    source: str,
    latitude: float,
    longitude: float,
    tolerance_m: float,
    least_m: float,
    most_m: float,
) -> None:
    (found,) = locator.read(text).places
    assert found.source == source
    assert found.clue == (text if clue is None else clue)
    assert text[found.clue_start : found.clue_end] == found.clue
    _, _, off_m = Geod(ellps="WGS84").inv(found.longitude, found.latitude, longitude, latitude)
    assert off_m <= tolerance_m
    assert least_m <= found.radius_m() <= most_m


NOTHING = [
    ("district in small letters, alone", "se1"),
    ("vitamin", "she took B12 and E10"),
    ("petrol", "in E10 petrol"),
    ("gas", "CO2 alarm going off at CO2 level high"),
    ("floor", "N1 3rd floor"),
    ("time of day", "m6 2am tonight"),
    ("telephone model", "my iphone s8 6gb"),
    ("telephone number", "ring 07700 900123 or 01632 960123"),
    ("registration plate", "white van AB12 CDE"),
    ("order number", "ref no 123456"),
    ("so many", "so 100 200 people"),
    ("street", "St 123456"),
    ("prices", "paid 12.50, 13.20"),
    ("three decimals far away", "ratio 12.345, 67.891"),
    ("a web address is not in Acton", "see http://www.w3.org/TR/ or w3.org or e1.4ap.example.org"),
    ("fractions", "scores 0.2000, 0.3000"),
    ("a list of numbers", "12.34567, 67.89012, 45.67890"),
    ("nothing island", "0.00000, 0.00000"),
    ("out of range", "153.79981, -191.54911"),
    ("60 minutes", "50 72.5 N 004 57.2 W"),
    ("version numbers", "v1.2.3 10.0.0.1 2024.1.2"),
    ("date and time", "12.05.2024 14.30"),
    ("inside a longer word", "XLS14APX"),
    ("sea square", "OA 123456"),
    ("empty", ""),
]


@pytest.mark.parametrize("text", [case[1] for case in NOTHING], ids=[case[0] for case in NOTHING])
def test_what_is_not_a_place_is_left_alone(locator: TextLocator, text: str) -> None:
    assert locator.read(text) == Reading()


@pytest.mark.parametrize("text", ["crash on the M6 J15", "stuck on M25 near m1", "at M6 services"])
def test_a_motorway_is_no_postcode_district(locator: TextLocator, text: str) -> None:
    found = locator.read(text)
    assert found.places == ()
    assert {clue.kind for clue in found.clues} <= {ClueKind.ROAD, ClueKind.JUNCTION}


def test_several_clues_keep_the_order_of_their_words(locator: TextLocator) -> None:
    found = locator.read("home is LS1 4AP but I am at 50.54183, -4.95367, again LS1 4AP").places
    assert [place.source for place in found] == ["text_postcode", "text_latlon"]


def test_without_the_file_the_rest_is_still_read(tmp_path: Path) -> None:
    locator = TextLocator.load(tmp_path)
    assert "intake data" in locator.degraded
    assert locator.read("LS1 4AP") == Reading()
    assert len(locator.read("53.7998, -1.5491").places) == 1


_PIECES = st.sampled_from(
    ["LS1 4AP", "SE1", "in ", "SE 123 456", "53.79", "-1.54", ", ", "°", "'", "N", "W ", "\x00", "\ud800", "geo:",
     "https://", "maps.", "?q=", "%2C", "9C5VPFC7+9X", "1" * 30, "@", ",15z", "#map=9/", "９", "٣", "ſE1 ", "K1"]
)  # fmt: skip
_TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=200),
    st.lists(st.one_of(_PIECES, st.text(max_size=4)), max_size=30).map("".join),
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=_TEXTS)
def test_no_text_makes_it_raise_and_each_clue_is_its_words(locator: TextLocator, text: str) -> None:
    found = locator.read(text)
    for clue in found.clues:
        assert text[clue.start : clue.end] == clue.words
        assert 0 <= clue.start < clue.end <= len(text)
    for place in found.places:
        assert place.clue_start is not None
        assert text[place.clue_start : place.clue_end] == place.clue
        assert -90 <= place.latitude <= 90
        assert -180 <= place.longitude <= 180
        assert place.uncertainty_m >= 20


@pytest.mark.parametrize(
    "unit",
    ["1", "53.1 ", "1.1,", "N 1 1 1 ", "1 1 1 N ", "maps.", "A1", "A1 1", "se 1 ", "lat ", "LS1 4AP ", "in SE1 ",
     "geo:1,1 ", " ", "\u00a0", "/dir/", "www./dir/", "%20", "53.79981,-1.54911 "],
)  # fmt: skip
def test_a_long_text_is_bounded(locator: TextLocator, unit: str) -> None:
    """Of two million characters 20,000 are read, and no pattern goes back over them without end: how fast
    it is, the bench says; this only tells bounded from not."""
    started_s = time.process_time()
    found = locator.read(unit * (2_000_000 // len(unit)))
    assert len(found.clues) <= CLUE_LIMIT
    assert time.process_time() - started_s < 5
