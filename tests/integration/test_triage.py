"""Stored messages become placed, routed, answered contacts, whatever comes first and whatever fails
(laws 5, 8, 12, 13, 14)."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from intake.contact import ChannelKind, ContactId, ContactState, MessageKind, Trust
from intake.control_room import Service
from intake.incident import Confirmation, TransferState, Verdict
from intake.locate.best import contradictions
from intake.location import CallerLocation, LocationSource, Reading
from intake.log_events import LogEventName
from intake.routing.decision import RoutingDecision
from intake.store import caller_view, claims, contacts, handling, replies, tables, triage, upkeep
from intake.store.claims import Claim
from tests.behind_doors import LEEDS, Behind
from tests.callers import at, contact, phone, write_in

AML = LocationSource.AML
FIX = msgspec.structs.replace(LEEDS, source=AML)
AMBULANCE = Service.AMBULANCE


async def places(behind: Behind, contact_id: ContactId) -> list[LocationSource]:
    found = await behind.store.read(lambda conn: contacts.hypotheses(conn, contact_id))
    return [one.location.source for one in found]


async def texts(behind: Behind, text: str = "help", **fields: Any) -> ContactId:
    return await write_in(behind.store, phone(1), text, seconds=behind.clock.seconds, **fields)


# -- the phone's own fix -----------------------------------------------------------------------------


async def test_a_fix_that_comes_first_waits_for_its_text(behind: Behind) -> None:
    await behind.aml_comes(phone(1), FIX)
    await behind.triage()
    behind.clock.seconds = 20
    one = await texts(behind)
    assert await places(behind, one) == []
    await behind.triage()
    assert await places(behind, one) == [AML]
    assert (await behind.contact(one)).location == FIX
    assert await behind.said_to(one) == ["received_located"]


@pytest.mark.parametrize(
    ("radius_m", "told"), [(900.0, "received_located"), (5_000.0, "received_ask_location")]
)
async def test_who_is_only_roughly_placed_is_still_asked(behind: Behind, radius_m: float, told: str) -> None:
    rough = CallerLocation(latitude=50.4715, longitude=-4.7243, uncertainty_m=radius_m)
    one = await write_in(behind.store, phone(1), "fire", locations=(rough,))
    await behind.triage()
    assert (await behind.contact(one)).location is not None
    assert await behind.said_to(one) == [told]


async def test_a_fix_that_comes_second_joins_its_text(behind: Behind) -> None:
    one = await texts(behind)
    await behind.triage()
    assert await behind.said_to(one) == ["received_ask_location"]
    behind.clock.seconds = 20
    await behind.aml_comes(phone(1), FIX)
    await behind.triage()
    assert await places(behind, one) == [AML]
    assert (await behind.contact(one)).location == FIX
    assert await behind.said_to(one) == ["received_ask_location"]  # one automatic answer a contact


NUMBERS = ["07700 900001", "+44 7700 900001", "0044 7700 900001", "447700900001", "tel:+447700900001"]


async def test_an_app_that_states_its_number_gets_the_phones_fix_in_either_order(behind: Behind) -> None:
    for number, written in enumerate(NUMBERS):
        fields: dict[str, Any] = {"locations": (), "extra": {"telephone": written}}
        caller = f"tel:+44770090010{number}"
        fields["extra"] = {"telephone": written.replace("900001", f"90010{number}")}
        await behind.aml_comes(caller, FIX)
        await behind.triage()
        one = await behind.app_writes(f"a{number}", **fields)
        await behind.triage()
        await behind.aml_comes(caller, FIX)
        await behind.triage()
        assert await places(behind, one) == [AML, AML], written


async def test_a_number_that_is_none_joins_nothing(behind: Behind) -> None:
    await behind.aml_comes("tel:+44", FIX)
    for handle, nonsense in (("a", "999"), ("b", "call me"), ("c", 7700900001), ("d", "")):
        one = await behind.app_writes(handle, locations=(), extra={"telephone": nonsense})
        await behind.triage()
        assert await places(behind, one) == []


async def test_a_fix_waits_so_long_and_no_longer(behind: Behind) -> None:
    await behind.aml_comes(phone(1), FIX)
    await behind.triage()
    behind.clock.seconds = behind.settings.fixes_wait_s + 1
    one = await texts(behind)
    await behind.triage()
    await behind.triaging.rejoin()
    assert await places(behind, one) == []
    assert len(await behind.rows(tables.locations)) == 1  # kept all the same


async def test_a_worker_that_was_away_changes_nothing_in_who_joins_whom(behind: Behind) -> None:
    await behind.aml_comes(phone(1), FIX)
    await behind.triage()
    behind.clock.seconds = 30
    one = await texts(behind)
    behind.clock.seconds = 3_600  # the text waited for the worker, the fix for the text only half a minute
    await behind.triage()
    assert await places(behind, one) == [AML]


async def test_a_fix_does_not_go_to_a_conversation_that_ended_long_ago(behind: Behind) -> None:
    """A text would open a contact of its own, so its fix, which is faster, must wait for it."""
    old = await texts(behind)
    await behind.triage()
    mine = await behind.store.run(lambda conn: claims.claim(conn, at(5), old, "ada", 60))
    await behind.store.run(lambda conn: handling.close(conn, at(6), Claim.of(mine), "resolved"))
    behind.clock.seconds = behind.settings.silence_s + 100
    await behind.aml_comes(phone(1), FIX)
    await behind.triage()
    behind.clock.seconds += 5
    new = await texts(behind)
    await behind.triage()
    assert new != old
    assert (await places(behind, old), await places(behind, new)) == ([], [AML])


async def test_a_fix_and_a_text_that_missed_each_other_in_the_writing_are_joined(behind: Behind) -> None:
    one = await texts(behind)
    await behind.triage()
    await behind.aml_comes(phone(1), FIX)
    await behind.triage()
    lost = update(tables.locations).values(contact_id=None)
    await behind.store.run(lambda conn: conn.execute(lost).rowcount)  # as the race leaves it
    assert await behind.triaging.rejoin() == 1
    assert await places(behind, one) == [AML]
    assert await behind.triaging.rejoin() == 0


async def test_two_workers_at_once_read_each_message_once(behind: Behind) -> None:
    ids = [await behind.app_writes(f"app-{n}") for n in range(6)]
    for n in range(6):
        await behind.arrives(
            ChannelKind("app"), f"app:app-{n}", trust=Trust.TOKEN, text="LS1", locations=(FIX,)
        )
    other = behind.triage_worker()
    await asyncio.gather(behind.triaging.step(), other.step())
    await behind.triage()
    for one in ids:
        assert len(await places(behind, one)) == 2
        assert await behind.said_to(one) == ["received_located"]
        assert len(await behind.transfers(one)) == 1  # sent on by policy, once
    assert len(await behind.rows(tables.decisions)) == 6


async def test_of_two_workers_the_second_chooses_among_all_places(behind: Behind) -> None:
    """Each reads one of two messages: the better place wins, whoever commits last."""
    near = msgspec.structs.replace(LEEDS, uncertainty_m=5)
    for number in range(4):
        one = await behind.app_writes(f"n{number}", service=None, locations=(near,))
        far = msgspec.structs.replace(LEEDS, uncertainty_m=5_000)
        await behind.arrives(ChannelKind("app"), f"app:n{number}", text="!", locations=(far,))
        first, second = await behind.store.read(lambda conn: triage.untriaged(conn, 2))
        workers = (behind.triaging, behind.triage_worker())
        await asyncio.gather(workers[0]._one(first), workers[1]._one(second))
        assert (await behind.contact(one)).location == near


# -- a poison message --------------------------------------------------------------------------------


class Choking:
    """A locator with a bug that some text sets off."""

    def read(self, text: str) -> Reading:
        if "poison" in text:
            raise ZeroDivisionError("a bug of ours")
        return Reading()


async def test_a_poison_message_is_set_aside_and_delays_no_other(behind: Behind) -> None:
    poison = await write_in(behind.store, phone(1), "poison in my drink", seconds=0)
    good = await write_in(behind.store, phone(2), "fire", seconds=1)
    choking = behind.triage_worker(Choking())
    while await choking.step():
        pass
    assert await behind.said_to(good) == ["received_ask_location"]
    seen = await behind.contact(poison)
    assert (seen.state, seen.queued_at) == (ContactState.WAITING, at(0))  # its place is unchanged
    assert "read by no machine (ZeroDivisionError)" in seen.defect
    assert seen.summary == "poison in my drink"
    assert [e.data["error"] for e in await behind.events(poison) if e.name is LogEventName.DEFECT] == [
        "ZeroDivisionError"
    ]
    assert await behind.triaging.step() == 0  # and is not tried for ever


async def test_a_row_that_cannot_be_decoded_delays_no_other(behind: Behind) -> None:
    spoilt = await write_in(behind.store, phone(1), "one", seconds=0)
    good = await write_in(behind.store, phone(2), "two", seconds=1)
    spoil = update(tables.messages).where(tables.messages.c.contact_id == spoilt)
    await behind.store.run(lambda conn: conn.execute(spoil.values(content={"of": "tomorrow"})).rowcount)
    await behind.triage()
    assert await behind.said_to(good) == ["received_ask_location"]
    assert "read by no machine" in (await behind.contact(spoilt)).defect


async def test_what_fails_in_sending_on_costs_neither_place_nor_answer(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_more: Any) -> bytes:
        raise RuntimeError("the document cannot be written")

    monkeypatch.setattr("intake.handover.mait.write", refuse)
    one = await behind.app_writes("a")
    await behind.triage()
    seen = await behind.contact(one)
    assert (seen.state, seen.location, seen.incident_id) == (ContactState.WAITING, LEEDS, "")
    assert await behind.said_to(one) == ["received_located"]
    # Law 10: no decision stands without its transfer.
    assert await behind.rows(tables.decisions) == await behind.rows(tables.transfers) == []


# -- places: appended, contradicted, replayed (laws 13 and 14) -----------------------------------------


async def test_contradicting_places_are_all_kept_and_said(behind: Behind) -> None:
    one = await texts(behind, "I am at 51.4810, -3.1790 by the castle")
    await behind.aml_comes(phone(1), FIX)
    await behind.triage()
    found = await behind.store.read(lambda conn: contacts.hypotheses(conn, one))
    assert [place.location.source for place in found] == [LocationSource.TEXT_LATLON, AML]
    (sentence,) = contradictions([place.location for place in found])
    assert "km from the phone's AML fix" in sentence
    assert found[0].location.positioned_at == at(0)  # a written place is as old as its words


async def test_a_decision_names_the_place_it_used_and_replays_to_the_same_answer(behind: Behind) -> None:
    one = await texts(behind, "there is a fire. I am at 53.7965, -1.5478")
    await behind.triage()
    behind.clock.seconds = 30
    await behind.person_sends(one, [Service.FIRE, Service.POLICE])
    await behind.aml_comes(phone(1), msgspec.structs.replace(FIX, latitude=51.48, longitude=-3.18))
    await behind.triage()
    behind.clock.seconds = 3_000
    await behind.person_sends(one, [Service.FIRE])
    stored = await behind.rows(tables.decisions)
    assert len(stored) == 3
    known = {place.id: place for place in await behind.rows(tables.locations)}
    for row in stored:
        inputs = row.inputs
        location = msgspec.convert(inputs["location"], CallerLocation)
        again = behind.handover.decide(Service(inputs["service"]), location, inputs["room_id"])
        assert msgspec.convert(row.decision, RoutingDecision) == again
        assert (again.room_id, again.map_version) == (row.room_id, row.map_version)
        used = msgspec.convert(known[row.location_id].location, CallerLocation)
        assert (used.latitude, used.longitude) == (location.latitude, location.longitude)
    assert len({row.location_id for row in stored}) == 2  # the last one went by the newer, better place
    # Negative control: with the other place the answer is another one.
    other = behind.handover.decide(
        Service.FIRE, msgspec.convert(stored[2].inputs["location"], CallerLocation)
    )
    assert other.room_id != stored[0].room_id


UNROUTABLE = {
    "no place": (None, "no-place", "no location is known"),
    "North Sea": ((56.0, 2.0), "sea", "at sea"),
    "Dublin": ((53.35, -6.26), "abroad", "Ireland"),
    "Douglas, Isle of Man": ((54.15, -4.48), "abroad", "Isle of Man"),
    "St Helier, Jersey": ((49.19, -2.11), "abroad", "Jersey"),
    "a circle without end": ((53.8, -1.5, 900_000.0), "no-place", "names no place"),
}


async def test_what_cannot_be_routed_goes_to_the_national_room_with_the_reason(behind: Behind) -> None:
    for number, (name, (where, rule, reason)) in enumerate(UNROUTABLE.items()):
        radius_m = where[2] if where and len(where) > 2 else 20.0
        place = where and CallerLocation(latitude=where[0], longitude=where[1], uncertainty_m=radius_m)
        one = await behind.app_writes(
            f"u{number}", service=Service.POLICE, locations=(place,) if place else ()
        )
        await behind.triage()
        waits = await behind.contact(one)
        assert (waits.state, waits.incident_id) == (ContactState.WAITING, ""), name  # never by itself
        await behind.person_sends(one, [Service.POLICE])
        (sent,) = await behind.transfers(one)
        (decision,) = await behind.store.read(partial(contacts.decisions_of, contact_id=one))
        assert (sent.room_id, decision.decision.is_default, decision.decision.rule_id) == (
            "national",
            True,
            rule,
        ), name
        assert reason in decision.decision.reason, (name, decision.decision.reason)


# -- sent on by policy ---------------------------------------------------------------------------------


async def test_a_complete_contact_goes_by_itself_and_its_caller_hears_each_step(behind: Behind) -> None:
    one = await behind.app_writes("a")

    async def status() -> str:
        return (await behind.store.read(lambda conn: caller_view.news(conn, "app:a", ""))).status

    assert await status() == "received"
    await behind.triage()
    (sent,) = await behind.transfers(one)
    assert (sent.state, sent.room_id) == (TransferState.QUEUED, "ambulance-yorkshire")
    assert (await behind.contact(one)).state is ContactState.SENDING
    assert await status() == "received"  # no person has seen it, and no room has it
    for verdict in (Verdict.CONSIDERING, Verdict.ACCEPTED):
        said = Confirmation(transfer_id=sent.id, room_id=sent.room_id, verdict=verdict)
        await behind.verdicts.take(said)
        assert (
            await status() == {"considering": "sent_to_service", "accepted": "accepted_by_service"}[verdict]
        )
    assert await behind.said_to(one) == ["received_located", "sent_to_service", "accepted_by_service"]
    (decision,) = await behind.store.read(lambda conn: contacts.decisions_of(conn, one))
    assert decision.decided_by == "policy:app-fixed"
    # Long after, accepted and silent: closed, and its caller can still read how it ended.
    closed = await behind.store.run(lambda conn: upkeep.close_silent(conn, at(20_000), at(10_000)))
    assert closed == 1 and await status() == "closed"


async def test_words_that_follow_an_accepted_incident_meet_a_person(behind: Behind) -> None:
    one = await behind.app_writes("a")
    await behind.triage()
    (sent,) = await behind.transfers(one)
    said = Confirmation(transfer_id=sent.id, room_id=sent.room_id, verdict=Verdict.ACCEPTED)
    await behind.verdicts.take(said)
    behind.clock.seconds = 60
    assert await behind.app_writes("a", "he stopped breathing") == one
    await behind.triage()
    assert (await behind.contact(one)).state is ContactState.WAITING
    assert len(await behind.transfers(one)) == 1  # nothing more goes by itself


@pytest.mark.parametrize("verdict", [Verdict.CONSIDERING, Verdict.ACCEPTED])
async def test_a_silent_caller_is_told_nothing_that_could_give_them_away(
    behind: Behind, verdict: Verdict
) -> None:
    one = await behind.app_writes("a", "55", silent=True)
    await behind.triage()
    assert (await behind.contact(one)).state is ContactState.WAITING  # silent: never without a person
    behind.clock.seconds = 5
    await behind.person_sends(one, [Service.POLICE])
    (sent,) = await behind.transfers(one)
    await behind.verdicts.take(Confirmation(transfer_id=sent.id, room_id=sent.room_id, verdict=verdict))
    assert await behind.said_to(one) == ["silent_received"]
    _, answered = await behind.store.read(lambda conn: contacts.conversation(conn, one))
    said = " ".join(reply.text.lower() for reply in answered)
    assert not any(word in said for word in ("police", "ambulance", "fire", "999", "operator"))


async def test_what_is_missing_old_or_unproven_waits_for_a_person(behind: Behind) -> None:
    old = at(0)
    behind.clock.seconds = behind.settings.old_after_s + 1
    waiting = {
        "no service": await behind.app_writes("b", service=None),
        "no words": await behind.app_writes("c", text=""),
        "a wide circle": await behind.app_writes(
            "d", locations=(msgspec.structs.replace(LEEDS, uncertainty_m=500),)
        ),
        "no token": await behind.app_writes("e", trust=Trust.ANONYMOUS),
        "old": await behind.app_writes("f", sent_at=old),
    }
    await behind.triage()
    for why, one in waiting.items():
        assert (await behind.contact(one)).state is ContactState.WAITING, why
    # A fresh fix does not make old words fresh.
    await behind.arrives(
        ChannelKind("app"), "app:f", trust=Trust.TOKEN, kind=MessageKind.PLACE, locations=(LEEDS,)
    )
    await behind.triage()
    assert (await behind.contact(waiting["old"])).state is ContactState.WAITING


async def test_a_fix_pushed_with_the_contacts_own_token_proves_the_caller(behind: Behind) -> None:
    """An app opens its contact before it has a token; whoever holds that token is who opened it."""
    one = await behind.app_writes("a", locations=(), trust=Trust.ANONYMOUS)
    await behind.triage()
    assert (await behind.contact(one)).state is ContactState.WAITING
    await behind.arrives(
        ChannelKind("app"), "app:a", trust=Trust.TOKEN, kind=MessageKind.PLACE, locations=(LEEDS,)
    )
    await behind.triage()
    assert (await behind.contact(one)).state is ContactState.SENDING


async def test_a_fix_that_anybody_could_have_posted_sends_nothing_on(behind: Behind) -> None:
    for number, (trust, state) in enumerate(
        [(Trust.ANONYMOUS, ContactState.WAITING), (Trust.SIGNED, ContactState.SENDING)]
    ):
        extra = {"telephone": f"0770090020{number}"}
        one = await behind.app_writes(f"t{number}", locations=(), extra=extra)
        await behind.triage()
        await behind.aml_comes(f"tel:+44770090020{number}", FIX, trust)
        await behind.triage()
        assert (await behind.contact(one)).state is state, trust


async def test_machines_are_not_answered_by_a_machine(behind: Behind) -> None:
    one = await texts(behind, "I am out of the office", automatic=True)
    nobody = await write_in(behind.store, "unknown:x", "help")  # type: ignore[arg-type]
    await behind.triage()
    behind.clock.seconds = 5
    for contact_id in (one, nobody):
        await behind.person_sends(contact_id, [Service.FIRE])
        (sent,) = await behind.transfers(contact_id)
        said = Confirmation(transfer_id=sent.id, room_id=sent.room_id, verdict=Verdict.ACCEPTED)
        await behind.verdicts.take(said)
        assert await behind.said_to(contact_id) == []
        assert (await contact(behind.store, contact_id)).state is ContactState.ACCEPTED


async def test_a_first_answer_of_a_person_is_not_followed_by_a_machines(behind: Behind) -> None:
    one = await texts(behind)
    await behind.store.run(
        lambda conn: replies.queue_reply(conn, at(1), one, "ada", "I am Ada.", lambda: "r1")
    )
    await behind.triage()
    assert await behind.said_to(one) == ["ada"]
