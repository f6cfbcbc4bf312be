"""Passkeys in a real Chromium with its virtual authenticator, at localhost: an IP address can have none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, CDPSession, Locator, Page, expect

from intake.console.sign_in.passkeys import FRESH
from intake.console.sign_in.second_factor import STEP_S
from intake.store import at_rest, tables
from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.office import DESK_SIZE, Office, beside
from tests.people import COOKIE, PASSWORD, Credentials, make_account, sign_in

LOOKS = [(language, theme) for language in ("en", "cy") for theme in ("light", "night")]
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
TABS = 30
STEP = timedelta(seconds=STEP_S)
"""A code works once: whoever signed in with this one types the next, which is taken too."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office whose console stands at http://localhost."""
    made = Office(tmp_path_factory.mktemp("house"))
    made.desk_url = made.desk_url.replace("127.0.0.1", "localhost")
    made._environ["INTAKE_CONSOLE__PUBLIC_URL"] = made.desk_url
    made.start()
    yield made
    made.stop()


class Place:
    """A browser with a device beside it, and somebody who has not signed in yet."""

    def __init__(self, house: Office, context: BrowserContext, name: str):
        self.house, self.context = house, context
        self.page = context.new_page()
        self.person = self._hire(name)
        self.wire: CDPSession = context.new_cdp_session(self.page)
        self.wire.send("WebAuthn.enable", {"enableUI": False})
        made = self.wire.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        self.device: str = made["authenticatorId"]

    def _hire(self, name: str) -> Credentials:
        async def work() -> Credentials:
            with at_rest.opened(self.house._environ["INTAKE_STORE__URL"]) as store:
                return await make_account(store, name, "handler")

        return beside(work())

    def wears(self, language: str, theme: str) -> None:
        values = {"intake-language": language, "intake-theme": theme}
        for name, value in values.items():
            self.context.add_cookies([{"name": name, "value": value, "url": self.house.desk_url}])

    def sign_in(self) -> None:
        """By password and code."""
        sign_in(self.page, self.house.desk_url, self.person)

    def sign_out(self) -> None:
        self.go("/account")
        self.page.locator("form[action='/sign-out'] button").click()
        expect(self.page).to_have_url(self.house.desk_url + "/sign-in")

    def go(self, path: str) -> None:
        self.page.goto(self.house.desk_url + path)

    def add(self, label: str = "Blue key") -> None:
        self.go("/account")
        self.page.fill("#label", label)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("status")).to_be_visible()

    def person_is_there(self, is_there: bool) -> None:
        """Whether the finger on the device is the right one."""
        said = {"authenticatorId": self.device, "isUserVerified": is_there}
        self.wire.send("WebAuthn.setUserVerified", said)

    def grow_old(self) -> None:
        """The session is one that began before the coffee."""

        async def work() -> None:
            with at_rest.opened(self.house._environ["INTAKE_STORE__URL"]) as store:
                sessions = tables.console_sessions
                older = sessions.update().where(sessions.c.account == self.person.name)
                await store.run(lambda conn: conn.execute(older.values(created_at=datetime.now(UTC) - FRESH)))

        beside(work())


@pytest.fixture
def place(house: Office, browser: Browser) -> Iterator[Callable[[str], Place]]:
    contexts: list[BrowserContext] = []

    def opened(name: str) -> Place:
        context = browser.new_context(viewport=DESK_SIZE)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return Place(house, context, name)

    yield opened
    for context in contexts:
        context.close()


def tab_to(page: Page, wanted: Locator) -> None:
    """By keyboard alone."""
    expect(wanted).to_be_visible()
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError("the focus never came there")


def look(page: Page, shots: Path, name: str) -> None:
    """A picture for a person, and axe: nothing is to be found."""
    page.screenshot(path=shots / f"{name}.png", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_passkey_is_added_signs_in_by_keyboard_and_once_removed_opens_nothing(
    place: Callable[[str], Place], house: Office, shots: Path
) -> None:
    kit = place("kit")
    page, button = kit.page, kit.page.get_by_role("button", name="Sign in with a passkey")
    kit.sign_in()
    kit.add("Blue key")
    expect(page.get_by_role("status")).to_contain_text("The passkey is added")
    expect(page.locator(".passkeys li")).to_contain_text("Blue key")
    expect(page.locator(".passkeys li")).to_contain_text("not used yet")
    kit.sign_out()

    tab_to(page, button)
    look(page, shots, "passkey_sign_in")
    page.keyboard.press("Enter")
    expect(page).to_have_url(house.desk_url + "/desk")
    expect(page.locator("#desk")).to_have_attribute("data-handler", "kit")
    kept = {one["name"]: one for one in kit.context.cookies()}[COOKIE]  # type: ignore[typeddict-item]
    assert (kept["httpOnly"], kept["secure"], kept["sameSite"]) == (True, True, "Strict")

    kit.go("/account")
    expect(page.locator(".passkeys li")).to_contain_text("last used")
    page.get_by_role("button", name="Remove Blue key").click()
    expect(page.get_by_role("status")).to_contain_text("it opens nothing any more")
    expect(page.locator(".passkeys")).to_have_count(0)
    kit.sign_out()
    tab_to(page, button)
    page.keyboard.press("Enter")  # the device has it still
    expect(page.get_by_role("alert")).to_contain_text("not accepted")
    expect(button).to_be_focused()
    look(page, shots, "passkey_refused")
    assert COOKIE not in {one["name"] for one in kit.context.cookies()}  # type: ignore[typeddict-item]


def test_another_person_at_the_device_opens_nothing_and_can_be_followed_by_the_right_one(
    place: Callable[[str], Place], house: Office
) -> None:
    lou = place("lou")
    page, button = lou.page, lou.page.get_by_role("button", name="Sign in with a passkey")
    lou.sign_in()
    lou.add()
    lou.sign_out()
    lou.person_is_there(False)
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used", timeout=30_000)
    lou.person_is_there(True)
    button.click()
    expect(page).to_have_url(house.desk_url + "/desk")


def test_who_signed_in_a_while_ago_shows_again_that_it_is_them(
    place: Callable[[str], Place], shots: Path
) -> None:
    mia = place("mia")
    page, again = mia.page, mia.page.locator(".again")
    mia.sign_in()
    mia.go("/account")
    expect(page.locator("#new-passkey")).to_be_visible()
    expect(again).to_be_hidden()
    mia.grow_old()  # while the page is open
    page.fill("#label", "Desk 7")
    page.keyboard.press("Enter")
    expect(page.locator("#passkey-password")).to_be_focused()
    page.keyboard.type("not the password")
    page.keyboard.press("Tab")
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.locator("#new-passkey").get_by_role("alert")).to_contain_text("do not match")
    look(page, shots, "passkey_again")
    mia.go("/account")
    expect(again).to_be_visible()
    page.fill("#label", "Desk 7")
    page.fill("#passkey-password", PASSWORD)
    page.fill("#passkey-code", mia.person.code(datetime.now(UTC) + STEP))
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator(".passkeys li")).to_contain_text("Desk 7")


def test_a_locked_desk_opens_by_passkey_and_is_the_page_it_was(
    place: Callable[[str], Place], house: Office, shots: Path
) -> None:
    nia = place("nia")
    page = nia.page
    nia.sign_in()
    nia.add()
    nia.go("/desk")
    expect(page.locator("#desk")).to_have_attribute("data-ready", "true")
    page.evaluate("window.sameDocument = true")
    csrf = page.locator("#desk").get_attribute("data-csrf")
    page.evaluate(
        """csrf => fetch('/api/v1/session/lock', {method: 'POST', body: '{}',
          headers: {'Content-Type': 'application/json', 'X-CSRF': csrf}})""",
        csrf,
    )
    page.keyboard.press("F2")  # whatever is asked for now is answered by the lock
    expect(page.locator("#lock-password")).to_be_focused()
    button = page.get_by_role("button", name="Unlock with a passkey")
    nia.person_is_there(False)
    tab_to(page, button)
    look(page, shots, "passkey_locked")
    page.keyboard.press("Enter")
    expect(page.locator("dialog.lock").get_by_role("alert")).to_contain_text(
        "No passkey was used", timeout=30_000
    )
    expect(button).to_be_focused()
    nia.person_is_there(True)
    page.keyboard.press("Enter")
    expect(page.locator("dialog.lock")).to_be_hidden()
    assert page.evaluate("window.sameDocument") is True
    assert page.evaluate("fetch('/api/v1/queue').then(answer => answer.status)") == 200


def test_the_page_of_a_locked_session_takes_a_passkey(
    place: Callable[[str], Place], house: Office, shots: Path
) -> None:
    oli = place("oli")
    page = oli.page
    oli.sign_in()
    oli.add()
    csrf = page.locator("#new-passkey input[name=csrf]").input_value()
    page.evaluate(
        """csrf => fetch('/api/v1/session/lock', {method: 'POST', body: '{}',
          headers: {'Content-Type': 'application/json', 'X-CSRF': csrf}})""",
        csrf,
    )
    oli.go("/account")
    expect(page).to_have_url(house.desk_url + "/locked")
    button = page.get_by_role("button", name="Unlock with a passkey")
    expect(button).to_be_visible()
    look(page, shots, "passkey_locked_page")
    button.click()
    expect(page).to_have_url(house.desk_url + "/desk")


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_the_pages_are_readable_by_everybody_and_fit(
    language: str, theme: str, place: Callable[[str], Place], shots: Path
) -> None:
    eva = place(f"eva-{language}-{theme}")
    page = eva.page
    eva.wears(language, theme)
    eva.go("/sign-in")
    expect(page.locator("[data-passkeys] button")).to_be_visible()
    look(page, shots, f"passkey_sign_in_{language}_{theme}")
    eva.sign_in()
    eva.add("Allwedd las / blue key")
    look(page, shots, f"passkey_account_{language}_{theme}")
    eva.grow_old()
    page.reload()
    expect(page.locator(".again")).to_be_visible()
    for wide in (1280, 320, 640):
        page.set_viewport_size({"width": wide, "height": 720})
        scrolled, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert scrolled <= window
    look(page, shots, f"passkey_account_{language}_{theme}_narrow")


def test_where_a_passkey_cannot_work_none_is_offered(house: Office, browser: Browser) -> None:
    """At another address of the same console, and without a script."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(house.desk_url.replace("localhost", "127.0.0.1") + "/sign-in")
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-passkeys]")).to_be_hidden()
    context.close()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(house.desk_url + "/sign-in")
    expect(page.locator("#name")).to_be_visible()
    expect(page.locator("[data-passkeys]")).to_be_hidden()
    context.close()
