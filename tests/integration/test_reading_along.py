"""A supervisor reads a conversation along: its handler is told, and it ends with the supervisor's line."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from intake.clock import SteadyClock
from intake.console.live import readers
from intake.console.roles import Person, Role
from intake.contact import ContactId
from intake.errors import Refused
from intake.store import audit, claims, offers, presence, reading_along
from intake.store.reading_along import Reader
from intake.store.store import Store
from tests.callers import at, contact, queue_of
from tests.desk import console
from tests.live import LiveDesk, live_desk

CLOCK = SteadyClock()
COOKIE = {"Cookie": "__Host-intake=here", "X-CSRF": "token"}


class Sue:
    """The one session: a supervisor's."""

    async def who(self, cookie: str) -> Person | None:
        sue = Person(name="sue", role=Role.SUPERVISOR, session="digest", csrf="token")
        return sue if cookie == "here" else None


async def by_sue(server: TestServer, path: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession(headers=COOKIE) as http,
        http.post(server.make_url(f"/api/v1/contacts/{path}"), json={}) as answer,
    ):
        return answer.status, await answer.json()


def line_of_sue(server: TestServer) -> Any:
    origin = str(server.make_url("")).rstrip("/")
    return live_desk(server, headers=COOKIE | {"Origin": origin, "Authorization": ""})


async def told(desk: LiveDesk) -> list[str]:
    return [one["handler"] for one in (await desk.hear("readers", 20.0))["readers"]]


async def of(store: Store, seconds: float) -> list[tuple[str, str]]:
    found: list[Reader] = list(await store.read(lambda conn: reading_along.readers(conn, at(seconds))))
    return [(one.contact_id, one.handler) for one in found]


async def test_the_handler_is_told_and_it_is_on_record(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "GRACE_S", 0.5)
    (one,) = await queue_of(store, 1)
    await store.run(lambda conn: claims.claim(conn, CLOCK.now(), one, "ada", 900))
    async with console(store, CLOCK, sessions=Sue()) as server, live_desk(server) as ada:
        async with line_of_sue(server) as sue:
            await sue.say("watch", contacts=[one])
            status, answer = await by_sue(server, f"{one}/join")
            assert status == 200 and answer["contact"]["claimed_by"] == "ada"
            assert await told(ada) == ["sue"]
            status, _ = await by_sue(server, f"{one}/leave")
            assert status == 200 and await told(ada) == []
            await by_sue(server, f"{one}/join")
            assert await told(ada) == ["sue"]
            await sue.say("watch", contacts=[])  # her page shows another now
            assert await told(ada) == []
            await sue.say("watch", contacts=[one])
            await by_sue(server, f"{one}/join")
            assert await told(ada) == ["sue"]
        assert await told(ada) == []  # and with her line it ends
        async with line_of_sue(server) as sue:  # a line that comes back joins nothing by itself
            await sue.say("watch", contacts=[one])
            await sue.hear("alarms")
            assert await of(store, 0) == []
    records = await store.read(lambda conn: audit.search(conn, audit.Search(contact_id=one)))
    assert [record.action for record in records][::-1][:3] == [
        "contact.join",
        "contact.leave",
        "contact.join",
    ]


async def test_only_what_a_colleague_has_in_hand_is_joined(store: Store) -> None:
    one, other = await queue_of(store, 2)

    async def join(contact_id: ContactId, who: str = "sue", seconds: float = 20) -> None:
        await store.run(lambda conn: reading_along.join(conn, at(seconds), contact_id, who))

    with pytest.raises(Refused, match="with nobody"):
        await join(one)
    await store.run(lambda conn: claims.claim(conn, at(10), one, "ada", 60))
    with pytest.raises(Refused, match="with you"):
        await join(one, "ada")
    await join(one)
    await join(one, seconds=21)  # twice is once
    assert await of(store, 22) == [(one, "sue")]
    with pytest.raises(Refused, match="with nobody"):
        await join(one, seconds=90)  # its lease is over
    # Taken over, it is hers: she reads along with nobody.
    await store.run(lambda conn: offers.move(conn, at(23), one, "sue", "sue", 15))
    assert await of(store, 24) == []
    assert (await contact(store, one)).claimed_by == "sue"
    assert other not in [found for found, _ in await of(store, 24)]


async def test_what_a_process_that_died_left_is_not_shown_and_goes(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    await store.run(lambda conn: claims.claim(conn, at(10), one, "ada", 900))
    await store.run(lambda conn: reading_along.join(conn, at(20), one, "sue"))
    still = 20 + presence.SEEN_WITHIN_S - 1
    assert await of(store, still) == [(one, "sue")]
    assert await of(store, still + 2) == []
    await store.run(lambda conn: reading_along.still_there(conn, at(still), [(one, "sue")]))
    await store.run(lambda conn: reading_along.end_of(conn, at(still + 2), []))
    assert await of(store, still + 2) == [(one, "sue")]  # one that was seen since is kept
    await store.run(lambda conn: reading_along.end_of(conn, at(still + 3), ["sue"]))
    assert await of(store, still + 3) == []
