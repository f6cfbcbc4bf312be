"""The place panel in a real Chromium: places in words and on the map, accepted by a button alone."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.e2e.office import Office
from tests.e2e.test_location_link_page import eventually
from tests.e2e.town import Caller

LEEDS = (53.79650, -1.54780)
OFF_PADSTOW = (50.58, -5.02)
BORDER = (51.8300, -2.6500)
"""On the Wye by Redbrook: Gwent on one bank, Gloucestershire on the other."""

OpenDesk = Callable[..., Page]
CALLERS: list[Caller] = []


@pytest.fixture(autouse=True)
def callers(office: Office) -> Iterator[None]:
    """A handler has three open at most: what one test opened is closed after it."""
    yield
    while CALLERS:
        office.finish(CALLERS.pop())


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


def fix(place: tuple[float, float], accuracy_m: float = 18, method: str = "gps", age_s: float = 20) -> Any:
    return {
        "latitude": place[0],
        "longitude": place[1],
        "accuracy_m": accuracy_m,
        "confidence_pct": 95,
        "method": method,
        "positioned_at": ago(age_s),
    }


def write(office: Office, text: str, *, language: str = "", **more: Any) -> Caller:
    """Somebody's first message by the app, with whatever it holds."""
    body = {"id": str(uuid.uuid4()), "text": text, "language": language, **more}
    opened = office._ask("POST", f"{office.url}/app/v1/contacts", body)
    rows = office.console("GET", "/queue?limit=100")["rows"]
    contact = next(row["id"] for row in rows if row["caller"] == f"app:{opened['contact']}")
    CALLERS.append(Caller(opened["contact"], opened["token"], contact))
    return CALLERS[-1]


def send_fix(office: Office, caller: Caller, place: Any) -> None:
    path = f"{office.url}/app/v1/contacts/{caller.handle}/locations"
    office._ask("POST", path, {"id": str(uuid.uuid4()), **place}, caller.token)


def places(office: Office, caller: Caller, count: int) -> list[dict[str, Any]]:
    """The contact's places once there are so many of them."""
    eventually(lambda: len(office.shown(caller)["places"]) >= count)
    found: list[dict[str, Any]] = office.shown(caller)["places"]
    return found


@pytest.fixture
def desk(open_desk: OpenDesk, office: Office) -> Iterator[Page]:
    """Ada's desk, on which nothing may be asked of anybody but us."""
    page = open_desk("ada")
    own = urlsplit(office.desk_url).netloc
    foreign: list[str] = []
    page.on(
        "request", lambda one: foreign.append(one.url) if urlsplit(one.url).netloc not in ("", own) else None
    )
    yield page
    assert foreign == []


def take(page: Page, caller: Caller) -> Locator:
    """Take it as a handler does, by its row; returns the panel."""
    page.locator(f"#row-{caller.contact}").click()
    page.locator("#queue [data-command='queue.take_chosen']").click()
    panel = page.locator("#place")
    expect(panel.locator("[data-command='place.accept']")).to_be_visible()
    return panel


def ready_to_accept(panel: Locator) -> Locator:
    button = panel.locator("[data-command='place.accept']")
    expect(button).to_be_enabled()
    return button


def hypothesis(panel: Locator, words: str) -> Locator:
    return panel.locator(".hypothesis").filter(has_text=words)


def axe(page: Page) -> None:
    found = Axe().run(page, context="#place")
    assert found.violations_count == 0, found.generate_report()


def ink(page: Page) -> int:
    """How many pixels of the map's canvases are not blank."""
    return int(
        page.evaluate(
            """() => [...document.querySelectorAll('#place canvas')].reduce((sum, canvas) => {
                if (!canvas.width) return sum;
                const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                let count = 0;
                for (let at = 3; at < data.length; at += 4) if (data[at]) count++;
                return sum + count; }, 0)"""
        )
    )


def centre_of(page: Page) -> str:
    """Where the first pin stands on the screen."""
    box = page.locator("#place .pin").first.bounding_box()
    # Drawn anew in this very moment: the pin that was asked for is gone, the next one is there.
    return "" if box is None else f"{box['x']:.0f},{box['y']:.0f}"


def test_each_place_is_said_with_its_source_radius_age_and_whose_and_drawn_in_its_own_style(
    office: Office, desk: Page, shots: Path
) -> None:
    caller = write(office, "people trapped, LS1 4AP I think", location=fix(LEEDS))
    send_fix(office, caller, fix((53.7970, -1.5440), 300, "wifi"))
    places(office, caller, 3)
    panel = take(desk, caller)
    rings = {"Phone's fix · satellite": "gnss", "Phone's fix · Wi-Fi": "network", "Typed postcode": "said"}
    for words, style in rings.items():
        expect(hypothesis(panel, words)).to_have_attribute("data-ring", style)
    gnss = hypothesis(panel, "satellite")
    expect(gnss).to_contain_text("±18 m (95 %)")
    expect(gnss).to_contain_text("caller's")
    expect(gnss).to_contain_text("used for the caller")
    expect(hypothesis(panel, "Typed postcode")).to_contain_text("“LS1 4AP”")
    # The age counts, and the circle grows with it.
    before = gnss.inner_text()
    expect(gnss).not_to_have_text(before, timeout=5_000)
    expect(panel.locator(".answer")).to_contain_text("SE 2988 3344")
    expect(panel.locator(".map-grid")).to_be_visible()
    assert ink(desk) > 1_000
    # A row and its ring light each other.
    hypothesis(panel, "Wi-Fi").hover()
    expect(hypothesis(panel, "Wi-Fi")).to_have_class(re.compile(r"\blit\b"))
    ready_to_accept(panel)
    axe(desk)
    desk.screenshot(path=shots / "place_leeds.png")


def test_a_place_is_accepted_by_key_and_by_button_and_another_choice_undoes_it(
    office: Office, desk: Page
) -> None:
    caller = write(office, "house on fire, LS1 4AP", location=fix(LEEDS))
    places(office, caller, 2)
    panel = take(desk, caller)
    ready_to_accept(panel)
    assert all(one["said_by"] != "ada" for one in office.shown(caller)["places"])  # nothing by itself
    # By keyboard alone: to the other place, and accept it.
    hypothesis(panel, "Typed postcode").locator("input").focus()
    desk.keyboard.press("Space")
    desk.keyboard.press("Alt+l")
    mark = re.compile(r"accepted for the (caller|incident) by ada \d\d:\d\d:\d\d")
    expect(hypothesis(panel, "Typed postcode").locator(".place-mark").filter(has_text=mark)).to_be_visible()
    chosen = [one["place"] for one in places(office, caller, 3) if one["place"]["source"] == "handler"]
    typed = next(
        one["id"] for one in office.shown(caller)["places"] if one["place"]["source"] == "text_postcode"
    )
    assert [one["accepts"] for one in chosen] == [typed]
    expect(desk.locator("#spoken")).to_contain_text("Place accepted")
    # The choice is a mark on its place, not one more of them.
    expect(panel.locator(".hypothesis")).to_have_count(2)
    # Undo is choosing another.
    hypothesis(panel, "satellite").locator("input").check()
    side = chosen[0]["whose"]
    label = "for caller" if side == "caller" else "for incident"
    panel.locator(".accept button").filter(has_text=re.compile(label, re.IGNORECASE)).click()
    expect(hypothesis(panel, "satellite").locator(".place-mark").filter(has_text=mark)).to_be_visible()
    expect(hypothesis(panel, "Typed postcode").locator(".place-mark").filter(has_text=mark)).to_have_count(0)
    assert len(office.shown(caller)["places"]) == 4  # law 14


def test_contradictions_are_said_and_caller_and_incident_are_two_pins(
    office: Office, desk: Page, shots: Path
) -> None:
    caller = write(office, "my mum's house is on fire, she is at M1 1AE", location=fix(LEEDS, 60, "wifi"))
    places(office, caller, 2)
    panel = take(desk, caller)
    expect(panel.locator(".warning")).to_contain_text(re.compile(r"\d+ km"))
    expect(panel.locator(".answer")).to_have_count(2)
    expect(panel.locator(".pin")).to_have_count(2)
    ready_to_accept(panel)
    axe(desk)
    desk.screenshot(path=shots / "place_apart.png")


def test_near_a_border_the_rooms_are_drawn_and_named_and_the_question_fills_the_reply(
    office: Office, desk: Page, shots: Path
) -> None:
    caller = write(office, "man with a knife", service="police", location=fix(BORDER, 1500, "cell"))
    places(office, caller, 1)
    panel = take(desk, caller)
    rooms = panel.locator(".chances li")
    expect(rooms.filter(has_text="Gloucestershire")).to_contain_text(re.compile(r"\d+ %"))
    expect(rooms.filter(has_text="would get it")).to_have_count(1)
    assert rooms.count() >= 2
    field = desk.locator("#reply-text")
    field.fill("Stay where you are.")
    panel.locator("[data-suggest='border']").click()
    expect(field).to_have_value(re.compile(r"Stay where you are\.\n.*\?"))
    assert not any(
        line["author"] == "ada" for line in office.shown(caller)["conversation"]
    )  # nothing is sent
    ready_to_accept(panel)
    axe(desk)
    desk.screenshot(path=shots / "place_border.png")
    light = ink(desk)
    before = desk.locator("#place .map-box").screenshot()
    desk.keyboard.press("Alt+n")
    expect(desk.locator("html")).to_have_attribute("data-theme", "night")
    desk.wait_for_timeout(300)
    assert desk.locator("#place .map-box").screenshot() != before and ink(desk) > light / 2
    axe(desk)
    desk.screenshot(path=shots / "place_border_night.png")
    desk.keyboard.press("Alt+n")


def test_abroad_the_number_to_dial_there_is_said(office: Office, desk: Page) -> None:
    caller = write(office, "he has fallen", service="ambulance", location=fix((53.3498, -6.2603)))
    places(office, caller, 1)
    panel = take(desk, caller)
    box = panel.locator(".warning").filter(has_text="abroad")
    expect(box).to_contain_text(re.compile(r"112|999"))
    box.locator("[data-suggest='abroad']").click()
    expect(desk.locator("#reply-text")).not_to_have_value("")
    expect(panel.locator("dt").filter(has_text="Irish grid")).to_be_visible()


def test_a_typed_place_and_a_pin_are_proposed_and_accepted_by_a_button(
    office: Office, desk: Page, shots: Path
) -> None:
    caller = write(office, "help me")
    panel = take(desk, caller)
    expect(panel.locator(".no-place")).to_be_visible()
    desk.screenshot(path=shots / "place_none.png")
    axe(desk)
    desk.keyboard.press("Alt+g")
    expect(panel.locator("#place-words")).to_be_focused()
    desk.keyboard.type("SE 2988 3344")
    desk.keyboard.press("Enter")
    expect(panel.locator(".accepting")).to_contain_text("Not accepted yet")
    expect(panel.locator(".pin-proposed")).to_have_count(1)
    assert office.shown(caller)["places"] == []
    desk.keyboard.press("Alt+l")
    (chosen,) = places(office, caller, 1)
    assert (chosen["place"]["source"], chosen["place"]["whose"]) == ("handler", "caller")
    assert chosen["place"]["note"] == "typed: SE 2988 3344"
    expect(hypothesis(panel, "Handler's choice")).to_contain_text("said by ada")
    # A click proposes a pin; nothing is a place before its button.
    panel.locator(".place-map").click(position={"x": 200, "y": 60})
    expect(panel.locator(".accepting")).to_contain_text("pin at")
    panel.get_by_role("button", name="Discard").click()
    expect(panel.locator(".pin-proposed")).to_have_count(0)
    assert len(office.shown(caller)["places"]) == 1
    # What cannot be read is said; nothing is guessed.
    panel.locator("#place-words").fill("by the old tree")
    desk.keyboard.press("Enter")
    expect(panel.locator(".notice")).to_contain_text("No place was read")


def test_copying_says_what_was_copied(office: Office, desk: Page) -> None:
    caller = write(office, "help at LS1 4AP", location=fix(LEEDS))
    places(office, caller, 2)
    panel = take(desk, caller)
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name, text in (
        ("Lat, lon", "53.79650, -1.54780"),
        ("OS grid", "SE 2988 3344"),
        ("They wrote", "LS1 4AP"),
    ):
        panel.get_by_role("button", name=f"Copy: {name}").click()
        expect(desk.locator("#spoken")).to_contain_text(text)
        assert desk.evaluate("navigator.clipboard.readText()") == text
    # Where the browser forbids it the text is marked, for Ctrl+C.
    desk.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    panel.get_by_role("button", name="Copy: Plus code").click()
    expect(desk.locator("#spoken")).to_contain_text("Ctrl C")
    assert desk.evaluate("getSelection().toString()") == "9C5WQFW2+JV"


def test_new_fixes_come_in_and_the_map_stays_where_a_hand_put_it(office: Office, desk: Page) -> None:
    caller = write(office, "help, I am walking", location=fix(LEEDS, 40))
    places(office, caller, 1)
    panel = take(desk, caller)
    ready_to_accept(panel)
    recentre = panel.get_by_role("button", name="Recentre")
    expect(recentre).to_have_count(0)
    eventually(lambda: centre_of(desk) != "")
    at_first = centre_of(desk)
    # Untouched, the map follows.
    send_fix(office, caller, fix((53.8200, -1.5478), 8, age_s=1))
    expect(panel.locator(".answer")).to_contain_text("SE 2986 3606")
    expect(panel.locator(".hypothesis")).to_have_count(2)
    eventually(lambda: centre_of(desk) == at_first)
    # Moved by keys, it stays.
    panel.locator(".place-map").focus()
    desk.keyboard.press("ArrowRight")
    expect(recentre).to_be_visible()
    desk.wait_for_timeout(400)
    stays = desk.evaluate("document.querySelector('#place .leaflet-map-pane').style.transform")
    send_fix(office, caller, fix((53.8400, -1.5478), 6, age_s=0))
    expect(panel.locator(".hypothesis")).to_have_count(3)
    assert desk.evaluate("document.querySelector('#place .leaflet-map-pane').style.transform") == stays
    recentre.click()
    expect(recentre).to_have_count(0)
    eventually(lambda: centre_of(desk) == at_first)


def test_an_incoming_fix_takes_nothing_out_of_the_hand(office: Office, desk: Page) -> None:
    caller = write(office, "help LS1 4AP", location=fix(LEEDS, 40))
    places(office, caller, 2)
    panel = take(desk, caller)
    ready_to_accept(panel)
    hypothesis(panel, "Typed postcode").locator("input").check()
    box = panel.locator("#place-words")
    box.fill("half a wo")
    send_fix(office, caller, fix((53.8000, -1.5478), 8, age_s=1))
    expect(panel.locator(".hypothesis")).to_have_count(3)
    expect(box).to_be_focused()
    expect(box).to_have_value("half a wo")
    expect(hypothesis(panel, "Typed postcode").locator("input")).to_be_checked()


def test_the_life_of_a_link_is_told_with_times_and_what_to_do_next(office: Office, desk: Page) -> None:
    caller = write(office, "help me please")
    address = office.link(caller)
    panel = take(desk, caller)
    life = panel.locator(".link-life")
    expect(life.locator("li")).to_have_text([re.compile(r"Sent by \w+ \d\d:\d\d:\d\d")])
    expect(life.locator(".next")).to_contain_text("not opened yet")
    assert desk.context.browser is not None
    phone = desk.context.browser.new_context(
        geolocation={"latitude": LEEDS[0], "longitude": LEEDS[1], "accuracy": 12}, permissions=["geolocation"]
    )
    try:
        page = phone.new_page()
        page.goto(address)
        # Already allowed: its page asks the phone by itself.
        expect(life).to_contain_text("First place came", timeout=20_000)
    finally:
        phone.close()
    expect(life).to_contain_text("Opened")
    expect(life).to_contain_text("Best so far ±12 m (95 %)")
    expect(hypothesis(panel, "Location link")).to_be_visible()


@pytest.mark.parametrize(
    "size", [(1280, 720), (1600, 900), (640, 360)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_the_accept_button_is_in_sight(
    office: Office, open_desk: OpenDesk, size: tuple[int, int], shots: Path
) -> None:
    """640 × 360 is 1280 × 720 at 200 %: there the columns stack, and the panel's own part is looked at."""
    # The fullest it gets: two places that disagree above, a service chosen below.
    caller = write(office, "house on fire, she is at M1 1AE", service="fire", location=fix(LEEDS, 60, "wifi"))
    places(office, caller, 2)
    page = open_desk("ada")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    panel = take(page, caller)
    button = ready_to_accept(panel)
    expect(panel.locator(".place-title")).to_contain_text("Places disagree")
    expect(page.locator("#handover")).to_contain_text("Fire and Rescue")
    if size[0] <= 1000:
        button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    assert box["x"] >= 0 and box["y"] >= 0
    assert box["x"] + box["width"] <= size[0] and box["y"] + box["height"] <= size[1]
    # Nothing lies over it: what is at its middle is the button itself.
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert (
        page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y)?.closest('button')?.dataset.command", middle
        )
        == "place.accept"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=shots / f"place_{size[0]}.png")
    if size[0] > 1000:
        map_box = page.locator("#place .map-box").bounding_box()
        assert map_box is not None and map_box["height"] >= 100 and map_box["width"] >= 370
        for part in (".place-body", ".handover-body"):
            says_more(page.locator(part))


def says_more(part: Locator) -> None:
    """An arrow stands where more is below, and is gone at the end and where all is in sight."""
    look_at = """(one, top) => new Promise((say) => {
      one.scrollTop = top;
      const read = () => say([one.scrollHeight - one.clientHeight, getComputedStyle(one, '::after').opacity]);
      requestAnimationFrame(() => requestAnimationFrame(read));
    })"""
    hidden, opacity = part.evaluate(look_at, 0)
    assert float(opacity) == (1 if hidden > 1 else 0), hidden
    _, opacity = part.evaluate(look_at, 100_000)
    assert float(opacity) < 0.1


def test_in_welsh(office: Office, open_desk: OpenDesk, shots: Path) -> None:
    caller = write(office, "mae tân yn CF5 1QE", language="cy", location=fix((51.4930, -3.2250)))
    places(office, caller, 2)
    page = open_desk("ada", language="cy")
    panel = take(page, caller)
    ready_to_accept(panel)
    expect(panel).to_contain_text("Lleoliad")
    assert "⟦" not in panel.inner_text()
    axe(page)
    page.screenshot(path=shots / "place_welsh.png")


def test_off_padstow_the_place_is_at_sea_and_still_has_a_reference(
    office: Office, desk: Page, shots: Path
) -> None:
    caller = write(office, "boat is drifting out", service="coastguard", location=fix(OFF_PADSTOW, 40))
    places(office, caller, 1)
    panel = take(desk, caller)
    expect(panel.locator(".answer")).to_contain_text("SW 8628 7994")
    ready_to_accept(panel)
    axe(desk)
    desk.screenshot(path=shots / "place_sea.png")
