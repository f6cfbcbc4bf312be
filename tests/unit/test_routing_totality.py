"""Every question has an answer: whatever the numbers, a decision comes back, and it is well formed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.control_room import Service
from intake.location import CallerLocation
from intake.register import load_register

CONFIG = Path(__file__).parents[2] / "config"
ROUTER = load_register(CONFIG)
RULES = {rule.id for rule in ROUTER._policy.rules}

anything = st.floats(allow_nan=True, allow_infinity=True)
near_britain = st.builds(
    CallerLocation,
    latitude=st.floats(48.5, 62),
    longitude=st.floats(-12.5, 3.5),
    uncertainty_m=st.one_of(st.floats(0, 5_000), st.floats(0, 60_000), st.just(0.0), st.just(5e-324)),
    confidence_pct=st.floats(0, 100),
)
hostile = st.builds(
    CallerLocation, latitude=anything, longitude=anything, uncertainty_m=anything, confidence_pct=anything
)


@settings(max_examples=300, deadline=None)
@given(service=st.sampled_from(list(Service)), location=st.one_of(st.none(), near_britain, hostile))
def test_every_question_has_a_well_formed_answer(service: Service, location: CallerLocation | None) -> None:
    decision = ROUTER.route(service, location)
    assert decision.service is service
    assert decision.room_id in ROUTER.rooms
    assert {service, service.through} & set(ROUTER.room(decision.room_id).services)
    assert decision.rule_id in RULES
    assert decision.reason
    assert decision.is_default == (decision.room_id == ROUTER.default_room)
    odds = [one.probability for one in decision.candidates]
    assert odds == sorted(odds, reverse=True)
    assert all(0 <= one <= 0.95 for one in odds)
    assert sum(odds) <= 0.95 + 0.01  # areas do not overlap by more than their 10 m grain
    assert len({one.room_id for one in decision.candidates}) == len(odds)
    assert ROUTER.route(service, location) == decision


@settings(max_examples=200, deadline=None)
@given(location=hostile)
def test_what_is_not_a_place_never_reaches_a_regional_room(location: CallerLocation) -> None:
    numbers = (location.latitude, location.longitude, location.uncertainty_m, location.confidence_pct)
    if all(math.isfinite(number) for number in numbers) and location.uncertainty_m <= 50_000:
        return
    assert ROUTER.route(Service.POLICE, location).is_default


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"latitude": math.nan}, "not finite"),
        ({"longitude": math.inf}, "not finite"),
        ({"uncertainty_m": math.inf}, "not finite"),
        ({"confidence_pct": math.nan}, "not finite"),
        ({"latitude": 91.0}, "not a latitude"),
        ({"longitude": -180.5}, "not a latitude"),
        ({"uncertainty_m": -1.0}, "impossible"),
        ({"uncertainty_m": 1e9}, "names no place"),
    ],
)
def test_the_reason_says_what_is_wrong_with_the_numbers(fields: dict[str, Any], word: str) -> None:
    good: dict[str, Any] = {
        "latitude": 53.8,
        "longitude": -1.5,
        "uncertainty_m": 10.0,
        "confidence_pct": 95.0,
    }
    decision = ROUTER.route(Service.POLICE, CallerLocation(**(good | fields)))
    assert decision.is_default
    assert word in decision.reason
    assert not ROUTER.route(Service.POLICE, CallerLocation(**good)).is_default
