"""Parsing under a time limit, sweeping what no webhook brought, house-keeping, and how a loop goes round
(laws 5, 7, 8, 12)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

import channels
from intake import metrics
from intake.bell import Bell
from intake.clock import SteadyClock
from intake.contact import (
    CallerUri,
    ChannelKind,
    ContactState,
    InboundMessage,
    RawMessage,
    RawMessageId,
    Trust,
)
from intake.control_room import Service
from intake.doors.way_in import WayIn
from intake.errors import MalformedMessage, StoreUnavailable
from intake.ports import ChannelContext, HttpAnswer, HttpDoor, Normalised, SmtpDoor
from intake.service_health import Health
from intake.settings import ContactsSettings, WorkersSettings
from intake.simulate.twilio_api import TwilioApi
from intake.store import claims, tables
from intake.store.claims import Claim
from intake.store.store import Store
from intake.workers import loop, parsing, sweeping
from intake.workers.keeping import Keeping
from intake.workers.parsing import Parsing
from intake.workers.sweeping import Sweeping
from tests.behind_doors import Behind, eventually, new_id
from tests.callers import at, phone, queue_of, write_in
from tests.desk import HandClock

SID, TOKEN, OURS, CALLER = (
    "AC" + "0" * 32,
    "auth-token-of-no-account-at-all!",
    "+447700900999",
    "+447700900123",
)
MAIL = ChannelKind("email")


class Channel:
    """A channel with one mailbox or one webhook and something still to be swept."""

    def __init__(self, kind: str, *doors: Any, swept: Any = None):
        self.kind, self._doors, self._swept = ChannelKind(kind), doors, swept

    def doors(self) -> Any:
        return self._doors

    async def reply(self, reply: Any) -> str:
        return ""

    async def sweep(self, since: datetime) -> AsyncIterator[RawMessage]:
        for raw in await self._swept(since) if self._swept else ():
            yield raw

    async def close(self) -> None:
        """Nothing is open."""


def anybody(_raw: RawMessage) -> Trust:
    return Trust.ANONYMOUS


# -- parsing -----------------------------------------------------------------------------------------


def mailbox(normalise: Any) -> Channel:
    door = SmtpDoor(
        name="email.1",
        mailbox="999@intake.example.org",
        body_limit_bytes=99,
        authenticate=anybody,
        normalise=normalise,
    )
    return Channel("email", door)


async def mail(store: Store, body: bytes) -> str:
    raw = RawMessage(
        id=RawMessageId(new_id()), channel=MAIL, door="email.1", received_at=at(0), body=body, headers={}
    )
    await store.accept(raw, None, trust=Trust.ANONYMOUS, defect=None)
    return raw.id


async def rows(store: Store, table: Any) -> list[Any]:
    return list(await store.read(lambda conn: conn.execute(select(table)).all()))


async def test_a_pathological_mail_is_kept_as_defective_and_delays_no_other(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "PATIENCE_S", 0.05)
    monkeypatch.setattr(parsing, "PARSE_LIMIT_S", 2.4)
    for_ever = threading.Event()

    def normalise(raw: RawMessage) -> Normalised:
        if raw.body.startswith(b"bomb"):
            for_ever.wait(20)  # a parser that does not come back
        text = raw.body.decode()
        caller = CallerUri(f"mailto:{text}@example.org")
        return [InboundMessage(channel=MAIL, provider_id=text, caller=caller, text=text)]

    for body in (b"bomb1", b"ann", b"bomb2", b"bob"):
        await mail(store, body)
    worker = Parsing(store, [mailbox(normalise)])
    assert await worker.step() == 4
    # The good ones did not wait for the bombs' time limit: those are still being read.
    assert "defective" not in {row.state for row in await rows(store, tables.raw_messages)}
    assert [one.summary for one in await rows(store, tables.contacts)] == ["ann", "bob"]
    assert await worker.step() == 0  # what is being read is not begun again
    await eventually(lambda: nothing_pending(store))
    kept = {row.body[:4]: (row.state, row.defect) for row in await rows(store, tables.raw_messages)}
    assert kept[b"bomb"] == ("defective", "reading took longer than 2 s")
    assert kept[b"ann"] == ("done", "")
    shown = [one.summary for one in await rows(store, tables.contacts) if one.defect]
    assert len(shown) == 2 and all("unreadable message, original kept" in summary for summary in shown)
    for_ever.set()
    worker.close()


async def nothing_pending(store: Store) -> bool:
    return all(row.state != "pending" for row in await rows(store, tables.raw_messages))


async def test_many_bombs_at_once_leave_a_mail_waiting_for_one_time_limit_at_most(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "PATIENCE_S", 0.02)
    monkeypatch.setattr(parsing, "PARSE_LIMIT_S", 0.5)
    for_ever = threading.Event()

    def normalise(raw: RawMessage) -> Normalised:
        if raw.body == b"bomb":
            for_ever.wait(20)
        return [InboundMessage(channel=MAIL, provider_id="ann", caller=CallerUri("mailto:a@example.org"))]

    for _ in range(parsing.ASIDE_LIMIT + 2):
        await mail(store, b"bomb")
    await mail(store, b"ann")
    worker = Parsing(store, [mailbox(normalise)])
    assert await worker.step() > 0
    assert len(worker._aside) == parsing.ASIDE_LIMIT
    assert await worker.step() == 0  # no more at once

    async def all_read() -> bool:
        await worker.step()
        return await nothing_pending(store)

    await eventually(all_read)
    assert len(await rows(store, tables.contacts)) == parsing.ASIDE_LIMIT + 3
    for_ever.set()


async def test_a_store_that_is_away_leaves_the_mail_pending(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mail(store, b"ann")
    message = InboundMessage(channel=MAIL, provider_id="1", caller=CallerUri("mailto:a@example.org"))
    worker = Parsing(store, [mailbox(lambda raw: [message])])

    async def away(*_args: Any, **_more: Any) -> None:
        raise StoreUnavailable("down")

    with monkeypatch.context() as patched:
        patched.setattr(store, "finish", away)
        with pytest.raises(StoreUnavailable):
            await worker.step()
    assert not await nothing_pending(store)
    assert await worker.step() == 1 and await nothing_pending(store)


# -- sweeping ----------------------------------------------------------------------------------------


async def test_a_text_whose_webhook_never_came_is_found_and_a_known_one_not_admitted_again(
    store: Store,
) -> None:
    clock = SteadyClock()
    twilio = TwilioApi(SID, TOKEN, clock.now)
    api = await twilio.start()
    table = {"account_sid": SID, "auth_token": TOKEN, "numbers": [OURS], "api_base": api}
    context = ChannelContext(public_url="http://127.0.0.1", new_id=new_id, now=clock.now)
    sms = channels.make_adapter("sms", table, context)
    worker = Sweeping(store, [sms], WayIn(store, clock, new_id), clock, WorkersSettings())
    try:
        await twilio.text(CALLER, "help at LS1 4AP", to=OURS, lost=True)
        assert await worker.step() == 1
        (found,) = await rows(store, tables.contacts)
        assert (found.caller, found.summary) == (f"tel:{CALLER}", "help at LS1 4AP")
        (raw,) = await rows(store, tables.raw_messages)
        assert raw.trust == Trust.POLLED
        assert await worker.step() == 0
        await twilio.text(CALLER, "hurry", to=OURS, lost=True)
        assert await worker.step() == 1
        assert len(await rows(store, tables.raw_messages)) == 2  # the known one was not fed again
        duplicates = [e for e in await rows(store, tables.log_events) if e.name.startswith("Duplicate")]
        assert duplicates == []
    finally:
        await sms.close()
        await twilio.close()


def webhook(kind: str, normalise: Any, swept: Any) -> Channel:
    door = HttpDoor(
        name=f"{kind}.messages",
        path=f"/{kind}",
        body_limit_bytes=99,
        authenticate=anybody,
        normalise=normalise,
        accepted=lambda raw, receipt: HttpAnswer(),
    )
    return Channel(kind, door, swept=swept)


def held_by_provider(kind: str, body: bytes) -> RawMessage:
    return RawMessage(
        id=RawMessageId(new_id()),
        channel=ChannelKind(kind),
        door=f"{kind}.messages",
        received_at=at(0),
        body=body,
        headers={},
    )


async def test_a_provider_that_fails_or_hangs_delays_no_other_and_is_asked_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_LIMIT_S", 0.5)
    moods = {"bad": ["fails", "works"], "slow": ["hangs", "works"], "good": ["works", "works"]}
    asked: list[datetime] = []

    def channel(kind: str) -> Channel:
        def normalise(raw: RawMessage) -> Normalised:
            caller = CallerUri(f"{kind}:1")
            return [InboundMessage(channel=ChannelKind(kind), provider_id=kind, caller=caller, text="x")]

        async def swept(since: datetime) -> list[RawMessage]:
            asked.append(since)
            mood = moods[kind].pop(0) if moods[kind] else "works"
            if mood == "fails":
                raise ConnectionResetError("no provider there")
            if mood == "hangs":
                await asyncio.sleep(30)
            return [held_by_provider(kind, b"x")]

        return webhook(kind, normalise, swept)

    clock = HandClock()
    worker = Sweeping(
        store, [channel(kind) for kind in moods], WayIn(store, clock, new_id), clock, WorkersSettings()
    )
    assert await asyncio.wait_for(worker.step(), 5) == 1
    assert [one.channel for one in await rows(store, tables.contacts)] == ["good"]
    assert await worker.step() == 2
    assert await worker.step() == 0
    assert {one.channel for one in await rows(store, tables.contacts)} == set(moods)
    assert set(asked) == {at(0) - timedelta(hours=1)}  # from the same time each round


async def test_what_the_sweep_cannot_read_is_one_contact_and_not_one_a_round(store: Store) -> None:
    def normalise(raw: RawMessage) -> Normalised:
        raise MalformedMessage("no id anywhere")

    async def swept(since: datetime) -> list[RawMessage]:
        return [held_by_provider("odd", body) for body in (b"one", b"two")]

    clock = HandClock()
    odd = webhook("odd", normalise, swept)
    worker = Sweeping(store, [odd], WayIn(store, clock, new_id), clock, WorkersSettings())
    assert await worker.step() == 2
    for _ in range(5):
        clock.seconds += 30
        assert await worker.step() == 0
    found = await rows(store, tables.contacts)
    assert len(found) == 2 and all(one.defect == "no id anywhere" for one in found)


# -- house-keeping -----------------------------------------------------------------------------------


async def put(store: Store, contact: str, state: ContactState) -> None:
    change = tables.contacts.update().where(tables.contacts.c.id == contact).values(state=state.value)
    await store.run(lambda conn: conn.execute(change).rowcount)


async def test_only_what_a_room_has_accepted_and_a_caller_left_is_closed(store: Store) -> None:
    behind = Behind(store)
    ids = await queue_of(store, len(ContactState))
    for one, state in zip(ids, ContactState, strict=True):
        await put(store, one, state)
    talking = await write_in(store, phone(900), "still here", seconds=4_000)
    await put(store, talking, ContactState.ACCEPTED)
    behind.clock.seconds = 5_000
    keeping = Keeping(store, behind.clock, ContactsSettings(silence_s=2_000), [])
    assert await keeping.close_silent() == 1
    after = {one.id: one.state for one in await rows(store, tables.contacts)}
    silent = ids[list(ContactState).index(ContactState.ACCEPTED)]
    assert (after.pop(silent), after.pop(talking)) == ("closed", "accepted")
    assert list(after.values()) == [s.value for s in ContactState if s is not ContactState.ACCEPTED]
    assert await keeping.close_silent() == 0
    (told,) = [e for e in await behind.events(silent) if e.data.get("state") == "closed"]
    assert told.data["reason"] == "accepted, then silent"
    # The caller's next words open a contact of their own.
    assert await write_in(store, phone(list(ContactState).index(ContactState.ACCEPTED))) != silent


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_open_minutes_are_written_once_a_channel_from_two_processes(
    store: Store, migrated_url: str
) -> None:
    other = Store(migrated_url, SteadyClock())
    await other.start()
    clock = HandClock()
    doors = [Channel("sms"), Channel("app")]
    settings = ContactsSettings()
    both = [Keeping(one, clock, settings, doors) for one in (store, other)]
    for seconds in (0, 20, 40, 60):
        clock.seconds = seconds
        await asyncio.gather(*(keeping.note_open_minute() for keeping in both))
    minutes = sorted((row.channel, row.minute) for row in await rows(store, tables.door_minutes))
    assert minutes == [("app", at(0)), ("app", at(60)), ("sms", at(0)), ("sms", at(60))]
    await other.close()


async def test_whoever_waits_too_long_is_said_aloud_and_shown_as_a_figure(store: Store) -> None:
    behind = Behind(store)
    first, second = await queue_of(store, 2)
    keeping = Keeping(store, behind.clock, ContactsSettings(), [])

    async def heard(seconds: float) -> list[tuple[str, str, Any]]:
        behind.clock.seconds = seconds
        with capture_logs() as said:
            await keeping.watch()
        return [(one["log_level"], one["event"], one.get("contacts", one.get("transfers"))) for one in said]

    assert await heard(30) == []
    assert await heard(60.5) == [("warning", "unanswered", 1)]
    assert await heard(190) == [("error", "unanswered", 2)]
    assert metrics.UNANSWERED.labels(longer_than_s=180)._value.get() == 2
    assert metrics.QUEUE.labels(state="waiting")._value.get() == 2
    await behind.person_sends(first, [Service.FIRE], "fire-kent")
    await behind.relay()  # no feed: held for a person
    taken = await store.run(lambda conn: claims.claim(conn, at(191), second, "ada", 900))
    await store.run(lambda conn: claims.hold(conn, at(192), Claim.of(taken), at(5_000), "x"))
    assert await heard(193) == [("error", "unanswered", 1), ("warning", "transfers_held", 1)]
    await store.run(lambda conn: claims.claim(conn, at(194), first, "bea", 900))
    await heard(195)
    assert metrics.QUEUE.labels(state="waiting")._value.get() == 0  # a state that emptied does not linger
    await behind.close()


# -- how a loop goes round ---------------------------------------------------------------------------


async def test_a_store_that_is_away_is_waited_for_and_any_other_error_ends_the_loop(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "STORE_RETRY_S", 0.01)
    turns: list[Any] = [StoreUnavailable("down"), StoreUnavailable("down"), 1, 0, ValueError("a bug")]

    async def step() -> int:
        turn = turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return int(turn)

    health = Health(store, SteadyClock(), ("workers",))
    with pytest.raises(ValueError, match="a bug"):
        await asyncio.wait_for(loop.go_round("x", step, bell=Bell(), idle_s=0.01, health=health), 5)
    assert turns == []


async def test_a_lost_ring_delays_work_by_one_poll_at_most(store: Store) -> None:
    came = asyncio.Event()

    async def step() -> int:
        came.set()
        return 0

    health = Health(store, SteadyClock(), ("workers",))
    task = asyncio.create_task(loop.go_round("x", step, bell=Bell(), idle_s=0.05, health=health))
    await came.wait()
    came.clear()
    await asyncio.wait_for(came.wait(), 2)  # nobody rang
    task.cancel()
