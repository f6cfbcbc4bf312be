"""Routing depends on nothing but its question: no file, socket, clock, chance or memory of its own."""

from __future__ import annotations

import builtins
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.control_room import ASKED, RoomId, Service
from intake.location import CallerLocation
from intake.routing.decision import STAYS_RULE, Candidate, DecisionInputs, RoutingDecision, with_room
from intake.routing.grounds import read_policy, read_register, write_policy
from intake.routing.place import PlaceKind
from intake.routing.policy import RoutePolicy, Rule
from intake.routing.router import RegionalRouter
from intake.routing.wording import border_words
from tests.desk import register

BORDER = CallerLocation(latitude=55.811, longitude=-2.036, uncertainty_m=500)
places = st.builds(
    CallerLocation,
    latitude=st.floats(49, 61),
    longitude=st.floats(-8, 2),
    uncertainty_m=st.one_of(st.floats(0, 3_000), st.floats(0, 60_000)),
)


def _forbidden(*_args: Any, **_more: Any) -> Any:
    raise AssertionError("routing reached outside itself")


OUTSIDE: list[tuple[Any, str]] = [
    (builtins, "open"),
    (Path, "open"),
    (Path, "read_text"),
    (Path, "read_bytes"),
    (socket, "socket"),
    (time, "time"),
    (time, "monotonic"),
    (random, "random"),
]


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Shuts the outside off; called at the last moment, for pytest itself lives there."""
    register()

    def shut() -> None:
        for where, name in OUTSIDE:
            monkeypatch.setattr(where, name, _forbidden)

    return shut


def test_with_the_outside_shut_off_every_service_is_routed(
    sealed: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [register().route(service, BORDER) for service in Service]
    sealed()
    during = [register().route(service, BORDER) for service in Service]
    with pytest.raises(AssertionError, match="outside"):  # negative control: the shutters are shut
        time.time()
    monkeypatch.undo()
    assert during == before


@settings(max_examples=100, deadline=None)
@given(question=places, between=st.lists(places, max_size=4))
def test_no_question_leaves_a_trace_for_the_next(
    question: CallerLocation, between: list[CallerLocation]
) -> None:
    before = register().route(Service.POLICE, question)
    for other in between:
        for service in Service:
            register().route(service, other)
    assert register().route(Service.POLICE, question) == before


@settings(max_examples=100, deadline=None)
@given(place=places)
def test_what_another_room_calls_out_goes_where_that_one_goes(place: CallerLocation) -> None:
    """Mountain, cave and lowland rescue by the police of the area, wherever it is."""
    police = register().route(Service.POLICE, place)
    for service in Service:
        if service.through is None or service is Service.RAIL_POLICE:
            continue
        decision = register().route(service, place)
        assert (decision.room_id, decision.rule_id) == (police.room_id, police.rule_id)
        assert decision.probability == police.probability


def test_every_added_service_is_called_out_through_one_that_is_asked_for() -> None:
    assert {service for service in Service if service.through is None} == set(ASKED)
    assert all(service.through in (*ASKED, None) for service in Service)
    assert len({service.word for service in Service}) == len(Service)
    assert all(Service.from_word(service.word) is service for service in Service)
    assert all(service.value.startswith("urn:service:sos.") for service in Service)  # RFC 5031


# -- any policy --------------------------------------------------------------------------------------

rules = st.builds(
    Rule,
    id=st.uuids().map(str),
    priority=st.integers(1, 100),
    action=st.sampled_from(["area", "national", "police-kent"]),
    because=st.just("test"),
    service=st.sampled_from([None, *(service.word for service in Service)]),
    place=st.sampled_from([None, *PlaceKind]),
    country=st.sampled_from([None, "england", "wales", "ireland"]),
    min_probability=st.one_of(st.none(), st.floats(0, 1)),
    max_radius_m=st.one_of(st.none(), st.floats(0, 50_000)),
)
CATCH_ALL = Rule(id="rest", priority=0, action="national", because="test")


@settings(max_examples=100, deadline=None)
@given(
    written=st.lists(rules, max_size=6),
    place=st.one_of(st.none(), places),
    service=st.sampled_from(list(Service)),
)
def test_under_any_policy_every_question_has_an_answer_and_its_grounds_give_it_again(
    written: list[Rule], place: CallerLocation | None, service: Service
) -> None:
    today = register()
    policy = RoutePolicy([*written, CATCH_ALL])
    router = RegionalRouter(today.areas, today._rooms, today._answers, today._networks, policy)
    decision = router.route(service, place)
    assert decision.room_id in today.rooms
    assert decision.rule_id in {rule.id for rule in policy.rules}
    again = RegionalRouter.of(today.areas, router.grounds)
    assert again.route(service, place) == decision
    assert again.grounds == router.grounds


def test_a_policy_survives_being_written_down() -> None:
    text = register().grounds.policy
    assert write_policy(read_policy(text)) == text
    assert "null" not in text


def test_grounds_say_nothing_that_decides_nothing() -> None:
    """A new telephone or feed is no new register; a moved area is."""
    today = register()
    stood = read_register(today.grounds.register)
    assert "01632" not in today.grounds.register
    assert stood.rooms[RoomId("police-kent")].name == "Kent Police"
    other = {**today._rooms}
    other[RoomId("police-kent")] = msgspec.structs.replace(
        other[RoomId("police-kent")], telephone="01632 960999"
    )
    same = RegionalRouter(today.areas, other, today._answers, today._networks, today._policy)
    assert same.grounds.register_fingerprint == today.grounds.register_fingerprint
    swapped = {**today._answers, Service.POLICE: tuple(reversed(today._answers[Service.POLICE]))}
    moved = RegionalRouter(today.areas, today._rooms, swapped, today._networks, today._policy)
    assert moved.grounds.register_fingerprint != today.grounds.register_fingerprint


@settings(max_examples=60, deadline=None)
@given(place=st.one_of(st.none(), places), service=st.sampled_from(list(Service)))
def test_a_decision_and_its_inputs_survive_being_written_down(
    place: CallerLocation | None, service: Service
) -> None:
    decision = register().route(service, place)
    assert msgspec.json.decode(msgspec.json.encode(decision), type=RoutingDecision) == decision
    inputs = DecisionInputs(location=place, service=service, policy="p", register="r")
    assert msgspec.json.decode(msgspec.json.encode(inputs), type=DecisionInputs) == inputs


@settings(max_examples=60, deadline=None)
@given(place=places, service=st.sampled_from(list(Service)))
def test_the_areas_of_a_decision_add_up_to_its_rooms(place: CallerLocation, service: Service) -> None:
    decision = register().route(service, place)
    by_room: dict[str, float] = {}
    for area in decision.areas:
        if area.room_id:
            by_room[area.room_id] = by_room.get(area.room_id, 0.0) + area.probability
    if service is Service.COASTGUARD:
        return  # one network: the sea, too, is its own, and no area
    assert by_room.keys() == {one.room_id for one in decision.candidates}
    for one in decision.candidates:
        assert one.probability == pytest.approx(by_room[one.room_id], abs=1e-9)


# -- a room fixed over the map's ---------------------------------------------------------------------


def test_a_room_that_keeps_an_incident_is_not_called_a_persons_choice() -> None:
    on_map = register().route(Service.POLICE, BORDER)
    assert with_room(on_map, None) is on_map
    assert with_room(on_map, on_map.room_id, STAYS_RULE) is on_map
    chosen = with_room(on_map, "police-kent")
    kept = with_room(on_map, "police-northumbria", STAYS_RULE)
    assert (chosen.rule_id, chosen.probability) == ("handler-choice", 0.0)
    assert kept.rule_id == "stays" and kept.reason.startswith(
        "it stays with the room that has it; the map says"
    )
    assert 0 < kept.probability < on_map.probability


# -- words for a border ------------------------------------------------------------------------------


def words(*odds: float, room: str = "a", place: str = "border", default: bool = False) -> str:
    decision = RoutingDecision(
        service=Service.FIRE,
        room_id=RoomId(room),
        rule_id="r",
        reason="",
        probability=odds[0] if odds else 0.0,
        candidates=tuple(Candidate(room_id=RoomId("abcdef"[n]), probability=p) for n, p in enumerate(odds)),
        map_version="m",
        is_default=default,
        place=place,
    )
    said = border_words(decision, str.upper)
    return said.en if said else ""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words(0.95, place="land"), ""),
        (words(), ""),
        (
            words(0.665, 0.285),
            "Near a border: A (70 %), or B (30 %). Send it there now and say which other room it may be.",
        ),
        (words(0.95, 0.0), "Near a border: A (100 %), or B (within reach). Send it there now"),
        (
            words(0.4, 0.35, 0.1, 0.05, 0.05),
            "or B (37 %), C (11 %), D (5 %), 1 more. The likeliest of several: ask",
        ),
        (words(0.2, 0.2, room="national", default=True), "Too close to tell: ask before sending"),
        (words(0.475), "At the edge of the area of A (50 %); the rest of the circle is sea or abroad."),
    ],
)
def test_a_border_is_put_in_words(said: str, expected: str) -> None:
    assert (expected in said) if expected else not said
