"""Replies go out at least once, each channel by itself; who cannot be reached comes back into sight
(laws 8, 11, 12)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from intake.contact import ChannelKind, ContactId, ContactState, RawMessage, Reply
from intake.control_room import Service
from intake.errors import ReplyFailed, StoreUnavailable
from intake.ports import Door
from intake.store import claims, queue, replies, tables
from intake.store.claims import Claim
from intake.workers import replying
from intake.workers.replying import AT_ONE_CHANNEL, Replying
from tests.behind_doors import Behind, eventually, new_id
from tests.callers import at, phone, queue_of, write_in

SMS, APP = ChannelKind("sms"), ChannelKind("app")


class Provider:
    """A channel whose provider takes, refuses or hangs on order."""

    def __init__(self, kind: str):
        self.kind = ChannelKind(kind)
        self.taken: list[Reply] = []
        self.failure: Exception | None = None
        self.hangs = self.hanging = 0
        self.let_go = asyncio.Event()

    async def reply(self, reply: Reply) -> str:
        if self.hangs:
            self.hangs -= 1
            self.hanging += 1
            await self.let_go.wait()
        if self.failure:
            raise self.failure
        self.taken.append(reply)
        return f"ref-{len(self.taken)}"

    def doors(self) -> Sequence[Door]:
        return ()

    async def sweep(self, since: datetime) -> AsyncIterator[RawMessage]:
        return
        yield

    async def close(self) -> None:
        self.let_go.set()


async def say(behind: Behind, contact: ContactId, text: str = "Where are you?", author: str = "ada") -> None:
    now = behind.clock.now()
    await behind.store.run(lambda conn: replies.queue_reply(conn, now, contact, author, text, new_id))


async def go(worker: Replying) -> None:
    """Until nothing is due at this moment of the clock."""
    while await worker.step() or any(worker._sending.values()):
        await asyncio.gather(*(task for tasks in worker._sending.values() for task in tasks))


async def states(behind: Behind) -> list[str]:
    return sorted(row.state for row in await behind.rows(tables.replies))


async def test_a_hanging_provider_delays_no_other_channel(behind: Behind) -> None:
    sms, app = Provider("sms"), Provider("app")
    sms.hangs = 3 * AT_ONE_CHANNEL
    worker = Replying(behind.store, [sms, app], behind.clock)
    for one in await queue_of(behind.store, AT_ONE_CHANNEL + 5):
        await say(behind, one)
    assert await worker.step() == AT_ONE_CHANNEL
    await eventually(lambda: is_so(sms.hanging == AT_ONE_CHANNEL))
    await say(behind, await behind.app_writes("a"))
    assert await worker.step() == 1  # the app's: no place is free for another text
    await eventually(lambda: is_so(len(app.taken) == 1))
    assert (len(sms.taken), sms.hanging) == (0, AT_ONE_CHANNEL)
    sms.let_go.set()
    await go(worker)
    assert len(sms.taken) == AT_ONE_CHANNEL + 5 and set(await states(behind)) == {"sent"}


async def is_so(truth: bool) -> bool:
    return truth


async def test_with_places_shared_by_all_channels_the_app_would_have_waited(behind: Behind) -> None:
    """Negative control: one set of places for every channel."""
    sms, app = Provider("sms"), Provider("app")
    sms.hangs = AT_ONE_CHANNEL
    worker = Replying(behind.store, [sms, app], behind.clock)
    everywhere = worker._sending["one set of places"]
    worker._sending.default_factory = lambda: everywhere
    for one in await queue_of(behind.store, AT_ONE_CHANNEL):
        await say(behind, one)
    await worker.step()
    await say(behind, await behind.app_writes("a"))
    assert await worker.step() == 0 and app.taken == []
    sms.let_go.set()
    await worker.close()


async def test_a_sender_that_dies_has_its_replies_sent_again(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replying, "CLOSING_S", 0.05)
    (one,) = await queue_of(behind.store, 1)
    await say(behind, one)
    sms = Provider("sms")
    sms.hangs = 1
    dying, next_one = (Replying(behind.store, [sms], behind.clock) for _ in range(2))
    await dying.step()
    await dying.close()
    await go(next_one)
    assert sms.taken == []  # its lease has not run out
    behind.clock.seconds += replying.LEASE_S
    await go(next_one)
    (reply,) = sms.taken
    (row,) = await behind.rows(tables.replies)
    assert (row.id, row.attempts, row.state, row.provider_ref) == (reply.id, 2, "sent", "ref-1")


async def test_a_stop_lets_out_what_is_nearly_out(behind: Behind) -> None:
    (one,) = await queue_of(behind.store, 1)
    await say(behind, one)
    sms = Provider("sms")
    sms.hangs = 1
    worker = Replying(behind.store, [sms], behind.clock)
    await worker.step()
    asyncio.get_running_loop().call_later(0.1, sms.let_go.set)
    await worker.close()
    assert len(sms.taken) == 1 and await states(behind) == ["sent"]


async def test_two_workers_send_each_reply_once(behind: Behind) -> None:
    for one in await queue_of(behind.store, 30):
        await say(behind, one)
    sms = Provider("sms")
    workers = [Replying(behind.store, [sms], behind.clock) for _ in range(2)]
    await asyncio.gather(*(go(worker) for worker in workers))
    assert len(sms.taken) == len({reply.id for reply in sms.taken}) == 30


async def test_trouble_is_tried_again_and_a_refusal_is_shown_to_a_person(behind: Behind) -> None:
    (one, other) = await queue_of(behind.store, 2)
    behind.clock.seconds = 5
    await behind.person_sends(one, [Service.FIRE], "fire-kent")
    await say(behind, one)
    sms = Provider("sms")
    worker = Replying(behind.store, [sms], behind.clock)
    for failure in (ReplyFailed("no answer"), RuntimeError("a bug in the adapter"), TimeoutError()):
        sms.failure = failure
        await go(worker)
        assert await states(behind) == ["queued"]
        assert (await behind.contact(one)).state is ContactState.SENDING
        behind.clock.seconds += 400
    sms.failure = ReplyFailed("opted out", permanent=True, provider_code="21610")
    await go(worker)
    (row,) = await behind.rows(tables.replies)
    assert (row.state, row.attempts, row.provider_code) == ("failed", 4, "21610")
    seen = await behind.contact(one)
    assert (seen.state, seen.claimed_by) == (ContactState.WAITING, "")
    now = behind.clock.now()
    page = await behind.store.read(
        lambda conn: queue.list_queue(conn, now, where=queue.QueueFilter(claimable=True))
    )
    assert {row.id for row in page.contacts} == {one, other}


async def test_a_held_contact_whose_reply_fails_is_back_in_its_original_place(behind: Behind) -> None:
    first, second = await queue_of(behind.store, 2)

    def hold(conn: Any) -> None:
        mine = Claim.of(claims.claim(conn, at(5), first, "ada", 60))
        claims.hold(conn, at(6), mine, at(3_000), "asked to wait")

    await behind.store.run(hold)
    behind.clock.seconds = 10
    await say(behind, first)
    sms = Provider("sms")
    sms.failure = ReplyFailed("gone", permanent=True)
    await go(Replying(behind.store, [sms], behind.clock))
    page = await behind.store.read(
        lambda conn: queue.list_queue(conn, at(11), where=queue.QueueFilter(claimable=True))
    )
    assert [(row.id, row.queued_at) for row in page.contacts] == [(first, at(0)), (second, at(1))]


async def test_a_channel_that_is_not_open_is_told_to_a_person_and_not_waited_for(behind: Behind) -> None:
    one = await write_in(behind.store, phone(1))
    behind.clock.seconds = 5
    await behind.person_sends(one, [Service.FIRE], "fire-kent")
    await say(behind, one)
    await go(Replying(behind.store, [Provider("app")], behind.clock))
    (row,) = await behind.rows(tables.replies)
    assert (row.state, row.reason) == ("failed", "the channel sms is not open in this installation")
    assert (await behind.contact(one)).state is ContactState.WAITING


async def test_a_store_that_is_away_after_sending_costs_a_repeat_at_most(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = await queue_of(behind.store, 1)
    await say(behind, one)
    sms = Provider("sms")
    sms.hangs = 1
    worker = Replying(behind.store, [sms], behind.clock)
    await worker.step()

    async def away(_work: Any) -> Any:
        raise StoreUnavailable("down")

    with monkeypatch.context() as patched:
        patched.setattr(behind.store, "run", away)
        sms.let_go.set()
        await asyncio.gather(*worker._sending["sms"], return_exceptions=True)
    assert await states(behind) == ["queued"]
    behind.clock.seconds += replying.LEASE_S
    await go(worker)
    assert await states(behind) == ["sent"]
    assert len({reply.id for reply in sms.taken}) == 1  # the id is the provider's idempotency key


async def test_replies_of_one_contact_keep_their_order(behind: Behind) -> None:
    (one,) = await queue_of(behind.store, 1)
    for text in ("one", "two", "three"):
        await say(behind, one, text)
    sms = Provider("sms")
    worker = Replying(behind.store, [sms], behind.clock)
    sms.failure = ReplyFailed("busy")
    await go(worker)
    sms.failure = None
    behind.clock.seconds += 10
    await go(worker)
    assert [reply.text for reply in sms.taken] == ["one", "two", "three"]
