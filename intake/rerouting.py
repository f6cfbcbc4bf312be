"""A better place after the hand-over: the room is told, another is proposed, and a person chooses.

Nothing is torn away. The room that has the incident keeps it until another has accepted it, and no room
but that one hears of it before a person says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from intake.addressee import still_with
from intake.contact import Contact, ContactId, ContactState
from intake.control_room import RoomId, Service
from intake.errors import NotFound, Refused
from intake.handover import Acting, HandOver
from intake.incident import TransferId, TransferKind, TransferState
from intake.location import CallerLocation
from intake.outcomes import SAYING as OUTCOMES
from intake.ports import Clock, Router
from intake.routing.decision import STAYS_RULE, Standing, with_room
from intake.routing.reroute import Change, ReroutingRules, moved_m, weigh
from intake.routing.saying import SAYING
from intake.store import Connection, contacts, decisions, following, reroutes
from intake.store.audit import Recording, recorded
from intake.store.claims import Claim
from intake.store.contacts import TransferSummary
from intake.store.in_hand import in_hand
from intake.store.reroutes import HANDING, MOVED, OPEN, OTHER_ROOM, Reroute
from intake.store.store import Store

EXTENSION = "rerouting"
"""The name under which a message's own words on it travel (MAIT's section for extensions)."""
ACTOR = following.BY_ITSELF


class _Case(NamedTuple):
    """One service of one contact: the message by which its room has the incident, and all that is open."""

    conn: Connection
    now: datetime
    contact: Contact
    service: Service
    held: TransferSummary
    services: Sequence[Service]
    past: Sequence[Reroute]

    def open(self, *states: str) -> Reroute | None:
        found = [one for one in self.past if one.service is self.service and one.state in states]
        return found[-1] if found else None


class Rerouting:
    """Serves the rerouting worker and the console."""

    def __init__(
        self,
        store: Store,
        handover: HandOver,
        router: Router,
        clock: Clock,
        new_id: Callable[[], str],
        rules: ReroutingRules,
    ):
        self._store = store
        self._handover = handover
        self._router = router
        self._clock = clock
        self._new_id = new_id
        self._rules = rules

    # -- what the worker does ------------------------------------------------------------------------

    def check(self, conn: Connection, now: datetime, contact_id: ContactId) -> None:
        """Hold a contact's place against what its rooms were told, within a transaction."""
        contact = contacts.get(conn, contact_id, lock=True)
        acting = self._handover.acting(conn, contact_id, now)
        again_at: list[datetime] = []
        if contact.state is not ContactState.CLOSED and acting.now is not None:
            for case in self._cases(conn, now, contact):
                at = self._check_service(case, acting, acting.now)
                again_at += [at] if at else []
        reroutes.checked(conn, contact_id, min(again_at, default=None))

    def finish(self, conn: Connection, now: datetime, one: Reroute) -> None:
        """Once another room has accepted, the first is let go; refused, the first is told it keeps it."""
        contact = contacts.get(conn, one.contact_id, lock=True)
        before = contacts.transfers_of(conn, contact.id)
        asked = [transfer for transfer in before if transfer.id >= one.transfer_id]
        states = {
            TransferState(transfer.state)
            for transfer in asked
            if transfer.service is one.service
            and (transfer.id == one.transfer_id or transfer.kind == TransferKind.CREATION)
            and transfer.first_room_id != one.held_room_id
        }
        first = [t for t in still_with(before, one.service) if t.first_room_id == one.held_room_id]
        if TransferState.ACCEPTED in states:
            said, state, kind = "has_accepted", "done", TransferKind.CLOSURE
        elif states == {TransferState.REJECTED}:
            said, state, kind = "did_not_take", "refused", TransferKind.UPDATE
        else:
            return
        words = SAYING.en(said, room=self._name(one.proposed_room_id))
        reroutes.move(conn, now, one, state, ACTOR, words)
        if first:
            services = tuple(dict.fromkeys(transfer.service for transfer in before))
            case = _Case(conn, now, contact, one.service, first[-1], services, ())
            acting = self._handover.acting(conn, contact.id, now)
            self._tell(case, acting, words, kind)

    def _cases(self, conn: Connection, now: datetime, contact: Contact) -> list[_Case]:
        before = contacts.transfers_of(conn, contact.id)
        past = reroutes.of_contact(conn, contact.id)
        services = tuple(dict.fromkeys(one.service for one in before))
        cases = []
        for service in services:
            having = still_with(before, service)
            given = [one for one in having if one.kind == TransferKind.CREATION]
            if given:
                newest = [one for one in having if one.room_id == given[-1].room_id][-1]
                cases.append(_Case(conn, now, contact, service, newest, services, past))
        return cases

    def _check_service(self, case: _Case, acting: Acting, place: CallerLocation) -> datetime | None:
        """Returns when to look again: a room is not told of every step of somebody who walks."""
        told = decisions.location_of(case.conn, case.held.decision_id)
        held_room = case.held.first_room_id
        change = weigh(self._router, self._rules, case.service, held_room, told, place, acting.measured)
        pending = case.open(OPEN)
        proposed = pending if pending is not None and pending.kind == OTHER_ROOM else None
        if case.open(HANDING) is None and self._is_to_be_proposed(case, change, proposed, place):
            self._propose(case, acting, change)
            return None
        if proposed is not None and change.is_back:
            words = SAYING.en("back", held=self._name(held_room))
            reroutes.move(case.conn, case.now, proposed, "withdrawn", ACTOR, words)
            self._tell(case, acting, words, TransferKind.UPDATE)
            return None
        if not change.news:
            return None
        free_at = case.held.created_at + timedelta(seconds=self._rules.told_every_s)
        if case.held.created_by == ACTOR and free_at > case.now:
            return free_at
        decision_id = self._tell(case, acting, change.news, TransferKind.UPDATE)
        if proposed is None:
            self._open(case, MOVED, case.held, change, decision_id, change.news)
        return None

    def _is_to_be_proposed(
        self, case: _Case, change: Change, proposed: Reroute | None, place: CallerLocation
    ) -> bool:
        other = change.other_room
        if other is None or (proposed is not None and proposed.proposed_room_id == other):
            return False
        dismissed = case.open("dismissed")
        if dismissed is None or dismissed.proposed_room_id != other:
            return True
        then = decisions.location_of(case.conn, dismissed.decision_id)
        return then is None or moved_m(then, place) >= self._rules.ask_again_m

    def _propose(self, case: _Case, acting: Acting, change: Change) -> None:
        held, other = self._name(case.held.first_room_id), change.decision.room_id
        decision_id = self._handover.record(
            case.conn,
            case.now,
            case.contact,
            change.decision,
            acting,
            ACTOR,
            standing=Standing.PROPOSED,
        )
        reason = SAYING.en("other_room", other=self._name(other), held=held)
        news = change.news or SAYING.en("better_known")
        words = f"{news}; {reason}: it stays with you until a person decides"
        self._tell(case, acting, words, TransferKind.UPDATE, decision_id)
        self._open(case, OTHER_ROOM, case.held, change, decision_id, reason)
        # A person must decide, whoever has the incident meanwhile (law 8).
        following.to_a_person(case.conn, case.now, case.contact.id, reason)

    def _open(
        self, case: _Case, kind: str, held: TransferSummary, change: Change, decision_id: str, reason: str
    ) -> None:
        reroutes.propose(
            case.conn,
            case.now,
            case.contact.id,
            case.service,
            kind,
            held_room=RoomId(held.first_room_id),
            proposed_room=change.decision.room_id if kind == OTHER_ROOM else RoomId(held.first_room_id),
            moved_m=change.moved_m,
            decision_id=decision_id,
            reason=reason,
            new_id=self._new_id,
        )

    def _tell(
        self, case: _Case, acting: Acting, words: str, kind: TransferKind, decision_id: str = ""
    ) -> str:
        """One message to the room that has it, standing on a decision; returns the decision's id."""
        room = RoomId(case.held.first_room_id)
        decision = with_room(self._router.route(case.service, acting.now), room, STAYS_RULE)
        decision_id = decision_id or self._handover.record(
            case.conn,
            case.now,
            case.contact,
            decision,
            acting,
            ACTOR,
            room_id=room,
            room_rule=STAYS_RULE,
            standing=Standing.TOLD,
        )
        self._handover.tell(
            case.conn,
            case.now,
            case.contact,
            decision,
            decision_id,
            acting,
            to_room=RoomId(case.held.room_id),
            first_room=room,
            kind=kind,
            extensions={EXTENSION: words},
            services=case.services,
        )
        return decision_id

    def _name(self, room_id: str) -> str:
        try:
            return self._router.room(room_id).name
        except NotFound:
            return room_id  # it has left the register

    # -- what a person does --------------------------------------------------------------------------

    async def accept(
        self,
        contact_id: ContactId,
        handler: str,
        attempts: int,
        service: Service | None = None,
        record: Recording | None = None,
    ) -> list[TransferId]:
        """Send to the room that is proposed, and tell the one that has it, which is let go when the other
        has accepted. A contact in nobody's hands is taken for it and let go again; ``record`` is done last.
        Raises StaleClaim when somebody else has it, Refused when no other room is proposed, NotFound.
        """

        def work(conn: Connection) -> list[TransferId]:
            now = self._clock.now()
            with in_hand(conn, now, Claim(contact_id, handler, attempts)) as contact:
                if not (found := reroutes.open_of(conn, contact_id, service, OTHER_ROOM)):
                    raise Refused("no other room is proposed for it")
                return [self._hand_on(conn, now, contact, handler, one) for one in found]

        sent = await self._store.run(recorded(work, record))
        self._store.bell.ring()
        return sent

    def _hand_on(
        self, conn: Connection, now: datetime, contact: Contact, handler: str, one: Reroute
    ) -> TransferId:
        case = next((c for c in self._cases(conn, now, contact) if c.service is one.service), None)
        if case is not None and case.held.first_room_id == one.held_room_id:
            other = self._router.room(one.proposed_room_id)
            words = f"being handed to {other.name}, telephone {other.telephone}: yours until they accept it"
            self._tell(case, self._handover.acting(conn, contact.id, now), words, TransferKind.UPDATE)
        reroutes.move(conn, now, one, HANDING, handler, one.reason)
        (sent,) = self._handover.send_in(conn, now, contact, handler, [one.service], one.proposed_room_id)
        reroutes.move(conn, now, one, HANDING, handler, one.reason, transfer_id=sent)
        return sent

    async def dismiss(
        self,
        contact_id: ContactId,
        handler: str,
        attempts: int,
        reason: str,
        service: Service | None = None,
        record: Recording | None = None,
    ) -> int:
        """The incident stays where it is; returns how many proposals and notices that ended.

        Raises as `accept` does.
        """

        def work(conn: Connection) -> int:
            now = self._clock.now()
            with in_hand(conn, now, Claim(contact_id, handler, attempts)):
                if not (found := reroutes.open_of(conn, contact_id, service)):
                    raise Refused("nothing is proposed for it, and its rooms were told nothing new")
                for one in found:
                    reroutes.move(conn, now, one, "dismissed", handler, reason)
                following.resume(conn, now, contact_id, OUTCOMES.en("stays", own=reason))
                return len(found)

        return await self._store.run(recorded(work, record))
