"""Two contacts that are one, on both engines: nothing is lost or unseen, and all of it can be undone."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from sqlalchemy import Connection, select

from intake.contact import CallerUri, Contact, ContactId, ContactState
from intake.errors import NotFound, Refused, StaleClaim, StoreUnavailable
from intake.locate.best import choose_best
from intake.location import CallerLocation, LocationSource
from intake.log_events import LogEventName
from intake.store import (
    claims,
    contacts,
    drafts,
    following,
    handling,
    log,
    merging,
    notes,
    queue,
    replies,
    tables,
    triage,
)
from intake.store.claims import Claim
from intake.store.merging import Merge
from intake.store.store import Store
from tests.callers import at, contact, phone, queue_of, write_in
from tests.desk import new_id

LEASE_S = 15.0
LEEDS = CallerLocation(latitude=53.8, longitude=-1.55, uncertainty_m=60, source=LocationSource.DEVICE)
YORK = CallerLocation(latitude=53.96, longitude=-1.08, uncertainty_m=20, source=LocationSource.DEVICE)


async def merge(
    store: Store, one: ContactId, into: ContactId, handler: str = "ada", seconds: float = 20
) -> Merge:
    fence = (await contact(store, one)).attempts
    return await merge_under(store, one, into, fence, handler, seconds)


async def merge_under(
    store: Store, one: ContactId, into: ContactId, fence: int, handler: str = "ada", seconds: float = 20
) -> Merge:
    claim = Claim(one, handler, fence)
    return await store.run(
        lambda conn: merging.merge(conn, at(seconds), claim, into, "one caller", new_id, choose_best)
    )


async def undo(
    store: Store, kept: ContactId, made: Merge, handler: str = "ada", seconds: float = 40
) -> Contact:
    return await store.run(
        lambda conn: merging.unmerge(conn, at(seconds), kept, made.id, handler, choose_best)
    )


async def row(store: Store, one: ContactId) -> dict[str, Any]:
    found = await store.read(
        lambda conn: conn.execute(select(tables.contacts).where(tables.contacts.c.id == one)).one()
    )
    return dict(found._mapping)


async def said(store: Store, one: ContactId) -> list[str]:
    messages, _ = await store.read(lambda conn: contacts.conversation(conn, one))
    return [message.id for message in messages]


async def listed(store: Store, seconds: float = 30) -> list[ContactId]:
    page = await store.read(lambda conn: queue.list_queue(conn, at(seconds)))
    return [one.id for one in page.contacts]


async def logged(store: Store, one: ContactId) -> list[LogEventName]:
    return [event.name for event in await store.read(lambda conn: log.of_contact(conn, one))]


async def keep(store: Store, who: str, one: ContactId, text: str) -> None:
    await store.run(lambda conn: drafts.keep(conn, at(2), who, one, text))


async def put(store: Store, one: ContactId, **values: Any) -> None:
    statement = tables.contacts.update().where(tables.contacts.c.id == one).values(**values)
    await store.run(lambda conn: conn.execute(statement))


async def place(store: Store, one: ContactId, where: CallerLocation) -> None:
    def work(conn: Connection) -> None:
        fields: Any = {"contact_id": one, "message_id": None, "caller": phone(0), "actor": "triage"}
        triage.add_locations(conn, at(1), [where], new_id=new_id, **fields)
        triage.set_best(conn, at(1), one, where)

    await store.run(work)


# -- what a merge is ------------------------------------------------------------------------------


async def test_the_kept_contact_shows_both_and_the_merged_one_is_in_no_queue(store: Store) -> None:
    one, kept, other = await queue_of(store, 3)
    await place(store, one, LEEDS)
    await store.run(lambda conn: notes.add(conn, at(2), one, "bea", "his sister", new_id))
    before = await said(store, one) + await said(store, kept)
    await merge(store, one, kept)
    merged = await contact(store, one)
    assert (merged.state, merged.merged_into, merged.claimed_by) == (ContactState.MERGED, kept, "")
    assert sorted(await said(store, kept)) == sorted(before)
    assert len(await said(store, one)) == 1
    assert await listed(store) == [kept, other]
    assert (await contact(store, kept)).queued_at == at(0)  # the longer wait counts
    shown = await contact(store, kept)
    assert shown.location is not None and shown.location.latitude == 53.8
    counts = await store.read(lambda conn: queue.count_queue(conn, at(30)))
    assert counts.states == {"waiting": 2}
    with pytest.raises(Refused, match=r"26-000001 is part of 26-000002 now"):
        await store.run(lambda conn: claims.claim(conn, at(30), one, "bea", LEASE_S))
    for who in (one, kept):
        names = [
            event.name.value for event in await store.read(lambda conn, who=who: log.of_contact(conn, who))
        ]
        assert "MergeLogEvent" in names


async def test_only_what_is_ones_own_or_nobodys_is_merged(store: Store) -> None:
    one, kept, done = await queue_of(store, 3)
    held = await store.run(lambda conn: claims.claim(conn, at(10), one, "ada", LEASE_S))
    with pytest.raises(StaleClaim, match="is with ada"):
        await merge_under(store, one, kept, held.attempts, "bea")
    with pytest.raises(StaleClaim):
        await merge_under(store, one, kept, held.attempts - 1)
    with pytest.raises(Refused, match="same contact"):
        await merge_under(store, one, one, held.attempts)
    with pytest.raises(NotFound):
        await merge_under(store, one, ContactId("0" * 36), held.attempts)
    taken = await store.run(lambda conn: claims.claim(conn, at(10), done, "bea", LEASE_S))
    await store.run(lambda conn: handling.close(conn, at(11), Claim.of(taken), "done"))
    with pytest.raises(Refused, match="is closed"):
        await merge_under(store, one, done, held.attempts)
    await merge_under(store, one, kept, held.attempts)
    with pytest.raises(Refused, match="part of 26-000002"):
        await store.run(lambda conn: claims.renew(conn, at(12), Claim.of(held), LEASE_S))


async def test_the_higher_priority_and_silence_are_taken_over_and_given_back(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await put(store, one, priority=1, priority_rule="fire", silent=True)
    made = await merge(store, one, kept)
    shown = await contact(store, kept)
    assert (shown.priority, shown.priority_rule, shown.silent) == (1, "fire", True)
    await undo(store, kept, made)
    shown = await contact(store, kept)
    assert (shown.priority, shown.silent, shown.queued_at) == (2, False, at(1))


async def test_a_priority_that_a_person_set_since_is_not_given_back(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await put(store, one, priority=1, priority_rule="fire")
    made = await merge(store, one, kept)
    await put(store, kept, priority_rule="set by bea")
    await undo(store, kept, made)
    shown = await contact(store, kept)
    assert (shown.priority, shown.priority_rule) == (1, "set by bea")


# -- undoing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["waiting", "held", "open"])
async def test_undone_it_comes_back_as_it_stood(store: Store, state: str) -> None:
    one, kept = await queue_of(store, 2)
    await place(store, one, LEEDS)
    await place(store, kept, YORK)
    if state != "waiting":
        held = await store.run(lambda conn: claims.claim(conn, at(10), one, "ada", LEASE_S))
        if state == "held":
            await store.run(lambda conn: claims.hold(conn, at(11), Claim.of(held), at(900), "asked"))
    before, kept_before = await row(store, one), await row(store, kept)
    made = await merge(store, one, kept)
    await undo(store, kept, made)
    after, kept_after = await row(store, one), await row(store, kept)
    # A claim is not brought back, and the fence only ever grows.
    changed = {"attempts"} | ({"next_attempt_at"} if state != "held" else set())
    changed |= {"state", "claimed_by"} if state == "open" else set()
    assert {name for name in before if before[name] != after[name]} <= changed
    assert after["state"] == ("held" if state == "held" else "waiting")
    assert after["attempts"] > before["attempts"]
    assert kept_before | {"attempts": 0} == kept_after | {"attempts": 0}
    with pytest.raises(Refused, match="undone already"):
        await undo(store, kept, made)


async def test_what_came_by_the_merged_way_goes_with_it(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    made = await merge(store, one, kept)
    assert await write_in(store, phone(0), "I am upstairs", seconds=25) == one
    assert len(await said(store, kept)) == 3
    await undo(store, kept, made)
    assert len(await said(store, kept)) == 1 and len(await said(store, one)) == 2


async def test_a_colleagues_conversation_is_not_taken_apart(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    made = await merge(store, one, kept)
    await store.run(lambda conn: claims.claim(conn, at(30), kept, "bea", LEASE_S))
    with pytest.raises(StaleClaim, match="is with bea"):
        await undo(store, kept, made)
    await undo(store, kept, made, "bea")
    with pytest.raises(NotFound):
        await store.run(lambda conn: merging.unmerge(conn, at(41), kept, "0" * 36, "bea", choose_best))


async def test_chains_end_at_the_last_kept_and_come_apart_step_by_step(store: Store) -> None:
    a, b, c = await queue_of(store, 3)
    first = await merge(store, a, b)
    second = await merge(store, b, c)
    assert (await contact(store, a)).merged_into == c
    assert len(await said(store, c)) == 3
    with pytest.raises(Refused, match="already"):
        await merge(store, c, a)  # a ring
    with pytest.raises(Refused, match="already"):
        await merge(store, a, c)
    assert await write_in(store, phone(0), "help!", seconds=30) == a
    assert (await contact(store, c)).last_message_at == at(30)
    await undo(store, c, second)
    assert (await contact(store, a)).merged_into == b
    assert len(await said(store, b)) == 3 and len(await said(store, c)) == 1
    await undo(store, b, first)
    again = [await merge(store, a, b), await merge(store, b, c)]
    await undo(store, c, again[0])  # the inner step first: the caller of `a` comes out of all of it
    assert (await contact(store, a)).state is ContactState.WAITING
    assert len(await said(store, c)) == 2


# -- what it says later ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["closed", "accepted", "sending", "delivered"])
async def test_a_message_of_the_merged_way_brings_the_kept_one_back(store: Store, state: str) -> None:
    one, kept = await queue_of(store, 2)
    await merge(store, one, kept)
    await put(store, kept, state=state, claimed_by="")
    assert await write_in(store, phone(0), "it is worse", seconds=60) == one
    shown = await contact(store, kept)
    assert (shown.state, shown.last_message_at) == (ContactState.WAITING, at(60))
    assert kept in await listed(store, 61)
    own = await contact(store, one)
    assert (own.state, own.merged_into, own.last_message_at) == (ContactState.MERGED, kept, at(60))
    # Just as its own would.
    twin = await write_in(store, phone(9), seconds=61)
    await put(store, twin, state=state, claimed_by="")
    await write_in(store, phone(9), "it is worse", seconds=62)
    assert (await contact(store, twin)).state is shown.state


async def test_a_message_of_the_merged_way_leaves_the_kept_ones_handler_in_peace(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await merge(store, one, kept)
    held = await store.run(lambda conn: claims.claim(conn, at(25), kept, "ada", LEASE_S))
    await asyncio.gather(
        write_in(store, phone(0), "first", seconds=26), write_in(store, phone(1), "second", seconds=27)
    )
    shown = await contact(store, kept)
    assert (shown.state, shown.claimed_by, shown.attempts) == (ContactState.OPEN, "ada", held.attempts)
    assert shown.last_message_at == at(27)
    messages, _ = await store.read(lambda conn: contacts.conversation(conn, kept))
    assert {message.contact_id for message in messages} == {one, kept}


async def test_after_four_hours_of_silence_a_closed_conversation_is_a_new_one(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await merge(store, one, kept)
    await put(store, kept, state="closed")
    late = 4 * 3600 + 10
    new = await write_in(store, phone(0), "something else", seconds=late)
    assert new not in (one, kept)
    assert (await contact(store, new)).state is ContactState.WAITING
    assert (await contact(store, kept)).state is ContactState.CLOSED
    assert await write_in(store, phone(0), "more", seconds=late + 1) == new  # law 3: one thread a caller


async def test_the_same_provider_id_is_one_message_in_a_merged_contact_too(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await merge(store, one, kept)
    for _ in range(2):
        await write_in(store, phone(0), "help!", seconds=30, provider_id="SM1")
    assert len(await said(store, kept)) == 3


async def test_a_refusal_for_the_merged_one_brings_the_kept_one_to_a_person(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await merge(store, one, kept)
    await put(store, kept, state="accepted")
    await store.run(lambda conn: following.back_in_sight(conn, at(30), one, "rejected by the room"))
    assert (await contact(store, kept)).state is ContactState.WAITING
    assert (await contact(store, one)).state is ContactState.MERGED


async def test_a_reply_that_failed_by_the_merged_way_brings_the_kept_one_to_a_person(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await merge(store, one, kept)
    await put(store, kept, state="closed")
    await store.run(lambda conn: replies.queue_reply(conn, at(25), one, "ada", "Where?", new_id))
    (due,) = await store.run(lambda conn: replies.claim_due_replies(conn, at(26), 5, 30))
    await store.run(
        lambda conn: replies.reply_failed(conn, at(27), due, permanent=True, retry_at=at(60), code="30003")
    )
    assert (await contact(store, kept)).state is ContactState.WAITING
    assert (await contact(store, one)).state is ContactState.MERGED


async def test_replies_go_the_way_the_caller_wrote_by_last_or_where_they_are_sent(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await merge(store, one, kept)
    shown = await contact(store, kept)

    async def way(to: str = "") -> ContactId:
        return (await store.read(lambda conn: merging.answered_by(conn, shown, to))).id

    assert await way() == kept
    await write_in(store, phone(0), "by the other", seconds=30)
    assert await way() == one
    assert await way(kept) == kept and await way("26-000001") == one
    with pytest.raises(Refused, match="more than one of its ways is 'sms'"):
        await way("sms")
    with pytest.raises(Refused, match="none of its ways"):
        await way("email")


async def test_drafts_come_along_and_neither_of_two_is_lost(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    for who, where, text in (("ada", one, "Which floor?"), ("bea", one, "Mine"), ("bea", kept, "Yours")):
        await keep(store, who, where, text)
    await merge(store, one, kept)
    assert await store.read(lambda conn: drafts.of_handler(conn, "ada", kept)) == "Which floor?"
    assert await store.read(lambda conn: drafts.of_handler(conn, "bea", kept)) == "Yours\nMine"


# -- races ----------------------------------------------------------------------------------------

ROUNDS = 200


async def race(store: Store, a: ContactId, b: ContactId) -> tuple[list[Any], list[ContactState]]:
    results = await asyncio.gather(
        merge_under(store, a, b, 0, "ada"), merge_under(store, b, a, 0, "bea"), return_exceptions=True
    )
    return results, [(await contact(store, one)).state for one in (a, b)]


async def pair(store: Store, number: int) -> tuple[ContactId, ContactId]:
    async def opened(way: str) -> ContactId:
        return await write_in(store, CallerUri(f"tel:+4416329{number:04d}{way}"), seconds=number / 10)

    return await opened("01"), await opened("02")


async def test_each_into_the_other_at_one_moment_leaves_exactly_one(store: Store) -> None:
    for number in range(ROUNDS):
        results, states = await race(store, *await pair(store, number))
        assert sorted(states) == [ContactState.MERGED, ContactState.WAITING], (number, results)
        assert [type(one) for one in results].count(Merge) == 1, results
        assert [type(one) for one in results].count(Refused) == 1, results


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_without_one_order_of_locks_the_database_has_to_kill_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: each side locks its own contact first, and they wait for each other."""
    monkeypatch.setattr(merging, "in_order", one_by_one)
    outcomes = []
    for number in range(ROUNDS):
        results, _ = await race(store, *await pair(store, number))
        outcomes += [type(one) for one in results]
        if StoreUnavailable in outcomes:
            return
    pytest.fail(f"no two of {ROUNDS} ever waited for each other: this control controls nothing")


def one_by_one(rows: Any) -> list[Any]:
    """The two sides of a race in opposite orders: by who asks, not by the contacts."""
    found = sorted(rows, key=lambda row: row.id)
    one_by_one.calls += 1  # type: ignore[attr-defined]
    return found if one_by_one.calls % 2 else found[::-1]  # type: ignore[attr-defined]


one_by_one.calls = 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_without_locks_both_would_be_merged_and_no_queue_has_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the same two steps without a lock; both have looked before one writes."""
    both_looked, look = threading.Barrier(2, timeout=20), merging._require_hands

    def look_and_wait(*args: Any) -> None:
        look(*args)
        if both_looked.wait() == 0:
            time.sleep(0.5)  # the other commits first: else they would wait for each other's rows

    monkeypatch.setattr(merging, "_lock", lambda conn, ids: None)
    monkeypatch.setattr(merging, "_require_hands", look_and_wait)
    _, states = await race(store, *await pair(store, 0))
    assert states == [ContactState.MERGED, ContactState.MERGED]


async def test_words_that_come_while_it_is_merged_and_undone_are_all_there(store: Store) -> None:
    """The way in, a merge and its undoing at once: each message is in the conversation, and in sight."""
    one, kept = await queue_of(store, 2)
    count = 40

    async def write(number: int) -> None:
        await write_in(store, phone(number % 2), f"words {number}", seconds=50 + number)

    async def to_and_fro() -> None:
        for _ in range(5):
            made = await merge(store, one, kept, seconds=100)
            await put(store, kept, state="accepted")
            await undo(store, kept, made, seconds=100)
        await merge(store, one, kept, seconds=100)

    await asyncio.gather(to_and_fro(), *(write(number) for number in range(count)))
    assert len(await said(store, kept)) == count + 2
    await put(store, kept, state="accepted")
    await write_in(store, phone(0), "last", seconds=200)
    assert kept in await listed(store, 201)
