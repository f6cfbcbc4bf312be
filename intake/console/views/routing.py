"""Services suggested beside, borders and changed places, as the console shows them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from intake.control_room import ControlRoom, Service
from intake.routing.decision import RoutingDecision
from intake.store.reroutes import Reroute
from intake.triage import AddedSuggestion

FindRoom = Callable[[str], ControlRoom | None]


class AddedView(msgspec.Struct, frozen=True, kw_only=True):
    """A service to think of: never a verdict. ``leads`` is true where it goes before the one asked for;
    ``called_by`` names the service whose room calls it out, empty where it has its own."""

    service: str
    leads: bool
    rule_id: str
    reason: str
    room_id: str
    room_name: str
    telephone: str
    called_by: str


class RerouteView(msgspec.Struct, frozen=True, kw_only=True):
    """A place that changed after the hand-over. An ``open`` one of kind ``other_room`` waits for a person:
    POST ``reroute`` to send there, ``stay`` to leave it where it is."""

    id: str
    service: str
    kind: str
    state: str
    held_room_id: str
    held_room_name: str
    proposed_room_id: str
    proposed_room_name: str
    telephone: str
    moved_m: float
    reason: str
    opened_at: datetime
    ended_at: datetime | None
    ended_by: str


def added_view(one: AddedSuggestion, decision: RoutingDecision, find_room: FindRoom) -> AddedView:
    room = find_room(decision.room_id)
    through = one.service.through
    return AddedView(
        service=one.service.word,
        leads=one.leads,
        rule_id=one.rule_id,
        reason=one.reason,
        room_id=decision.room_id,
        room_name=room.name if room else decision.room_id,
        telephone=room.telephone if room else "",
        called_by=through.word if through and room and _calls_out(room, one.service) else "",
    )


def _calls_out(room: ControlRoom, service: Service) -> bool:
    return service not in room.services


def reroute_views(found: Iterable[Reroute], find_room: FindRoom) -> list[RerouteView]:
    return [_reroute(one, find_room(one.held_room_id), find_room(one.proposed_room_id)) for one in found]


def _reroute(one: Reroute, held: ControlRoom | None, proposed: ControlRoom | None) -> RerouteView:
    return RerouteView(
        id=one.id,
        service=one.service.word,
        kind=one.kind,
        state=one.state,
        held_room_id=one.held_room_id,
        held_room_name=held.name if held else one.held_room_id,
        proposed_room_id=one.proposed_room_id,
        proposed_room_name=proposed.name if proposed else one.proposed_room_id,
        telephone=proposed.telephone if proposed else "",
        moved_m=round(one.moved_m, 1),
        reason=one.reason,
        opened_at=one.opened_at,
        ended_at=one.ended_at,
        ended_by=one.ended_by,
    )
