"""Desks over a real intake: taken by keys, seen by the colleague, kept over a reload, never signed out of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.office import Office

OpenDesk = Callable[..., Page]


@pytest.fixture(autouse=True)
def empty_hands(office: Office) -> Iterator[None]:
    """What a test leaves open is put back by its lease alone: close it, so that the next begins anew."""
    yield
    for row in office.console("GET", "/queue?limit=100&mine=true")["rows"]:
        if row["claimed_by"]:
            fence = {"attempts": row["attempts"], "reason": "done", "anyway": True}
            office.console("POST", f"/contacts/{row['id']}/close", fence)


def test_the_chosen_row_is_taken_by_keys_alone_and_the_colleague_sees_who_has_it(
    office: Office, open_desk: OpenDesk
) -> None:
    caller = office.caller("crash on the a90 near Dundee")
    ada, bea = open_desk("ada"), open_desk("bea")
    ada.keyboard.press("Alt+q")
    row = ada.locator(f".row[data-contact='{caller.contact}']")
    expect(row).to_be_visible()
    for _ in range(30):
        if row.get_attribute("aria-selected") == "true":
            break
        ada.keyboard.press("ArrowDown")
    ada.keyboard.press("Enter")
    expect(row).to_contain_text("with you")
    expect(bea.locator(f".row[data-contact='{caller.contact}']")).to_contain_text("with desk")


def test_nothing_waits_is_said_calmly(office: Office, open_desk: OpenDesk) -> None:
    for row in office.console("GET", "/queue?limit=100&claimable=true")["rows"]:
        taken = office.console("POST", f"/contacts/{row['id']}/claim", {})["contact"]
        body = {"attempts": taken["attempts"], "reason": "done", "anyway": True}
        office.console("POST", f"/contacts/{row['id']}/close", body)
    page = open_desk("cyn")
    expect(page.locator("[data-waiting]")).to_have_text("0")
    page.keyboard.press("F2")
    expect(page.locator("[data-notice]")).to_contain_text("Nothing waits")


def test_another_language_keeps_what_is_open_and_a_sign_out_is_refused(
    office: Office, open_desk: OpenDesk, shots: Path
) -> None:
    office.caller("smoke from the flat below")
    page = open_desk("ada")
    page.keyboard.press("F2")
    mine = page.locator(".row .mark.mine")
    expect(mine).to_have_count(1)
    page.locator("[data-command='bar.language']").click()
    expect(page.locator("html")).to_have_attribute("lang", "cy")
    expect(mine).to_have_text("gyda chi")
    page.locator("[data-command='bar.language']").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#desk")).to_have_attribute("data-ready", "true")
    page.locator("[data-command='bar.sign_out']").click()
    expect(page.locator("#dialog")).to_contain_text("Still open at your desk (1): 26-")
    page.screenshot(path=shots / "queue_sign_out.png")
    page.keyboard.press("Escape")
    assert page.url.endswith("/desk")


def test_a_reply_owed_and_a_room_that_does_not_accept_are_alarms(
    office: Office, open_desk: OpenDesk, shots: Path
) -> None:
    """The contact's times are set back on their way to the page: nobody waits ninety seconds in a test."""
    office.caller("fire at LS1 4AP")
    page = open_desk("ada")
    ago = (datetime.now(UTC) - timedelta(seconds=100)).isoformat()
    sent: dict[str, Any] = dict.fromkeys(("room_reference", "reason"), "")
    sent |= {"id": "t1", "service": "fire", "room_id": "hull", "room_name": "Hull", "kind": "creation"}
    sent |= {"telephone": "01632 960123", "state": "delivered", "attempts": 1, "answered_at": None}
    sent |= dict.fromkeys(("created_at", "sent_at", "delivered_at", "next_attempt_at"), ago)

    def older(route: Route) -> None:
        answer = route.fetch()
        said = answer.json()
        for line in said.get("conversation", []):
            line["at"] = ago
        said["transfers"] = [*said.get("transfers", []), sent]
        route.fulfill(response=answer, body=json.dumps(said))

    page.route("**/api/v1/contacts/*-*-*-*-*", older)
    page.keyboard.press("F2")
    room, owed = (page.locator(f".alarm[data-alarm={kind}]") for kind in ("room", "owed"))
    expect(room).to_contain_text("Hull has not accepted 26-")
    expect(room.locator("button")).to_have_text("Call 01632 960123 (Alt 1)")
    page.screenshot(path=shots / "queue_room.png")
    page.keyboard.press("F4")
    expect(owed).to_contain_text("waits for your reply")
    expect(owed.locator("button")).to_have_text("Answer (Alt 1)")
    page.screenshot(path=shots / "queue_owed.png")
    page.keyboard.press("F4")
    expect(owed).to_have_count(0)
    expect(page.locator("[data-seen=owed]")).to_be_visible()


@pytest.mark.parametrize("name", ["bea"])
def test_away_is_said_to_the_others(office: Office, open_desk: OpenDesk, name: str) -> None:
    page, sue = open_desk(name), open_desk("sue", "/supervisor")
    row = sue.locator(f"#desks tr[data-desk={name}]")
    expect(row).to_contain_text("Available")
    page.keyboard.press("Alt+a")
    expect(row).to_contain_text("Away")
    page.reload()
    expect(page.locator("[data-command='bar.available']")).to_have_text("Away")
    page.keyboard.press("Alt+a")
    expect(row).to_contain_text("Available")


def test_a_fourth_conversation_is_refused_by_naming_the_three(office: Office, open_desk: OpenDesk) -> None:
    for number in range(4):
        office.caller(f"smoke in street {number}")
    page = open_desk("ada")
    for count in (1, 2, 3):
        page.keyboard.press("F2")
        expect(page.locator(".row .mark.mine")).to_have_count(count)
    page.keyboard.press("F2")
    notice = page.locator("[data-notice]")
    expect(notice).to_contain_text("You have 3 open: 26-")
    assert notice.inner_text().count("26-") == 3
