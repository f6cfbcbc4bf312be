"""What callers attach, at the desk: fetched when asked, blurred until asked again, forgotten when left."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from intake.clock import SteadyClock
from intake.simulate.telegram_api import Person, TelegramApi
from intake.simulate.twilio_api import TwilioApi
from tests.drawn import picture, sound
from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.talk import AUTH_TOKEN, BOT_SECRET, SETTINGS, TalkOffice, take
from tests.e2e.test_conversation import RULES
from tests.e2e.town import Caller

T = TypeVar("T")
Desk = Callable[..., Page]
OURS = SETTINGS["SMS__NUMBERS"].strip('[]"')
HTML = b"<!doctype html><title>page</title><script>document.title='OWNED'</script>"
FETCH_MS = 45_000
"""A provider is asked and a picture drawn anew, each by a process of its own."""
FETCHED = re.compile(r"/api/v1/contacts/[^/]+/messages/[^/]+/attachments/\d+$")


RECORD = """async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
  const paint = canvas.getContext('2d');
  const pieces = [];
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm;codecs=vp8' });
  recorder.ondataavailable = (event) => pieces.push(event.data);
  const ended = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (let n = 0; n < 12; n += 1) {
    paint.fillStyle = n % 2 ? '#b03030' : '#3f7d3a';
    paint.fillRect(0, 0, 64, 48);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  recorder.stop();
  await ended;
  return [...new Uint8Array(await new Blob(pieces).arrayBuffer())];
}"""
"""A short film, made by the browser itself."""


class PictureOffice(TalkOffice):
    """An office whose Twilio and Telegram are there and keep what callers attach; they run in a thread."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        clock = SteadyClock()
        self.twilio = TwilioApi(SETTINGS["SMS__ACCOUNT_SID"], AUTH_TOKEN, clock.now)
        self.bot = TelegramApi(SETTINGS["TELEGRAM__BOT_TOKEN"], clock.now, give_up_s=20)
        self._environ["INTAKE_CHANNELS__SMS__API_BASE"] = self.outside(self.twilio.start())
        self._environ["INTAKE_CHANNELS__SMS__MEDIA_HOSTS"] = f'["{self.twilio.files.host}"]'
        self._environ["INTAKE_CHANNELS__TELEGRAM__API_BASE"] = self.outside(self.bot.start())
        self.twilio.webhook_url = f"{self.url}/sms/messages"
        self.bot.webhook["url"] = f"{self.url}/telegram/webhook"
        self.bot._secret = BOT_SECRET

    def stop(self) -> None:
        super().stop()
        self.outside(self.twilio.close())
        self.outside(self.bot.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def outside(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def mms(self, number: str, text: str, **files: bytes) -> None:
        """A text with files; the names are the types the sender states, ``image_jpeg``."""
        told = self.twilio.text(
            number,
            text,
            to=OURS,
            media=[name.partition("__")[0].replace("_", "/") for name in files],
            bodies=list(files.values()),
        )
        assert self.outside(told).taken

    def photo(self, person: int, text: str, body: bytes = b"") -> str:
        """A picture by Telegram; returns its file id, under which ``bot.files`` keeps it."""
        told = self.outside(self.bot.photo(Person(person, "Test"), text, body))
        assert told.taken
        return f"file-{told.message_id}"


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PictureOffice]:
    made = PictureOffice(tmp_path_factory.mktemp("pictures"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def desk(talk: PictureOffice, browser: Browser) -> Iterator[Desk]:
    """``desk()``: a desk whose every request and violation is seen; all it has is closed afterwards."""
    contexts, asked, stopped = [], [], []

    def opened(name: str = "ada", *, theme: str = "light", **options: Any) -> Page:
        context = talk.context(browser, name, **options)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "intake-theme", "value": theme, "url": talk.desk_url}])
        context.on("request", lambda request: asked.append(request.url))
        context.on(
            "console",
            lambda said: stopped.append(said.text) if "Content Security Policy" in said.text else None,
        )
        contexts.append(context)
        page = talk.desk(context)
        page.set_viewport_size({"width": 1280, "height": 720})
        return page

    yield opened
    for context in contexts:
        context.close()
    for row in talk.console("GET", "/queue?limit=100")["rows"]:
        talk.finish(Caller("", "", row["id"]))
    assert stopped == []
    own = (talk.desk_url + "/", f"blob:{talk.desk_url}/", "data:")
    assert [url for url in asked if not url.startswith(own)] == []


def fetches(page: Page) -> list[str]:
    """Addresses of attachments that this page asks for from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if FETCHED.search(request.url) else None)
    return found


def button(card: Locator) -> Locator:
    """The one that does the next thing: always at the same place."""
    return card.locator("button").last


def look(card: Locator, says: str) -> None:
    """Press the button, and wait until it has been fetched and the button says the next thing."""
    button(card).click()
    expect(button(card)).to_have_text(says, timeout=FETCH_MS)


def check(page: Page) -> None:
    violations = Axe().run(page, options=RULES).response["violations"]
    assert not violations, [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations]


def test_a_picture_is_fetched_blurred_clear_hidden_and_forgotten(
    talk: PictureOffice, desk: Desk, shots: Path
) -> None:
    talk.mms(
        "+447700900301", "smoke from my window", image_jpeg=picture(1_600, 1_200, place=(53.796, -1.5475))
    )
    talk.caller("another one waits")
    page = desk()
    asked = fetches(page)
    take(page, "smoke from my window")
    card = page.locator(".attachment")
    expect(card).to_contain_text("Picture")
    expect(card).to_contain_text("each look is recorded")
    expect(card.locator("img")).to_have_count(0)
    assert asked == []
    page.screenshot(path=shots / "attachment_not_yet.png")
    # By keyboard alone: backwards out of the reply, and three presses of one button that keeps the focus.
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if button(card).evaluate("one => one === document.activeElement"):
            break
    expect(button(card)).to_be_focused()
    expect(button(card)).to_have_accessible_name("Look: Picture")
    page.keyboard.press("Enter")
    shown = card.get_by_role("img", name="The caller's picture, blurred")
    expect(button(card)).to_have_text("Show clearly", timeout=FETCH_MS)
    expect(shown).to_have_css("filter", "blur(24px)")
    expect(shown).to_have_js_property("naturalWidth", 1_600)
    expect(page.locator("#spoken")).to_have_text("It is here, blurred.")
    expect(card).to_contain_text("taken at 53.79600, -1.54750")
    page.screenshot(path=shots / "attachment_blurred.png")
    check(page)
    page.keyboard.press("Enter")
    clear = card.get_by_role("img", name="The caller's picture", exact=True)
    expect(clear).to_have_css("filter", "none")
    expect(button(card)).to_be_focused()
    # All of it is in sight, with the button that hides it again.
    expect(clear).to_be_in_viewport(ratio=0.99)
    expect(button(card)).to_be_in_viewport(ratio=0.99)
    page.screenshot(path=shots / "attachment_clear.png")
    check(page)
    card.get_by_role("button", name="Larger").click()
    larger = page.get_by_role("dialog").get_by_role("img")
    expect(larger).to_be_in_viewport(ratio=0.99)
    page.screenshot(path=shots / "attachment_larger.png")
    check(page)
    page.keyboard.press("Escape")
    expect(larger).to_have_count(0)
    button(card).focus()
    # New words draw the conversation again: nothing is fetched again, nothing is blurred or cleared by it.
    talk.mms("+447700900301", "it is getting worse")
    expect(page.locator(".lines")).to_contain_text("getting worse")
    expect(clear).to_have_css("filter", "none")
    page.keyboard.press("Enter")
    expect(shown).to_have_css("filter", "blur(24px)")
    assert len(asked) == 1
    # Left, and come back to: it is forgotten.
    page.keyboard.press("F2")
    expect(page.locator(".lines")).to_contain_text("another one waits")
    page.keyboard.press("Alt+1")
    expect(page.locator(".lines")).to_contain_text("smoke from my window")
    expect(button(card)).to_have_text("Look")
    expect(card.locator("img")).to_have_count(0)
    assert len(asked) == 1
    look(card, "Show clearly")
    expect(shown).to_be_visible()
    assert len(asked) == 2
    button(card).click()
    card.get_by_role("button", name="Larger").click()
    expect(larger).to_be_visible()
    # A locked desk shows nothing of it, neither behind the lock nor after.
    page.evaluate("new BroadcastChannel('intake-lock').postMessage({ sign: 'locked', handler: 'ada' })")
    expect(page.locator("#lock-title")).to_be_visible()
    expect(larger).to_have_count(0)
    expect(card.locator("img")).to_have_css("filter", "blur(24px)")


def test_what_goes_wrong_is_said_and_tried_again(talk: PictureOffice, desk: Desk, shots: Path) -> None:
    file_id = talk.photo(6_001, "look at this")
    page = desk()
    take(page, "look at this")
    card = page.locator(".attachment")
    look(card, "Try again")
    expect(card).to_contain_text("Its provider does not have it, or not any more.")
    expect(page.locator("#spoken")).to_have_text("Its provider does not have it, or not any more.")
    page.screenshot(path=shots / "attachment_gone.png")
    check(page)
    for body, words in ((picture()[:300], "It is broken"), (b"x" * 20_000_001, "too large")):
        talk.bot.files[file_id] = body
        button(card).click()
        expect(card).to_contain_text(words, timeout=FETCH_MS)
    talk.bot.files[file_id] = picture()
    look(card, "Show clearly")
    expect(card.locator("img")).to_be_visible()


def test_sound_is_played_what_cannot_be_is_saved_and_a_page_is_never_drawn(
    talk: PictureOffice, desk: Desk, shots: Path
) -> None:
    talk.mms(
        "+447700900302",
        "listen to him",
        audio_wav=sound(),
        audio_mpeg=b"ID3\x04" + b"\0" * 200,
        image_jpeg=HTML,
    )
    page = desk()
    take(page, "listen to him")
    voice, silence, trap = (page.locator(".attachment").nth(n) for n in range(3))
    expect(button(voice)).to_have_text("Listen")
    look(voice, "Hide")
    player = voice.locator("audio")
    expect(player).to_have_js_property("duration", 0.5)
    expect(player).to_have_js_property("paused", True)
    button(voice).click()
    expect(player).to_have_count(0)
    expect(button(voice)).to_have_text("Show")
    look(silence, "Save to this computer")
    expect(silence).to_contain_text("This desk cannot play it.")
    look(trap, "Save to this computer")
    expect(trap).to_contain_text("Nobody has checked it for viruses.")
    expect(trap.locator("img, iframe, video")).to_have_count(0)
    page.screenshot(path=shots / "attachment_files.png")
    check(page)
    with page.expect_download() as saved:
        button(trap).click()
    assert saved.value.suggested_filename == "caller-3-attachment.bin"
    assert Path(saved.value.path()).read_bytes() == HTML
    assert "OWNED" not in page.title()


@pytest.mark.parametrize(("language", "theme"), [("cy", "night"), ("cy", "light"), ("en", "night")])
def test_cards_in_both_languages_and_themes(
    talk: PictureOffice, desk: Desk, shots: Path, language: str, theme: str
) -> None:
    talk.mms("+447700900303", "two of them", image_png=picture(form="PNG"), application_pdf=b"%PDF-1.7 x")
    page = desk(language=language, theme=theme)
    take(page, "two of them")
    cards = page.locator(".attachment")
    words = {
        "en": ("Show clearly", "Save to this computer", "Hide"),
        "cy": ("Dangos yn glir", "Cadw ar y cyfrifiadur hwn", "Cuddio"),
    }[language]
    for n in range(2):
        look(cards.nth(n), words[n])
    look(cards.nth(0), words[2])
    page.screenshot(path=shots / f"attachment_{language}_{theme}.png")
    check(page)


def test_a_video_is_blurred_and_silent_until_it_is_shown(
    talk: PictureOffice, desk: Desk, browser: Browser, shots: Path
) -> None:
    blank = browser.new_context()
    film = bytes(blank.new_page().evaluate(RECORD))
    blank.close()
    talk.mms("+447700900304", "watch this", video_webm=film)
    page = desk()
    take(page, "watch this")
    card = page.locator(".attachment")
    expect(button(card)).to_have_text("Look")
    look(card, "Show clearly")
    video = card.locator("video")
    expect(video).to_have_js_property("videoWidth", 64)
    expect(video).to_have_css("filter", "blur(24px)")
    assert video.evaluate("one => [one.controls, one.muted, one.paused]") == [False, True, True]
    button(card).click()
    expect(video).to_have_css("filter", "none")
    assert video.evaluate("one => [one.controls, one.muted, one.paused]") == [True, False, True]
    page.screenshot(path=shots / "attachment_video.png")
    check(page)
    video.evaluate("one => one.play()")
    button(card).click()
    expect(video).to_have_css("filter", "blur(24px)")
    assert video.evaluate("one => [one.controls, one.muted, one.paused]") == [False, True, True]
