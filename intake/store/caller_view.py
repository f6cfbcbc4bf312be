"""What a caller may see: our replies and one honest word on where their contact stands."""

from __future__ import annotations

from sqlalchemy import Connection, select

from intake.contact import ContactState
from intake.ports import CallerNews, CallerReply
from intake.store.tables import contacts, replies

REPLIES_AT_ONCE = 100

_STATUS = {
    ContactState.WAITING: "received",
    ContactState.HELD: "received",
    ContactState.OPEN: "with_person",
    ContactState.SENDING: "with_person",
    ContactState.DELIVERED: "sent_to_service",
    ContactState.ACCEPTED: "accepted_by_service",
    ContactState.CLOSED: "closed",
}


def news(conn: Connection, caller: str, after: str) -> CallerNews:
    """Replies after the given reply id, oldest first, at most a hundred; ``after`` may be empty.

    *Sent* is said only once the room has confirmed: "sending" is ours alone to worry about.
    """
    contact = conn.execute(
        select(contacts.c.state, contacts.c.claimed_at)
        .where(contacts.c.caller == caller)
        .order_by(contacts.c.number.desc())
        .limit(1)
    ).one_or_none()
    rows = conn.execute(
        select(replies)
        .where(replies.c.caller == caller, replies.c.id > after)
        .order_by(replies.c.id)
        .limit(REPLIES_AT_ONCE)
    )
    status = "unknown"
    if contact is not None:
        status = _STATUS[ContactState(contact.state)]
        if status == "with_person" and contact.claimed_at is None:
            status = "received"  # on its way by policy, no person has read it
    return CallerNews(
        status=status,
        replies=tuple(
            CallerReply(
                id=row.id, text=row.text, at=row.created_at, automatic=row.author.startswith("automatic:")
            )
            for row in rows
        ),
    )
