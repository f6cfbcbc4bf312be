"""Who reads along at which contact: said to every desk, and true only while the reader's line shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from intake.console.desk import Desk
from intake.console.live.frames import frame
from intake.console.live.seat import Seat
from intake.console.roles import Right
from intake.store import Connection, reading_along
from intake.store.reading_along import Reader

GRACE_S = 5.0
"""Whoever has just joined may say a moment later what their page watches."""
AGAIN_S = 5.0
_NOBODY = frame("readers", readers=[])


class Readers:
    """Looks after the readers whose lines are in this process; another process looks after its own."""

    def __init__(self, desk: Desk, seats: set[Seat]):
        self._desk, self._seats = desk, seats

    async def tell(self, readers: Sequence[Reader], now: datetime) -> None:
        """Write who is there and who is not; tell all desks of those who are. Raises StoreUnavailable."""
        here = {seat.person.name for seat in self._seats if seat.person.may(Right.SUPERVISE)}
        watched = {(contact_id, seat.person.name) for seat in self._seats for contact_id in seat.watched}
        young = now - timedelta(seconds=GRACE_S)
        ours = [one for one in readers if one.handler in here]
        gone = {one.key for one in ours if one.key not in watched and one.since <= young}
        due = now - timedelta(seconds=AGAIN_S)
        there = {one.key for one in ours if one.key in watched and one.seen_at <= due}
        if gone or there:

            def work(conn: Connection) -> None:
                reading_along.end(conn, gone)
                reading_along.still_there(conn, now, there)

            await self._desk.store.run(work)
        said = [
            {"contact": one.contact_id, "handler": one.handler, "name": one.display_name}
            for one in readers
            if one.key not in gone
        ]
        text = frame("readers", readers=said)
        for seat in self._seats:
            seat.say_latest("readers", text, unless=_NOBODY)
