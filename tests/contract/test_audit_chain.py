"""Law 17: the audit record is one chain without gaps, and no edit of it goes unseen, on both engines."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from intake.errors import StoreUnavailable
from intake.store import audit
from intake.store.audit import Entry, Head, Search
from intake.store.store import Store
from tests.callers import NOON

DROP = {
    "sqlite": ["DROP TRIGGER audit_records_no_update", "DROP TRIGGER audit_records_no_delete"],
    "postgresql": ["DROP TRIGGER audit_records_append_only ON audit_records"],
}


async def filled(store: Store, count: int = 12) -> None:
    for number in range(count):
        await store.run(
            lambda conn, n=number: audit.record(
                conn, NOON + timedelta(seconds=n), "ada", "handler", "contact.view", attempts=n
            )
        )


async def walk(store: Store, kept: dict[int, str] | None = None, size: int = 5) -> audit.Verified:
    """Everything that `intake audit verify` does with a database."""
    known, last = kept or {}, None
    while True:
        found = await store.read(lambda conn, after=last: audit.verify_slice(conn, after, known, size))
        if found.problem or found.head == (last or Head()):
            return found if found.problem else audit.Verified(found.head, audit.cut_off(found.head, known))
        last = found.head


async def tamper(store: Store, *statements: str) -> None:
    """As somebody would who owns the database."""

    def work(conn: Connection) -> None:
        for statement in (*DROP[conn.dialect.name], *statements):
            conn.exec_driver_sql(statement)

    await store.run(work)


async def test_records_are_numbered_from_one_and_each_holds_the_digest_of_the_one_before(
    store: Store,
) -> None:
    await filled(store, 3)
    rows = await store.read(
        lambda conn: conn.execute(text("SELECT * FROM audit_records ORDER BY number")).mappings().all()
    )
    previous = "0" * 64
    for number, row in enumerate(rows, 1):
        assert (row["number"], row["previous"]) == (number, previous)
        content = ["intake-audit-1", number, row["at"], "ada", "handler", "contact.view", "", row["data"]]
        document = json.dumps([*content, previous], separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(document.encode()).hexdigest()
        assert row["digest"] == previous, "the bytes are those that the module documents"


async def test_many_at_once_make_one_chain_without_a_gap(store: Store) -> None:
    await asyncio.gather(*(filled(store, 5) for _ in range(20)))
    found = await walk(store)
    assert (found.problem, found.head.number) == ("", 100)


async def test_a_transaction_that_fails_leaves_no_gap_and_no_record(store: Store) -> None:
    await filled(store, 2)

    def work(conn: Connection) -> None:
        audit.record(conn, NOON, "ada", "handler", "contact.close")
        raise RuntimeError("after it")

    with pytest.raises(RuntimeError):
        await store.run(work)
    await filled(store, 1)
    found = await walk(store)
    assert (found.problem, found.head.number) == ("", 3)


async def test_nobody_changes_a_record_while_the_guards_stand(store: Store) -> None:
    await filled(store, 2)
    for statement in (
        "UPDATE audit_records SET actor = 'bea' WHERE number = 1",
        "DELETE FROM audit_records WHERE number = 2",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            await store.run(lambda conn, of=statement: conn.execute(text(of)))


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE audit_records SET actor = 'bea' WHERE number = 7", "record 7 was edited"),
        ("UPDATE audit_records SET role = 'admin' WHERE number = 7", "record 7 was edited"),
        ("UPDATE audit_records SET action = 'queue.list' WHERE number = 7", "record 7 was edited"),
        ("UPDATE audit_records SET contact_id = 'x' WHERE number = 7", "record 7 was edited"),
        ("UPDATE audit_records SET at = at + 1 WHERE number = 7", "record 7 was edited"),
        ("UPDATE audit_records SET data = '{ \"attempts\":6}' WHERE number = 7", "record 7 was edited"),
        ("UPDATE audit_records SET digest = previous WHERE number = 7", "record 7 was edited"),
        ("UPDATE audit_records SET previous = digest WHERE number = 7", "record 7 does not follow record 6"),
        ("DELETE FROM audit_records WHERE number = 7", "record 7 is missing"),
        ("DELETE FROM audit_records WHERE number = 1", "record 1 is missing"),
        ("DELETE FROM audit_records WHERE number BETWEEN 3 AND 9", "record 3 is missing, and on to 9"),
        (
            "INSERT INTO audit_records SELECT 0, at, actor, role, action, contact_id, data, previous, digest"
            " FROM audit_records WHERE number = 1",
            "record 0 was inserted",
        ),
        (
            "INSERT INTO audit_records SELECT 13, at, actor, role, action, contact_id, data, previous, digest"
            " FROM audit_records WHERE number = 12",
            "record 13 does not follow record 12",
        ),
        (
            "INSERT INTO audit_records SELECT 13, at, actor, role, action, contact_id, data, digest, digest"
            " FROM audit_records WHERE number = 12",
            "record 13 was edited",
        ),
        (
            "UPDATE audit_records SET number = CASE number WHEN 4 THEN -5 WHEN 5 THEN 4 ELSE number END"
            " WHERE number IN (4, 5)",
            "record -5 was inserted",
        ),
    ],
)
async def test_every_kind_of_tampering_is_found_and_the_first_bad_record_named(
    store: Store, statement: str, says: str
) -> None:
    await filled(store)
    assert (await walk(store)).problem == ""
    await tamper(store, statement)
    assert (await walk(store)).problem.startswith(says)


async def test_two_records_that_change_places_are_found(store: Store) -> None:
    await filled(store)
    await tamper(
        store,
        "INSERT INTO audit_records SELECT 100, at, actor, role, action, contact_id, data, previous, digest"
        " FROM audit_records WHERE number = 4",
        "DELETE FROM audit_records WHERE number = 4",
        "UPDATE audit_records SET number = 4 WHERE number = 5",
        "UPDATE audit_records SET number = 5 WHERE number = 100",
    )
    assert (await walk(store)).problem.startswith("record 4 does not follow record 3")


async def test_a_tail_that_was_cut_off_is_found_by_a_head_that_was_kept_and_only_by_that(
    store: Store,
) -> None:
    await filled(store)
    end = await store.read(audit.head)
    assert (await walk(store, {end.number: end.digest})).problem == ""
    await tamper(store, "DELETE FROM audit_records WHERE number > 9")
    assert (await walk(store)).problem == ""
    found = await walk(store, {end.number: end.digest})
    assert found.problem == "records 10 to 12 are missing: a kept head names number 12"


async def test_a_chain_that_was_written_anew_is_found_by_a_head_that_was_kept(store: Store) -> None:
    await filled(store)
    end = await store.read(audit.head)
    await tamper(store, "DELETE FROM audit_records WHERE number > 5")
    await filled(store, 10)  # every digest is right again
    assert (await walk(store)).problem == ""
    assert (await walk(store, {end.number: end.digest})).problem.startswith("record 12 is not the one whose")


async def test_what_cannot_be_recorded_is_not_done(store: Store) -> None:
    await tamper(store, "ALTER TABLE audit_records RENAME TO elsewhere")

    def work(conn: Connection) -> None:
        conn.execute(text("INSERT INTO door_minutes VALUES ('sms', 1)"))
        audit.record(conn, NOON, "ada", "handler", "contact.claim")

    with pytest.raises(StoreUnavailable, match="cannot be written"):
        await store.run(work)
    count = text("SELECT count(*) FROM door_minutes")
    assert await store.read(lambda conn: conn.execute(count).scalar()) == 0


async def test_a_search_by_person_contact_action_and_time(store: Store) -> None:
    for second, (actor, action) in enumerate(
        [("ada", "contact.view"), ("bea", "contact.view"), ("ada", "contact.claim"), ("ada", "queue.list")]
    ):
        at = NOON + timedelta(seconds=second)
        await store.run(lambda conn, a=actor, b=action, t=at: audit.record(conn, t, a, "handler", b))

    async def numbers(**wanted: Any) -> list[int]:
        found = await store.read(lambda conn: audit.search(conn, Search(**wanted)))
        return [one.number for one in found]

    assert await numbers() == [4, 3, 2, 1]
    assert await numbers(actor="ada") == [4, 3, 1]
    assert await numbers(actor="ada", action="contact.") == [3, 1]
    assert await numbers(action="contact.view") == [2, 1]
    assert await numbers(since=NOON + timedelta(seconds=1), until=NOON + timedelta(seconds=3)) == [3, 2]
    assert await numbers(before=3) == [2, 1]


async def test_an_edited_row_can_still_be_listed(store: Store) -> None:
    await filled(store, 2)
    await tamper(store, "UPDATE audit_records SET data = '{nonsense' WHERE number = 1")
    found = await store.read(lambda conn: audit.search(conn, Search()))
    assert [dict(one.data) for one in found] == [{"attempts": 1}, {}]


@pytest.mark.parametrize(
    "data",
    [
        {"place": 53.8},
        {"text": "there is a fire"},
        {"to": "07700900123"},
        {"to": "07700 900123"},
        {"to": "+447700900123"},
        {"to": 447700900123},
        {"said": "x" * 101},
        {"any": {"deep": 1}},
        {"words": ["a fire!"]},
        {"html": "<script>"},
    ],
)
def test_a_record_takes_no_words_numbers_or_places_of_a_caller(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="takes no such value"):
        Entry(actor="ada", role="handler", action="contact.view", data=data)


@pytest.mark.parametrize("actor", ["", "Ada", "a" * 41, "my password!", "a\nb", "ada\ud800"])
def test_an_actor_is_a_name(actor: str) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        Entry(actor=actor, role="handler", action="contact.view")


VALUES = st.tuples(
    st.integers(1, 2**62),
    st.integers(-(2**62), 2**62),
    *[st.text(max_size=12).filter(lambda one: one.isprintable() or "\x00" not in one)] * 6,
)


@given(VALUES, VALUES)
@settings(max_examples=300, deadline=None)
def test_different_records_have_different_digests(one: Any, other: Any) -> None:
    same = audit.digest_of(*one) == audit.digest_of(*other)
    assert same == (one == other)


@given(VALUES, st.integers(2, 6))
@settings(max_examples=200, deadline=None)
def test_words_that_move_from_one_field_to_the_next_change_the_digest(fields: Any, at: int) -> None:
    moved = list(fields)
    moved[at], moved[at + 1] = moved[at] + moved[at + 1], ""
    if moved != list(fields):
        assert audit.digest_of(*moved) != audit.digest_of(*fields)
