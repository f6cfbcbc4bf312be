"""What a room says of a transfer: written, and the caller told, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from intake.contact import InboundMessage
from intake.incident import Confirmation
from intake.ports import Clock
from intake.store import Connection, contacts, replies, room_words
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
        """Within a transaction: what changes nothing is not told, and no caller is told the same twice."""
        transfer = room_words.apply(conn, now, confirmation, ask_again_at)
        if transfer is None:
            return
        contact = contacts.get(conn, transfer.contact_id)
        told = self._telling.about_transfer(contact, transfer)
        if told is None or contact.caller.startswith(replies.NO_ANSWER_TO):
            return
        said, answered = contacts.conversation(conn, contact.id)
        again = any((one.author, one.text) == (told.author, told.text) for one in answered)
        if not again and not _by_machine(said):
            replies.queue_reply(conn, now, contact.id, told.author, told.text, self._new_id)


def _by_machine(said: Sequence[contacts.StoredMessage]) -> bool:
    """Machines are never answered by a machine (RFC 3834 §2)."""
    return bool(said) and msgspec.json.decode(said[-1].content, type=InboundMessage).automatic
