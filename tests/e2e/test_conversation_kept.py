"""Nothing typed is ever lost, and nothing said goes twice: whatever dies in between."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.own_process import OwnProcess
from tests.e2e.talk import TalkOffice, reply, take
from tests.e2e.troubles import Troubles

Desk = Callable[..., Page]
STALE_WITHIN_MS = 4_500
"""The badge turns after 3 s without the server, looked at twice a second; the rest is a busy machine's."""


def test_a_reload_in_the_middle_of_a_word(talk: TalkOffice, desk: Desk) -> None:
    talk.caller("we are on the roof")
    page = desk()
    take(page, "on the roof")
    page.keyboard.type("Stay where you ar")
    page.reload()
    expect(page.locator(".lines")).to_contain_text("on the roof")
    expect(reply(page)).to_have_value("Stay where you ar")
    expect(page.locator("[data-kept]")).to_have_attribute("data-kept", "kept")


def test_a_desk_whose_first_answers_are_lost_still_finds_what_is_open(talk: TalkOffice, desk: Desk) -> None:
    talk.caller("the stairs are full of smoke")
    page = desk()
    take(page, "full of smoke")
    lost: dict[str, int] = {"queue": 0, "contact": 0}

    def lose_first(what: str) -> Callable[[Route], None]:
        def lose(route: Route) -> None:
            lost[what] += 1
            route.abort() if lost[what] == 1 else route.fallback()

        return lose

    page.route("**/api/v1/queue?mine=true", lose_first("queue"))
    page.route("**/api/v1/contacts/*-*-*-*-*", lose_first("contact"))
    page.reload()
    expect(page.locator(".lines")).to_contain_text("full of smoke")
    assert min(lost.values()) >= 2, lost


def test_another_browser_of_the_same_handler_has_the_draft(talk: TalkOffice, desk: Desk) -> None:
    caller = talk.caller("the water is rising")
    page = desk()
    take(page, "water is rising")
    page.keyboard.type("Go upstairs")
    expect(page.locator("[data-kept]")).to_have_attribute("data-kept", "kept")
    assert talk.by("ada", "GET", f"/contacts/{caller.contact}")["draft"] == "Go upstairs"
    # Nothing of it is anybody else's to read, but that she types is.
    seen = talk.by("bea", "GET", f"/contacts/{caller.contact}")
    assert seen["draft"] == "" and seen["typing"] == ["ada"]
    page.context.close()
    other = desk()
    expect(reply(other)).to_have_value("Go upstairs")


def test_a_killed_browser_with_the_same_profile(
    talk: TalkOffice, browser: Browser, tmp_path: Path, troubles: Troubles, desk: Desk
) -> None:
    caller = talk.caller("smoke in the corridor")
    own = OwnProcess(talk, browser, tmp_path / "profile", troubles)
    page = own.open("ada")
    take(page, "smoke in the corridor")
    page.keyboard.type("Close the door and put wet towels")
    expect(page.locator("[data-kept]")).to_have_attribute("data-kept", "kept")
    own.send(signal.SIGKILL)
    page = own.open("ada")
    if not page.locator("[data-tab]").count():
        page.locator(f'[data-contact="{caller.contact}"]').click()
        page.keyboard.press("Enter")
    expect(reply(page)).to_have_value("Close the door and put wet towels")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".line.ours:not(.automatic)")).to_contain_text("wet towels")
    assert talk.told(caller).count("Close the door and put wet towels") == 1
    page.context.close()


def test_a_killed_server_is_shown_and_the_reply_goes_once(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    caller = talk.caller("a man is in the river")
    page = desk()
    take(page, "in the river")
    page.keyboard.type("Do not go in.")
    expect(page.locator("[data-kept]")).to_have_attribute("data-kept", "kept")
    talk.kill()
    badge = page.locator("[data-live]")
    expect(badge).not_to_have_attribute("data-live", "live", timeout=STALE_WITHIN_MS)
    page.keyboard.type(" Throw something that floats.")
    kept = page.locator("[data-kept]")
    expect(kept).to_have_attribute("data-kept", "here")
    expect(kept).to_contain_text("Not saved on the server yet")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".reply-trouble")).to_contain_text("Your text is kept")
    said = "Do not go in. Throw something that floats."
    expect(reply(page)).to_have_value(said)
    page.screenshot(path=shots / "conversation_no_server.png")
    talk.start()
    expect(badge).to_have_attribute("data-live", "live", timeout=20_000)
    expect(kept).to_have_attribute("data-kept", "kept", timeout=15_000)
    expect(reply(page)).to_have_value(said)
    # Where the lease ended meanwhile, it is taken again; the words are still there.
    take_again = page.locator('[data-command="conversation.take"]')
    page.wait_for_timeout(2_000)
    if take_again.count():
        take_again.click()
    expect(page.locator('[data-command="conversation.reply"]')).to_be_enabled()
    reply(page).press("Control+Enter")
    expect(page.locator(".line.ours:not(.automatic)")).to_contain_text(said)
    expect(reply(page)).to_have_value("")
    _until(lambda: said in talk.told(caller))
    assert talk.told(caller).count(said) == 1


def test_an_answer_that_is_lost_does_not_make_it_two(talk: TalkOffice, desk: Desk) -> None:
    caller = talk.caller("there is gas in the house")
    page = desk()
    take(page, "gas in the house")
    lost: list[str] = []

    def lose_first(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.post_data or "")
        route.fetch()
        route.abort()

    page.route("**/replies", lose_first)
    page.keyboard.type("Open the windows and leave.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".reply-trouble")).to_contain_text("it cannot go twice")
    expect(reply(page)).to_have_value("Open the windows and leave.")
    reply(page).press("Control+Enter")
    expect(reply(page)).to_have_value("")
    expect(page.locator(".reply-trouble")).to_be_empty()
    expect(page.locator(".line.ours:not(.automatic)")).to_have_count(1)
    page.wait_for_timeout(1_000)
    assert talk.told(caller).count("Open the windows and leave.") == 1
    # The same words once more are another reply: it is the try that goes once, not the text.
    page.keyboard.type("Open the windows and leave.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".line.ours:not(.automatic)")).to_have_count(2)


@pytest.mark.parametrize("types_on", [True, False])
def test_an_answer_to_f2_that_comes_late_takes_no_field_from_under_a_typing_hand(
    talk: TalkOffice, desk: Desk, shots: Path, types_on: bool
) -> None:
    first = talk.caller("the cellar is full of smoke")
    page = desk()
    take(page, "full of smoke")
    second = talk.caller("my brother has fallen off the roof")
    expect(page.locator(f".row[data-contact='{second.contact}']")).to_be_visible()
    held: list[Route] = []
    page.route("**/queue/claim", lambda route: held.append(route))
    page.keyboard.type("Close the doo")
    with page.expect_request("**/queue/claim"):
        page.keyboard.press("F2")
    if types_on:
        page.keyboard.type("r and go")
    held.pop().continue_()
    tab = page.locator(f"[data-tab='{second.contact}']")
    if not types_on:
        # Whoever waits for the answer has it in front of them, as ever.
        expect(tab).to_have_attribute("aria-current", "true")
        expect(reply(page)).to_be_focused()
        expect(reply(page)).to_have_value("")
        return
    expect(tab).to_contain_text("1 new")
    expect(tab).to_have_attribute("aria-current", "false")
    expect(page.locator("[data-notice]")).to_contain_text("it waits in its tab: Alt 2")
    page.keyboard.type(" outside")
    expect(reply(page)).to_have_value("Close the door and go outside")
    page.screenshot(path=shots / "conversation_taken_beside.png")
    page.keyboard.press("Control+Enter")
    expect(reply(page)).to_have_value("")
    _until(lambda: "Close the door and go outside" in talk.told(first))
    page.keyboard.press("Alt+2")
    expect(page.locator(".lines")).to_contain_text("fallen off the roof")
    expect(reply(page)).to_be_focused()
    expect(reply(page)).to_have_value("")
    expect(tab).not_to_contain_text("new")


def test_a_lost_claim_leaves_the_words_in_sight(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    caller = talk.caller("my son is not breathing")
    page = desk()
    take(page, "not breathing")
    page.keyboard.type("Push hard and fast on his chest")
    talk.by("sue", "POST", f"/contacts/{caller.contact}/move", {"to": "bea", "reason": "cpr"})
    expect(page.locator(".tab.lost")).to_contain_text("lost")
    expect(page.locator(".whose")).to_contain_text("Not yours any more")
    expect(reply(page)).to_have_value("Push hard and fast on his chest")
    expect(page.locator('[data-command="conversation.reply"]')).to_be_disabled()
    page.screenshot(path=shots / "conversation_lost.png")
    page.reload()
    page.wait_for_timeout(500)
    page.locator(f'[data-contact="{caller.contact}"]').click()
    page.keyboard.press("ArrowRight")
    expect(reply(page)).to_have_value("Push hard and fast on his chest")
    assert not any("Push hard" in one for one in talk.told(caller))


def test_from_hand_to_hand_by_f7(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    caller = talk.caller("ice on the A9")
    ada, bea = desk("ada"), desk("bea")
    take(ada, "ice on the A9")
    ada.keyboard.press("F7")
    option = ada.locator("#hand-to option", has_text="bea")
    ada.locator("#hand-to").select_option(option.get_attribute("value"))
    ada.locator("#hand-note").fill("three cars")
    ada.screenshot(path=shots / "conversation_hand.png")
    ada.get_by_role("button", name="Offer it").click()
    expect(ada.locator(".whose")).to_contain_text("yours until it is taken")
    strip = bea.locator(".offers")
    expect(strip).to_contain_text("three cars")
    bea.screenshot(path=shots / "conversation_offer.png")
    strip.get_by_role("button", name="Take").click()
    expect(bea.locator(".lines")).to_contain_text("ice on the A9")
    expect(ada.locator("[data-tab]")).to_have_count(0)
    assert talk.shown(caller)["contact"]["claimed_by"] == "bea"
    expect(bea.locator(".offers")).to_have_count(0)


def test_two_that_are_one_are_merged_and_parted(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    kept = talk.caller("crash at the bridge, I am in the blue car")
    merged = talk.caller("crash at the bridge, writing from my tablet")
    page = desk()
    row = page.locator(f'[data-contact="{merged.contact}"]')
    expect(row).to_be_visible()
    row.click()
    page.keyboard.press("Enter")
    expect(page.locator(".lines")).to_contain_text("from my tablet")
    reply(page).fill("Is anybody hurt")
    page.locator('[data-command="conversation.merge"]').click()
    reference = talk.shown(kept)["contact"]["reference"]
    page.locator("#merge-address").fill(reference)
    page.keyboard.press("Enter")
    expect(page.locator(".merge-preview")).to_contain_text("blue car")
    page.screenshot(path=shots / "conversation_merge.png")
    page.get_by_role("button", name=f"Make it part of {reference}").click()
    expect(page.locator(".lines")).to_contain_text("blue car")
    expect(page.locator(".lines")).to_contain_text("from my tablet")
    assert talk.shown(merged)["contact"]["state"] == "merged"
    page.locator('[data-command="conversation.take"]').click()
    expect(reply(page)).to_have_value("Is anybody hurt")
    page.locator('[data-command="conversation.merge"]').click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".lines")).not_to_contain_text("from my tablet")
    assert talk.shown(merged)["contact"]["state"] == "waiting"
    # The claim is not brought back: the desk says where it is, and it is taken from there.
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("waits in the queue at its old place, since")
    expect(dialog.locator("[data-take]")).to_be_focused()
    page.screenshot(path=shots / "conversation_unmerged.png")
    page.keyboard.press("Enter")
    expect(page.locator(".lines")).to_contain_text("from my tablet")
    expect(page.locator("[data-tab]")).to_have_count(2)
    expect(reply(page)).to_be_focused()
    assert {talk.shown(one)["contact"]["claimed_by"] for one in (kept, merged)} == {"ada"}


def test_a_room_that_has_not_answered_has_to_be_confirmed_away(talk: TalkOffice, desk: Desk) -> None:
    caller = talk.caller("fire at 53.7965, -1.5478")
    page = desk()
    take(page, "fire at")
    fence = talk.shown(caller)["contact"]["attempts"]
    talk.by("ada", "POST", f"/contacts/{caller.contact}/send", {"attempts": fence, "services": ["fire"]})
    page.locator('[data-command="conversation.close"]').click()
    page.get_by_role("button", name="The service has it").click()
    expect(page.locator("#dialog")).to_contain_text(re.compile("not accepted yet"))
    page.keyboard.press("Escape")
    assert talk.shown(caller)["contact"]["state"] != "closed"
    page.locator('[data-command="conversation.close"]').click()
    page.get_by_role("button", name="The service has it").click()
    page.get_by_role("button", name="Close it anyway").click()
    expect(page.locator("[data-tab]")).to_have_count(0)
    assert talk.shown(caller)["contact"]["state"] == "closed"


def _until(met: Callable[[], bool], within_s: float = 10.0) -> None:
    end_s = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < end_s
        time.sleep(0.1)
