"""The words that tell a place reach a handler's screen where they were written: doors, triage, console."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from intake.locate.text import TextLocator
from intake.location import Reading
from intake.store.store import Store
from tests.behind_doors import Behind
from tests.callers import phone, write_in
from tests.desk import TOKENS, console

GRID, FIX = "SH 609 543", "53.79981, -1.54911"
SAID = f"fi 🔥 yma: tân yn {GRID}, not at {FIX} any more. w3w filled.count.soap"


@pytest.fixture
async def behind(store: Store) -> AsyncIterator[Behind]:
    made = Behind(store, locator=TextLocator(None))
    yield made
    await made.close()


async def shown(behind: Behind, contact_id: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {TOKENS['ada']}"}
    async with console(behind.store, behind.clock) as server, aiohttp.ClientSession() as http:
        answer = await http.get(server.make_url(f"/api/v1/contacts/{contact_id}"), headers=headers)
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found


async def test_a_console_can_underline_each_clue_in_its_message(behind: Behind) -> None:
    contact_id = await write_in(behind.store, phone(1), SAID)
    await write_in(behind.store, phone(1), "help", seconds=5)
    await behind.triage()
    said, later = (await shown(behind, contact_id))["conversation"][:2]
    assert "clues" not in later
    marks = said["clues"]
    # JSON's offsets are code points, as Python's: the flame before the clues is one of them.
    assert [said["text"][mark["start"] : mark["end"]] for mark in marks] == [GRID, FIX, "filled.count.soap"]
    assert [mark["words"] for mark in marks] == [GRID, FIX, "filled.count.soap"]
    assert [mark["kind"] for mark in marks] == ["os_grid", "latlon", "what3words"]
    assert [mark.get("located", False) for mark in marks] == [True, False, False]
    assert [mark.get("negated", False) for mark in marks] == [False, True, False]
    assert [mark.get("whose", "") for mark in marks] == ["incident", "", ""]
    assert "what3words service" in marks[2]["note"]


async def test_a_denied_place_is_shown_and_not_acted_on(behind: Behind) -> None:
    contact_id = await write_in(behind.store, phone(1), f"not at {FIX} any more")
    await behind.triage()
    answer = await shown(behind, contact_id)
    assert [mark["negated"] for mark in answer["conversation"][0]["clues"]] == [True]
    assert answer["places"] == []
    assert answer["contact"]["place"] is None


async def test_negative_control_a_locator_that_reads_nothing_leaves_nothing_to_underline(
    store: Store,
) -> None:
    class Blind:
        def read(self, text: str) -> Reading:
            return Reading()

    behind = Behind(store, locator=Blind())
    try:
        contact_id = await write_in(store, phone(1), SAID)
        await behind.triage()
        assert "clues" not in (await shown(behind, contact_id))["conversation"][0]
    finally:
        await behind.close()
