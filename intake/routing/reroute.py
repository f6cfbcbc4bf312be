"""Whether a place that changed after the hand-over is news to the room that has the incident. Pure.

Small jitters are none. A room is told again when the centre moved further than ``moved_m`` and out of
the new circle, when the circle became ``sharper`` times as small, or when there is a place at last.
Another room is proposed when the place lies clearly in its area: for this comparison no circle is
smaller than ``steady_radius_m``, and the other must hold ``lead`` more of it than the room that has the
incident. With 250 m and one half the centre must be 100 m across a straight border, and a proposal is
withdrawn only 100 m on the other side: a band of 200 m in which nothing changes.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
from pyproj import Geod

from intake.control_room import RoomId, Service
from intake.location import STATED_CONFIDENCE_PCT, CallerLocation
from intake.routing.decision import RoutingDecision
from intake.routing.place import PlaceKind, distance
from intake.routing.saying import SAYING


class Routes(Protocol):
    """As much of a router as is asked here."""

    def route(self, service: Service, location: CallerLocation | None) -> RoutingDecision: ...


_WGS84 = Geod(ellps="WGS84")
_AWAY = (PlaceKind.SEA.value, PlaceKind.FOREIGN.value)
_WORTH_SHARPENING_M = 100.0


class ReroutingRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[rerouting]`` of ``config/route_policy.toml``.

    ``told_every_s`` is the least time between two messages to a room about a place that only moved.
    ``ask_again_m``: a room that a person dismissed is proposed again when the place has moved so far.
    """

    moved_m: float = 250.0
    sharper: float = 3.0
    told_every_s: float = 60.0
    steady_radius_m: float = 250.0
    lead: float = 0.5
    ask_again_m: float = 2_000.0

    def problems(self) -> list[str]:
        wrong = [
            f"{name} must be more than 0" for name in self.__struct_fields__ if not getattr(self, name) > 0
        ]
        if not 0 < self.lead <= 1:
            wrong.append(f"lead {self.lead} is not within 0 to 1")
        return wrong


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a place. ``moved_m`` is from centre to centre; ``news`` is empty unless the room
    should know. ``other_room`` is the one the place lies in clearly now, ``is_back`` that it clearly lies
    in that of the room that has the incident. ``decision`` is the router's for the place as it is."""

    decision: RoutingDecision
    moved_m: float
    news: str
    other_room: RoomId | None
    is_back: bool


def weigh(
    router: Routes,
    rules: ReroutingRules,
    service: Service,
    held_room: str,
    told: CallerLocation | None,
    place: CallerLocation,
    measured: CallerLocation | None = None,
) -> Change:
    """Hold the ``place`` as it is now against what the room ``told`` knows; total.

    ``measured`` is the same place as it was measured, where age has widened it since: news is what was
    measured anew, and a place that only grew old is none.
    """
    decision = router.route(service, place)
    steady = router.route(service, _steadied(place, rules.steady_radius_m))
    held = _share(steady, held_room)
    other = _clearly_elsewhere(decision, steady, held_room, held, rules.lead)
    rival = max((one.probability for one in steady.candidates if one.room_id != held_room), default=0.0)
    return Change(
        decision=decision,
        moved_m=0.0 if told is None else moved_m(told, place),
        news=_news(told, measured or place, rules),
        other_room=other,
        is_back=held - rival / (STATED_CONFIDENCE_PCT / 100) >= rules.lead,
    )


def moved_m(one: CallerLocation, other: CallerLocation) -> float:
    """Metres from centre to centre on WGS84."""
    _, _, metres = _WGS84.inv(one.longitude, one.latitude, other.longitude, other.latitude)
    return float(metres)


def _clearly_elsewhere(
    decision: RoutingDecision, steady: RoutingDecision, held_room: str, held: float, lead: float
) -> RoomId | None:
    if steady.is_default:
        # A doubt names no other room; the sea and another country do, where nothing of its area is left.
        away = steady.place in _AWAY and decision.place in _AWAY and held == 0
        return steady.room_id if away and steady.room_id != held_room else None
    if steady.room_id == held_room or decision.room_id != steady.room_id:
        return None
    return steady.room_id if _share(steady, steady.room_id) - held >= lead else None


def _steadied(place: CallerLocation, least_m: float) -> CallerLocation:
    radius_m = max(place.radius_m(), least_m)
    return msgspec.structs.replace(place, uncertainty_m=radius_m, confidence_pct=STATED_CONFIDENCE_PCT)


def _share(decision: RoutingDecision, room_id: str) -> float:
    """The part of the circle, 0 to 1, that lies in a room's area."""
    odds = next((one.probability for one in decision.candidates if one.room_id == room_id), 0.0)
    return odds / (STATED_CONFIDENCE_PCT / 100)


def _news(told: CallerLocation | None, place: CallerLocation, rules: ReroutingRules) -> str:
    radius_m = place.radius_m()
    if told is not None and _is_same_fix(told, place):
        return ""
    if told is None:
        return SAYING.en("place_at_last", radius=distance(radius_m))
    moved, before_m = moved_m(told, place), told.radius_m()
    if moved > max(rules.moved_m, radius_m):
        return SAYING.en("moved", distance=distance(moved))
    if before_m >= _WORTH_SHARPENING_M and radius_m * rules.sharper <= before_m:
        return SAYING.en("sharper", radius=distance(radius_m), before=distance(before_m))
    return ""


def _is_same_fix(one: CallerLocation, other: CallerLocation) -> bool:
    """Whatever their ages have made of their radii."""
    return one.positioned_at is not None and (one.latitude, one.longitude, one.positioned_at, one.source) == (
        other.latitude,
        other.longitude,
        other.positioned_at,
        other.source,
    )
