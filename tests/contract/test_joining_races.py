"""A fix and its contact read by two workers at the same moment, on both engines: neither misses the other."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from intake.store import joining, tables, triage
from tests.behind_doors import Behind
from tests.callers import phone, write_in
from tests.phones import IMEI, handset, says_where

HELD_S, HELD_LONG_S = 0.25, 4.0
"""How long the first worker is held at most between looking who is there and committing what it found."""


class Held:
    """Stops the first worker that has looked, until the second is through or it has waited long enough."""

    def __init__(self, patch: pytest.MonkeyPatch):
        self.limit_s, self.looked, self.go_on = HELD_S, threading.Event(), threading.Event()
        add, gather = triage.add_locations, joining.gather

        def add_held(*args: Any, **named: Any) -> None:
            if named.get("contact_id") is None:  # a fix that found nobody
                self._hold()
            add(*args, **named)

        def gather_held(*args: Any, **named: Any) -> int:
            joined = gather(*args, **named)
            self._hold()
            return joined

        patch.setattr(triage, "add_locations", add_held)
        patch.setattr(joining, "gather", gather_held)

    def _hold(self) -> None:
        if not self.looked.is_set():
            self.looked.set()
            self.go_on.wait(self.limit_s)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


async def race(behind: Behind, held: Held, kind: str, *, fix_first: bool) -> list[str | None]:
    """A worker begins with one message and is held; the other comes, and a second worker reads it.

    Returns whose the fix is in the end, without any later look.
    """

    async def fix() -> None:
        await says_where(behind, handset("" if kind == "device" else "001", IMEI))

    async def words() -> None:
        if kind == "own number":
            await write_in(behind.store, phone(1), "help")
        else:
            stated = {"telephone": "07700 900001"} if kind == "stated number" else {"imei": IMEI}
            await behind.app_writes("a", locations=(), service=None, extra=stated)

    async def unread() -> list[triage.Untriaged]:
        return await behind.store.read(lambda conn: triage.untriaged(conn, 9))

    first, second = (fix, words) if fix_first else (words, fix)
    await first()
    (early,) = await unread()
    reading = asyncio.create_task(behind.triaging._one(early))
    await asyncio.to_thread(held.looked.wait, 10)
    await second()
    for late in [one for one in await unread() if one.id != early.id]:
        await behind.triage_worker()._one(late)
    held.go_on.set()
    await reading
    return [row.contact_id for row in await behind.rows(tables.locations) if row.source == "aml"]


KINDS = ["own number", "stated number", "device"]


@pytest.mark.parametrize("fix_first", [True, False])
@pytest.mark.parametrize("kind", KINDS)
async def test_two_workers_at_once_join_a_fix_and_its_contact(
    behind: Behind, held: Held, kind: str, fix_first: bool
) -> None:
    (contact_id,) = await race(behind, held, kind, fix_first=fix_first)
    assert contact_id is not None
    assert [row.id for row in await behind.rows(tables.contacts)] == [contact_id]
    assert await behind.triaging.rejoin() == 0


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("kind", "fix_first"), [("own number", True), ("stated number", False)])
async def test_workers_that_take_no_turns_would_miss_each_other(
    behind: Behind, held: Held, kind: str, fix_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control, and the backstop: what such a race left is found by the next look."""
    monkeypatch.setattr(joining, "take_turns", lambda conn, key: None)
    held.limit_s = HELD_LONG_S
    assert await race(behind, held, kind, fix_first=fix_first) == [None]
    assert await behind.triaging.rejoin() == 1


async def test_many_at_once_with_three_workers(behind: Behind) -> None:
    """Texts and fixes of eight phones, shuffled by the workers themselves: each has its own."""
    for number in range(8):
        await asyncio.gather(
            write_in(behind.store, phone(number), "help"),
            says_where(behind, handset(f"{number:03d}", f"00499901{640000 + number}0"), 53 + number / 10),
            says_where(behind, handset("", f"00499901{640000 + number}0"), 53.05 + number / 10),
        )
    workers = [behind.triaging, behind.triage_worker(), behind.triage_worker()]
    await asyncio.gather(*(worker.step() for worker in workers))
    await behind.triage()
    callers = {row.id: row.caller for row in await behind.rows(tables.contacts)}
    found = {
        (callers[row.contact_id], round(row.location["latitude"], 2))
        for row in await behind.rows(tables.locations)
    }
    assert found == {(phone(n), round(53 + n / 10 + extra, 2)) for n in range(8) for extra in (0, 0.05)}
