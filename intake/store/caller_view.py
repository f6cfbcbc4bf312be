"""What a caller may see: our replies and one honest word on where their contact stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from intake.contact import ContactState
from intake.ports import CallerNews, CallerReply
from intake.store.tables import contacts, replies
from intake.store.triage import THREADING

REPLIES_AT_ONCE = 100

_STATUS = {
    ContactState.WAITING: "received",
    ContactState.HELD: "received",
    ContactState.STALE: "received",
    ContactState.OPEN: "with_person",
    ContactState.SENDING: "with_person",
    ContactState.DELIVERED: "sent_to_service",
    ContactState.ACCEPTED: "accepted_by_service",
    ContactState.CLOSED: "closed",
}


_SEEN = (contacts.c.state, contacts.c.claimed_at, contacts.c.accepted_at, contacts.c.merged_into)


def news(conn: Connection, caller: str, after: str) -> CallerNews:
    """Replies after the given reply id, oldest first, at most a hundred; ``after`` may be empty.

    *Sent* is said only once the room has confirmed: "sending" is ours alone to worry about.
    """
    contact = _newest_contact(conn, caller)
    rows = conn.execute(
        select(replies)
        .where(replies.c.caller == caller, replies.c.id > after)
        .order_by(replies.c.id)
        .limit(REPLIES_AT_ONCE)
    )
    return CallerNews(
        status="unknown" if contact is None else _status(conn, contact),
        replies=tuple(
            CallerReply(
                id=row.id, text=row.text, at=row.created_at, automatic=row.author.startswith("automatic:")
            )
            for row in rows
        ),
    )


def _newest_contact(conn: Connection, caller: str) -> Row[Any, Any, Any, Any] | None:
    """By the index that threads new words, or through our replies once the conversation has ended."""
    found = select(*_SEEN)
    threading = conn.execute(
        found.where(contacts.c.caller == caller, THREADING).order_by(contacts.c.number.desc()).limit(1)
    ).one_or_none()
    if threading is not None:
        return threading
    answered = select(replies.c.contact_id).where(replies.c.caller == caller)
    last = answered.order_by(replies.c.id.desc()).limit(1).scalar_subquery()
    return conn.execute(found.where(contacts.c.id == last)).one_or_none()


def _status(conn: Connection, contact: Row[Any, Any, Any, Any]) -> str:
    if contact.merged_into:  # one conversation with another way in: what holds for that holds for this
        query = select(*_SEEN).where(contacts.c.id == contact.merged_into)
        contact = conn.execute(query).one()
    status = _STATUS[ContactState(contact.state)]
    if status == "with_person" and contact.claimed_at is None:
        return "received"  # on its way by policy, no person has read it
    if contact.state in (ContactState.SENDING, ContactState.DELIVERED) and contact.accepted_at is not None:
        return "accepted_by_service"  # what follows an accepted incident is an update of it
    return status
