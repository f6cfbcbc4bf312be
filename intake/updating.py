"""What a person adds after the hand-over: one update to every room that has the incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from intake.addressee import require_seen, still_with
from intake.contact import Contact, ContactId
from intake.control_room import RoomId
from intake.errors import Refused
from intake.handover import HandOver
from intake.incident import IncidentMessage, Methane, TransferId, TransferKind
from intake.ports import Clock, Router
from intake.routing.decision import STAYS_RULE, Standing, with_room
from intake.store import Connection, contacts, notes
from intake.store.audit import Recording, recorded
from intake.store.claims import Claim
from intake.store.contacts import TransferSummary
from intake.store.in_hand import in_hand
from intake.store.store import Store

NOTE_BY = "note by "
"""How the author of a note begins where a handler has chosen that rooms read it."""


class Updating:
    """Tells rooms more. Where each is, what it has and what was decided stays as it was."""

    def __init__(self, store: Store, handover: HandOver, router: Router, clock: Clock):
        self._store, self._handover, self._router, self._clock = store, handover, router, clock

    async def send(
        self,
        contact_id: ContactId,
        handler: str,
        attempts: int,
        methane: Methane | None = None,
        note_ids: Sequence[str] = (),
        record: Recording | None = None,
        *,
        seen: int | None = None,
    ) -> list[TransferId]:
        """An update (MAIT) to each room that has the incident, with all that was said and the notes chosen.

        ``methane`` replaces the summary before. A contact in nobody's hands is taken for it and let go
        again. ``seen`` is how many messages people had handed over when this was asked for. Raises
        StaleClaim, NotFound, and Refused where no room has it or there are more messages than were seen.
        """

        def work(conn: Connection) -> list[TransferId]:
            now = self._clock.now()
            with in_hand(conn, now, Claim(contact_id, handler, attempts)) as contact:
                if seen is not None:
                    require_seen(seen, contacts.shown_transfers(conn, contact_id))
                return self._tell_all(conn, now, contact, handler, methane, note_ids)

        sent = await self._store.run(recorded(work, record))
        self._store.bell.ring()
        return sent

    def _tell_all(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        handler: str,
        methane: Methane | None,
        note_ids: Sequence[str],
    ) -> list[TransferId]:
        before = contacts.transfers_of(conn, contact.id)
        having = having_rooms(before)
        if not having:
            raise Refused("no room has it yet: send it first")
        also = _chosen(conn, contact.id, note_ids)
        acting = self._handover.acting(conn, contact.id, now)
        services = tuple(dict.fromkeys(one.service for one in before))
        sent = []
        for held in having:
            first = RoomId(held.first_room_id)
            decision = with_room(self._router.route(held.service, acting.now), first, STAYS_RULE)
            decision_id = self._handover.record(
                conn,
                now,
                contact,
                decision,
                acting,
                handler,
                room_id=first,
                room_rule=STAYS_RULE,
                standing=Standing.TOLD,
            )
            told = self._handover.tell(
                conn,
                now,
                contact,
                decision,
                decision_id,
                acting,
                to_room=RoomId(held.room_id),
                first_room=first,
                kind=TransferKind.UPDATE,
                extensions={},
                services=services,
                by=handler,
                methane=methane,
                also=also,
            )
            sent.append(told)
        return sent


def having_rooms(before: Sequence[TransferSummary]) -> list[TransferSummary]:
    """The newest message to each room that has the incident, for each service."""
    newest = {
        (one.service, one.room_id): one
        for service in dict.fromkeys(one.service for one in before)
        for one in still_with(before, service)
    }
    return list(newest.values())


def _chosen(conn: Connection, contact_id: ContactId, note_ids: Sequence[str]) -> list[IncidentMessage]:
    if not note_ids:
        return []  # notes are for handlers: nothing of them leaves unless somebody says which
    known = {one.id: one for one in notes.of_contacts(conn, contacts.whole(conn, contact_id))}
    if missing := [one for one in note_ids if one not in known]:
        raise Refused(f"there is no note {missing[0]} at this contact")
    found = [known[one] for one in dict.fromkeys(note_ids)]
    return [IncidentMessage(at=one.at, author=f"{NOTE_BY}{one.author}", text=one.text) for one in found]
