"""What cannot all be true is said in words; a slip that would explain it is suspected, never corrected."""

from __future__ import annotations

import math
import re
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from intake.locate import wording
from intake.locate.ageing import ROAD_M_S, as_of, pace_m_s, radius_now_m
from intake.locate.contradictions import Slip, find_contradictions, is_place
from intake.locate.sources import SOURCES, Kind, source_table, whose_is
from intake.location import CallerLocation, LocationSource, Whose

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
S = LocationSource
LEEDS = CallerLocation(latitude=53.7955, longitude=-1.5557, uncertainty_m=20, positioned_at=NOW)
README = Path(__file__).parents[2] / "intake" / "locate" / "README.md"


def place(base: CallerLocation = LEEDS, **changes: Any) -> CallerLocation:
    return msgspec.structs.replace(base, **changes)


TYPED = place(latitude=55.7, longitude=-1.9, source=S.TEXT_PLACE, clue="Berwick", uncertainty_m=2_000)


# -- in words ------------------------------------------------------------------------------------------


def test_a_contradiction_is_said_in_both_languages() -> None:
    (told,) = find_contradictions([LEEDS, TYPED])
    assert told.said.en == "the typed place (Berwick) is 213 km from the phone's fix"
    assert told.said.cy == "y lle a deipiwyd (Berwick): 213 km oddi wrth y lleoliad gan y ffôn"
    assert told.distance_m == pytest.approx(213_100, rel=0.01) and told.slip is None


def test_every_sentence_stands_in_both_languages_with_the_same_values() -> None:
    """The Welsh names of the same things differ by ``_cy``; nobody has reviewed it, and that is said."""
    assert not wording.WELSH_REVIEWED
    for english, welsh in wording._WORDS.values():
        values = [
            {name.removesuffix("_cy") for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (english, welsh)
        ]
        assert values[1] <= values[0] and english != welsh
    assert all(model.name.startswith(("the ", "handler")) for model in SOURCES.values())
    assert all(re.match("yr? ", model.name_cy) for model in SOURCES.values())


def test_what_two_people_are_asked_about_does_not_contradict() -> None:
    fire = place(TYPED, whose=Whose.INCIDENT)
    assert find_contradictions([LEEDS, fire]) == ()
    # Negative control: the same words about the caller, or about nobody, do.
    for whose in (Whose.CALLER, Whose.UNSAID):
        assert len(find_contradictions([LEEDS, place(fire, whose=whose)])) == 1


def test_a_phones_measurement_is_the_callers_whatever_it_does_not_say() -> None:
    for source, model in SOURCES.items():
        expected = Whose.CALLER if model.kind is Kind.PHONE else Whose.UNSAID
        assert whose_is(source, Whose.UNSAID) is expected
        assert whose_is(source, Whose.INCIDENT) is Whose.INCIDENT


# -- slips ---------------------------------------------------------------------------------------------


def test_exchanged_numbers_are_suspected_where_they_would_agree() -> None:
    swapped = place(latitude=-1.5557, longitude=53.7955, source=S.TEXT_LATLON, clue="-1.5557, 53.7955")
    apart, slip = find_contradictions([LEEDS, swapped])
    assert apart.slip is None and "km from the phone's fix" in apart.said.en
    assert slip.slip is Slip.SWAPPED and slip.one is swapped
    assert "latitude and longitude exchanged: turned round it agrees with the phone's fix" in slip.said.en
    assert swapped.latitude == -1.5557  # law 14: nothing is corrected


def test_a_lost_sign_is_suspected_even_within_britain() -> None:
    birmingham = place(latitude=52.48, longitude=-1.89)
    mirrored = place(birmingham, longitude=1.89, source=S.TEXT_LATLON)  # the sea off Norfolk
    _, slip = find_contradictions([birmingham, mirrored])
    assert slip.slip is Slip.MIRRORED and "wrong sign" in slip.said.en


@pytest.mark.parametrize(
    ("latitude", "longitude", "slip"),
    [
        (-1.5557, 53.7955, Slip.SWAPPED),  # the Indian Ocean
        (-53.7955, -1.5557, Slip.MIRRORED),  # the South Atlantic
        (48.8566, 2.3522, None),  # Paris is Paris
        (53.7955, -1.5557, None),
    ],
)
def test_a_place_abroad_alone_is_suspected_when_a_slip_brings_it_home(
    latitude: float, longitude: float, slip: Slip | None
) -> None:
    found = find_contradictions([place(latitude=latitude, longitude=longitude)])
    assert [one.slip for one in found] == ([] if slip is None else [slip])


def test_places_that_simply_differ_raise_no_suspicion() -> None:
    assert all(one.slip is None for one in find_contradictions([LEEDS, TYPED]))


@pytest.mark.parametrize(
    "broken",
    [
        {"latitude": math.nan},
        {"longitude": math.inf},
        {"latitude": 91.0},
        {"longitude": -180.5},
        {"uncertainty_m": -1.0},
        {"uncertainty_m": math.nan},
        {"confidence_pct": math.nan},
    ],
)
def test_numbers_that_are_no_place_contradict_nothing(broken: dict[str, float]) -> None:
    assert not is_place(place(**broken))
    assert find_contradictions([LEEDS, place(**broken)]) == ()


@pytest.mark.parametrize(("latitude", "longitude"), [(90.0, 0.0), (-90.0, 180.0), (0.0, -180.0)])
def test_poles_and_the_date_line_are_places(latitude: float, longitude: float) -> None:
    assert is_place(place(latitude=latitude, longitude=longitude))
    found = find_contradictions([LEEDS, place(latitude=latitude, longitude=longitude, source=S.AML)])
    assert found[0].distance_m > 1e6


# -- age and speed ----------------------------------------------------------------------------------------


def journey(*steps: tuple[float, float], **changes: Any) -> list[CallerLocation]:
    """Fixes at (seconds before now, kilometres north of Leeds)."""
    return [
        place(latitude=53.7955 + north_km / 111.3, positioned_at=NOW - timedelta(seconds=ago), **changes)
        for ago, north_km in steps
    ]


def test_three_fixes_on_the_way_prove_a_vehicle() -> None:
    riding = journey((120, 0.0), (60, 1.5), (0, 3.0))
    assert pace_m_s(riding, NOW) == ROAD_M_S
    assert pace_m_s(riding[::-1], NOW) == ROAD_M_S
    train = journey((120, 0.0), (60, 3.0), (0, 6.0))
    assert pace_m_s(train, NOW) == pytest.approx(60, rel=0.05)  # as seen, and a fifth more


@pytest.mark.parametrize(
    "fixes",
    [
        journey((60, 0.0), (0, 1.5)),  # two may be one wrong fix
        journey((120, 0.0), (60, 3.0), (0, 0.0)),  # one wrong fix, there and back
        journey((120, 0.0), (60, 0.1), (0, 0.2)),  # on foot
        journey((120, 0.0), (60, 1.5), (0, 3.0), uncertainty_m=1_000),  # the circles explain it
        journey((120, 0.0), (60, 30.0), (0, 60.0)),  # no journey, wrong fixes
        journey((3_120, 0.0), (3_060, 1.5), (3_000, 3.0)),  # long ago
        journey((120, 0.0), (60, 1.5), (0, 3.0), source=S.TEXT_LATLON),  # places do not ride
        journey((0, 0.0), (0, 1.5), (0, 3.0)),  # no time between them
    ],
)
def test_less_proves_nothing(fixes: list[CallerLocation]) -> None:
    assert pace_m_s(fixes, NOW) == 0.0


def test_a_vehicle_widens_the_circle_and_excuses_the_distance() -> None:
    aml = place(latitude=53.7955 + 9 / 111.3, source=S.AML, positioned_at=NOW + timedelta(seconds=300))
    assert find_contradictions([LEEDS, aml]) != ()
    assert find_contradictions([LEEDS, aml], ROAD_M_S) == ()
    later = NOW + timedelta(seconds=60)
    assert radius_now_m(LEEDS, later) == pytest.approx(20 + 90)
    assert as_of(LEEDS, later, ROAD_M_S).uncertainty_m == pytest.approx(20 + 60 * ROAD_M_S, abs=0.1)
    assert as_of(TYPED, later, ROAD_M_S).uncertainty_m == 2_000  # a typed place does not ride


def test_a_further_fix_never_takes_a_proven_vehicle_away() -> None:
    riding = journey((120, 0.0), (60, 1.5), (0, 3.0))
    for other in journey((90, 9.0), (30, -4.0), (1, 0.0), uncertainty_m=5_000):
        assert pace_m_s([*riding, other], NOW) >= ROAD_M_S


def test_a_time_without_a_zone_is_utc() -> None:
    naive = place(positioned_at=datetime(2026, 3, 1, 11, 59))  # noqa: DTZ001 - what a broken sender writes
    assert radius_now_m(naive, NOW) == pytest.approx(20 + 90)
    assert find_contradictions([naive, place(source=S.AML)]) == ()


# -- the one table ------------------------------------------------------------------------------------------


def test_the_readme_prints_the_table_the_code_uses() -> None:
    text = README.read_text("utf-8")
    between = text.split("<!-- sources:start -->\n")[1].split("\n<!-- sources:end -->")[0]
    assert between == source_table()
    assert set(SOURCES) == set(LocationSource)
