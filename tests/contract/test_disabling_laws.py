"""A disabled account has nothing in its hands: no lease, however long, keeps a contact from a colleague."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from intake.contact import ContactId, ContactState
from intake.errors import NotFound, Refused, StaleClaim
from intake.store import accounts, claims, console_sessions, contacts, disabling, known_devices, queue, tables
from intake.store.claims import Claim
from intake.store.store import Store
from tests.callers import at, contact, phone, write_in
from tests.people import make_account

LONG_S = 900.0


async def listed(store: Store) -> list[ContactId]:
    page = await store.read(
        lambda conn: queue.list_queue(conn, at(11), where=queue.QueueFilter(claimable=True))
    )
    return [one.id for one in page.contacts]


async def test_what_it_had_claimed_is_back_in_its_place_and_nothing_can_be_done_to_it(store: Store) -> None:
    await make_account(store, "ada")
    ids = [await write_in(store, phone(number), seconds=number) for number in range(4)]
    for contact_id in ids[1:3]:
        await store.run(lambda c, one=contact_id: claims.claim(c, at(10), one, "ada", LONG_S))  # type: ignore[misc]
    await store.run(lambda c: claims.claim(c, at(10), ids[3], "bea", LONG_S))
    held = Claim.of(await contact(store, ids[1]))
    await store.run(lambda c: console_sessions.start(c, at(10), "d" * 64, "ada", 3_600))
    await store.run(lambda c: known_devices.remember(c, at(10), "ada", "e" * 64))
    assert await listed(store) == [ids[0]]  # the control: a lease of 900 s keeps them

    await store.run(lambda c: disabling.disable(c, at(11), "ada"))

    assert await listed(store) == ids[:3]
    assert (await contact(store, ids[3])).claimed_by == "bea"
    with pytest.raises(StaleClaim):
        await store.run(lambda c: claims.hold(c, at(12), held, at(60), "later"))
    with pytest.raises(Refused, match="disabled"):
        await store.run(lambda c: claims.claim_next(c, at(12), "ada", LONG_S))
    assert not await store.read(lambda c: known_devices.is_known(c, at(12), "ada", "e" * 64))
    sessions = await store.read(
        lambda c: c.execute(select(tables.console_sessions.c.ended_at)).scalars().all()
    )
    assert sessions == [at(11)]
    # Allowed again, it works again; what it had is not brought back.
    await store.run(lambda c: accounts.enable(c, "ada"))
    taken = await store.run(lambda c: claims.claim_next(c, at(13), "ada", LONG_S))
    assert taken is not None and taken.id == ids[0]


async def test_what_a_room_has_stays_with_the_room(store: Store) -> None:
    await make_account(store, "ada")
    sent = await write_in(store, phone(1))
    held = await store.run(lambda c: claims.claim(c, at(10), sent, "ada", LONG_S))

    def hand_over(conn: claims.Connection) -> None:
        claims.move(conn, at(10), Claim.of(held), held, ContactState.DELIVERED, "sent", {})

    await store.run(hand_over)
    await store.run(lambda c: disabling.disable(c, at(11), "ada"))
    after = await store.read(lambda c: contacts.get(c, sent))
    assert (after.state, after.claimed_by) == (ContactState.DELIVERED, "")


async def test_of_a_claim_and_a_disabling_at_once_no_claim_is_left(store: Store) -> None:
    for number in range(5):
        name = f"ada{number}"
        await make_account(store, name)
        wanted = await write_in(store, phone(number), seconds=number)
        await asyncio.gather(
            store.run(lambda c, one=wanted, who=name: claims.claim(c, at(10), one, who, LONG_S)),  # type: ignore[misc]
            store.run(lambda c, who=name: disabling.disable(c, at(11), who)),  # type: ignore[misc]
            return_exceptions=True,
        )
        assert (await contact(store, wanted)).claimed_by == ""


async def test_an_account_that_nobody_has_is_not_disabled(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.run(lambda c: disabling.disable(c, at(11), "nobody"))
