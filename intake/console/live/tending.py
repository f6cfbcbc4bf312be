"""What desks need besides the picture: leases, presence, alarms, offers, sessions asked again."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec
import structlog

from intake import metrics
from intake.console.access import who
from intake.console.api.offers import view as offer_view
from intake.console.desk import Desk
from intake.console.live import typists
from intake.console.live.board import Board
from intake.console.live.frames import frame
from intake.console.live.readers import Readers
from intake.console.live.seat import Seat
from intake.console.roles import Right
from intake.console.views.between import OfferView
from intake.console.views.supervising import desk_counts, desk_views, unaccepted_view
from intake.contact import ContactId
from intake.errors import StoreUnavailable
from intake.store import (
    Connection,
    answering,
    drafts,
    keeping,
    offers,
    presence,
    queue,
    reading_along,
    unaccepted,
)
from intake.store.claims import Claim
from intake.store.keeping import Lost
from intake.store.presence import DeskRow
from intake.store.reading_along import Reader
from intake.store.unaccepted import Unaccepted

log = structlog.get_logger()

WRITE_EVERY_S = 0.25
NOTICED_S = 1.0
"""A renewal and a lapse each wait for the next round; law 9 counts both."""
SEEN_EVERY_S = 5.0
SESSION_EVERY_S = 30.0
DESKS_EVERY_S = 2.0
ANSWERED_EVERY_S = 5.0
ALONE_AT_ONCE = 50
SIGNED_OUT, FORBIDDEN, LOCKED = 4401, 4403, 4423
_NO_OFFERS = frame("offers", offers=[])


class Tending:
    """Belongs to the hub and works while it has desks. What cannot be written now is tried again."""

    def __init__(self, desk: Desk, seats: set[Seat], board: Callable[[], Board]):
        self._desk, self._seats, self._board = desk, seats, board
        # What is left of the lease when the picture has shown it: a dead desk's contact is free within it.
        self._lease_s = max(desk.lease_s - NOTICED_S, desk.lease_s / 2)
        self._kept: dict[Claim, Seat] = {}
        self._shown: set[ContactId] = set()
        self._arrived: set[str] = set()
        self._left: set[str] = set()
        self._states: dict[str, str] = {}
        self._desks: Sequence[DeskRow] = ()
        self._seen_at = self._second_at = self._desks_at = self._answered_at = 0.0
        self._answered = b""
        self._unwritten_at = math.inf
        self._readers = Readers(desk, seats)

    # -- what desks ask for ---------------------------------------------------------------------

    async def arrive(self, seat: Seat) -> DeskRow | None:
        """Write that a desk is there; None while the database is away: it is written later."""
        self.count_desks()
        if not seat.works:
            return None
        name = seat.person.name
        self._left.discard(name)
        try:
            return await self._desk.store.run(
                lambda conn: presence.arrive(conn, self._desk.clock.now(), name)
            )
        except StoreUnavailable:
            self._arrived.add(name)
            return None

    def leave(self, seat: Seat) -> None:
        self.count_desks()
        name = seat.person.name
        if seat.works and not any(one.person.name == name for one in self._seats):
            self._left.add(name)

    def keep(self, seat: Seat, claims: dict[str, int]) -> None:
        """Renew these leases with the next write; a newer wish for a contact replaces an older one."""
        seat.kept = frozenset(claims)
        self._unwritten_at = min(self._unwritten_at, asyncio.get_running_loop().time())
        for contact_id, attempts in claims.items():
            self._kept[Claim(ContactId(contact_id), seat.person.name, attempts)] = seat

    def unwritten_s(self, now_s: float) -> float:
        """For how long something has waited to be written, as the event loop counts; 0 where nothing does."""
        return max(0.0, now_s - self._unwritten_at)

    def set_state(self, seat: Seat, state: str) -> None:
        if seat.works:
            self._states[seat.person.name] = state

    def shown(self, contact_ids: Iterable[str]) -> None:
        """Contacts that stand on a desk for the first time (t4)."""
        self._shown.update(map(ContactId, contact_ids))

    def count_desks(self) -> None:
        """Law 8: nobody there is an alarm at once."""
        live = len({seat.person.name for seat in self._seats if seat.works})
        metrics.DESKS_LIVE.set(live)
        metrics.NO_DESK.set(0 if live else 1)

    # -- the rounds -----------------------------------------------------------------------------

    async def work(self) -> None:
        """One round; raises StoreUnavailable, and nothing is lost by that."""
        now_s = asyncio.get_running_loop().time()
        await self._write(now_s)
        if now_s >= self._second_at:
            self._second_at = now_s + 1.0
            await self._each_second(now_s)

    async def _write(self, now_s: float) -> None:
        kept, shown, left, states = self._kept, self._shown, self._left, self._states
        arrived, is_time = self._arrived, now_s - self._seen_at > SEEN_EVERY_S
        if not (kept or shown or left or states or arrived or is_time):
            return
        self._unwritten_at = min(self._unwritten_at, now_s)
        self._kept, self._shown, self._left, self._states = {}, set(), set(), {}
        self._arrived = set()
        there = {seat.person.name for seat in self._seats if seat.works} if is_time else set()

        def work(conn: Connection) -> tuple[set[ContactId], list[Claim]]:
            now = self._desk.clock.now()
            for name in sorted(arrived):
                presence.arrive(conn, now, name)
            presence.seen(conn, now, there)
            presence.left(conn, now, left - there)
            if left or is_time:
                reading_along.end_of(conn, now, left - there)
            for name, state in sorted(states.items()):
                presence.set_state(conn, now, name, state)
            unmarked = queue.mark_shown(conn, now, sorted(shown)) if shown else set()
            return unmarked, keeping.renew_all(conn, now, list(kept), self._lease_s) if kept else []

        try:
            unmarked, alone = await self._desk.store.run(work)
        except StoreUnavailable:
            self._kept = {**kept, **self._kept}
            self._shown |= shown
            self._left |= left
            self._states = {**states, **self._states}
            self._arrived |= arrived
            raise
        self._shown |= unmarked
        if is_time:
            self._seen_at = now_s
        await self._look_at(alone, kept)
        # What was asked for meanwhile goes with the next round.
        self._unwritten_at = asyncio.get_running_loop().time() if self._kept else math.inf

    async def _look_at(self, alone: Sequence[Claim], kept: dict[Claim, Seat]) -> None:
        for claim in alone[:ALONE_AT_ONCE]:
            lost = await self._renew_alone(claim, kept[claim].person.open_limit)
            if lost is not None:
                text = frame("lost", id=claim.contact_id, code=lost.code, message=lost.message)
                for seat in self._seats:
                    if seat.person.name == claim.handler:
                        seat.say(text)
        for claim in alone[ALONE_AT_ONCE:]:
            self._kept.setdefault(claim, kept[claim])

    async def _renew_alone(self, claim: Claim, open_limit: int) -> Lost | None:
        def work(conn: Connection) -> Lost | None:
            now = self._desk.clock.now()
            return keeping.renew_alone(conn, now, claim, self._lease_s, open_limit)

        return await self._desk.store.run(work)

    async def _each_second(self, now_s: float) -> None:
        now = self._desk.clock.now()

        def read(
            conn: Connection,
        ) -> tuple[Sequence[DeskRow], Unaccepted | None, list[OfferView], Sequence[Reader]]:
            desks = presence.all_desks(conn)
            alone = unaccepted.standing(conn, now, [one.handler for one in desks if one.is_live(now)])
            open_offers = [offer_view(*one) for one in offers.standing(conn, now)]
            return desks, alone, open_offers, reading_along.readers(conn, now)

        self._desks, not_accepted, standing, readers = await self._desk.store.read(read)
        await self._readers.tell(readers, now)
        self._tell_alarms(now, not_accepted)
        for seat in self._seats:
            name = seat.person.name
            mine = [one for one in standing if one.to_handler in ("", name) and one.from_handler != name]
            seat.say_latest("offers", frame("offers", offers=mine), unless=_NO_OFFERS)
        await self._tell_desks(now_s)
        await self._tell_answered(now_s)
        await self._tell_typing(now)
        for seat in [one for one in self._seats if now_s - one.asked_at > SESSION_EVERY_S]:
            await self._ask_again(seat)
            seat.asked_at = now_s

    def _tell_alarms(self, now: datetime, not_accepted: Unaccepted | None) -> None:
        text = frame(
            "alarms",
            unanswered=self._board().unanswered(now),
            unaccepted=unaccepted_view(not_accepted, self._desk.find_room),
            desks=desk_counts(self._desks, now),
        )
        numbers = frame("numbers", desks={one.handler: one.number for one in self._desks})
        for seat in self._seats:
            seat.say_latest("alarms", text)
            seat.say_latest("numbers", numbers)

    async def _tell_answered(self, now_s: float) -> None:
        """Counted once for all desks; who sits down between two counts is told the last."""
        if now_s >= self._answered_at:
            self._answered_at = now_s + ANSWERED_EVERY_S
            now, target = self._desk.clock.now(), self._desk.answer_target
            found = await self._desk.store.read(lambda conn: answering.answered(conn, now, target))
            self._answered = frame("answered", **msgspec.structs.asdict(found))
        for seat in self._seats:
            seat.say_latest("answered", self._answered)

    async def _tell_typing(self, now: datetime) -> None:
        looked_at = typists.watched(self._seats)
        found = (
            await self._desk.store.read(lambda conn: drafts.typing(conn, now, looked_at)) if looked_at else {}
        )
        typists.tell(self._seats, found)

    async def _tell_desks(self, now_s: float) -> None:
        wanting = [seat for seat in self._seats if seat.wants_desks and seat.person.may(Right.SUPERVISE)]
        if not wanting or now_s < self._desks_at:
            return
        self._desks_at = now_s + DESKS_EVERY_S
        now, rows = self._desk.clock.now(), self._desks
        in_hand = await self._desk.store.read(lambda conn: presence.open_contacts(conn, now))
        text = frame("desks", rows=desk_views(rows, in_hand, now))
        for seat in wanting:
            seat.say_latest("desks", text)

    async def _ask_again(self, seat: Seat) -> None:
        person = await who(seat.request)
        if person is None:
            seat.end(SIGNED_OUT)
        elif person.locked:
            seat.end(LOCKED)
        elif not person.may(Right.READ):
            seat.end(FORBIDDEN)
        else:
            seat.person = person
