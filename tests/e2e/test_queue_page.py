"""The queue in a real browser, with 5,000 contacts: a window that never moves under the focus or lies."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.crowd import CrowdServer

MINE = "#bar, #alarms, #queue, #keys"
SIZES = {"1280x720": (1280, 720), "1600x900": (1600, 900), "200%": (640, 360)}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrowdServer]:
    made = CrowdServer(tmp_path_factory.mktemp("crowd") / "log")
    yield made
    made.stop()


@pytest.fixture
def open_page(browser: Browser, crowd: CrowdServer) -> Iterator[Callable[..., Page]]:
    """``open_page(language="cy", theme="night", size=(1600, 900))``: the desk, live."""
    contexts = []

    def opened(language: str = "en", theme: str = "light", size: tuple[int, int] = (1280, 720)) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies(
            [
                {"name": "intake-language", "value": language, "url": crowd.url},
                {"name": "intake-theme", "value": theme, "url": crowd.url},
            ]
        )
        page = context.new_page()
        page.goto(f"{crowd.url}/desk")
        expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
        expect(rows(page).first).to_be_visible()
        return page

    crowd.drive("rate", changes=0)
    yield opened
    crowd.drive("rate", changes=0)
    for context in contexts:
        context.close()


def rows(page: Page) -> Locator:
    return page.locator(".queue-list [role=option]")


def the_list(page: Page) -> Locator:
    return page.locator(".queue-list")


def chosen(page: Page) -> Locator:
    return page.locator(".queue-list [role=option][aria-selected=true]")


def badge(page: Page) -> Locator:
    return page.locator("[data-live]")


def above(page: Page) -> Locator:
    return page.locator("[data-above]")


def has_focus(where: Locator) -> bool:
    return bool(where.evaluate("element => document.activeElement === element"))


# -- the window --------------------------------------------------------------------------------------------


def test_five_thousand_rows_are_scrolled_with_a_hundred_in_the_page(open_page: Callable[..., Page]) -> None:
    page = open_page()
    height = the_list(page).evaluate("list => list.scrollHeight / list.querySelector('.row').offsetHeight")
    assert height >= 4_900
    for top in (0, 300, 900, 2_400, 60_000, 130_000, 129_600, 20_000):
        the_list(page).evaluate("(list, top) => { list.scrollTop = top }", top)
        place = round(top / 52) + 3
        expect(page.locator(f".row[aria-posinset='{place}']")).to_be_in_viewport()
        assert rows(page).count() <= 100
    total = int(rows(page).first.get_attribute("aria-setsize") or 0)
    the_list(page).focus()
    page.keyboard.press("End")
    expect(chosen(page)).to_have_attribute("aria-posinset", str(total))
    expect(chosen(page)).to_be_in_viewport()
    page.keyboard.press("Home")
    expect(chosen(page)).to_have_attribute("aria-posinset", "1")
    expect(chosen(page)).to_be_in_viewport()
    page.keyboard.press("PageDown")
    expect(chosen(page)).to_have_attribute("aria-posinset", "9")


def test_nothing_moves_under_the_focus_for_a_hundred_updates(
    open_page: Callable[..., Page], crowd: CrowdServer
) -> None:
    page = open_page()
    the_list(page).focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_have_attribute("aria-posinset", "5")
    first = chosen(page).get_attribute("data-contact")
    where = chosen(page).bounding_box()
    crowd.drive("new", count=3, priority=1)
    expect(above(page)).to_contain_text("3 new above")
    expect(above(page)).to_contain_text("3 priority 1")
    for number in range(100):
        crowd.drive("touch", place=7, text=f"words {number}")
    crowd.drive("rate", changes=500)
    page.wait_for_timeout(1_500)
    crowd.drive("rate", changes=0)
    page.wait_for_timeout(300)
    assert has_focus(the_list(page))
    assert chosen(page).get_attribute("data-contact") == first
    assert chosen(page).bounding_box() == where
    expect(page.locator("#spoken")).to_contain_text("new above")
    page.locator("[data-filter=all]").focus()  # let go: the server's order
    expect(above(page)).to_have_count(0)
    the_list(page).focus()
    crowd.drive("new", count=10, priority=1)
    expect(above(page)).to_contain_text("10 new above")
    above(page).click()
    expect(above(page)).to_have_count(0)
    assert has_focus(the_list(page))
    expect(chosen(page)).to_have_attribute("aria-posinset", "1")
    expect(chosen(page)).to_have_class(re.compile("p1"))


def test_a_scrolled_list_stands_still_in_a_storm(open_page: Callable[..., Page], crowd: CrowdServer) -> None:
    page = open_page()
    the_list(page).evaluate("list => { list.scrollTop = 52 * 1000 }")
    expect(page.locator(".row[aria-posinset='1003']")).to_be_in_viewport()
    before = [
        page.locator(f".row[aria-posinset='{place}']").get_attribute("id") for place in range(1002, 1008)
    ]
    crowd.drive("rate", changes=500)
    page.wait_for_timeout(2_000)
    after = [
        page.locator(f".row[aria-posinset='{place}']").get_attribute("id") for place in range(1002, 1008)
    ]
    assert after == before
    assert rows(page).count() <= 100
    assert badge(page).get_attribute("data-live") == "live"


def test_nothing_moves_under_the_pointer(open_page: Callable[..., Page], crowd: CrowdServer) -> None:
    page = open_page()
    rows(page).nth(3).hover()
    first = rows(page).nth(3).get_attribute("data-contact")
    crowd.drive("new", count=2)
    expect(above(page)).to_contain_text("2 new above")
    assert rows(page).nth(3).get_attribute("data-contact") == first
    page.mouse.move(700, 400)
    expect(above(page)).to_have_count(0)
    expect(rows(page).nth(5)).to_have_attribute("data-contact", str(first))


def test_negative_control_a_list_nobody_points_at_moves(
    open_page: Callable[..., Page], crowd: CrowdServer
) -> None:
    page = open_page()
    first = rows(page).first.get_attribute("data-contact")
    crowd.drive("new", count=1)
    expect(rows(page).first).not_to_have_attribute("data-contact", str(first))


def test_a_row_that_left_stays_grey_until_the_list_is_let_go(
    open_page: Callable[..., Page], crowd: CrowdServer
) -> None:
    page = open_page()
    the_list(page).focus()
    taken = crowd.drive("gone", place=2, by="bea")["id"]
    row = page.locator(f"[data-contact='{taken}']")
    expect(row).to_contain_text("with desk 9")
    left = crowd.drive("gone", place=2)["id"]
    assert left == taken
    expect(row).to_have_class(re.compile("gone"))
    expect(row).to_contain_text("taken by desk 9")
    page.locator("[data-command='queue.take_next']").focus()
    expect(row).to_have_count(0)


def test_who_has_a_contact_is_said_instead_of_taking_it(
    open_page: Callable[..., Page], crowd: CrowdServer
) -> None:
    page = open_page()
    taken = crowd.drive("gone", place=1, by="bea")["id"]
    expect(page.locator(f"[data-contact='{taken}']")).to_contain_text("with desk 9")
    the_list(page).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-notice]")).to_contain_text("is with desk 9")


def test_filters_ask_the_server(open_page: Callable[..., Page]) -> None:
    page = open_page()
    button = page.locator("[data-filter=silent]")
    count = int((button.inner_text()).split()[-1])
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-total]")).to_contain_text(f"Filter on: {count} of ")
    expect(page.locator(".row:not(:has(.mark.silent))")).to_have_count(0)
    page.reload()
    expect(page.locator("[data-filter=silent]")).to_have_attribute("aria-pressed", "true")


# -- alive or not ------------------------------------------------------------------------------------------


def test_a_silent_server_is_said_within_three_seconds_and_taking_is_refused(
    open_page: Callable[..., Page], crowd: CrowdServer, shots: Path
) -> None:
    page = open_page()
    page.wait_for_timeout(1_200)
    crowd.freeze()
    try:
        started = time.monotonic()
        expect(badge(page)).to_have_attribute("data-live", "stale", timeout=6_000)
        assert time.monotonic() - started <= 3.0
        expect(badge(page)).to_have_text(re.compile(r"Not live since \d\d:\d\d:\d\d"))
        expect(page.locator("[data-command='queue.take_next']")).to_be_disabled()
        page.keyboard.press("F2")
        expect(page.locator("[data-notice]")).to_contain_text("Nothing can be taken")
        expect(page.locator(".alarm[data-alarm=not_live]")).to_contain_text("F6")
        page.screenshot(path=shots / "queue_stale.png")
        found = Axe().run(page, context=MINE)
        assert found.violations_count == 0, found.generate_report()
    finally:
        crowd.thaw()
    expect(badge(page)).to_have_attribute("data-live", "live")
    expect(page.locator("[data-command='queue.take_next']")).to_be_enabled()
    expect(page.locator(".alarm[data-alarm=not_live]")).to_have_count(0)


# -- keys --------------------------------------------------------------------------------------------------


def test_a_key_held_down_takes_one_contact(open_page: Callable[..., Page]) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if one.url.endswith("/queue/claim") else None)
    page.keyboard.down("F2")
    for _ in range(5):
        page.keyboard.down("F2")  # as a keyboard repeats it
    page.keyboard.up("F2")
    page.wait_for_timeout(500)
    assert len(asked) == 1


def test_commands_by_name_and_all_keys(open_page: Callable[..., Page], shots: Path) -> None:
    page = open_page()
    page.locator("[data-filter=cy]").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("nigh")
    expect(page.locator(".palette-one")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "night")
    assert has_focus(page.locator("[data-filter=cy]"))
    page.keyboard.press("F10")
    expect(page.locator("#dialog")).to_contain_text("Take next")
    page.screenshot(path=shots / "queue_keys_night.png")
    page.keyboard.press("F2")  # nothing is taken behind a dialog
    expect(page.locator("#dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    assert has_focus(page.locator("[data-filter=cy]"))
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "night")


def test_a_letter_beside_a_field_does_nothing(open_page: Callable[..., Page]) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    for key in "abcdefghijklmnopqrstuvwxyz0123456789":
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert not asked


# -- alarms and sounds -------------------------------------------------------------------------------------


def test_an_alarm_names_what_to_do_and_is_said_once(open_page: Callable[..., Page], shots: Path) -> None:
    page = open_page()
    alarm = page.locator(".alarm[data-alarm=unanswered]")
    expect(alarm).to_contain_text("Take now (F2)")
    expect(page.locator("#alarms [role=alert]")).to_contain_text("Unanswered")
    page.evaluate(
        "() => { window.told = 0; new MutationObserver(() => { window.told += 1 }).observe("
        "document.querySelector('#alarms [role=alert]'), {childList: true, subtree: true}) }"
    )
    before = alarm.inner_text()
    page.wait_for_timeout(2_500)
    assert alarm.inner_text() != before  # its digits go on
    assert page.evaluate("() => window.told") == 0  # and are read out to nobody
    page.screenshot(path=shots / "queue_alarm.png")
    page.keyboard.press("F4")
    expect(alarm).to_have_count(0)
    expect(page.locator("[data-seen=unanswered]")).to_be_visible()
    page.reload()
    expect(page.locator("[data-seen=unanswered]")).to_be_visible()


def test_an_alarm_moves_nothing(open_page: Callable[..., Page]) -> None:
    page = open_page()
    expect(page.locator(".alarm[data-alarm=unanswered]")).to_be_visible()
    before = the_list(page).bounding_box()
    page.keyboard.press("F4")
    expect(page.locator(".alarm")).to_have_count(0)
    assert the_list(page).bounding_box() == before


def test_nothing_sounds_before_a_person_touched_the_desk(open_page: Callable[..., Page], shots: Path) -> None:
    page = open_page()
    sound = page.locator("[data-command='sounds.set']")
    expect(sound).to_have_text("Sound: press a key")
    page.keyboard.press("Shift")
    expect(sound).to_have_text("Sound on")
    page.keyboard.press("Alt+m")
    expect(sound).to_have_text("Muted")
    page.reload()
    expect(sound).to_have_text("Muted")
    sound.click()
    page.locator("#dialog input[type=checkbox]").uncheck()
    page.locator("#volume-alarm").focus()
    page.keyboard.press("ArrowRight")
    page.screenshot(path=shots / "queue_sounds.png")
    found = Axe().run(page, context="#dialog")
    assert found.violations_count == 0, found.generate_report()
    page.keyboard.press("Escape")
    expect(sound).to_have_text("Sound on")
    page.reload()
    sound.click()
    expect(page.locator("#volume-alarm")).to_have_value("9")


# -- looks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "cy"])
def test_the_next_thing_to_do_is_in_sight(
    open_page: Callable[..., Page], shots: Path, size: str, language: str
) -> None:
    page = open_page(language=language, size=SIZES[size])
    page.screenshot(path=shots / f"queue_{size.replace('%', '')}_{language}.png")
    for command in ("queue.take_next", "queue.take_chosen", "queue.look", "alarms.acknowledge"):
        button = page.locator(f"button[data-command='{command}']").first
        expect(button).to_be_in_viewport(ratio=1.0)
    expect(badge(page)).to_be_in_viewport(ratio=1.0)


@pytest.mark.parametrize("theme", ["light", "night"])
@pytest.mark.parametrize("language", ["en", "cy"])
def test_axe_finds_nothing(
    open_page: Callable[..., Page], crowd: CrowdServer, shots: Path, theme: str, language: str
) -> None:
    page = open_page(language=language, theme=theme)
    crowd.drive("gone", place=1, by="bea")
    the_list(page).focus()
    page.keyboard.press("ArrowDown")
    crowd.drive("new", count=2)
    expect(above(page)).to_be_visible()
    violations: list[Any] = []
    for name, keys in {"list": (), "palette": ("Control+k",), "keys": ("Escape", "F10")}.items():
        for key in keys:
            page.keyboard.press(key)
        page.screenshot(path=shots / f"queue_{name}_{theme}_{language}.png")
        found = Axe().run(page, context=MINE if name == "list" else "#dialog")
        violations += [found.generate_report()] if found.violations_count else []
        assert "⟦" not in page.locator("body").inner_text()
    assert not violations, violations
