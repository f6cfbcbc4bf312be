"""Agreements at the desk: proposed, taken or left by a person, recorded; never sent by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest
from rich.console import Console

from intake.commands.explained import explanation_screen
from intake.console.terminal import queue as screen
from intake.console.terminal.client import ConsoleClient
from intake.contact import ContactId
from intake.control_room import Service
from intake.explaining import Explaining, Explanation
from intake.handover import HandOver
from intake.incident import TransferId
from intake.register import load_auto_transfer
from intake.routing.replay import ReplayVerdict
from intake.workers.letting_go import LettingGo
from tests.behind_doors import AGENCY, LEEDS, Behind
from tests.callers import phone, write_in
from tests.desk import CONFIG, TOKENS, console, new_id, register, suggesting

FIRE, AMBULANCE, POLICE = Service.FIRE, Service.AMBULANCE, Service.POLICE
CARDIAC = "my dad is in cardiac arrest at 53.7951, -1.5478"
CROSSING = "lorry on fire on the Dartford Crossing at 51.4550, 0.2640"


@pytest.fixture
async def ada(behind: Behind) -> AsyncIterator[ConsoleClient]:
    async with AsyncExitStack() as stack:
        desk = console(behind.store, behind.clock, rerouting=behind.rerouting, handover=behind.handover)
        server = await stack.enter_async_context(desk)
        yield await stack.enter_async_context(ConsoleClient(str(server.make_url("")), TOKENS["ada"]))


async def taken_in(behind: Behind, ada: ConsoleClient, words: str) -> tuple[ContactId, int]:
    one = await write_in(behind.store, phone(1), words)
    await behind.triage()
    return one, (await ada.change("1", "claim")).attempts


async def explained(behind: Behind, one: ContactId) -> Explanation:
    explaining = Explaining(CONFIG / "boundaries", register())
    return await behind.store.read(lambda conn: explaining.explain(conn, one))


def plain(renderable: Any) -> str:
    paper = Console(width=200)
    with paper.capture() as captured:
        paper.print(renderable)
    return captured.get()


async def test_a_service_beside_is_proposed_with_its_room_and_its_reason(
    behind: Behind, ada: ConsoleClient
) -> None:
    await taken_in(behind, ada, CARDIAC)
    shown = await ada.show("1")
    assert shown.contact.service == "ambulance"
    (one,) = shown.added
    assert (one.service, one.room_id, one.rule_id, one.leads) == (
        "fire",
        "fire-west-yorkshire",
        "co-responding-cardiac",
        False,
    )
    said = one.agreement
    assert said is not None and not said.names_room
    assert (said.id, said.beside) == ("co-responding-cardiac", ["ambulance"])
    assert one.reason.startswith("“cardiac arrest”: a fire crew")
    assert shown.welsh[one.reason].startswith("“cardiac arrest”: gall criw tân")
    assert (await ada.route("1")).added == [one]
    assert "Agreement “Co-responding to cardiac arrest (example)”" in plain(screen.contact_screen(shown))


async def test_it_goes_by_what_is_ticked_too(behind: Behind, ada: ConsoleClient) -> None:
    """A preview names what holds for the services that a person is about to send to."""
    _, attempts = await taken_in(behind, ada, "he was stabbed at 53.7951, -1.5478")
    await ada.change("1", "service", attempts=attempts, service="fire")
    assert [one for one in (await ada.route("1", "fire")).added if one.agreement] == []
    found = [one for one in (await ada.route("1", "fire,ambulance")).added if one.agreement]
    assert [(one.rule_id, one.service) for one in found] == [("police-with-ambulance", "police")]


@pytest.mark.parametrize("taken", [True, False])
async def test_the_record_says_what_was_proposed_and_whether_it_was_taken(
    behind: Behind, ada: ConsoleClient, taken: bool
) -> None:
    one, attempts = await taken_in(behind, ada, CARDIAC)
    await ada.send("1", attempts=attempts, services=["ambulance", "fire"] if taken else ["ambulance"])
    assert {t.service for t in await behind.transfers(one)} == ({AMBULANCE, FIRE} if taken else {AMBULANCE})
    for found in (await ada.decisions("1")).decisions:
        assert found.suggested == ()
        (said,) = found.agreements
        assert (said.id, said.service, said.room_id, said.taken) == (
            "co-responding-cardiac",
            "fire",
            "",
            taken,
        )
        assert found.replay.verdict is ReplayVerdict.SAME
    told = plain(explanation_screen(await explained(behind, one)))
    assert "agreement co-responding-cardiac" in told
    assert f"proposed fire, {'taken' if taken else 'not taken'}" in told


async def test_taken_later_it_is_recorded_then(behind: Behind) -> None:
    one = await write_in(behind.store, phone(1), CARDIAC)
    await behind.triage()
    await behind.person_sends(one, [AMBULANCE])
    await behind.person_sends(one, [FIRE])
    found = (await explained(behind, one)).decisions
    assert [[said.taken for said in each.agreements] for each in found] == [[False], [True]]


async def test_another_room_is_proposed_and_chosen_by_hand(behind: Behind, ada: ConsoleClient) -> None:
    one, attempts = await taken_in(behind, ada, CROSSING)
    route = await ada.route("1", "fire")
    assert [decision.room_id for decision in route.decisions] == ["fire-kent"]  # the map decides
    (beside,) = [added for added in route.added if added.agreement]
    assert beside.agreement is not None and beside.agreement.names_room
    assert (beside.service, beside.room_id) == ("fire", "fire-essex")
    await ada.send("1", attempts=attempts, services=["fire"], rooms={"fire": beside.room_id})
    (sent,) = await behind.transfers(one)
    assert sent.room_id == "fire-essex"
    (found,) = (await ada.decisions("1")).decisions
    assert found.rule_id == "handler-choice" and "the map says fire-kent" in found.reason
    assert [(said.room_id, said.taken) for said in found.agreements] == [("fire-essex", True)]


async def test_unless_a_person_says_otherwise_the_maps_room_gets_it(behind: Behind) -> None:
    one = await write_in(behind.store, phone(1), CROSSING)
    await behind.triage()
    await behind.person_sends(one, [FIRE])
    (sent,) = await behind.transfers(one)
    assert sent.room_id == "fire-kent"
    (found,) = (await explained(behind, one)).decisions
    assert [said.taken for said in found.agreements] == [False]


async def goes_by_itself(behind: Behind) -> tuple[ContactId, set[Service]]:
    """A contact of which policy is sure, and the services it went to with nobody at a desk."""
    fix = msgspec.structs.replace(LEEDS, positioned_at=behind.clock.now())
    one = await behind.app_writes("a", "cardiac arrest, he was stabbed", locations=(fix,))
    await behind.triage()
    return one, {sent.service for sent in await behind.transfers(one)}


async def test_what_goes_by_itself_takes_no_agreement_with_it(behind: Behind) -> None:
    one, services = await goes_by_itself(behind)
    assert services == {AMBULANCE}
    (found,) = (await explained(behind, one)).decisions
    assert found.decided_by.startswith("policy:")
    assert {(said.id, said.taken) for said in found.agreements} == {
        ("co-responding-cardiac", False),
        ("police-with-ambulance", False),
    }


class Silent(HandOver):
    """What the law forbids: whatever an agreement proposes goes along."""

    def send_in(self, conn: Any, now: Any, contact: Any, *rest: Any, **named: Any) -> list[TransferId]:
        actor, services = rest
        beside = suggesting().beside(conn, now, contact, LEEDS, services)
        more = [one.service for one in beside if one.agreement]
        return super().send_in(conn, now, contact, actor, [*services, *more], **named)


async def test_the_harness_sees_an_agreement_that_goes_silently(behind: Behind) -> None:
    """Negative control of the test before."""
    silent = Silent(behind.store, behind.rooms, behind.clock, new_id, AGENCY, suggesting().beside)
    behind.handover = silent
    letting_go = LettingGo(silent, load_auto_transfer(CONFIG), behind.settings.old_after_s)
    behind.triaging._letting_go = letting_go
    _, services = await goes_by_itself(behind)
    assert services == {AMBULANCE, FIRE, POLICE}
