"""What a batch of arrivals means to the tables: which contact each message joins, opens or repeats."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec
import uuid_utils

from intake.contact import (
    CallerUri,
    ContactId,
    ContactState,
    DeliveryReport,
    InboundMessage,
    MessageId,
    MessageKind,
    RawMessageId,
    Receipt,
)
from intake.log_events import LogEventName
from intake.outcomes import SAYING
from intake.store.driver_sql import Row
from intake.store.threads import Thread, Threads
from intake.store.types import to_us
from intake.store.wire import Acceptance

SUMMARY_CHARACTERS = 160
_WROTE_AGAIN = SAYING.en("wrote_again")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(InboundMessage).decode


class Arrivals:
    """Turns acceptances into rows. ``known`` and ``threads`` are what the database had of them."""

    def __init__(self, now: datetime, silence_us: int):
        self.now_us = to_us(now)
        self._silence_us = silence_us
        self.known: dict[tuple[str, str], tuple[str, str | None, str | None]] = {}
        self.threads = Threads()
        self.raw: list[Row] = []
        self.finished: list[Row] = []
        self.messages: list[Row] = []
        self.events: list[Row] = []
        self.reports: list[DeliveryReport] = []
        self.unthreaded: list[str] = []
        self._opened: list[Thread] = []
        self._joined: dict[str, Thread] = {}

    def have(self, known: Iterable[Row], threads: Iterable[Row]) -> None:
        """Take in the answers of ``DriverSql.known`` and ``DriverSql.threads``."""
        for provider_id, channel, message_id, contact_id, content in known:
            self.known[provider_id, channel] = (message_id, contact_id, content)
        self.threads.have(threads)

    def in_conflict(self, found: Iterable[InboundMessage]) -> set[tuple[str, str]]:
        """The keys under which a known id's other contents would stand, to be asked for as well."""
        if not self.known:
            return set()
        return {
            (_conflict_id(message), str(message.channel))
            for message in found
            if (before := self.known.get((message.provider_id, message.channel)))
            and _differs(before[2], message)
        }

    @property
    def opened(self) -> list[Row]:
        return [tuple(thread.opened) for thread in self._opened if thread.opened]

    @property
    def joined(self) -> list[Row]:
        return [thread.changed for thread in self._joined.values() if thread.changed]

    def add(self, item: Acceptance) -> Receipt:
        """Make the rows of one acceptance; the receipt is that of its first message."""
        received_us = to_us(item.received_at)
        state = "pending" if not item.is_parsed else "defective" if item.defect else "done"
        if item.is_stored:
            self.finished.append((state, item.defect, item.id))
        else:
            self.raw.append(_raw_row(item, received_us, state))
        self.reports += item.reports
        receipts = [self.add_message(item, message, received_us) for message in item.messages]
        return receipts[0] if receipts else _receipt(item, "", "")

    def add_message(self, item: Acceptance, message: InboundMessage, received_us: int) -> Receipt:
        """The rows of one message: a repeat of a known id makes none but its log event (law 3)."""
        defect = item.defect
        flag, said = "defective" if defect else "", message
        before = self.known.get((message.provider_id, message.channel))
        if before is not None:
            if not defect and _differs(before[2], message):
                flag = "conflict"
                message = msgspec.structs.replace(message, provider_id=_conflict_id(message))
                before = self.known.get((message.provider_id, message.channel))
            if before is not None:
                return self._repeat(item, said, before)
        content = _encode(message).decode()
        contact_id, opened = "", False
        if message.kind is not MessageKind.PLACE:
            contact_id, opened = self._thread(message, received_us, defect)
        message_id = str(uuid_utils.uuid7())
        self.messages.append(
            (
                message_id,
                contact_id or None,
                item.id,
                message.channel,
                message.provider_id,
                message.caller,
                message.kind.value,
                to_us(message.sent_at) if message.sent_at else None,
                received_us,
                content,
                flag,
            )
        )
        self.known[message.provider_id, message.channel] = (message_id, contact_id, content)
        name = LogEventName.DEFECT if defect else LogEventName.MESSAGE
        data = f'{{"message_id":"{message_id}","opened":{"true" if opened else "false"},"flag":"{flag}"}}'
        self._log(name, contact_id, item.door, data)
        return _receipt(item, contact_id, message_id, said, opened=opened)

    def _repeat(
        self, item: Acceptance, said: InboundMessage, before: tuple[str, str | None, str | None]
    ) -> Receipt:
        message_id, contact_id, _ = before
        data = f'{{"message_id":"{message_id}","raw_id":"{item.id}"}}'
        self._log(LogEventName.DUPLICATE, contact_id or "", item.door, data)
        return _receipt(item, contact_id or "", message_id, said, duplicate=True)

    def _thread(self, message: InboundMessage, received_us: int, defect: str) -> tuple[str, bool]:
        """The contact this message belongs to, and whether it opens it."""
        key = (message.caller, message.channel)
        thread = self.threads.by_key.get(key)
        if thread:
            whole = self.threads.wholes[thread.part_of] if thread.part_of else thread
            if whole.state == "closed" and received_us - whole.last_us > self._silence_us:
                self.unthreaded.append(thread.id)
                thread = None
        summary = message.text[:SUMMARY_CHARACTERS]
        if thread is None:
            id = str(uuid_utils.uuid7())
            thread = self.threads.by_key[key] = Thread(
                id, "waiting", received_us, received_us, received_us, message.reply_to, message.provider_id
            )
            thread.opened = [
                id,
                message.channel,
                message.caller,
                received_us,
                received_us,
                received_us,
                summary,
                message.language,
                message.silent,
                defect,
                message.reply_to,
                message.provider_id,
            ]
            self._opened.append(thread)
            return id, True
        thread.last_us = max(thread.last_us, received_us)
        if thread.opened is not None:  # opened earlier in this very batch
            thread.opened[4] = thread.last_us
            thread.opened[6] = thread.opened[6] or summary
            return thread.id, False
        thread.reply_to = message.reply_to or thread.reply_to
        thread.provider_id = message.provider_id
        self._rejoin(whole, message)
        thread.change(summary)
        self._joined[thread.id] = thread
        if whole is not thread:
            # Law 8: what it is part of is what people see.
            whole.last_us = max(whole.last_us, received_us)
            whole.change(summary)
            self._joined[whole.id] = whole
            self._log(LogEventName.MERGE, whole.id, "intake", f'{{"message_of":"{thread.id}"}}')
        return thread.id, False

    def _rejoin(self, thread: Thread, message: InboundMessage) -> None:
        # Law 8: words that arrive after the hand-over, or after closing, must meet a person again.
        if message.automatic or thread.state in (ContactState.WAITING, ContactState.OPEN, ContactState.HELD):
            return
        if thread.state != ContactState.STALE:  # who could not be reached has kept their place
            thread.queued_us = self.now_us
        if thread.state not in (ContactState.CLOSED, ContactState.STALE) and thread.next_us > self.now_us:
            # Sent, and still in the hands of who sent it: nobody else may be given it now.
            thread.state = ContactState.OPEN.value
        else:
            thread.state = ContactState.WAITING.value
            thread.next_us = self.now_us
        data = f'{{"state":"{thread.state}","reason":"{_WROTE_AGAIN}"}}'
        self._log(LogEventName.CONTACT_STATE, thread.id, "intake", data)

    def _log(self, name: LogEventName, contact_id: str, actor: str, data: str) -> None:
        self.events.append((str(uuid_utils.uuid7()), self.now_us, name.value, contact_id, actor, data))


def _receipt(
    item: Acceptance,
    contact_id: str,
    message_id: str,
    said: InboundMessage | None = None,
    *,
    opened: bool = False,
    duplicate: bool = False,
) -> Receipt:
    return Receipt(
        raw_id=RawMessageId(item.id),
        contact_id=ContactId(contact_id),
        message_id=MessageId(message_id),
        received_at=item.received_at,
        opened=opened,
        duplicate=duplicate,
        caller=said.caller if said else CallerUri(""),
        provider_id=said.provider_id if said else "",
        defect=item.defect if said else "",
    )


def _raw_row(item: Acceptance, received_us: int, state: str) -> Row:
    return (
        item.id,
        item.channel,
        item.door,
        received_us,
        item.trust.value,
        state,
        item.defect,
        item.peer,
        item.target,
        _encode(item.path_args).decode() if item.path_args else "{}",
        item.envelope_from,
        _encode(item.headers).decode(),
        item.body,
    )


def _differs(content: str | None, message: InboundMessage) -> bool:
    # What a person could tell apart: a poll and a webhook of one message differ in trifles.
    if content is None:
        return False
    before = _decode(content)
    return (before.caller, before.text, before.locations) != (message.caller, message.text, message.locations)


def _conflict_id(message: InboundMessage) -> str:
    digest = hashlib.sha256(_encode((message.caller, message.text, message.locations))).hexdigest()[:16]
    return f"{message.provider_id}#{digest}"
