"""The outbox to the rooms, on both engines: what commits together, what repeats, whose word counts
(laws 8, 10, 11)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, update

from intake.contact import ContactId, ContactState
from intake.control_room import RoomId, Service
from intake.errors import NotFound, StaleClaim
from intake.incident import Confirmation, Methane, Transfer, TransferId, TransferKind, TransferState, Verdict
from intake.log_events import LogEventName
from intake.routing.decision import DecisionInputs
from intake.store import (
    caller_view,
    claims,
    decisions,
    handling,
    joining,
    queue,
    room_words,
    tables,
    transfers,
    unclaimed,
    upkeep,
)
from intake.store import triage as triage_table
from intake.store.claims import Claim
from intake.store.store import Store
from tests.behind_doors import LEEDS, Behind, new_id
from tests.callers import at, phone, queue_of, write_in
from tests.plans import plan_of

FIRE, POLICE = Service.FIRE, Service.POLICE
A, B, C = "fire-west-yorkshire", "fire-north-yorkshire", "fire-kent"
CONSIDERING, ACCEPTED, REJECTED = Verdict.CONSIDERING, Verdict.ACCEPTED, Verdict.REJECTED


@pytest.fixture
async def behind(store: Store) -> AsyncIterator[Behind]:
    made = Behind(store)
    made.clock.seconds = 10
    yield made
    await made.close()


async def waiting(behind: Behind, last_digits: int = 1) -> ContactId:
    return await write_in(behind.store, phone(last_digits), "smoke", seconds=last_digits)


async def sent(behind: Behind, last_digits: int = 1) -> tuple[ContactId, list[Transfer]]:
    contact = await waiting(behind, last_digits)
    await behind.person_sends(contact, [FIRE], A)
    return contact, await behind.transfers(contact)


async def offered(behind: Behind, one: Transfer) -> Transfer:
    """An attempt is on its way: the transfer as it was before it."""
    (now_,) = [t for t in await behind.transfers(one.contact_id) if t.id == one.id]
    again = behind.clock.now() + timedelta(seconds=30)
    await behind.store.run(
        lambda conn: transfers.start_attempt(conn, behind.clock.now(), now_, again, new_id)
    )
    return now_


async def moved_to_buddy(behind: Behind, one: Transfer, buddy: str = B) -> None:
    def move(conn: Connection) -> None:
        transfers.try_buddy(conn, behind.clock.now(), one, RoomId(buddy), lambda d: d + b" ", "no answer")

    await behind.store.run(move)


async def says(behind: Behind, one: Transfer, verdict: Verdict, room: str = A, reason: str = "") -> Any:
    said = Confirmation(transfer_id=one.id, room_id=RoomId(room), verdict=verdict, reason=reason)
    ask_at = behind.clock.now() + timedelta(seconds=30)
    return await behind.store.run(lambda conn: room_words.apply(conn, behind.clock.now(), said, ask_at))


async def due(behind: Behind, room: str = A, limit: int = 10) -> list[TransferId]:
    found = await behind.store.run(lambda conn: transfers.due(conn, behind.clock.now(), room, limit))
    return [one.id for one in found]


async def state(behind: Behind, contact_id: ContactId) -> ContactState:
    return ContactState((await behind.contact(contact_id)).state)


async def put_state(behind: Behind, one: Transfer, state: TransferState) -> None:
    statement = update(tables.transfers).where(tables.transfers.c.id == one.id).values(state=state.value)
    await behind.store.run(lambda conn: conn.execute(statement).rowcount)


# -- law 10: together or not at all -----------------------------------------------------------------


def failing_at(store: Store, statement: str) -> Callable[[], None]:
    """Make the database refuse one kind of statement; returns what ends that."""

    def refuse(_conn: Any, _cursor: Any, sql: str, *_more: Any) -> None:
        if sql.startswith(statement):
            raise RuntimeError("refused by the test")

    event.listen(store._engine, "before_cursor_execute", refuse)
    return lambda: event.remove(store._engine, "before_cursor_execute", refuse)


async def handed_over(behind: Behind) -> dict[str, int]:
    """How many rows of each kind a hand-over has left."""
    events = await behind.rows(tables.log_events)
    told = {LogEventName.ROUTE.value: 0, LogEventName.TRANSFER.value: 0}
    for one in events:
        if one.name in told:
            told[one.name] += 1
    return {
        "decisions": len(await behind.rows(tables.decisions)),
        "incidents": len(await behind.rows(tables.incidents)),
        "transfers": len(await behind.rows(tables.transfers)),
        **told,
    }


@pytest.mark.parametrize(
    "statement", ["INSERT INTO transfers", "INSERT INTO decisions", "UPDATE contacts SET state"]
)
async def test_a_decision_its_transfer_and_its_log_event_commit_together(
    behind: Behind, statement: str
) -> None:
    contact = await waiting(behind)
    taken = await behind.store.run(lambda conn: claims.claim(conn, at(10), contact, "ada", 900))
    end = failing_at(behind.store, statement)
    with pytest.raises(RuntimeError):
        await behind.handover.send(contact, "ada", taken.attempts, [FIRE, POLICE], A)
    end()
    assert not any((await handed_over(behind)).values())
    kept = await behind.contact(contact)
    assert (kept.state, kept.incident_id, kept.claimed_by) == (ContactState.OPEN, "", "ada")
    await behind.handover.send(contact, "ada", taken.attempts, [FIRE], A)
    assert set((await handed_over(behind)).values()) == {1}


async def test_in_transactions_of_their_own_a_decision_would_be_left_alone(behind: Behind) -> None:
    """Negative control: the same failure, the decision committed by itself, and the check sees it."""
    contact = await waiting(behind)
    decision = behind.handover.decide(FIRE, None, A)

    def decide(conn: Connection) -> None:
        inputs = DecisionInputs(location=None, service=FIRE)
        more: dict[str, Any] = {"decided_by": "ada", "inputs": inputs, "location_id": None, "new_id": new_id}
        decisions.record(conn, at(10), contact, decision, **more)

    await behind.store.run(decide)
    counts = await handed_over(behind)
    assert (counts["decisions"], counts["transfers"]) == (1, 0)


async def test_a_relay_finds_a_row_that_a_slow_transaction_commits_late(behind: Behind) -> None:
    early_id = new_id()
    _, (late,) = await sent(behind)
    last_seen = late.id

    def slow(conn: Connection) -> None:  # began first, commits last: its id is the smaller one
        row = conn.execute(select(tables.transfers).where(tables.transfers.c.id == late.id)).one()
        values = {**row._mapping, "id": early_id, "sequence": 9, "state": "queued", "room_id": C}
        conn.execute(tables.transfers.insert().values(**values))

    await behind.store.run(slow)
    assert await due(behind, C) == [early_id]
    # Negative control: "id greater than the last one seen" would pass it over for ever.
    after = select(tables.transfers.c.id).where(tables.transfers.c.id > last_seen)
    assert early_id not in await behind.store.read(lambda conn: conn.execute(after).scalars().all())


# -- law 11: at least once, under one id, in order ---------------------------------------------------


async def test_who_crashes_while_dialling_has_already_written_the_repeat(behind: Behind) -> None:
    _, (first,) = await sent(behind)
    await offered(behind, first)
    assert await due(behind) == []  # under way until its time has passed
    behind.clock.seconds = 40
    assert await due(behind) == [first.id]
    again = await offered(behind, first)
    assert (again.id, again.document, again.attempts) == (first.id, first.document, 1)
    attempts = await behind.rows(tables.transfer_attempts)
    assert [(a.transfer_id, a.attempt, a.outcome) for a in attempts] == [(first.id, 1, ""), (first.id, 2, "")]


async def test_two_processes_never_start_the_same_attempt(behind: Behind) -> None:
    _, (one,) = await sent(behind)
    again_at = at(99)

    def start(conn: Connection) -> str:
        return transfers.start_attempt(conn, at(10), one, again_at, new_id)

    results = await asyncio.gather(*(behind.store.run(start) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, str) for one in results) == 1
    assert sum(isinstance(one, StaleClaim) for one in results) == 3


async def test_what_is_under_way_is_not_picked_up_again(behind: Behind) -> None:
    _, (one,) = await sent(behind)
    found = await behind.store.run(lambda conn: transfers.due(conn, at(10), A, 5, without={one.id}))
    assert found == []


async def test_the_end_of_a_stale_attempt_changes_nothing(behind: Behind) -> None:
    contact, (one,) = await sent(behind)
    stale = await offered(behind, one)
    behind.clock.seconds = 50
    await offered(behind, one)  # by another process: the first one hangs
    await behind.store.run(lambda conn: transfers.hold(conn, at(51), stale, "late"))
    await moved_to_buddy(behind, stale)
    await behind.store.run(lambda conn: transfers.reschedule(conn, stale, at(9999), "late"))
    (now_,) = await behind.transfers(contact)
    assert (now_.state, now_.room_id, now_.reason) == (TransferState.SENT, A, "")
    assert now_.next_attempt_at == at(80)


async def test_an_incidents_messages_go_in_order_and_a_finished_one_blocks_no_other(behind: Behind) -> None:
    contact, (first,) = await sent(behind)
    await behind.person_sends(contact, [FIRE], A)
    await behind.person_sends(contact, [FIRE], C)  # to another room: it waits for nobody
    second, other = (await behind.transfers(contact))[1:]
    assert [one.sequence for one in (first, second, other)] == [1, 2, 3]
    behind.clock.seconds = 11
    for state in TransferState:
        await put_state(behind, first, state)
        blocks = state in (TransferState.QUEUED, TransferState.SENT)
        assert (second.id in await due(behind)) is not blocks, state
        assert await due(behind, C) == [other.id]


async def test_what_waits_behind_a_message_goes_with_it_to_the_buddy(behind: Behind) -> None:
    contact, (first,) = await sent(behind)
    await behind.person_sends(contact, [FIRE], A)
    await moved_to_buddy(behind, await offered(behind, first))
    one, two = await behind.transfers(contact)
    assert [(t.room_id, t.first_room_id, t.document[-1:]) for t in (one, two)] == [(B, A, b" ")] * 2
    assert await due(behind, B) == [one.id]
    # What is said later follows it there, unless a person chose the room.
    where: dict[str, Any] = {"contact_id": contact, "message_id": None, "caller": phone(1), "actor": "ada"}
    place = lambda conn: triage_table.add_locations(conn, at(11), [LEEDS], new_id=new_id, **where)  # noqa: E731
    await behind.store.run(place)
    await behind.person_sends(contact, [FIRE])
    await behind.person_sends(contact, [FIRE], A)
    third, fourth = (await behind.transfers(contact))[2:]
    assert (third.room_id, third.first_room_id, third.kind) == (B, A, TransferKind.UPDATE)
    assert b"<OnBehalfOf>fire-west-yorkshire<" in third.document
    assert (fourth.room_id, fourth.first_room_id, fourth.kind) == (A, A, TransferKind.CREATION)


# -- whose word counts -------------------------------------------------------------------------------

WORDS = [
    # the first room alone: (moved on?, its state now, who speaks, what) -> (state, room, logged)
    (False, "sent", A, CONSIDERING, "delivered", A, False),
    (False, "sent", A, ACCEPTED, "accepted", A, False),
    (False, "delivered", A, REJECTED, "rejected", A, False),
    (False, "accepted", A, CONSIDERING, "accepted", A, True),
    (False, "accepted", A, REJECTED, "rejected", A, False),
    (False, "rejected", A, ACCEPTED, "rejected", A, True),
    (False, "held", A, CONSIDERING, "delivered", A, False),
    (False, "held", A, ACCEPTED, "accepted", A, False),
    # after it went on to the buddy: who accepts first has it
    (True, "queued", A, ACCEPTED, "accepted", A, False),
    (True, "sent", A, ACCEPTED, "accepted", A, False),
    (True, "delivered", A, ACCEPTED, "accepted", A, False),
    (True, "held", A, ACCEPTED, "accepted", A, False),
    (True, "accepted", A, ACCEPTED, "accepted", B, True),
    (True, "sent", B, ACCEPTED, "accepted", B, False),
    # a room that no longer holds it may say what it likes
    (True, "sent", A, CONSIDERING, "sent", B, True),
    (True, "delivered", A, CONSIDERING, "delivered", B, True),
    (True, "sent", A, REJECTED, "sent", B, True),
    (True, "delivered", A, REJECTED, "delivered", B, True),
    (True, "accepted", A, REJECTED, "accepted", B, True),
]


async def test_whose_word_counts(behind: Behind) -> None:
    for number, (moved, before, room, verdict, after, holder, logged) in enumerate(WORDS):
        contact, (one,) = await sent(behind, number)
        attempt = await offered(behind, one)
        if moved:
            await moved_to_buddy(behind, attempt)
            (one,) = await behind.transfers(contact)
            await offered(behind, one)
        await put_state(behind, one, TransferState(before))
        changed = await says(behind, one, verdict, room)
        (now_,) = await behind.transfers(contact)
        case = WORDS[number]
        assert (now_.state, now_.room_id) == (TransferState(after), holder), case
        assert (changed is None) is ((before, B if moved else A) == (after, holder)), case
        told = [e.data for e in await behind.events(contact) if e.actor == f"room:{room}"]
        assert any("changes nothing" in one["reason"] for one in told) is logged, case
        assert len(told) == 1, case  # each word stands in the log


async def test_the_buddy_is_only_logged_after_the_first_room_accepted(behind: Behind) -> None:
    contact, (one,) = await sent(behind)
    await moved_to_buddy(behind, await offered(behind, one))
    await offered(behind, one)
    await says(behind, one, CONSIDERING, B)
    assert (await says(behind, one, ACCEPTED, A)).room_id == A
    assert await says(behind, one, ACCEPTED, B) is None
    (now_,) = await behind.transfers(contact)
    assert (now_.state, now_.room_id) == (TransferState.ACCEPTED, A)
    assert await state(behind, contact) is ContactState.ACCEPTED
    (last,) = [
        e for e in await behind.events(contact) if e.actor == f"room:{B}" and "nothing" in e.data["reason"]
    ]
    assert last.data["reason"] == f"accepted changes nothing: it is accepted at {A}"


async def test_a_room_that_never_had_it_is_refused(behind: Behind) -> None:
    contact, (one,) = await sent(behind)
    await offered(behind, one)
    before = await behind.transfers(contact), await behind.events(contact)
    for verdict in Verdict:
        with pytest.raises(NotFound, match=C):
            await says(behind, one, verdict, C)
    assert (await behind.transfers(contact), await behind.events(contact)) == before
    with pytest.raises(NotFound):
        await behind.verdicts.take(
            Confirmation(transfer_id=TransferId("no-such"), room_id=RoomId(A), verdict=ACCEPTED)
        )


async def test_a_repeated_word_is_neither_logged_nor_told_twice(behind: Behind) -> None:
    contact, (one,) = await sent(behind)
    await offered(behind, one)
    for verdict in (CONSIDERING, CONSIDERING, ACCEPTED, ACCEPTED):
        await behind.verdicts.take(Confirmation(transfer_id=one.id, room_id=RoomId(A), verdict=verdict))
    told = [e.data["state"] for e in await behind.events(contact) if e.actor == f"room:{A}"]
    assert told == ["delivered", "accepted"]
    assert await behind.said_to(contact) == ["sent_to_service", "accepted_by_service"]


async def test_a_caller_whose_incident_goes_to_a_second_room_hears_the_rest_and_nothing_twice(
    behind: Behind,
) -> None:
    contact, (one,) = await sent(behind)
    await offered(behind, one)
    for verdict in (CONSIDERING, REJECTED):
        await behind.verdicts.take(Confirmation(transfer_id=one.id, room_id=RoomId(A), verdict=verdict))
    await behind.person_sends(contact, [FIRE], C)
    _, second = await behind.transfers(contact)
    await offered(behind, second)
    for verdict in (CONSIDERING, ACCEPTED):
        await behind.verdicts.take(Confirmation(transfer_id=second.id, room_id=RoomId(C), verdict=verdict))
    assert await behind.said_to(contact) == ["sent_to_service", "accepted_by_service"]


async def test_a_repeated_considering_puts_off_the_next_question(behind: Behind) -> None:
    contact, (one,) = await sent(behind)
    await offered(behind, one)
    await says(behind, one, CONSIDERING)
    behind.clock.seconds = 45
    assert await due(behind) == [one.id]  # to be asked for its verdict
    await says(behind, one, CONSIDERING)
    assert await due(behind) == []
    (now_,) = await behind.transfers(contact)
    assert now_.next_attempt_at == at(75)


async def test_two_rooms_that_accept_in_the_same_moment_leave_the_contact_accepted(behind: Behind) -> None:
    for number in range(8):
        contact = await waiting(behind, number)
        await behind.person_sends(contact, [FIRE, POLICE], None)
        both = await behind.transfers(contact)
        for one in both:
            await offered(behind, one)
        await asyncio.gather(*(says(behind, one, ACCEPTED, one.room_id) for one in both))
        assert await state(behind, contact) is ContactState.ACCEPTED


# -- law 8: nobody waits unseen ----------------------------------------------------------------------


async def test_rejected_or_held_it_is_back_in_its_original_place(behind: Behind) -> None:
    ids = await queue_of(behind.store, 4)
    behind.clock.seconds = 60
    for one in ids[:3]:
        await behind.person_sends(one, [FIRE], A)
    first, second, third = [(await behind.transfers(one))[0] for one in ids[:3]]
    page = await behind.store.read(lambda conn: queue.list_queue(conn, at(60)))
    assert [one.state for one in page.contacts] == ["sending", "sending", "sending", "waiting"]
    await offered(behind, first)
    await says(behind, first, REJECTED, A, "not our area")
    attempt = await offered(behind, second)
    await behind.store.run(
        lambda conn: transfers.hold(conn, at(61), attempt, "no answer; telephone 01632 960101")
    )
    await offered(behind, third)
    await says(behind, third, ACCEPTED)
    await says(behind, third, REJECTED, A, "handed back")
    claimable = queue.QueueFilter(claimable=True)
    page = await behind.store.read(lambda conn: queue.list_queue(conn, at(61), where=claimable))
    assert [(one.id, one.queued_at) for one in page.contacts] == [(one, at(n)) for n, one in enumerate(ids)]
    reasons = [
        e.data["reason"]
        for one in ids[:3]
        for e in await behind.events(one)
        if e.data.get("state") == "waiting"
    ]
    assert [r for r in reasons if r != "released"] == [
        "rejected by the room: not our area",
        "no answer; telephone 01632 960101",
        "rejected by the room: handed back",
    ]


async def test_what_fails_after_an_accepted_incident_is_seen_too(behind: Behind) -> None:
    contact = await waiting(behind)
    taken = await behind.store.run(lambda conn: claims.claim(conn, at(10), contact, "ada", 900))
    await behind.handover.send(contact, "ada", taken.attempts, [FIRE], A)
    (one,) = await behind.transfers(contact)
    await offered(behind, one)
    await says(behind, one, ACCEPTED)
    assert await state(behind, contact) is ContactState.ACCEPTED
    # Her desk still shows it, and she asks for another service.
    await behind.handover.send(contact, "ada", taken.attempts, [POLICE], "police-kent")
    assert await state(behind, contact) is ContactState.SENDING
    _, second = await behind.transfers(contact)
    attempt = await offered(behind, second)
    await behind.store.run(lambda conn: transfers.hold(conn, at(30), attempt, "dead"))
    # It is at her desk still, so it is hers to ring about; once she lets go it is anybody's.
    seen = await behind.contact(contact)
    assert (seen.state, seen.claimed_by, seen.queued_at) == (ContactState.OPEN, "ada", at(1))
    claimable = queue.QueueFilter(claimable=True)
    page = await behind.store.read(lambda conn: queue.list_queue(conn, at(911), where=claimable))
    assert [one.id for one in page.contacts] == [contact]
    # Without the second hand-over moving it, an accepted contact would have been closed as silent.
    closed = await behind.store.run(lambda conn: upkeep.close_silent(conn, at(99_999), at(99_000)))
    assert closed == 0


async def test_a_refusal_leaves_a_contact_in_the_hands_that_have_it_and_no_others(behind: Behind) -> None:
    contact = await waiting(behind)
    taken = await behind.store.run(lambda conn: claims.claim(conn, at(10), contact, "ada", 15))
    await behind.handover.send(contact, "ada", taken.attempts, [FIRE], A)
    (one,) = await behind.transfers(contact)
    await offered(behind, one)
    behind.clock.seconds = 20
    await says(behind, one, REJECTED, A, "not our area")
    seen = await behind.contact(contact)
    assert (seen.state, seen.claimed_by, seen.attempts) == (ContactState.OPEN, "ada", taken.attempts)
    # Negative control: with her lease lapsed nobody had it in sight, and it waits.
    await behind.handover.send(contact, "ada", taken.attempts, [FIRE], B)
    _, again = await behind.transfers(contact)
    await offered(behind, again)
    behind.clock.seconds = 60
    await says(behind, again, REJECTED, B, "nor ours")
    seen = await behind.contact(contact)
    assert (seen.state, seen.claimed_by, seen.queued_at) == (ContactState.WAITING, "", at(1))


async def test_a_rejection_opens_even_a_contact_closed_in_the_meantime(behind: Behind) -> None:
    contact, (one,) = await sent(behind)
    await offered(behind, one)
    taken = await behind.store.run(lambda conn: claims.reopen(conn, at(20), contact, "ada", 60))
    await behind.store.run(
        lambda conn: handling.close(conn, at(21), Claim.of(taken), "telephoned", anyway=True)
    )
    await says(behind, one, REJECTED, A, "wrong county")
    seen = await behind.contact(contact)
    assert (seen.state, seen.queued_at) == (ContactState.WAITING, at(1))


async def test_a_held_transfer_is_an_alarm_until_a_person_has_sent_it_again(behind: Behind) -> None:
    contact, (one,) = await sent(behind)
    attempt = await offered(behind, one)
    await behind.store.run(lambda conn: transfers.hold(conn, at(12), attempt, "no answer"))
    behind.clock.seconds = 300

    async def held() -> int:
        figures = await behind.store.read(lambda conn: upkeep.figures(conn, behind.clock.now(), (60,)))
        return figures.held_transfers

    assert await held() == 1
    await behind.person_sends(contact, [FIRE], C)
    _, second = await behind.transfers(contact)
    assert (second.room_id, second.kind, second.sequence) == (C, TransferKind.CREATION, 2)
    assert await due(behind, C) == [second.id]
    assert await held() == 0
    await offered(behind, second)
    await says(behind, second, ACCEPTED, C)
    assert await state(behind, contact) is ContactState.ACCEPTED
    taken = await behind.store.run(lambda conn: claims.reopen(conn, at(301), contact, "ada", 60))
    await behind.store.run(lambda conn: handling.close(conn, at(302), Claim.of(taken), "done"))  # not refused


async def test_sent_again_to_the_same_room_it_is_whole_where_the_room_has_nothing(behind: Behind) -> None:
    for number, outcome in enumerate(TransferState):
        contact, (one,) = await sent(behind, number)
        await put_state(behind, one, outcome)
        await behind.person_sends(contact, [FIRE], A)
        _, second = await behind.transfers(contact)
        whole = outcome in (TransferState.HELD, TransferState.REJECTED)
        kind, root = (
            (TransferKind.CREATION, b"IncidentCreationMessage")
            if whole
            else (TransferKind.UPDATE, b"IncidentUpdateMessage")
        )
        assert (second.kind, second.sequence, second.room_id) == (kind, 2, A), outcome
        assert root in second.document, outcome


async def test_a_persons_report_stands_until_a_person_writes_another(behind: Behind) -> None:
    contact = await waiting(behind)
    await behind.person_sends(contact, [FIRE], A, Methane(hazards="gas cylinders"))
    await behind.person_sends(contact, [POLICE], "police-kent")
    await behind.person_sends(contact, [FIRE], A, Methane(hazards="none any more"))
    documents = [one.document for one in await behind.transfers(contact)]
    assert [b"gas cylinders" in one for one in documents] == [True, True, False]
    assert b"none any more" in documents[2]


async def test_the_figures_count_whoever_can_be_claimed_and_show_empty_states(behind: Behind) -> None:
    ids = await queue_of(behind.store, 3)
    mine = await behind.store.run(lambda conn: claims.claim(conn, at(5), ids[0], "ada", 15))
    await behind.store.run(lambda conn: claims.hold(conn, at(6), Claim.of(mine), at(90), "calling"))
    figures = await behind.store.read(lambda conn: upkeep.figures(conn, at(70), (60, 180)))
    assert (figures.by_state["held"], figures.by_state["waiting"], figures.by_state["accepted"]) == (1, 2, 0)
    assert (figures.waiting_longer, figures.oldest_wait_s) == ({60: 2, 180: 0}, 69.0)
    later = await behind.store.read(lambda conn: upkeep.figures(conn, at(200), (60, 180)))
    assert (later.waiting_longer, later.oldest_wait_s) == ({60: 3, 180: 3}, 200.0)  # its hold is over


# -- asked many times a minute, out of an index ------------------------------------------------------

NUMBER, DEVICE, PATIENT = (
    "tel:+447700900001",
    "imei:00499901064000",
    joining.Patience(wait_s=600, silence_s=9_000),
)
ASKED: dict[str, tuple[Callable[[Connection], object], str]] = {
    "places' contact": (
        lambda conn: joining.owner_of(conn, NUMBER, DEVICE, at(0), PATIENT),
        "uq_contacts_threading",
    ),
    "a number's contact": (
        lambda conn: joining.owner_of(conn, NUMBER, DEVICE, at(0), PATIENT),
        "ix_contacts_telephone",
    ),
    "caller's news": (lambda conn: caller_view.news(conn, "app:x", ""), "uq_contacts_threading"),
    "ended caller's news": (lambda conn: caller_view.news(conn, "app:x", ""), "ix_replies_caller"),
    "a device's numbers": (
        lambda conn: joining.owner_of(conn, "unknown:", DEVICE, at(0), PATIENT),
        "ix_phones_device",
    ),
    "missed places": (lambda conn: unclaimed.missed(conn, 600), "ix_locations_waiting"),
    "fixes of a device": (
        lambda conn: unclaimed.of_phone(conn, [NUMBER], [DEVICE], at(0)),
        "ix_locations_device",
    ),
    "fixes without contact": (
        lambda conn: unclaimed.count(conn, at(0), 600, 3_600),
        "ix_locations_unclaimed",
    ),
    "figures": (lambda conn: upkeep.figures(conn, at(0), (60,)), "ix_transfers_contact"),
    "to be read": (lambda conn: triage_table.untriaged(conn, 10), "ix_messages_untriaged"),
    "to be parsed": (lambda conn: triage_table.pending_raw(conn, ["email.1"], 5), "ix_raw_messages_pending"),
}


async def test_what_loops_ask_comes_out_of_an_index(store: Store) -> None:
    def look(conn: Connection) -> None:
        for name, (ask, index) in ASKED.items():
            plan = plan_of(conn, ask)
            assert index in plan, f"{name}: {plan}"
            assert not re.search(r"SCAN (contacts|messages|transfers|raw_messages)'", plan), f"{name}: {plan}"

    await store.run(look)
