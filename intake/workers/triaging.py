"""Reads stored messages for place, service and urgency, answers the caller, and lets policy send some on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from intake import metrics
from intake.contact import ChannelKind, Contact, ContactId, ContactState, InboundMessage, MessageKind
from intake.errors import StoreUnavailable
from intake.locate.best import choose_best, radius_now_m
from intake.location import CallerLocation, Reading
from intake.log_events import LogEventName
from intake.ports import Clock, Locator
from intake.settings import ContactsSettings
from intake.store import Connection, clues, contacts, house_rules, replies
from intake.store import log as log_events
from intake.store import triage as table
from intake.store.handling import SET_BY
from intake.store.joining import say_contested
from intake.store.store import Store
from intake.telling import Telling
from intake.triage import Assessment, Triage
from intake.workers.joining import Hints, Joining, WholeOf
from intake.workers.letting_go import LettingGo

log = structlog.get_logger()

BATCH = 50
NEAR_ENOUGH_M = 1_000.0
"""In a wider circle nobody is found: a town's or county's name is a place, and we ask all the same."""


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
        whole_of: Mapping[ChannelKind, WholeOf] | None = None,
    ):
        """``whole_of`` puts texts together that came in parts, by channel."""
        self._store = store
        self._locator = locator
        self._triage = triage
        self._telling = telling
        self._letting_go = letting_go
        self._clock = clock
        self._new_id = new_id
        self._settings = settings
        self._house_rules = house_rules.Remembered()
        self._joining = Joining(store, triage, clock, new_id, settings, whole_of)

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
        """Give fixes to contacts that a worker's end or an older version kept them from; how many."""
        missed = await self._joining.rejoin()
        joined = 0
        for contact_id, words_at in missed:
            joined += await self._store.run(partial(self._join, contact_id, words_at))
        return joined

    def _join(self, contact_id: ContactId, words_at: datetime, conn: Connection) -> int:
        now = self._clock.now()
        contacts.get(conn, contact_id, lock=True)
        joined = self._joining.gather(conn, now, contact_id, words_at)
        if joined:
            self._best(conn, now, contact_id)
        return joined

    async def _one(self, item: table.Untriaged) -> None:
        # Pure work first: no transaction is open while text is read.
        message = msgspec.json.decode(item.content, type=InboundMessage)
        said_at = message.sent_at or item.received_at
        reading = self._locator.read(message.text)
        found = [replace(one, positioned_at=said_at) for one in reading.places]
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
        owner = self._joining.owner(conn, item, message)
        contact_id = owner.contact_id
        # The lock first: of two workers, the second must see the places the first one wrote.
        contact = contact_id and contacts.get(conn, ContactId(contact_id), lock=True)
        table.add_locations(
            conn,
            now,
            [*self._joining.places(conn, item, message), *found],
            contact_id=contact_id,
            message_id=item.id,
            caller=message.caller,
            actor=f"message:{message.channel}",
            new_id=self._new_id,
            received_at=item.received_at,
            device=str(message.extra.get("device", "")),
            joined_by=owner.by.value,
        )
        clues.add(conn, reading.clues, message_id=item.id, contact_id=contact_id, new_id=self._new_id)
        if not contact:
            say_contested(conn, now, owner)
            return  # a place that waits for its contact
        self._joining.gather(conn, now, contact.id, item.received_at)
        hints = self._joining.hints(conn, contact.id, item.received_at)
        best = self._best(conn, now, contact.id)
        if message.kind is MessageKind.PLACE:
            self._heed(conn, now, contact, hints)
        else:
            seen = self._joining.heeding(seen, hints)
            self._suggest(conn, now, contact, seen)
            located = best is not None and radius_now_m(best.location, now) <= NEAR_ENOUGH_M
            self._answer(conn, now, contact, message, seen, located=located)
        if contact.state is ContactState.MERGED:
            self._part(conn, now, contact, message, seen, hints)
            return  # a person has put it together: nothing of it goes by itself
        try:
            with conn.begin_nested():
                proven = item.trust if message.caller == contact.caller else None
                self._letting_go.consider(conn, now, contacts.get(conn, contact.id), best, proven)
        except Exception:
            # What was read stays; a contact that cannot go by itself waits for a person.
            log.exception("auto_transfer_failed", contact_id=contact.id)

    def _part(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        message: InboundMessage,
        seen: Assessment,
        hints: Hints,
    ) -> None:
        """What a merged contact says brings the one it is part of to notice as that one's own would."""
        kept = contacts.get(conn, contact.merged_into, lock=True)
        self._best(conn, now, kept.id)
        if message.kind is MessageKind.PLACE:
            self._heed(conn, now, kept, hints)
        else:
            self._suggest(conn, now, kept, seen)

    def _best(self, conn: Connection, now: datetime, contact_id: ContactId) -> contacts.StoredLocation | None:
        stored = contacts.hypotheses(conn, contact_id)
        best = choose_best([one.location for one in stored], now)
        if best is None:
            return None
        table.set_best(conn, now, contact_id, best)
        return next(one for one in stored if one.location is best)

    def _heed(self, conn: Connection, now: datetime, contact: Contact, hints: Hints) -> None:
        """What the phone says of its owner, when it comes after the words."""
        values: dict[str, Any] = {}
        if hints.language and hints.language != contact.language and contact.language in ("", "en"):
            values["language"] = hints.language
        if hints.crashed and not contact.priority_rule.startswith(SET_BY):
            verdict = self._triage.felt_crash()
            if verdict and verdict.priority < contact.priority:
                values |= {"priority": int(verdict.priority), "priority_rule": verdict.rule_id}
        if values:
            table.suggest(conn, now, contact.id, values)

    def _suggest(self, conn: Connection, now: datetime, contact: Contact, seen: Assessment) -> None:
        values: dict[str, Any] = {}
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
        rule = self._house_rules.rule(conn, now)
        told = self._telling.first(seen, located=located, rule=rule)
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
