"""Reads stored messages for place, service and urgency, answers the caller, and lets policy send some on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import phonenumbers
import structlog
from msgspec.structs import replace

from intake import metrics
from intake.contact import Contact, ContactId, ContactState, InboundMessage, MessageKind
from intake.errors import StoreUnavailable
from intake.handover import HandOver
from intake.locate.best import as_of, choose_best
from intake.location import CallerLocation
from intake.log_events import LogEventName
from intake.ports import Clock, Locator
from intake.routing.auto_transfer import AutoTransferPolicy, AutoTransferVerdict, may_go
from intake.settings import ContactsSettings
from intake.store import Connection, contacts, replies
from intake.store import log as log_events
from intake.store import triage as table
from intake.store.handling import SET_BY
from intake.store.store import Store
from intake.telling import Telling
from intake.triage import Assessment, Triage

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
        handover: HandOver,
        policy: AutoTransferPolicy,
        clock: Clock,
        new_id: Callable[[], str],
        settings: ContactsSettings,
    ):
        self._store = store
        self._locator = locator
        self._triage = triage
        self._telling = telling
        self._handover = handover
        self._policy = policy
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
        now, wait_s = self._clock.now(), self._settings.fixes_wait_s
        pairs = await self._store.read(lambda conn: table.waiting_callers(conn, now, wait_s))
        for contact_id, caller in pairs:
            await self._store.run(partial(self._join, ContactId(contact_id), caller))
        return len(pairs)

    def _join(self, contact_id: ContactId, caller: str, conn: Connection) -> None:
        now = self._clock.now()
        if table.join_waiting(conn, now, contact_id, caller, self._settings.fixes_wait_s):
            self._best(conn, now, contact_id)

    async def _one(self, item: table.Untriaged) -> None:
        # Pure work first: no transaction is open while text is read.
        said_at = item.message.sent_at or item.received_at
        read = [replace(one, positioned_at=said_at) for one in self._locator.read(item.message.text)]
        found = [*item.message.locations, *read]
        seen = self._triage.assess(
            item.message,
            received_at=item.received_at,
            defect=item.flag if item.flag == "defective" else "",
            old_after_s=self._settings.old_after_s,
        )
        await self._store.run(lambda conn: self._write(conn, item, found, seen))
        metrics.TRIAGE_S.observe(max(0.0, (self._clock.now() - item.received_at).total_seconds()))

    def _write(
        self, conn: Connection, item: table.Untriaged, found: list[CallerLocation], seen: Assessment
    ) -> None:
        now = self._clock.now()
        if not table.take(conn, now, item.id):
            return  # another worker process was first
        contact_id = item.contact_id or table.contact_of_caller(conn, item.message.caller)
        table.add_locations(
            conn,
            now,
            found,
            contact_id=contact_id,
            message_id=item.id,
            caller=item.message.caller,
            actor=f"message:{item.message.channel}",
            new_id=self._new_id,
        )
        if contact_id is None:
            return  # a place that waits for its contact
        telephone = stated_number(item.message)
        for caller in filter(None, {item.message.caller, telephone}):
            table.join_waiting(conn, now, contact_id, caller, self._settings.fixes_wait_s)
        best = self._best(conn, now, ContactId(contact_id))
        contact = contacts.get(conn, ContactId(contact_id), lock=True)
        if item.message.kind is not MessageKind.PLACE:
            self._suggest(conn, now, contact, seen, telephone)
            self._answer(conn, now, contact, item, seen, located=best is not None)
        self._let_go(conn, now, contacts.get(conn, contact.id), item, seen, best)

    def _best(self, conn: Connection, now: datetime, contact_id: ContactId) -> CallerLocation | None:
        best = choose_best([one.location for one in contacts.hypotheses(conn, contact_id)], now)
        if best is not None:
            table.set_best(conn, now, contact_id, best)
        return best

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
        item: table.Untriaged,
        seen: Assessment,
        *,
        located: bool,
    ) -> None:
        """One automatic receipt a contact; machines are never answered by a machine (RFC 3834 §2)."""
        if item.message.automatic or contact.caller.startswith(replies.NO_ANSWER_TO):
            return
        if replies.any_for_contact(conn, contact.id):
            return
        told = self._telling.first(seen, located=located)
        replies.queue_reply(conn, now, contact.id, told.author, told.text, self._new_id)

    def _let_go(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        item: table.Untriaged,
        seen: Assessment,
        best: CallerLocation | None,
    ) -> None:
        """Send on by itself what the policy covers in full; everything else waits for a person."""
        if contact.state is not ContactState.WAITING or contact.incident_id or seen.old:
            return
        verdict = self._verdict(contact, item, best and as_of(best, now), now)
        if verdict.allowed:
            actor = f"policy:{verdict.rule_id}"
            assert contact.service is not None  # noqa: S101 - may_go refuses without one
            self._handover.send_in(conn, now, contact, actor, [contact.service])

    def _verdict(
        self, contact: Contact, item: table.Untriaged, best: CallerLocation | None, now: datetime
    ) -> AutoTransferVerdict:
        sent = item.message.sent_at or item.received_at
        return may_go(
            self._policy,
            trust=item.trust,
            service=contact.service,
            service_explicit=contact.service_reason == STATED_REASON,
            location=best,
            decision=self._handover.decide(contact.service, best) if contact.service else None,
            age_s=(now - sent).total_seconds(),
            silent=contact.silent,
            defect=contact.defect or (item.flag if item.flag == "defective" else ""),
            has_text=bool(contact.summary.strip()),
            channel=contact.channel,
        )

    async def _set_aside(self, item: table.Untriaged, error: str) -> None:
        """Law 12: read by no machine, seen by a person; its contact keeps its place in the queue."""
        now = self._clock.now()

        def work(conn: Connection) -> None:
            if table.take(conn, now, item.id):
                data = {"message_id": item.id, "error": error}
                log_events.write(conn, now, LogEventName.DEFECT, item.contact_id or "", "triage", data)

        await self._store.run(work)


STATED_REASON = "chosen by the caller"


def stated_number(message: InboundMessage) -> str:
    """The telephone number an app or chat caller gave, as a tel: URI; empty where there is none to read."""
    given = message.extra.get("telephone") or message.extra.get("own_number")
    if not isinstance(given, str) or not given:
        return ""
    try:
        number = phonenumbers.parse(given.removeprefix("tel:"), "GB")
    except phonenumbers.NumberParseException:
        return ""
    return "tel:" + phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
