"""What PostgreSQL cannot take (U+0000) is refused at the edge, and fails nobody else's work."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select
from yarl import URL

from intake.clock import SteadyClock
from intake.console.auditing import AUDITOR
from intake.store import tables
from intake.store.audit import Entry
from intake.store.claims import Claim, claim
from intake.store.store import Store
from tests.behind_doors import eventually
from tests.callers import phone, write_in
from tests.desk import TOKENS, console
from tests.live import live_desk
from tests.people import gate_for, make_account, session_of

CLOCK = SteadyClock()
NUL = "x\0y"


async def test_no_desk_can_make_the_others_lose_their_leases(store: Store) -> None:
    first = await write_in(store, phone(1), "fire in the kitchen")
    taken = await store.run(lambda conn: claim(conn, CLOCK.now(), first, "ada", 5.0))
    async with console(store, CLOCK) as server, live_desk(server) as ada, live_desk(server, "bea") as bea:
        await ada.hear("hello")
        await bea.hear("hello")
        # In the same round: what bea says must not stand in one transaction with what ada keeps.
        await ada.say("keep", claims={first: Claim.of(taken).attempts})
        await bea.say("keep", claims={"\0": 1})
        assert (await bea.hear("error"))["code"] == "bad_frame"

        query = select(tables.contacts.c.next_attempt_at).where(tables.contacts.c.id == first)

        async def is_kept() -> bool:
            until = await store.read(lambda conn: conn.execute(query).scalar_one())
            return bool(until > taken.next_attempt_at)

        await eventually(is_kept)


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("replies", {"attempts": 1, "text": NUL}),
        ("merge", {"attempts": 1, "into": NUL, "reason": "same"}),
        ("unmerge", {"merge": NUL}),
        ("notes", {"text": NUL}),
        ("locations", {"attempts": 1, "accept": NUL}),
        ("locations", {"attempts": 1, "latitude": 51.5, "longitude": 0.0, "note": NUL}),
        ("update", {"attempts": 1, "notes": [NUL]}),
        ("send", {"attempts": 1, "services": ["police"], "room_id": NUL}),
    ],
)
async def test_a_body_with_it_is_a_bad_request(store: Store, verb: str, body: dict[str, Any]) -> None:
    contact = await write_in(store, phone(1), "fire")
    headers = {"Authorization": f"Bearer {TOKENS['ada']}"}
    async with console(store, CLOCK) as server, aiohttp.ClientSession(headers=headers) as http:
        at = server.make_url(f"/api/v1/contacts/{contact}")
        async with http.post(at / "claim", json={}) as answer:
            assert answer.status == 200
        async with http.post(at / verb, json=body) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, "bad_request")


async def test_words_about_it_may_be_said(store: Store) -> None:
    contact = await write_in(store, phone(1), "fire")
    headers = {"Authorization": f"Bearer {TOKENS['ada']}"}
    async with console(store, CLOCK) as server, aiohttp.ClientSession(headers=headers) as http:
        at = server.make_url(f"/api/v1/contacts/{contact}/notes")
        async with http.post(at, json={"text": "they sent \\u0000 as text"}) as answer:
            assert (answer.status, (await answer.json())["text"]) == (201, "they sent \\u0000 as text")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("contacts/%00", 404),
        ("contacts/x%00/route", 404),
        ("queue?channel=%00", 400),
        ("queue?after=1.1.%00", 400),
    ],
)
async def test_an_address_with_it_is_nobodys(store: Store, path: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['ada']}"}
    async with console(store, CLOCK) as server, aiohttp.ClientSession(headers=headers) as http:
        url = URL(f"{server.make_url('/api/v1')}/{path}", encoded=True)
        async with http.get(url) as answer:
            assert answer.status == status


async def test_a_refused_request_hides_no_record_and_spoils_no_other(store: Store) -> None:
    # Records of views are committed in groups: one that cannot be written would take the group along.
    contact = await write_in(store, phone(1), "fire")
    people = gate_for(store, CLOCK)
    rita = await session_of(store, CLOCK, await make_account(store, "rita", "researcher"))
    async with console(store, CLOCK, **people) as server, aiohttp.ClientSession() as http:
        url = URL(f"{server.make_url('/api/v1/contacts')}/%00", encoded=True)
        async with http.get(url, cookies=rita.cookies) as answer:
            assert answer.status == 403
        auditor = server.app[AUDITOR]
        good = Entry(actor="ada", role="handler", action="contact.view", contact=contact)
        odd = Entry(actor="rita", role="researcher", action="refused", contact="\0", data={"status": 403})
        await asyncio.gather(auditor.write(odd), auditor.write(good))
    query = select(tables.audit_records.c.actor, tables.audit_records.c.action)
    rows = await store.read(lambda conn: [tuple(row) for row in conn.execute(query)])
    assert rows.count(("rita", "refused")) == 2
    assert rows.count(("ada", "contact.view")) == 1
