"""What the server refuses is said in Welsh at a Welsh desk; its own English words are marked as such."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.office import Office
from tests.e2e.talk import TalkOffice, reply
from tests.e2e.town import Caller

Desk = Callable[..., Page]


@pytest.fixture
def desk(desk: Callable[..., Page]) -> Desk:
    return lambda language="cy": desk("ada", language)


def claims(office: Office, name: str, contact: str) -> int:
    return int(office.by(name, "POST", f"/contacts/{contact}/claim", {})["contact"]["attempts"])


def takes_after_bea(page: Page, talk: TalkOffice, caller: Caller) -> Locator:
    """Ada takes it in the moment after bea took it; what the queue says to that."""

    def bea_is_first(route: Route) -> None:
        claims(talk, "bea", caller.contact)
        route.continue_()

    page.route(f"**/api/v1/contacts/{caller.contact}/claim", bea_is_first)
    page.locator(f"#queue [data-contact='{caller.contact}']").click()
    page.locator("#queue [data-command='queue.take_chosen']").click()
    notice = page.locator("[data-notice]")
    expect(notice).to_contain_text("is with bea: take another")
    return notice


def is_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_one_that_a_colleague_took_a_moment_before(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    caller = talk.caller("there is smoke on the stairs")
    page = desk()
    notice = takes_after_bea(page, talk, caller)
    expect(notice).to_contain_text("mae'r cyswllt hwn wedi newid dwylo")
    expect(notice.locator("[lang=en]")).to_have_text(re.compile(r"^26-\d{6} is with bea: take another$"))
    expect(page.locator("#spoken [lang=en]")).to_contain_text("is with bea")
    page.screenshot(path=shots / "welsh_refused_taken.png")
    is_accessible(page)


def test_an_english_desk_hears_the_server_alone(talk: TalkOffice, desk: Desk) -> None:
    """Control: nothing is put beside it, and nothing is marked as another language."""
    caller = talk.caller("there is smoke in the hall")
    notice = takes_after_bea(desk("en"), talk, caller)
    expect(notice).to_have_text(re.compile(r"^26-\d{6} is with bea: take another$"))
    expect(notice.locator("[lang]")).to_have_count(0)


def test_a_claim_that_is_lost_while_a_reply_is_typed(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    caller = talk.caller("we are in the cellar")
    page = desk()
    page.locator(f"#queue [data-contact='{caller.contact}']").click()
    page.locator("#queue [data-command='queue.take_chosen']").click()
    expect(reply(page)).to_be_focused()
    page.keyboard.type("Arhoswch yno")
    attempts = talk.shown(caller)["contact"]["attempts"]
    talk.by("ada", "POST", f"/contacts/{caller.contact}/release", {"attempts": attempts})
    claims(talk, "bea", caller.contact)
    # The desk has not heard of it, or has just heard it from the live line: either way it is not sent.
    page.keyboard.press("Control+Enter")
    lost = page.locator("#conversation .whose")
    expect(lost).to_contain_text("Nid chi piau hwn mwyach: mae'r cyswllt hwn wedi newid dwylo")
    expect(lost.locator("[lang=en]")).to_contain_text("is with bea")
    expect(reply(page)).to_have_value("Arhoswch yno")
    assert not any("Arhoswch" in text for text in talk.told(caller))
    page.screenshot(path=shots / "welsh_refused_lost.png")
    is_accessible(page)


def test_a_fourth_conversation(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    callers = [talk.caller(f"we are on floor {n}") for n in range(4)]
    page = desk()
    for number in (1, 2, 3):
        page.keyboard.press("F2")
        expect(page.locator("#conversation .tab")).to_have_count(number)
        expect(reply(page)).to_be_focused()
    page.keyboard.press("F2")
    notice = page.locator("[data-notice]")
    expect(notice).to_contain_text("Mae gennych 3 ar agor")
    expect(notice.locator("[lang=en]")).to_have_count(0)
    page.screenshot(path=shots / "welsh_refused_cap.png")
    is_accessible(page)
    assert sum(talk.shown(one)["contact"]["claimed_by"] == "ada" for one in callers) == 3


def test_a_link_that_ended_says_why(talk: TalkOffice, desk: Desk) -> None:
    caller = talk.caller("I do not know where I am")
    attempts = claims(talk, "ada", caller.contact)
    for _ in range(2):  # the second replaces the first
        said = {"attempts": attempts, "mode": "once"}
        talk.by("ada", "POST", f"/contacts/{caller.contact}/links", said)
    page = desk()
    done = page.locator("#conversation .line.done").filter(has_text="Dolen lleoliad:")
    expect(done).to_contain_text("Dolen lleoliad: Disodlwyd gan ddolen newydd")


@pytest.mark.parametrize("is_known", [True, False])
def test_a_note_without_welsh_is_heard_as_english(talk: TalkOffice, desk: Desk, is_known: bool) -> None:
    """On an underlined place: what is read aloud there is ours, and is not in the caller's language."""
    caller = talk.caller("we are in Newport")
    page = desk()

    def unread(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"welsh": {}})

    if not is_known:
        page.route(f"**/api/v1/contacts/{caller.contact}", unread)
    page.locator(f"#queue [data-contact='{caller.contact}']").click()
    page.locator("#queue [data-command='queue.take_chosen']").click()
    spoken = page.locator(".lines .clue .spoken")
    expect(spoken).to_contain_text("lle o'r enw hwn" if is_known else "places of this name")
    expect(spoken).to_have_attribute("lang", "cy")
    expect(spoken.locator("[lang=en]")).to_have_count(0 if is_known else 1)
