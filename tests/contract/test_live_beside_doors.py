"""The console in a process of its own beside the doors, on PostgreSQL: no bell rings between them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import create_engine

from intake.clock import SteadyClock
from intake.console.live import following
from intake.console.live.board import Board
from intake.console.live.following import Follower
from intake.control_room import Service
from intake.store import claims, handling, triage
from intake.store.claims import Claim
from intake.store.store import Store
from tests.callers import phone, write_in
from tests.conftest import new_postgresql_database
from tests.desk import console
from tests.live import live_desk

CLOCK = SteadyClock()


@pytest.fixture
def url(postgresql_server: str, migrated_template: str) -> Iterator[str]:
    yield from new_postgresql_database(postgresql_server, migrated_template)


@pytest.fixture
async def doors(url: str) -> AsyncIterator[Store]:
    made = Store(url, SteadyClock())
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def desks(url: str) -> AsyncIterator[Store]:
    made = Store(url, SteadyClock())
    await made.start()
    yield made
    await made.close()


async def test_what_the_doors_and_workers_write_reaches_a_desk_within_a_second(
    doors: Store, desks: Store
) -> None:
    async with console(desks, CLOCK) as server, live_desk(server) as ada:
        await ada.view()
        contact_id = await write_in(doors, phone(1), "fire")
        await ada.see(lambda desk: desk.queue["order"] == [contact_id], 1.0)
        await doors.run(lambda c: triage.suggest(c, CLOCK.now(), contact_id, {"language": "cy"}))
        await ada.see(lambda desk: desk.queue["filters"]["cy"] == 1, 1.0)
        await doors.run(lambda c: claims.claim(c, CLOCK.now(), contact_id, "bea", 15))
        await ada.see(lambda desk: desk.rows[contact_id]["claimed_by"] == "bea", 1.0)
        mine = Claim(contact_id, "bea", 1)
        await doors.run(lambda c: handling.set_service(c, CLOCK.now(), mine, Service.FIRE))
        await ada.see(lambda desk: desk.rows[contact_id]["service"] == "fire", 1.0)


@pytest.mark.parametrize("blind", [False, True])
async def test_a_transaction_that_commits_after_a_later_one_is_seen(
    doors: Store, desks: Store, monkeypatch: pytest.MonkeyPatch, *, blind: bool
) -> None:
    """``blind``: the negative control, which reads what is newer than the last it saw."""
    monkeypatch.setattr(following, "ROUND_S", 10_000.0)
    if blind:
        monkeypatch.setattr(following, "NEAR_S", 0.0)
        monkeypatch.setattr(following, "FAR_S", 0.0)
    slow, quick = await write_in(doors, phone(1)), await write_in(doors, phone(2))
    looking = Follower(desks, CLOCK, Board(), lambda _: "unknown")
    await looking.load()
    begun, may_commit = threading.Event(), threading.Event()

    def transaction() -> None:
        engine = create_engine(doors.url)
        with engine.begin() as conn:
            triage.suggest(conn, CLOCK.now(), slow, {"language": "cy"})
            begun.set()
            may_commit.wait(10)
        engine.dispose()

    late = asyncio.get_running_loop().run_in_executor(None, transaction)
    await asyncio.to_thread(begun.wait, 5)
    await asyncio.sleep(0.05)
    await doors.run(lambda c: triage.suggest(c, CLOCK.now(), quick, {"language": "cy"}))
    for _ in range(3):
        await looking.look()
        await asyncio.sleep(0.8)
    assert looking.board.entries[quick].contact.language == "cy"
    may_commit.set()
    await late
    for _ in range(6):
        await looking.look()
        await asyncio.sleep(0.25)
    assert (looking.board.entries[slow].contact.language == "cy") is not blind
