"""Which contact a message joins, opens or brings back to a person, on both engines (law 8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from intake.contact import ChannelKind, ContactId, ContactState, InboundMessage, Priority, Trust
from intake.store import tables
from intake.store.store import Store
from tests.callers import at, contact, phone, write_in
from tests.contract.test_accept_laws import raw, rows

FOUR_H_S = 4 * 3600.0


async def in_state(store: Store, contact_id: ContactId, **values: Any) -> None:
    changed = update(tables.contacts).where(tables.contacts.c.id == contact_id).values(**values)
    await store.run(lambda conn: conn.execute(changed))


async def test_messages_join_one_contact_by_caller_and_channel(store: Store) -> None:
    first = await write_in(store, phone(1), seconds=0)
    assert await write_in(store, phone(1), seconds=60) == first
    assert await write_in(store, phone(2), seconds=61) != first
    other = InboundMessage(channel=ChannelKind("telegram"), provider_id="1", caller=phone(1), text="here too")
    receipt = await store.accept(raw(3), [other], trust=Trust.TOKEN, defect=None)
    assert receipt.contact_id != first


async def test_a_closed_contact_reopens_within_four_hours_at_its_old_priority(store: Store) -> None:
    first = await write_in(store, phone(1))
    await in_state(store, first, state="closed", priority=1)
    assert await write_in(store, phone(1), "still here", seconds=FOUR_H_S - 1) == first
    found = await contact(store, first)
    assert (found.state, found.priority) == (ContactState.WAITING, Priority.IMMEDIATE)


async def test_after_four_hours_of_silence_a_closed_contact_stays_closed(store: Store) -> None:
    first = await write_in(store, phone(1))
    await in_state(store, first, state="closed")
    second = await write_in(store, phone(1), "something else", seconds=FOUR_H_S + 1)
    assert second != first
    assert (await contact(store, first)).state is ContactState.CLOSED
    # A third one joins the new contact, not the old one.
    assert await write_in(store, phone(1), seconds=FOUR_H_S + 2) == second


async def test_silence_counts_from_the_last_message(store: Store) -> None:
    first = await write_in(store, phone(1))
    await write_in(store, phone(1), seconds=FOUR_H_S - 1)
    await in_state(store, first, state="closed")
    assert await write_in(store, phone(1), seconds=2 * FOUR_H_S - 2) == first


async def test_who_still_waits_is_joined_however_late(store: Store) -> None:
    first = await write_in(store, phone(1))
    assert await write_in(store, phone(1), seconds=10 * FOUR_H_S) == first
    assert (await contact(store, first)).queued_at == at(0)


@pytest.mark.parametrize("state", ["sending", "delivered", "accepted", "closed"])
async def test_words_after_the_hand_over_meet_a_person_again(store: Store, state: str) -> None:
    first = await write_in(store, phone(1))
    await in_state(store, first, state=state)
    assert await write_in(store, phone(1), "it is getting worse", seconds=30) == first
    found = await contact(store, first)
    assert found.state is ContactState.WAITING and found.queued_at != at(0)
    (reason,) = await rows(
        store, "SELECT data FROM log_events WHERE name = 'QueueStateChangeLogEvent' ORDER BY id DESC LIMIT 1"
    )
    assert "wrote again" in reason.data


@pytest.mark.parametrize("state", ["sending", "delivered", "accepted", "closed"])
async def test_words_after_the_hand_over_stay_with_whoever_still_has_it(store: Store, state: str) -> None:
    first = await write_in(store, phone(1))
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    await in_state(store, first, state=state, claimed_by="ada", next_attempt_at=until)
    assert await write_in(store, phone(1), "it is getting worse", seconds=30) == first
    found = await contact(store, first)
    if state == "closed":  # nobody keeps what is closed, whatever its lease was
        assert (found.state, found.next_attempt_at) == (ContactState.WAITING, found.queued_at)
        return
    assert (found.state, found.claimed_by, found.next_attempt_at) == (ContactState.OPEN, "ada", until)
    # Negative control: her lease has lapsed.
    await in_state(store, first, state=state, next_attempt_at=at(40))
    await write_in(store, phone(1), "hello?", seconds=50)
    assert (await contact(store, first)).state is ContactState.WAITING


async def test_a_machine_brings_no_contact_back(store: Store) -> None:
    first = await write_in(store, phone(1))
    await in_state(store, first, state="accepted")
    await write_in(store, phone(1), "I am out of office", seconds=30, automatic=True)
    assert (await contact(store, first)).state is ContactState.ACCEPTED
