"""The highest-priority true rule wins; a condition left out is true; the catch-all is always there."""

from __future__ import annotations

from typing import Any

import pytest

from intake.control_room import Service
from intake.routing.place import PlaceKind
from intake.routing.policy import RoutePolicy, Rule, Situation


def rule(id: str, priority: int, action: str = "area", **conditions: Any) -> Rule:
    return Rule(id=id, priority=priority, action=action, because="test", **conditions)


CATCH_ALL = rule("rest", 0, "national")
SITUATION = Situation(
    service=Service.FIRE,
    place=PlaceKind.BORDER,
    country="wales",
    probability=0.6,
    radius_m=500.0,
    has_candidate=True,
)


def chosen(*rules: Rule, situation: Situation = SITUATION) -> str:
    return RoutePolicy([CATCH_ALL, *rules]).choose(situation).id


def test_the_highest_priority_true_rule_wins_whatever_the_order() -> None:
    low, high = rule("low", 10), rule("high", 20)
    assert chosen(low, high) == chosen(high, low) == "high"


def test_a_rule_without_conditions_is_true() -> None:
    assert chosen(rule("any", 1)) == "any"


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ({"place": PlaceKind.BORDER}, {"place": PlaceKind.SEA}),
        ({"service": "fire"}, {"service": "police"}),
        ({"country": "wales"}, {"country": "england"}),
        ({"min_probability": 0.6}, {"min_probability": 0.61}),
        ({"max_radius_m": 500.0}, {"max_radius_m": 499.0}),
    ],
    ids=["place", "service", "country", "min_probability", "max_radius_m"],
)
def test_each_condition_can_hold_and_can_fail(true: dict[str, Any], false: dict[str, Any]) -> None:
    assert chosen(rule("it", 5, **true)) == "it"
    assert chosen(rule("it", 5, **false)) == "rest"


def test_all_conditions_must_hold() -> None:
    assert chosen(rule("both", 5, service="fire", country="england")) == "rest"


def test_an_area_rule_needs_an_area_to_go_to() -> None:
    assert chosen(rule("it", 5), situation=SITUATION._replace(has_candidate=False)) == "rest"


def test_a_policy_without_a_catch_all_is_refused() -> None:
    for rules in ([], [rule("only", 0)], [rule("only", 0, "national", place=PlaceKind.SEA)]):
        with pytest.raises(ValueError, match="lowest priority"):
            RoutePolicy(rules)
