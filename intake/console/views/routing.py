"""Decisions, services suggested beside, borders and changed places, as the console shows them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

import msgspec

from intake.control_room import ControlRoom, Service
from intake.routing.abroad import Neighbour
from intake.routing.decision import RoutingDecision
from intake.routing.wording import border_words
from intake.store.contacts import StoredDecision
from intake.store.reroutes import Reroute
from intake.triage import AddedSuggestion, Agreement

FindRoom = Callable[[str], ControlRoom | None]


class RoomChance(msgspec.Struct, frozen=True, kw_only=True):
    room_id: str
    name: str
    probability: float


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for one service, by which rule, with what probability, and who else might.

    ``standing``: sent, proposed (a person has not chosen it) or told; empty for a preview. Near a border
    ``border`` says who else and what to do, in both languages, ``border_question`` what to ask, by
    language. ``abroad`` is the other country the caller seems to be in, with what to tell them in both.
    """

    service: str
    room_id: str
    room_name: str
    telephone: str
    rule_id: str
    reason: str
    probability: float
    candidates: list[RoomChance]
    map_version: str
    is_default: bool
    decided_at: datetime | None = None
    decided_by: str = ""
    offers_coastguard: bool = False
    standing: str = ""
    border: str = ""
    border_cy: str = ""
    border_question: Mapping[str, str] = {}
    abroad: Neighbour | None = None


class AgreementView(msgspec.Struct, frozen=True, kw_only=True):
    """A standing agreement that proposes; it is never taken by itself. ``beside`` names the services asked
    for by which it holds. ``names_room``: its own room is proposed for the service asked for, instead of
    the map's, else a service beside it. ``until`` is the last day it holds."""

    id: str
    name: str
    name_cy: str
    beside: list[str]
    names_room: bool
    reviewed: date
    until: date


class AddedView(msgspec.Struct, frozen=True, kw_only=True):
    """A service to think of: never a verdict. ``leads`` is true where it goes before the one asked for;
    ``called_by`` names the service whose room calls it out, empty where it has its own; ``agreement`` is
    what proposes it, None where words and place alone do."""

    service: str
    leads: bool
    rule_id: str
    reason: str
    room_id: str
    room_name: str
    telephone: str
    called_by: str
    agreement: AgreementView | None = None


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


def decision_view(
    decision: RoutingDecision,
    find_room: FindRoom,
    stored: StoredDecision | None = None,
    *,
    abroad: Neighbour | None = None,
    border_question: Mapping[str, str] | None = None,
) -> DecisionView:
    room = find_room(decision.room_id)
    border = border_words(decision, lambda room_id: one.name if (one := find_room(room_id)) else room_id)
    return DecisionView(
        service=decision.service.word,
        room_id=decision.room_id,
        room_name=room.name if room else decision.room_id,
        telephone=room.telephone if room else "",
        rule_id=decision.rule_id,
        reason=decision.reason,
        probability=round(decision.probability, 4),
        candidates=[
            RoomChance(
                room_id=one.room_id,
                name=found.name if (found := find_room(one.room_id)) else one.room_id,
                probability=round(one.probability, 4),
            )
            for one in decision.candidates
        ],
        map_version=decision.map_version,
        is_default=decision.is_default,
        decided_at=stored.decided_at if stored else None,
        decided_by=stored.decided_by if stored else "",
        offers_coastguard=decision.offers_coastguard,
        standing=stored.standing if stored else "",
        border=border.en if border else "",
        border_cy=border.cy if border else "",
        border_question=(border_question or {}) if border else {},
        abroad=abroad,
    )


def added_view(one: AddedSuggestion, decision: RoutingDecision, find_room: FindRoom) -> AddedView:
    room_id = (one.agreement and one.agreement.room) or decision.room_id
    room = find_room(room_id)
    through = one.service.through
    return AddedView(
        service=one.service.word,
        leads=one.leads,
        rule_id=one.rule_id,
        reason=one.reason,
        room_id=room_id,
        room_name=room.name if room else room_id,
        telephone=room.telephone if room else "",
        called_by=through.word if through and room and _calls_out(room, one.service) else "",
        agreement=_agreement(one.agreement, one.beside) if one.agreement else None,
    )


def _agreement(said: Agreement, beside: Iterable[Service]) -> AgreementView:
    return AgreementView(
        id=said.id,
        name=said.name,
        name_cy=said.name_cy,
        beside=[service.word for service in beside],
        names_room=bool(said.room),
        reviewed=said.reviewed,
        until=said.until,
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
