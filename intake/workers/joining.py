"""Brings phones' own fixes and contacts together, in either order, and uses what else a phone says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from msgspec.structs import replace

from intake import metrics
from intake.contact import ChannelKind, ContactId, InboundMessage, MessageKind, Trust
from intake.locate.noting import NOTES
from intake.location import CallerLocation
from intake.phone import TEL, device_uri, number_uri
from intake.ports import Clock
from intake.settings import ContactsSettings
from intake.store import Connection, joining, phones, triage, unclaimed
from intake.store.joining import Owner, Patience
from intake.store.phones import Sighting
from intake.store.store import Store
from intake.triage import Assessment, Triage
from intake.triage.assess import ANSWERED_LANGUAGES
from intake.triage.language import DEFAULT_LANGUAGE

log = structlog.get_logger()

PARTS_WAIT = timedelta(seconds=60)
"""Parts of one text come within seconds of each other."""
LATE_BACK_S = 3_600.0
"""The metric of fixes that found no contact looks back so far."""

WholeOf = Callable[[Sequence[InboundMessage], datetime], InboundMessage | None]


class Hints(msgspec.Struct, frozen=True, kw_only=True):
    """What a contact's own phone says of its owner: a language we answer in, and that it felt a crash."""

    language: str = ""
    crashed: bool = False


class Joining:
    """Each method runs inside the transaction that reads one message, except ``rejoin``."""

    def __init__(
        self,
        store: Store,
        rules: Triage,
        clock: Clock,
        new_id: Callable[[], str],
        settings: ContactsSettings,
        whole_of: Mapping[ChannelKind, WholeOf] | None = None,
    ):
        self._store = store
        self._rules = rules
        self._clock = clock
        self._new_id = new_id
        self._patience = Patience(wait_s=settings.fixes_wait_s, silence_s=settings.silence_s)
        self._whole_of = whole_of or {}

    def owner(self, conn: Connection, item: triage.Untriaged, message: InboundMessage) -> Owner:
        """Whose the message is, and what it tells of a phone is kept. Takes turns: call it first.

        A message that opened or joined a contact at the door belongs to it. A place is its contact's,
        or nobody's yet.
        """
        seen = sighting(message, item.trust)
        device, number = seen.device if seen else "", stated_number(message)
        keys = [device, number, message.caller if message.caller.startswith(TEL) else ""]
        if device and not message.caller.startswith(TEL):
            since = item.received_at - timedelta(seconds=self._patience.silence_s)
            keys += phones.numbers_of(conn, device, since)
        joining.in_turns(conn, keys)
        if item.contact_id and number:
            triage.state_number(conn, item.contact_id, number)
        if seen:
            phones.saw(conn, seen, message_id=item.id, at=item.received_at, new_id=self._new_id)
        if item.contact_id:
            return Owner(contact_id=item.contact_id)
        return joining.owner_of(conn, message.caller, device, item.received_at, self._patience)

    def places(
        self, conn: Connection, item: triage.Untriaged, message: InboundMessage
    ) -> tuple[CallerLocation, ...]:
        """The message's own places: those of the whole text where it was the last of its parts to come."""
        found = message.locations
        if "part" in message.extra and not found:
            found = self._of_parts(conn, item, message)
        device = str(message.extra.get("device", ""))
        if not found or not device or not message.caller.startswith(TEL):
            return found
        since = item.received_at - timedelta(seconds=self._patience.silence_s)
        if not phones.has_other_device(conn, message.caller, device, since):
            return found
        other = NOTES.en("other_phone")
        return tuple(replace(one, note=f"{one.note}; {other}" if one.note else other) for one in found)

    def _of_parts(
        self, conn: Connection, item: triage.Untriaged, message: InboundMessage
    ) -> tuple[CallerLocation, ...]:
        whole_of = self._whole_of.get(message.channel)
        if whole_of is None or not message.caller.startswith(TEL):
            return ()
        ids = phones.messages_of(conn, message.caller, item.received_at - PARTS_WAIT)
        known = [one for one in triage.contents(conn, ids) if "part" in one.extra]
        this = message.extra["part"]
        parts = [one for one in known if _same_text(one.extra["part"], this)]
        whole = whole_of(parts, item.received_at)
        if whole is None:
            return ()
        note = NOTES.en("parts")
        return tuple(
            replace(one, note=f"{one.note}; {note}" if one.note else note) for one in whole.locations
        )

    def gather(self, conn: Connection, now: datetime, contact_id: ContactId, words_at: datetime) -> int:
        """Give the contact the fixes that waited for it; how many."""
        return joining.gather(conn, now, contact_id, words_at, self._patience, self._new_id)

    def hints(self, conn: Connection, contact_id: ContactId, at: datetime) -> Hints:
        """What this contact's phones said shortly before its words, or since."""
        found = Hints()
        for one in phones.said_for(conn, contact_id, at - timedelta(seconds=self._patience.wait_s)):
            seen = one.seen
            owner = joining.owner_of(conn, seen.caller, seen.device, one.at, self._patience)
            if owner.contact_id != contact_id:
                continue  # a number it states that is somebody else's
            language = seen.language.lower().replace("_", "-").partition("-")[0]
            found = Hints(
                language=language if language in ANSWERED_LANGUAGES else found.language,
                crashed=found.crashed or seen.crashed_at is not None,
            )
        return found

    def heeding(self, seen: Assessment, hints: Hints) -> Assessment:
        """The assessment with what the phone says: a language where the words show none, urgency."""
        if hints.language and seen.language == DEFAULT_LANGUAGE:
            seen = replace(seen, language=hints.language)
        if hints.crashed:
            verdict = self._rules.felt_crash()
            if verdict and verdict.priority < seen.priority:
                seen = replace(
                    seen,
                    priority=verdict.priority,
                    priority_rule=verdict.rule_id,
                    priority_reason=verdict.reason,
                )
        return seen

    async def rejoin(self) -> list[tuple[ContactId, datetime]]:
        """Live contacts that a waiting fix may belong to; counts what waits, too.

        Nothing should be left to find: workers take turns. What a crash or an older version left is.
        """
        now, wait_s = self._clock.now(), self._patience.wait_s
        counts = await self._store.read(lambda conn: unclaimed.count(conn, now, wait_s, LATE_BACK_S))
        for name in ("waiting", "late", "contested"):
            metrics.UNCLAIMED_FIXES.labels(state=name).set(getattr(counts, name))
        if counts.contested:
            log.warning("fixes_contested", fixes=counts.contested)
        missed = await self._store.read(lambda conn: unclaimed.missed(conn, wait_s))
        return [(ContactId(contact_id), words_at) for contact_id, words_at in missed.items()]


def sighting(message: InboundMessage, trust: Trust) -> Sighting | None:
    """What a message tells of a phone; None for nothing.

    A channel that sets ``extra["device"]`` vouches for it as far as its door did: what an unsigned form
    says is as good as what a caller states.
    """
    device = str(message.extra.get("device", ""))
    if device or (message.kind is MessageKind.PLACE and message.caller.startswith(TEL)):
        crashed_at = message.extra.get("crashed_at")
        return Sighting(
            caller=message.caller,
            device=device,
            is_stated=trust is Trust.ANONYMOUS,
            language=message.language,
            crashed_at=datetime.fromisoformat(crashed_at) if isinstance(crashed_at, str) else None,
        )
    stated = stated_device(message)
    return Sighting(caller=message.caller, device=stated, is_stated=True) if stated else None


def stated_number(message: InboundMessage) -> str:
    """The telephone number an app or chat caller gave, as a tel: URI; empty where there is none to read."""
    given = message.extra.get("telephone") or message.extra.get("own_number")
    return number_uri(given) if isinstance(given, str) else ""


def stated_device(message: InboundMessage) -> str:
    """The device an app says it runs on, by its IMEI; empty where there is none to read."""
    other = message.extra.get("other")
    given = message.extra.get("imei") or (other.get("imei") if isinstance(other, dict) else None)
    return device_uri(given) if isinstance(given, str) else ""


def _same_text(one: dict[str, object], other: dict[str, object]) -> bool:
    return (one.get("ref"), one.get("of")) == (other.get("ref"), other.get("of"))
