"""What a handler adds after the hand-over goes to every room that has it, as an update."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from intake import updating
from intake.console.terminal.client import ConsoleClient, ConsoleRefused
from intake.contact import Contact
from intake.control_room import Service
from intake.errors import Refused
from intake.store import Connection, claims, tables, transfers
from intake.store.claims import Claim
from intake.store.in_hand import in_hand
from intake.store.store import Store
from tests.callers import at, phone, queue_of, write_in
from tests.desk import TOKENS, HandClock, console, make_desk
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


async def test_an_update_that_is_asked_for_twice_is_told_once(store: Store, clock: HandClock) -> None:
    (one,) = await queue_of(store, 1)
    await located(store, one)
    async with console(store, clock) as server, ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada:
        mine = await ada.change(one, "claim", lease_s=900)
        await ada.send("1", attempts=mine.attempts, services=["fire", "police"])
        seen = {"transfers": 2}
        told = await ada.update(one, attempts=mine.attempts, seen=seen)
        assert len(told.transfer_ids) == 2
        with pytest.raises(ConsoleRefused, match="not sent again: it has been sent since you looked"):
            await ada.update(one, attempts=mine.attempts, seen=seen)
        assert len(await documents(store)) == 4
        with pytest.raises(ConsoleRefused, match="seen"):  # rooms are not chosen here: nobody may think so
            await ada.update(one, attempts=mine.attempts, seen={"transfers": 4, "rooms": {}})
        # Negative control: who does not say what they saw tells them again.
        await ada.update(one, attempts=mine.attempts)
        assert len(await documents(store)) == 6
        assert len((await ada.update(one, attempts=mine.attempts, seen={"transfers": 6})).transfer_ids) == 2


@pytest.mark.parametrize("seen", [2, None])
async def test_two_at_one_moment_tell_once(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch, seen: int | None
) -> None:
    """The second has begun before the first commits; without ``seen`` (the control) both are told."""
    (one,) = await queue_of(store, 1)
    await located(store, one)
    begun = [threading.Event(), threading.Event()]

    @contextmanager
    def begins(conn: Connection, now: datetime, claim: Claim) -> Iterator[Contact]:
        next(one for one in begun if not one.is_set()).set()
        with in_hand(conn, now, claim) as contact:
            yield contact

    def record(_conn: Connection) -> None:
        begun[1].wait(1.0)  # SQLite begins the other only when this one is done

    monkeypatch.setattr(updating, "in_hand", begins)
    desk = make_desk(store, clock)
    assert desk.updating is not None
    held = await store.run(lambda conn: claims.claim(conn, clock.now(), one, "ada", 900))
    fire, police = Service.from_word("fire"), Service.from_word("police")
    await desk.handover.send(one, "ada", held.attempts, [fire, police])
    found = await asyncio.gather(
        *(desk.updating.send(one, "ada", held.attempts, record=record, seen=seen) for _ in range(2)),
        return_exceptions=True,
    )
    refused = [str(one) for one in found if isinstance(one, Refused)]
    assert len(refused) == (0 if seen is None else 1), found
    assert len(await documents(store)) == (6 if seen is None else 4)
