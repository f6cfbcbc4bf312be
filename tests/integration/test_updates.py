"""What a handler adds after the hand-over goes to every room that has it, as an update."""

from __future__ import annotations

from typing import Any

import pytest

from intake.console.terminal.client import ConsoleClient, ConsoleRefused
from intake.store import tables, transfers
from intake.store.store import Store
from tests.callers import at, phone, queue_of, write_in
from tests.desk import TOKENS, HandClock, console
from tests.integration.test_console_api import located, rows


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def documents(store: Store) -> list[str]:
    found = await rows(store, tables.transfers)
    return [row.document.decode() for row in sorted(found, key=lambda row: str(row.id))]


async def test_one_call_tells_every_room_that_has_it(store: Store, clock: HandClock, new_id: Any) -> None:
    (one,) = await queue_of(store, 1)
    await located(store, one)
    async with console(store, clock) as server, ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada:
        mine = await ada.change(one, "claim")
        with pytest.raises(ConsoleRefused, match="no room has it yet"):
            await ada.update(one, attempts=mine.attempts)
        await ada.send("1", attempts=mine.attempts, services=["fire", "police"])
        await write_in(store, phone(0), "there are two of us now", seconds=40)
        note = await ada.note(one, "the stairs are blocked")
        kept_back = await ada.note(one, "I know this caller")
        clock.seconds = 60
        row = (await ada.show(one)).contact
        told = {"hazards": "stairs blocked", "casualties": 2}
        sent = await ada.update(one, attempts=row.attempts, methane=told, notes=[note.id])
        assert len(sent.transfer_ids) == 2
        shown = await ada.show(one)
        with pytest.raises(ConsoleRefused, match="there is no note"):
            await ada.update(one, attempts=row.attempts, notes=[new_id()])
    updates = [one for one in shown.transfers if one.kind == "update"]
    assert {one.service for one in updates} == {"fire", "police"}
    assert {one.created_by for one in updates} == {"ada"}
    assert shown.contact.state == "sending"
    for document in (await documents(store))[2:]:
        assert "there are two of us now" in document and "stairs blocked" in document
        assert "the stairs are blocked" in document and "note by ada" in document
        assert "I know this caller" not in document
    assert kept_back.text == "I know this caller"
    assert {one.standing for one in shown.decisions} == {"sent", "told"}
    due = await store.read(lambda conn: transfers.due(conn, at(61), updates[0].room_id, 10))
    assert [one.sequence for one in due] == [1]  # in order: the update waits for what it updates
