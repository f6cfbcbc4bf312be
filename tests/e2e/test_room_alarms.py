"""A room that does not accept, and a caller who is owed a reply: counted by the server's own times."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.district import BY_HAND, District
from tests.e2e.town import Caller

BADGE_S, ALARM_S = 30, 90
TELEPHONE = "01632 960209"
LATER_MS = 40_000
"""More than a timer has left to run, on a busy machine."""

Desk = Callable[..., Page]


@pytest.fixture
def desk(district: District, browser: Browser) -> Iterator[Desk]:
    contexts: list[BrowserContext] = []

    def opened(name: str, language: str = "en", theme: str = "light") -> Page:
        context = district.context(browser, name, language=language)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "intake-theme", "value": theme, "url": district.desk_url}])
        contexts.append(context)
        return district.desk(context)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def callers(district: District) -> Iterator[list[Caller]]:
    """Whoever wrote in: closed at the end, whoever has them by then."""
    wrote: list[Caller] = []
    yield wrote
    for caller in wrote:
        row = district.shown(caller)["contact"]
        holder = row["claimed_by"] or "cyn"
        if row["state"] != "open" or not row["claimed_by"]:
            verb = "reopen" if row["state"] in ("sending", "delivered", "accepted") else "claim"
            row = district.by(holder, "POST", f"/contacts/{caller.contact}/{verb}", {})["contact"]
        said = {"attempts": row["attempts"], "reason": "done", "anyway": True}
        district.by(holder, "POST", f"/contacts/{caller.contact}/close", said)


def older(district: District, table: str, column: str, caller: Caller, seconds: int) -> None:
    """As if it had happened so much earlier: the store's own times, which nobody rewrites on the way."""
    with closing(sqlite3.connect(district.database, timeout=10)) as conn, conn:
        conn.execute(
            f"UPDATE {table} SET {column} = {column} - ? WHERE contact_id = ?",  # noqa: S608 - ours
            (seconds * 1_000_000, caller.contact),
        )


def sent_by_nobody(district: District, text: str) -> Caller:
    """With a room that goes on considering it; whoever sent it has no desk."""
    caller = district.caller(text)
    path = f"/contacts/{caller.contact}"
    taken = district.by("cyn", "POST", f"{path}/claim", {})["contact"]
    fence = {"attempts": taken["attempts"]}
    district.by("cyn", "POST", f"{path}/send", {**fence, "services": ["ambulance"], "room_id": BY_HAND})
    district.by("cyn", "POST", f"{path}/release", fence)
    return caller


def test_what_no_desk_has_open_is_told_to_all_and_one_takes_it(
    district: District, desk: Desk, callers: list[Caller], shots: Path
) -> None:
    ada, bea = desk("ada"), desk("bea", "cy", "night")
    kinds = ".alarm[data-alarm=unaccepted]", ".also [data-alarm=unaccepted]"
    callers.append(sent_by_nobody(district, "my father fell at LS1 4AP"))
    reference = district.shown(callers[0])["contact"]["reference"]
    older(district, "transfers", "created_at", callers[0], 46)
    for page, words in (
        (ada, f"{reference} is open at no desk"),
        (bea, f"{reference} heb ddesg"),
    ):
        alarm = page.locator(kinds[0])
        expect(alarm).to_contain_text(words)
        expect(alarm.locator("button")).to_contain_text(TELEPHONE)
        expect(alarm.locator("button")).to_be_in_viewport(ratio=1)
        page.screenshot(path=shots / f"alarm_unaccepted_{'en' if page is ada else 'cy'}.png")
        found = Axe().run(page, context="#alarms")
        assert found.violations_count == 0, found.generate_report()
    # A second one is the same alarm, acknowledged once.
    ada.keyboard.press("F4")
    expect(ada.locator("[data-seen=unaccepted]")).to_be_visible()
    ada.keyboard.press("Alt+t")
    expect(ada.locator("#conversation")).to_contain_text("my father fell")
    expect(ada.locator(".alarm[data-alarm=room] button")).to_contain_text(f"Call {TELEPHONE} (Alt 1)")
    row = district.shown(callers[0])["contact"]
    assert (row["state"], row["claimed_by"]) == ("open", "ada")
    expect(bea.locator("[data-alarm=unaccepted]")).to_have_count(0)


def test_who_is_away_is_left_alone_and_full_hands_still_see_whom_to_ring(
    district: District, desk: Desk, callers: list[Caller]
) -> None:
    page = desk("ada")
    callers.append(sent_by_nobody(district, "she cannot stand, LS1 4AP"))
    older(district, "transfers", "created_at", callers[0], 46)
    alarm = page.locator(".alarm[data-alarm=unaccepted]")
    expect(alarm).to_be_visible()
    page.keyboard.press("Alt+a")
    expect(alarm).to_have_count(0)
    page.keyboard.press("Alt+a")
    expect(alarm).to_be_visible()
    for number in range(3):
        callers.append(district.caller(f"smoke in street {number}"))
        expect(page.locator(f'[data-contact="{callers[-1].contact}"]')).to_be_visible()
        page.keyboard.press("F2")
        expect(page.locator("[data-tab]")).to_have_count(number + 1)
    page.keyboard.press("Alt+t")
    expect(page.locator("#conversation")).to_contain_text("she cannot stand")
    expect(page.locator(f'.transfer[data-room="{BY_HAND}"] .transfer-phone')).to_have_text(TELEPHONE)
    assert district.shown(callers[0])["contact"]["claimed_by"] != "ada"


def test_a_reply_owed_is_a_badge_and_then_an_alarm_by_the_stores_own_times(
    district: District, desk: Desk, callers: list[Caller], shots: Path
) -> None:
    """Two messages that came earlier by the store's own record, one that came now: each by its own time."""
    page = desk("ada")
    wrote = (("smoke in the hall", 75), ("smoke in the loft", 35), ("smoke in the shed", 0))
    for text, earlier_s in wrote:
        caller = district.caller(text)
        callers.append(caller)
        if earlier_s:
            older(district, "messages", "received_at", caller, earlier_s)
        expect(page.locator(f'[data-contact="{caller.contact}"]')).to_be_visible()
        page.keyboard.press("F2")
        expect(page.locator(f'[data-tab="{caller.contact}"]')).to_be_visible()
    late, owed, fresh = (page.locator(f'[data-tab="{one.contact}"] .owes') for one in callers)
    expect(owed).to_contain_class("owed")
    # What came now has no badge yet, which may only be told while it is young.
    assert "owed" not in (fresh.get_attribute("class") or "").split() or seconds(fresh) >= BADGE_S
    alarm = page.locator(".alarm[data-alarm=owed]")
    reference = district.shown(callers[0])["contact"]["reference"]
    expect(alarm).to_contain_text(f"{reference} waits for your reply", timeout=LATER_MS)
    assert seconds(late) >= ALARM_S, "an alarm before its time"
    expect(late).to_contain_class("late")
    expect(alarm.locator("button")).to_have_text("Answer (Alt 1)")
    page.screenshot(path=shots / "alarm_owed.png")
    page.keyboard.press("Alt+1")
    page.keyboard.type("Close the door. Help is on its way.")
    page.keyboard.press("Control+Enter")
    # A word of ours ends it, and nothing else does: the second one has still some of its time to go.
    expect(late).to_have_count(0)
    expect(alarm.filter(has_text=reference)).to_have_count(0)


def seconds(owes: Locator) -> int:
    """Of what stands in a tab, as 01:15."""
    minutes, rest = owes.inner_text().split()[-1].split(":")
    return int(minutes) * 60 + int(rest)
