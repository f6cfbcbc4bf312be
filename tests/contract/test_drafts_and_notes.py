"""Drafts survive and notes are kept, on both engines."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select

from intake.clock import SteadyClock
from intake.contact import ContactId
from intake.log_events import LogEventName
from intake.store import drafts, log, notes, tables
from intake.store.store import Store
from tests.callers import at, phone, queue_of, write_in


async def keep(store: Store, handler: str, contact: ContactId, text: str, seconds: float = 0) -> None:
    await store.run(lambda conn: drafts.keep(conn, at(seconds), handler, contact, text))


async def draft(store: Store, handler: str, contact: ContactId) -> str:
    return await store.read(lambda conn: drafts.of_handler(conn, handler, contact))


async def test_a_draft_survives_the_intake_and_is_its_writers_alone(store: Store, migrated_url: str) -> None:
    (one,) = await queue_of(store, 1)
    await keep(store, "ada", one, "Which flo")
    await keep(store, "ada", one, "Which floor are you on?\0\ud800")
    await keep(store, "bea", one, "I can take this")
    await store.close()
    again = Store(migrated_url, SteadyClock())
    await again.start()
    try:
        assert (await draft(again, "ada", one)).startswith("Which floor are you on?")
        assert await draft(again, "bea", one) == "I can take this"
        assert await draft(again, "eve", one) == ""
    finally:
        await again.close()


async def test_an_emptied_draft_is_gone_and_too_long_a_one_is_cut(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    await keep(store, "ada", one, "x" * 5_000)
    assert len(await draft(store, "ada", one)) == drafts.DRAFT_CHARACTERS
    await keep(store, "ada", one, " \n")
    assert await store.read(lambda conn: conn.execute(select(tables.drafts)).all()) == []


async def test_others_see_who_types_and_for_how_long(store: Store) -> None:
    one, other = await queue_of(store, 2)
    await keep(store, "ada", one, "Which", seconds=0)
    await keep(store, "bea", one, "Where", seconds=10)

    async def typing(seconds: float, besides: str = "") -> Any:
        return await store.read(lambda conn: drafts.typing(conn, at(seconds), [one, other], besides))

    assert await typing(12) == {one: ["ada", "bea"]}
    assert await typing(12, "bea") == {one: ["ada"]}
    assert await typing(drafts.TYPING_S) == {one: ["bea"]}
    assert await typing(10 + drafts.TYPING_S) == {}


async def test_many_changes_of_one_draft_leave_one_row(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    await asyncio.gather(*(keep(store, "ada", one, f"draft {n}", seconds=n) for n in range(20)))
    rows = await store.read(lambda conn: conn.execute(select(tables.drafts)).all())
    assert len(rows) == 1 and rows[0].text.startswith("draft ")


async def test_a_note_is_kept_with_a_log_event_that_holds_no_word_of_it(store: Store, new_id: Any) -> None:
    one = await write_in(store, phone(1))
    await store.run(lambda conn: notes.add(conn, at(1), one, "ada", "Her brother has the key", new_id))
    await store.run(lambda conn: notes.add(conn, at(1), one, "bea", "He is on the phone", new_id))
    kept = await store.read(lambda conn: notes.of_contacts(conn, [one]))
    assert [(note.author, note.text) for note in kept] == [
        ("ada", "Her brother has the key"),
        ("bea", "He is on the phone"),
    ]
    events = [e for e in await store.read(lambda conn: log.of_contact(conn, one)) if e.name == "NoteLogEvent"]
    assert [(e.name, e.actor, e.data) for e in events] == [
        (LogEventName.NOTE, note.author, {"note_id": note.id}) for note in kept
    ]


async def test_only_the_newest_notes_are_read(store: Store, new_id: Any) -> None:
    one = await write_in(store, phone(1))

    def many(conn: Any) -> None:
        for number in range(notes.NOTES_SHOWN + 3):
            notes.add(conn, at(number), one, "ada", str(number), new_id)

    await store.run(many)
    kept = await store.read(lambda conn: notes.of_contacts(conn, [one]))
    assert len(kept) == notes.NOTES_SHOWN and kept[-1].text == str(notes.NOTES_SHOWN + 2)
