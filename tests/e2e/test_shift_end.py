"""The end of a shift: all is offered, a colleague takes it, and only then can one sign out. By keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.office import Office
from tests.e2e.test_sign_in import new_person

Desk = Callable[..., Page]


@pytest.fixture
def desk(office: Office, browser: Browser) -> Iterator[Desk]:
    """``desk("dee")``: somebody hired today, whose signing out ends nobody else's session."""
    contexts: list[BrowserContext] = []

    def opened(name: str, language: str = "en") -> Page:
        office.people[name] = new_person(office, name)
        context = office.context(browser, name, language=language)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return office.desk(context)

    yield opened
    for context in contexts:
        context.close()


def tab_to(page: Page, where: Locator) -> None:
    for _ in range(60):
        if where.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{where} is not reached by Tab")


def by_name(page: Page, typed: str) -> None:
    """A command, by the list of them."""
    page.keyboard.press("Control+k")
    expect(page.locator("#dialog .palette input")).to_be_focused()
    page.keyboard.type(typed)
    expect(page.locator(".palette-one")).to_have_count(1)
    page.keyboard.press("Enter")


def test_all_is_offered_and_taken_before_one_can_sign_out(office: Office, desk: Desk, shots: Path) -> None:
    callers = [office.caller(f"shift: smoke in house {n}") for n in (1, 2)]
    names = [office.shown(one)["contact"]["reference"] for one in callers]
    dee, eve = desk("dee"), desk("eve")
    for one in callers:
        office.by("dee", "POST", f"/contacts/{one.contact}/claim", {})
    dee.reload()
    expect(dee.locator("[data-tab]")).to_have_count(2)

    by_name(dee, "sign out")
    refused = dee.locator("#dialog")
    expect(refused).to_contain_text("You cannot sign out yet")
    for name in names:
        expect(refused).to_contain_text(name)
    dee.screenshot(path=shots / "shift_refused.png")
    tab_to(dee, refused.get_by_role("button", name="End of shift"))
    dee.keyboard.press("Enter")
    expect(refused).to_contain_text("offer all open conversations")
    tab_to(dee, dee.locator("#hand-to"))
    dee.locator("#hand-to").select_option("eve")
    tab_to(dee, dee.locator("#hand-note"))
    dee.keyboard.type("Both are out of the house.")
    dee.screenshot(path=shots / "shift_offer.png")
    tab_to(dee, refused.get_by_role("button", name="Offer it"))
    dee.keyboard.press("Enter")
    expect(dee.locator(".whose")).to_contain_text("yours until it is taken")

    # Offered is not taken: they are still hers, and she cannot leave.
    offers = eve.locator(".offers li")
    expect(offers).to_have_count(2)
    expect(offers.first).to_contain_text("Both are out of the house.")
    eve.screenshot(path=shots / "shift_offered.png")
    by_name(dee, "sign out")
    expect(refused).to_contain_text("(2)")
    dee.keyboard.press("Escape")
    expect(offers.first.get_by_role("button", name="Take")).to_contain_text("Alt O")
    eve.keyboard.press("Alt+o")
    expect(eve.locator(".lines")).to_contain_text("house 1")
    expect(dee.locator("[data-tab]")).to_have_count(1)
    by_name(dee, "sign out")
    expect(refused).to_contain_text(names[1])
    expect(refused).not_to_contain_text(names[0])
    dee.keyboard.press("Escape")
    expect(offers).to_have_count(1)
    tab_to(eve, offers.get_by_role("button", name="Take"))
    eve.keyboard.press("Enter")
    expect(eve.locator(".lines")).to_contain_text("house 2")
    expect(dee.locator("[data-tab]")).to_have_count(0)
    assert {office.shown(one)["contact"]["claimed_by"] for one in callers} == {"eve"}

    by_name(dee, "sign out")
    expect(dee).to_have_url(office.desk_url + "/sign-in")
    dee.goto(office.desk_url + "/desk")
    expect(dee).to_have_url(office.desk_url + "/sign-in")
    for one in callers:
        office.finish(one)
