"""Bad requests at a link's paths: the tables every HTTP door is held to (laws 5 and 6)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from multidict import CIMultiDict

from intake.clock import SteadyClock
from intake.errors import StoreUnavailable
from intake.ports import HttpDoor
from intake.public.doors import link_doors
from intake.store import tables
from intake.store.store import Store
from tests.integration.bad_requests import BODIES, MANNERS, Manner, Target
from tests.integration.bare_wire import exchange, status_of
from tests.links import Links, Sent, fix, open_links

READ_TIMEOUT_S = 0.5
DOORS = ("link.places", "link.words", "link.form")
NAMED = [(one.__name__, one, hang_up, allowed) for one, hang_up, allowed in MANNERS]


@pytest.fixture
async def links(store: Store) -> AsyncIterator[Links]:
    async with open_links(store, READ_TIMEOUT_S) as made:
        yield made


@pytest.fixture
async def sqlite_links(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Links]:
    """On one engine: what is refused for its manners reaches no database."""
    shutil.copy(migrated_file, tmp_path / "intake.db")
    store = Store(f"sqlite:///{tmp_path}/intake.db", SteadyClock())
    await store.start()
    async with open_links(store, READ_TIMEOUT_S) as made:
        yield made
    await store.close()


def target(links: Links, link: Sent, name: str) -> Target:
    """A genuine request of this door, for the tables to break."""
    door: HttpDoor = next(one for one in link_doors(links.keys) if one.name == name)
    body = {"link.places": msgspec.json.encode(fix()), "link.words": words()}.get(name, form(link))
    path = door.path.replace("/l/{code}", link.path)
    case = {"path": path, "headers": CIMultiDict(link.headers), "body": body.decode(), "door": name}
    return Target(None, door, case)  # type: ignore[arg-type]


def words() -> bytes:
    return b'{"id":"0b0ff0d5-6d4b-4a9c-8a39-27bb9b6a4a11","words":"by the church"}'


def form(link: Sent) -> bytes:
    return f"ticket={link.ticket}&id=0b0ff0d5-6d4b-4a9c-8a39-27bb9b6a4a11&words=by+the+church".encode()


@pytest.mark.parametrize("door", DOORS)
async def test_bad_manners_are_refused_and_nothing_is_kept(sqlite_links: Links, door: str) -> None:
    links = sqlite_links
    link = await links.send()
    for name, manner, hang_up, allowed in NAMED:
        await _one(links, target(links, link, door), manner, hang_up, allowed, name)
    assert len(await links.rows(tables.raw_messages)) == 1
    genuine = target(links, link, door).case["body"].encode()
    path, headers = target(links, link, door).case["path"], link.headers
    if door == "link.form":
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await links.post(path, genuine, headers)).status == 200


async def _one(
    links: Links, aim: Target, manner: Manner, hang_up: bool, allowed: set[int], name: str
) -> None:
    heard = await asyncio.to_thread(exchange, links.port, list(manner(aim)), hang_up=hang_up)
    assert status_of(heard) in allowed, (name, heard[:300])


@pytest.mark.parametrize("door", ["link.places", "link.words"])
async def test_a_bad_body_is_acknowledged_kept_and_shown_in_the_conversation(links: Links, door: str) -> None:
    link = await links.send()
    aim = target(links, link, door)
    for name, make in BODIES.items():
        sent = make(aim)
        answer = await links.post(aim.case["path"], sent, link.headers)
        if len(sent) > aim.door.body_limit_bytes:
            assert answer.status == 413, (name, answer)  # refused aloud
            continue
        assert 200 <= answer.status < 300, (name, answer)
        newest = max(await links.rows(tables.raw_messages), key=lambda row: row.id)
        assert bytes(newest.body) == sent, name
    kept = await links.rows(tables.messages)
    assert {row.contact_id for row in kept if row.kind == "text"} == {link.contact_id}
    assert len(await links.rows(tables.contacts)) == 1  # none of them opened a conversation of its own
    flags = [row.flag for row in kept[1:]]
    assert len(flags) >= 15 and flags.count("defective") >= len(flags) - 1


async def test_an_outage_acknowledges_nothing_and_the_page_comes_again(links: Links) -> None:
    link = await links.send()

    async def away(*_args: Any, **_named: Any) -> Any:
        raise StoreUnavailable("away")

    with patch.object(Store, "accept", away):
        place, said = await links.place(link), await links.form(link, words="x")
    with patch.object(Store, "read", away):
        page = await links.get(link.path)
    for answer in (place, said, page):
        assert answer.status == 503 and answer.headers["Retry-After"] == "2"
        assert "call or text 999" in answer.text
    assert (await links.place(link)).status == 200
    assert len(await links.rows(tables.raw_messages)) == 2


async def test_figures_that_cannot_be_written_cost_no_place(links: Links) -> None:
    link = await links.send()

    async def away(*_args: Any, **_named: Any) -> Any:
        raise StoreUnavailable("away")

    with patch.object(Store, "run", away):
        assert (await links.place(link)).status == 200
    assert [row.kind for row in await links.rows(tables.messages)] == ["text", "place"]


async def test_a_bug_of_ours_is_told_as_not_taken(links: Links) -> None:
    link = await links.send()

    async def broken(*_args: Any, **_named: Any) -> Any:
        raise ZeroDivisionError

    with patch.object(Store, "accept", broken):
        answer = await links.place(link)
    assert answer.status == 503 and b"ZeroDivision" not in answer.body


async def test_fifty_repeats_at_once_are_one_place(links: Links) -> None:
    link = await links.send()
    body = fix()
    answers = await asyncio.gather(
        *(links.post(f"{link.path}/places", body, link.headers) for _ in range(50))
    )
    assert {one.status for one in answers} == {200} and len({one.body for one in answers}) == 1
    assert len(await links.rows(tables.messages)) == 2
