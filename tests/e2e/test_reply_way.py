"""A reply goes to the caller whom the desk shows, whatever a colleague joins to the contact meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.talk import TalkOffice, take


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkOffice]:
    made = TalkOffice(tmp_path_factory.mktemp("reply-way"))
    made.start()
    yield made
    made.stop()


def test_a_reply_typed_before_a_merge_goes_to_the_caller_it_was_typed_for(
    talk: TalkOffice, browser: Browser, shots: Path
) -> None:
    context = talk.context(browser, "ada")
    context.set_default_timeout(PATIENCE_MS)
    page = talk.desk(context)
    hers = talk.caller("he is outside my door")
    take(page, "he is outside my door")
    page.locator("#reply-text").fill("Stay hidden. Say nothing.")
    # This page does not hear of the merge before the key is pressed.
    seen: list[Route] = []
    address = f"**/api/v1/contacts/{hers.contact}"
    page.route(address, lambda route: seen.append(route))
    other = talk.caller("there is a man outside a door")
    row = talk.shown(other)["contact"]
    body = {"attempts": row["attempts"], "into": hers.contact, "reason": "the same house"}
    talk.by("bea", "POST", f"/contacts/{other.contact}/merge", body)
    with page.expect_response(lambda answer: answer.url.endswith("/replies")) as said:
        page.keyboard.press("Control+Enter")
    assert said.value.status == 202
    for one in seen:
        one.continue_()
    page.unroute(address)
    assert "Stay hidden. Say nothing." in talk.told(hers)
    assert "Stay hidden. Say nothing." not in talk.told(other)
    # Once it shows what was joined it says whom the next one goes to: who wrote last.
    expect(page.locator(".way")).to_have_attribute("data-way", other.contact)
    page.screenshot(path=shots / "reply_way.png")
    page.locator("#reply-text").fill("Who are you?")
    with page.expect_response(lambda answer: answer.url.endswith("/replies")) as said:
        page.keyboard.press("Control+Enter")
    assert said.value.status == 202
    assert "Who are you?" in talk.told(other)
    assert "Who are you?" not in talk.told(hers)
    context.close()
