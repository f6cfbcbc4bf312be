"""The route policy: the highest-priority true rule wins; omitted conditions are true (NENA i3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from intake.control_room import Service
from intake.routing.place import PlaceKind

TO_AREA = "area"
"""The action that chooses the most probable room; any other action is the id of a room."""

ServiceWord = Literal[
    "police",
    "ambulance",
    "fire",
    "coastguard",
    "transport-police",
    "mountain-rescue",
    "cave-rescue",
    "lowland-rescue",
]
Country = Literal[
    "england",
    "wales",
    "scotland",
    "northern-ireland",
    "ireland",
    "isle-of-man",
    "jersey",
    "guernsey",
    "continent",
]


class Situation(NamedTuple):
    """Everything a rule may ask about. ``probability`` is the best candidate's, 0 when there is none."""

    service: Service
    place: PlaceKind
    country: str
    probability: float
    radius_m: float
    has_candidate: bool


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[rule]]`` of ``config/route_policy.toml``; ``because`` is shown to the handler.

    ``because_cy`` is its Welsh: asked for in the file, and no part of a decision or of what it stood on.
    """

    id: str
    priority: int
    action: str
    because: str
    because_cy: str = ""
    service: ServiceWord | None = None
    place: PlaceKind | None = None
    country: Country | None = None
    min_probability: float | None = None
    max_radius_m: float | None = None

    def holds(self, situation: Situation) -> bool:
        return (
            (self.place is None or self.place is situation.place)
            and (self.service is None or self.service == situation.service.word)
            and (self.country is None or self.country == situation.country)
            and (self.min_probability is None or situation.probability >= self.min_probability)
            and (self.max_radius_m is None or situation.radius_m <= self.max_radius_m)
            and (self.action != TO_AREA or situation.has_candidate)
        )

    @property
    def is_catch_all(self) -> bool:
        conditions = (self.place, self.service, self.country, self.min_probability, self.max_radius_m)
        return self.action != TO_AREA and all(condition is None for condition in conditions)


class RoutePolicy:
    """Rules in order of priority; the last is the catch-all, so that every situation has its rule."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: -rule.priority))
        if not self.rules or not self.rules[-1].is_catch_all:
            raise ValueError("the rule of the lowest priority must have no conditions and name a room")

    @property
    def default_room(self) -> str:
        return self.rules[-1].action

    def choose(self, situation: Situation) -> Rule:
        return next(rule for rule in self.rules if rule.holds(situation))
