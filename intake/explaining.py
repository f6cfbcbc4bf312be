"""Every decision about a contact, with all it stood on, made again: then and today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from intake.boundaries.released import load_version
from intake.errors import NotFound
from intake.location import CallerLocation
from intake.reference import reference
from intake.routing.decision import (
    AreaChance,
    Candidate,
    DecisionRecord,
    ProposedAgreement,
    RoutingDecision,
)
from intake.routing.grounds import Grounds
from intake.routing.replay import Replay, replay
from intake.routing.router import RegionalRouter
from intake.store import Connection, contacts, decisions

ROUTERS_KEPT = 4
"""Rebuilt routers kept at hand: each is a whole map, and few decisions stand on more than two."""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One decision as it was recorded, and its replay. ``room_name`` is that of its own register."""

    id: str
    decided_at: datetime
    decided_by: str
    standing: str
    service: str
    room_id: str
    room_name: str
    rule_id: str
    rule: dict[str, Any] | None
    reason: str
    probability: float
    candidates: tuple[Candidate, ...]
    areas: tuple[AreaChance, ...]
    location: CallerLocation | None
    location_id: str | None
    radius_m: float
    reach_m: float
    service_reason: str
    suggested: tuple[str, ...]
    agreements: tuple[ProposedAgreement, ...]
    chosen_room_id: str | None
    map_version: str
    policy: str
    register: str
    method: str
    replay: Replay


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """All decisions about one contact, oldest first; ``today`` names what decides now."""

    reference: str
    today: dict[str, str]
    decisions: tuple[Explained, ...]


class Explaining:
    """Replays decisions; ``boundaries`` holds the present map and the older ones that were kept."""

    def __init__(self, boundaries: Path, today: RegionalRouter):
        self._boundaries = boundaries
        self._today = today
        self._routers: dict[tuple[str, Grounds], RegionalRouter] = {}

    def explain(self, conn: Connection, address: str) -> Explanation:
        """By reference or id. Raises NotFound. Reads maps: not on the event loop."""
        contact = contacts.get(conn, contacts.find(conn, address))
        records = decisions.records_of(conn, contact.id)
        grounds = self._today.grounds
        return Explanation(
            reference=reference(contact.number, contact.queued_at),
            today={
                "map_version": self._today.map_version,
                "policy": grounds.policy_fingerprint,
                "register": grounds.register_fingerprint,
            },
            decisions=tuple(self._one(conn, stored) for stored in records),
        )

    def _one(self, conn: Connection, stored: decisions.StoredRecord) -> Explained:
        record = stored.record
        then, missing = self._router_of(conn, record)
        made = replay(record, then, self._today, problems=stored.problems, missing=missing)
        inputs, decision = record.inputs, record.decision
        return Explained(
            id=record.id,
            decided_at=record.decided_at,
            decided_by=record.decided_by,
            standing=record.standing.value,
            service=decision.service.word,
            room_id=decision.room_id,
            room_name=_name((then, self._today), decision),
            rule_id=decision.rule_id,
            rule=inputs.rule,
            reason=decision.reason,
            probability=decision.probability,
            candidates=decision.candidates,
            areas=decision.areas,
            location=inputs.location,
            location_id=record.location_id,
            radius_m=decision.radius_m,
            reach_m=decision.reach_m,
            service_reason=inputs.service_reason,
            suggested=inputs.suggested,
            agreements=inputs.agreements,
            chosen_room_id=inputs.room_id,
            map_version=decision.map_version,
            policy=inputs.policy,
            register=inputs.register,
            method=inputs.method,
            replay=made,
        )

    def _router_of(self, conn: Connection, record: DecisionRecord) -> tuple[RegionalRouter | None, str]:
        """The router that stood on the decision's own grounds, or None with the reason."""
        grounds, missing = decisions.grounds_of(conn, record.inputs)
        if grounds is None:
            return None, missing
        version = record.decision.map_version
        if (version, grounds) == (self._today.map_version, self._today.grounds):
            return self._today, ""
        known = self._routers.get((version, grounds))
        if known is not None:
            return known, ""
        try:
            made = RegionalRouter.of(self._map(version), grounds)
        except NotFound as error:
            return None, str(error)
        except (msgspec.MsgspecError, ValueError, KeyError) as error:
            return None, f"this version cannot read what it stood on ({error})"
        while len(self._routers) >= ROUTERS_KEPT:
            del self._routers[next(iter(self._routers))]
        self._routers[version, grounds] = made
        return made, ""

    def _map(self, version: str) -> Any:
        if version == self._today.map_version:
            return self._today.areas
        return load_version(self._boundaries, version)


def _name(routers: Sequence[RegionalRouter | None], decision: RoutingDecision) -> str:
    for router in routers:
        if router is not None and decision.room_id in router.rooms:
            return router.rooms[decision.room_id].name
    return decision.room_id
