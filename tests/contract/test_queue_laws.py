"""The queue's laws, on both engines: leases, fences, places (laws 8, 9, 12, 15 and 16)."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text, update

from intake.clock import SteadyClock
from intake.console.live.filters import marks_of
from intake.contact import Contact, ContactId, ContactState, Priority
from intake.control_room import Service
from intake.errors import NotFound, Refused, StaleClaim
from intake.locate.best import choose_best
from intake.location import CallerLocation, LocationSource
from intake.log_events import LogEventName
from intake.store import claims, contacts, handling, log, queue, tables
from intake.store.claims import Claim
from intake.store.store import Store
from tests.callers import at, contact, phone, queue_of, write_in

LEASE_S = 15.0


async def take(
    store: Store, contact_id: ContactId, handler: str, seconds: float = 10, **more: Any
) -> Contact:
    return await store.run(lambda conn: claims.claim(conn, at(seconds), contact_id, handler, LEASE_S, **more))


async def take_next(store: Store, handler: str, seconds: float = 10, **more: Any) -> Contact | None:
    return await store.run(lambda conn: claims.claim_next(conn, at(seconds), handler, LEASE_S, **more))


async def listed(store: Store, seconds: float = 10, **more: Any) -> list[ContactId]:
    page = await store.read(lambda conn: queue.list_queue(conn, at(seconds), **more))
    return [one.id for one in page.contacts]


# -- one pair of hands ----------------------------------------------------------------------------


async def test_two_takers_race_and_exactly_one_has_it(store: Store) -> None:
    for number in range(10):
        wanted = await write_in(store, phone(number), seconds=number)
        results = await asyncio.gather(
            take(store, wanted, "ada", open_limit=99),
            take(store, wanted, "bea", open_limit=99),
            return_exceptions=True,
        )
        winners = [one for one in results if isinstance(one, Contact)]
        losers = [one for one in results if isinstance(one, StaleClaim)]
        assert (len(winners), len(losers)) == (1, 1), results
        assert winners[0].claimed_by in str(losers[0])  # the second taker learns who has it
        assert (await contact(store, wanted)).claimed_by == winners[0].claimed_by


async def test_without_the_fence_both_would_have_it(store: Store) -> None:
    """Negative control: the same two steps, once with the fence in the WHERE and once without."""

    async def race(contact_id: ContactId, fenced: bool) -> int:
        both_have_read = asyncio.Barrier(2)

        async def taker(handler: str) -> int:
            seen = await contact(store, contact_id)
            await both_have_read.wait()
            statement = update(tables.contacts).where(tables.contacts.c.id == contact_id)
            if fenced:
                statement = statement.where(tables.contacts.c.attempts == seen.attempts)
            taking = statement.values(claimed_by=handler, attempts=seen.attempts + 1)
            return await store.run(lambda conn: conn.execute(taking).rowcount)

        return sum(await asyncio.gather(taker("ada"), taker("bea")))

    first, second = await queue_of(store, 2)
    assert await race(first, fenced=True) == 1
    assert await race(second, fenced=False) == 2


async def test_many_desks_take_the_top_and_never_the_same(store: Store) -> None:
    ids = await queue_of(store, 24)
    taken = await asyncio.gather(*(take_next(store, f"desk{n}", seconds=60) for n in range(30)))
    got = [one.id for one in taken if one is not None]
    assert sorted(got) == sorted(ids)  # each once, and six desks find the queue empty


async def test_a_handler_who_lost_the_claim_can_change_nothing(store: Store) -> None:
    (wanted,) = await queue_of(store, 1)
    stale = Claim.of(await take(store, wanted, "ada", seconds=10))
    await take(store, wanted, "bea", seconds=10 + LEASE_S)
    attempts: list[Any] = [
        lambda conn: claims.renew(conn, at(26), stale, LEASE_S),
        lambda conn: claims.release(conn, at(26), stale),
        lambda conn: claims.hold(conn, at(26), stale, at(90), "later"),
        lambda conn: handling.close(conn, at(26), stale, "done"),
        lambda conn: handling.set_priority(conn, at(26), stale, Priority.ROUTINE),
        lambda conn: handling.set_service(conn, at(26), stale, Service.FIRE),
        lambda conn: handling.add_location(conn, at(26), stale, LEEDS, lambda: "x", choose_best),
    ]
    before = await contact(store, wanted)
    for work in attempts:
        with pytest.raises(StaleClaim, match="is with bea"):
            await store.run(work)
    assert await contact(store, wanted) == before


# -- places ---------------------------------------------------------------------------------------


async def test_a_lapsed_lease_returns_to_its_original_place_without_a_sweeper(store: Store) -> None:
    ids = await queue_of(store, 3)
    claimed = await take_next(store, "ada", seconds=10)
    assert claimed is not None and claimed.id == ids[0]
    assert await listed(store, 10, where=queue.QueueFilter(claimable=True)) == ids[1:]
    # One microsecond before the end it is Ada's, at the end it is anybody's, and first again.
    almost = 10 + LEASE_S - 0.000001
    assert await listed(store, almost, where=queue.QueueFilter(claimable=True)) == ids[1:]
    assert await listed(store, 10 + LEASE_S, where=queue.QueueFilter(claimable=True)) == ids
    again = await take_next(store, "bea", seconds=10 + LEASE_S)
    assert again is not None and again.id == ids[0]
    assert again.queued_at == at(0) and again.attempts == 2


async def test_release_and_hold_keep_the_place(store: Store) -> None:
    ids = await queue_of(store, 3)
    first = Claim.of(await take(store, ids[0], "ada"))
    await store.run(lambda conn: claims.release(conn, at(11), first))
    assert await listed(store, 11) == ids
    second = Claim.of(await take(store, ids[0], "ada", seconds=12))
    await store.run(lambda conn: claims.hold(conn, at(13), second, at(300), "calling the harbour"))
    claimable = queue.QueueFilter(claimable=True)
    assert await listed(store, 299, where=claimable) == ids[1:]
    assert await listed(store, 299) == ids  # held is in sight all the while
    assert await listed(store, 300, where=claimable) == ids
    with pytest.raises(Refused, match="future"):
        third = Claim.of(await take(store, ids[0], "ada", seconds=301))
        await store.run(lambda conn: claims.hold(conn, at(302), third, at(302), "now"))


async def test_a_held_contact_can_be_taken_by_name_before_its_time(store: Store) -> None:
    (held,) = await queue_of(store, 1)
    mine = Claim.of(await take(store, held, "ada"))
    await store.run(lambda conn: claims.hold(conn, at(11), mine, at(3600), "asked to wait"))
    assert (await take(store, held, "bea", seconds=12)).claimed_by == "bea"


async def test_priority_comes_before_waiting_time(store: Store) -> None:
    ids = await queue_of(store, 3)
    mine = Claim.of(await take(store, ids[2], "ada"))

    def raise_it(conn: Connection) -> None:
        handling.set_priority(conn, at(11), mine, Priority.IMMEDIATE)
        claims.release(conn, at(11), mine)

    await store.run(raise_it)
    assert await listed(store, 12) == [ids[2], ids[0], ids[1]]
    assert (await contact(store, ids[2])).priority_rule == "set by ada"


async def test_pages_follow_each_other_without_gap_or_repeat(store: Store) -> None:
    ids = await queue_of(store, 25)
    found: list[ContactId] = []
    after = None
    while True:
        here = after
        page = await store.read(lambda conn: queue.list_queue(conn, at(60), limit=10, after=here))  # noqa: B023
        found += [one.id for one in page.contacts]
        after = page.next
        if after is None:
            break
    assert found == ids


async def test_ten_thousand_messages_from_one_sender_move_nobody_else(store: Store) -> None:
    loud = phone(1)
    await write_in(store, loud, "first", seconds=0)
    storm = [write_in(store, loud, f"again {n % 7}", seconds=1) for n in range(5_000)]
    quiet = asyncio.create_task(write_in(store, phone(2), "fire", seconds=2))
    storm += [write_in(store, loud, f"again {n % 7}", seconds=3) for n in range(5_000)]
    heard = await asyncio.gather(*storm)
    assert len(set(heard)) == 1  # all kept, in one contact
    order = await listed(store, 10)
    assert order == [heard[0], await quiet]
    kept = await store.read(lambda conn: conn.execute(text("SELECT count(*) FROM messages")).scalar())
    assert kept == 10_002


# -- one does not delay another -------------------------------------------------------------------


async def test_a_contact_stuck_in_another_transaction_delays_no_other(store: Store) -> None:
    if store.is_sqlite:  # one writing thread: a transaction cannot be stuck beside another
        ids = await queue_of(store, 2)
        first, second = await asyncio.gather(take_next(store, "ada"), take_next(store, "bea"))
        assert first and second and {first.id, second.id} == set(ids)
        return
    ids = await queue_of(store, 2)
    stuck, let_go = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold_the_row(conn: Connection) -> None:
        contacts.get(conn, ids[0], lock=True)
        loop.call_soon_threadsafe(stuck.set)
        asyncio.run_coroutine_threadsafe(let_go.wait(), loop).result()

    holding = asyncio.create_task(store.run(hold_the_row))
    await stuck.wait()
    taken = await asyncio.wait_for(take_next(store, "ada"), 5)
    assert taken is not None and taken.id == ids[1]
    let_go.set()
    await holding


async def test_a_row_this_version_cannot_read_spoils_no_list(store: Store) -> None:
    ids = await queue_of(store, 3)

    def poison(conn: Connection) -> None:
        spoilt = "location = '{\"lat', service = 'urn:service:sos.animal-control', priority = 0"
        conn.execute(text(f"UPDATE contacts SET {spoilt} WHERE id = :id"), {"id": ids[1]})  # noqa: S608

    await store.run(poison)
    assert await listed(store) == [ids[1], ids[0], ids[2]]
    taken = [await take_next(store, handler) for handler in ("ada", "bea", "cy")]
    assert [one.id for one in taken if one] == [ids[1], ids[0], ids[2]]
    assert (await contact(store, ids[1])).location is None


async def test_three_open_conversations_are_enough(store: Store) -> None:
    ids = await queue_of(store, 5)
    results = await asyncio.gather(
        *(take(store, one, "ada") for one in ids), return_exceptions=True
    )  # all at once: two claims must not both see the last free hand
    assert sum(isinstance(one, Contact) for one in results) == 3
    with pytest.raises(Refused, match="3 open conversations"):
        await take_next(store, "ada")
    assert (await take_next(store, "ada", open_limit=4)) is not None
    # A lapsed lease is no longer in anybody's hands.
    assert (await take_next(store, "ada", seconds=10 + LEASE_S)) is not None


# -- clocks ---------------------------------------------------------------------------------------


async def test_a_wall_clock_jump_changes_no_lease_and_no_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wall(datetime):
        shift = timedelta(0)

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + cls.shift

    monkeypatch.setattr("intake.clock.datetime", Wall)
    clock = SteadyClock()
    ids = await queue_of(store, 2)
    mine = await store.run(lambda conn: claims.claim(conn, clock.now(), ids[0], "ada", LEASE_S))
    for jump in (timedelta(days=1), timedelta(days=-1)):
        Wall.shift = jump
        page = await store.read(
            lambda conn: queue.list_queue(conn, clock.now(), where=queue.QueueFilter(claimable=True))
        )
        assert [one.id for one in page.contacts] == ids[1:]
        kept = await store.run(lambda conn: claims.renew(conn, clock.now(), Claim.of(mine), LEASE_S))
        assert abs((kept.next_attempt_at - clock.now()).total_seconds() - LEASE_S) < 5
    # Negative control: the wall itself, a day on, would have let the lease lapse.
    Wall.shift = timedelta(days=1)
    lapsed = await store.read(
        lambda conn: queue.list_queue(conn, Wall.now(at(0).tzinfo), where=queue.QueueFilter(claimable=True))
    )
    assert [one.id for one in lapsed.contacts] == ids


# -- what a handler changes -----------------------------------------------------------------------

LEEDS = CallerLocation(latitude=53.796, longitude=-1.547, uncertainty_m=50)
CARDIFF = CallerLocation(
    latitude=51.481, longitude=-3.179, uncertainty_m=5, source=LocationSource.DEVICE, positioned_at=at(5)
)


async def test_a_handlers_place_is_appended_and_overwrites_nothing(store: Store, new_id: Any) -> None:
    (where,) = await queue_of(store, 1)
    mine = Claim.of(await take(store, where, "ada"))
    for place in (CARDIFF, LEEDS):
        await store.run(
            lambda conn, place=place: handling.add_location(conn, at(12), mine, place, new_id, choose_best)
        )
    found = await store.read(lambda conn: contacts.hypotheses(conn, where))
    assert [(one.location.latitude, one.location.source, one.actor) for one in found] == [
        (51.481, LocationSource.HANDLER, "ada"),
        (53.796, LocationSource.HANDLER, "ada"),
    ]
    best = (await contact(store, where)).location
    assert best is not None and best.latitude == 53.796


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_who_is_marked_as_shown_waits_for_no_other_transaction(store: Store) -> None:
    """Two that each hold rows and wait for the other's: one of them would lose its work."""
    one, other = await queue_of(store, 2)
    has_row, may_commit = threading.Event(), threading.Event()

    def change(conn: Connection) -> None:
        conn.execute(update(tables.contacts).where(tables.contacts.c.id == one).values(summary="words"))
        has_row.set()
        assert may_commit.wait(30), "marking waited for this row"

    changing = asyncio.ensure_future(store.run(change))
    assert await asyncio.to_thread(has_row.wait, 30)
    assert await store.run(lambda conn: queue.mark_shown(conn, at(9), [one, other])) == {one}
    may_commit.set()
    await changing
    assert await store.run(lambda conn: queue.mark_shown(conn, at(10), [one, other])) == set()
    shown = [await store.read(lambda c, id=id: contacts.moments(c, id)) for id in (one, other)]  # type: ignore[misc]
    assert [moments.first_shown_at for moments in shown] == [at(10), at(9)]


async def test_each_transition_stands_in_the_log_and_t4_t5_are_written_once(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    page = await store.read(lambda conn: queue.list_queue(conn, at(9)))
    assert list(page.unshown) == [one]
    await store.run(lambda conn: queue.mark_shown(conn, at(9), page.unshown))
    await store.run(lambda conn: queue.mark_shown(conn, at(10), page.unshown))
    first = Claim.of(await take(store, one, "ada", seconds=10))
    await store.run(lambda conn: claims.renew(conn, at(11), first, LEASE_S))
    await store.run(lambda conn: claims.release(conn, at(12), first))
    second = Claim.of(await take(store, one, "bea", seconds=13))
    await store.run(lambda conn: handling.close(conn, at(14), second, "resolved"))
    with pytest.raises(Refused, match="reopen it first"):
        await take(store, one, "ada", seconds=15)
    third = await store.run(lambda conn: claims.reopen(conn, at(16), one, "ada", LEASE_S))
    assert (third.state, third.attempts, third.queued_at) == (ContactState.OPEN, 3, at(0))
    moments = await store.read(lambda conn: contacts.moments(conn, one))
    assert (moments.first_shown_at, moments.claimed_at, moments.closed_at) == (at(9), at(10), None)
    events = await store.read(lambda conn: log.of_contact(conn, one))
    told = [(e.actor, e.data["state"]) for e in events if e.name is LogEventName.CONTACT_STATE]
    assert told[-5:] == [
        ("ada", "open"),
        ("ada", "waiting"),
        ("bea", "open"),
        ("bea", "closed"),
        ("ada", "open"),
    ]


async def test_who_asks_for_nobody_is_told_so(store: Store) -> None:
    with pytest.raises(NotFound, match="26-000009"):
        await store.read(lambda conn: contacts.find(conn, "26-000009"))


async def test_what_needs_a_person_is_the_same_in_a_page_and_on_a_desk(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    for state in ContactState:
        for reroute in ("", "moved", queue.OTHER_ROOM):
            changed = update(tables.contacts).where(tables.contacts.c.id == one)
            changed = changed.values(state=state.value, reroute=reroute)
            await store.run(lambda conn, to=changed: conn.execute(to).rowcount)  # type: ignore[misc]
            where = queue.QueueFilter(needs_person=True)
            page = await store.read(lambda conn: queue.list_queue(conn, at(0), where=where))  # noqa: B023
            marks = marks_of(await contact(store, one), "", "")
            assert bool(page.contacts) is marks.needs_person, (state, reroute)
