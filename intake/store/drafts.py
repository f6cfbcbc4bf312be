"""Replies typed and not sent: they outlive the browser, the machine and the intake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from intake.contact import ContactId, clean_text
from intake.store.tables import drafts

TYPING_S = 15.0
"""Whoever changed a draft within these seconds is typing."""
DRAFT_CHARACTERS = 4_000


def keep(conn: Connection, now: datetime, handler: str, contact_id: ContactId, text: str) -> None:
    """Keep what a handler has typed, in the place of what they typed before; emptied, it is gone.

    No fence: whoever loses a claim keeps their words.
    """
    if not text.strip():
        drop(conn, handler, contact_id)
        return
    values = {"text": clean_text(text, DRAFT_CHARACTERS), "changed_at": now}
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = insert(drafts).values(handler=handler, contact_id=contact_id, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["handler", "contact_id"], set_=values))


def drop(conn: Connection, handler: str, contact_id: ContactId) -> None:
    """Forget a draft: it was sent, or emptied."""
    conn.execute(delete(drafts).where(drafts.c.handler == handler, drafts.c.contact_id == contact_id))


def of_handler(conn: Connection, handler: str, contact_id: ContactId) -> str:
    """What a handler has typed for a contact and not sent; empty for nothing."""
    query = select(drafts.c.text).where(drafts.c.handler == handler, drafts.c.contact_id == contact_id)
    return conn.execute(query).scalar() or ""


def typing(
    conn: Connection, now: datetime, contact_ids: Collection[str], besides: str = ""
) -> Mapping[str, list[str]]:
    """Who is typing, by contact; only their names, never their words."""
    rows = conn.execute(
        select(drafts.c.contact_id, drafts.c.handler)
        .where(
            drafts.c.contact_id.in_(list(contact_ids)),
            drafts.c.changed_at > now - timedelta(seconds=TYPING_S),
            drafts.c.handler != besides,
        )
        .order_by(drafts.c.handler)
    ).all()
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.contact_id, []).append(row.handler)
    return found


def carry_over(conn: Connection, from_contact: str, to_contact: str) -> None:
    """Bring drafts along to the contact that another became part of; of two by one hand, both stay."""
    there = {
        row.handler: row.text
        for row in conn.execute(
            select(drafts.c.handler, drafts.c.text).where(drafts.c.contact_id == to_contact)
        )
    }
    for row in conn.execute(select(drafts).where(drafts.c.contact_id == from_contact)).all():
        if row.handler not in there:
            own = update(drafts).where(drafts.c.handler == row.handler, drafts.c.contact_id == from_contact)
            conn.execute(own.values(contact_id=to_contact))
            continue
        both = clean_text(f"{there[row.handler]}\n{row.text}", DRAFT_CHARACTERS)
        mine = update(drafts).where(drafts.c.handler == row.handler, drafts.c.contact_id == to_contact)
        conn.execute(mine.values(text=both))
        drop(conn, row.handler, ContactId(from_contact))
