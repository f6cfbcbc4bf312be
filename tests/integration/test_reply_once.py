"""A reply that is asked for twice is said once; silent mode is a handler's choice."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import aiohttp
from sqlalchemy import select

from intake.store import tables
from intake.store.store import Store
from tests.callers import queue_of
from tests.desk import TOKENS, HandClock, console


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[name]}"}


async def said(store: Store, contact_id: str) -> list[str]:
    query = select(tables.replies.c.text).where(tables.replies.c.contact_id == contact_id)
    return await store.read(lambda conn: list(conn.execute(query.order_by(tables.replies.c.id)).scalars()))


class Desk:
    def __init__(self, http: aiohttp.ClientSession, contact_id: str, name: str = "ada"):
        self._http, self._path, self._name = http, f"/api/v1/contacts/{contact_id}", name

    async def post(self, verb: str, **body: Any) -> tuple[int, dict[str, Any]]:
        async with self._http.post(f"{self._path}/{verb}", json=body, headers=bearer(self._name)) as answer:
            return answer.status, await answer.json()

    async def claim(self) -> int:
        _, answer = await self.post("claim")
        return int(answer["contact"]["attempts"])


async def test_the_same_id_twice_is_said_once_and_answered_the_same(store: Store) -> None:
    (contact_id,) = await queue_of(store, 1)
    key = str(uuid.uuid4())
    async with (
        console(store, HandClock()) as server,
        aiohttp.ClientSession(server.make_url("")) as http,
    ):
        ada = Desk(http, contact_id)
        fence = await ada.claim()
        answers = await asyncio.gather(
            *(ada.post("replies", attempts=fence, text="Where are you?", id=key) for _ in range(5))
        )
        assert {status for status, _ in answers} == {202}
        assert len({body["reply_id"] for _, body in answers}) == 1
        # The claim is gone, the answer of the first time never came: the question stays answered.
        await ada.post("release", attempts=fence)
        status, again = await ada.post("replies", attempts=fence, text="Where are you?", id=key)
        assert (status, again["reply_id"]) == (202, answers[0][1]["reply_id"])
        status, refused = await ada.post("replies", attempts=fence, text="Other words", id=key)
        assert (status, refused["code"]) == (409, "refused")
        status, _ = await Desk(http, contact_id, "bea").post(
            "replies", attempts=fence, text="Where are you?", id=key
        )
        assert status == 409
        # Without the claim a new name says nothing.
        status, stale = await ada.post("replies", attempts=fence, text="Hello", id=str(uuid.uuid4()))
        assert (status, stale["code"]) == (409, "stale_claim")
    assert await said(store, contact_id) == ["Where are you?"]


async def test_without_an_id_each_reply_is_said(store: Store) -> None:
    """The negative control: it is the id that makes it once, not the words (law 4 holds for us too)."""
    (contact_id,) = await queue_of(store, 1)
    async with (
        console(store, HandClock()) as server,
        aiohttp.ClientSession(server.make_url("")) as http,
    ):
        ada = Desk(http, contact_id)
        fence = await ada.claim()
        for key in (None, None, str(uuid.uuid4()), str(uuid.uuid4())):
            body = {"attempts": fence, "text": "Where are you?", **({"id": key} if key else {})}
            assert (await ada.post("replies", **body))[0] == 202
        assert (await ada.post("replies", attempts=fence, text="x", id="not a uuid"))[0] == 400
    assert await said(store, contact_id) == ["Where are you?"] * 4


async def test_a_handler_sets_silent_mode_under_the_fence(store: Store) -> None:
    (contact_id,) = await queue_of(store, 1)
    async with (
        console(store, HandClock()) as server,
        aiohttp.ClientSession(server.make_url("")) as http,
    ):
        ada = Desk(http, contact_id)
        fence = await ada.claim()
        assert (await ada.post("silent", attempts=fence, silent=True))[1]["contact"]["silent"] is True
        assert (await ada.post("silent", attempts=fence - 1, silent=False))[0] == 409
        assert (await ada.post("silent", attempts=fence, silent=False))[1]["contact"]["silent"] is False
