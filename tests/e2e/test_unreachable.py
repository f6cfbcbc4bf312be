"""A caller nobody can reach, at the desk: suggested, marked by a key, filtered, and back once they write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.district import District
from tests.e2e.office import Office
from tests.e2e.talk import reply, take
from tests.e2e.town import Caller

OpenDesk = Callable[..., Page]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SOON_S = 1


@pytest.fixture
def alone(office: Office) -> Office:
    """Nothing else waits, so that F2 takes what the test is about."""
    for row in office.console("GET", "/queue?limit=100")["rows"]:
        office.finish(Caller("", "", row["id"]))
    return office


def soon(page: Page) -> Page:
    """The desk suggests the mark a second after our question, not ten minutes."""

    def patched(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=json.dumps(answer.json() | {"stale_suggest_s": SOON_S}))

    page.context.route("**/api/v1/me", patched)
    page.reload()
    expect(page.locator("#desk")).to_have_attribute("data-ready", "true")
    expect(page.locator("[data-live=live]")).to_be_visible()
    return page


def write(office: Office, caller: Caller, text: str) -> None:
    District.says(office, caller, text)  # type: ignore[arg-type]


def row_of(page: Page, caller: Caller) -> Locator:
    return page.locator(f".row[data-contact='{caller.contact}']")


def inside(page: Page, locator: Locator) -> bool:
    box, size = locator.bounding_box(), page.viewport_size
    assert box and size
    return (
        box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size["width"]
        and (box["y"] + box["height"] <= size["height"])
    )


def violations(page: Page) -> list[str]:
    found: Any = Axe().run(page, options={"runOnly": RULES["runOnly"]}).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


def test_by_keys_alone_it_is_marked_leaves_is_found_by_its_filter_and_is_back_when_they_write(
    alone: Office, open_desk: OpenDesk, shots: Path
) -> None:
    caller = alone.caller("someone is at the door, M1 1AE")
    ada, bea = soon(open_desk("ada")), open_desk("bea")
    take(ada, "someone is at the door")
    ada.keyboard.type("Can you get to a safe room? Reply 1 or 2.")
    ada.keyboard.press("Control+Enter")
    hint = ada.locator("[data-suggestion=silent]")
    expect(hint).to_contain_text("No answer to our question for 00:0")
    expect(reply(ada)).to_be_focused()  # a suggestion takes nothing away
    assert inside(ada, hint.get_by_role("button"))
    assert inside(ada, ada.locator("[data-command='conversation.reply']"))
    ada.screenshot(path=shots / "unreachable_suggested.png")
    ada.keyboard.press("Alt+u")
    dialog = ada.locator("#dialog")
    expect(dialog).to_contain_text("Silence is not safety")
    ada.screenshot(path=shots / "unreachable_dialog.png")
    assert violations(ada) == []
    dialog.get_by_role("button", name="We wrote and rang; no answer").press("Enter")
    expect(dialog).not_to_be_visible()
    expect(ada.locator("[data-tab]")).to_have_count(0)

    row = row_of(bea, caller)
    expect(row.locator(".mark.unreachable")).to_contain_text("unreachable since ")
    expect(row).to_contain_text("tried: We wrote and rang; no answer")
    bea.keyboard.press("F2")
    expect(bea.locator("[data-notice]")).to_contain_text("Nothing waits")
    only = bea.locator("[data-filter=unreachable]")
    expect(only).to_contain_text("1")
    only.press("Enter")
    expect(bea.locator("[data-contact]")).to_have_count(1)
    row.click()
    bea.get_by_role("button", name="View").click()
    expect(bea.locator(".whose")).to_contain_text("Tried: We wrote and rang; no answer")
    expect(bea.locator(".line.done").last).to_contain_text("ada could not reach the caller")
    bea.screenshot(path=shots / "unreachable_filtered.png")
    assert violations(bea) == []

    bea.locator("#conversation").get_by_role("button", name="Close this view").or_(
        bea.locator("[data-command='conversation.leave']")
    ).first.click()
    sounded = hears(bea)
    write(alone, caller, "1 we are upstairs")
    expect(bea.locator("[data-contact]")).to_have_count(0)  # of this filter
    bea.locator("[data-filter=all]").press("Enter")
    expect(row.locator(".mark.back")).to_have_text("can be reached again")
    expect(bea.locator("[data-waiting]")).to_have_text("1")
    assert sounded(), "as for a new one"
    bea.screenshot(path=shots / "unreachable_back.png")
    assert violations(bea) == []
    bea.keyboard.press("F2")
    expect(bea.locator(".lines")).to_contain_text("1 we are upstairs")
    expect(row.locator(".mark.back")).to_have_count(0)


def hears(page: Page) -> Callable[[], bool]:
    """Whether a tone has been started since: the page's own oscillators are counted."""
    page.evaluate(
        """() => {
          window.tones = 0;
          const start = OscillatorNode.prototype.start;
          OscillatorNode.prototype.start = function (...at) {
            window.tones += 1;
            return start.apply(this, at);
          };
        }"""
    )
    page.locator("body").press("Shift")  # browsers let nothing sound before a person has touched the page
    expect(page.locator("[data-command='sounds.set']")).to_contain_text("on")
    return lambda: page.evaluate("() => window.tones") > 0


def test_words_that_come_while_it_is_asked_keep_the_contact_here(alone: Office, open_desk: OpenDesk) -> None:
    caller = alone.caller("there is smoke")
    page = open_desk("ada")
    take(page, "there is smoke")
    page.keyboard.press("Alt+u")
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    write(alone, caller, "we are out now")
    expect(page.locator(".lines")).to_contain_text("we are out now")
    dialog.get_by_role("button", name="We wrote; no answer", exact=True).click()
    expect(dialog).to_contain_text("have not seen")
    page.keyboard.press("Escape")
    expect(page.locator("[data-tab]")).to_have_count(1)
    expect(row_of(page, caller)).to_contain_text("with you")


def test_any_of_them_can_be_taken_and_supervisors_see_how_many(
    alone: Office, open_desk: OpenDesk, shots: Path
) -> None:
    caller = alone.caller("my ankle hurts")
    page = open_desk("ada", language="cy")
    take(page, "my ankle hurts")
    page.keyboard.press("Alt+u")
    page.locator("#unreachable-tried").fill("ffoniwyd ddwywaith")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    row = row_of(page, caller)
    expect(row).to_contain_text("dim modd cyrraedd ers")
    expect(row).to_contain_text("ceisiwyd: ffoniwyd ddwywaith")
    page.evaluate("document.documentElement.dataset.theme = 'night'")
    page.screenshot(path=shots / "unreachable_night_cy.png")
    assert violations(page) == []
    sue = open_desk("sue", "/supervisor")
    expect(sue.locator("[data-unreachable]")).to_contain_text("unreachable 1, the first since ")
    sue.screenshot(path=shots / "unreachable_supervisor.png")
    row.dblclick()
    expect(page.locator(".lines")).to_contain_text("my ankle hurts")
    expect(row).to_contain_text("gyda chi")
