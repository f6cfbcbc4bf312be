"""The laws of the live line, on both engines: nothing missed, no lease kept that is not held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from intake.clock import SteadyClock
from intake.console.live import following
from intake.console.live.board import Board
from intake.console.live.following import Follower, uuid7_floor, uuid7_ms
from intake.contact import ContactId, ContactState, DeliveryState, Priority
from intake.control_room import Service
from intake.log_events import LogEventName
from intake.store import claims, contacts, handling, keeping, presence, replies, triage
from intake.store.claims import Claim
from intake.store.store import Store
from intake.store.tables import contacts as contacts_table
from intake.store.tables import log_events
from tests.callers import NOON, phone, report_on, write_in
from tests.desk import console, new_id
from tests.live import LiveDesk, live_desk
from tests.unit.test_live_board import LEEDS

CLOCK = SteadyClock()


def follower(store: Store) -> Follower:
    return Follower(store, CLOCK, Board(), lambda _: "unknown")


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The safety net would hide what the signals miss: only its own tests spread it."""
    monkeypatch.setattr(following, "ROUND_S", 10_000.0)


class Story:
    """One contact through all that may happen to it."""

    def __init__(self, store: Store, contact_id: ContactId):
        self.store, self.id, self.claim = store, contact_id, Claim(contact_id, "bea", 1)

    async def claimed(self) -> None:
        await self.store.run(lambda c: claims.claim(c, CLOCK.now(), self.id, "bea", 15))

    async def prioritised(self) -> None:
        await self.store.run(lambda c: handling.set_priority(c, CLOCK.now(), self.claim, Priority.IMMEDIATE))

    async def served(self) -> None:
        await self.store.run(lambda c: handling.set_service(c, CLOCK.now(), self.claim, Service.FIRE))

    async def located(self) -> None:
        await self.store.run(
            lambda c: handling.add_location(
                c, CLOCK.now(), self.claim, LEEDS, new_id, lambda found, now: next(iter(found))
            )
        )

    async def suggested(self) -> None:
        await self.store.run(
            lambda c: triage.suggest(c, CLOCK.now(), self.id, {"silent": True, "language": "cy"})
        )

    async def answered(self) -> None:
        self.reply_id = await self.store.run(
            lambda c: replies.queue_reply(c, CLOCK.now(), self.id, "bea", "Where are you?", new_id)
        )

    async def held(self) -> None:
        until = CLOCK.now() + timedelta(minutes=5)
        await self.store.run(lambda c: claims.hold(c, CLOCK.now(), self.claim, until, "quiet"))

    async def wrote_again(self) -> None:
        await write_in(self.store, phone(1), "hello?")

    async def closed(self) -> None:
        await self.store.run(lambda c: handling.close(c, CLOCK.now(), self.claim, "done", anyway=True))


def row_is(**expected: Any) -> Callable[[LiveDesk], bool]:
    def holds(desk: LiveDesk) -> bool:
        return any(all(row[key] == value for key, value in expected.items()) for row in desk.shown())

    return holds


async def test_a_change_of_every_kind_reaches_a_watching_desk_within_a_second(store: Store) -> None:
    async with console(store, CLOCK) as server, live_desk(server) as ada:
        await ada.view()
        contact_id = await write_in(store, phone(1))
        await ada.see(row_is(id=contact_id, claimable=True), 1.0)
        await ada.say("watch", contacts=[contact_id])
        story = Story(store, contact_id)
        for step, seen in (
            (story.claimed, row_is(claimed_by="bea", claimable=False, attempts=1)),
            (story.prioritised, row_is(priority=1)),
            (story.served, row_is(service="fire")),
            (story.suggested, row_is(silent=True, language="cy")),
        ):
            await step()
            await ada.see(seen, 1.0)
        await story.located()
        await ada.see(lambda desk: desk.shown()[0]["place"] is not None, 1.0)
        await ada.hear("beat")
        for step in (story.answered, story.wrote_again):
            await step()
            told = await ada.hear("contact", 1.0)
            assert (told["id"], told["attempts"]) == (contact_id, 1)
        await story.held()
        await ada.see(row_is(state="held", claimed_by=""), 1.0)
        await story.claimed()
        story.claim = Claim(contact_id, "bea", 2)
        await ada.see(row_is(state="open", attempts=2), 1.0)
        ada.frames.clear()
        await story.closed()
        await ada.see(lambda desk: desk.queue["total"] == 0, 1.0)
        assert any(frame["t"] == "contact" for frame in ada.frames), "told before the row went"


async def test_a_delivery_report_is_told_though_it_writes_no_log_event(store: Store) -> None:
    story = Story(store, await write_in(store, phone(1)))
    await story.claimed()
    await story.answered()
    await store.run(lambda c: replies.reply_sent(c, CLOCK.now(), story.reply_id, "SM1"))
    looking = follower(store)
    await looking.load()
    await looking.look()
    assert await looking.look() == {}
    await report_on(store, "SM1", DeliveryState.DELIVERED)
    assert await looking.look() == {story.id: 1}


# -- law 10's other half: a slow transaction is not passed over ---------------------------------


def change_with_event(conn: Connection, contact_id: str, event_id: str, **values: Any) -> None:
    """A change whose event got its id some time before its transaction commits."""
    conn.execute(update(contacts_table).where(contacts_table.c.id == contact_id).values(**values))
    row = {"name": LogEventName.SUGGESTION, "contact_id": contact_id, "actor": "triage", "data": {}}
    conn.execute(log_events.insert().values(id=event_id, at=CLOCK.now(), **row))


def id_made(seconds_ago: float) -> str:
    return f"{uuid7_floor(uuid7_ms(new_id()) - seconds_ago * 1000)}-7000-8000-000000000000"


async def missed(store: Store, seconds_late: float) -> bool:
    """Whether a change is still unseen a good second after its late commit."""
    slow, quick = await write_in(store, phone(1)), await write_in(store, phone(2))
    looking = follower(store)
    await looking.load()
    await looking.look()
    event_id = id_made(seconds_late)
    await store.run(lambda c: change_with_event(c, quick, new_id(), silent=True))
    await looking.look()
    assert looking.board.entries[quick].contact.silent
    await store.run(lambda c: change_with_event(c, slow, event_id, silent=True))
    for _ in range(6):
        await looking.look()
        await asyncio.sleep(0.25)
    return not looking.board.entries[slow].contact.silent


@pytest.mark.parametrize("seconds_late", [0.5, 3.0, 9.0])
async def test_a_slow_transaction_is_seen_within_a_second_of_its_commit(
    store: Store, seconds_late: float
) -> None:
    assert not await missed(store, seconds_late)


async def test_who_reads_only_what_is_newer_than_the_last_misses_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "NEAR_S", 0.0)
    monkeypatch.setattr(following, "FAR_S", 0.0)
    assert await missed(store, 0.5)


async def test_a_wall_clock_put_back_hides_nothing(store: Store) -> None:
    contact_id = await write_in(store, phone(1))
    looking = follower(store)
    await looking.load()
    looking._newest_ms += 3_600_000  # the newest event known was made an hour from now
    await store.run(lambda c: change_with_event(c, contact_id, new_id(), silent=True))
    await looking.look()
    assert looking.board.entries[contact_id].contact.silent


# -- the safety net -----------------------------------------------------------------------------


async def test_a_change_without_any_signal_is_repaired_and_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "ROUND_S", 0.0)
    known = [await write_in(store, phone(number)) for number in range(4)]
    looking = follower(store)
    await looking.load()
    for _ in range(8):
        await looking.look()
    assert looking.repaired == 0
    looking.board.drop(known[0])
    await store.run(
        lambda c: c.execute(
            update(contacts_table).where(contacts_table.c.id == known[1]).values(summary="fire")
        )
    )
    await store.run(
        lambda c: c.execute(
            update(contacts_table).where(contacts_table.c.id == known[2]).values(state="closed")
        )
    )
    for _ in range(8):
        await looking.look()
    assert looking.repaired == 3
    assert set(looking.board.entries) == {known[0], known[1], known[3]}
    assert looking.board.entries[known[1]].contact.summary == "fire"


async def test_renewals_and_ordinary_changes_are_no_repairs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "ROUND_S", 0.0)
    ids = [await write_in(store, phone(number)) for number in range(3)]
    looking = follower(store)
    await looking.load()

    async def change_all() -> None:
        for number in range(30):
            contact_id = ids[number % 3]
            await store.run(lambda c, one=contact_id: claims.claim(c, CLOCK.now(), one, "ada", 15))  # type: ignore[misc]
            found = await store.read(lambda c, one=contact_id: contacts.get(c, one))  # type: ignore[misc]
            claim = Claim.of(found)
            await store.run(lambda c, of=claim: claims.renew(c, CLOCK.now(), of, 20))  # type: ignore[misc]

    changing = asyncio.create_task(change_all())
    while not changing.done():
        await looking.look()
    await changing
    for _ in range(8):
        await looking.look()
    assert looking.repaired == 0
    assert {entry.contact.attempts for entry in looking.board.entries.values()} == {10}


# -- leases -------------------------------------------------------------------------------------


async def test_many_leases_are_renewed_in_one_transaction_and_the_lost_are_named(store: Store) -> None:
    ids = [await write_in(store, phone(number)) for number in range(4)]
    for contact_id in ids[:3]:
        await store.run(lambda c, one=contact_id: claims.claim(c, CLOCK.now(), one, "ada", 15))  # type: ignore[misc]
    before = CLOCK.now()
    kept = [
        Claim(ids[0], "ada", 1),
        Claim(ids[1], "ada", 7),
        Claim(ids[2], "bea", 1),
        Claim(ids[3], "ada", 1),
    ]
    alone = await store.run(lambda c: keeping.renew_all(c, before, kept, 60.0))
    assert {claim.contact_id for claim in alone} == set(ids[1:])
    found = await store.read(lambda c: contacts.get(c, ids[0]))
    assert found.next_attempt_at == before + timedelta(seconds=60)
    lost = await store.run(lambda c: keeping.renew_alone(c, CLOCK.now(), kept[1], 60.0, 3))
    assert lost is not None and lost.code == "stale_claim"
    gone = Claim(ContactId("nobody"), "ada", 1)
    lost = await store.run(lambda c: keeping.renew_alone(c, CLOCK.now(), gone, 60.0, 3))
    assert lost is not None and lost.code == "not_found"


async def test_a_contact_made_to_wait_by_the_callers_new_words_is_kept_open(store: Store) -> None:
    contact_id = await write_in(store, phone(1))
    await store.run(lambda c: claims.claim(c, CLOCK.now(), contact_id, "ada", 15))
    await store.run(
        lambda c: c.execute(
            update(contacts_table).where(contacts_table.c.id == contact_id).values(state="waiting")
        )
    )
    claim = Claim(contact_id, "ada", 1)
    assert await store.run(lambda c: keeping.renew_all(c, CLOCK.now(), [claim], 15.0)) == [claim]
    assert await store.run(lambda c: keeping.renew_alone(c, CLOCK.now(), claim, 15.0, 3)) is None
    found = await store.read(lambda c: contacts.get(c, contact_id))
    assert found.state is ContactState.OPEN


async def test_a_whole_shift_that_sits_down_at_once_gets_a_number_each(store: Store) -> None:
    names = [f"handler-{number % 60:02d}" for number in range(90)]  # a third with two pages
    rows = await asyncio.gather(
        *(store.run(lambda conn, name=name: presence.arrive(conn, NOON, name)) for name in names)  # type: ignore[misc]
    )
    numbers = {row.handler: row.number for row in rows}
    assert sorted(numbers.values()) == list(range(1, 61))
    assert all(row.number == numbers[row.handler] for row in rows)
