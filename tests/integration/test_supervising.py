"""What supervisors see and set, on both engines; the wallboard says no caller's word."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from intake.clock import SteadyClock
from intake.console.roles import Person, Role
from intake.control_room import Service
from intake.store import accounts, claims, presence, replies, upkeep
from intake.store.answering import AnswerTarget
from intake.store.claims import Claim
from intake.store.store import Store
from tests.callers import at, phone, write_in
from tests.desk import HandClock, console, make_desk, new_id
from tests.live import live_desk

CLOCK = SteadyClock()
OPEN_MINUTE = CLOCK.now().replace(second=0, microsecond=0)


class Session:
    def __init__(self, role: Role):
        self.person = Person(name="sue", role=role, session="digest", csrf="token")

    async def who(self, cookie: str) -> Person | None:
        return self.person if cookie == "here" else None


async def ask(server: TestServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Cookie": "__Host-intake=here", "X-CSRF": "token"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, server.make_url(path), json=body, headers=headers) as response,
    ):
        return response.status, await response.json()


async def a_busy_evening(store: Store) -> str:
    """Two desks; one has a contact it owes an answer, one transfer went to a room."""
    ids = [await write_in(store, phone(number), "fire in Leeds", seconds=number) for number in range(3)]
    for name in ("ada", "bea"):
        await store.run(lambda c, one=name: presence.arrive(c, CLOCK.now(), one))  # type: ignore[misc]
    await store.run(lambda c: presence.set_state(c, CLOCK.now(), "bea", presence.AWAY))
    for contact_id in ids[:2]:
        await store.run(lambda c, one=contact_id: claims.claim(c, CLOCK.now(), one, "ada", 60))  # type: ignore[misc]
    await store.run(lambda c: replies.queue_reply(c, CLOCK.now(), ids[0], "ada", "Where are you?", new_id))
    await store.run(lambda c: replies.queue_reply(c, CLOCK.now(), ids[1], "automatic:received", "!", new_id))
    await store.run(lambda c: upkeep.note_open_minute(c, ["sms", "email"], OPEN_MINUTE))
    handover = make_desk(store, CLOCK).handover
    await handover.send(ids[0], "ada", 1, [Service.FIRE])
    return ids[1]


async def test_a_supervisor_sees_desks_debts_channels_and_links(store: Store) -> None:
    owed = await a_busy_evening(store)
    async with console(store, CLOCK, sessions=Session(Role.SUPERVISOR)) as server:
        status, seen = await ask(server, "GET", "/api/v1/supervisor")
    assert status == 200
    desks = {row["handler"]: row for row in seen["desks"]}
    assert (desks["ada"]["number"], desks["bea"]["state"]) == (1, "away")
    assert seen["present"] == {"live": 2, "available": 1, "none": False}
    assert len(desks["ada"]["open"]) == 2
    assert (seen["oldest_owed"]["handler"], seen["oldest_owed"]["contact"]["id"]) == ("ada", owed)
    channels = {row["channel"]: row for row in seen["channels"]}
    assert (channels["sms"]["messages_hour"], channels["sms"]["replies_hour"]) == (3, 2)
    assert (channels["email"]["last_message_at"], channels["email"]["open_minutes"]) == (None, 1)
    link = seen["links"][0]
    assert link["link"]["unanswered"] == link["link"]["sent_day"] == 1 and link["telephone"]
    assert seen["counts"]["claimable"] == {"2": 1}
    assert seen["answered"]["within_s"] == 10.0


async def test_what_a_person_answered_is_owed_no_more_until_the_caller_writes_again(store: Store) -> None:
    contact_id = await write_in(store, phone(1))
    assert set(await _owed(store, contact_id)) == {contact_id}
    await store.run(lambda c: claims.claim(c, CLOCK.now(), contact_id, "ada", 60))
    await store.run(lambda c: replies.queue_reply(c, CLOCK.now(), contact_id, "automatic:x", "!", new_id))
    assert set(await _owed(store, contact_id)) == {contact_id}, "a machine's words are no answer"
    await store.run(lambda c: replies.queue_reply(c, CLOCK.now(), contact_id, "ada", "Where?", new_id))
    assert await _owed(store, contact_id) == {}
    later = (CLOCK.now().timestamp() - 1772366400) + 5  # seconds after noon of the callers' day
    await write_in(store, phone(1), "here", seconds=later)
    await write_in(store, phone(1), "hurry", seconds=later + 3)
    found = await _owed(store, contact_id)
    assert round(found[contact_id].timestamp() - 1772366400 - later) == 0, "since the first of them"


async def _owed(store: Store, contact_id: str) -> dict[str, Any]:
    return dict(await store.read(lambda c: presence.owed_since(c, [contact_id])))


async def test_a_cap_is_set_for_an_account_and_recorded(store: Store) -> None:
    await store.run(lambda c: accounts.add(c, CLOCK.now(), name="ada", role="handler"))
    async with console(store, CLOCK, sessions=Session(Role.SUPERVISOR)) as server:
        body = {"handler": "ada", "open_limit": 4}
        assert await ask(server, "POST", "/api/v1/supervisor/caps", body) == (200, body)
        for wrong, status in (
            ({"handler": "ada", "open_limit": 5}, 400),
            ({"handler": "ada", "open_limit": 0}, 400),
            ({"handler": "nobody", "open_limit": 2}, 404),
        ):
            assert (await ask(server, "POST", "/api/v1/supervisor/caps", wrong))[0] == status
    assert (await store.read(lambda c: accounts.get(c, "ada"))).open_limit == 4


async def test_every_page_has_the_same_figure_of_answers_in_target(store: Store) -> None:
    """The wall, the supervisor's answer and the live line, of one setting."""
    clock = HandClock()
    first, _late = [await write_in(store, phone(number)) for number in range(2)]
    target = AnswerTarget(within_s=20, window_s=600)
    async with console(store, clock, answer_target=target, sessions=Session(Role.SUPERVISOR)) as server:
        async with live_desk(server) as ada:
            nothing = await ada.hear("answered")
            assert (nothing["counted"], nothing["in_target"]) == (0, 0), "no share of nothing"
            await store.run(lambda c: claims.claim(c, at(15), first, "ada", 60))
            clock.seconds = 30
            told = await ada.until(lambda frame: frame["t"] == "answered" and frame["counted"] == 2, 20)
        wall = (await ask(server, "GET", "/api/v1/wall"))[1]["answered"]
        supervisor = (await ask(server, "GET", "/api/v1/supervisor"))[1]["answered"]
    assert wall == supervisor == {"counted": 2, "in_target": 1, "within_s": 20.0, "window_s": 600.0}
    assert {name: told[name] for name in wall} == wall


async def test_the_wall_holds_figures_and_no_word_of_a_caller(store: Store) -> None:
    await a_busy_evening(store)
    async with console(store, CLOCK, sessions=Session(Role.RESEARCHER)) as server:
        status, seen = await ask(server, "GET", "/api/v1/wall")
    assert status == 200
    assert seen["waiting_longer"] == {"10": 1, "60": 1, "120": 1}
    assert seen["present"]["available"] == 1
    told = str(seen)
    for word in ("Leeds", "07700", "447700", "ada", "bea", "sms", "26-"):
        assert word not in told.replace(seen["now"], "")


@pytest.mark.parametrize("role", [Role.HANDLER, Role.AUDITOR, Role.RESEARCHER, Role.ADMIN])
async def test_only_a_supervisor_may(store: Store, role: Role) -> None:
    async with console(store, CLOCK, sessions=Session(role)) as server:
        assert (await ask(server, "GET", "/api/v1/supervisor"))[0] == 403
        body = {"handler": "ada", "open_limit": 4}
        assert (await ask(server, "POST", "/api/v1/supervisor/caps", body))[0] == 403


async def test_desks_get_numbers_once_and_come_back_as_they_were(store: Store) -> None:
    rows = await asyncio.gather(
        *(
            store.run(lambda c, one=name: presence.arrive(c, CLOCK.now(), one))  # type: ignore[misc]
            for name in ("ada", "bea", "cas", "ada")
        )
    )
    assert sorted({row.number for row in rows}) == [1, 2, 3]
    await store.run(lambda c: presence.set_state(c, CLOCK.now(), "ada", presence.AWAY))
    await store.run(lambda c: presence.left(c, CLOCK.now(), ["ada"]))
    back = await store.run(lambda c: presence.arrive(c, CLOCK.now(), "ada"))
    assert (back.state, back.connected) == (presence.AWAY, True)


def test_claims_are_keys() -> None:
    assert len({Claim("a", "ada", 1), Claim("a", "ada", 1)}) == 1  # type: ignore[arg-type]
