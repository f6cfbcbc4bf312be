"""The conversation, as a handler works it: what was said is shown as it is, and a reply goes once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.talk import TalkOffice, reply, take
from tests.e2e.town import Caller

Desk = Callable[..., Page]
SIZES = {"1280x720": (1280, 720), "1600x900": (1600, 900), "200%": (640, 360)}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
HOSTILE = (
    "🔥🔥 come to LS1 4AP \u202egnp.exe\u200b see http://аpple.com/x and https://999.gov.uk@evil.example/a"
)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkOffice]:
    made = TalkOffice(tmp_path_factory.mktemp("talk"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def desk(talk: TalkOffice, browser: Browser) -> Iterator[Desk]:
    """``desk("ada")``: her desk, live; everything she has is closed afterwards."""
    contexts = []

    def opened(
        name: str = "ada", *, theme: str = "light", size: tuple[int, int] = (1280, 720), **options: Any
    ) -> Page:
        context = talk.context(browser, name, **options)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "intake-theme", "value": theme, "url": talk.desk_url}])
        contexts.append(context)
        page = talk.desk(context)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        return page

    yield opened
    for context in contexts:
        context.close()
    for row in talk.console("GET", "/queue?limit=100")["rows"]:
        talk.finish(Caller("", "", row["id"]))


def ours(page: Page) -> Any:
    return page.locator(".line.ours:not(.automatic)")


def test_by_keyboard_alone_take_reply_and_it_is_said_once(talk: TalkOffice, desk: Desk) -> None:
    caller = talk.caller("My dad fell down the stairs")
    page = desk()
    take(page, "fell down the stairs")
    page.keyboard.type("Is he awake? Reply 1 for yes or 2 for no.")
    page.keyboard.press("Control+Enter")
    expect(ours(page)).to_contain_text("Is he awake?")
    expect(reply(page)).to_have_value("")
    expect(page.locator("[data-tab]")).to_contain_text("no reply owed")
    expect(ours(page).locator("[data-delivery]")).to_have_attribute(
        "data-delivery", re.compile("sent|delivered|read")
    )
    assert talk.told(caller).count("Is he awake? Reply 1 for yes or 2 for no.") == 1
    # What was sent does not come back: not from the server, not from the browser.
    page.reload()
    expect(ours(page)).to_contain_text("Is he awake?")
    expect(reply(page)).to_have_value("")


def test_what_callers_write_is_shown_as_it_is(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    caller = talk.caller(HOSTILE)
    talk.says(caller, "we need help now")
    for _ in range(4):
        talk.says(caller, "we need help now")
    talk.says(caller, "no signal until now", late_s=3 * 3600)
    talk.says(caller, "x" * 6_000, answers={"<b>hurt</b>": "yes\u202e"})
    talk.says(caller, "<script>document.title='OWNED'</script><img src=x onerror=alert(1)>")
    asked: list[str] = []
    page = desk()
    page.on("request", lambda request: asked.append(request.url))
    take(page, "<script>")
    lines = page.locator(".line.theirs")
    first = lines.first
    # The places of clues count code points: two emoji before them are two, not four.
    expect(first.locator(".clue").first).to_have_text(re.compile(r"^LS1 4AP \(Postcode"))
    expect(first.locator(".hidden-character")).to_have_text(["⟦U+202E⟧", "⟦U+200B⟧"])
    assert "\u202e" not in page.locator(".lines").inner_text()
    expect(first.locator(".link.doubted")).to_have_count(2)
    expect(first.locator(".link strong").nth(1)).to_have_text("evil.example")
    expect(page.locator(".lines a")).to_have_count(0)
    repeated = lines.filter(has_text="we need help now")
    expect(repeated).to_have_count(1)
    expect(repeated.locator(".repeats")).to_have_text("×5")
    repeated.get_by_role("button", name="all times").click()
    expect(repeated.locator(".meta .number").last).to_have_text(
        re.compile(r"^\((\d\d:\d\d:\d\d, ){4}\d\d:\d\d:\d\d\)$")
    )
    late = lines.filter(has_text="no signal until now")
    expect(late.locator(".old-mark")).to_contain_text("OLD: it was 3:00:0")
    expect(late).to_contain_text(re.compile(r"sent \d\d:\d\d:\d\d, arrived \d\d:\d\d:\d\d"))
    long = lines.filter(has_text="xxxx")
    assert len(long.locator(".said-text").first.inner_text()) == 4_001
    long.get_by_role("button", name="Show all 6,000").click()
    assert len(long.locator(".said-text").first.inner_text()) == 6_000
    long.locator("summary").click()
    expect(long.locator("dt").filter(has_text="<b>hurt</b>")).to_be_visible()
    expect(page.locator(".lines script, .lines img")).to_have_count(0)
    assert "OWNED" not in page.title()
    assert all(url.startswith((talk.desk_url, "data:")) for url in asked), asked
    first.scroll_into_view_if_needed()
    page.screenshot(path=shots / "conversation_hostile.png")


def test_an_edit_says_what_it_replaces_and_a_file_is_an_inert_card(
    talk: TalkOffice, desk: Desk, shots: Path
) -> None:
    talk.telegram(5001, 11, text="Dad fell in Leeds")
    talk.telegram(5001, 11, edited=True, text="Dad fell in Cardiff")
    named = {
        "file_id": "f",
        "file_unique_id": "u",
        "file_name": "dad\u202egpj.exe",
        "mime_type": "image/jpeg",
        "file_size": 123_456,
    }
    talk.telegram(5001, 12, document=named)
    page = desk()
    take(page, "Dad fell in Cardiff")
    edit = page.locator(".line.theirs", has=page.locator(".edit-mark"))
    expect(edit.locator("del")).to_contain_text("Dad fell in Leeds")
    expect(edit.locator("p.words").last).to_contain_text("Dad fell in Cardiff")
    expect(page.locator(".line.theirs").first).to_contain_text(re.compile(r"corrected \d\d:"))
    card = page.locator(".attachment")
    expect(card).to_contain_text("Picture")
    expect(card).to_contain_text("dad⟦U+202E⟧gpj.exe")
    expect(card).to_contain_text("123 kB")
    expect(card).to_contain_text("Not fetched yet")
    expect(card.locator("img, a")).to_have_count(0)
    page.screenshot(path=shots / "conversation_edit.png")


def test_stock_replies_by_a_slash_in_the_callers_language(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    caller = talk.caller("Mae fy nhad wedi cwympo", language="cy")
    page = desk()
    take(page, "Mae fy nhad")
    page.keyboard.type("/wh")
    options = page.locator(".stock [role=option]")
    expect(options.first).to_contain_text("Ble ydych chi?")
    expect(options.first).to_contain_text("Where are you?")
    expect(options.first).to_contain_text("unreviewed")
    expect(reply(page)).to_have_attribute("aria-activedescendant", "stock-where")
    page.screenshot(path=shots / "conversation_stock.png")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator(".stock")).to_have_count(0)
    expect(reply(page)).to_have_value("Ble ydych chi? Mae stryd, cod post neu siop yn helpu.")
    expect(reply(page)).to_be_focused()
    # The other language by its button; nothing else of the reply changes.
    page.keyboard.type(" /wh")
    page.locator(".stock").get_by_role("button", name="In English").click()
    page.keyboard.press("Enter")
    expect(reply(page)).to_have_value(re.compile(r"yn helpu\. Where are you\?"))
    page.keyboard.press("Control+Enter")
    expect(ours(page)).to_contain_text("Ble ydych chi?")
    assert any("Ble ydych chi?" in one for one in talk.told(caller))


def test_the_parts_of_a_text_message_are_counted(talk: TalkOffice, desk: Desk) -> None:
    talk.sms("+447700900123", "help at LS1 4AP")
    page = desk()
    take(page, "help at LS1 4AP")
    facts = page.locator("#reply-facts")
    reply(page).fill("a" * 160)
    expect(facts).to_have_text("1 SMS part · 0 left")
    reply(page).fill("a" * 161)
    expect(facts).to_have_text("2 SMS parts · 145 left in the last")
    reply(page).fill("a" * 69 + "ŵ")
    expect(facts).to_have_text("1 SMS part · 0 left · short parts because of “ŵ”")


def test_a_reply_that_failed_says_why_and_can_be_sent_again(
    talk: TalkOffice, desk: Desk, shots: Path
) -> None:
    talk.sms("GARAGE", "your car is on fire")
    page = desk()
    take(page, "your car is on fire")
    page.keyboard.type("Who are you?")
    page.keyboard.press("Control+Enter")
    failed = page.locator(".line.failed:not(.automatic)").first
    expect(failed).to_contain_text("Not delivered: the sender has a name and no number")
    expect(page.locator("[data-tab]")).to_contain_text(re.compile(r"\d\d:\d\d"))
    page.screenshot(path=shots / "conversation_failed.png")
    again = failed.get_by_role("button", name="Send again")
    again.dblclick()
    expect(ours(page).filter(has_text="Who are you?")).to_have_count(2)
    expect(page.locator(".line.failed:not(.automatic)").first).to_contain_text("Sent again")
    page.wait_for_timeout(500)
    expect(ours(page).filter(has_text="Who are you?")).to_have_count(2)


def test_the_same_id_with_other_words_is_shown_twice_and_flagged(talk: TalkOffice, desk: Desk) -> None:
    caller = talk.caller("flames in the shed")
    one = "11111111-1111-4111-8111-111111111111"
    talk.says(caller, "two people inside", id=one)
    talk.says(caller, "nobody is inside", id=one)
    page = desk()
    take(page, "nobody is inside")
    expect(page.locator(".lines")).to_contain_text("two people inside")
    expect(page.locator(".line.theirs .flag")).to_contain_text("with different words")


def test_tabs_say_what_is_new_and_who_waits_and_keep_each_draft(
    talk: TalkOffice, desk: Desk, shots: Path
) -> None:
    first, second = talk.caller("first: water in the cellar"), talk.caller("second: a tree on the road")
    page = desk()
    take(page, "first: water")
    page.keyboard.type("draft of the first")
    expect(page.locator("[data-contact]")).to_have_count(2)
    page.keyboard.press("F2")
    expect(page.locator(".lines")).to_contain_text("second: a tree")
    expect(reply(page)).to_be_focused()
    expect(reply(page)).to_have_value("")
    page.keyboard.type("draft of the second")
    talk.says(first, "it is rising")
    talk.says(first, "quickly")
    tabs = page.locator("[data-tab]")
    expect(tabs.first).to_contain_text("2 new")
    expect(reply(page)).to_have_value("draft of the second")
    page.screenshot(path=shots / "conversation_tabs.png")
    page.keyboard.press("Alt+1")
    expect(page.locator(".lines")).to_contain_text("quickly")
    expect(reply(page)).to_have_value("draft of the first")
    expect(reply(page)).to_be_focused()
    expect(tabs.first).not_to_contain_text("new")
    # The very next key is this one's, however slow the page draws: never a word in another conversation.
    press = "document.dispatchEvent(new KeyboardEvent('keydown', {code: 'Digit2', key: '2', altKey: true}))"
    now = "[document.activeElement.id, document.querySelector('#reply-text').value]"
    assert page.evaluate(f"{press}, {now}") == ["reply-text", "draft of the second"]
    expect(reply(page)).to_have_value("draft of the second")
    assert talk.told(second) == [one for one in talk.told(second) if "draft" not in one]


def test_nothing_that_comes_moves_the_focus_or_touches_the_draft(
    talk: TalkOffice, desk: Desk, shots: Path
) -> None:
    caller = talk.caller("first words")
    page = desk()
    take(page, "first words")
    page.keyboard.type("Half a sen")
    reply(page).evaluate("field => field.setSelectionRange(2, 5)")
    for n in range(50):
        talk.says(caller, f"message number {n}")
    expect(page.locator(".lines")).to_contain_text("message number 49")
    expect(reply(page)).to_be_focused()
    expect(reply(page)).to_have_value("Half a sen")
    assert reply(page).evaluate("field => [field.selectionStart, field.selectionEnd]") == [2, 5]
    # Read from the top while more comes: the place stays, and what is below is counted.
    scroller = page.locator(".lines")
    scroller.evaluate("node => { node.scrollTop = 0; }")
    page.wait_for_timeout(100)
    for n in range(3):
        talk.says(caller, f"later {n}")
    expect(page.locator(".below")).to_contain_text("3 new below")
    assert scroller.evaluate("node => node.scrollTop") == 0
    page.screenshot(path=shots / "conversation_below.png")
    page.locator(".below button").click()
    expect(page.locator(".below button")).to_have_count(0)
    expect(reply(page)).to_have_value("Half a sen")


def test_in_silent_mode_neutral_words_come_first_and_a_call_is_warned_of(
    talk: TalkOffice, desk: Desk, shots: Path
) -> None:
    caller = talk.caller("55")
    talk.says(caller, "he is here", silent=True)
    page = desk()
    take(page, "he is here")
    expect(page.locator(".silent-mark")).to_be_visible()
    page.keyboard.type("/")
    options = page.locator(".stock [role=option] kbd")
    expect(options.first).to_have_text(re.compile("^/s-"))
    assert all(one.startswith("/s-") for one in options.all_inner_texts())
    page.keyboard.press("Escape")
    reply(page).fill("Call us on 01632 960001")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#dialog")).to_contain_text("must not be called")
    page.screenshot(path=shots / "conversation_silent.png")
    page.keyboard.press("Escape")
    expect(reply(page)).to_have_value("Call us on 01632 960001")
    assert not any("960001" in one for one in talk.told(caller))
    reply(page).fill("We are here. Reply 1 or 2.")
    page.keyboard.press("Control+Enter")
    expect(ours(page)).to_contain_text("We are here")


def test_the_place_is_asked_for_by_f9(talk: TalkOffice, desk: Desk) -> None:
    caller = talk.caller("lost on the moor")
    page = desk()
    take(page, "lost on the moor")
    page.keyboard.press("F9")
    page.get_by_role("button", name="Words only").click()
    expect(reply(page)).to_have_value(re.compile("^Where are you"))
    expect(reply(page)).to_be_focused()
    page.keyboard.press("F9")
    page.keyboard.press("Enter")
    expect(ours(page)).to_contain_text("/l/")
    expect(page.locator(".line.done")).to_contain_text(["took it", "Location link sent by ada"])
    assert any("/l/" in one for one in talk.told(caller))


def test_a_contact_that_is_only_looked_at_says_who_has_it(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    caller = talk.caller("somebody else answers this")
    talk.by("bea", "POST", f"/contacts/{caller.contact}/claim", {"lease_s": 120})
    page = desk()
    row = page.locator(f'[data-contact="{caller.contact}"]')
    expect(row).to_be_visible()
    row.click()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".whose")).to_contain_text("You are looking; bea has it")
    expect(reply(page)).to_be_hidden()
    expect(page.locator(".actions")).to_have_count(0)
    page.screenshot(path=shots / "conversation_looking.png")


def test_notes_are_no_replies(talk: TalkOffice, desk: Desk, shots: Path) -> None:
    caller = talk.caller("my neighbour is ill")
    page = desk()
    take(page, "my neighbour is ill")
    page.get_by_role("button", name="Note…").click()
    page.locator("#note-text").fill("GP number is on file")
    page.keyboard.press("Control+Enter")
    note = page.locator(".line.note")
    expect(note).to_contain_text("GP number is on file")
    expect(note).to_contain_text("the caller does not see it")
    page.screenshot(path=shots / "conversation_note.png")
    assert not any("GP number" in one for one in talk.told(caller))


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_every_button_is_in_sight(talk: TalkOffice, desk: Desk, shots: Path, size: tuple[int, int]) -> None:
    talk.caller("fire in the kitchen")
    page = desk(size=size)
    take(page, "fire in the kitchen")
    for name in (
        "conversation.reply",
        "conversation.location",
        "conversation.hand_over",
        "conversation.close",
        "conversation.release",
    ):
        button = page.locator(f'#conversation [data-command="{name}"]')
        if size[0] <= 1000:
            button.scroll_into_view_if_needed()
        box = button.bounding_box()
        assert box is not None and box["x"] >= 0 and box["y"] >= 0
        assert box["x"] + box["width"] <= size[0] and box["y"] + box["height"] <= size[1], (name, box)
    lines = page.locator(".lines").bounding_box()
    assert lines is not None and lines["height"] >= 100
    page.screenshot(path=shots / f"conversation_{size[0]}.png")


@pytest.mark.parametrize("theme", ["light", "night"])
@pytest.mark.parametrize("language", ["en", "cy"])
def test_axe_finds_nothing(talk: TalkOffice, desk: Desk, shots: Path, language: str, theme: str) -> None:
    caller = talk.caller(HOSTILE)
    talk.says(caller, "late words near Newport", late_s=7_200, silent=True)
    talk.telegram(5002, 1, text="wrong")
    talk.telegram(5002, 1, edited=True, text="right")
    page = desk(theme=theme, language=language)
    name = f"conversation_{language}_{theme}"

    def look(state: str) -> None:
        page.screenshot(path=shots / f"{name}_{state}.png")
        found = Axe().run(page, context="#conversation, #dialog", options=RULES)
        assert found.violations_count == 0, f"{state}: {found.generate_report()}"

    look("empty")
    expect(page.locator("[data-contact]")).to_have_count(2)
    page.keyboard.press("F2")
    expect(reply(page)).to_be_focused()
    page.keyboard.press("F2")
    expect(page.locator("[data-tab]")).to_have_count(2)
    page.keyboard.press("Alt+1")
    expect(page.locator(".line.theirs")).not_to_have_count(0)
    page.keyboard.type("/")
    expect(page.locator(".stock [role=option]").first).to_be_visible()
    look("stock")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+2")
    look("open")
    for command in ("hand_over", "merge", "close", "hold", "note"):
        page.locator(f'#conversation [data-command="conversation.{command}"]').click()
        expect(page.locator("#dialog")).to_be_visible()
        look(command)
        page.keyboard.press("Escape")
        expect(page.locator("#dialog")).to_be_hidden()
