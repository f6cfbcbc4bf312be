"""The hand-over panel: slow, refusing and unconnected rooms, two services at once, an update; never twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.district import ACCEPTS, BY_HAND, REFUSES, District
from tests.e2e.town import Caller

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SAME_PRESS_MS = 700
"""Longer than the panel takes two presses of a key for one."""

Desk = Callable[..., Page]


@pytest.fixture
def desk(district: District, browser: Browser) -> Iterator[Desk]:
    """``desk("fire …")``: ada's desk with a contact of these words taken; ``caller`` hangs on the page."""
    contexts: list[BrowserContext] = []
    callers: list[Caller] = []

    def opened(text: str, *, theme: str = "light", language: str = "en", **options: object) -> Page:
        context = district.context(browser, "ada", language=language, **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "intake-theme", "value": theme, "url": district.desk_url}])
        contexts.append(context)
        callers.append(district.caller(text))
        page = district.desk(context)
        expect(page.locator(f'[data-contact="{callers[-1].contact}"]')).to_be_visible()
        page.keyboard.press("F2")
        expect(page.locator("#handover [data-command='handover.send']")).to_be_visible()
        expect(page.locator("#conversation").get_by_text(text.split()[-1]).first).to_be_visible()
        return page

    opened.callers = callers  # type: ignore[attr-defined]
    yield opened
    for context in contexts:
        context.close()
    for caller in callers:
        whole = district.shown(caller)["contact"]
        if whole["state"] != "closed":
            row = whole
            if row["claimed_by"] != "ada":
                verb = "claim" if row["state"] in ("waiting", "held", "open") else "reopen"
                row = district.by("ada", "POST", f"/contacts/{caller.contact}/{verb}", {})["contact"]
            said = {"attempts": row["attempts"], "reason": "done", "anyway": True}
            district.by("ada", "POST", f"/contacts/{caller.contact}/close", said)


def caller_of(desk: Desk) -> Caller:
    found: Caller = desk.callers[-1]  # type: ignore[attr-defined]
    return found


def send(page: Page) -> None:
    """F8 shows the summary, F8 sends."""
    page.keyboard.press("F8")
    expect(page.locator("#methane-exact_location")).to_be_focused()
    page.wait_for_timeout(SAME_PRESS_MS)
    page.keyboard.press("F8")
    expect(page.locator("#methane-exact_location")).to_be_hidden()


def look(page: Page, shots: Path, name: str) -> None:
    page.screenshot(path=shots / f"handover_{name}.png")
    found = Axe().run(page, context="#handover", options=RULES)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def older(district: District, caller: Caller, seconds: int) -> None:
    """As if its room had been silent for so long: what was sent is told to be older."""
    with closing(sqlite3.connect(district.database, timeout=10)) as conn, conn:
        conn.execute(
            "UPDATE transfers SET created_at = created_at - ? WHERE contact_id = ?",
            (seconds * 1_000_000, caller.contact),
        )


def test_a_room_that_does_not_accept_is_amber_then_an_alarm_with_its_number(
    district: District, desk: Desk, shots: Path
) -> None:
    page = desk("My father fell at LS1 4AP and needs an ambulance")
    expect(page.locator(".route[data-service=ambulance]")).to_have_attribute("data-room", BY_HAND)
    send(page)
    line = page.locator(f'.transfer[data-room="{BY_HAND}"]')
    expect(line).to_have_attribute("data-state", "delivered")
    expect(line).to_have_attribute("data-level", "")
    expect(line).to_contain_text("Being considered")
    look(page, shots, "considered")
    for seconds, loud in ((16, "amber"), (30, "alarm")):
        older(district, caller_of(desk), seconds)
        page.reload()
        expect(line).to_have_attribute("data-level", loud)
        look(page, shots, loud)
    expect(line.locator(".transfer-phone")).to_have_text("01632 960209")
    expect(line.get_by_role("button")).to_be_visible()
    assert district.shown(caller_of(desk))["contact"]["state"] == "delivered"


def test_a_room_that_refuses_leaves_it_here_and_another_is_chosen(
    district: District, desk: Desk, shots: Path
) -> None:
    page = desk("Burglars at LS1 4AP now, send the police")
    send(page)
    line = page.locator(f'.transfer[data-room="{REFUSES}"]')
    expect(line).to_have_attribute("data-state", "rejected")
    expect(line.locator(".transfer-phone")).to_contain_text("01632 960")
    row = district.shown(caller_of(desk))["contact"]
    assert (row["state"], row["claimed_by"]) == ("open", "ada")
    expect(page.locator(".handover-status")).to_contain_text("said no")
    look(page, shots, "refused")
    page.keyboard.press("F8")
    expect(page.locator("#dialog")).to_be_visible()
    assert len(district.shown(caller_of(desk))["transfers"]) == 1, "nobody is sent it again unasked"
    page.keyboard.press("Escape")
    line.get_by_role("button").click()
    page.keyboard.type("north yorks")
    found = page.locator(".rooms-found .button")
    expect(found).to_have_count(1)
    page.screenshot(path=shots / "handover_rooms.png")
    page.keyboard.press("Enter")
    route = page.locator(".route[data-service=police]")
    expect(route).to_have_attribute("data-room", "police-north-yorkshire")
    expect(route).to_contain_text("Chosen by you")
    send(page)
    again = page.locator('.transfer[data-room="police-north-yorkshire"]')
    expect(again).to_have_attribute("data-state", "held")
    expect(again).to_contain_text("Ring them now")
    expect(line).to_contain_text("Went elsewhere")
    look(page, shots, "held")


def test_two_services_at_once_and_an_update_to_both(district: District, desk: Desk, shots: Path) -> None:
    page = desk("Car on fire at LS1 4AP, driver hurt inside")
    fire, ambulance = (page.locator(f"input[name=service][value={one}]") for one in ("fire", "ambulance"))
    fire.check()
    ambulance.check()
    expect(page.locator(".route")).to_have_count(2)
    button = page.locator("[data-command='handover.send']")
    look(page, shots, "two")
    page.keyboard.press("F8")
    expect(button).to_contain_text("West Yorkshire Fire and Rescue Service + Yorkshire Ambulance")
    page.locator("#methane-hazards").fill("fuel on the road")
    page.wait_for_timeout(SAME_PRESS_MS)
    page.keyboard.press("F8")
    expect(page.locator(f'.transfer[data-room="{ACCEPTS}"]')).to_have_attribute("data-state", "accepted")
    expect(page.locator(f'.transfer[data-room="{BY_HAND}"]')).to_have_attribute("data-state", "delivered")
    expect(page.locator(".handover-status")).to_have_text("Sent. Nothing new to send.")
    page.keyboard.press("F8")
    assert len(district.shown(caller_of(desk))["transfers"]) == 2, "there is nothing to send"

    district.says(caller_of(desk), "it has exploded")
    expect(page.locator(".handover-status")).to_contain_text("messages from the caller: 1")
    look(page, shots, "news")
    page.keyboard.press("F8")
    expect(page.locator("#methane-hazards")).to_have_value("fuel on the road")
    page.locator("#methane-hazards").fill("fuel on the road, explosion")
    page.wait_for_timeout(SAME_PRESS_MS)
    expect(button).to_contain_text("Send update to")
    page.keyboard.press("F8")
    expect(page.locator(f'.transfer[data-room="{ACCEPTS}"]')).to_contain_text("Last update")
    kinds = sorted((one["room_id"], one["kind"]) for one in district.shown(caller_of(desk))["transfers"])
    assert kinds == [(BY_HAND, "creation"), (BY_HAND, "update"), (ACCEPTS, "creation"), (ACCEPTS, "update")]


def test_a_key_pressed_many_times_sends_once(district: District, desk: Desk) -> None:
    page = desk("Fire at LS1 4AP in the loft")
    expect(page.locator(".route[data-service=fire]")).to_be_visible()
    for _ in range(4):
        page.keyboard.press("F8")
    page.wait_for_timeout(SAME_PRESS_MS)
    assert district.shown(caller_of(desk))["transfers"] == [], "one shaking hand is one press"
    for _ in range(4):
        page.keyboard.press("F8")
    expect(page.locator(f'.transfer[data-room="{ACCEPTS}"]')).to_have_attribute("data-state", "accepted")
    assert len(district.shown(caller_of(desk))["transfers"]) == 1


def test_an_agreement_is_proposed_and_goes_only_when_added(
    district: District, desk: Desk, shots: Path
) -> None:
    page = desk("My father is at LS1 4AP, cardiac arrest")
    card = page.locator('[data-agreement="co-responding-cardiac"]')
    expect(card).to_contain_text("Fire beside Ambulance")
    expect(card).to_contain_text("Co-responding to cardiac arrest (example)")
    add = card.get_by_role("button")
    expect(add).to_have_attribute("aria-pressed", "false")
    # Nobody has added it: F8 would send to the ambulance service alone.
    button = page.locator("[data-command='handover.send']")
    expect(button).to_contain_text("Yorkshire Ambulance Service")
    expect(button).not_to_contain_text("Fire")
    look(page, shots, "agreement")
    add.press("Enter")
    expect(add).to_have_attribute("aria-pressed", "true")
    expect(add).to_be_focused()
    expect(page.locator(f'.route[data-room="{ACCEPTS}"]')).to_be_visible()
    look(page, shots, "agreement_added")
    add.press("Enter")
    expect(page.locator(f'.route[data-room="{ACCEPTS}"]')).to_have_count(0)
    # The same from the list of commands.
    page.keyboard.press("Control+k")
    page.keyboard.type("agreement")
    page.keyboard.press("Enter")
    expect(add).to_have_attribute("aria-pressed", "true")
    send(page)
    expect(page.locator(f'.transfer[data-room="{ACCEPTS}"]')).to_have_attribute("data-state", "accepted")
    expect(card).to_have_count(0)
    found = district.by("ada", "GET", f"/contacts/{caller_of(desk).contact}/decisions")["decisions"]
    assert [[said["taken"] for said in one["agreements"]] for one in found] == [[True], [True]]


def test_an_agreement_nobody_adds_stays_a_proposal(district: District, desk: Desk, shots: Path) -> None:
    page = desk("Mae fy nhad yn LS1 4AP, ataliad y galon, ambiwlans", language="cy", theme="night")
    card = page.locator('[data-agreement="co-responding-cardiac"]')
    expect(card).to_contain_text("gall criw tân")
    expect(card).to_contain_text("(enghraifft)")
    expect(card.locator('[lang="en"]')).to_have_count(0)
    look(page, shots, "agreement_cy_night")
    send(page)
    expect(page.locator(f'.transfer[data-room="{BY_HAND}"]')).to_have_attribute("data-state", "delivered")
    expect(card.get_by_role("button")).to_have_attribute("aria-pressed", "false")
    (sent,) = district.shown(caller_of(desk))["transfers"]
    assert sent["room_id"] == BY_HAND


def test_a_room_that_an_agreement_names_is_chosen_by_hand(desk: Desk, shots: Path) -> None:
    page = desk("Lorry on fire at 51.4550, 0.2640 on the Dartford Crossing")
    route = page.locator(".route[data-service=fire]")
    expect(route).to_have_attribute("data-room", "fire-kent")
    card = page.locator('[data-agreement="crossing-north-side"]')
    expect(card).to_contain_text("Essex County Fire and Rescue Service for Fire")
    card.get_by_role("button").click()
    expect(route).to_have_attribute("data-room", "fire-essex")
    expect(route).to_contain_text("Chosen by you")
    look(page, shots, "agreement_room")
    card.get_by_role("button").click()
    expect(route).to_have_attribute("data-room", "fire-kent")


def test_without_a_service_nothing_goes(district: District, desk: Desk, shots: Path) -> None:
    page = desk("hello are you there please")
    expect(page.locator(".handover-status")).to_have_text("Tick a service to send to.")
    look(page, shots, "none")
    page.keyboard.press("F8")
    expect(page.locator("input[name=service]").first).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".route[data-service=police]")).to_contain_text("National default")
    look(page, shots, "default")
    assert district.shown(caller_of(desk))["transfers"] == []


def test_what_is_typed_survives_a_reload_and_what_comes(district: District, desk: Desk) -> None:
    page = desk("Fire at LS1 4AP in the shed")
    page.keyboard.press("F8")
    page.locator("#methane-type_of_incident").fill("shed fire")
    page.locator("#methane-access").fill("by the back lane")
    district.says(caller_of(desk), "we are at LS2 7HZ really")
    expect(page.locator("#conversation").get_by_text("LS2 7HZ").first).to_be_visible()
    expect(page.locator("#methane-access")).to_be_focused()
    expect(page.locator("#methane-access")).to_have_value("by the back lane")
    page.reload()
    page.locator("#desk[data-ready=true]").wait_for()
    expect(page.locator("#handover [data-command='handover.send']")).to_be_visible()
    page.get_by_role("button", name="Summary", exact=True).click()
    expect(page.locator("#methane-type_of_incident")).to_have_value("shed fire")
    expect(page.locator("#methane-access")).to_have_value("by the back lane")


@pytest.mark.parametrize(("language", "theme"), [("en", "night"), ("cy", "light"), ("cy", "night")])
def test_looks(desk: Desk, shots: Path, language: str, theme: str) -> None:
    page = desk("Fire at LS1 4AP, two people upstairs", language=language, theme=theme)
    expect(page.locator(".route[data-service=fire]")).to_be_visible()
    look(page, shots, f"{language}_{theme}_route")
    page.keyboard.press("F8")
    expect(page.locator("#methane-exact_location")).to_be_focused()
    look(page, shots, f"{language}_{theme}_summary")
    page.wait_for_timeout(SAME_PRESS_MS)
    page.keyboard.press("F8")
    expect(page.locator(f'.transfer[data-room="{ACCEPTS}"]')).to_have_attribute("data-state", "accepted")
    look(page, shots, f"{language}_{theme}_accepted")


@pytest.mark.parametrize(
    "size", [(1280, 720), (1600, 900), (640, 360)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_the_button_is_in_sight(desk: Desk, shots: Path, size: tuple[int, int]) -> None:
    """640 × 360 is 1280 × 720 at 200 %."""
    page = desk("Fire at LS1 4AP, all three floors")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    button = page.locator("[data-command='handover.send']")
    for press in (False, True):
        if press:
            page.keyboard.press("F8")
        if size[0] < 1000:
            button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport(ratio=1)
    page.screenshot(path=shots / f"handover_{size[0]}.png")
