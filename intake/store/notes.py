"""What handlers leave for each other about a contact: never said to a caller, never sent by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from intake.contact import ContactId, clean_text
from intake.log_events import LogEventName
from intake.store import log
from intake.store.tables import notes

NOTE_CHARACTERS = 4_000
NOTES_SHOWN = 500


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One note; ``contact_id`` is the contact it was written at, also where that one is merged since."""

    id: str
    contact_id: str
    author: str
    at: datetime
    text: str


def add(
    conn: Connection,
    now: datetime,
    contact_id: ContactId,
    author: str,
    text: str,
    new_id: Callable[[], str],
) -> Note:
    """Leave a note at a contact, whoever has it; its log event holds no word of it."""
    note = Note(
        id=new_id(), contact_id=contact_id, author=author, at=now, text=clean_text(text, NOTE_CHARACTERS)
    )
    conn.execute(notes.insert().values(**msgspec.structs.asdict(note)))
    log.write(conn, now, LogEventName.NOTE, contact_id, author, {"note_id": note.id})
    return note


def of_contacts(conn: Connection, contact_ids: Collection[str]) -> Sequence[Note]:
    """The newest notes of a conversation, oldest first."""
    newest = (
        select(notes)
        .where(notes.c.contact_id.in_(list(contact_ids)))
        .order_by(notes.c.id.desc())
        .limit(NOTES_SHOWN)
    )
    return [Note(**row._mapping) for row in conn.execute(newest)][::-1]
