"""Reads stored messages for place, service and urgency, answers the caller, and lets policy send some on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import phonenumbers
import structlog
from msgspec.structs import replace

from intake import metrics
from intake.contact import Contact, ContactId, InboundMessage, MessageKind
from intake.errors import StoreUnavailable
from intake.locate.best import choose_best
from intake.location import CallerLocation, Reading
from intake.log_events import LogEventName
from intake.ports import Clock, Locator
from intake.settings import ContactsSettings
from intake.store import Connection, clues, contacts, replies
from intake.store import log as log_events
from intake.store import triage as table
from intake.store.handling import SET_BY
from intake.store.store import Store
from intake.telling import Telling
from intake.triage import Assessment, Triage
from intake.workers.letting_go import LettingGo

log = structlog.get_logger()

BATCH = 50


class Triaging:
    """``step`` works through the oldest unread messages; a poison one is set aside and delays no other."""

    def __init__(
        self,
        store: Store,
        locator: Locator,
        triage: Triage,
        telling: Telling,
        letting_go: LettingGo,
        clock: Clock,
        new_id: Callable[[], str],
        settings: ContactsSettings,
    ):
        self._store = store
        self._locator = locator
        self._triage = triage
        self._telling = telling
        self._letting_go = letting_go
        self._clock = clock
        self._new_id = new_id
        self._settings = settings

    async def step(self) -> int:
        waiting = await self._store.read(lambda conn: table.untriaged(conn, BATCH))
        for item in waiting:
            try:
                await self._one(item)
            except StoreUnavailable:
                raise
            except Exception as error:
                log.exception("triage_failed", message_id=item.id)
                await self._set_aside(item, type(error).__name__)
        if waiting:
            self._store.bell.ring()
        return len(waiting)

    async def rejoin(self) -> int:
        """Give fixes to contacts that came while the fix was being written; closes that small gap."""
        wait_s = self._settings.fixes_wait_s
        missed = await self._store.read(lambda conn: table.waiting_callers(conn, wait_s))
        for contact_id, caller, since in missed:
            await self._store.run(partial(self._join, ContactId(contact_id), caller, since))
        return len(missed)

    def _join(self, contact_id: ContactId, caller: str, since: datetime, conn: Connection) -> None:
        now = self._clock.now()
        contacts.get(conn, contact_id, lock=True)
        if table.join_waiting(conn, now, contact_id, caller, since):
            self._best(conn, now, contact_id)

    async def _one(self, item: table.Untriaged) -> None:
        # Pure work first: no transaction is open while text is read.
        message = msgspec.json.decode(item.content, type=InboundMessage)
        said_at = message.sent_at or item.received_at
        reading = self._locator.read(message.text)
        found = [*message.locations, *(replace(one, positioned_at=said_at) for one in reading.places)]
        seen = self._triage.assess(
            message,
            received_at=item.received_at,
            defect=item.flag if item.flag == "defective" else "",
            old_after_s=self._settings.old_after_s,
        )
        await self._store.run(lambda conn: self._write(conn, item, message, reading, found, seen))
        metrics.TRIAGE_S.observe(max(0.0, (self._clock.now() - item.received_at).total_seconds()))

    def _write(
        self,
        conn: Connection,
        item: table.Untriaged,
        message: InboundMessage,
        reading: Reading,
        found: list[CallerLocation],
        seen: Assessment,
    ) -> None:
        now = self._clock.now()
        if not table.take(conn, now, item.id):
            return  # another worker process was first
        closed_since = item.received_at - timedelta(seconds=self._settings.silence_s)
        contact_id = item.contact_id or table.contact_of_caller(conn, message.caller, closed_since)
        # The lock first: of two workers, the second must see the places the first one wrote.
        contact = contact_id and contacts.get(conn, ContactId(contact_id), lock=True)
        table.add_locations(
            conn,
            now,
            found,
            contact_id=contact_id,
            message_id=item.id,
            caller=message.caller,
            actor=f"message:{message.channel}",
            new_id=self._new_id,
            received_at=item.received_at,
        )
        clues.add(conn, reading.clues, message_id=item.id, contact_id=contact_id, new_id=self._new_id)
        if not contact:
            return  # a place that waits for its contact
        telephone = stated_number(message)
        since = item.received_at - timedelta(seconds=self._settings.fixes_wait_s)
        for caller in filter(None, {message.caller, telephone}):
            table.join_waiting(conn, now, contact.id, caller, since)
        best = self._best(conn, now, contact.id)
        if message.kind is not MessageKind.PLACE:
            self._suggest(conn, now, contact, seen, telephone)
            self._answer(conn, now, contact, message, seen, located=best is not None)
        try:
            with conn.begin_nested():
                proven = item.trust if message.caller == contact.caller else None
                self._letting_go.consider(conn, now, contacts.get(conn, contact.id), best, proven)
        except Exception:
            # What was read stays; a contact that cannot go by itself waits for a person.
            log.exception("auto_transfer_failed", contact_id=contact.id)

    def _best(self, conn: Connection, now: datetime, contact_id: ContactId) -> contacts.StoredLocation | None:
        stored = contacts.hypotheses(conn, contact_id)
        best = choose_best([one.location for one in stored], now)
        if best is None:
            return None
        table.set_best(conn, now, contact_id, best)
        return next(one for one in stored if one.location is best)

    def _suggest(
        self, conn: Connection, now: datetime, contact: Contact, seen: Assessment, telephone: str
    ) -> None:
        values: dict[str, Any] = {"telephone": telephone} if telephone else {}
        is_open = not contact.service_reason.startswith(SET_BY)  # nobody's choice yet
        if is_open and seen.service is not None and (contact.service is None or seen.service_stated):
            values |= {"service": seen.service.value, "service_reason": seen.service_reason}
        # The first reading sets the priority; later messages only ever raise it.
        unread, higher = not contact.priority_rule, seen.priority < contact.priority
        if (unread or higher) and not contact.priority_rule.startswith(SET_BY):
            values |= {"priority": int(seen.priority), "priority_rule": seen.priority_rule}
        if seen.silent and not contact.silent:
            values["silent"] = True
        if seen.language != contact.language and (not contact.language or seen.language != "en"):
            values["language"] = seen.language
        if values:
            table.suggest(conn, now, contact.id, values)

    def _answer(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        message: InboundMessage,
        seen: Assessment,
        *,
        located: bool,
    ) -> None:
        """One automatic receipt a contact; machines are never answered by a machine (RFC 3834 §2)."""
        if message.automatic or contact.caller.startswith(replies.NO_ANSWER_TO):
            return
        if replies.any_for_contact(conn, contact.id):
            return
        told = self._telling.first(seen, located=located)
        replies.queue_reply(conn, now, contact.id, told.author, told.text, self._new_id)

    async def _set_aside(self, item: table.Untriaged, error: str) -> None:
        """Law 12: read by no machine, seen by a person; its contact keeps its place in the queue."""
        now = self._clock.now()

        def work(conn: Connection) -> None:
            if not table.take(conn, now, item.id):
                return
            data = {"message_id": item.id, "error": error}
            log_events.write(conn, now, LogEventName.DEFECT, item.contact_id or "", "triage", data)
            if item.contact_id:
                defect = f"a message of it was read by no machine ({error}): read it yourself"
                table.suggest(conn, now, item.contact_id, {"defect": defect})

        await self._store.run(work)


def stated_number(message: InboundMessage) -> str:
    """The telephone number an app or chat caller gave, as a tel: URI; empty where there is none to read.

    Numbers without a country are read as British; some write the country and leave the plus sign out.
    """
    given = message.extra.get("telephone") or message.extra.get("own_number")
    if not isinstance(given, str):
        return ""
    given = given.strip().removeprefix("tel:")
    for written in (given, f"+{given}"):
        try:
            number = phonenumbers.parse(written, "GB")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return "tel:" + phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""
