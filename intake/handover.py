"""Handing an incident over: the decision, its incident, its document and its transfer, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from intake import mait
from intake.addressee import Seen, addressee, require_seen
from intake.agreeing import Suggested, proposed, reasons
from intake.contact import Contact, ContactId
from intake.control_room import RoomId, Service
from intake.errors import Refused
from intake.incident import (
    Incident,
    IncidentMessage,
    Methane,
    Transfer,
    TransferId,
    TransferKind,
    TransferState,
)
from intake.locate.best import fuse
from intake.location import CallerLocation
from intake.ports import Clock, Router
from intake.room_message import incident_of
from intake.routing.decision import (
    HANDLER_RULE,
    METHOD,
    DecisionInputs,
    RoutingDecision,
    Standing,
    with_room,
)
from intake.routing.grounds import rule_text
from intake.store import Connection, claims, contacts, decisions, outgoing, reroutes
from intake.store.audit import Recording, recorded
from intake.store.store import Store

NUMBERS_ELSEWHERE = "numbers-elsewhere"
"""The extension that names an incident's numbers which went to other rooms of the same service."""


class Acting(NamedTuple):
    """The place to act upon: as it was measured, as it is now, and the hypothesis it is."""

    measured: CallerLocation | None
    now: CallerLocation | None
    location_id: str | None


class HandOver:
    """Sends contacts to control rooms. Implements ``console.HandOver`` and serves the triage worker.

    ``suggested`` gives what is suggested beside a contact's own service: for the record, never to be sent.
    """

    def __init__(
        self,
        store: Store,
        router: Router,
        clock: Clock,
        new_id: Callable[[], str],
        agency: str,
        suggested: Suggested | None = None,
    ):
        self._store = store
        self._router = router
        self._clock = clock
        self._new_id = new_id
        self._agency = agency
        self._suggested = suggested

    async def send(
        self,
        contact_id: ContactId,
        handler: str,
        attempts: int,
        services: Sequence[Service],
        room_id: str | None = None,
        methane: Methane | None = None,
        record: Recording | None = None,
        *,
        rooms: Mapping[Service, str] | None = None,
        seen: Seen | None = None,
    ) -> list[TransferId]:
        """Hand a claimed contact to each service asked for; returns the ids of the transfers.

        ``room_id``, or ``rooms`` by service, outrank the router. What is not as it was ``seen`` is not sent.
        ``record`` is done last in the same transaction: who did it is kept with what was done, or neither.
        Raises StaleClaim when the claim is not this handler's any more, NotFound, Refused.
        """
        rooms = dict.fromkeys(services, room_id) if room_id else dict(rooms or {})
        for chosen in rooms.values():
            self._router.room(chosen)  # raises NotFound before anything is written

        def work(conn: Connection) -> list[TransferId]:
            now = self._clock.now()
            contact = claims.owned(conn, now, claims.Claim(contact_id, handler, attempts))
            if seen is not None:
                require_seen(seen.transfers, contacts.shown_transfers(conn, contact_id))
            return self.send_in(conn, now, contact, handler, services, None, methane, rooms=rooms, seen=seen)

        sent = await self._store.run(recorded(work, record))
        self._store.bell.ring()
        return sent

    def send_in(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        actor: str,
        services: Sequence[Service],
        room_id: str | None = None,
        methane: Methane | None = None,
        *,
        rooms: Mapping[Service, str] | None = None,
        seen: Seen | None = None,
    ) -> list[TransferId]:
        """The same within a transaction of the caller's; the contact must be locked in it (law 10)."""
        if not services:
            raise Refused("name at least one service to send to")
        acting = self.acting(conn, contact.id, now)
        incident_id, report = outgoing.open_incident(conn, now, contact.id, methane, self._new_id)
        incident = incident_of(conn, contact, incident_id, services, report, acting.measured)
        by_hand = {service: (rooms or {}).get(service, room_id) for service in services}
        decided = {service: self.decide(service, acting.now, room) for service, room in by_hand.items()}
        going = {service: decision.room_id for service, decision in decided.items()}
        sent = []
        for service, decision in decided.items():
            chosen = by_hand[service]
            if seen is not None:
                seen.require_room(decision)
            decision_id = self.record(
                conn, now, contact, decision, acting, actor, room_id=chosen, going=going
            )
            to_room, kind = addressee(contacts.transfers_of(conn, contact.id), decision, chosen)
            transfer = self._transfer(conn, now, contact, incident, decision, to_room, kind)
            outgoing.enqueue(conn, now, transfer, decision_id, actor)
            reroutes.end_open(conn, now, contact.id, service, "superseded", actor, "sent by a person")
            sent.append(transfer.id)
        return sent

    def acting(self, conn: Connection, contact_id: ContactId, now: datetime) -> Acting:
        """Where a contact's incident is taken to be at this moment."""
        stored = contacts.hypotheses(conn, contact_id)
        fused = fuse([one.location for one in stored], now)
        best = fused.best.place if fused.best else None
        location_id = next((one.id for one in stored if one.location is best), None)
        return Acting(best, fused.place_now, location_id)

    def decide(
        self, service: Service, location: CallerLocation | None, room_id: str | None = None
    ) -> RoutingDecision:
        """The router's decision, or a handler's own choice of room beside what the router says."""
        return with_room(self._router.route(service, location), room_id)

    def record(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        decision: RoutingDecision,
        acting: Acting,
        actor: str,
        *,
        room_id: str | None = None,
        room_rule: str = HANDLER_RULE,
        standing: Standing = Standing.SENT,
        going: Mapping[Service, RoomId] | None = None,
    ) -> str:
        """Keep a decision with everything that replays it; returns its id.

        ``going`` are the rooms of all services sent with it: they tell which proposals were taken.
        """
        grounds = self._router.grounds
        on_map = decision if room_id is None else self._router.route(decision.service, acting.now)
        rule = self._router.rule(on_map.rule_id)
        beside = self._suggested(conn, now, contact, acting.now, going or ()) if self._suggested else ()
        inputs = DecisionInputs(
            location=acting.now,
            service=decision.service,
            room_id=room_id,
            room_rule=room_rule,
            service_reason=contact.service_reason if contact.service is decision.service else "",
            suggested=reasons(beside),
            agreements=proposed(beside, going or {}, contacts.transfers_of(conn, contact.id)),
            rule=None if rule is None else rule_text(rule),
            policy=grounds.policy_fingerprint,
            register=grounds.register_fingerprint,
            method=METHOD,
        )
        return decisions.record(
            conn,
            now,
            contact.id,
            decision,
            decided_by=actor,
            inputs=inputs,
            location_id=acting.location_id,
            new_id=self._new_id,
            grounds=grounds,
            standing=standing,
        )

    def tell(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        decision: RoutingDecision,
        decision_id: str,
        acting: Acting,
        *,
        to_room: RoomId,
        first_room: RoomId,
        kind: TransferKind,
        extensions: Mapping[str, str],
        services: Sequence[Service],
        by: str = "",
        methane: Methane | None = None,
        also: Sequence[IncidentMessage] = (),
    ) -> TransferId:
        """A message of our own to a room that has the incident: nobody leaves the queue by it.

        With ``by`` it is that person's: the contact follows its answer. ``also`` is read with what was said.
        """
        incident_id, report = outgoing.open_incident(conn, now, contact.id, methane, self._new_id)
        incident = incident_of(conn, contact, incident_id, services, report, acting.measured, also)
        transfer = self._transfer(
            conn,
            now,
            contact,
            incident,
            decision,
            to_room,
            kind,
            first_room=first_room,
            extensions=extensions,
        )
        outgoing.enqueue(conn, now, transfer, decision_id, by or "rerouting", by_itself=not by)
        return transfer.id

    def _transfer(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        incident: Incident,
        decision: RoutingDecision,
        to_room: RoomId,
        kind: TransferKind,
        *,
        first_room: RoomId | None = None,
        extensions: Mapping[str, str] | None = None,
    ) -> Transfer:
        service, first_room = decision.service, first_room or decision.room_id
        sequence = outgoing.next_sequence(conn, incident.id, service)
        transfer_id = TransferId(self._new_id())
        # A room counts its messages: a number that another room got must not look lost to it.
        elsewhere = outgoing.numbers_elsewhere(conn, incident.id, service, to_room)
        numbers = {NUMBERS_ELSEWHERE: " ".join(map(str, elsewhere))} if elsewhere else {}
        document = mait.write(
            incident,
            message_id=transfer_id,
            kind=kind,
            sequence=sequence,
            sent_at=now,
            from_agency=self._agency,
            to_room=to_room,
            services=[service],
            on_behalf_of=None if to_room == first_room else first_room,
            extensions={**(extensions or {}), **numbers} or None,
        )
        return Transfer(
            id=transfer_id,
            incident_id=incident.id,
            contact_id=contact.id,
            room_id=to_room,
            service=service,
            kind=kind,
            sequence=sequence,
            state=TransferState.QUEUED,
            document=document,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
            first_room_id=first_room,
        )
