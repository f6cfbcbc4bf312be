"""The live line as desks speak it: greetings, windows, leases, presence, alarms, and what is refused."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from intake import metrics
from intake.clock import SteadyClock
from intake.console.live import hub, tending
from intake.console.live.hub import HUB
from intake.console.roles import Person, Role
from intake.contact import ContactId
from intake.errors import StoreUnavailable
from intake.store import claims, contacts, drafts
from intake.store.claims import Claim
from intake.store.store import Store
from tests.behind_doors import eventually
from tests.callers import phone, write_in
from tests.desk import HandClock, console
from tests.live import LiveDesk, live_desk

CLOCK = SteadyClock()


class OneSession:
    """Whoever sends the cookie `here` is signed in; a test changes who that is."""

    def __init__(self, **changes: Any):
        self.person: Person | None = Person(
            name="ada", role=Role.HANDLER, session="digest", csrf="token", **changes
        )

    async def who(self, cookie: str) -> Person | None:
        return self.person if cookie == "here" else None


def in_browser(server: TestServer) -> dict[str, str]:
    return {"Cookie": "__Host-intake=here", "Origin": f"http://{server.host}:{server.port}"}


async def claim(store: Store, contact_id: str, handler: str, clock: Any = CLOCK) -> Claim:
    found = await store.run(lambda c: claims.claim(c, clock.now(), contact_id, handler, 15))  # type: ignore[arg-type]
    return Claim.of(found)


async def test_a_desk_is_greeted_beats_and_sees_the_queue_and_what_changes(store: Store) -> None:
    first = await write_in(store, phone(1), "fire in the kitchen")
    async with console(store, CLOCK) as server, live_desk(server) as ada:
        hello = await ada.next()
        assert (hello["t"], hello["handler"], hello["lease_s"], hello["desk"]) == ("hello", "ada", 15.0, 1)
        window = await ada.view()
        assert (window["total"], window["order"], window["filters"]["all"]) == (1, [first], 1)
        assert window["rows"][0]["summary"] == "fire in the kitchen"
        assert await ada.hear("beat", 2.0)
        assert await ada.hear("beat", 2.0)
        second = await write_in(store, phone(2), "smoke on the stairs", seconds=1)
        await ada.see(lambda desk: desk.queue["total"] == 2, 1.0)
        assert [row["id"] for row in ada.shown()] == [first, second]


async def test_desks_with_the_same_view_get_the_same_bytes_and_others_their_own(store: Store) -> None:
    await write_in(store, phone(1), silent=True)
    async with (
        console(store, CLOCK) as server,
        live_desk(server) as ada,
        live_desk(server, "bea") as bea,
        live_desk(server, "bea") as silent,
    ):
        for desk in (ada, bea):
            await desk.view()
        assert (await silent.view(silent=True))["total"] == 1
        await write_in(store, phone(2), seconds=1)
        for desk in (ada, bea):
            await desk.see(lambda one: one.queue["total"] == 2, 1.0)
        queue = [[text for text in desk.texts if '"rows"' in text] for desk in (ada, bea)]
        assert queue[0] == queue[1]
        await silent.see(lambda one: one.queue["filters"]["all"] == 2, 1.0)
        assert silent.queue["total"] == 1


async def test_what_stands_on_a_desk_is_marked_as_shown(store: Store) -> None:
    contact_id = await write_in(store, phone(1))
    later = await write_in(store, phone(2), seconds=1)

    async def is_shown(one: ContactId) -> bool:
        return (await store.read(lambda c: contacts.moments(c, one))).first_shown_at is not None

    async with console(store, CLOCK) as server, live_desk(server) as ada:
        await ada.view(size=1)
        await eventually(lambda: is_shown(contact_id))
        await ada.hear("beat")
    assert not await is_shown(later), "behind the window nobody has seen it"


# -- leases -------------------------------------------------------------------------------------


async def test_a_lapsed_lease_flips_without_any_event_and_a_renewed_one_does_not(store: Store) -> None:
    clock = HandClock()
    ids = [await write_in(store, phone(number), seconds=number - 10) for number in range(3)]
    async with console(store, clock) as server, live_desk(server) as ada:
        kept = [await claim(store, one, "bea", clock) for one in ids[:2]]
        await ada.view()
        await ada.see(lambda desk: [row["claimable"] for row in desk.shown()] == [False, False, True], 1.0)
        clock.seconds = 10
        await store.run(lambda c: claims.renew(c, clock.now(), kept[1], 15))
        clock.seconds = 15.5
        await ada.see(lambda desk: desk.shown()[0]["claimable"], 2.0)
        assert [row["id"] for row in ada.shown()] == ids, "in its original place"
        assert not ada.shown()[1]["claimable"]
        clock.seconds = 25.5
        await ada.see(lambda desk: desk.shown()[1]["claimable"], 2.0)


async def test_keep_renews_and_says_what_is_lost(store: Store) -> None:
    ids = [await write_in(store, phone(number), seconds=number) for number in range(2)]
    async with console(store, CLOCK) as server, live_desk(server) as ada:
        mine, theirs = await claim(store, ids[0], "ada"), await claim(store, ids[1], "bea")
        before = (await store.read(lambda c: contacts.get(c, ids[0]))).next_attempt_at
        await asyncio.sleep(1.1)  # a kept lease ends a second early: its end is noticed in time
        await ada.say("keep", claims={ids[0]: mine.attempts, ids[1]: theirs.attempts})
        lost = await ada.hear("lost", 2.0)
        assert (lost["id"], lost["code"]) == (ids[1], "stale_claim") and "bea" in lost["message"]
        after = (await store.read(lambda c: contacts.get(c, ids[0]))).next_attempt_at
        assert after > before


async def test_a_killed_desk_gives_its_contact_back_in_its_place_within_fifteen_seconds(
    migrated_file: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated_file, tmp_path / "intake.db")
    store = Store(f"sqlite:///{tmp_path}/intake.db", SteadyClock())
    await store.start()
    ids = [await write_in(store, phone(number), seconds=number) for number in range(3)]
    async with console(store, CLOCK) as server, live_desk(server, "bea") as bea:
        await bea.view()
        async with live_desk(server) as ada:
            held = await claim(store, ids[0], "ada")
            await ada.say("keep", claims={ids[0]: held.attempts})
            await bea.see(lambda desk: desk.rows[ids[0]]["claimed_by"] == "ada", 2.0)
            await asyncio.sleep(1.0)
            assert ada.ws._response.connection is not None
            assert ada.ws._response.connection.transport is not None
            ada.ws._response.connection.transport.abort()
        killed = time.monotonic()
        await bea.see(lambda desk: desk.rows[ids[0]]["claimable"], 16.0)
        assert time.monotonic() - killed <= 15.0
        assert bea.queue["order"] == ids
    await store.close()


# -- presence and alarms ------------------------------------------------------------------------


async def test_alarms_say_who_waits_unanswered_and_whether_anybody_is_there(store: Store) -> None:
    clock = HandClock()
    contact_id = await write_in(store, phone(1))
    await write_in(store, phone(2), seconds=50)
    clock.seconds = 61
    async with console(store, clock) as server, live_desk(server) as ada:
        # The first may leave before it is written that she is there.
        alarms = await ada.until(lambda frame: frame["t"] == "alarms" and frame["desks"]["live"] == 1, 10.0)
        assert alarms["unanswered"]["contact"] == contact_id
        counted = {name: alarms["unanswered"][name] for name in ("count", "first10", "first60", "first120")}
        assert counted == {"count": 2, "first10": 2, "first60": 1, "first120": 0}
        assert alarms["desks"] == {"live": 1, "available": 1, "none": False}
        await ada.say("state", state="away")
        alarms = await ada.until(lambda frame: frame["t"] == "alarms" and frame["desks"]["none"], 3.0)
        assert alarms["desks"] == {"live": 1, "available": 0, "none": True}
        assert await ada.hear("numbers", 3.0) if "numbers" not in _kinds(ada) else True


def _kinds(desk: LiveDesk) -> set[str]:
    return {frame["t"] for frame in desk.frames}


async def test_who_types_to_a_caller_is_said_to_those_who_look_and_to_nobody_else(store: Store) -> None:
    one, other = await write_in(store, phone(1)), await write_in(store, phone(2))

    async def types(handler: str, contact: str, text: str) -> None:
        await store.run(lambda c: drafts.keep(c, CLOCK.now(), handler, ContactId(contact), text))

    async with (
        console(store, CLOCK) as server,
        live_desk(server) as ada,
        live_desk(server, "bea") as bea,
    ):
        await ada.say("watch", contacts=[one])
        await bea.say("watch", contacts=[one, other])
        await types("bea", one, "words of bea")
        await types("ada", other, "words of ada")
        assert (await ada.hear("typing"))["contacts"] == {one: ["bea"]}
        assert (await bea.hear("typing"))["contacts"] == {other: ["ada"]}
        await types("bea", one, "")
        assert (await ada.hear("typing"))["contacts"] == {}
        await bea.hear("beat", 2.0)
        assert not any("words of" in text for text in [*ada.texts, *bea.texts])


async def test_no_desk_is_an_alarm_at_once(store: Store) -> None:
    async with console(store, CLOCK) as server:
        assert _metric("intake_console_no_desk") == 1
        async with live_desk(server) as ada:
            await ada.hear("hello")
            assert (_metric("intake_console_no_desk"), _metric("intake_console_desks_live")) == (0, 1)
        await _until(lambda: _metric("intake_console_no_desk") == 1)


def _metric(name: str) -> float | None:
    return metrics.REGISTRY.get_sample_value(name)


async def _until(holds: Any, wait_s: float = 3.0) -> None:
    async with asyncio.timeout(wait_s):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_supervisors_see_each_desk_with_what_it_owes(store: Store) -> None:
    contact_id = await write_in(store, phone(1))
    sessions = OneSession()
    sessions.person = Person(name="sue", role=Role.SUPERVISOR, session="digest", csrf="token")
    async with console(store, CLOCK, sessions=sessions) as server, live_desk(server) as ada:
        await ada.hear("hello")
        held = await claim(store, contact_id, "ada")
        async with live_desk(server, headers=in_browser(server)) as sue:
            await sue.say("desks", on=True)
            await ada.say("desks", on=True)
            rows = (
                await sue.until(
                    lambda frame: (
                        frame["t"] == "desks"
                        and any(row["open"] for row in frame["rows"])
                        and any(row["handler"] == "sue" for row in frame["rows"])
                    ),
                    10.0,
                )
            )["rows"]
            found = {row["handler"]: row for row in rows}
            assert found["ada"]["open"][0]["id"] == held.contact_id
            assert found["ada"]["connected"] and found["sue"]["number"] == 2
            assert found["ada"]["owed_since"] is not None
            await ada.hear("beat")
            assert "desks" not in _kinds(ada), "a handler asked and is not told"


# -- what is refused ----------------------------------------------------------------------------


@pytest.fixture
async def browser_desk(store: Store) -> AsyncIterator[tuple[TestServer, OneSession]]:
    sessions = OneSession()
    async with console(store, CLOCK, sessions=sessions) as server:
        yield server, sessions


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_a_page_of_another_site_opens_no_line(
    browser_desk: tuple[TestServer, OneSession], origin: str
) -> None:
    server, _ = browser_desk
    headers = {"Cookie": "__Host-intake=here", **({"Origin": origin} if origin else {})}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with live_desk(server, headers={"Authorization": "", **headers}):
            pass
    assert refused.value.status == 403


async def test_nobody_opens_no_line(store: Store) -> None:
    async with console(store, CLOCK) as server:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with live_desk(server, headers={"Authorization": "Bearer wrong"}):
                pass
    assert refused.value.status == 401


@pytest.mark.parametrize(
    ("change", "code"),
    [(None, 4401), ({"locked": True}, 4423), ({"role": Role.AUDITOR}, 4403)],
)
async def test_a_session_that_is_over_ends_the_line(
    browser_desk: tuple[TestServer, OneSession],
    change: dict[str, Any] | None,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tending, "SESSION_EVERY_S", 0.5)
    server, sessions = browser_desk
    async with live_desk(server, headers=in_browser(server)) as ada:
        await ada.view()
        sessions.person = None
        if change is not None:
            sessions.person = Person(
                **{"name": "ada", "role": Role.HANDLER, "session": "digest", "csrf": "token", **change}
            )
        assert await ada.closed(5.0) == code


async def test_bad_frames_are_answered_and_then_end_the_line(store: Store) -> None:
    async with console(store, CLOCK) as server, live_desk(server) as ada:
        for text in ("{", '{"t":"take"}', '{"t":"view","filter":{"caller":"x"}}', '{"t":"view","size":101}'):
            await ada.ws.send_str(text)
            assert (await ada.hear("error"))["code"] == "bad_frame"
        await ada.view()
        await ada.ws.send_bytes(b"{}")
        await ada.ws.send_str("[" * 5000)
        assert await ada.closed() == 4400


async def test_a_frame_too_large_ends_the_line(store: Store) -> None:
    async with console(store, CLOCK) as server, live_desk(server) as ada:
        await ada.say("watch", contacts=["x" * 20_000])
        assert await ada.closed() == 1009


async def test_too_many_frames_end_the_line(store: Store) -> None:
    async with console(store, CLOCK) as server, live_desk(server) as ada:
        for _ in range(80):
            await ada.say("beat")
        assert await ada.closed() == 4400


# -- honesty ------------------------------------------------------------------------------------


async def test_a_picture_that_stands_still_beats_no_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(store, CLOCK) as server, live_desk(server) as ada:
        await ada.view()
        await ada.hear("beat", 2.0)

        async def away(_: Any) -> None:
            raise StoreUnavailable("the database is away")

        monkeypatch.setattr(store, "read", away)
        await asyncio.sleep(hub.TRUE_FOR_S + 1.2)
        with pytest.raises(TimeoutError):
            while True:  # what was sent before comes first
                await ada.next(1.5)


async def test_desks_that_are_all_gone_leave_nothing_running(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LINGER_S", 0.1)
    async with console(store, CLOCK) as server:
        async with live_desk(server) as ada:
            await ada.view()
        line = server.app[HUB]
        await _until(lambda: line._tasks[0].done())
        assert not line.seats and not line.views
        contact_id = await write_in(store, phone(5))
        async with live_desk(server) as ada:
            assert (await ada.view())["order"] == [contact_id]
