"""The supervisor's page, which acts, and the wallboard, which says no word of a caller."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.office import Office
from tests.e2e.test_shift_end import tab_to

OpenDesk = Callable[..., Page]


def look(page: Page, shots: Path, name: str) -> None:
    page.screenshot(path=shots / f"{name}.png")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert "⟦" not in page.locator("body").inner_text()


def ready(page: Page) -> Page:
    expect(page.locator("#supervisor")).to_have_attribute("data-ready", "true")
    expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
    return page


def test_a_supervisor_sees_desks_and_raises_moves_and_caps(
    office: Office, open_desk: OpenDesk, shots: Path
) -> None:
    caller = office.caller("my neighbour has not been seen for three days")
    ada = open_desk("ada")
    page = ready(open_desk("sue", "/supervisor"))
    row = page.locator(f"#unanswered tr[data-contact='{caller.contact}']")
    expect(row).to_contain_text("neighbour")
    expect(page.locator("#desks tr[data-desk=ada]")).to_contain_text("Available")
    expect(page.locator("#channels tr[data-channel=app]")).to_contain_text("Open")

    row.get_by_role("button", name="Raise").click()
    page.locator("#act-reason").fill("elderly, ill")
    look(page, shots, "supervisor_raise")
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("[data-told]")).to_contain_text("has priority 1 now")
    expect(row.locator(".badge")).to_have_text("1")

    row.get_by_role("button", name="Move").click()
    page.locator("#act-to").select_option("ada")
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("[data-told]")).to_contain_text("is with ada now")
    expect(row).to_have_count(0)
    expect(page.locator("#desks tr[data-desk=ada] .held-contact")).to_have_count(1)
    expect(ada.locator(f"[data-contact='{caller.contact}']").first).to_contain_text("with you")

    page.locator("[data-cap=ada]").select_option("2")
    expect(page.locator("[data-told]")).to_contain_text("ada may have 2 open at once")
    page.reload()
    expect(page.locator("[data-cap=ada]")).to_have_value("2")
    page.locator("[data-cap=ada]").select_option("3")
    expect(page.locator("[data-told]")).to_contain_text("3 open")
    look(page, shots, "supervisor")

    page.locator("#rule input[value=busy]").check()
    expect(page.locator("#dialog blockquote")).to_have_count(2)
    look(page, shots, "supervisor_automatic")
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("[data-told]")).to_contain_text("automatic reply is now: Busy")
    page.reload()
    expect(page.locator("#rule input[value=busy]")).to_be_checked()
    page.locator("#rule input[value=normal]").check()
    page.locator("#dialog button").last.click()  # left as it was
    expect(page.locator("#rule input[value=busy]")).to_be_checked()


def test_by_keyboard_what_a_supervisor_changes_holds_at_once_for_handlers_and_callers(
    office: Office, open_desk: OpenDesk, shots: Path
) -> None:
    office.by("sue", "POST", "/house-rules/automatic-reply", {"rule": "normal"})
    taken, waiting = (office.caller(f"supervised: help in flat {n}") for n in (1, 2))
    office.by("bea", "POST", f"/contacts/{taken.contact}/claim", {})
    bea, cyn = open_desk("bea"), open_desk("cyn")
    expect(bea.locator("[data-tab]")).to_have_count(1)
    page = ready(open_desk("sue", "/supervisor"))
    told, dialog = page.locator("[data-told]"), page.locator("#dialog")

    # A cap of one: from the very next claim on.
    tab_to(page, page.locator("[data-cap=bea]"))
    page.keyboard.type("1")
    expect(told).to_contain_text("bea may have 1 open at once")
    expect(bea.locator(f"#row-{waiting.contact}")).to_be_visible()
    bea.keyboard.press("F2")
    expect(bea.locator("[data-notice]")).to_contain_text("You have 1 open: 26-")
    bea.screenshot(path=shots / "supervisor_capped.png")
    assert office.shown(waiting)["contact"]["claimed_by"] == ""
    page.locator("[data-cap=bea]").select_option("3")
    expect(told).to_contain_text("3 open")

    # Raised under her hands: she sees it where she is, and keeps it.
    held = page.locator("#desks tr[data-desk=bea] .held-contact")
    tab_to(page, held.get_by_role("button", name="Raise"))
    page.keyboard.press("Enter")
    expect(page.locator("#act-reason")).to_be_visible()
    tab_to(page, page.locator("#act-reason"))
    page.keyboard.type("a child is alone there")
    page.keyboard.press("Enter")
    expect(told).to_contain_text("has priority 1 now")
    expect(bea.locator("#conversation .badge.p1").first).to_contain_text("1")
    expect(bea.locator("#reply-text")).to_be_visible()

    # Moved on to another desk: there it opens, here it is said to be lost.
    tab_to(page, held.get_by_role("button", name="Move"))
    page.keyboard.press("Enter")
    expect(page.locator("#act-to")).to_be_visible()
    page.locator("#act-to").select_option("cyn")
    tab_to(page, dialog.locator("button[type=submit]"))
    page.keyboard.press("Enter")
    expect(told).to_contain_text("is with cyn now")
    expect(cyn.locator(".lines")).to_contain_text("help in flat 1")
    expect(bea.locator(".tab.lost, .tabs [data-tab]")).to_have_count(1)

    # Other first words: whoever writes now is told them.
    tab_to(page, page.locator("#rule input[value=normal]"))
    page.keyboard.press("ArrowDown")
    expect(dialog.locator("blockquote").first).to_be_visible()
    words = dialog.locator("blockquote").first.inner_text()
    tab_to(page, dialog.locator("button[type=submit]"))
    page.keyboard.press("Enter")
    expect(told).to_contain_text("automatic reply is now: Busy")
    late = office.caller("supervised: and now I write")
    deadline = time.monotonic() + 10
    while not (said := [one["text"] for one in office._replies(late)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert said and (said[0] in words or words in said[0]), (said, words)
    office.by("sue", "POST", "/house-rules/automatic-reply", {"rule": "normal"})
    for one in (taken, waiting, late):
        office.finish(one)


@pytest.mark.parametrize("theme", ["light", "night"])
@pytest.mark.parametrize("language", ["en", "cy"])
def test_both_pages_in_both_languages_and_themes(
    office: Office, open_desk: OpenDesk, shots: Path, language: str, theme: str
) -> None:
    office.caller("boat sinking off Padstow")
    for path in ("/supervisor", "/wall"):
        page = open_desk("sue", path, language=language)
        page.context.add_cookies([{"name": "intake-theme", "value": theme, "url": office.desk_url}])
        page.reload()
        expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
        if path == "/supervisor":
            ready(page)
        look(page, shots, f"{path[1:]}_{theme}_{language}")


@pytest.mark.parametrize("language", ["en", "cy"])
def test_the_share_answered_in_target_stands_on_every_page_with_its_number(
    office: Office, open_desk: OpenDesk, shots: Path, language: str
) -> None:
    caller, _waiting = office.caller("water through the ceiling"), office.caller("a tree on the road")
    office.by("ada", "POST", f"/contacts/{caller.contact}/claim", {})
    words = "answered in target" if language == "en" else "o fewn y targed"
    for name, path in (("ada", "/desk"), ("sue", "/supervisor")):
        page = open_desk(name, path, language=language)
        figure = page.locator("#bar [data-in-target]")
        expect(figure).to_have_text(re.compile(rf"^\d+ % (of|o) [1-9]\d* {words}$"))
        title = figure.get_attribute("title") or ""
        assert ("taken by a handler within 10 s" if language == "en" else "o fewn 10 eiliad") in title
        look(page, shots, f"in_target_{path[1:]}_{language}")
        assert (page.locator("#bar").bounding_box() or {})["height"] < 50, "one line at 1280"
    wall = open_desk("rhi", "/wall", language=language)
    figure = wall.locator("[data-figure=wall_in_target]")
    expect(figure.locator("dd")).to_have_text(re.compile(r"^\d+ %$"))
    expect(figure.locator("dt")).to_have_text(re.compile(r"(10 s, of|10 eiliad, o) [1-9]\d*$"))
    look(wall, shots, f"in_target_wall_{language}")
    for box in wall.locator("dl .figure").all():
        wide = box.evaluate("one => Math.max(...[...one.children].map(c => c.scrollWidth - c.clientWidth))")
        assert wide <= 0, f"{box.inner_text()} runs over its box"
    office.finish(caller)


def test_a_handler_is_kept_out_and_a_researcher_sees_the_wall(open_desk: OpenDesk, office: Office) -> None:
    page = open_desk("ada", "/supervisor")
    assert page.locator("#supervisor").count() == 0
    wall = open_desk("rhi", "/wall")
    expect(wall.locator("[data-figure=wall_waiting] dd")).to_have_text(re.compile(r"\d+"))


def test_the_wall_says_no_word_of_a_caller_and_when_it_is_not_live(
    office: Office, open_desk: OpenDesk, shots: Path
) -> None:
    office.caller("unmistakable words of a caller")
    page = open_desk("rhi", "/wall")
    expect(page.locator("[data-figure=wall_waiting] dd")).to_have_text(re.compile(r"[1-9]\d*"))
    assert "unmistakable" not in page.content()
    size = page.locator("[data-figure=wall_waiting] dd").evaluate("one => getComputedStyle(one).fontSize")
    assert float(size.removesuffix("px")) >= 0.14 * 1280  # read from five metres on a 55-inch screen
    page.context.set_offline(True)
    expect(page.locator("[data-live]")).to_have_attribute("data-live", "stale")
    expect(page.locator("[data-live]")).to_contain_text("Not live since")
    look(page, shots, "wall_stale")
    page.context.set_offline(False)
    expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
