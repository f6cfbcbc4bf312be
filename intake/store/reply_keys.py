"""Replies are asked for under a name that the desk makes, so that asking again never says a thing twice."""

from __future__ import annotations

from sqlalchemy import Connection, select

from intake.contact import ContactId
from intake.errors import Refused
from intake.store.tables import contacts, replies, reply_keys


def found(conn: Connection, key: str, contact_id: ContactId, handler: str, text: str) -> str | None:
    """The reply that was queued under this name before, None where there is none.

    The contact's row is locked first: of two requests at once the second sees what the first did.
    Raises Refused for a name that was another handler's, or that stood for other words.
    """
    conn.execute(select(contacts.c.id).where(contacts.c.id == contact_id).with_for_update())
    row = conn.execute(
        select(reply_keys.c.contact_id, reply_keys.c.handler, replies.c.id, replies.c.text)
        .join(replies, replies.c.id == reply_keys.c.reply_id)
        .where(reply_keys.c.key == key)
    ).one_or_none()
    if row is None:
        return None
    if (row.contact_id, row.handler, row.text) != (contact_id, handler, text):
        raise Refused("another reply went under this id: send it under a new one")
    return str(row.id)


def keep(conn: Connection, key: str, contact_id: ContactId, handler: str, reply_id: str) -> None:
    """Remember under which name a reply was queued, in the transaction that queues it."""
    values = {"key": key, "contact_id": contact_id, "handler": handler, "reply_id": reply_id}
    conn.execute(reply_keys.insert().values(**values))
