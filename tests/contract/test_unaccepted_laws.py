"""What a room has not accepted and no desk has open is told to every desk (law 8), on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from intake.contact import ContactId
from intake.control_room import Service
from intake.incident import TransferState
from intake.locate.best import choose_best
from intake.store import claims, handling, merging, tables, unaccepted
from intake.store.claims import Claim
from intake.store.store import Store
from intake.store.unaccepted import AFTER_S, Unaccepted
from tests.behind_doors import Behind, new_id
from tests.callers import phone, write_in
from tests.desk import console
from tests.live import live_desk

HULL = "fire-humberside"
SENT_AT = 10


@pytest.fixture
async def behind(store: Store) -> AsyncIterator[Behind]:
    made = Behind(store)
    made.clock.seconds = SENT_AT
    yield made
    await made.close()


async def sent(behind: Behind, last_digits: int) -> ContactId:
    """With a room, and with nobody."""
    contact = await write_in(behind.store, phone(last_digits), "smoke", seconds=last_digits)
    await behind.person_sends(contact, [Service.FIRE], HULL)
    return contact


async def standing(behind: Behind, *desks: str) -> Unaccepted | None:
    return await behind.store.read(lambda conn: unaccepted.standing(conn, behind.clock.now(), desks))


async def take_back(behind: Behind, contact: ContactId, handler: str, lease_s: float = 15.0) -> Claim:
    taken = await behind.store.run(
        lambda conn: claims.reopen(conn, behind.clock.now(), contact, handler, lease_s)
    )
    return Claim.of(taken)


async def put(behind: Behind, contact: ContactId, state: TransferState) -> None:
    changed = update(tables.transfers).where(tables.transfers.c.contact_id == contact)
    await behind.store.run(lambda conn: conn.execute(changed.values(state=state.value)).rowcount)


async def test_from_45_seconds_on_the_longest_wait_is_named_and_all_are_counted(behind: Behind) -> None:
    first = await sent(behind, 1)
    behind.clock.seconds = SENT_AT + 20
    second = await sent(behind, 2)
    behind.clock.seconds = SENT_AT + AFTER_S - 1
    assert await standing(behind) is None
    behind.clock.seconds = SENT_AT + AFTER_S
    found = await standing(behind)
    assert found is not None
    assert (found.count, found.contact, found.room_id) == (1, first, HULL)
    behind.clock.seconds = SENT_AT + 20 + AFTER_S
    assert (found := await standing(behind)) is not None and found.count == 2
    await put(behind, first, TransferState.ACCEPTED)
    assert (found := await standing(behind)) is not None and (found.count, found.contact) == (1, second)
    for state in (TransferState.QUEUED, TransferState.SENT, TransferState.DELIVERED):
        await put(behind, second, state)
        assert await standing(behind) is not None, state
    for state in (TransferState.REJECTED, TransferState.HELD):  # these wait for a person in the queue
        await put(behind, second, state)
        assert await standing(behind) is None, state


async def test_a_desk_that_has_it_open_is_told_by_itself_until_desk_or_lease_is_gone(behind: Behind) -> None:
    contact = await sent(behind, 1)
    behind.clock.seconds = SENT_AT + AFTER_S
    held = await take_back(behind, contact, "bea")
    assert await standing(behind, "ada", "bea") is None
    # A lease without a desk is nobody who looks: a terminal's, or that of a desk that is gone.
    assert await standing(behind, "ada") is not None
    behind.clock.seconds += 16
    assert await standing(behind, "ada", "bea") is not None
    # Negative control: had the lease been kept, nobody else would be told.
    await behind.store.run(lambda conn: claims.renew(conn, behind.clock.now(), held, 15.0))
    assert await standing(behind, "ada", "bea") is None


async def test_what_a_person_closed_all_the_same_is_theirs(behind: Behind) -> None:
    contact = await sent(behind, 1)
    behind.clock.seconds = SENT_AT + AFTER_S
    held = await take_back(behind, contact, "bea")
    await behind.store.run(
        lambda conn: handling.close(conn, behind.clock.now(), held, "telephoned", anyway=True)
    )
    assert await standing(behind) is None


async def test_a_merged_contact_counts_as_the_one_it_is_part_of(behind: Behind) -> None:
    kept = await write_in(behind.store, phone(2), "smoke")
    merged = await sent(behind, 1)
    await behind.store.run(lambda conn: claims.claim(conn, behind.clock.now(), kept, "bea", 900))
    held = await take_back(behind, merged, "bea", 900)
    now = behind.clock.now()
    await behind.store.run(
        lambda conn: merging.merge(conn, now, held, kept, "one caller", new_id, choose_best)
    )
    behind.clock.seconds = SENT_AT + AFTER_S
    assert await standing(behind, "bea") is None
    found = await standing(behind)
    assert found is not None and found.contact == kept


async def test_every_desk_is_told_with_the_rooms_telephone(store: Store, behind: Behind) -> None:
    contact = await sent(behind, 1)
    async with console(store, behind.clock) as server, live_desk(server) as ada:
        assert (await ada.hear("alarms"))["unaccepted"] is None
        behind.clock.seconds = SENT_AT + AFTER_S
        alarms = await ada.until(lambda frame: frame["t"] == "alarms" and frame["unaccepted"], 10.0)
        said = alarms["unaccepted"]
        assert (said["count"], said["contact"], said["reference"]) == (1, contact, "26-000001")
        assert said["room_name"] == "Humberside Fire and Rescue Service" and said["telephone"]
