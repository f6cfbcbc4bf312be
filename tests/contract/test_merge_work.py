"""What goes on while two contacts are one, on both engines: triage, transfers under way, sending, closing."""

from __future__ import annotations

from typing import Any

import pytest

from intake.contact import Contact, ContactId, ContactState
from intake.control_room import Service
from intake.errors import Refused
from intake.handover import HandOver
from intake.incident import Confirmation, TransferKind, Verdict
from intake.locate.best import choose_best
from intake.store import caller_view, claims, contacts, handling, merging, room_words
from intake.store.claims import Claim
from intake.store.merging import Merge
from intake.store.store import Store
from tests.behind_doors import Behind
from tests.callers import at, contact, phone, queue_of, write_in
from tests.desk import HandClock, new_id, register

LEASE_S = 15.0


async def merge(store: Store, one: ContactId, into: ContactId, seconds: float = 20) -> Merge:
    claim = Claim(one, "ada", (await contact(store, one)).attempts)
    return await store.run(
        lambda conn: merging.merge(conn, at(seconds), claim, into, "one caller", new_id, choose_best)
    )


async def undo(store: Store, kept: ContactId, made: Merge) -> Contact:
    return await store.run(lambda conn: merging.unmerge(conn, at(90), kept, made.id, "ada", choose_best))


async def take(store: Store, one: ContactId, seconds: float) -> Contact:
    return await store.run(lambda conn: claims.claim(conn, at(seconds), one, "ada", LEASE_S))


async def send(store: Store, one: Contact, *services: Service) -> None:
    clock = HandClock()
    clock.seconds = 15
    handover = HandOver(store, register(), clock, new_id, "national-intake")
    await handover.send(one.id, "ada", one.attempts, services)


async def shown(store: Store, one: ContactId) -> list[Any]:
    return list(await store.read(lambda conn: contacts.shown_transfers(conn, one)))


async def answer(store: Store, transfer: Any, verdict: Verdict) -> None:
    word = Confirmation(transfer_id=transfer.id, room_id=transfer.room_id, verdict=verdict, reference="R1")
    await store.run(lambda conn: room_words.apply(conn, at(60), word, at(70)))


async def test_what_the_merged_way_says_raises_the_kept_one(store: Store, behind: Behind) -> None:
    one = await write_in(store, phone(0), "hello", seconds=0)
    kept = await write_in(store, phone(1), "my cat is in a tree", seconds=1)
    await behind.triage()
    made = await merge(store, one, kept)
    before = await contact(store, kept)
    await write_in(store, phone(0), "he is not breathing, 53.7965, -1.5478", seconds=30)
    await behind.triage()
    raised = await contact(store, kept)
    assert raised.priority < before.priority
    assert raised.location is not None and raised.location.latitude == 53.7965
    own = await contact(store, one)
    assert (own.state, own.priority) == (ContactState.MERGED, raised.priority)
    back = await undo(store, kept, made)
    assert back.location is not None and back.location.latitude == 53.7965
    assert (await contact(store, kept)).location == before.location


async def test_a_merged_contact_goes_nowhere_by_itself(store: Store, behind: Behind) -> None:
    one, kept = await queue_of(store, 2)
    await merge(store, one, kept)
    await write_in(store, phone(0), "fire at 53.7965, -1.5478", seconds=30, service=Service.FIRE)
    await behind.triage()
    assert await shown(store, kept) == []


async def test_transfers_under_way_stay_its_own_and_show_in_the_kept_one(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await send(store, await take(store, one, 10), Service.FIRE)
    made = await merge(store, one, kept, 30)
    (transfer,) = await shown(store, kept)
    assert transfer.created_by == "ada" and await shown(store, one) == [transfer]
    held = await take(store, kept, 31)
    with pytest.raises(Refused, match="not accepted yet by"):
        await store.run(lambda conn: handling.close(conn, at(32), Claim.of(held), "done"))
    await answer(store, transfer, Verdict.ACCEPTED)
    assert (await contact(store, one)).state is ContactState.MERGED
    await store.run(lambda conn: claims.release(conn, at(61), Claim.of(held)))
    back = await undo(store, kept, made)
    assert back.state is ContactState.ACCEPTED  # the room's word has not been lost
    assert await shown(store, kept) == []


async def test_a_rejected_transfer_of_the_merged_one_is_seen_in_the_kept_one(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await send(store, await take(store, one, 10), Service.FIRE)
    await merge(store, one, kept, 30)
    held = await take(store, kept, 31)
    await store.run(lambda conn: handling.close(conn, at(32), Claim.of(held), "done", anyway=True))
    (transfer,) = await shown(store, kept)
    await answer(store, transfer, Verdict.REJECTED)
    assert (await contact(store, kept)).state is ContactState.WAITING


async def test_the_kept_one_goes_on_with_the_incident_that_rooms_have(store: Store) -> None:
    """The room that has it is told more, not sent a second incident."""
    one, kept = await queue_of(store, 2)
    await send(store, await take(store, one, 10), Service.FIRE)
    made = await merge(store, one, kept, 30)
    assert (await contact(store, kept)).incident_id == (await contact(store, one)).incident_id
    await send(store, await take(store, kept, 31), Service.FIRE, Service.POLICE)
    sent = await shown(store, kept)
    assert [(each.service, each.kind) for each in sent] == [
        (Service.FIRE, TransferKind.UPDATE),
        (Service.POLICE, TransferKind.CREATION),
        (Service.FIRE, TransferKind.CREATION),
    ]
    assert len({each.incident_id for each in sent}) == 1
    held = await contact(store, kept)
    await store.run(lambda conn: claims.release(conn, at(40), Claim.of(held)))
    await undo(store, kept, made)
    assert (await contact(store, kept)).incident_id  # it has told rooms itself: that stays so
    assert len(await shown(store, kept)) == 2 and len(await shown(store, one)) == 1


async def test_what_the_kept_one_took_over_and_did_not_use_goes_back(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await send(store, await take(store, one, 10), Service.FIRE)
    made = await merge(store, one, kept, 30)
    await undo(store, kept, made)
    assert (await contact(store, kept)).incident_id == ""
    assert (await contact(store, one)).state is ContactState.SENDING


async def test_callers_are_told_how_their_conversation_stands_by_either_way(store: Store) -> None:
    one, kept = await queue_of(store, 2)

    async def status(number: int) -> str:
        news = await store.read(lambda conn: caller_view.news(conn, phone(number), ""))
        return news.status

    await merge(store, one, kept)
    assert await status(0) == await status(1) == "received"
    await take(store, kept, 30)
    assert await status(0) == await status(1) == "with_person"
