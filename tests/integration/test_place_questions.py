"""A town of several places: asked about, never guessed, from a caller's text to a handler's screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from intake.locate.gazetteer import Gazetteer
from intake.locate.questions import question_of
from intake.locate.text import TextLocator
from intake.phrases import load_phrases
from intake.store.store import Store
from tests.behind_doors import Behind
from tests.callers import phone, write_in
from tests.desk import TOKENS, console

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
async def behind(store: Store) -> AsyncIterator[Behind]:
    made = Behind(store, locator=TextLocator(None, Gazetteer.load(CONFIG / "gazetteer")))
    yield made
    await made.close()


async def shown(behind: Behind, contact_id: str) -> dict[str, Any]:
    ask = partial(question_of, load_phrases(CONFIG))
    headers = {"Authorization": f"Bearer {TOKENS['ada']}"}
    async with console(behind.store, behind.clock, ask=ask) as server, aiohttp.ClientSession() as http:
        answer = await http.get(server.make_url(f"/api/v1/contacts/{contact_id}"), headers=headers)
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found


async def test_which_newport_is_asked_and_nothing_is_chosen(behind: Behind) -> None:
    contact_id = await write_in(behind.store, phone(1), "house fire in newport pls hurry")
    await behind.triage()
    answer = await shown(behind, contact_id)
    (mark,) = answer["conversation"][0]["clues"]
    assert mark["question"] == "Which Newport? A county or a bigger town near it helps."
    assert {"Newport, Gwent", "Newport, Isle of Wight"} < set(mark["options"])
    assert len(answer["places"]) == len(mark["options"])
    assert answer["contact"]["place"] is None


async def test_a_county_in_the_same_text_answers_it(behind: Behind) -> None:
    contact_id = await write_in(behind.store, phone(1), "house fire in newport, isle of wight")
    await behind.triage()
    answer = await shown(behind, contact_id)
    (mark,) = answer["conversation"][0]["clues"]
    assert "question" not in mark
    assert "Isle of Wight" in mark["note"]
    assert answer["contact"]["place"]["latitude"] == pytest.approx(50.70, abs=0.01)


async def test_a_road_alone_is_asked_about_in_the_callers_language(behind: Behind) -> None:
    contact_id = await write_in(
        behind.store, phone(1), "mae damwain ar yr A470, helpwch fi os gwelwch yn dda"
    )
    await behind.triage()
    answer = await shown(behind, contact_id)
    (mark,) = answer["conversation"][0]["clues"]
    assert (mark["kind"], mark.get("located", False)) == ("road", False)
    assert mark["question"].startswith("Ble ar yr A470?")
