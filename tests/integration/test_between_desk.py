"""Drafts, notes, stock replies and offers over real HTTP and the real store."""

from __future__ import annotations

from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from msgspec.structs import replace

from intake.console.roles import Person, Role
from intake.contact import CallerUri
from intake.location import CallerLocation, LocationSource
from intake.store import tables, triage
from intake.store.store import Store
from tests.callers import at, phone, queue_of, write_in
from tests.desk import TOKENS, HandClock, console


class Asking:
    """One handler's plain requests; ``ask`` gives the status and the body."""

    def __init__(self, server: TestServer, name: str, **headers: str):
        self._url = str(server.make_url("/api/v1"))
        self._headers = {"Authorization": f"Bearer {TOKENS[name]}", **headers}

    async def ask(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession(headers=self._headers) as session,
            session.request(method, self._url + path, json=body, params=query) as response,
        ):
            return response.status, await response.json()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def test_a_draft_is_kept_shown_to_its_writer_and_gone_once_sent(store: Store, clock: HandClock) -> None:
    (one,) = await queue_of(store, 1)
    async with console(store, clock) as server:
        ada, bea = Asking(server, "ada"), Asking(server, "bea")
        _, claimed = await ada.ask("POST", f"/contacts/{one}/claim", {})
        status, kept = await ada.ask("PUT", "/contacts/1/drafts", {"text": "Which floor"})
        assert (status, kept["contact_id"], kept["text"]) == (200, one, "Which floor")
        _, shown = await ada.ask("GET", f"/contacts/{one}")
        assert (shown["draft"], shown["typing"]) == ("Which floor", [])
        _, shown = await bea.ask("GET", f"/contacts/{one}")
        assert (shown["draft"], shown["typing"]) == ("", ["ada"])
        clock.seconds = 16
        _, shown = await bea.ask("GET", f"/contacts/{one}")
        assert shown["typing"] == []
        sent = {"attempts": claimed["contact"]["attempts"], "text": "Which floor are you on?"}
        assert (await ada.ask("POST", f"/contacts/{one}/replies", sent))[0] == 202
        _, shown = await ada.ask("GET", f"/contacts/{one}")
        assert shown["draft"] == ""


async def test_a_refused_reply_keeps_its_draft(store: Store, clock: HandClock) -> None:
    (one,) = await queue_of(store, 1)
    async with console(store, clock) as server:
        ada = Asking(server, "ada")
        await ada.ask("PUT", f"/contacts/{one}/drafts", {"text": "Which floor"})
        sent = {"attempts": 7, "text": "Which floor?"}
        assert (await ada.ask("POST", f"/contacts/{one}/replies", sent))[0] == 409
        assert (await ada.ask("GET", f"/contacts/{one}"))[1]["draft"] == "Which floor"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/contacts/1/drafts", {"text": "x" * 4_001}, 400),
        ("/contacts/1/drafts", {}, 400),
        ("/contacts/1/drafts", {"text": "x", "attempts": 1}, 400),
        ("/contacts/99/drafts", {"text": "x"}, 404),
    ],
)
async def test_what_is_no_draft_is_refused(
    store: Store, clock: HandClock, path: str, body: Any, status: int
) -> None:
    await queue_of(store, 1)
    async with console(store, clock) as server:
        assert (await Asking(server, "ada").ask("PUT", path, body))[0] == status


async def test_anybody_leaves_a_note_and_everybody_reads_it(store: Store, clock: HandClock) -> None:
    (one,) = await queue_of(store, 1)
    async with console(store, clock) as server:
        ada, bea = Asking(server, "ada"), Asking(server, "bea")
        await ada.ask("POST", f"/contacts/{one}/claim", {})
        status, note = await bea.ask("POST", f"/contacts/{one}/notes", {"text": "I know this address"})
        assert (status, note["author"], note["text"]) == (201, "bea", "I know this address")
        _, shown = await ada.ask("GET", f"/contacts/{one}")
        assert shown["notes"] == [note]
        assert "I know this address" not in str(shown["conversation"]) + str(shown["log"])
        assert (await bea.ask("POST", f"/contacts/{one}/notes", {"text": ""}))[0] == 400
        assert (await bea.ask("POST", "/contacts/99/notes", {"text": "x"}))[0] == 404


async def test_stock_replies_come_in_the_callers_language(store: Store, clock: HandClock) -> None:
    async with console(store, clock) as server:
        ada = Asking(server, "ada")
        _, welsh = await ada.ask("GET", "/stock-replies", language="cy")
        assert (welsh["language"], welsh["is_fallback"]) == ("cy", False)
        where = next(one for one in welsh["replies"] if one["id"] == "where")
        assert where["shortcut"] == "/where" and where["text"].startswith("Ble ydych chi?")
        assert (where["reviewed"], where["date"]) == (False, "2026-11-22")
        assert where["texts"]["en"]["text"].startswith("Where are you?")
        assert where["texts"]["cy"]["reviewed"] is False
        _, polish = await ada.ask("GET", "/stock-replies", language="pl")
        assert (polish["asked"], polish["language"], polish["is_fallback"]) == ("pl", "en", True)
        assert polish["replies"][0]["text"].startswith("Where are you?")
        assert {one["group"] for one in polish["replies"]} == {"ask", "tell", "silent"}


async def test_a_conversation_is_offered_taken_and_the_giver_told(store: Store, clock: HandClock) -> None:
    (one,) = await queue_of(store, 1)
    async with console(store, clock) as server:
        ada, bea = Asking(server, "ada"), Asking(server, "bea")
        _, claimed = await ada.ask("POST", f"/contacts/{one}/claim", {})
        fence = claimed["contact"]["attempts"]
        assert (await ada.ask("POST", "/contacts/1/hand", {"attempts": fence, "to": "nobody"}))[0] == 409
        assert (await ada.ask("POST", "/contacts/1/hand", {"attempts": 9, "to": "bea"}))[0] == 409
        body = {"attempts": fence, "to": "bea", "note": "she speaks Welsh"}
        status, made = await ada.ask("POST", "/contacts/1/hand", body)
        assert (status, made["to_handler"], made["reference"]) == (201, "bea", "26-000001")
        _, offers = await bea.ask("GET", "/offers")
        assert [row["note"] for row in offers["offers"]] == ["she speaks Welsh"] and offers["mine"] == []
        assert (await bea.ask("GET", "/contacts/1"))[1]["offer"]["from_handler"] == "ada"
        status, taken = await bea.ask("POST", "/contacts/1/take-offer", {})
        assert (status, taken["contact"]["claimed_by"]) == (200, "bea")
        assert (await ada.ask("POST", "/contacts/1/renew", {"attempts": fence}))[0] == 409
        assert (await ada.ask("GET", "/offers"))[1]["mine"] == []
        _, shift = await bea.ask("POST", "/shift/hand-over", {"to": "", "note": "end of shift"})
        assert [row["contact_id"] for row in shift["mine"]] == [one]
        assert (await bea.ask("POST", "/contacts/1/withdraw-offer", {}))[0] == 200
        for path in ("take-offer", "decline-offer", "withdraw-offer"):
            assert (await ada.ask("POST", f"/contacts/1/{path}", {}))[0] == 409


class OneSession:
    """Whoever shows the cookie is this person."""

    def __init__(self, person: Person):
        self._person = person

    async def who(self, cookie: str) -> Person | None:
        return self._person if cookie == "here" else None


async def test_a_supervisor_moves_and_raises_and_a_handler_may_not(store: Store, clock: HandClock) -> None:
    await queue_of(store, 2)
    sue = OneSession(Person(name="sue", role=Role.SUPERVISOR))
    async with console(store, clock, sessions=sue) as server:
        ada = Asking(server, "ada")
        desk_of_sue = Asking(server, "ada", Cookie="__Host-intake=here")
        await ada.ask("POST", "/contacts/1/claim", {})
        assert (await ada.ask("POST", "/contacts/1/move", {"to": "bea"}))[0] == 403
        status, moved = await desk_of_sue.ask("POST", "/contacts/1/move", {"to": "bea"})
        assert (status, moved["contact"]["claimed_by"]) == (200, "bea")
        raised = {"priority": 1, "reason": "children inside"}
        assert (await ada.ask("POST", "/contacts/2/raise", raised))[0] == 403
        status, row = await desk_of_sue.ask("POST", "/contacts/2/raise", raised)
        assert (status, row["contact"]["priority"]) == (200, 1)
        assert (await desk_of_sue.ask("POST", "/contacts/2/raise", raised))[0] == 409


async def test_a_supervisor_chooses_the_first_automatic_reply(store: Store, clock: HandClock) -> None:
    sue = OneSession(Person(name="sue", role=Role.SUPERVISOR))
    path = "/house-rules/automatic-reply"
    async with console(store, clock, sessions=sue) as server:
        ada, boss = Asking(server, "ada"), Asking(server, "ada", Cookie="__Host-intake=here")
        assert (await ada.ask("GET", path))[0] == (await ada.ask("POST", path, {"rule": "busy"}))[0] == 403
        _, before = await boss.ask("GET", path)
        assert (before["rule"], before["set_by"]) == ("normal", "")
        status, after = await boss.ask("POST", path, {"rule": "major_incident"})
        assert (status, after["rule"], after["set_by"]) == (200, "major_incident", "sue")
        assert [one["rule"] for one in after["choices"]] == ["normal", "busy", "major_incident"]
        major = after["choices"][2]
        assert "very big" in major["ask_location"]["en"]["text"]
        assert major["located"]["cy"]["reviewed"] is False
        assert (await boss.ask("POST", path, {"rule": "carnival"}))[0] == 400


async def test_two_contacts_become_one_and_two_again(store: Store, clock: HandClock) -> None:
    one, kept = await queue_of(store, 2)
    async with console(store, clock) as server:
        ada = Asking(server, "ada")
        _, claimed = await ada.ask("POST", f"/contacts/{kept}/claim", {})
        fence = {"attempts": claimed["contact"]["attempts"]}
        body = {"attempts": 0, "into": "26-000002", "reason": "she says it is her other phone"}
        status, merged = await ada.ask("POST", "/contacts/1/merge", body)
        assert (status, merged["contact"]["id"]) == (200, kept)
        _, shown = await ada.ask("GET", "/contacts/2")
        assert [(line["channel"], line["contact"]) for line in shown["conversation"]] == [
            ("sms", one),
            ("sms", kept),
        ]
        (part,) = shown["merged"]
        assert (part["reference"], part["by"], part["contact_id"]) == ("26-000001", "ada", one)
        assert (await ada.ask("GET", "/contacts/1"))[1]["merged_into"] == kept
        reply = {**fence, "text": "Which phone is better?", "to": "26-000001"}
        assert (await ada.ask("POST", "/contacts/2/replies", reply))[0] == 202
        _, shown = await ada.ask("GET", "/contacts/2")
        assert [line["contact"] for line in shown["conversation"] if line["author"] == "ada"] == [one]
        assert (await ada.ask("POST", "/contacts/2/replies", {**reply, "to": "fax"}))[0] == 409
        status, back = await ada.ask("POST", "/contacts/2/unmerge", {"merge": part["id"]})
        assert (status, back["contact"]["id"], back["contact"]["state"]) == (200, one, "waiting")
        assert (await ada.ask("GET", "/contacts/2"))[1]["merged"] == []
        assert (await ada.ask("POST", "/contacts/2/unmerge", {"merge": part["id"]}))[0] == 409


async def test_contacts_that_may_be_one_are_named_with_the_reason(store: Store, clock: HandClock) -> None:
    one, near, _far, late = await queue_of(store, 4)
    leeds = CallerLocation(
        latitude=53.8, longitude=-1.55, uncertainty_m=300, source=LocationSource.TEXT_POSTCODE
    )
    for contact, where in ((one, leeds), (near, replace(leeds, latitude=53.801)), (late, leeds)):
        await store.run(partial(triage.set_best, now=at(4), contact_id=contact, best=where))
    await store.run(
        lambda conn: conn.execute(
            tables.contacts.update()
            .where(tables.contacts.c.id == late)
            .values(last_message_at=at(3600), queued_at=at(3600))
        )
    )
    app = await write_in(store, CallerUri("app:x"), seconds=5)
    await store.run(lambda conn: triage.state_number(conn, app, phone(0)))
    async with console(store, clock) as server:
        _, found = await Asking(server, "ada").ask("GET", f"/contacts/{one}/merge-candidates")
    rows = [(row["contact_id"], row["same_person"]) for row in found["candidates"]]
    assert rows == [(app, True), (near, False)]
    assert found["candidates"][0]["reasons"][0]["en"] == "Gives the same telephone number, by sms"
    assert found["candidates"][1]["reasons"][0]["en"] == "111 m away, and wrote 0 min apart"
    assert found["candidates"][1]["reasons"][0]["cy"].startswith("111 m i ffwrdd")
