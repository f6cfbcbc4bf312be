"""The auditor's page over real HTTP: searched, paged, downloaded, verified; without a word of any caller."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from intake.console.roles import Person, Role
from intake.console.routes import RIGHT_OF
from intake.console.verifying import VERIFYING, Verifying
from intake.console.wording import load_words
from intake.store import audit
from intake.store.audit import Entry, Search
from intake.store.store import Store
from tests.callers import at, queue_of
from tests.contract.test_audit_chain import filled, tamper
from tests.desk import HandClock, console
from tests.integration.test_audit_at_the_desk import OneSession

CSRF = "csrf-of-the-auditor"
AUDITOR = Person(name="una", role=Role.AUDITOR, session="s", csrf=CSRF, language="en")
Get = Callable[..., Awaitable[tuple[int, str]]]


@asynccontextmanager
async def page_of(store: Store, person: Person = AUDITOR) -> AsyncIterator[tuple[TestServer, Get]]:
    async with (
        console(store, HandClock(), sessions=OneSession(person)) as server,
        aiohttp.ClientSession(headers={"Cookie": "__Host-intake=known"}) as http,
    ):

        async def get(path: str, method: str = "GET", **more: Any) -> tuple[int, str]:
            url = server.make_url("").join(aiohttp.client.URL(path, encoded=True))
            async with http.request(method, url, allow_redirects=False, **more) as answer:
                return answer.status, await answer.text()

        yield server, get


async def history(store: Store) -> list[str]:
    ids = await queue_of(store, 2)
    for second, (actor, action, contact) in enumerate(
        [
            ("ada", "contact.claim", ids[0]),
            ("ada", "contact.view", ids[0]),
            ("bea", "contact.view", ids[1]),
            ("bea", "contact.close", ids[1]),
        ]
    ):
        await store.run(
            lambda conn, s=second, a=actor, d=action, c=contact: audit.record(
                conn, at(s * 60), a, "handler", d, c, attempts=1
            )
        )
    return list(ids)


async def bulk(store: Store, count: int) -> None:
    entries = [Entry(actor="ada", role="handler", action="contact.view") for _ in range(count)]
    await store.run(lambda conn: audit.append(conn, at(0), entries))


def numbers(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<td class="number">(\d+)</td>', page)]


async def test_records_are_found_by_person_contact_action_and_time(store: Store) -> None:
    await history(store)
    async with page_of(store) as (_, get):
        for query, wanted in (
            ("", [4, 3, 2, 1]),
            ("actor=ada", [2, 1]),
            ("actor=Ada", [2, 1]),
            ("contact=26-000002", [4, 3]),
            ("action=contact.view", [3, 2]),
            ("action=contact.&actor=bea", [4, 3]),
            ("since=2026-03-01T12:01&until=2026-03-01T12:03", [3, 2]),
            ("actor=nobody", []),
        ):
            status, text = await get(f"/audit?{query}")
            assert status == 200
            assert [one for one in numbers(text) if one <= 4] == wanted, query
        found = await store.read(lambda conn: audit.search(conn, Search(actor="una")))
    assert len(found) == 8 and {one.action for one in found} == {"audit.search"}
    assert found[0].data == {"by": ["actor"], "rows": 0}


async def test_a_record_is_plain_and_holds_nothing_of_the_caller(store: Store) -> None:
    await history(store)
    async with page_of(store) as (_, get):
        _, text = await get("/audit?actor=bea")
    assert "Closed a contact" in text and "call handler" in text and "26-000002" in text
    assert "01/03/2026 12:03:00 GMT" in text and "attempts 1" in text
    assert "help" not in re.sub(r"<[^>]*>", "", text).lower() and "07700" not in text and "447700" not in text


async def test_a_hundred_to_a_page(store: Store) -> None:
    await bulk(store, 205)
    async with page_of(store) as (_, get):
        seen, path = [], "/audit?actor=ada"
        while path:
            _, text = await get(path)
            seen.append(len(numbers(text)))
            older = re.search(r'href="([^"]+)" rel="next"', text)
            path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [100, 100, 5]


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "until=9999-99-99",
        "contact=26-000099",
        "contact=nobody",
        "before=x",
        "before=-1",
        "contact=%00",
        "actor=%00",
        "actor=%ED%A0%80%1b",
        "since=0001-01-01T00:00",
        "before=" + "9" * 60,
    ],
)
async def test_what_cannot_be_read_is_said_and_finds_nothing(store: Store, query: str) -> None:
    await filled(store, 1)
    async with page_of(store) as (_, get):
        status, text = await get(f"/audit?{query}")
    assert status in (200, 400)
    if status == 400:
        assert 'role="alert"' in text and not numbers(text)


async def test_what_is_typed_comes_back_inert(store: Store) -> None:
    async with page_of(store) as (_, get):
        _, text = await get("/audit?actor=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script" not in text and "&lt;script&gt;" in text


async def test_the_download_is_csv_and_on_record_before_its_first_byte(store: Store) -> None:
    await bulk(store, 2_100)
    async with page_of(store) as (_, get):
        status, text = await get("/audit.csv?actor=ada")
        assert status == 200
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [int(row["number"]) for row in rows] == list(range(2_100, 0, -1))
        await tamper(store, "ALTER TABLE audit_records RENAME COLUMN previous TO gone")
        assert (await get("/audit.csv?actor=ada"))[0] == 503
        await store.run(
            lambda conn: conn.exec_driver_sql("ALTER TABLE audit_records RENAME COLUMN gone TO previous")
        )
    found = await store.read(lambda conn: audit.search(conn, Search(actor="una")))
    assert [one.action for one in found] == ["audit.export"]


async def test_the_chain_is_verified_behind_the_page(store: Store) -> None:
    await bulk(store, 1_200)
    async with page_of(store) as (server, get):
        _, text = await get("/audit")
        assert "Not verified since" in text
        assert (await get("/audit/verify", "POST", data={"csrf": "wrong"}))[0] == 403
        assert (await get("/audit/verify", "POST", data={"csrf": CSRF}))[0] == 303
        await server.app[VERIFYING].wait()  # type: ignore[attr-defined]
        _, text = await get("/audit")
        assert "Every record is as it was written" in text
        await tamper(store, "UPDATE audit_records SET actor = 'eve' WHERE number = 700")
        await get("/audit/verify", "POST", data={"csrf": CSRF})
        await server.app[VERIFYING].wait()  # type: ignore[attr-defined]
        _, text = await get("/audit")
    assert "THE RECORD WAS CHANGED" in text and "record 700 was edited" in text and 'role="alert"' in text


async def test_a_verification_that_runs_out_of_time_goes_on_where_it_stopped(store: Store) -> None:
    await bulk(store, 1_200)
    verifying = Verifying(store, HandClock(), limit_s=0.0)
    verifying.start()
    await verifying.wait()
    assert (verifying.standing.state, verifying.standing.upto) == ("stopped", 0)
    turns = 0
    verifying._limit_s = 0.0001  # one slice a turn
    while verifying.standing.state == "stopped" and turns < 20:
        verifying.start()
        assert verifying.standing.state == "running"
        await verifying.wait()
        turns += 1
    assert (verifying.standing.state, verifying.standing.upto) == ("whole", 1_200) and turns >= 3


async def test_the_page_finds_a_tail_that_was_cut_off_since_it_last_looked(store: Store) -> None:
    await filled(store, 12)
    verifying = Verifying(store, HandClock())
    verifying.start()
    await verifying.wait()
    assert verifying.standing.state == "whole"
    await tamper(store, "DELETE FROM audit_records WHERE number > 10")
    verifying.start()
    await verifying.wait()
    assert verifying.standing.state == "broken" and "11 to 12 are missing" in verifying.standing.problem


async def test_two_presses_start_one_verification(store: Store) -> None:
    await filled(store, 3)
    verifying = Verifying(store, HandClock())
    verifying.start()
    task = verifying._task
    await asyncio.sleep(0)
    verifying.start()
    assert verifying._task is task
    await verifying.wait()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
async def test_only_auditors_see_it(store: Store, role: Role) -> None:
    async with page_of(store, Person(name="una", role=role, session="s", csrf=CSRF)) as (_, get):
        assert (await get("/audit"))[0] == 403
        assert (await get("/audit.csv"))[0] == 403
        assert (await get("/audit/verify", "POST", data={"csrf": CSRF}))[0] == 403
    found = await store.read(lambda conn: audit.search(conn, Search(actor="una")))
    assert [one.action for one in found] == ["refused"] * 3


async def test_the_page_speaks_welsh(store: Store) -> None:
    await history(store)
    welsh = Person(name="una", role=Role.AUDITOR, session="s", csrf=CSRF, language="cy")
    async with page_of(store, welsh) as (_, get):
        _, text = await get("/audit")
    assert '<html lang="cy"' in text and "Caeodd gyswllt" in text and "trafodwr galwadau" in text


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_every_action_of_the_console_has_words(store: Store) -> None:
    words = load_words()["en"]
    async with page_of(store) as (server, _):
        named = {one.action for one in server.app[RIGHT_OF].asked.values() if one.action}  # type: ignore[attr-defined]
    assert not sorted(one for one in named if f"audit.act_{one.replace('.', '_')}" not in words)
