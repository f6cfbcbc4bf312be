"""Radius and doubts of an answer, the circuit breaker, the settings, and who may import geopy. No network."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.commands.check import problems_in
from intake.errors import BadConfiguration
from intake.locate.best import choose_best
from intake.locate.geocoding import answer, check_geocoding, open_geocoders
from intake.locate.geocoding.answer import AnswerKind, FoundAddress, extent_m, hypotheses, radius_m
from intake.locate.geocoding.breaker import Breaker
from intake.locate.geocoding.doubts import house_numbers, widened_m
from intake.locate.geocoding.providers import read_nominatim, read_pelias, read_photon
from intake.locate.geocoding.what3words import is_one_letter_away, three_words
from intake.location import CallerLocation, ClueKind, LocationSource
from intake.settings import GeocoderSettings, Settings, What3WordsSettings
from tests.geocoders import question

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
HOUSE = FoundAddress(latitude=53.8, longitude=-1.55, kind=AnswerKind.HOUSE, label="14", house_number="14")


# -- radius ------------------------------------------------------------------------------------------


def test_the_table_in_the_docstring_is_the_one_in_the_code() -> None:
    rows = re.findall(r"^\| (\w+) \| ([\d.]+) (k?m) \| ([\d.]+) (k?m) \|", answer.__doc__ or "", re.MULTILINE)
    told = {name: (_metres(least, a), _metres(usual, b)) for name, least, a, usual, b in rows}
    assert told == {kind.value: (answer._LEAST_M[kind], answer._USUAL_M[kind]) for kind in AnswerKind}
    assert f"| {answer._RECKONED_M:.0f} m | {answer._RECKONED_M:.0f} m |" in (answer.__doc__ or "")


def _metres(number: str, unit: str) -> float:
    return float(number) * (1000 if unit == "km" else 1)


@given(
    kind=st.sampled_from(AnswerKind),
    extent=st.floats(min_value=0, max_value=1e6),
    match=st.floats(min_value=0, max_value=1),
    is_reckoned=st.booleans(),
)
def test_a_radius_is_never_less_than_its_kind_allows(
    kind: AnswerKind, extent: float, match: float, is_reckoned: bool
) -> None:
    found = msgspec.structs.replace(HOUSE, kind=kind, extent_m=extent, match=match, is_reckoned=is_reckoned)
    metres = radius_m(found)
    assert metres >= max(answer._LEAST_M[kind], extent)
    assert radius_m(msgspec.structs.replace(found, match=1.0)) <= metres
    assert radius_m(msgspec.structs.replace(found, is_reckoned=False)) <= metres


def test_an_extent_reaches_the_farthest_corner() -> None:
    # 0.01° north is 1,113 m; 0.01° east at 60° is half of it.
    assert extent_m(60.0, 0.0, 60.0, 0.0, 60.01, 0.01) == pytest.approx(math.hypot(1114, 558), rel=0.01)
    assert extent_m(60.0, 0.0, 91, 0, 91, 0) == 0
    assert extent_m(60.0, 0.0, 60.01, 0.0, 60.0, 0.01) == 0  # south of its south


numbers = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-90, 90))


@given(
    st.lists(
        st.builds(
            FoundAddress,
            latitude=numbers,
            longitude=numbers,
            kind=st.sampled_from(AnswerKind),
            label=st.text(max_size=20),
            extent_m=st.floats(0, 1e7),
            match=st.floats(0, 1),
            house_number=st.sampled_from(["", "14", "14-18", "Rose Cottage"]),
            country_code=st.sampled_from(["gb", "ie", "au", ""]),
        ),
        max_size=6,
    ),
    st.sampled_from(["14 Acacia Avenue", "Acacia Avenue", "flat 2, 14a High Street"]),
)
def test_whatever_numbers_a_service_sends_only_places_come_out(
    answers: list[FoundAddress], words: str
) -> None:
    try:
        found = hypotheses(question(words), answers, "x", "©")
    except ValueError:
        # pyproj refuses infinities; the guard makes a failed look-up of it.
        assert any(not math.isfinite(n) for one in answers for n in (one.latitude, one.longitude))
        return
    assert len(found) <= answer.MOST_PLACES
    for place in found:
        assert -90 <= place.latitude <= 90 and -180 <= place.longitude <= 180
        assert math.isfinite(place.uncertainty_m) and place.uncertainty_m >= 40
        assert 0 < place.confidence_pct <= 95
        assert place.source is LocationSource.TEXT_ADDRESS and place.note


# -- words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("14 Acacia Avenue, Leeds LS1 4AP", {"14"}),
        ("Flat 2, 14A High St", {"2", "14a"}),
        ("Acacia Avenue", set()),
        ("12.5 High Street", set()),
    ],
)
def test_house_numbers(words: str, numbers: set[str]) -> None:
    assert house_numbers(words) == numbers


@pytest.mark.parametrize(
    ("theirs", "is_house"), [("14", True), ("12-14", True), ("14;16", True), ("15", False)]
)
def test_a_house_is_the_house_asked_for_or_only_its_street(theirs: str, is_house: bool) -> None:
    found = msgspec.structs.replace(HOUSE, house_number=theirs)
    (place,) = hypotheses(question("14 Acacia Avenue"), [found], "x", "©")
    assert (place.uncertainty_m == 40) is is_house


def test_a_far_place_is_so_wide_that_it_holds_every_corner_of_the_uk() -> None:
    perth = (-31.95, 115.86)
    radius = widened_m(40, *perth, "au")
    for corner in ((49.86, -6.4), (60.86, -0.88), (51.1, 1.4), (54.5, -8.2), (57.8, -8.6)):
        assert answer.distance_m(*perth, *corner) < radius
    assert widened_m(40, 53.8, -1.5, "gb") == 40
    assert widened_m(40, 54.996, -7.321, "ie") == 40
    assert widened_m(40, 53.8, -1.5, "") == 40 and widened_m(40, 40.7, -74.0, "") > 5e6


def test_a_far_place_never_wins_over_a_wide_fix_of_the_phone() -> None:
    """With its own small radius it would: the negative control."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    cell = CallerLocation(
        latitude=53.8, longitude=-1.55, uncertainty_m=3000, source=LocationSource.AML, positioned_at=now
    )
    abroad = msgspec.structs.replace(HOUSE, latitude=-31.95, longitude=115.86, country_code="au")
    (far,) = hypotheses(question("14 Hay Street Perth"), [abroad], "x", "©")
    assert choose_best([cell, far], now) == cell
    narrow = msgspec.structs.replace(far, uncertainty_m=40.0)
    assert choose_best([cell, narrow], now) == narrow


@pytest.mark.parametrize(
    ("one", "other", "is_near"),
    [
        ("filled.count.soap", "filled.count.soaps", True),
        ("filled.count.soap", "filed.count.soap", True),
        ("filled.count.soap", "filled.court.soap", True),
        ("filled.count.soap", "filled.mouth.soap", False),
        ("filled.count.soap", "filled.count.soup", True),
        ("filled.count.soap", "filled.cuont.soap", True),
        ("filled.count.soap", "filled.count.soap", False),
        ("", "a", True),
    ],
)
def test_one_letter_away(one: str, other: str, is_near: bool) -> None:
    assert is_one_letter_away(one, other) is is_near is is_one_letter_away(other, one)


@given(st.text("abc.", max_size=8), st.text("abc.", max_size=8))
def test_one_letter_away_is_what_a_slower_way_says(one: str, other: str) -> None:
    letters = "abc."
    less = {one[:i] + one[i + 1 :] for i in range(len(one))}
    more = {one[:i] + letter + one[i:] for i in range(len(one) + 1) for letter in letters}
    changed = {one[:i] + letter + one[i + 1 :] for i in range(len(one)) for letter in letters}
    swapped = {one[:i] + one[i + 1] + one[i] + one[i + 2 :] for i in range(len(one) - 1)}
    assert is_one_letter_away(one, other) is (one != other and other in less | more | changed | swapped)


def test_three_words_out_of_what_people_write() -> None:
    assert three_words("https://what3words.com/Filled.Count.Soap") == "filled.count.soap"
    assert three_words("///pêl.tŷ.môr") == "pêl.tŷ.môr"
    assert three_words("///only.two") == "" and three_words("w3w.co") == ""


# -- answers as they may come ------------------------------------------------------------------------


def test_older_servers_without_ranks_and_boxes_are_read_too() -> None:
    """Nominatim before 4.3 sends neither place_rank nor addresstype."""
    old = {"lat": "53.8", "lon": "-1.55", "class": "highway", "type": "residential", "display_name": "x"}
    assert read_nominatim(old).kind is AnswerKind.STREET
    assert read_nominatim({**old, "class": "place", "type": "city"}).kind is AnswerKind.TOWN
    assert read_nominatim({**old, "address": {"house_number": "4"}}).kind is AnswerKind.HOUSE
    assert read_nominatim({**old, "class": "boundary", "type": "x"}).kind is AnswerKind.REGION


@pytest.mark.parametrize("read", [read_nominatim, read_photon, read_pelias])
@pytest.mark.parametrize(
    "raw",
    [{}, {"lat": "x", "lon": 1}, {"properties": None, "geometry": {}}, {"properties": {}, "geometry": []}],
)
def test_what_is_no_answer_is_never_a_place(read: Any, raw: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError, IndexError)):
        read(raw)


# -- the breaker -------------------------------------------------------------------------------------


class Time:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def test_the_breaker_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(3, 30, Time())
    for ended in (breaker.failed, breaker.failed, breaker.succeeded, breaker.failed, breaker.failed):
        breaker.begin()
        ended()
    assert not breaker.is_open
    breaker.begin()
    breaker.failed()
    assert breaker.is_open and breaker.rests_s == 30


def test_one_question_tries_after_the_rest_and_its_end_decides() -> None:
    time = Time()
    breaker = Breaker(1, 30, time)
    breaker.begin()
    breaker.failed()
    time.s += 30
    assert breaker.rests_s == 0
    breaker.begin()
    assert breaker.rests_s > 0  # nobody else
    breaker.failed()
    assert breaker.rests_s == 30
    time.s += 30
    breaker.begin()
    breaker.succeeded()
    assert not breaker.is_open and breaker.rests_s == 0


def test_who_asks_us_to_stay_away_is_left_alone_at_once_and_as_long() -> None:
    breaker = Breaker(5, 30, Time())
    breaker.begin()
    breaker.failed(rest_s=120)
    assert breaker.rests_s == 120


# -- settings ----------------------------------------------------------------------------------------


def settings(**changes: Any) -> Settings:
    given = {"provider": "nominatim", "base_url": "https://geo.example.org", "user_agent": "us", **changes}
    return Settings(geocoder=GeocoderSettings(**given))


def test_as_shipped_nobody_is_asked_and_nothing_is_loaded() -> None:
    assert open_geocoders(Settings()) == {}
    code = (
        "import sys, intake.inside, intake.locate.geocoding as g, intake.settings as s; "
        "assert g.open_geocoders(s.Settings()) == {}; print('geopy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("provider", ["nominatim", "photon", "pelias", "os_places"])
def test_each_provider_opens(provider: str) -> None:
    opened = open_geocoders(settings(provider=provider, api_key="k"))
    assert {kind: one.name for kind, one in opened.items()} == {ClueKind.ADDRESS: provider}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"provider": "google"},
            "geocoder.provider: 'google' is none of nominatim, photon, pelias, os_places",
        ),
        ({"provider": ""}, "geocoder.provider: empty"),
        ({"base_url": ""}, "geocoder.base_url: '' is no http or https address"),
        ({"base_url": "ftp://geo.example.org"}, "no http or https address"),
        ({"base_url": "http://geo.example.org"}, "addresses and keys go over https"),
        (
            {"base_url": "https://nominatim.openstreetmap.org"},
            "the public server is not for callers' addresses",
        ),
        ({"base_url": "https://u:p@geo.example.org/?key=1"}, "no user, question mark or #"),
        ({"provider": "os_places"}, "geocoder.api_key: OS Places needs one"),
        ({"user_agent": ""}, "geocoder.user_agent"),
        ({"timeout_s": 0.0}, "geocoder.timeout_s: must be more than 0"),
        ({"timeout_s": float("nan")}, "geocoder.timeout_s: must be more than 0"),
        ({"timeout_s": 60.0}, "geocoder.timeout_s: at most 15"),
        ({"requests_per_s": -1.0}, "geocoder.requests_per_s: must be more than 0"),
    ],
)
def test_what_is_set_wrongly_is_said_and_not_started(changes: dict[str, Any], problem: str) -> None:
    wrong = settings(**changes)
    assert any(problem in said for said in check_geocoding(wrong))
    with pytest.raises(BadConfiguration, match=re.escape(problem)):
        open_geocoders(wrong)


def test_every_problem_is_said_at_once_and_a_good_configuration_has_none() -> None:
    assert len(check_geocoding(settings(provider="x", base_url="", timeout_s=-1.0, at_once=0))) >= 4
    assert check_geocoding(settings()) == ()
    assert check_geocoding(Settings(what3words=What3WordsSettings(api_key="k"))) == ()
    wrong = Settings(what3words=What3WordsSettings(api_key="k", base_url="http://w3w.example.org"))
    assert check_geocoding(wrong) == (
        "what3words.base_url: addresses and keys go over https, except on this machine",
    )


def test_intake_check_says_it_and_a_key_comes_from_a_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("secret-of-nobody\n")
    environ = {"INTAKE_GEOCODER__PROVIDER": "os_places", "INTAKE_GEOCODER__API_KEY_FILE": str(key)}
    said = [one for one in problems_in(CONFIG, environ) if one.startswith("geocoder")]
    assert said == ["geocoder.base_url: '' is no http or https address"]
    assert "secret-of-nobody" not in " ".join(problems_in(CONFIG, environ))
