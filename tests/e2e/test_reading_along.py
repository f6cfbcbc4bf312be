"""A supervisor reads a conversation along: its handler sees it, loses nothing, and may lose it to her."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.office import Office
from tests.e2e.talk import reply

OpenDesk = Callable[..., Page]
WITH_ADA = {
    "en": "sue (supervisor) is reading with you",
    "cy": "Mae sue (goruchwyliwr) yn darllen gyda chi",
}


def look(page: Page, shots: Path, name: str) -> None:
    page.screenshot(path=shots / f"{name}.png")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert "⟦" not in page.locator("body").inner_text()


def test_she_joins_writes_a_note_takes_it_over_and_is_seen_to(
    office: Office, open_desk: OpenDesk, shots: Path
) -> None:
    caller = office.caller("someone is in the house with me")
    ada = open_desk("ada")
    ada.locator(f"[data-contact='{caller.contact}']").first.click()
    ada.keyboard.press("Enter")
    expect(reply(ada)).to_be_focused()
    reply(ada).press_sequentially("Stay where you are and ")

    overview = open_desk("sue", "/supervisor")
    held = overview.locator("#desks tr[data-desk=ada] .held-contact")
    expect(held).to_have_count(1)
    with overview.expect_popup() as opened:
        held.get_by_role("link", name="Read along").click()
    sue = opened.value
    expect(sue.locator("[data-joined=true]")).to_contain_text("You read along with")
    expect(sue.locator(".lines")).to_contain_text("someone is in the house")
    expect(sue.locator("[data-command='bar.available']")).to_have_text("Away")
    expect(ada.locator("[data-readers]")).to_have_text(WITH_ADA["en"])
    # Her coming moves nothing of what the handler does.
    expect(reply(ada)).to_be_focused()
    reply(ada).press_sequentially("lock the door")
    expect(reply(ada)).to_have_value("Stay where you are and lock the door")
    look(ada, shots, "reading_along_handler")
    look(sue, shots, "reading_along_supervisor")

    ada.keyboard.press("Control+Enter")
    expect(sue.locator(".lines")).to_contain_text("lock the door")  # she follows it live
    sue.locator("[data-joined] [data-command='conversation.note']").click()
    sue.locator("#note-text").fill("police helicopter is up")
    sue.keyboard.press("Control+Enter")
    expect(ada.locator("#conversation")).to_contain_text("police helicopter is up")

    reply(ada).press_sequentially("not sent yet")
    sue.locator("[data-command='between.take_over']").click()
    look(sue, shots, "reading_along_take_over")
    sue.locator("#dialog .main").click()
    expect(reply(sue)).to_be_focused()
    expect(sue.locator("[data-joined]")).to_have_count(0)
    expect(ada.locator(".whose")).to_contain_text("is with sue")
    expect(ada.locator("[data-readers]")).to_have_count(0)
    expect(reply(ada)).to_have_value("not sent yet")
    row = office.shown(caller)["contact"]
    assert row["claimed_by"] == "sue"
    office.finish(caller)


@pytest.mark.parametrize("language", ["en", "cy"])
def test_her_presence_ends_with_her_line(
    office: Office, open_desk: OpenDesk, shots: Path, language: str
) -> None:
    caller = office.caller("water is coming in downstairs")
    office.by("ada", "POST", f"/contacts/{caller.contact}/claim", {"lease_s": 300})
    ada = open_desk("ada", language=language)
    with_ada = ada.locator("[data-readers]")
    sue = open_desk("sue", f"/desk#join={caller.contact}", language=language)
    expect(with_ada).to_have_text(WITH_ADA[language])
    look(ada, shots, f"reading_along_{language}")
    sue.locator("[data-command='between.leave']").click()
    expect(with_ada).to_have_count(0)
    sue.locator("[data-command='between.join']").click()
    expect(with_ada).to_have_text(WITH_ADA[language])
    sue.context.set_offline(True)
    sue.close()
    expect(with_ada).to_have_count(0)
    office.finish(caller)
