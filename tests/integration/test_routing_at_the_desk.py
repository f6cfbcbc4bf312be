"""What a handler sees and does about routing: services beside, borders, another room, decisions explained."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest
from rich.console import Console

from intake.console.terminal import queue as screen
from intake.console.terminal.client import ConsoleClient, ConsoleRefused
from intake.contact import ContactId, ContactState, MessageKind, Trust
from intake.control_room import Service
from intake.incident import Confirmation, TransferKind, TransferState, Verdict
from intake.location import CallerLocation
from intake.routing.replay import ReplayVerdict
from intake.store import room_words, tables
from tests.behind_doors import APP, LEEDS, Behind
from tests.callers import phone, write_in
from tests.desk import TOKENS, console
from tests.integration.test_queue_command import Terminal

MANCHESTER = CallerLocation(latitude=53.4808, longitude=-2.2426, uncertainty_m=20)


@pytest.fixture
async def desks(behind: Behind) -> AsyncIterator[tuple[ConsoleClient, ConsoleClient, str]]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            console(behind.store, behind.clock, rerouting=behind.rerouting, handover=behind.handover)
        )
        url = str(server.make_url(""))
        ada, bea = [
            await stack.enter_async_context(ConsoleClient(url, TOKENS[name])) for name in ("ada", "bea")
        ]
        yield ada, bea, url


async def went_by_itself_and_moved(behind: Behind) -> ContactId:
    """From Leeds to Manchester, after West Yorkshire accepted it."""
    now = behind.clock.now()
    fix = msgspec.structs.replace(LEEDS, positioned_at=now)
    one = await behind.app_writes("a", "he has a knife", service=Service.POLICE, locations=(fix,))
    await behind.triage()
    (sent,) = await behind.transfers(one)
    # The attempt that a relay would have made: the room's word counts only after it.
    accepted = Confirmation(transfer_id=sent.id, room_id=sent.room_id, verdict=Verdict.ACCEPTED)
    await behind.store.run(lambda conn: room_words.apply(conn, now, accepted, now))
    behind.clock.seconds += 90
    moved = msgspec.structs.replace(MANCHESTER, positioned_at=behind.clock.now())
    fields: dict[str, Any] = {"kind": MessageKind.PLACE, "locations": (moved,), "trust": Trust.TOKEN}
    await behind.arrives(APP, "app:a", **fields)
    await behind.triage()
    await behind.reroute()
    return one


Desks = tuple[ConsoleClient, ConsoleClient, str]


async def test_another_room_is_flagged_in_the_queue_and_taken_with_one_call(
    behind: Behind, desks: Desks
) -> None:
    ada, bea, _ = desks
    one = await went_by_itself_and_moved(behind)
    (row,) = (await ada.queue()).rows
    assert (row.reroute, row.state, row.claimable) == ("other_room", ContactState.WAITING, True)
    shown = await ada.show("1")
    (proposal,) = shown.reroutes
    assert (proposal.kind, proposal.state) == ("other_room", "open")
    assert (proposal.held_room_name, proposal.proposed_room_name) == (
        "West Yorkshire Police",
        "Greater Manchester Police",
    )
    assert proposal.telephone.startswith("01632 960")
    assert [one.standing for one in shown.decisions] == ["sent", "proposed"]
    answer = await ada.reroute("1", attempts=row.attempts)
    assert answer.contact.state is ContactState.SENDING
    assert answer.contact.claimed_by == ""
    sent = await behind.transfers(one)
    assert [(t.room_id.removeprefix("police-"), t.kind) for t in sent] == [
        ("west-yorkshire", TransferKind.CREATION),
        ("west-yorkshire", TransferKind.UPDATE),
        ("west-yorkshire", TransferKind.UPDATE),
        ("greater-manchester", TransferKind.CREATION),
    ]
    with pytest.raises(ConsoleRefused) as late:  # the fence: bea saw it as it was before
        await bea.reroute("1", attempts=row.attempts)
    assert late.value.status == 409


async def test_it_stays_where_it_is_for_a_reason(behind: Behind, desks: Desks) -> None:
    ada, bea, _ = desks
    one = await went_by_itself_and_moved(behind)
    row = await bea.change("1", "claim")
    with pytest.raises(ConsoleRefused) as refused:  # bea has it in hand
        await ada.change("1", "stay", attempts=row.attempts, reason="units are on scene")
    assert refused.value.status == 409 and "bea" in str(refused.value)
    changed = await bea.change("1", "stay", attempts=row.attempts, reason="units are on scene")
    assert (changed.reroute, changed.claimed_by) == ("", "bea")
    (ended,) = (await bea.show("1")).reroutes
    assert (ended.state, ended.reason, ended.ended_by) == ("dismissed", "units are on scene", "bea")
    assert {t.room_id for t in await behind.transfers(one)} == {"police-west-yorkshire"}
    with pytest.raises(ConsoleRefused) as again:
        await bea.reroute("1", attempts=changed.attempts)
    assert "no other room is proposed" in str(again.value)


async def test_an_accepted_incident_is_never_silently_another_rooms(behind: Behind, desks: Desks) -> None:
    """Nothing but messages to the room that has it, until a person has chosen."""
    one = await went_by_itself_and_moved(behind)
    for _ in range(5):
        behind.clock.seconds += 120
        await behind.reroute()
    transfers = await behind.transfers(one)
    assert {t.room_id for t in transfers} == {"police-west-yorkshire"}
    assert transfers[0].state is TransferState.ACCEPTED


async def test_services_beside_are_suggested_shown_and_sent_by_a_persons_choice(
    behind: Behind, desks: Desks
) -> None:
    ada, _, _ = desks
    one = await write_in(behind.store, phone(1), "man with a knife on the train at 53.7951, -1.5478")
    await behind.triage()
    row = await ada.change("1", "claim")
    shown = await ada.show("1")
    assert shown.contact.service == "police"  # beside it, never instead of it
    (rail,) = shown.added
    assert (rail.service, rail.room_id, rail.called_by, rail.leads) == (
        "transport-police",
        "police-british-transport",
        "",
        False,
    )
    assert "“on the train”" in rail.reason
    assert (await ada.route("1")).added == [rail]
    await ada.send("1", attempts=row.attempts, services=["police", "transport-police"])
    sent = {t.service: t.room_id for t in await behind.transfers(one)}
    assert sent == {
        Service.POLICE: "police-west-yorkshire",
        Service.RAIL_POLICE: "police-british-transport",
    }
    (police, _) = (await ada.decisions("1")).decisions
    assert police.suggested == (f"transport-police (rail): {rail.reason}",)
    assert "knife" in police.service_reason


async def test_mountain_rescue_goes_to_the_police_of_the_area(behind: Behind, desks: Desks) -> None:
    ada, _, _ = desks
    one = await write_in(behind.store, phone(1), "climber fallen on crib goch 53.0755, -4.0535")
    await behind.triage()
    row = await ada.change("1", "claim")
    (mountain,) = [one for one in (await ada.show("1")).added if one.service == "mountain-rescue"]
    assert (mountain.room_id, mountain.called_by) == ("police-north-wales", "police")
    await ada.send("1", attempts=row.attempts, services=["mountain-rescue"])
    (sent,) = await behind.transfers(one)
    assert (sent.service, sent.room_id) == (Service.MOUNTAIN_RESCUE, "police-north-wales")
    assert b"<Service>urn:service:sos.mountain</Service>" in sent.document


async def test_a_border_comes_with_alternatives_and_a_ready_question(behind: Behind, desks: Desks) -> None:
    ada, _, _ = desks
    await write_in(behind.store, phone(1), "fight at 55.8110, -2.0360")
    await behind.triage()
    (decision,) = (await ada.route("1", "police")).decisions
    assert decision.border.startswith("Near a border: Police Scotland (")
    assert "Northumbria Police (" in decision.border
    assert set(decision.border_question) == {"en", "cy"}
    inland = await write_in(behind.store, phone(2), "fight at 53.7965, -1.5478")
    await behind.triage()
    (leeds,) = (await ada.route(inland, "police")).decisions
    assert (leeds.border, leeds.border_question) == ("", {})


async def test_decisions_are_explained_at_the_desk(behind: Behind, desks: Desks) -> None:
    ada, _, _ = desks
    await went_by_itself_and_moved(behind)
    found = await ada.decisions("26-000001")
    assert [one.replay.verdict for one in found.decisions] == [ReplayVerdict.SAME] * 2
    assert [one.standing for one in found.decisions] == ["sent", "proposed"]
    assert found.decisions[0].decided_by == "policy:app-fixed"
    with pytest.raises(ConsoleRefused, match="there is no contact"):
        await ada.decisions("999")


async def test_a_terminal_shows_the_flag_and_takes_the_other_room(
    behind: Behind, desks: Desks, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_TOKEN", TOKENS["ada"])
    monkeypatch.setenv("COLUMNS", "200")
    ada, _, url = desks
    await went_by_itself_and_moved(behind)
    terminal = Terminal(url, capsys)
    assert "OTHER ROOM?" in await terminal.says("list")
    shown = await terminal.says("show", "1")
    assert "West Yorkshire Police → Greater Manchester Police  OPEN" in shown
    code, _, err = await terminal.type("reroute", "1", "--service", "fire")
    assert code == 1 and "no other room is proposed" in err
    taken = await terminal.says("reroute", "1")
    assert "OTHER ROOM?" not in taken and "handing" in taken
    assert (await ada.show("1")).contact.reroute == ""


async def test_a_terminal_leaves_it_where_it_is(
    behind: Behind, desks: Desks, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_TOKEN", TOKENS["ada"])
    _, _, url = desks
    await went_by_itself_and_moved(behind)
    terminal = Terminal(url, capsys)
    assert "OTHER ROOM?" not in await terminal.says("stay", "1", "--reason", "units are on scene")
    (row,) = await behind.rows(tables.reroutes)
    assert (row.state, row.ended_by) == ("dismissed", "ada")


async def test_words_of_a_caller_cannot_bend_the_terminal_by_a_suggestion(
    behind: Behind, desks: Desks
) -> None:
    ada, _, _ = desks
    await write_in(behind.store, phone(1), "on the \u202etrain\x1b[31m with a knife")
    await behind.triage()
    drawn = Console(width=120, no_color=True)
    with drawn.capture() as captured:
        drawn.print(screen.contact_screen(await ada.show("1")))
    assert "\x1b" not in captured.get() and "\u202e" not in captured.get()
