"""The outbox to callers, on both engines: at least once, in order, and told the truth."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uuid_utils
from sqlalchemy import select

from intake.contact import CallerUri, ContactId, ContactState, DeliveryState
from intake.errors import Refused, StaleClaim
from intake.store import caller_view, claims, contacts, handling, replies, tables
from intake.store.claims import Claim
from intake.store.replies import DueReply
from intake.store.store import Store
from tests.callers import SMS, at, contact, phone, queue_of, report_on, write_in


def new_id() -> str:
    return str(uuid_utils.uuid7())


async def say(store: Store, to: ContactId, text: str, *, author: str = "ada", seconds: float = 10) -> str:
    return await store.run(lambda conn: replies.queue_reply(conn, at(seconds), to, author, text, new_id))


async def due(store: Store, seconds: float, limit: int = 50) -> list[DueReply]:
    return await store.run(lambda conn: replies.claim_due_replies(conn, at(seconds), limit, lease_s=20))


async def sent(store: Store, one: DueReply, ref: str, seconds: float = 11) -> DeliveryState:
    return await store.run(lambda conn: replies.reply_sent(conn, at(seconds), one.reply.id, ref))


async def row(store: Store, reply_id: str) -> Any:
    query = select(tables.replies).where(tables.replies.c.id == reply_id)
    return await store.read(lambda conn: conn.execute(query).one())


async def closed(store: Store, contact_id: ContactId) -> None:
    """Somebody has dealt with it and closed it, at noon and twenty seconds."""

    def work(conn: Any) -> None:
        taken = claims.claim(conn, at(20), contact_id, "bea", 15)
        handling.close(conn, at(20), Claim.of(taken), "resolved")

    await store.run(work)


async def test_a_reply_goes_to_where_the_callers_last_message_came_from(store: Store) -> None:
    one = await write_in(store, phone(1), "help", provider_id="SM1")
    await write_in(store, phone(1), "hurry", provider_id="SM2", seconds=1)
    reply_id = await say(store, one, "Where are you?")
    (got,) = await due(store, 10)
    assert (got.reply.id, got.reply.text, got.attempts) == (reply_id, "Where are you?", 1)
    assert (got.reply.channel, got.reply.caller, got.reply.reply_to) == (SMS, phone(1), "+441632960000")
    assert (got.reply.in_reply_to, got.reply.automatic) == ("SM2", False)


async def test_at_least_once_a_crash_while_sending_has_already_scheduled_the_repeat(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    await say(store, one, "Stay where you are.")
    (first,) = await due(store, 10)
    assert await due(store, 29.9) == []  # being sent
    (second,) = await due(store, 30)  # the sender died: nobody swept
    assert (second.reply, second.attempts) == (first.reply, 2)  # the same id is the idempotency key
    with pytest.raises(StaleClaim):
        await store.run(
            lambda conn: replies.reply_failed(conn, at(31), first, permanent=False, retry_at=at(99))
        )
    assert await sent(store, second, "ref", 31) is DeliveryState.SENT
    assert await due(store, 1000) == []


async def test_two_senders_never_take_the_same_reply(store: Store) -> None:
    for one in await queue_of(store, 20):
        await say(store, one, "We have your message.")
    taken = await asyncio.gather(*(due(store, 10, limit=5) for _ in range(6)))
    ids = [one.reply.id for batch in taken for one in batch]
    assert len(ids) == len(set(ids)) == 20


async def test_one_contacts_replies_go_in_order_and_a_stuck_one_delays_only_its_own(store: Store) -> None:
    one, other = await queue_of(store, 2)
    for text in ("first", "second"):
        await say(store, one, text)
    await say(store, other, "other")
    batch = {due_reply.reply.text: due_reply for due_reply in await due(store, 10)}
    assert set(batch) == {"first", "other"}

    def later(conn: Any) -> None:
        replies.reply_failed(conn, at(11), batch["first"], permanent=False, retry_at=at(60), reason="busy")

    await store.run(later)
    await sent(store, batch["other"], "r2")
    assert await due(store, 59) == []
    (again,) = await due(store, 60)
    assert (again.reply.text, again.attempts) == ("first", 2)
    await sent(store, again, "r1", 61)
    assert [one.reply.text for one in await due(store, 61)] == ["second"]


@pytest.mark.parametrize(
    ("reports", "state"),
    [
        ([DeliveryState.QUEUED], DeliveryState.SENT),
        ([DeliveryState.DELIVERED], DeliveryState.DELIVERED),
        ([DeliveryState.READ, DeliveryState.DELIVERED], DeliveryState.READ),
        ([DeliveryState.DELIVERED, DeliveryState.SENT], DeliveryState.DELIVERED),
        ([DeliveryState.FAILED], DeliveryState.FAILED),
    ],
)
@pytest.mark.parametrize("overtaking", [True, False])
async def test_reports_move_a_reply_forward_whenever_they_come(
    store: Store, reports: list[DeliveryState], state: DeliveryState, overtaking: bool
) -> None:
    (one,) = await queue_of(store, 1)
    reply_id = await say(store, one, "Help is coming.")
    (got,) = await due(store, 10)
    if not overtaking:
        await sent(store, got, "SM9")
    for report in reports:
        await report_on(store, "SM9", report, "30003")
    if overtaking:
        assert await sent(store, got, "SM9") is state
    assert (await row(store, reply_id)).state == state.value
    assert await due(store, 10_000) == []  # a late "queued" does not send it again


async def test_a_report_and_our_own_record_never_pass_each_other(store: Store) -> None:
    for number, one in enumerate(await queue_of(store, 25)):
        await say(store, one, "Help is coming.")
        (got,) = await due(store, 10)
        await asyncio.gather(
            sent(store, got, f"SM{number}"), report_on(store, f"SM{number}", DeliveryState.DELIVERED)
        )
        assert (await row(store, got.reply.id)).state == DeliveryState.DELIVERED.value


async def test_a_reply_that_cannot_be_delivered_brings_the_contact_back_into_sight(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    reply_id = await say(store, one, "Where are you?")
    (got,) = await due(store, 10)
    await closed(store, one)

    def give_up(conn: Any) -> None:
        replies.reply_failed(
            conn, at(30), got, permanent=True, retry_at=at(30), code="21610", reason="opted out"
        )

    await store.run(give_up)
    kept = await row(store, reply_id)
    assert (kept.state, kept.provider_code, kept.reason) == ("failed", "21610", "opted out")
    back = await contact(store, one)
    assert (back.state, back.queued_at, back.claimed_by) == (ContactState.WAITING, at(30), "")


async def test_a_failure_reported_later_brings_the_contact_back_once(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    await say(store, one, "Where are you?")
    (got,) = await due(store, 10)
    await sent(store, got, "SM1")
    await closed(store, one)
    await report_on(store, "SM1", DeliveryState.FAILED, "30005")
    assert await store.run(lambda conn: replies.settle_failures(conn, at(40))) == 1
    assert (await contact(store, one)).state is ContactState.WAITING
    assert "30005" in (await row(store, got.reply.id)).reason
    assert await store.run(lambda conn: replies.settle_failures(conn, at(41))) == 0


async def test_a_failed_reply_leaves_an_open_contact_with_its_handler(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    await store.run(lambda conn: claims.claim(conn, at(5), one, "ada", 60))
    await say(store, one, "Where are you?")
    (got,) = await due(store, 10)
    await store.run(lambda conn: replies.reply_failed(conn, at(11), got, permanent=True, retry_at=at(11)))
    assert (await contact(store, one)).claimed_by == "ada"


async def test_only_a_persons_words_are_an_answer(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    await say(store, one, "A machine has this.", author="automatic:received", seconds=3)
    assert (await store.read(lambda conn: contacts.moments(conn, one))).first_reply_at is None
    await say(store, one, "I am Ada.", seconds=8)
    await say(store, one, "Are you hurt?", seconds=9)
    assert (await store.read(lambda conn: contacts.moments(conn, one))).first_reply_at == at(8)
    news = await store.read(lambda conn: caller_view.news(conn, phone(0), ""))
    assert [(n.text, n.automatic) for n in news.replies] == [
        ("A machine has this.", True),
        ("I am Ada.", False),
        ("Are you hurt?", False),
    ]
    rest = await store.read(lambda conn: caller_view.news(conn, phone(0), news.replies[1].id))
    assert [n.text for n in rest.replies] == ["Are you hurt?"]


async def test_nobody_can_be_answered_where_nobody_said_who_they_are(store: Store) -> None:
    one = await write_in(store, CallerUri("unknown:sms:abc"), "help")
    with pytest.raises(Refused, match="did not say who"):
        await say(store, one, "Hello?")
