"""What a room says of a transfer: written, and the caller told, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from intake.incident import Confirmation
from intake.ports import Clock
from intake.store import Connection, contacts, replies, transfers
from intake.store.store import Store
from intake.telling import Telling


class Verdicts:
    """Takes confirmations from the relay's own attempts and from the rooms' later calls alike."""

    def __init__(
        self, store: Store, telling: Telling, clock: Clock, new_id: Callable[[], str], verdict_wait_s: float
    ):
        self._store = store
        self._telling = telling
        self._clock = clock
        self._new_id = new_id
        self._wait = timedelta(seconds=verdict_wait_s)

    async def take(self, confirmation: Confirmation) -> None:
        """Commit a room's word before it is answered. Raises NotFound, StoreUnavailable."""
        now = self._clock.now()
        await self._store.run(lambda conn: self.apply(conn, now, confirmation, now + self._wait))
        self._store.bell.ring()

    def apply(
        self, conn: Connection, now: datetime, confirmation: Confirmation, ask_again_at: datetime
    ) -> None:
        """Within a transaction: repeats of a word already taken change nothing and tell nobody twice."""
        transfer = transfers.apply(conn, now, confirmation, ask_again_at)
        if transfer is None:
            return
        contact = contacts.get(conn, transfer.contact_id)
        if told := self._telling.about_transfer(contact, transfer):
            replies.queue_reply(conn, now, contact.id, told.author, told.text, self._new_id)
