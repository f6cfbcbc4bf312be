"""The room's page: closed to strangers, escaped, in order, and a decision is a person's."""

from __future__ import annotations

import re
from typing import Any

import aiohttp

from intake.feeds import HttpsFeed
from intake.incident import TransferKind, Verdict
from intake.simulate.control_room import Rule
from tests.rooms import VerdictTaker, at, sign_in, text_of, transfer, until


async def test_updates_out_of_order_are_shown_in_order_and_the_gap_is_named(
    start_room: Any, http: aiohttp.ClientSession, room_feed: HttpsFeed
) -> None:
    room = await start_room(rule=Rule.HAND)
    await sign_in(http, room)
    await room_feed.send(transfer("m-3", 3, text="third <script>alert(1)</script> \u202e"), at(room.feed_url))
    await room_feed.send(transfer("m-1", 1, text="first"), at(room.feed_url))
    page = await text_of(http, f"{room.url}/incidents/i-1")
    assert "third &lt;script&gt;alert(1)&lt;/script&gt; [U+202E]" in page
    assert "Not arrived yet: message 2 (fire)." in page
    assert re.findall(r"<tr><td>(\d)</td>", page) == ["1", "3"]
    await room_feed.send(transfer("m-2", 2, text="second"), at(room.feed_url))
    page = await text_of(http, f"{room.url}/incidents/i-1")
    assert "Not arrived yet" not in page
    assert "third" in page, "the newest by sequence is the picture, not the last to arrive"
    assert re.findall(r"<tr><td>(\d)</td>", page) == ["1", "2", "3"]


async def test_what_another_room_had_first_is_not_called_missing(
    start_room: Any, http: aiohttp.ClientSession, room_feed: HttpsFeed
) -> None:
    room = await start_room(rule=Rule.HAND)
    await sign_in(http, room)
    await room_feed.send(transfer("m-4", 4), at(room.feed_url))
    page = await text_of(http, f"{room.url}/incidents/i-1")
    assert "Not arrived yet: the creation (fire)." in page
    await room_feed.send(transfer("m-2", 2, kind=TransferKind.CREATION), at(room.feed_url))
    page = await text_of(http, f"{room.url}/incidents/i-1")
    assert "Not arrived yet: message 3 (fire)." in page


async def test_a_person_rejects_on_the_page_and_only_from_the_page(
    start_room: Any, http: aiohttp.ClientSession, room_feed: HttpsFeed, taker: VerdictTaker
) -> None:
    room = await start_room(rule=Rule.HAND, callback_url=taker.url)
    await room_feed.send(transfer(), at(room.feed_url))
    decision = f"{room.url}/incidents/i-1/decision"

    async def post(**form: str) -> tuple[int, str]:
        async with http.post(decision, data=form) as answer:
            return answer.status, await answer.text()

    _, page = await post(verdict="accept")
    assert "Sign in" in page, "not signed in"
    await sign_in(http, room)
    page = await text_of(http, f"{room.url}/incidents/i-1")
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    assert (await post(verdict="accept"))[0] == 403
    assert (await post(verdict="accept", csrf="x"))[0] == 403
    assert (await post(verdict="maybe", csrf=found[1]))[0] == 400
    async with http.get(decision) as answer:
        assert answer.status == 405
    status, page = await post(verdict="reject", csrf=found[1], reason=" ")
    assert (status, "Write why" in page) == (200, True)
    assert (await room_feed.ask(transfer(), at(room.feed_url))).verdict is Verdict.CONSIDERING

    status, page = await post(verdict="reject", csrf=found[1], reason="belongs to <Bradford>")
    assert "belongs to &lt;Bradford&gt;" in page
    await until(lambda: bool(taker.verdicts))
    assert taker.verdicts[0].reason == "belongs to <Bradford>"


async def test_every_page_is_closed_to_strangers_and_carries_the_policy(
    start_room: Any, http: aiohttp.ClientSession, room_feed: HttpsFeed
) -> None:
    room = await start_room(rule=Rule.HAND)
    await room_feed.send(transfer(), at(room.feed_url))
    for path in ("/", "/incidents/i-1", "/messages/m-1.xml"):
        async with http.get(room.url + path, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    async with http.post(f"{room.url}/sign-in", data={"token": "guess"}) as answer:
        assert answer.status == 403
    await sign_in(http, room)
    for path, status in (
        ("/", 200),
        ("/incidents/i-1", 200),
        ("/messages/m-1.xml", 200),
        ("/incidents/x", 404),
    ):
        async with http.get(room.url + path) as answer:
            assert answer.status == status
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
    async with http.get(f"{room.url}/messages/m-1.xml") as answer:
        assert answer.content_type == "text/plain"
