"""Handing an incident over: the decision, its incident, its document and its transfer, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from intake import mait
from intake.contact import Contact, ContactId, InboundMessage, MessageKind
from intake.control_room import RoomId, Service
from intake.errors import Refused
from intake.incident import (
    Incident,
    IncidentId,
    IncidentMessage,
    Methane,
    Transfer,
    TransferId,
    TransferKind,
    TransferState,
)
from intake.locate.best import as_of, choose_best
from intake.location import CallerLocation
from intake.ports import Clock, Router
from intake.reference import reference
from intake.routing.decision import RoutingDecision
from intake.store import Connection, claims, contacts, outgoing
from intake.store.store import Store

HANDLER_RULE = "handler-choice"
_STILL_WITH = (
    TransferState.QUEUED,
    TransferState.SENT,
    TransferState.DELIVERED,
    TransferState.ACCEPTED,
)


class HandOver:
    """Sends contacts to control rooms. Implements ``console.HandOver`` and serves the triage worker."""

    def __init__(self, store: Store, router: Router, clock: Clock, new_id: Callable[[], str], agency: str):
        self._store = store
        self._router = router
        self._clock = clock
        self._new_id = new_id
        self._agency = agency

    async def send(
        self,
        contact_id: ContactId,
        handler: str,
        attempts: int,
        services: Sequence[Service],
        room_id: str | None = None,
        methane: Methane | None = None,
    ) -> list[TransferId]:
        """Hand a claimed contact to each service asked for; returns the ids of the transfers.

        Raises StaleClaim when the claim is not this handler's any more, NotFound, Refused.
        """
        if room_id is not None:
            self._router.room(room_id)  # raises NotFound before anything is written

        def work(conn: Connection) -> list[TransferId]:
            now = self._clock.now()
            contact = claims.owned(conn, now, claims.Claim(contact_id, handler, attempts))
            return self.send_in(conn, now, contact, handler, services, room_id, methane)

        sent = await self._store.run(work)
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
    ) -> list[TransferId]:
        """The same within a transaction of the caller's; the contact must be locked in it (law 10)."""
        if not services:
            raise Refused("name at least one service to send to")
        stored = contacts.hypotheses(conn, contact.id)
        best = choose_best([one.location for one in stored], now)
        location_id = next((one.id for one in stored if one.location is best), None)
        incident_id, report = outgoing.open_incident(conn, now, contact.id, methane, self._new_id)
        report = report or first_report(contact, best)
        incident = self._incident(conn, contact, incident_id, services, report, best)
        sent = []
        for service in dict.fromkeys(services):
            decision = self.decide(service, best and as_of(best, now), room_id)
            decision_id = outgoing.record_decision(
                conn,
                now,
                contact.id,
                decision,
                decided_by=actor,
                inputs={"location": best and as_of(best, now), "service": service, "room_id": room_id},
                location_id=location_id,
                new_id=self._new_id,
            )
            to_room, kind = _addressee(contacts.transfers_of(conn, contact.id), decision, room_id)
            transfer = self._transfer(conn, now, contact, incident, decision, to_room, kind)
            outgoing.enqueue(conn, now, transfer, decision_id, actor)
            sent.append(transfer.id)
        return sent

    def decide(
        self, service: Service, location: CallerLocation | None, room_id: str | None = None
    ) -> RoutingDecision:
        """The router's decision, or a handler's own choice of room beside what the router says."""
        decision = self._router.route(service, location)
        if room_id is None or room_id == decision.room_id:
            return decision
        share = next((one.probability for one in decision.candidates if one.room_id == room_id), 0.0)
        return msgspec.structs.replace(
            decision,
            room_id=RoomId(room_id),
            rule_id=HANDLER_RULE,
            reason=f"chosen by a person; the map says {decision.room_id} ({decision.reason})",
            probability=share,
            is_default=False,
        )

    def _transfer(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        incident: Incident,
        decision: RoutingDecision,
        to_room: RoomId,
        kind: TransferKind,
    ) -> Transfer:
        service = decision.service
        sequence = outgoing.next_sequence(conn, incident.id, service)
        transfer_id = TransferId(self._new_id())
        document = mait.write(
            incident,
            message_id=transfer_id,
            kind=kind,
            sequence=sequence,
            sent_at=now,
            from_agency=self._agency,
            to_room=to_room,
            services=[service],
            on_behalf_of=None if to_room == decision.room_id else decision.room_id,
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
            first_room_id=decision.room_id,
        )

    def _incident(
        self,
        conn: Connection,
        contact: Contact,
        incident_id: IncidentId,
        services: Sequence[Service],
        methane: Methane,
        best: CallerLocation | None,
    ) -> Incident:
        said, answered = contacts.conversation(conn, contact.id)
        messages = [
            IncidentMessage(at=one.received_at, author="caller", text=text)
            for one in said
            if (text := _words(one.content))
        ]
        messages += [IncidentMessage(at=one.created_at, author=one.author, text=one.text) for one in answered]
        return Incident(
            id=incident_id,
            reference=reference(contact.number, contact.queued_at),
            opened_at=said[0].received_at if said else contact.queued_at,
            services=tuple(services),
            channel=contact.channel,
            caller=contact.caller,
            language=contact.language,
            silent=contact.silent,
            methane=methane,
            location=best,
            other_locations=tuple(
                one.location for one in contacts.hypotheses(conn, contact.id) if one.location != best
            ),
            messages=tuple(sorted(messages, key=lambda message: message.at)),
            priority=int(contact.priority),
        )


def _addressee(
    before: Sequence[contacts.TransferSummary], decision: RoutingDecision, chosen: str | None
) -> tuple[RoomId, TransferKind]:
    """Which room a message goes to, and whether that room has the incident already.

    What was passed to a buddy is followed there, unless a person chose the room. A room that rejected
    the incident, or never confirmed it, does not have it: it gets all of it again.
    """
    rooms = [
        RoomId(one.room_id)
        for one in before
        if one.service is decision.service
        and one.state in _STILL_WITH
        and decision.room_id in ((one.room_id,) if chosen else (one.room_id, one.first_room_id))
    ]
    return (rooms[-1], TransferKind.UPDATE) if rooms else (decision.room_id, TransferKind.CREATION)


def first_report(contact: Contact, best: CallerLocation | None) -> Methane:
    """M/ETHANE as far as a machine can fill it in: what was said and where, nothing guessed."""
    place = ""
    if best is not None:
        place = f"{best.latitude:.5f}, {best.longitude:.5f}, within {best.radius_m():.0f} m (95 %)"
        if best.clue:
            place = f"{best.clue.strip()}: {place}"
    return Methane(exact_location=place, type_of_incident=contact.summary)


def _words(content: str) -> str:
    message = msgspec.json.decode(content, type=InboundMessage)
    if message.text or message.kind is MessageKind.PLACE:
        return message.text
    if message.locations:
        return "[location sent]"
    return (
        "[attachment: " + ", ".join(one.kind for one in message.attachments) + "]"
        if message.attachments
        else ""
    )
