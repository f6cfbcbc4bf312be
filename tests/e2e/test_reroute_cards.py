"""A better place after the hand-over: another room is proposed; a person sends there or stays, by keys."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.district import ACCEPTS, HULL, LEEDS, SLOW, District
from tests.e2e.town import Caller

SAME_PRESS_MS = 700
Desk = Callable[..., Page]


@pytest.fixture
def desk(district: District, browser: Browser) -> Iterator[Desk]:
    contexts: list[BrowserContext] = []

    def opened(name: str, language: str = "en") -> Page:
        context = district.context(browser, name, language=language)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return district.desk(context)

    yield opened
    for context in contexts:
        context.close()


def fix(place: dict[str, float]) -> dict[str, Any]:
    return {
        "latitude": place["lat"],
        "longitude": place["lon"],
        "accuracy_m": place["accuracy"],
        "confidence_pct": 95,
        "method": "gps",
        "positioned_at": datetime.now(UTC).isoformat(),
    }


def writes(district: District, text: str) -> Caller:
    """Somebody in Leeds, by their phone's own fix."""
    body = {"id": str(uuid.uuid4()), "text": text, "location": fix(LEEDS)}
    opened = district._ask("POST", f"{district.url}/app/v1/contacts", body)
    rows = district.console("GET", "/queue?limit=100")["rows"]
    contact = next(row["id"] for row in rows if row["caller"] == f"app:{opened['contact']}")
    return Caller(opened["contact"], opened["token"], contact)


def moves(district: District, caller: Caller) -> None:
    """The same phone, in Hull."""
    path = f"{district.url}/app/v1/contacts/{caller.handle}/locations"
    district._ask("POST", path, {"id": str(uuid.uuid4()), **fix(HULL)}, caller.token)


def hands_over(page: Page, caller: Caller) -> None:
    """Taken and sent by keys; West Yorkshire has accepted it."""
    expect(page.locator(f'[data-contact="{caller.contact}"]')).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".route[data-service=fire]")).to_have_attribute("data-room", ACCEPTS)
    page.keyboard.press("F8")
    expect(page.locator("#methane-exact_location")).to_be_focused()
    page.wait_for_timeout(SAME_PRESS_MS)
    page.keyboard.press("F8")
    expect(page.locator(f'.transfer[data-room="{ACCEPTS}"]')).to_have_attribute("data-state", "accepted")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        if page.locator(f"{selector}:focus").count():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def look(page: Page, shots: Path, name: str) -> None:
    page.screenshot(path=shots / f"reroute_{name}.png")
    found = Axe().run(page, context="#handover")
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def accepts_by_hand(district: District, browser: Browser) -> None:
    """A person at Humberside's own screen takes the newest incident."""
    room = district.rooms[SLOW]
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{room.url}/sign-in")
    page.locator("input[name=token]").fill(room.token)
    page.keyboard.press("Enter")
    page.locator("a[href^='/incidents/']").first.click()
    page.locator("button[value=accept]").click()
    context.close()


def test_send_there_by_keyboard(district: District, desk: Desk, browser: Browser, shots: Path) -> None:
    caller = writes(district, "Fire in my kitchen, I am driving home")
    ada, bea = desk("ada"), desk("bea", "cy")
    hands_over(ada, caller)
    ada.locator("#reply-text").click()
    ada.keyboard.type("Stay where you ar")
    moves(district, caller)
    card = ada.locator(".reroute[data-kind=other_room]")
    expect(card).to_contain_text("Another room answers there.")
    # It comes without moving anything of hers, and without an act of hers it goes nowhere.
    expect(ada.locator("#reply-text")).to_be_focused()
    expect(ada.locator("#reply-text")).to_have_value("Stay where you ar")
    expect(bea.locator(f"#row-{caller.contact} .mark.reroute")).to_have_text("Ystafell arall?")
    assert {one["room_id"] for one in district.shown(caller)["transfers"]} == {ACCEPTS}
    go = card.get_by_role("button", name="Send to Humberside Fire and Rescue Service")
    expect(go).to_be_in_viewport(ratio=1)
    expect(card.get_by_role("button", name="Leave it there")).to_be_in_viewport(ratio=1)
    look(ada, shots, "card")
    look(bea, shots, "colleague")

    ada.keyboard.press("Alt+r")
    expect(go).to_be_focused()
    ada.keyboard.press("Enter")
    ada.keyboard.press("Enter")
    held, new = (ada.locator(f'.transfer[data-room="{room}"]') for room in (ACCEPTS, SLOW))
    expect(new).to_have_attribute("data-state", "delivered")
    expect(card).to_have_count(0)
    # Nothing is torn away: West Yorkshire has it until Humberside has taken it.
    expect(held).to_have_attribute("data-state", "accepted")
    expect(held).not_to_have_class(re.compile("went-elsewhere"))
    look(ada, shots, "on_its_way")
    accepts_by_hand(district, browser)
    expect(new).to_have_attribute("data-state", "accepted")
    expect(held).to_have_class(re.compile("went-elsewhere"))
    expect(ada.locator("#reply-text")).to_have_value("Stay where you ar")
    look(ada, shots, "accepted")
    creations = [one for one in district.shown(caller)["transfers"] if one["kind"] == "creation"]
    assert [(one["room_id"], one["state"]) for one in creations] == [
        (ACCEPTS, "accepted"),
        (SLOW, "accepted"),
    ]
    assert creations[1]["room_reference"] in district.rooms[SLOW].incidents()
    district.finish(caller)


def test_it_stays_for_a_reason_by_keyboard(district: District, desk: Desk, shots: Path) -> None:
    caller = writes(district, "Fire in my garden shed, I ran away")
    ada = desk("ada", "cy")
    hands_over(ada, caller)
    moves(district, caller)
    card = ada.locator(".reroute[data-kind=other_room]")
    expect(card).to_be_visible()
    ada.keyboard.press("Alt+r")
    ada.keyboard.press("Tab")
    expect(card.locator("input[name=reason]")).to_be_focused()
    ada.keyboard.press("Enter")
    expect(card).to_be_visible()
    ada.keyboard.type("  the fire is in Leeds  ")
    # What comes meanwhile takes nothing of what is typed.
    district.says(caller, "I am with my sister now")
    expect(ada.locator(".lines")).to_contain_text("with my sister")
    expect(card.locator("input[name=reason]")).to_have_value("  the fire is in Leeds  ")
    expect(card.locator("input[name=reason]")).to_be_focused()
    look(ada, shots, "stays_cy")
    ada.keyboard.press("Enter")
    expect(card).to_have_count(0)
    whole = district.shown(caller)
    assert {one["room_id"] for one in whole["transfers"]} == {ACCEPTS}
    (one,) = [one for one in whole["reroutes"] if one["kind"] == "other_room"]
    assert (one["state"], one["ended_by"], one["reason"]) == ("dismissed", "ada", "the fire is in Leeds")
    expect(ada.locator(".lines")).to_contain_text("the fire is in Leeds")
    ada.keyboard.press("Alt+r")
    expect(ada.locator("[data-notice]")).to_have_text("Nid oes ystafell arall wedi'i chynnig.")
    district.finish(caller)
