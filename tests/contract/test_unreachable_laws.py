"""Callers nobody could reach, on both engines: in sight, tried again, back at a sign of them (law 8)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, true, update

from intake.contact import Contact, ContactId, ContactState, DeliveryState, MessageKind, Priority
from intake.errors import Refused, StaleClaim
from intake.incident import TransferState
from intake.location import CallerLocation, LocationSource
from intake.log_events import LogEventName
from intake.store import (
    claims,
    contacts,
    handling,
    location_links,
    log,
    merging,
    offers,
    queue,
    replies,
    tables,
    triage,
    unreachable,
    upkeep,
)
from intake.store.claims import Claim
from intake.store.location_links import LinkMode, Mark
from intake.store.store import Store
from tests.callers import at, contact, phone, queue_of, report_on, write_in
from tests.desk import new_id

LEASE_S, REVIEW_S, SILENCE_S = 15.0, 900.0, 4 * 3600.0
LEEDS = CallerLocation(latitude=53.8, longitude=-1.55, uncertainty_m=60, source=LocationSource.DEVICE)


async def take(store: Store, one: ContactId, handler: str = "ada", seconds: float = 10) -> Contact:
    return await store.run(lambda conn: claims.claim(conn, at(seconds), one, handler, LEASE_S))


async def signs(store: Store, one: ContactId) -> int:
    return await store.read(lambda conn: unreachable.signs_of(conn, one))


async def mark(store: Store, held: Claim, seen: int, seconds: float = 20) -> None:
    await store.run(
        lambda conn: unreachable.mark(
            conn, at(seconds), held, "written twice, called once", seen, review_s=REVIEW_S
        )
    )


async def marked(store: Store, one: ContactId, priority: int = 1, seconds: float = 20) -> None:
    """Taken, and left because the caller could not be reached."""
    held = Claim.of(await take(store, one))
    await put(store, one, priority=priority)
    await mark(store, held, await signs(store, one), seconds)


async def put(store: Store, one: ContactId, **values: Any) -> None:
    table = tables.contacts
    await store.run(lambda conn: conn.execute(update(table).where(table.c.id == one).values(**values)))


async def bring_back(store: Store, seconds: float = 60) -> int:
    """As the house-keeping does."""
    heard = await store.read(unreachable.heard_of)
    return await store.run(lambda conn: unreachable.bring_back(conn, at(seconds), heard))


async def close_silent(store: Store, seconds: float) -> int:
    before = at(seconds) - timedelta(seconds=SILENCE_S)
    return await store.run(lambda conn: unreachable.close_silent(conn, at(seconds), before))


async def next_for(store: Store, handler: str, seconds: float) -> ContactId | None:
    taken = await store.run(lambda conn: claims.claim_next(conn, at(seconds), handler, LEASE_S, open_limit=9))
    return taken.id if taken else None


async def reply_to(store: Store, one: ContactId, reference: str) -> None:
    """A reply of ours that a provider has taken."""

    def work(conn: Connection) -> None:
        reply_id = replies.queue_reply(conn, at(11), one, "ada", "Are you safe?", new_id)
        replies.reply_sent(conn, at(12), reply_id, reference)

    await store.run(work)


async def link_to(store: Store, one: ContactId) -> location_links.Link:
    def work(conn: Connection) -> None:
        fields: dict[str, Any] = {"mode": LinkMode.ONCE, "language": "en", "author": "ada", "reply_id": ""}
        location_links.add(
            conn, at(11), link_id=new_id(), contact_id=one, code_digest="d" * 64, lifetime_s=9e4, **fields
        )

    await store.run(work)
    found = await store.read(lambda conn: location_links.find(conn, "d" * 64))
    assert found is not None
    return found


async def phone_tells(store: Store, one: ContactId, caller: Any) -> None:
    """A fix of the phone's own, which triage gives to its contact."""
    told = await write_in(store, caller, text="", kind=MessageKind.PLACE, locations=(LEEDS,))
    assert told == ""  # a place opens nothing

    def work(conn: Connection) -> None:
        (item,) = [found for found in triage.untriaged(conn, 50) if found.contact_id is None]
        fields: Any = {"contact_id": one, "message_id": item.id, "caller": caller, "actor": "message:sms"}
        triage.add_locations(conn, at(31), [LEEDS], new_id=new_id, **fields)

    await store.run(work)


# -- the mark ---------------------------------------------------------------------------------------


async def test_a_marked_contact_leaves_the_hands_and_keeps_its_place(store: Store) -> None:
    first, second, third = await queue_of(store, 3)
    held = Claim.of(await take(store, second))
    await mark(store, held, await signs(store, second))
    left = await contact(store, second)
    assert (left.state, left.claimed_by, left.queued_at) == (ContactState.STALE, "", at(1))
    assert (left.unreachable_since, left.unreachable_reason) == (at(20), "written twice, called once")
    page = await store.read(lambda conn: queue.list_queue(conn, at(30)))
    assert [one.id for one in page.contacts] == [first, second, third]
    events = await store.read(lambda conn: log.of_contact(conn, second))
    assert (events[-1].name, events[-1].actor, events[-1].data["state"]) == (
        LogEventName.CONTACT_STATE,
        "ada",
        "stale",
    )
    # It counts against nobody's cap any more, and F2 gives out what waits.
    assert await next_for(store, "ada", 30) == first
    assert await next_for(store, "ada", 30) == third
    assert await next_for(store, "ada", 30) is None


async def test_any_marked_contact_can_be_taken_and_is_open_then(store: Store) -> None:
    one = await write_in(store, phone(1))
    await marked(store, one, priority=3)
    taken = await take(store, one, "bea", 30)
    assert (taken.state, taken.claimed_by, taken.unreachable_since) == (ContactState.OPEN, "bea", None)
    with pytest.raises(StaleClaim, match="bea"):
        await take(store, one, "ada", 31)


async def test_a_supervisor_may_move_one_to_a_desk(store: Store) -> None:
    one = await write_in(store, phone(1))
    await marked(store, one)
    moved = await store.run(lambda conn: offers.move(conn, at(30), one, "bea", "sue", LEASE_S))
    assert (moved.state, moved.claimed_by, moved.unreachable_since) == (ContactState.OPEN, "bea", None)


async def test_only_who_has_it_may_mark_it(store: Store) -> None:
    one = await write_in(store, phone(1))
    held = Claim.of(await take(store, one))
    seen = await signs(store, one)
    with pytest.raises(StaleClaim):
        await mark(store, Claim(one, "bea", held.attempts), seen)
    await take(store, one, "bea", 60)  # the lease is over: another has it
    with pytest.raises(StaleClaim, match="bea"):
        await mark(store, held, seen, 61)
    assert (await contact(store, one)).state is ContactState.OPEN


def sent(one: ContactId, state: TransferState) -> dict[str, Any]:
    """A transfer of a contact."""
    same = dict.fromkeys(("first_room_id", "room_id"), "room-1")
    empty = dict.fromkeys(("room_reference", "reason", "created_by"), "")
    ids = {name: new_id() for name in ("id", "incident_id", "decision_id")}
    times = dict.fromkeys(("created_at", "next_attempt_at"), at(15))
    more = {"service": "urn:service:sos.police", "kind": "creation", "attempts": 1, "sequence": 1}
    return {**same, **empty, **ids, **times, **more, "contact_id": one, "state": state.value, "document": b""}


@pytest.mark.parametrize("state", list(TransferState))
async def test_what_a_room_has_or_considers_is_not_left_so(store: Store, state: TransferState) -> None:
    one = await write_in(store, phone(1))
    held = Claim.of(await take(store, one))
    await store.run(lambda conn: conn.execute(tables.transfers.insert().values(**sent(one, state))))
    seen = await signs(store, one)
    if state in (TransferState.REJECTED, TransferState.HELD):
        await mark(store, held, seen)
        assert (await contact(store, one)).state is ContactState.STALE
    else:
        with pytest.raises(Refused, match="room-1"):
            await mark(store, held, seen)


async def test_handed_over_or_waiting_again_it_cannot_be_marked(store: Store) -> None:
    one = await write_in(store, phone(1))
    held = Claim.of(await take(store, one))
    seen = await signs(store, one)
    for state, words in ((ContactState.SENDING, "handed over"), (ContactState.WAITING, "heard of")):
        await put(store, one, state=state.value)
        with pytest.raises(Refused, match=words):
            await mark(store, held, seen)


# -- words come before the mark, or after it ----------------------------------------------------------


async def test_words_nobody_has_seen_are_never_hidden_by_a_mark(store: Store) -> None:
    one = await write_in(store, phone(1))
    held = Claim.of(await take(store, one))
    seen = await signs(store, one)
    await write_in(store, phone(1), "I am still here", seconds=15)
    with pytest.raises(Refused, match="not seen"):
        await mark(store, held, seen)
    assert (await contact(store, one)).state is ContactState.OPEN
    await mark(store, held, await signs(store, one))


async def test_a_message_after_the_mark_brings_it_back_to_its_place(store: Store) -> None:
    first, one, _ = await queue_of(store, 3)
    await marked(store, one)
    await write_in(store, phone(1), "hello?", seconds=40)
    back = await contact(store, one)
    assert (back.state, back.queued_at, back.priority) == (ContactState.WAITING, at(1), Priority.IMMEDIATE)
    now = back.next_attempt_at  # the way in has a clock of its own
    assert queue.waiting_since(back) == now
    assert queue.waiting_since(await contact(store, first)) == at(0)
    page = await store.read(lambda conn: queue.list_queue(conn, now, where=queue.QueueFilter(claimable=True)))
    assert page.contacts[0].id == one  # priority 1, the others are 2
    events = await store.read(lambda conn: log.of_contact(conn, one))
    assert [event.data["state"] for event in events if "state" in event.data] == ["open", "stale", "waiting"]


async def test_an_answering_machine_is_no_sign_of_life(store: Store) -> None:
    one = await write_in(store, phone(1))
    await marked(store, one)
    await write_in(store, phone(1), "I am away until Monday", automatic=True)
    assert (await contact(store, one)).state is ContactState.STALE


async def test_marking_and_a_message_race_and_the_message_is_always_seen(store: Store) -> None:
    """Both begin at once, twenty times; whichever is first, the words wait for a person."""
    for number in range(20):
        one = await write_in(store, phone(number))
        held = Claim.of(await take(store, one, f"h{number}"))
        seen = await signs(store, one)
        results = await asyncio.gather(
            mark(store, held, seen), write_in(store, phone(number), "wait"), return_exceptions=True
        )
        left = await contact(store, one)
        if isinstance(results[0], Refused):
            assert left.state is ContactState.OPEN  # with the handler, who sees the words come
        else:
            assert (results[0], left.state) == (None, ContactState.WAITING)


async def test_a_mark_that_looked_before_the_message_waits_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark holds the contact when the words come: they are stored after it and bring it back."""
    one = await write_in(store, phone(1))
    held = Claim.of(await take(store, one))
    seen = await signs(store, one)
    looked, go_on = threading.Event(), threading.Event()
    real = unreachable.signs_of

    def slow(conn: Connection, contact_id: ContactId) -> int:
        found = real(conn, contact_id)
        looked.set()
        assert go_on.wait(30)
        return found

    monkeypatch.setattr(unreachable, "signs_of", slow)
    marking = asyncio.ensure_future(mark(store, held, seen))
    assert await asyncio.to_thread(looked.wait, 30)
    writing = asyncio.ensure_future(write_in(store, phone(1), "I am here"))
    await asyncio.sleep(0.1)  # it may begin; it cannot end before the mark has
    assert not writing.done()
    go_on.set()
    await marking
    await writing
    assert (await contact(store, one)).state is ContactState.WAITING


async def test_without_the_look_under_the_lock_words_would_be_hidden(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a mark that asks nobody about signs hides what was just said."""
    one = await write_in(store, phone(1))
    held = Claim.of(await take(store, one))
    seen = await signs(store, one)
    await write_in(store, phone(1), "I am still here", seconds=15)
    monkeypatch.setattr(unreachable, "signs_of", lambda _conn, _id: seen)
    await mark(store, held, seen)
    assert (await contact(store, one)).state is ContactState.STALE


# -- other signs --------------------------------------------------------------------------------------


async def test_nothing_comes_back_without_a_sign(store: Store) -> None:
    one = await write_in(store, phone(1))
    await reply_to(store, one, "SM1")
    link = await link_to(store, one)
    await report_on(store, "SM1", DeliveryState.DELIVERED)
    await store.run(lambda conn: location_links.note(conn, at(12), link, Mark.OPENED))
    await marked(store, one)  # all of it was known
    await store.run(lambda conn: location_links.note(conn, at(30), link, Mark.OPENED))
    await report_on(store, "SM1", DeliveryState.DELIVERED)
    await report_on(store, "SM1", DeliveryState.FAILED)
    assert await bring_back(store) == 0


async def _opened(store: Store, one: ContactId) -> None:
    link = await store.read(lambda conn: location_links.find(conn, "d" * 64))
    assert link is not None
    await store.run(lambda conn: location_links.note(conn, at(30), link, Mark.OPENED))


async def _granted(store: Store, one: ContactId) -> None:
    link = await store.read(lambda conn: location_links.find(conn, "d" * 64))
    assert link is not None
    await store.run(lambda conn: location_links.note(conn, at(30), link, Mark.GRANTED))


async def _delivered(store: Store, one: ContactId) -> None:
    await report_on(store, "SM1", DeliveryState.DELIVERED)


async def _read(store: Store, one: ContactId) -> None:
    await report_on(store, "SM1", DeliveryState.READ)


async def _fix(store: Store, one: ContactId) -> None:
    await phone_tells(store, one, phone(1))


SIGNS: dict[str, tuple[Callable[..., Any], str]] = {
    "a link opened": (_opened, "location link"),
    "a link granted": (_granted, "location link"),
    "a reply delivered": (_delivered, "arrived"),
    "a reply read": (_read, "arrived"),
    "a fix": (_fix, "phone"),
}


@pytest.mark.parametrize("sign", SIGNS)
async def test_every_other_sign_brings_it_back_to_its_place(store: Store, sign: str) -> None:
    comes, words = SIGNS[sign]
    _, one = await queue_of(store, 2)
    await reply_to(store, one, "SM1")
    await link_to(store, one)
    await marked(store, one)
    await comes(store, one)
    assert await bring_back(store, 60) == 1
    back = await contact(store, one)
    assert (back.state, back.queued_at, back.next_attempt_at) == (ContactState.WAITING, at(1), at(60))
    last = (await store.read(lambda conn: log.of_contact(conn, one)))[-1]
    assert words in last.data["reason"]
    assert await bring_back(store, 61) == 0


async def test_a_merged_contacts_signs_and_words_count_for_the_kept_one(store: Store) -> None:
    part, kept = await queue_of(store, 2)
    await reply_to(store, part, "SM1")
    fence = (await contact(store, part)).attempts
    await store.run(
        lambda conn: merging.merge(
            conn, at(15), Claim(part, "ada", fence), kept, "one caller", new_id, lambda _places, _now: None
        )
    )
    await marked(store, kept)
    await report_on(store, "SM1", DeliveryState.READ)
    assert await bring_back(store) == 1
    await marked(store, kept, seconds=70)
    await write_in(store, phone(0), "by the other way")
    assert (await contact(store, kept)).state is ContactState.WAITING


async def test_a_merge_into_an_unreachable_contact_shows_it_to_people(store: Store) -> None:
    one, kept = await queue_of(store, 2)
    await marked(store, kept)
    fence = (await contact(store, one)).attempts
    await store.run(
        lambda conn: merging.merge(
            conn, at(30), Claim(one, "ada", fence), kept, "one caller", new_id, lambda _places, _now: None
        )
    )
    assert (await contact(store, kept)).state is ContactState.WAITING


async def test_a_failed_reply_is_no_sign(store: Store) -> None:
    one = await write_in(store, phone(1))
    await reply_to(store, one, "SM1")
    await marked(store, one)
    await report_on(store, "SM1", DeliveryState.FAILED, "30003")
    assert await store.run(lambda conn: replies.settle_failures(conn, at(40))) == 1
    assert (await contact(store, one)).state is ContactState.STALE
    assert await bring_back(store) == 0


# -- never unseen -------------------------------------------------------------------------------------


@pytest.mark.parametrize("priority", [1, 2, 3])
async def test_somebody_tries_again_at_priority_1_and_2(store: Store, priority: int) -> None:
    one = await write_in(store, phone(1))
    await marked(store, one, priority)
    assert await next_for(store, "bea", 20 + REVIEW_S - 1) is None
    figures = await store.read(lambda conn: upkeep.figures(conn, at(20 + REVIEW_S + 30), (10, 60)))
    assert figures.by_state["stale"] == 1
    if priority == 3:
        assert figures.waiting_longer == {10: 0, 60: 0}
        assert await next_for(store, "bea", 20 + REVIEW_S + 1) is None
        return
    assert figures.waiting_longer == {10: 1, 60: 0}  # from the moment it came back
    assert await next_for(store, "bea", 20 + REVIEW_S + 1) == one


async def test_a_raised_priority_ends_the_rest(store: Store) -> None:
    one = await write_in(store, phone(1))
    await marked(store, one, 3)
    later = 20 + REVIEW_S + 1
    await store.run(
        lambda conn: handling.raise_priority(conn, at(later), one, "sue", Priority.URGENT, "the address")
    )
    assert await next_for(store, "bea", later) == one


async def test_only_routine_ones_are_closed_by_themselves_and_late(store: Store) -> None:
    ids = await queue_of(store, 3)
    for priority, one in enumerate(ids, 1):
        await marked(store, one, priority)
    assert await close_silent(store, 20 + SILENCE_S - 1) == 0
    assert await close_silent(store, 20 + SILENCE_S + 1) == 1
    assert await close_silent(store, 20 + 100 * SILENCE_S) == 0
    assert [(await contact(store, one)).state.value for one in ids] == ["stale", "stale", "closed"]
    moments = await store.read(lambda conn: contacts.moments(conn, ids[2]))
    assert (moments.closed_reason, moments.closed_at) == ("unreachable", at(20 + SILENCE_S + 1))
    assert await write_in(store, phone(2), "again", seconds=20 + SILENCE_S + 9) != ids[2]


async def test_without_the_condition_an_urgent_one_would_be_closed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control for the test above."""
    one = await write_in(store, phone(1))
    await marked(store, one, 1)
    monkeypatch.setattr(unreachable, "ROUTINE", true())
    assert await close_silent(store, 20 + SILENCE_S + 1) == 1


async def test_a_sign_nobody_has_looked_at_keeps_it_from_being_closed(store: Store) -> None:
    one = await write_in(store, phone(1))
    await reply_to(store, one, "SM1")
    await marked(store, one, 3)
    await report_on(store, "SM1", DeliveryState.DELIVERED)
    assert await close_silent(store, 20 + SILENCE_S + 1) == 0
    assert (await contact(store, one)).state is ContactState.WAITING


async def test_supervisors_see_how_many_and_since_when(store: Store) -> None:
    assert await store.read(unreachable.standing) == unreachable.Unreachable(count=0, oldest_since=None)
    for seconds, one in zip((30, 20), await queue_of(store, 2), strict=True):
        await marked(store, one, seconds=seconds)
    assert await store.read(unreachable.standing) == unreachable.Unreachable(count=2, oldest_since=at(20))
