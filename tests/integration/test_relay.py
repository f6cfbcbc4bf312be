"""The relay and real control rooms over HTTP: dead, slow, garbage, forgetful and good ones (laws 11, 12)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import update

from intake.contact import ContactId, ContactState
from intake.control_room import RoomId, Service
from intake.doors.confirmations import add_confirmation_door
from intake.doors.listening import serve_http
from intake.doors.way_in import WayIn
from intake.errors import StoreUnavailable
from intake.feeds import FeedDoor
from intake.incident import Confirmation, TransferId, TransferKind, TransferState, Verdict
from intake.mait import write_confirmation
from intake.mait.signature import signed_headers
from intake.simulate.control_room import ControlRoomServer, Mode, Rule
from intake.store import contacts, tables
from intake.store.store import Store
from intake.workers.relaying import Relaying
from tests.behind_doors import AGENCY, PATIENCE, SECRET, Behind, eventually, new_id
from tests.callers import at, phone, queue_of, write_in
from tests.desk import register

FIRE = Service.FIRE
A, B = "fire-west-yorkshire", "fire-north-yorkshire"  # B is A's buddy in the register of these tests


class World:
    """Reference rooms, and one Behind whose clock they share."""

    def __init__(self, store: Store, folder: Path, stack: AsyncExitStack):
        self._store, self._folder, self._stack = store, folder, stack
        self.rooms: dict[str, ControlRoomServer] = {}
        self._behind: Behind | None = None
        self._now: Callable[[], Any] = lambda: at(0)

    async def room(self, room_id: str, rule: Rule = Rule.HAND, **options: Any) -> ControlRoomServer:
        options = {"rule": rule, "delay_s": 0.0, **options}
        database = self._folder / f"{room_id}.db"
        made = ControlRoomServer(room_id, (SECRET,), database=database, now=lambda: self._now(), **options)
        await made.start()
        self._stack.push_async_callback(made.stop)
        self.rooms[room_id] = made
        return made

    def behind(self, **urls: str) -> Behind:
        urls = {name.replace("_", "-"): url for name, url in urls.items()}
        made = Behind(self._store, {room_id: room.feed_url for room_id, room in self.rooms.items()} | urls)
        self._stack.push_async_callback(made.close)
        self._now = made.clock.now
        return made

    async def silence(self) -> str:
        """An address that takes connections and never says a word."""

        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()  # until the other side has given up
            writer.close()

        server = await asyncio.start_server(hang, "127.0.0.1", 0)
        self._stack.callback(server.close)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/feed"


@pytest.fixture
async def world(store: Store, tmp_path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield World(store, tmp_path, stack)


async def sent(behind: Behind, room: str, last_digits: int = 1) -> ContactId:
    contact = await write_in(behind.store, phone(last_digits), "smoke", seconds=last_digits)
    await behind.person_sends(contact, [FIRE], room)
    return contact


async def state_of(behind: Behind, contact: ContactId) -> tuple[TransferState, ContactState]:
    one = (await behind.transfers(contact))[-1]
    return one.state, (await behind.contact(contact)).state


# -- law 11 ------------------------------------------------------------------------------------------


async def test_delivered_is_not_accepted_and_a_lost_verdict_is_asked_for(world: World) -> None:
    room = await world.room(A)  # it has no address to bring its verdict to: each is lost
    behind = world.behind()
    contact = await sent(behind, A)
    await behind.relay()
    assert await state_of(behind, contact) == (TransferState.DELIVERED, ContactState.DELIVERED)
    assert await behind.said_to(contact) == ["sent_to_service"]
    (one,) = await behind.transfers(contact)
    await room.decide(one.incident_id, Verdict.ACCEPTED)
    behind.clock.seconds += 2
    await behind.relay()
    assert await state_of(behind, contact) == (TransferState.ACCEPTED, ContactState.ACCEPTED)
    assert await behind.said_to(contact) == ["sent_to_service", "accepted_by_service"]
    (one,) = await behind.transfers(contact)
    assert one.room_reference == "FWY-000001"
    assert len(room.received) == 1


async def test_after_a_crash_before_the_answer_the_same_message_goes_again(world: World) -> None:
    room = await world.room(A)
    behind = world.behind()
    contact = await sent(behind, A)
    room.tell(Mode.SLOW, 0.3)
    assert await behind.relaying.step() == 1
    await asyncio.sleep(0.1)
    await behind.relaying.close()  # the process is gone; the room is still reading
    room.tell(Mode.NORMAL)
    after = behind.relay_worker()
    await behind.relay(after)
    assert (await behind.transfers(contact))[0].state is TransferState.SENT  # not before its time
    behind.clock.seconds += 3
    await behind.relay(after)
    assert await state_of(behind, contact) == (TransferState.DELIVERED, ContactState.DELIVERED)
    (one,) = await behind.transfers(contact)
    assert {message.message_id for message in room.received} == {one.id}
    ids = {a.transfer_id for a in await behind.rows(tables.transfer_attempts)}
    assert (one.attempts, ids) == (2, {one.id})


async def test_a_room_that_dies_mid_answer_has_it_once(world: World) -> None:
    room = await world.room(A)
    behind = world.behind()
    contact = await sent(behind, A)
    room.tell(Mode.DIE)  # stores it, then drops the line
    await behind.relay()
    assert (await behind.transfers(contact))[0].state is TransferState.SENT
    room.tell(Mode.NORMAL)
    behind.clock.seconds += 1
    await behind.relay()
    assert (await behind.transfers(contact))[0].state is TransferState.DELIVERED
    assert len(room.received) == 1


async def test_what_a_room_has_forgotten_is_offered_again_under_its_id(world: World) -> None:
    room = await world.room(A)
    behind = world.behind()
    contact = await sent(behind, A)
    room.tell(Mode.FORGET)
    await behind.relay()
    assert (await behind.transfers(contact))[0].state is TransferState.DELIVERED
    assert room.received == []
    room.tell(Mode.NORMAL)
    behind.clock.seconds += 2
    await behind.relay()
    (one,) = await behind.transfers(contact)
    assert one.state is TransferState.DELIVERED
    assert [message.message_id for message in room.received] == [one.id]


async def test_an_incidents_messages_arrive_in_their_order(world: World) -> None:
    room = await world.room(A)
    behind = world.behind()
    contact = await sent(behind, A)
    for _ in range(3):
        await behind.person_sends(contact, [FIRE], A)
    room.tell(Mode.REFUSE)
    await behind.relay()
    room.tell(Mode.NORMAL)
    for _ in range(6):
        behind.clock.seconds += 1.5
        await behind.relay()
    assert [(m.sequence, m.kind) for m in room.received] == [
        (1, TransferKind.CREATION),
        *((n, TransferKind.UPDATE) for n in (2, 3, 4)),
    ]


# -- the buddy, then a person ------------------------------------------------------------------------


def buddy_of_a(behind: Behind) -> str:
    buddy = behind.rooms.room(A).buddy
    assert buddy is not None
    return buddy


async def test_the_buddy_after_patience_and_a_person_last(world: World) -> None:
    first, second = await world.room(A), await world.room(B)
    behind = world.behind()
    assert buddy_of_a(behind) == B
    ids = await queue_of(behind.store, 2)
    behind.clock.seconds = 5
    contact = ids[0]
    await behind.person_sends(contact, [FIRE], A)
    first.tell(Mode.REFUSE)
    await behind.relay()
    behind.clock.seconds = 5 + 44
    await behind.relay()
    (one,) = await behind.transfers(contact)
    assert (one.room_id, one.state) == (A, TransferState.SENT)  # patience is not over yet
    second.tell(Mode.GARBAGE)
    behind.clock.seconds = 5 + 46
    await behind.relay()
    (one,) = await behind.transfers(contact)
    assert (one.room_id, one.first_room_id, one.state) == (B, A, TransferState.SENT)
    behind.clock.seconds = 5 + 181
    await behind.relay()
    assert await state_of(behind, contact) == (TransferState.HELD, ContactState.WAITING)
    (one,) = await behind.transfers(contact)
    rooms = [behind.rooms.room(room) for room in (B, A)]
    assert all(room.name in one.reason and room.telephone in one.reason for room in rooms), one.reason
    assert (await behind.contact(contact)).queued_at == at(0)  # its original place: before the other one
    # A person sends it again: to the same room first, then to another, and each is a whole incident.
    first.tell(Mode.NORMAL)
    await behind.person_sends(contact, [FIRE], A)
    await behind.relay()
    assert await state_of(behind, contact) == (TransferState.DELIVERED, ContactState.DELIVERED)
    assert [(m.kind, m.sequence) for m in first.received] == [(TransferKind.CREATION, 2)]
    second.tell(Mode.NORMAL)
    await behind.person_sends(contact, [FIRE], B)
    await behind.relay()
    assert [(m.kind, m.sequence) for m in second.received] == [(TransferKind.CREATION, 3)]


async def test_the_buddy_takes_the_same_message_on_behalf_of_the_silent_room(world: World) -> None:
    buddy = await world.room(B, Rule.ACCEPT)
    behind = world.behind(fire_west_yorkshire="http://127.0.0.1:1/feed")
    contact = await sent(behind, A)
    behind.clock.seconds = 50
    await behind.relay()
    await asyncio.sleep(0.1)
    behind.clock.seconds = 52
    await behind.relay()
    assert await state_of(behind, contact) == (TransferState.ACCEPTED, ContactState.ACCEPTED)
    (message,) = buddy.received
    (one,) = await behind.transfers(contact)
    assert (message.message_id, message.on_behalf_of) == (one.id, A)


async def test_a_room_without_a_feed_is_for_a_person_at_once_with_its_telephone_number(world: World) -> None:
    behind = world.behind()
    contact = await sent(behind, A)
    await behind.relay()
    assert await state_of(behind, contact) == (TransferState.HELD, ContactState.WAITING)
    room = behind.rooms.room(A)
    assert (await behind.transfers(contact))[
        0
    ].reason == f"{room.name}: has no feed; telephone {room.telephone}"


async def test_behind_a_room_that_confirms_and_falls_silent_nobody_waits_unseen(world: World) -> None:
    room = await world.room(A)
    behind = world.behind()
    contact = await sent(behind, A)
    await behind.relay()
    room.tell(Mode.REFUSE)
    behind.clock.seconds += 100
    await behind.relay()
    assert await state_of(behind, contact) == (TransferState.DELIVERED, ContactState.DELIVERED)
    behind.clock.seconds += 100
    await behind.relay()
    assert await state_of(behind, contact) == (TransferState.DELIVERED, ContactState.WAITING)
    (one,) = await behind.transfers(contact)
    room.tell(Mode.NORMAL)
    await room.decide(one.incident_id, Verdict.ACCEPTED)
    behind.clock.seconds += 100
    await behind.relay()  # and it is asked on all the while
    assert (await behind.transfers(contact))[0].state is TransferState.ACCEPTED


async def test_behind_a_room_that_goes_on_considering_nobody_waits_unseen(world: World) -> None:
    room = await world.room(A)
    behind = world.behind()
    contact = await sent(behind, A)
    for _ in range(18):  # it answers each time: it considers
        await behind.relay()
        assert await state_of(behind, contact) == (TransferState.DELIVERED, ContactState.DELIVERED)
        behind.clock.seconds += 10
    await behind.relay()
    assert await state_of(behind, contact) == (TransferState.DELIVERED, ContactState.WAITING)
    events = [dict(event.data) for event in await behind.events(contact)]
    assert f"{A} has it and has not decided within 180 s" in events[-1]["reason"]
    (one,) = await behind.transfers(contact)
    await room.decide(one.incident_id, Verdict.ACCEPTED)
    behind.clock.seconds += 100
    await behind.relay()  # and it is asked on all the while; who was told decides what that means
    assert await state_of(behind, contact) == (TransferState.ACCEPTED, ContactState.WAITING)


# -- law 12 ------------------------------------------------------------------------------------------


async def behind_hanging_rooms(world: World) -> Behind:
    """Eighteen rooms that never answer, with four transfers due at each, and a good one."""
    await world.room(A)
    names = [room_id for room_id in register().rooms if room_id.startswith("police-")][:18]
    silence = await world.silence()
    behind = world.behind(**{name.replace("-", "_"): silence for name in names})
    ids = await queue_of(behind.store, 4)

    def send_all(conn: Any) -> None:
        for one in ids:
            for name in names:
                contact = contacts.get(conn, one, lock=True)
                behind.handover.send_in(conn, at(1), contact, "ada", [Service.POLICE], name)

    await behind.store.run(send_all)
    behind.clock.seconds = 5
    return behind


async def delivered_within_s(behind: Behind, relaying: Relaying) -> float:
    """How long the good room's transfer takes once the others hang."""
    await relaying.step()
    contact = await sent(behind, A, 5)

    async def is_delivered() -> bool:
        await relaying.step()
        return await all_delivered(behind, [contact])

    started = time.monotonic()
    await eventually(is_delivered)
    return time.monotonic() - started


async def test_rooms_that_hang_delay_no_other(world: World) -> None:
    behind = await behind_hanging_rooms(world)
    assert await delivered_within_s(behind, behind.relaying) < PATIENCE.answer_timeout_s / 2
    assert len(behind.relaying._tasks) == 72  # all of them hang all the while


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_with_places_shared_by_all_rooms_the_good_one_would_have_waited(world: World) -> None:
    """Negative control: 64 places for all rooms together, as four a room and sixteen rooms."""
    behind = await behind_hanging_rooms(world)
    shared = behind.relay_worker(at_one_room=64)
    everywhere = shared._under_way["one set of places"]
    shared._under_way.default_factory = lambda: everywhere
    try:
        assert await delivered_within_s(behind, shared) > PATIENCE.answer_timeout_s / 2
    finally:
        await shared.close()


async def test_a_dead_a_slow_and_a_garbage_room_each_delay_no_other(world: World) -> None:
    names = {"slow": "fire-kent", "garbage": "fire-essex", "refusing": "fire-avon", "good": A}
    rooms = {mood: await world.room(name) for mood, name in names.items()}
    rooms["slow"].tell(Mode.SLOW, 1.5)
    rooms["garbage"].tell(Mode.GARBAGE)
    rooms["refusing"].tell(Mode.REFUSE)
    behind = world.behind(fire_cheshire="http://127.0.0.1:1/feed")
    ids = {}
    for number, name in enumerate([*names.values(), "fire-cheshire"]):
        ids[name] = [await sent(behind, name, 10 * number + n) for n in range(4)]
    assert await behind.relaying.step() == 20
    await eventually(lambda: all_delivered(behind, ids[A]))
    assert rooms["slow"].received == []  # it has not said a word yet
    await eventually(lambda: all_delivered(behind, ids[names["slow"]]))
    for name in (names["garbage"], names["refusing"], "fire-cheshire"):
        states = [(await behind.transfers(one))[0].state for one in ids[name]]
        assert states == [TransferState.SENT] * 4  # not given up: to be tried again


async def all_delivered(behind: Behind, ids: list[ContactId]) -> bool:
    found = [(await behind.transfers(one))[0].state for one in ids]
    return found == [TransferState.DELIVERED] * len(ids)


async def test_a_transfer_is_not_picked_up_twice(world: World) -> None:
    room = await world.room(A)
    behind = world.behind()
    await sent(behind, A)
    room.tell(Mode.SLOW, 0.4)
    other = behind.relay_worker()
    assert await behind.relaying.step() + await other.step() == 1
    behind.clock.seconds += 60  # a stalled process: its attempt outlives the time written for the next
    assert await behind.relaying.step() == 0
    await asyncio.gather(*behind.relaying._tasks)
    assert len(await behind.rows(tables.transfer_attempts)) == 1


# -- when something of ours fails --------------------------------------------------------------------


async def test_a_store_that_is_away_when_the_answer_comes_costs_a_repeat_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await world.room(A)
    behind = world.behind()
    contact = await sent(behind, A)
    assert await behind.relaying.step() == 1
    run, away = behind.store.run, [True]

    async def run_or_be_away(work: Any) -> Any:
        if away:
            raise StoreUnavailable("down")
        return await run(work)

    monkeypatch.setattr(behind.store, "run", run_or_be_away)
    results = await asyncio.gather(*behind.relaying._tasks, return_exceptions=True)
    assert results == [None]  # said, not raised: no loop and no other attempt ends with it
    with pytest.raises(StoreUnavailable):  # the loop waits for the store by itself
        behind.clock.seconds += 3
        await behind.relaying.step()
    away.clear()
    await behind.relay()
    assert (await behind.transfers(contact))[0].state is TransferState.DELIVERED
    assert len(room.received) == 1


async def test_a_message_that_our_own_code_cannot_pass_on_is_held_and_delays_no_other(world: World) -> None:
    await world.room(B)
    behind = world.behind(fire_west_yorkshire="http://127.0.0.1:1/feed")
    poison = await sent(behind, A, 1)
    good = await sent(behind, A, 2)
    broken = update(tables.transfers).where(tables.transfers.c.contact_id == poison)
    await behind.store.run(lambda conn: conn.execute(broken.values(document=b"<no")).rowcount)
    behind.clock.seconds = 50
    await behind.relay()
    assert await state_of(behind, poison) == (TransferState.HELD, ContactState.WAITING)
    assert "our relay failed" in (await behind.transfers(poison))[0].reason
    assert (await behind.transfers(good))[0].state is TransferState.DELIVERED


async def test_a_room_no_longer_in_the_register_is_for_a_person(world: World) -> None:
    behind = world.behind()
    contact = await sent(behind, A)
    gone = update(tables.transfers).values(room_id="fire-atlantis")
    await behind.store.run(lambda conn: conn.execute(gone).rowcount)
    await behind.relay()
    assert await state_of(behind, contact) == (TransferState.HELD, ContactState.WAITING)
    assert "fire-atlantis" in (await behind.transfers(contact))[0].reason


# -- the rooms' own calls ----------------------------------------------------------------------------


async def test_rooms_bring_their_verdicts_and_only_for_what_they_were_offered(
    store: Store, world: World
) -> None:
    async with AsyncExitStack() as stack:
        ready: list[Any] = []
        behind = world.behind()
        app = web.Application()
        way_in = WayIn(store, behind.clock, new_id)
        add_confirmation_door(app.router, lambda: ready[0] if ready else None, way_in, 5)
        url = f"http://127.0.0.1:{await serve_http(stack, app, '127.0.0.1', 0)}/mait/confirmations"
        room = await world.room(A, Rule.ACCEPT, callback_url=url)
        behind = world.behind()
        way_in.clock = behind.clock
        door = FeedDoor({A: (SECRET,), B: (SECRET,)})
        ready.append((door, behind.verdicts))
        contact = await sent(behind, A)
        await behind.relay()
        await eventually(lambda: is_accepted(behind, contact))
        (one,) = await behind.transfers(contact)
        assert (one.state, one.room_reference, len(room.received)) == (
            TransferState.ACCEPTED,
            "FWY-000001",
            1,
        )
        # A room as quick as this one may bring its verdict before its confirmation has been written down.
        said = await behind.said_to(contact)
        assert said in (["sent_to_service", "accepted_by_service"], ["accepted_by_service"])
        async with aiohttp.ClientSession() as http:
            assert await tell(http, url, behind, B, one.id) == 404
            assert await tell(http, url, behind, A, TransferId("no-such")) == 404
            assert await tell(http, url, behind, A, one.id, secret=b"x" * 32) == 403
            assert await tell(http, url, behind, A, one.id) == 204  # handed back
        assert await state_of(behind, contact) == (TransferState.REJECTED, ContactState.WAITING)


async def is_accepted(behind: Behind, contact: ContactId) -> bool:
    return bool((await behind.contact(contact)).state is ContactState.ACCEPTED)


async def tell(
    http: aiohttp.ClientSession,
    url: str,
    behind: Behind,
    room: str,
    transfer_id: TransferId,
    secret: bytes = SECRET,
) -> int:
    """A room says that it rejects."""
    now = behind.clock.now()
    said = Confirmation(transfer_id=transfer_id, room_id=RoomId(room), verdict=Verdict.REJECTED, reason="no")
    document = write_confirmation(said, confirmed_at=now, to_agency=AGENCY)
    headers = signed_headers(secret, agency=room, message_id=transfer_id, body=document, now=now)
    async with http.post(url, data=document, headers=headers) as answer:
        return answer.status
