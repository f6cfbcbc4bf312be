"""Location links: made, found by the digest of their code, followed through their life, ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, case, exists, func, literal, or_, select, update

from intake.contact import ContactState
from intake.log_events import LogEventName
from intake.store import log
from intake.store.queue import LIVE
from intake.store.replies import AUTOMATIC, NO_ANSWER_TO
from intake.store.tables import contacts, location_links, replies
from intake.store.types import Instant

ACTOR = "link"


class LinkMode(StrEnum):
    """What a link asks for. Video, the third invitation of such services, is not offered here."""

    ONCE = "once"
    LIVE = "live"


class LinkEnd(StrEnum):
    """Why a link takes no more places. ``EXPIRED`` is read off the clock and stands in no row."""

    REPLACED = "replaced"
    FINISHED = "finished"
    STOPPED = "stopped"
    CLOSED = "closed"
    EXPIRED = "expired"


class Mark(StrEnum):
    """What the page tells of itself."""

    OPENED = "opened"
    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    STOPPED = "stopped"
    FINISHED = "finished"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link with what its contact says of it; ``contact_state`` is the contact's present one."""

    id: str
    contact_id: str
    code_digest: str
    mode: str
    language: str
    expires_at: datetime
    ended_at: datetime | None
    ended_reason: str
    best_fix_m: float | None
    caller: str
    channel: str
    contact_state: str

    def end(self, now: datetime) -> LinkEnd | None:
        """Why the link is dead at ``now``, None while it lives. Stopped ones can be taken up again."""
        if self.contact_state == ContactState.CLOSED.value:
            return LinkEnd.CLOSED
        if self.ended_at is not None and self.ended_reason != LinkEnd.STOPPED.value:
            return LinkEnd(self.ended_reason)
        return LinkEnd.EXPIRED if now >= self.expires_at else None


class StoredLink(msgspec.Struct, frozen=True, kw_only=True):
    """The life of one link. ``reply_state`` is the outbox's word on the message that brought it."""

    id: str
    mode: str
    language: str
    created_at: datetime
    created_by: str
    reply_id: str
    reply_state: str
    expires_at: datetime
    opened_at: datetime | None
    asked_at: datetime | None
    granted_at: datetime | None
    refused_at: datetime | None
    trouble: str
    first_fix_at: datetime | None
    last_fix_at: datetime | None
    best_fix_m: float | None
    ended_at: datetime | None
    ended_reason: str


def add(
    conn: Connection,
    now: datetime,
    *,
    link_id: str,
    contact_id: str,
    code_digest: str,
    mode: LinkMode,
    language: str,
    author: str,
    reply_id: str,
    lifetime_s: float,
) -> None:
    """Keep a new link; it ends the older ones of its contact, whose lock the caller holds."""
    end_all(conn, now, contact_id, LinkEnd.REPLACED)
    conn.execute(
        location_links.insert().values(
            id=link_id,
            contact_id=contact_id,
            code_digest=code_digest,
            mode=mode.value,
            language=language,
            created_at=now,
            created_by=author,
            reply_id=reply_id,
            expires_at=now + timedelta(seconds=lifetime_s),
            trouble="",
            ended_reason="",
        )
    )
    _log(conn, now, contact_id, author, link_id, "sent", mode=mode.value)


def end_all(conn: Connection, now: datetime, contact_id: str, reason: LinkEnd) -> int:
    """End every link of a contact that has not ended, stopped ones for good; how many."""
    open_ones = conn.execute(
        select(location_links.c.id).where(
            location_links.c.contact_id == contact_id,
            or_(location_links.c.ended_at.is_(None), location_links.c.ended_reason == LinkEnd.STOPPED.value),
        )
    ).scalars()
    ended = 0
    for link_id in open_ones.all():
        ended += _end(conn, now, contact_id, link_id, reason)
    return ended


def find(conn: Connection, code_digest: str) -> Link | None:
    """The link whose code has this keyed digest."""
    own = [location_links.c[name] for name in Link.__struct_fields__ if name in location_links.c]
    theirs = [contacts.c.caller, contacts.c.channel, contacts.c.state.label("contact_state")]
    row = conn.execute(
        select(*own, *theirs)
        .join(contacts, contacts.c.id == location_links.c.contact_id)
        .where(location_links.c.code_digest == code_digest)
    ).one_or_none()
    return None if row is None else Link(**row._mapping)


def note(conn: Connection, now: datetime, link: Link, mark: Mark, trouble: str = "") -> None:
    """Keep what the page tells: the first time of each mark, and what the browser said last."""
    if mark in (Mark.STOPPED, Mark.FINISHED):
        _end(conn, now, link.contact_id, link.id, LinkEnd(mark.value))
        return
    column = location_links.c[f"{mark.value}_at"]
    mine = location_links.c.id == link.id
    first = conn.execute(update(location_links).where(mine, column.is_(None)).values({column: now})).rowcount
    if mark in (Mark.GRANTED, Mark.REFUSED):
        conn.execute(update(location_links).where(mine).values(trouble=trouble))
    resumed = 0
    if mark is Mark.ASKED:
        stopped = location_links.c.ended_reason == LinkEnd.STOPPED.value
        again = {"ended_at": None, "ended_reason": ""}
        resumed = conn.execute(update(location_links).where(mine, stopped).values(again)).rowcount
    if first or resumed:
        said = {"trouble": trouble} if trouble else {}
        _log(conn, now, link.contact_id, ACTOR, link.id, "resumed" if resumed else mark.value, **said)


def note_fix(conn: Connection, now: datetime, link_id: str, uncertainty_m: float) -> None:
    """A place came through the link, within so many metres; the place itself is a message of its own."""
    best, new = location_links.c.best_fix_m, func.coalesce(location_links.c.best_fix_m, uncertainty_m)
    moment = literal(now, Instant)
    conn.execute(
        update(location_links)
        .where(location_links.c.id == link_id)
        .values(
            first_fix_at=func.coalesce(location_links.c.first_fix_at, moment),
            last_fix_at=now,
            granted_at=func.coalesce(location_links.c.granted_at, moment),
            best_fix_m=case((best > uncertainty_m, uncertainty_m), else_=new),
            trouble="",
        )
    )


def of_contact(conn: Connection, contact_id: str) -> Sequence[StoredLink]:
    """Every link of a contact, oldest first."""
    names = [name for name in StoredLink.__struct_fields__ if name != "reply_state"]
    rows = conn.execute(
        select(*(location_links.c[name] for name in names), replies.c.state.label("reply_state"))
        .outerjoin(replies, replies.c.id == location_links.c.reply_id)
        .where(location_links.c.contact_id == contact_id)
        .order_by(location_links.c.id)
    )
    return [StoredLink(**{**row._mapping, "reply_state": row.reply_state or ""}) for row in rows]


def uninvited(conn: Connection, now: datetime, after_s: float, within_s: float, limit: int) -> list[str]:
    """Live contacts without any place whom a machine may ask for one, oldest first.

    They were answered by a machine already (so no machine wrote to us), wrote between ``within_s`` and
    ``after_s`` ago, never had a link, and are not silent: their phone may lie in somebody else's sight.
    """
    answered = exists().where(replies.c.contact_id == contacts.c.id, replies.c.author.startswith(AUTOMATIC))
    invited = exists().where(location_links.c.contact_id == contacts.c.id)
    rows = conn.execute(
        select(contacts.c.id)
        .where(
            LIVE,
            contacts.c.location.is_(None),
            contacts.c.silent.is_(False),
            contacts.c.queued_at <= now - timedelta(seconds=after_s),
            contacts.c.queued_at >= now - timedelta(seconds=within_s),
            ~contacts.c.caller.startswith(NO_ANSWER_TO),
            answered,
            ~invited,
        )
        .order_by(contacts.c.queued_at)
        .limit(limit)
    )
    return list(rows.scalars())


def _end(conn: Connection, now: datetime, contact_id: str, link_id: str, reason: LinkEnd) -> int:
    stopped = location_links.c.ended_reason == LinkEnd.STOPPED.value
    never = location_links.c.ended_at.is_(None)
    open_still = never if reason is LinkEnd.STOPPED else or_(never, stopped)
    changed = conn.execute(
        update(location_links)
        .where(location_links.c.id == link_id, open_still)
        .values(ended_at=now, ended_reason=reason.value)
    ).rowcount
    if changed:
        _log(conn, now, contact_id, ACTOR, link_id, "ended", reason=reason.value)
    return changed


def _log(
    conn: Connection, now: datetime, contact_id: str, actor: str, link_id: str, what: str, **more: Any
) -> None:
    log.write(conn, now, LogEventName.LOCATION, contact_id, actor, {"link_id": link_id, "link": what, **more})
