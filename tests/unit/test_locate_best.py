"""The choice between hypotheses, and what cannot all be true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.locate.best import (
    SOURCES,
    as_of,
    choose_best,
    contradictions,
    radius_now_m,
    weighed_radius_m,
)
from intake.location import CallerLocation, LocationSource

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEEDS = CallerLocation(latitude=53.7955, longitude=-1.5557, uncertainty_m=20, positioned_at=NOW)
PADSTOW = msgspec.structs.replace(
    LEEDS,
    latitude=50.5417,
    longitude=-4.9533,
    uncertainty_m=130,
    source=LocationSource.TEXT_POSTCODE,
    clue="PL28 8AG",
)
_sources = st.sampled_from(list(LocationSource))
_places = st.builds(
    CallerLocation,
    latitude=st.sampled_from([50.5, 53.8, 53.9]),
    longitude=st.sampled_from([-4.9, -1.5]),
    uncertainty_m=st.sampled_from([10.0, 50.0, 500.0, 20_000.0]),
    confidence_pct=st.sampled_from([0.0, 68.0, 95.0, 100.0]),
    source=_sources,
    positioned_at=st.sampled_from(
        [None, NOW, NOW - timedelta(hours=1), NOW - timedelta(days=9), NOW + timedelta(hours=1)]
    ),
    altitude_m=st.sampled_from([None, 0.0, 3.0]),
    clue=st.sampled_from([None, "LS1 4AP"]),
)
_fixes = _places.filter(lambda place: place.source is not LocationSource.HANDLER)


def test_every_source_has_its_model() -> None:
    assert set(SOURCES) == set(LocationSource)


def test_nothing_known_is_no_place() -> None:
    assert choose_best([], NOW) is None


@given(places=st.lists(_places, min_size=1, max_size=6), random=st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(places: list[CallerLocation], random: object) -> None:
    shuffled = sorted(places, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert choose_best(places, NOW) == choose_best(shuffled, NOW)
    assert contradictions(places) == contradictions(shuffled)


@given(places=st.lists(_places, min_size=1, max_size=6))
def test_the_answer_is_one_of_the_hypotheses_unchanged(places: list[CallerLocation]) -> None:
    assert any(choose_best(places, NOW) is place for place in places)


@given(places=st.lists(_fixes, min_size=1, max_size=6), another=_fixes)
def test_a_worse_hypothesis_changes_nothing(places: list[CallerLocation], another: CallerLocation) -> None:
    before = choose_best(places, NOW)
    after = choose_best([*places, another], NOW)
    assert before is not None
    assert after is not None
    if weighed_radius_m(another, NOW) > weighed_radius_m(before, NOW):
        assert after is before
        assert radius_now_m(after, NOW) == radius_now_m(before, NOW)


@given(places=st.lists(_fixes, max_size=6), chosen=_places)
def test_a_handlers_choice_outranks_every_other(places: list[CallerLocation], chosen: CallerLocation) -> None:
    chosen = msgspec.structs.replace(chosen, source=LocationSource.HANDLER)
    assert choose_best([*places, chosen], NOW) is chosen


def test_the_latest_of_a_handlers_choices_counts() -> None:
    first = msgspec.structs.replace(LEEDS, source=LocationSource.HANDLER, uncertainty_m=5)
    second = msgspec.structs.replace(
        PADSTOW, source=LocationSource.HANDLER, positioned_at=NOW + timedelta(seconds=9)
    )
    assert choose_best([second, first], NOW) is second


def test_a_fresh_wide_fix_beats_an_old_narrow_one() -> None:
    old = msgspec.structs.replace(LEEDS, positioned_at=NOW - timedelta(hours=1))
    fresh = msgspec.structs.replace(LEEDS, uncertainty_m=500)
    assert choose_best([old, fresh], NOW) is fresh
    assert radius_now_m(old, NOW) == pytest.approx(20 + 1.5 * 3600)


def test_a_postcode_outlives_an_old_fix_for_places_do_not_walk() -> None:
    old = msgspec.structs.replace(LEEDS, positioned_at=NOW - timedelta(hours=2))
    typed = msgspec.structs.replace(PADSTOW, positioned_at=NOW - timedelta(hours=2))
    assert choose_best([old, typed], NOW) is typed


def test_confidence_is_weighed_not_only_radius() -> None:
    sure = msgspec.structs.replace(LEEDS, uncertainty_m=30, confidence_pct=95)
    unsure = msgspec.structs.replace(LEEDS, uncertainty_m=20, confidence_pct=50)
    assert choose_best([unsure, sure], NOW) is sure


def test_as_of_states_what_age_has_made_of_a_fix() -> None:
    aged = as_of(msgspec.structs.replace(LEEDS, confidence_pct=68), NOW + timedelta(seconds=100))
    assert aged.confidence_pct == 95
    assert aged.uncertainty_m == pytest.approx(20 * 1.6504 + 150, abs=0.1)
    assert aged.positioned_at == LEEDS.positioned_at


def test_a_contradiction_is_told_in_words() -> None:
    (told,) = contradictions([LEEDS, PADSTOW])
    assert told == "the typed postcode (PL28 8AG) is 430 km from the phone's fix"


def test_circles_that_meet_do_not_contradict() -> None:
    near = msgspec.structs.replace(PADSTOW, latitude=53.8035, longitude=-1.5557)
    assert contradictions([LEEDS, near]) == ()


def test_a_phone_that_had_time_to_move_does_not_contradict_itself() -> None:
    later = msgspec.structs.replace(LEEDS, latitude=53.83, source=LocationSource.AML)
    assert contradictions([LEEDS, later]) != ()
    hour_later = msgspec.structs.replace(later, positioned_at=NOW + timedelta(hours=1))
    assert contradictions([LEEDS, hour_later]) == ()


def test_only_the_newest_of_many_live_fixes_speaks() -> None:
    trail = [
        msgspec.structs.replace(
            LEEDS,
            source=LocationSource.CHAT_LIVE,
            latitude=50 + i / 100,
            positioned_at=NOW + timedelta(seconds=i),
        )
        for i in range(500)
    ]
    assert len(contradictions([*trail, PADSTOW])) == 1
