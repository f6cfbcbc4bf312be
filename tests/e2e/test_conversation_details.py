"""What a conversation shows beside its words: who may be the same, what could not be read, who else types."""

from __future__ import annotations

import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.e2e.talk import BOT_SECRET, TalkOffice, reply, take
from tests.e2e.test_place_panel import fix
from tests.e2e.test_shift_end import by_name, tab_to
from tests.e2e.town import Caller

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
BRIDGE = (53.7965, -1.5478)
MALFORMED = (
    '{"update_id": "<img src=//evil.example/x onerror=alert(1)>", "message": {"message_id": "one",'
    ' "text": "help \u202eat the bridge\u200b https://evil.example/a"}'
)
Desk = Callable[..., Page]


def at_the_bridge(talk: TalkOffice, text: str, metres_north: float = 0) -> Caller:
    """Somebody's first message by the app, with their phone's fix."""
    place = (BRIDGE[0] + metres_north / 111_320, BRIDGE[1])
    body: dict[str, Any] = {"id": str(uuid.uuid4()), "text": text, "location": fix(place, 60)}
    opened = talk._ask("POST", f"{talk.url}/app/v1/contacts", body)
    rows = talk.console("GET", "/queue?limit=100")["rows"]
    contact = next(row["id"] for row in rows if row["caller"] == f"app:{opened['contact']}")
    return Caller(opened["contact"], opened["token"], contact)


def look(page: Page, shots: Path, name: str) -> None:
    page.screenshot(path=shots / f"details_{name}.png")
    found = Axe().run(page, context="#conversation, #dialog", options=RULES)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def press(page: Page, button: Locator) -> None:
    tab_to(page, button)
    page.keyboard.press("Enter")


def test_who_may_be_the_same_is_named_with_reasons_merged_and_parted_by_keyboard(
    talk: TalkOffice, desk: Desk, shots: Path
) -> None:
    first = at_the_bridge(talk, "crash at the bridge, I am in the blue car")
    second = at_the_bridge(talk, "crash at the bridge, writing from my tablet", 20)
    elsewhere = at_the_bridge(talk, "a cat is on the roof", 9_000)
    names = [talk.shown(one)["contact"]["reference"] for one in (first, second, elsewhere)]
    page = desk()
    take(page, "blue car")
    by_name(page, "merge")
    dialog = page.locator("#dialog")
    candidates = dialog.locator(".merge-list li")
    expect(candidates).to_have_count(1)
    expect(candidates).to_contain_text(names[1])
    expect(candidates).to_contain_text("20 m away")
    look(page, shots, "candidates")
    press(page, candidates.get_by_role("button", name="Look"))
    preview = dialog.locator(".merge-preview")
    expect(preview).to_contain_text("from my tablet")
    tab_to(page, dialog.locator("#merge-reason"))
    page.keyboard.type("both at the bridge")
    look(page, shots, "preview")
    press(page, dialog.get_by_role("button", name=f"Make it part of {names[1]}"))
    expect(page.locator(".lines")).to_contain_text("from my tablet")
    expect(page.locator(".lines")).to_contain_text("blue car")
    whole = talk.shown(first)
    assert (whole["contact"]["state"], whole["merged_into"]) == ("merged", second.contact)

    press(page, page.locator("#conversation [data-command='conversation.take']"))
    expect(reply(page)).to_be_focused()
    by_name(page, "merge")
    press(page, dialog.get_by_role("button", name="Undo"))
    expect(page.locator(".lines")).not_to_contain_text("blue car")
    expect(page.locator(".lines")).to_contain_text("from my tablet")
    assert talk.shown(first)["contact"]["state"] == "waiting"


def test_what_could_not_be_read_is_shown_as_it_came_and_does_nothing(
    talk: TalkOffice, desk: Desk, shots: Path
) -> None:
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": BOT_SECRET}
    request = urllib.request.Request(  # noqa: S310
        f"{talk.url}/telegram/webhook", MALFORMED.encode(), headers, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        assert answer.status == 200
    page = desk(language="cy")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.on("dialog", lambda one: asked.append(one.message))
    take(page, "onerror=alert(1)")
    line = page.locator(".line.theirs")
    expect(line.locator(".flag")).to_be_visible()
    raw = line.locator(".raw")
    expect(raw).to_contain_text('"update_id": "<img src=//evil.example/x onerror=alert(1)>"')
    expect(raw.locator(".hidden-character")).to_have_text(["⟦U+202E⟧", "⟦U+200B⟧"])
    expect(raw.locator("a, img, script")).to_have_count(0)
    assert all(one.startswith((talk.desk_url, "data:")) for one in asked), asked
    look(page, shots, "defective_cy")


def test_a_colleague_who_types_is_shown_and_stops_being_shown(
    talk: TalkOffice, desk: Desk, shots: Path
) -> None:
    caller = talk.caller("somebody is in the water")
    page = desk()
    take(page, "in the water")
    page.keyboard.type("Do not go in")
    talk.by("bea", "PUT", f"/contacts/{caller.contact}/drafts", {"text": "I am on it"})
    typing = page.locator(".typing")
    expect(typing).to_contain_text("bea")
    expect(reply(page)).to_be_focused()
    expect(reply(page)).to_have_value("Do not go in")
    assert "I am on it" not in page.content()
    look(page, shots, "typing")
    talk.by("bea", "PUT", f"/contacts/{caller.contact}/drafts", {"text": ""})
    expect(typing).to_have_count(0)
