"""The shape of a routing answer: it always names its rule, its inputs and its map."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from intake.control_room import RoomId, Service
from intake.location import CallerLocation
from intake.routing.saying import SAYING
from intake.sentences import JOINT

HANDLER_RULE = "handler-choice"
STAYS_RULE = "stays"
"""Its room has it already: the place is another's by the map, and nobody has taken it away."""
METHOD = "circle-overlap-1"
"""How places become probabilities and candidates. It changes when the arithmetic does, so that a replay
can tell a changed method from a changed map."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A room that may answer, with the probability that the caller stands in its area."""

    room_id: RoomId
    probability: float


class AreaChance(msgspec.Struct, frozen=True, kw_only=True):
    """One area within reach: its code on the map, the probability that the caller stands in it (circle
    ∩ area at 95 %), and the room that answers there, empty abroad."""

    code: str
    probability: float
    room_id: str


class RoutingDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets it for one service, and why.

    ``rule_id`` names the rule of ``config/route_policy.toml`` that won; ``reason`` says in words
    what the place was judged to be, and ``place`` in one: land, border, shore, sea, foreign, none.
    ``candidates`` holds every room touched by the disc of 1.5 × radius + 1,000 m, most probable
    first (STANDARDS: the border rule that measured best). ``probability`` is the chosen room's share
    of the 95 % circle times 0.95 (RFC 7459 §5.5), 0 when there is no place. ``areas`` are those that the
    disc of ``reach_m`` touches, of which the candidates are the rooms; ``radius_m`` is that of the circle.
    ``abroad`` is the entry of ``config/neighbours.toml`` whose advice the caller needs.
    ``offers_coastguard``: the circle comes within 300 m of the coast or lies at sea, so the
    coastguard is offered beside it.
    """

    service: Service
    room_id: RoomId
    rule_id: str
    reason: str
    probability: float
    candidates: tuple[Candidate, ...]
    map_version: str
    is_default: bool
    place: str = ""
    areas: tuple[AreaChance, ...] = ()
    radius_m: float = 0.0
    reach_m: float = 0.0
    abroad: str = ""
    offers_coastguard: bool = False


class Standing(StrEnum):
    """``sent``: a transfer went by it. ``proposed``: for a person to choose, or not. ``told``: the room
    that has the incident was told a new place by it."""

    SENT = "sent"
    PROPOSED = "proposed"
    TOLD = "told"


class ProposedAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """What an agreement of ``config/agreements.toml`` proposed: ``service`` (its word) beside the one asked
    for, at ``room_id`` or, where that is empty, the room of the map. ``taken``: it goes there with this
    decision, or had it already."""

    id: str
    name: str
    service: str
    room_id: str
    reason: str
    taken: bool


class DecisionInputs(msgspec.Struct, frozen=True, kw_only=True):
    """All that went into a decision, so that it can be replayed when everything has changed.

    ``location`` is the hypothesis as it was used, its radius that of the moment. ``room_id`` is a room
    that was fixed over the map's, and ``room_rule`` says by what: a person's choice, or that it has the
    incident. ``service_reason`` is the rule of words by which the service was asked for; ``suggested``
    holds the reasons of the services suggested beside it, ``agreements`` what agreements proposed. ``rule``
    is the text of the rule that won on the map, ``policy`` and ``register`` are the fingerprints of both as
    they stood.
    """

    location: CallerLocation | None
    service: Service
    room_id: str | None = None
    room_rule: str = HANDLER_RULE
    service_reason: str = ""
    suggested: tuple[str, ...] = ()
    agreements: tuple[ProposedAgreement, ...] = ()
    rule: dict[str, Any] | None = None
    policy: str = ""
    register: str = ""
    method: str = ""


class DecisionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with everything it stands on; ``location_id`` names the hypothesis it used."""

    id: str
    contact_id: str
    decided_at: datetime
    decided_by: str
    standing: Standing
    location_id: str | None
    decision: RoutingDecision
    inputs: DecisionInputs


def with_room(
    decision: RoutingDecision, room_id: str | None, room_rule: str = HANDLER_RULE
) -> RoutingDecision:
    """The map's decision, or a room fixed over it by a person or by having the incident already."""
    if room_id is None or room_id == decision.room_id:
        return decision
    why = SAYING.en("by_hand" if room_rule == HANDLER_RULE else "stays")
    map_says = SAYING.en("map_says", room=decision.room_id, why=decision.reason)
    share = next((one.probability for one in decision.candidates if one.room_id == room_id), 0.0)
    return msgspec.structs.replace(
        decision,
        room_id=RoomId(room_id),
        rule_id=room_rule,
        reason=f"{why}{JOINT}{map_says}",
        probability=share,
        is_default=False,
    )
