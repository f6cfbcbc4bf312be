"""By keyboard alone: take, ask for the place, reply, send, accepted, close. All of it is real."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.district import ACCEPTS, District

NO_POINTER = "() => addEventListener('pointerdown', () => { document.title = 'A POINTER WAS USED'; }, true)"


@pytest.fixture
def desk(district: District, browser: Browser) -> Iterator[Page]:
    context = district.context(browser, "ada")
    context.set_default_timeout(PATIENCE_MS)
    page = district.desk(context)
    page.evaluate(NO_POINTER)
    yield page
    assert "POINTER" not in page.title()
    context.close()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, as a person without a mouse does."""
    for _ in range(80):
        if page.locator(f"{selector}:focus").count():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def told(district: District, caller: Any) -> list[str]:
    """What the caller's app shows of us."""
    url = f"{district.url}/app/v1/contacts/{caller.handle}/replies"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {caller.token}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return [reply["text"] for reply in json.load(answer)["replies"]]


def test_take_ask_reply_send_accepted_close(district: District, desk: Page, shots: Path) -> None:
    caller = district.caller("Fire at LS1 4AP two people upstairs")
    expect(desk.locator(f'[data-contact="{caller.contact}"]')).to_be_visible()
    desk.keyboard.press("F2")
    expect(desk.locator("#conversation").get_by_text("two people upstairs")).to_be_visible()

    desk.keyboard.press("F9")
    expect(desk.locator("#dialog")).to_be_visible()
    tab_to(desk, "#dialog .button.main")
    desk.keyboard.press("Enter")
    expect(desk.locator("#conversation")).to_contain_text("/l/")

    tab_to(desk, "#conversation textarea")
    desk.keyboard.type("Get out and stay out. Firefighters are being sent.")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#conversation").get_by_text("Firefighters are being sent.").first).to_be_visible()

    fire = desk.locator(".route[data-service=fire]")
    expect(fire).to_have_attribute("data-room", ACCEPTS)
    expect(fire).to_contain_text("West Yorkshire Fire and Rescue Service")
    desk.keyboard.press("F8")
    location = desk.locator("#methane-exact_location")
    expect(location).to_be_focused()
    expect(location).to_have_value("LS1 4AP; SE 293 333; 53.79546, -1.55572, within 133 m (95 %)")
    desk.screenshot(path=shots / "handover_summary.png")
    tab_to(desk, "#methane-casualties")
    desk.keyboard.type("2")
    assert district.shown(caller)["transfers"] == [], "nothing goes before the second F8"
    desk.wait_for_timeout(700)
    desk.keyboard.press("F8")
    line = desk.locator(f'.transfer[data-room="{ACCEPTS}"]')
    expect(line).to_have_attribute("data-state", "accepted")
    expect(line).to_contain_text(re.compile(r"FWY-\d{6}"))
    desk.screenshot(path=shots / "handover_accepted.png")

    desk.keyboard.press("Control+k")
    desk.keyboard.type("close")
    desk.keyboard.press("Enter")
    expect(desk.locator("#dialog .choices")).to_be_visible()
    tab_to(desk, "#dialog .choices .button")
    desk.keyboard.press("Enter")
    expect(desk.locator("#dialog")).to_be_hidden()
    expect(desk.locator("#conversation").get_by_text("two people upstairs")).to_be_hidden()

    whole = district.shown(caller)
    assert whole["contact"]["state"] == "closed"
    (transfer,) = whole["transfers"]
    assert (transfer["room_id"], transfer["state"], transfer["created_by"]) == (ACCEPTS, "accepted", "ada")
    words = told(district, caller)
    assert any("Firefighters are being sent" in one for one in words) and any("/l/" in one for one in words)
    received = district.rooms[ACCEPTS].incidents()
    assert transfer["room_reference"] in received and "Accepted" in received
