"""Answered in target: taken in time, of all that should have been; who waits is no success (STANDARDS 7)."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, event, insert, select, update

from intake.contact import ContactId
from intake.store import answering, claims
from intake.store.answering import Answered, AnswerTarget, answered
from intake.store.store import Store
from intake.store.tables import contacts, messages
from tests.callers import at, phone, write_in

TARGET = AnswerTarget(within_s=10, window_s=3_600)


async def take(store: Store, contact_id: ContactId, seconds: float) -> None:
    await store.run(lambda conn: claims.claim(conn, at(seconds), contact_id, "ada", 15, open_limit=99))


async def count(store: Store, seconds: float, target: AnswerTarget = TARGET) -> tuple[int, int]:
    found = await store.read(lambda conn: answered(conn, at(seconds), target))
    return found.in_target, found.counted


async def test_who_still_waits_for_longer_is_a_miss_and_who_waits_for_less_not_counted(store: Store) -> None:
    assert await count(store, 0) == (0, 0), "nothing came: there is no share"
    quick, slow, _waiting = [await write_in(store, phone(n)) for n in range(3)]
    assert await count(store, 9) == (0, 0), "nobody is late yet"
    await take(store, quick, 10)
    assert await count(store, 10) == (1, 1), "ten seconds are in time"
    assert await count(store, 10.5) == (1, 3)
    await take(store, slow, 30)
    assert await count(store, 31) == (1, 3), "taken late stays a miss"
    await write_in(store, phone(9), seconds=40)
    assert await count(store, 50) == (1, 3)
    assert await count(store, 51) == (1, 4)


async def test_a_count_without_the_waiting_would_say_that_all_is_well(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: of those who were taken alone, each in time, nine who wait are not seen."""
    ids = [await write_in(store, phone(n)) for n in range(10)]
    await take(store, ids[0], 2)
    assert await count(store, 60) == (1, 10)

    def or_only_taken(taken: object, _overdue: object) -> object:
        return taken

    monkeypatch.setattr(answering, "or_", or_only_taken)
    assert await count(store, 60) == (1, 1)


async def test_only_the_first_claim_and_the_first_message_of_the_window_count(store: Store) -> None:
    one = await write_in(store, phone(1))
    await take(store, one, 5)
    # The lease lapses, another takes it much later; the caller writes again after it was handed over.
    await take(store, one, 600)
    await store.run(
        lambda conn: conn.execute(
            update(contacts).where(contacts.c.id == one).values(state="accepted", next_attempt_at=at(700))
        )
    )
    await write_in(store, phone(1), "are they coming?", seconds=800)
    queued_at = await store.read(lambda conn: conn.execute(select(contacts.c.queued_at)).scalar_one())
    assert queued_at > at(5), "its place in the queue is that of its new words"
    assert await count(store, 900) == (1, 1)
    assert await count(store, 3_599) == (1, 1)
    assert await count(store, 3_600) == (0, 0), "it came an hour ago"
    assert await count(store, 900, AnswerTarget(within_s=4, window_s=3_600)) == (0, 1)


async def test_what_a_rule_sent_without_a_handler_is_nobody_s_answer(store: Store) -> None:
    one = await write_in(store, phone(1))
    await store.run(
        lambda conn: conn.execute(
            update(contacts).where(contacts.c.id == one).values(state="sending", routed_at=at(1))
        )
    )
    assert await count(store, 60) == (0, 0)


async def test_it_reads_the_window_and_not_the_history(store: Store) -> None:
    """By the ids of the window, whatever the years hold; a plan that reads all of it fails."""
    await write_in(store, phone(1))
    await store.run(_ten_thousand_of_last_year)
    assert await count(store, 60) == (0, 1)
    plan = await store.run(_plan)
    if store.is_sqlite:
        assert "SEARCH contacts USING INDEX sqlite_autoindex_contacts_1 (id>?)" in plan, plan
        assert "SCAN contacts" not in plan and "SCAN messages" not in plan, plan
    else:
        assert "Index Scan using uq_contacts_id" in plan or "Bitmap Index Scan on uq_contacts_id" in plan, (
            plan
        )
        assert "Seq Scan" not in plan, plan
    assert "ix_messages_contact" in plan, plan


def _ten_thousand_of_last_year(conn: Connection) -> None:
    row = dict(conn.execute(select(contacts)).one()._mapping)
    said = dict(conn.execute(select(messages)).one()._mapping)
    del row["number"]
    ids = [f"01900000-0000-7000-8000-{n:012x}" for n in range(10_000)]
    old = at(-200 * 86_400)
    conn.execute(
        insert(contacts),
        [row | {"id": one, "state": "closed", "threading": False, "queued_at": old} for one in ids],
    )
    texts = [said | {"id": one, "contact_id": one, "provider_id": one, "received_at": old} for one in ids]
    conn.execute(insert(messages), texts)
    conn.exec_driver_sql("ANALYZE")


def _plan(conn: Connection) -> str:
    asked: list[tuple[str, object]] = []

    def keep(_conn: object, _cursor: object, statement: str, parameters: object, *_more: object) -> None:
        asked.append((statement, parameters))

    event.listen(conn, "before_cursor_execute", keep)
    found: Answered = answered(conn, at(60), TARGET)
    event.remove(conn, "before_cursor_execute", keep)
    assert found.window_s == TARGET.window_s
    explain = "EXPLAIN QUERY PLAN " if conn.dialect.name == "sqlite" else "EXPLAIN "
    (statement, parameters), *rest = asked
    assert not rest, "one statement"
    return "\n".join(str(row) for row in conn.exec_driver_sql(explain + statement, parameters))  # type: ignore[arg-type]
