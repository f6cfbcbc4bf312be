"""What a batch of arrivals means to the tables: which contact each message joins, opens or repeats."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import uuid_utils

from intake.contact import (
    ContactId,
    ContactState,
    DeliveryReport,
    InboundMessage,
    MessageId,
    MessageKind,
    RawMessage,
    Receipt,
    Trust,
    clean_text,
)
from intake.log_events import LogEventName
from intake.ports import Normalised
from intake.store.driver_sql import Row
from intake.store.types import to_us

SUMMARY_CHARACTERS = 160

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(InboundMessage).decode


class Acceptance(msgspec.Struct, frozen=True, gc=False):
    """One call of ``Store.accept``."""

    raw: RawMessage
    normalised: Normalised | None
    trust: Trust
    defect: str
    stored_headers: tuple[str, ...]
    is_stored: bool = False


class Thread:
    """The contact a caller's next message joins, as it stands within this batch."""

    __slots__ = ("changed", "id", "last_us", "next_us", "opened", "queued_us", "reply_to", "state")

    def __init__(self, id: str, state: str, queued_us: int, next_us: int, last_us: int, reply_to: str):
        self.id, self.state, self.reply_to = id, state, reply_to
        self.queued_us, self.next_us, self.last_us = queued_us, next_us, last_us
        self.changed: Row | None = None
        self.opened: list[Any] | None = None


class Arrivals:
    """Turns acceptances into rows. ``known`` and ``threads`` are what the database had of them."""

    def __init__(self, now: datetime, silence_us: int):
        self.now_us = to_us(now)
        self._silence_us = silence_us
        self.known: dict[tuple[str, str], tuple[str, str | None, str | None]] = {}
        self.threads: dict[tuple[str, str], Thread] = {}
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
        for caller, channel, id, state, queued, next_attempt, last, reply_to in threads:
            self.threads[caller, channel] = Thread(id, state, queued, next_attempt, last, reply_to)

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

    def add(self, item: Acceptance, messages: list[InboundMessage]) -> Receipt:
        """Make the rows of one acceptance; ``messages`` come from ``messages_of``."""
        raw = item.raw
        received_us = to_us(raw.received_at)
        state = "pending" if item.normalised is None else "defective" if item.defect else "done"
        if item.is_stored:
            self.finished.append((state, item.defect, raw.id))
        else:
            self.raw.append(_raw_row(item, received_us, state))
        receipt = Receipt(
            raw_id=raw.id, contact_id=ContactId(""), message_id=MessageId(""), received_at=raw.received_at
        )
        for index, message in enumerate(messages):
            one = self.add_message(raw, message, item.defect, received_us)
            receipt = receipt if index else one
        for report in item.normalised or ():
            if isinstance(report, DeliveryReport):
                self.reports.append(report)
        return receipt

    def add_message(self, raw: RawMessage, message: InboundMessage, defect: str, received_us: int) -> Receipt:
        """The rows of one message: a repeat of a known id makes none but its log event (law 3)."""
        flag, said = "defective" if defect else "", message
        before = self.known.get((message.provider_id, message.channel))
        if before is not None:
            if not defect and _differs(before[2], message):
                flag = "conflict"
                message = msgspec.structs.replace(message, provider_id=_conflict_id(message))
                before = self.known.get((message.provider_id, message.channel))
            if before is not None:
                return self._repeat(raw, said, before, defect)
        content = _encode(message).decode()
        contact_id, opened = "", False
        if message.kind is not MessageKind.PLACE:
            contact_id, opened = self._thread(message, received_us, defect)
        message_id = str(uuid_utils.uuid7())
        self.messages.append(
            (
                message_id,
                contact_id or None,
                raw.id,
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
        self._log(name, contact_id, raw.door, data)
        return Receipt(
            raw_id=raw.id,
            contact_id=ContactId(contact_id),
            message_id=MessageId(message_id),
            received_at=raw.received_at,
            opened=opened,
            caller=said.caller,
            provider_id=said.provider_id,
            defect=defect,
        )

    def _repeat(
        self,
        raw: RawMessage,
        said: InboundMessage,
        before: tuple[str, str | None, str | None],
        defect: str,
    ) -> Receipt:
        message_id, contact_id, _ = before
        data = f'{{"message_id":"{message_id}","raw_id":"{raw.id}"}}'
        self._log(LogEventName.DUPLICATE, contact_id or "", raw.door, data)
        return Receipt(
            raw_id=raw.id,
            contact_id=ContactId(contact_id or ""),
            message_id=MessageId(message_id),
            received_at=raw.received_at,
            duplicate=True,
            caller=said.caller,
            provider_id=said.provider_id,
            defect=defect,
        )

    def _thread(self, message: InboundMessage, received_us: int, defect: str) -> tuple[str, bool]:
        """The contact this message belongs to, and whether it opens it."""
        key = (message.caller, message.channel)
        thread = self.threads.get(key)
        if thread and thread.state == "closed" and received_us - thread.last_us > self._silence_us:
            self.unthreaded.append(thread.id)
            thread = None
        summary = message.text[:SUMMARY_CHARACTERS]
        if thread is None:
            id = str(uuid_utils.uuid7())
            thread = self.threads[key] = Thread(
                id, "waiting", received_us, received_us, received_us, message.reply_to
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
        self._rejoin(thread, message)
        thread.reply_to = message.reply_to or thread.reply_to
        thread.changed = (
            thread.id,
            thread.state,
            thread.queued_us,
            thread.next_us,
            thread.last_us,
            summary,
            thread.reply_to,
            message.provider_id,
        )
        self._joined[thread.id] = thread
        return thread.id, False

    def _rejoin(self, thread: Thread, message: InboundMessage) -> None:
        # Law 8: words that arrive after the hand-over, or after closing, must meet a person again.
        if message.automatic or thread.state in (ContactState.WAITING, ContactState.OPEN, ContactState.HELD):
            return
        thread.state = ContactState.WAITING.value
        thread.queued_us = thread.next_us = self.now_us
        data = '{"state":"waiting","reason":"the caller wrote again"}'
        self._log(LogEventName.CONTACT_STATE, thread.id, "intake", data)

    def _log(self, name: LogEventName, contact_id: str, actor: str, data: str) -> None:
        self.events.append((str(uuid_utils.uuid7()), self.now_us, name.value, contact_id, actor, data))


def _raw_row(item: Acceptance, received_us: int, state: str) -> Row:
    raw = item.raw
    return (
        raw.id,
        raw.channel,
        raw.door,
        received_us,
        item.trust.value,
        state,
        item.defect,
        raw.peer,
        clean_text(raw.target),
        _json_of(raw.path_args) if raw.path_args else "{}",
        clean_text(raw.envelope_from),
        _json_of({name: raw.headers[name] for name in item.stored_headers if name in raw.headers}),
        raw.body,
    )


def _json_of(words: Mapping[str, str]) -> str:
    try:
        return _encode(words).decode()
    except UnicodeEncodeError:  # 8-bit headers come as lone surrogates (PEP 383)
        return _encode({name: clean_text(value) for name, value in words.items()}).decode()


def messages_of(item: Acceptance) -> list[InboundMessage]:
    """The messages of an acceptance, without its delivery reports."""
    return [one for one in item.normalised or () if isinstance(one, InboundMessage)]


def _differs(content: str | None, message: InboundMessage) -> bool:
    # What a person could tell apart: a poll and a webhook of one message differ in trifles.
    if content is None:
        return False
    before = _decode(content)
    return (before.caller, before.text, before.locations) != (message.caller, message.text, message.locations)


def _conflict_id(message: InboundMessage) -> str:
    digest = hashlib.sha256(_encode((message.caller, message.text, message.locations))).hexdigest()[:16]
    return f"{message.provider_id}#{digest}"
