"""The clues of a message, as its reader found them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from sqlalchemy import Connection, Text, insert, select, type_coerce

from intake.contact import ContactId
from intake.location import Clue
from intake.store import lookups
from intake.store.contacts import whole
from intake.store.tables import clues

_decode = msgspec.json.Decoder(Clue).decode


def add(
    conn: Connection,
    found: Iterable[Clue],
    *,
    message_id: str,
    contact_id: str | None,
    new_id: Callable[[], str],
) -> None:
    """Keep what a message was read for, located or not (law 14), and queue what only others can place."""
    found = list(found)
    rows = [
        {
            "id": new_id(),
            "contact_id": contact_id,
            "message_id": message_id,
            "kind": clue.kind.value,
            "clue": msgspec.to_builtins(clue),
        }
        for clue in found
    ]
    if rows:
        conn.execute(insert(clues), rows)
        if contact_id:
            named = [(row["id"], clue) for row, clue in zip(rows, found, strict=True)]
            lookups.queue(conn, named, message_id, contact_id)


def of_contact(conn: Connection, contact_id: str) -> dict[str, list[Clue]]:
    """By message id, each in the order of its words; those of merged contacts are its own."""
    found: dict[str, list[Clue]] = {}
    rows = conn.execute(
        select(clues.c.message_id, type_coerce(clues.c.clue, Text).label("clue"))
        .where(clues.c.contact_id.in_(whole(conn, ContactId(contact_id))))
        .order_by(clues.c.id)
    )
    for row in rows:
        found.setdefault(row.message_id, []).append(_decode(row.clue))
    return found
