"""A desk in Welsh says nothing in English but others' own words and names, whatever a contact is about."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.desk import register
from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.district import LEEDS, District
from tests.e2e.town import Caller

Desk = Callable[..., Page]
OTHERS_WORDS = "#conversation .words, [data-command='bar.language'], #queue .summary, #queue .row-words, q"
"""Where somebody's own words stand: a caller's, a handler's reply, a room's reason."""
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|was|with|which|this|it|not|or|by|for|place|area|within|there|says|said|asked|lies"
    r"|circle|likeliest|rescue|coast|chosen|moved|answer|telephone)\b",
    re.IGNORECASE,
)


@pytest.fixture
def desk(district: District, browser: Browser) -> Iterator[Desk]:
    """``desk(caller)``: ada's desk in Welsh with this contact in hand."""
    contexts: list[BrowserContext] = []
    taken: list[Caller] = []

    def opened(caller: Caller) -> Page:
        district.by("ada", "POST", f"/contacts/{caller.contact}/claim", {})
        taken.append(caller)
        context = district.context(browser, "ada", language="cy")
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = district.desk(context)
        expect(page.locator("#handover [data-command='handover.send']")).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()
    for caller in taken:
        row = district.shown(caller)["contact"]
        if row["claimed_by"] != "ada":
            row = district.by("ada", "POST", f"/contacts/{caller.contact}/reopen", {})["contact"]
        said = {"attempts": row["attempts"], "reason": "done", "anyway": True}
        district.by("ada", "POST", f"/contacts/{caller.contact}/close", said)


def writes(
    district: District, text: str, place: tuple[float, float, float] | None = None, **more: Any
) -> Caller:
    body: dict[str, Any] = {"id": str(uuid.uuid4()), "text": text, **more}
    if place is not None:
        body["location"] = {
            "latitude": place[0],
            "longitude": place[1],
            "accuracy_m": place[2],
            "confidence_pct": 95,
            "method": "gps",
            "positioned_at": datetime.now(UTC).isoformat(),
        }
    opened = district._ask("POST", f"{district.url}/app/v1/contacts", body)
    rows = district.console("GET", "/queue?limit=100")["rows"]
    contact = next(row["id"] for row in rows if row["caller"] == f"app:{opened['contact']}")
    return Caller(opened["contact"], opened["token"], contact)


def all_welsh(page: Page, *, own: tuple[str, ...] = ()) -> None:
    """No element marked English but for others' words, and no English sentence on the right-hand side."""
    marked = page.evaluate(
        """own => [...document.querySelectorAll('#desk [lang=en]')]
             .filter((one) => !one.closest(own)).map((one) => one.outerHTML.slice(0, 200))""",
        OTHERS_WORDS,
    )
    assert marked == []
    said = page.locator("#handover .handover-body").inner_text()
    done = "\n".join(page.locator("#conversation .line.done").all_inner_texts())
    text = re.sub("“[^”]*”", "", f"{said}\n{done}")
    for other in page.locator(
        "#handover q"
    ).all_inner_texts():  # a room's reason, a question in their language
        text = text.replace(other, "")
    names = [name for room in register().rooms.values() for name in (room.name, room.id)]
    for name in sorted((*names, *own), key=len, reverse=True):
        text = text.replace(name, "")
    text = re.sub(r"\([a-z-]+\)", "", text)  # the rule's id
    assert not ENGLISH.search(text), text


CONTACTS: dict[str, tuple[str, tuple[float, float, float] | None, dict[str, Any], str]] = {
    "land": ("my kitchen is on fire", (53.7960, -1.5577, 20), {"service": "fire"}, "yn ardal West Yorkshire"),
    "border": ("man with a knife", (51.83, -2.65, 1_500), {"service": "police"}, "Ger ffin"),
    "abroad": ("he has fallen", (53.3498, -6.2603, 20), {"service": "ambulance"}, "yn Iwerddon"),
    "sea": ("boat is drifting out", (50.6200, -5.1000, 40), {"service": "coastguard"}, "dros y môr"),
    "added": (
        "police please, a man is on the railway track by the beach, cut off by the tide",
        None,
        {},
        "gofynnwyd am",
    ),
}


@pytest.mark.parametrize("case", CONTACTS)
def test_why_it_would_go_there_is_said_in_welsh(
    district: District, desk: Desk, shots: Path, case: str
) -> None:
    text, place, more, expected = CONTACTS[case]
    page = desk(writes(district, text, place, **more))
    if case == "added":
        page.get_by_role("checkbox", name="Achub mynydd").or_(
            page.locator(".added-service input")
        ).first.check()
    expect(page.locator("#handover .route").first.locator(".route-why")).to_be_visible()
    expect(page.locator("#handover .handover-body")).to_contain_text(expected)
    page.screenshot(path=shots / f"welsh_{case}.png")
    all_welsh(page)
    found = Axe().run(page, context="#handover")
    assert found.violations_count == 0, found.generate_report()


def test_what_became_of_it_is_said_in_welsh(district: District, desk: Desk, shots: Path) -> None:
    """Rejected by one room in its own words; a better place for another; both on the same contact."""
    caller = writes(
        district, "smoke in the flat, shouting", (LEEDS["lat"], LEEDS["lon"], 20.0), service="police"
    )
    page = desk(caller)
    row = district.shown(caller)["contact"]
    district.by(
        "ada",
        "POST",
        f"/contacts/{caller.contact}/send",
        {"attempts": row["attempts"], "services": ["police"]},
    )
    line = page.locator(".transfer[data-service=police]")
    expect(line).to_have_attribute("data-state", "rejected")
    expect(page.locator("#conversation .line.done").filter(has_text="Rhaid i berson edrych")).to_contain_text(
        "gwrthodwyd gan yr ystafell"
    )
    page.screenshot(path=shots / "welsh_rejected.png")
    reason = district.shown(caller)["transfers"][0]["reason"]
    all_welsh(page, own=(reason,))


def test_a_desk_in_english_is_as_the_record_says(district: District, browser: Browser) -> None:
    caller = writes(district, "my kitchen is on fire", (53.7960, -1.5577, 20), service="fire")
    district.by("ada", "POST", f"/contacts/{caller.contact}/claim", {})
    context = district.context(browser, "ada")
    context.set_default_timeout(PATIENCE_MS)
    try:
        page = district.desk(context)
        expect(page.locator(".route-why").first).to_contain_text("lies in the area of West Yorkshire")
        expect(page.locator(".route-why").first).to_contain_text("no other area is within reach")
        assert page.locator("#handover [lang]").count() == 0
        assert ENGLISH.search(page.locator("#handover .handover-body").inner_text()), (
            "the check finds English"
        )
    finally:
        context.close()
        row = district.shown(caller)["contact"]
        said = {"attempts": row["attempts"], "reason": "done", "anyway": True}
        district.by("ada", "POST", f"/contacts/{caller.contact}/close", said)
