"""Sends a caller a location link by their own channel: for a handler, or by rule where one is set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec
import structlog

from intake.contact import ContactId, ContactState
from intake.errors import IntakeError, Refused
from intake.phrases import DEFAULT_LANGUAGE, LANGUAGES, Phrases
from intake.ports import Clock
from intake.public.codes import LinkKeys
from intake.settings import LinksSettings
from intake.store import Connection, contacts, location_links, replies
from intake.store.location_links import LinkMode
from intake.store.store import Store

log = structlog.get_logger()

PHRASE = {LinkMode.ONCE: "link_once", LinkMode.LIVE: "link_live"}
SILENT_PHRASE = "link_silent"
BATCH = 20


class Invited(msgspec.Struct, frozen=True):
    link_id: str
    reply_id: str


class Inviting:
    """Makes links. A code exists in the words the caller gets and nowhere else."""

    def __init__(
        self,
        keys: LinkKeys,
        phrases: Phrases,
        public_url: str,
        lifetime_s: float,
        new_id: Callable[[], str],
    ):
        self._keys = keys
        self._phrases = phrases
        self._public_url = public_url.rstrip("/")
        self._lifetime_s = lifetime_s
        self._new_id = new_id

    def invite(
        self, conn: Connection, now: datetime, contact_id: ContactId, author: str, mode: LinkMode
    ) -> Invited:
        """Put the invitation into the outbox and keep its link, in the caller's transaction.

        ``author`` "" is the rule. The link before ends with it. Raises NotFound, Refused.
        """
        contact = contacts.get(conn, contact_id, lock=True)
        if contact.state is ContactState.CLOSED:
            raise Refused("the contact is closed: a link to it would be dead")
        language = contact.language if contact.language in LANGUAGES else DEFAULT_LANGUAGE
        phrase = SILENT_PHRASE if contact.silent else PHRASE[mode]
        code = self._keys.new_code()
        text = self._phrases.text(phrase, language, url=f"{self._public_url}/l/{code}")
        by = author or f"{replies.AUTOMATIC}{phrase}"
        reply_id = replies.queue_reply(conn, now, contact_id, by, text, self._new_id)
        link_id = self._new_id()
        location_links.add(
            conn,
            now,
            link_id=link_id,
            contact_id=contact_id,
            code_digest=self._keys.digest(code),
            mode=mode,
            language=language,
            author=by,
            reply_id=reply_id,
            lifetime_s=self._lifetime_s,
        )
        return Invited(link_id, reply_id)


def make_inviting(
    settings: LinksSettings, phrases: Phrases, public_url: str, new_id: Callable[[], str]
) -> Inviting | None:
    """None where no secret is set: then there are no links."""
    if not settings.secret:
        return None
    return Inviting(LinkKeys(settings.secret), phrases, public_url, settings.lifetime_s, new_id)


class InvitingByRule:
    """Where ``links.automatic`` is on: who wrote without any place is sent one link, once."""

    def __init__(self, store: Store, inviting: Inviting, clock: Clock, settings: LinksSettings):
        self._store = store
        self._inviting = inviting
        self._clock = clock
        self._settings = settings

    async def step(self) -> int:
        now = self._clock.now()
        after_s, within_s = self._settings.automatic_after_s, self._settings.automatic_within_s
        waiting = await self._store.read(
            lambda conn: location_links.uninvited(conn, now, after_s, within_s, BATCH)
        )
        sent = 0
        for contact_id in waiting:
            sent += await self._store.run(partial(self._one, now, contact_id))
        if sent:
            self._store.bell.ring()
        return sent

    def _one(self, now: datetime, contact_id: str, conn: Connection) -> int:
        """Under the contact's lock: two workers send one link, and a place that came meanwhile none."""
        try:
            contact = contacts.get(conn, ContactId(contact_id), lock=True)
            if contact.location is not None or location_links.of_contact(conn, contact_id):
                return 0
            self._inviting.invite(conn, now, contact.id, "", LinkMode.ONCE)
        except IntakeError as error:
            log.warning("link_not_sent", contact_id=contact_id, reason=error.code)
            return 0
        return 1
