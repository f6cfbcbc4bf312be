"""The shape of a routing answer: it always names its rule, its inputs and its map."""

from __future__ import annotations

import msgspec

from intake.control_room import RoomId, Service


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
