"""From hand to hand, on both engines: a contact is with one person or in the queue, and never with none."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from intake.contact import Contact, ContactId, ContactState, Priority
from intake.errors import Refused, StaleClaim
from intake.log_events import LogEventName
from intake.store import claims, handling, log, offers, queue, tables
from intake.store.claims import Claim
from intake.store.offers import Offer
from intake.store.store import Store
from tests.callers import at, contact, phone, queue_of, write_in
from tests.desk import new_id

LEASE_S = 15.0


async def claim(store: Store, contact_id: ContactId, handler: str, seconds: float = 10) -> Contact:
    return await store.run(
        lambda conn: claims.claim(conn, at(seconds), contact_id, handler, LEASE_S, open_limit=99)
    )


async def offer(store: Store, held: Contact, to: str = "", seconds: float = 11, note: str = "") -> Offer:
    return await store.run(lambda conn: offers.offer(conn, at(seconds), Claim.of(held), to, note, new_id))


async def take(
    store: Store, contact_id: ContactId, handler: str, seconds: float = 12, **more: Any
) -> Contact:
    return await store.run(lambda conn: offers.take(conn, at(seconds), contact_id, handler, LEASE_S, **more))


async def offered_to(store: Store, handler: str, seconds: float = 12) -> list[ContactId]:
    found = await store.read(lambda conn: offers.offers_to(conn, at(seconds), handler))
    return [one.contact_id for one, _ in found]


async def rows(store: Store) -> list[tuple[str, str]]:
    found = await store.read(lambda conn: conn.execute(select(tables.handings)).all())
    return [(row.state, row.ended_by) for row in sorted(found, key=lambda row: str(row.id))]


async def test_what_is_offered_stays_with_its_giver_until_it_is_taken(store: Store) -> None:
    one = await write_in(store, phone(1))
    held = await claim(store, one, "ada")
    await offer(store, held, "bea", note="her Welsh is better")
    still = await contact(store, one)
    assert (still.claimed_by, still.attempts) == ("ada", held.attempts)
    await store.run(lambda conn: claims.renew(conn, at(12), Claim.of(held), LEASE_S))
    assert await offered_to(store, "bea") == [one]
    assert await offered_to(store, "eve") == [] and await offered_to(store, "ada") == []
    with pytest.raises(Refused, match="offered to bea"):
        await take(store, one, "eve")
    taken = await take(store, one, "bea")
    assert (taken.claimed_by, taken.state, taken.attempts) == ("bea", "open", held.attempts + 1)
    assert taken.queued_at == held.queued_at  # its place is its own
    with pytest.raises(StaleClaim, match="is with bea"):
        await store.run(lambda conn: claims.renew(conn, at(13), Claim.of(held), LEASE_S))
    assert await rows(store) == [("taken", "bea")]


async def test_two_take_the_same_offer_and_exactly_one_has_it(store: Store) -> None:
    for number in range(10):
        one = await write_in(store, phone(number))
        await offer(store, await claim(store, one, "ada"))
        taken = await asyncio.gather(
            take(store, one, "bea", open_limit=99),
            take(store, one, "eve", open_limit=99),
            return_exceptions=True,
        )
        winners = [found for found in taken if isinstance(found, Contact)]
        assert len(winners) == 1, taken
        assert sum(isinstance(found, Refused) for found in taken) == 1
        assert (await contact(store, one)).claimed_by == winners[0].claimed_by


async def test_a_giver_who_is_gone_leaves_no_contact_stuck(store: Store) -> None:
    one = await write_in(store, phone(1))
    await offer(store, await claim(store, one, "ada", 10), "bea")
    gone = 10 + LEASE_S
    assert await offered_to(store, "bea", gone) == []
    page = await store.read(
        lambda conn: queue.list_queue(conn, at(gone), where=queue.QueueFilter(claimable=True))
    )
    assert [found.id for found in page.contacts] == [one]
    with pytest.raises(Refused, match="not offered any more"):
        await take(store, one, "bea", gone)
    assert await store.run(lambda conn: offers.withdraw_lapsed(conn, at(gone))) == 1
    assert await rows(store) == [("withdrawn", "intake")]
    assert not await store.read(lambda conn: offers.any_lapsed(conn, at(gone)))
    assert (await claim(store, one, "eve", gone)).claimed_by == "eve"


async def test_an_offer_dies_with_its_claim_and_does_not_come_back(store: Store) -> None:
    """The giver loses it, and takes it again: what was offered under the old claim is not offered."""
    one = await write_in(store, phone(1))
    held = await claim(store, one, "ada", 10)
    await offer(store, held, "bea")
    await store.run(lambda conn: claims.release(conn, at(12), Claim.of(held)))
    await claim(store, one, "ada", 13)
    assert await offered_to(store, "bea", 14) == []
    with pytest.raises(Refused, match="not offered any more"):
        await take(store, one, "bea", 14)


async def test_a_full_desk_takes_nothing(store: Store) -> None:
    ids = await queue_of(store, 4)
    for one in ids[:3]:
        await claim(store, one, "bea")
    await offer(store, await claim(store, ids[3], "ada"), "bea")
    with pytest.raises(Refused, match="you have 3 open conversations"):
        await take(store, ids[3], "bea")
    assert (await contact(store, ids[3])).claimed_by == "ada"


async def test_declined_and_withdrawn_offers_stay_with_their_giver(store: Store) -> None:
    one = await write_in(store, phone(1))
    held = await claim(store, one, "ada")
    await offer(store, held, "bea")
    await offer(store, held, "eve")  # the later offer stands in the place of the first
    with pytest.raises(Refused, match="offered to eve"):
        await store.run(lambda conn: offers.decline(conn, at(12), one, "bea"))
    await store.run(lambda conn: offers.decline(conn, at(12), one, "eve"))
    await offer(store, held)
    with pytest.raises(Refused, match="leave it to a colleague"):
        await store.run(lambda conn: offers.decline(conn, at(12), one, "eve"))
    with pytest.raises(Refused, match="you do not offer"):
        await store.run(lambda conn: offers.withdraw(conn, at(12), one, "eve"))
    await store.run(lambda conn: offers.withdraw(conn, at(12), one, "ada"))
    assert await rows(store) == [("withdrawn", "ada"), ("declined", "eve"), ("withdrawn", "ada")]
    assert (await contact(store, one)).claimed_by == "ada"
    names = [event.name for event in await store.read(lambda conn: log.of_contact(conn, one))]
    assert names.count(LogEventName.HANDING) == 6


async def test_a_shift_ends_with_everything_offered_and_then_taken(store: Store) -> None:
    ids = await queue_of(store, 3)
    for one in ids:
        await claim(store, one, "ada")
    await store.run(lambda conn: offers.offer_all(conn, at(11), "ada", "", "end of shift", new_id))
    assert await offered_to(store, "bea") == ids
    mine = await store.read(lambda conn: offers.offers_by(conn, at(12), "ada"))
    assert [made.note for made, _ in mine] == ["end of shift"] * 3
    for one in ids:
        await take(store, one, "bea")
    assert await store.read(lambda conn: offers.open_conversations(conn, "ada", at(12))) == []
    theirs = await store.read(lambda conn: offers.open_conversations(conn, "bea", at(12)))
    assert [found.id for found in theirs] == ids


async def test_a_contact_that_was_handed_over_keeps_its_state_from_hand_to_hand(store: Store) -> None:
    one = await write_in(store, phone(1))
    held = await claim(store, one, "ada")
    sending = tables.contacts.update().where(tables.contacts.c.id == one)
    await store.run(lambda conn: conn.execute(sending.values(state="sending")))
    await offer(store, held, "bea")
    assert (await take(store, one, "bea")).state is ContactState.SENDING


async def test_a_supervisor_moves_from_any_desk_and_the_cap_holds(store: Store) -> None:
    ids = await queue_of(store, 5)

    async def move(one: ContactId, seconds: float = 12) -> Contact:
        return await store.run(lambda conn: offers.move(conn, at(seconds), one, "bea", "sue", LEASE_S))

    held = await claim(store, ids[0], "ada")
    await offer(store, held, "eve")
    moved = await move(ids[0])
    assert (moved.claimed_by, moved.attempts) == ("bea", held.attempts + 1)
    assert await rows(store) == [("withdrawn", "sue")]
    with pytest.raises(Refused, match="is with bea already"):
        await move(ids[0])
    assert (await move(ids[1])).claimed_by == "bea"  # nobody had it
    await move(ids[2])
    with pytest.raises(Refused, match="3 open conversations"):
        await move(ids[3])
    await store.run(
        lambda conn: handling.close(conn, at(13), Claim.of(moved), "done"),
    )
    with pytest.raises(Refused, match="is closed"):
        await move(ids[0], 14)


async def test_a_supervisor_only_ever_raises(store: Store) -> None:
    one = await write_in(store, phone(1))

    async def to(priority: Priority) -> Contact:
        return await store.run(
            lambda conn: handling.raise_priority(conn, at(5), one, "sue", priority, "children inside")
        )

    raised = await to(Priority.IMMEDIATE)
    assert (raised.priority, raised.priority_rule) == (1, "set by sue")
    with pytest.raises(Refused, match="only raises"):
        await to(Priority.URGENT)
