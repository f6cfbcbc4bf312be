"""What the hand-over panel stands on: a room found by name, nothing sent twice, nothing to a room unseen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import aiohttp
from sqlalchemy import update

from intake.control_room import Service
from intake.store.store import Store
from intake.store.tables import transfers
from tests.callers import phone, write_in
from tests.desk import TOKENS, HandClock, console

HERE = {"latitude": 53.8, "longitude": -1.55, "uncertainty_m": 50}
"""In Leeds."""


async def _ask(
    http: aiohttp.ClientSession, method: str, path: str, **body: Any
) -> tuple[int, dict[str, Any]]:
    async with http.request(method, f"/api/v1{path}", json=body if method == "POST" else None) as answer:
        return answer.status, await answer.json()


class Handler:
    """Ada, with one contact in Leeds."""

    def __init__(self, http: aiohttp.ClientSession, contact: dict[str, Any]):
        self._http, self.id, self.attempts = http, contact["id"], contact["attempts"]

    async def get(self, path: str) -> dict[str, Any]:
        return (await _ask(self._http, "GET", path))[1]

    async def post(self, verb: str, **body: Any) -> tuple[int, dict[str, Any]]:
        return await _ask(self._http, "POST", f"/contacts/{self.id}/{verb}", attempts=self.attempts, **body)

    async def transfers(self) -> list[dict[str, Any]]:
        return list((await self.get(f"/contacts/{self.id}"))["transfers"])


async def _take(http: aiohttp.ClientSession, store: Store) -> Handler:
    await write_in(store, phone(1), "fire here")
    _, taken = await _ask(http, "POST", "/queue/claim")
    handler = Handler(http, taken["contact"])
    assert (await handler.post("locations", **HERE))[0] == 200
    return handler


def _session(server: Any) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        str(server.make_url("")).rstrip("/"), headers={"Authorization": f"Bearer {TOKENS['ada']}"}
    )


async def test_a_key_pressed_twice_sends_once(store: Store) -> None:
    async with console(store, HandClock()) as server, _session(server) as http:
        ada = await _take(http, store)
        seen = {"transfers": 0, "rooms": {"fire": "fire-west-yorkshire"}}
        assert (await ada.post("send", services=["fire"], seen=seen))[0] == 202
        status, refused = await ada.post("send", services=["fire"], seen=seen)
        assert (status, refused["code"]) == (409, "refused") and "since you looked" in refused["message"]
        assert len(await ada.transfers()) == 1
        # Negative control: who does not say what they saw sends again.
        assert (await ada.post("send", services=["fire"]))[0] == 202
        assert len(await ada.transfers()) == 2


async def test_nothing_goes_to_a_room_whose_name_was_not_before_the_handler(store: Store) -> None:
    async with console(store, HandClock()) as server, _session(server) as http:
        ada = await _take(http, store)
        named = {"transfers": 0, "rooms": {"police": "police-west-yorkshire", "fire": "fire-kent"}}
        status, refused = await ada.post("send", services=["police", "fire"], seen=named)
        assert status == 409 and "fire-west-yorkshire now, not to fire-kent" in refused["message"]
        assert await ada.transfers() == [], "the police were not sent either: one transaction"


async def test_a_room_of_ones_own_choice_for_one_of_two_services(store: Store) -> None:
    async with console(store, HandClock()) as server, _session(server) as http:
        ada = await _take(http, store)
        chosen = {"fire": "fire-north-yorkshire"}
        seen = {"transfers": 0, "rooms": chosen}
        status, _ = await ada.post("send", services=["police", "fire"], rooms=chosen, seen=seen)
        assert status == 202
        went = {one["service"]: one for one in await ada.transfers()}
        assert {service: one["room_id"] for service, one in went.items()} == {
            "police": "police-west-yorkshire",
            "fire": "fire-north-yorkshire",
        }
        fire = went["fire"]
        assert fire["first_room_name"] == fire["room_name"] and fire["created_by"] == "ada"
        status, refused = await ada.post("send", services=["fire"], rooms={"fire": "fire-atlantis"})
        assert (status, refused["code"]) == (404, "not_found")


async def test_a_room_is_found_by_words_of_its_name(store: Store) -> None:
    async with console(store, HandClock()) as server, _session(server) as http:
        _, found = await _ask(http, "GET", "/rooms?q=yorkshire+WEST&service=fire")
        (room,) = found["rooms"]
        assert (room["id"], room["services"], found["total"]) == ("fire-west-yorkshire", ["fire"], 1)
        assert room["telephone"].startswith("01632 960") and room["state"] == "Normal"
        assert not room["has_feed"] and room["last_answer_at"] is None
        _, two = await _ask(http, "GET", "/rooms?ids=coastguard,fire-kent,no-such")
        assert {one["id"] for one in two["rooms"]} == {"coastguard", "fire-kent"}
        _, many = await _ask(http, "GET", "/rooms")
        assert len(many["rooms"]) == 12 < many["total"]
        status, _ = await _ask(http, "GET", "/rooms?service=plumbers")
        assert status == 400
    async with console(store, HandClock()) as server, aiohttp.ClientSession(str(server.make_url(""))) as http:
        assert (await _ask(http, "GET", "/rooms?q=kent"))[0] == 401


async def test_what_was_sent_is_mine_for_as_long_as_i_keep_it(store: Store) -> None:
    """A desk that is loaded again finds what it still has, also once a room was asked."""
    clock = HandClock()
    async with console(store, clock) as server, _session(server) as http:
        ada = await _take(http, store)
        assert (await ada.post("send", services=["fire"]))[0] == 202
        _, mine = await _ask(http, "GET", "/queue?mine=true")
        assert [(row["id"], row["state"]) for row in mine["rows"]] == [(ada.id, "sending")]
        clock.seconds += 3600
        _, later = await _ask(http, "GET", "/queue?mine=true")
        assert later["rows"] == [], "her lease has lapsed: it is with its room"


async def test_a_rooms_line_is_as_good_as_its_last_answer(store: Store) -> None:
    heard = datetime.now(UTC).replace(microsecond=0)
    async with console(store, HandClock()) as server, _session(server) as http:
        ada = await _take(http, store)
        assert (await ada.post("send", services=["fire", "police"]))[0] == 202
        answered = update(transfers).where(transfers.c.service == Service.FIRE.value)
        await store.run(lambda conn: conn.execute(answered.values(delivered_at=heard)).rowcount)
        _, found = await _ask(http, "GET", "/rooms?ids=fire-west-yorkshire,police-west-yorkshire")
        last = {one["id"]: one["last_answer_at"] for one in found["rooms"]}
        assert last["police-west-yorkshire"] is None
        assert datetime.fromisoformat(last["fire-west-yorkshire"]) == heard
