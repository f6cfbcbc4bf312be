"""Law 17 at the console: what was seen, done or refused is on record before anybody hears of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from intake.console import app as console_app
from intake.console.auditing import REPEATED, Auditor
from intake.console.roles import Person, Right, Role
from intake.console.routes import Asked
from intake.console.terminal.client import ConsoleClient, ConsoleRefused
from intake.errors import StoreUnavailable
from intake.store import audit
from intake.store.audit import AuditRecord, Entry, Search
from intake.store.store import Store
from tests.callers import queue_of
from tests.contract.test_audit_chain import tamper
from tests.desk import TOKENS, HandClock, console
from tests.integration.test_console_api import located

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def recorded(store: Store, **wanted: Any) -> list[AuditRecord]:
    """Oldest first."""
    return (await store.read(lambda conn: audit.search(conn, Search(**wanted), 1000)))[::-1]


@asynccontextmanager
async def desk_of(store: Store, clock: HandClock, name: str = "ada") -> AsyncIterator[ConsoleClient]:
    async with (
        console(store, clock) as server,
        ConsoleClient(str(server.make_url("")), TOKENS[name]) as client,
    ):
        yield client


async def test_a_contact_from_claim_to_close_leaves_every_step(store: Store, clock: HandClock) -> None:
    (first,) = await queue_of(store, 1)
    await located(store, first)
    async with desk_of(store, clock) as ada:
        await ada.queue()
        row = await ada.claim_next()
        assert row is not None
        await ada.show("1")
        await ada.change("1", "service", attempts=row.attempts, service="fire")
        await ada.route("26-000001")
        await ada.reply(first, row.attempts, "SECRET WORDS: which floor?")
        await ada.places("1", "places.geojson")
        await ada.send("1", attempts=row.attempts, services=["fire"])
        taken = await ada.change("1", "reopen")
        await ada.change("1", "close", attempts=taken.attempts, reason="SECRET REASON", anyway=True)
    found = await recorded(store)
    assert [(one.action, one.contact_id) for one in found] == [
        ("queue.list", ""),
        ("contact.claim", first),
        ("contact.view", first),
        ("contact.service", first),
        ("contact.route", first),
        ("contact.reply", first),
        ("contact.places", first),
        ("contact.send", first),
        ("contact.reopen", first),
        ("contact.close", first),
    ]
    assert {(one.actor, one.role) for one in found} == {("ada", "handler")}
    assert found[3].data == {"service": "fire", "attempts": 1, "state": "open"}
    assert found[7].data["services"] == ["fire"]
    everything = msgspec.json.encode(found).decode()
    assert "SECRET" not in everything and "07700" not in everything and "447700" not in everything
    assert await walk_is_whole(store)


async def walk_is_whole(store: Store) -> bool:
    return not (await store.read(lambda conn: audit.verify_slice(conn, None))).problem


async def test_a_change_that_is_refused_leaves_no_record_of_having_been_done(
    store: Store, clock: HandClock
) -> None:
    await queue_of(store, 1)
    async with desk_of(store, clock) as ada:
        with pytest.raises(ConsoleRefused):
            await ada.change("1", "close", attempts=7, reason="not mine")
        with pytest.raises(ConsoleRefused):
            await ada.show("26-000099")
    assert await recorded(store) == []


async def test_one_person_reading_one_contact_again_is_recorded_once_a_minute(
    store: Store, clock: HandClock
) -> None:
    await queue_of(store, 2)
    now_s = 1000.0
    auditor = Auditor(store, clock, lambda: now_s)

    async def view(actor: str, contact: str, action: str = "contact.view") -> int:
        before = len(await recorded(store))
        await auditor.write_view(Entry(actor=actor, role="handler", action=action, contact=contact))
        return len(await recorded(store)) - before

    assert [await view("ada", "1"), await view("ada", "1"), await view("ada", "2")] == [1, 0, 1]
    assert await view("bea", "1") == 1
    assert [await view("ada", "1", "contact.places") for _ in range(2)] == [1, 1], "an export is one each"
    now_s += 59
    assert await view("ada", "1") == 0
    now_s += 2
    assert [await view("ada", "1"), await view("ada", "1")] == [1, 0]


async def test_what_could_not_be_recorded_is_not_taken_for_seen(store: Store, clock: HandClock) -> None:
    auditor = Auditor(store, clock)
    entry = Entry(actor="ada", role="handler", action="contact.view")
    await tamper(store, "ALTER TABLE audit_records RENAME TO elsewhere")
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await auditor.write_view(entry)
    await tamper_back(store)
    await auditor.write_view(entry)
    assert len(await recorded(store)) == 1


async def test_two_people_who_read_at_the_desk_are_told_apart(store: Store, clock: HandClock) -> None:
    await queue_of(store, 2)
    async with console(store, clock) as server:
        url = str(server.make_url(""))
        async with ConsoleClient(url, TOKENS["ada"]) as ada, ConsoleClient(url, TOKENS["bea"]) as bea:
            for _ in range(3):
                await ada.show("1")
            await ada.show("2")
            await bea.show("1")
    found = [(one.actor, one.contact_id) for one in await recorded(store, action="contact.view")]
    assert len(found) == 3 and len(set(found)) == 3


async def test_what_cannot_be_recorded_is_not_shown_and_not_done(store: Store, clock: HandClock) -> None:
    (first,) = await queue_of(store, 1)
    async with console(store, clock) as server, aiohttp.ClientSession() as http:
        await tamper(store, "ALTER TABLE audit_records RENAME TO elsewhere")
        bearer = {"Authorization": f"Bearer {TOKENS['ada']}"}
        for method, path, body in (
            ("GET", f"/api/v1/contacts/{first}", None),
            ("GET", "/api/v1/queue", None),
            ("POST", "/api/v1/queue/claim", {}),
            ("POST", f"/api/v1/contacts/{first}/claim", {}),
        ):
            async with http.request(method, server.make_url(path), headers=bearer, json=body) as answer:
                text = await answer.text()
                assert answer.status == 503, (path, text)
                assert "help" not in text and "rows" not in text
        await tamper_back(store)
        async with http.get(server.make_url(f"/api/v1/contacts/{first}"), headers=bearer) as answer:
            shown = await answer.json()
    assert shown["contact"]["state"] == "waiting", "the claims were rolled back with their records"


async def tamper_back(store: Store) -> None:
    def work(conn: Any) -> None:
        conn.exec_driver_sql("ALTER TABLE elsewhere RENAME TO audit_records")

    await store.run(work)


class OneSession:
    """A browser that is signed in as somebody."""

    def __init__(self, person: Person):
        self.person = person

    async def who(self, cookie: str) -> Person | None:
        return self.person if cookie == "known" else None


async def test_a_known_person_who_is_refused_is_on_record(store: Store, clock: HandClock) -> None:
    (first,) = await queue_of(store, 1)
    sessions = OneSession(Person(name="rhi", role=Role.RESEARCHER, session="s", csrf="c"))
    async with console(store, clock, sessions=sessions) as server, aiohttp.ClientSession() as http:
        cookies = {"Cookie": "__Host-intake=known"}
        async with http.get(server.make_url(f"/api/v1/contacts/{first}"), headers=cookies) as answer:
            assert answer.status == 403
        async with http.get(server.make_url("/api/v1/me"), headers={"Cookie": "__Host-intake=none"}) as who:
            assert who.status == 401
    (found,) = await recorded(store)
    assert (found.actor, found.role, found.action, found.contact_id) == (
        "rhi",
        "researcher",
        "refused",
        first,
    )
    assert found.data == {"status": 403, "asked": "contact.view"}


async def test_a_hundred_views_at_once_share_their_commits(store: Store, clock: HandClock) -> None:
    ids = await queue_of(store, 60)
    commits = []
    append = audit.append

    def counted(*args: Any) -> Any:
        commits.append(len(args[2]))
        return append(*args)

    async with desk_of(store, clock) as ada:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(audit, "append", counted)
            await asyncio.gather(*(ada.show(one) for one in ids))
    assert sum(commits) == 60 and len(commits) < 60
    assert {one.contact_id for one in await recorded(store, action="contact.view")} == set(ids)


def actions() -> list[Asked]:
    return [one.asked for one in console_app.API if one.asked.action]


def test_every_change_of_the_interface_names_an_action() -> None:
    silent = {
        f"{one.asked.method} {one.asked.path}"
        for one in console_app.API
        if one.asked.method not in ("GET", "HEAD") and not one.asked.action
    }
    # What keeps a claim alive changes nothing that a person chose.
    assert silent <= {"POST /api/v1/contacts/{contact}/renew"} | SILENT_BY_CHOICE


# What is typed and not sent is nobody's act yet; a place that is only read changes nothing.
SILENT_BY_CHOICE = {"PUT /api/v1/contacts/{contact}/drafts", "POST /api/v1/places/read"}
WITHOUT_CALLERS = {
    "/api/v1/rooms",
    "/api/v1/map",
    "/api/v1/areas",
    "/api/v1/tiles/{z:\\d{1,2}}/{x:\\d{1,6}}/{y:\\d{1,6}}",
    "/api/v1/stock-replies",
    "/api/v1/house-rules/automatic-reply",
}
"""What may be read without a record: rooms, maps and phrases are the same for everybody."""


def test_every_path_that_shows_what_callers_said_names_an_action() -> None:
    shown = {
        one.asked.path
        for one in console_app.API
        if one.asked.method == "GET"
        and not one.asked.action
        and one.asked.right in (Right.READ, Right.WORK, Right.SUPERVISE)
    }
    assert shown <= WITHOUT_CALLERS


def test_every_action_can_stand_in_a_record() -> None:
    for one in actions():
        audit.Entry(actor="ada", role="handler", action=one.action)
    assert {"queue.list", "contact.view"} <= REPEATED


def test_changes_of_the_interface_go_through_the_one_way_that_records_them() -> None:
    """A handler that opened a transaction of its own would leave no record, or one that comes late."""
    # A draft is nobody's act yet; a row that was shown and one that is read again change nothing.
    allowed = re.compile(r"mark_shown|contacts\.get\(")
    unsent = {"drafts.py"}
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted((ROOT / "intake" / "console" / "api").glob("*.py"))
        if path.name not in unsent
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if ".store.run(" in line and not allowed.search(line)
    ]
    assert not found
