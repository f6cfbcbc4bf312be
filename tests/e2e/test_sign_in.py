"""Signing in, the lock and accounts in a real Chromium."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from intake.store import at_rest
from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.office import Office, beside
from tests.people import COOKIE, PASSWORD, Credentials, make_account, sign_in, sign_in_over_http

LOOKS = [(language, theme) for language in ("en", "cy") for theme in ("light", "night")]
IDLE_S = 3


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office whose desks lock after three seconds."""
    made = Office(tmp_path_factory.mktemp("quick"))
    made._environ["INTAKE_CONSOLE__IDLE_LOCK_S"] = str(IDLE_S)
    made.start()
    yield made
    made.stop()


def new_person(office: Office, name: str, role: str = "handler") -> Credentials:
    """Somebody who has not signed in yet: their first code is unused."""

    async def hire() -> Credentials:
        with at_rest.opened(office._environ["INTAKE_STORE__URL"]) as store:
            return await make_account(store, name, role)

    return beside(hire())


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def look(page: Page, shots: Path, name: str) -> None:
    """A picture for a person, and axe: nothing is to be found."""
    page.screenshot(path=shots / f"{name}.png", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def dress(page: Page, office: Office, language: str, theme: str) -> None:
    cookies: Any = [
        {"name": "intake-language", "value": language, "url": office.desk_url},
        {"name": "intake-theme", "value": theme, "url": office.desk_url},
    ]
    page.context.add_cookies(cookies)


def test_signing_in_by_keyboard_opens_the_desk_and_keeps_a_host_cookie(office: Office, page: Page) -> None:
    kit = new_person(office, "kit")
    page.goto(office.desk_url + "/desk")
    expect(page).to_have_url(office.desk_url + "/sign-in")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("kit")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(kit.code())
    page.keyboard.press("Enter")
    expect(page).to_have_url(office.desk_url + "/desk")
    expect(page.locator("#desk")).to_have_attribute("data-handler", "kit")
    kept = {one["name"]: one for one in page.context.cookies()}[COOKIE]  # type: ignore[typeddict-item]
    assert (kept["httpOnly"], kept["secure"], kept["sameSite"], kept["path"]) == (True, True, "Strict", "/")
    assert COOKIE not in page.evaluate("document.cookie")


def test_a_wrong_attempt_says_what_to_do_and_keeps_the_name(office: Office, page: Page, shots: Path) -> None:
    page.goto(office.desk_url + "/sign-in")
    page.fill("#name", "ada")
    page.fill("#password", "not the password")
    page.fill("#code", "000 000")
    page.click("form button[type=submit]")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.locator("#name")).to_have_value("ada")
    expect(page.locator("#password")).to_be_focused()
    expect(page.locator("#password")).to_have_value("")
    look(page, shots, "sign_in_wrong")


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_a_new_second_factor_is_shown_to_everybody(
    language: str, theme: str, office: Office, browser: Browser, shots: Path
) -> None:
    """The pages before it, and signing in: `test_access.py`."""
    context = office.context(browser, "ada", language=language)
    mine = context.new_page()
    dress(mine, office, language, theme)
    mine.goto(office.desk_url + "/account")
    expect(mine.locator("html")).to_have_attribute("lang", language)
    mine.fill("#factor-password", PASSWORD)
    mine.locator("form[action='/account/second-factor'] button").click()
    expect(mine.locator("img.code")).to_be_visible()
    assert mine.locator("img.code").evaluate("one => one.naturalWidth") > 100
    look(mine, shots, f"second_factor_{language}_{theme}")
    context.close()


@pytest.mark.parametrize("scale", [1, 2])
def test_signing_in_fits_a_small_window(scale: int, office: Office, page: Page) -> None:
    page.set_viewport_size({"width": 640 // scale, "height": 720})
    page.goto(office.desk_url + "/sign-in")
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window


def test_it_works_without_a_script(office: Office, browser: Browser) -> None:
    lee = new_person(office, "lee")
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    sign_in(page, office.desk_url, lee)
    page.goto(office.desk_url + "/account")
    page.select_option("#language", "cy")
    page.locator("form[action='/account/language'] button").click()
    expect(page.locator("html")).to_have_attribute("lang", "cy")
    page.locator("form[action='/sign-out'] button").click()
    expect(page).to_have_url(office.desk_url + "/sign-in")
    page.goto(office.desk_url + "/account")
    expect(page).to_have_url(office.desk_url + "/sign-in")
    context.close()


# -- the lock ----------------------------------------------------------------------------------------------


def typed_into(page: Page, text: str) -> None:
    """A field of the desk with something half typed in it, as the conversation will have."""
    page.evaluate(
        """text => {
          const field = document.createElement('textarea');
          field.id = 'half-typed';
          document.querySelector('#conversation').append(field);
          field.focus();
          field.value = text;
          window.sameDocument = true;
        }""",
        text,
    )


def test_a_desk_that_nobody_touches_locks_and_loses_nothing(
    quick: Office, browser: Browser, shots: Path
) -> None:
    context = quick.context(browser, "ada")
    page = quick.desk(context)
    typed_into(page, "We are sending an amb")
    for _ in range(IDLE_S + 1):  # a sign of a person each second keeps it open
        time.sleep(1)
        page.mouse.move(10 + _, 10)
    expect(page.locator("dialog.lock")).to_be_hidden()
    expect(page.locator("dialog.lock")).to_be_visible(timeout=(IDLE_S + 5) * 1_000)
    expect(page.locator("#conversation")).to_be_hidden()
    expect(page.locator("#lock-password")).to_be_focused()
    look(page, shots, "locked")
    assert page.evaluate("fetch('/api/v1/queue').then(answer => answer.status)") == 423
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("F2")
    expect(page.locator("dialog.lock")).to_be_visible()
    for _ in range(12):  # the focus cannot leave
        page.keyboard.press("Tab")
        inside = "document.activeElement === document.body || !!document.activeElement.closest('dialog.lock')"
        assert page.evaluate(inside)

    page.fill("#lock-password", "wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="does not match")).to_be_visible()
    page.fill("#lock-password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("dialog.lock")).to_be_hidden()
    expect(page.locator("#half-typed")).to_have_value("We are sending an amb")
    expect(page.locator("#half-typed")).to_be_focused()
    assert page.evaluate("window.sameDocument") is True
    assert page.evaluate("fetch('/api/v1/queue').then(answer => answer.status)") == 200
    context.close()


def test_a_reply_half_typed_is_there_after_the_lock_and_goes_on(
    quick: Office, browser: Browser, shots: Path
) -> None:
    caller = quick.caller("water is coming in")
    context = quick.context(browser, "cyn")
    page = quick.desk(context)
    expect(page.locator(f"#row-{caller.contact}")).to_be_visible()
    page.keyboard.press("F2")
    typed = page.locator("#reply-text")
    expect(typed).to_be_focused()
    page.keyboard.type("Go up to the")
    expect(page.locator("dialog.lock")).to_be_visible(timeout=(IDLE_S + 5) * 1_000)
    # What the caller writes meanwhile is kept from whoever passes by, and touches nothing.
    path = f"{quick.url}/app/v1/contacts/{caller.handle}/messages"
    quick._ask("POST", path, {"id": str(uuid.uuid4()), "text": "it is at my knees"}, caller.token)
    assert "knees" not in page.locator("body").inner_text()
    page.screenshot(path=shots / "locked_draft.png")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("dialog.lock")).to_be_hidden()
    expect(typed).to_be_focused()
    expect(typed).to_have_value("Go up to the")
    page.keyboard.type(" next floor.")
    expect(page.locator(".lines")).to_contain_text("it is at my knees")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".line.ours:not(.automatic)")).to_contain_text("Go up to the next floor.")
    assert quick.shown(caller)["contact"]["claimed_by"] == "cyn", (
        "a locked desk keeps what it has for a while"
    )
    quick.finish(caller)
    context.close()


def test_a_desk_that_is_opened_locked_asks_first(quick: Office, browser: Browser) -> None:
    context = quick.context(browser, "bea")
    page = quick.desk(context)
    expect(page.locator("dialog.lock")).to_be_visible(timeout=(IDLE_S + 5) * 1_000)
    other = context.new_page()
    other.goto(quick.desk_url + "/account")
    expect(other).to_have_url(quick.desk_url + "/locked")
    page.reload()
    expect(page.locator("dialog.lock")).to_be_visible()
    page.fill("#lock-password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#desk")).to_have_attribute("data-ready", "true")
    expect(page.locator("dialog.lock")).to_be_hidden()
    context.close()


def test_a_desk_whose_session_was_begun_anew_in_another_tab_locks_that_one(
    quick: Office, browser: Browser
) -> None:
    context = quick.context(browser, "cyn")
    page = quick.desk(context)
    typed_into(page, "Stay on the")
    later = datetime.now(UTC) + timedelta(seconds=30)  # each code once: the next one is taken already
    anew = beside(sign_in_over_http(quick.desk_url, quick.people["cyn"], later)).cookies[COOKIE]
    site = quick.desk_url.replace("http:", "https:")
    context.add_cookies([{"name": COOKIE, "value": anew, "url": site}])
    expect(page.locator("dialog.lock")).to_be_visible(timeout=(IDLE_S + 5) * 1_000)
    end_s = time.monotonic() + 10
    while page.evaluate("fetch('/api/v1/queue').then(answer => answer.status)") != 423:
        assert time.monotonic() < end_s, "it looks locked, and a reload would open it"
    with page.expect_response("**/api/v1/me"):
        page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("dialog.lock")).to_be_visible()
    page.fill("#lock-password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("dialog.lock")).to_be_hidden()
    expect(page.locator("#half-typed")).to_have_value("Stay on the")
    context.close()


def test_the_supervisors_page_locks_like_a_desk(quick: Office, browser: Browser) -> None:
    context = quick.context(browser, "sue")
    page = quick.desk(context, "/supervisor")
    expect(page.locator("#supervisor")).to_have_attribute("data-ready", "true")
    page.evaluate("window.sameDocument = true")
    expect(page.locator("dialog.lock")).to_be_visible(timeout=(IDLE_S + 5) * 1_000)
    expect(page.locator("#desks")).to_be_hidden()
    assert page.evaluate("fetch('/api/v1/supervisor').then(answer => answer.status)") == 423
    page.fill("#lock-password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("dialog.lock")).to_be_hidden()
    expect(page.locator("#desks tr[data-desk=sue]")).to_be_visible()
    assert page.evaluate("window.sameDocument") is True
    context.close()


def test_the_desk_stays_shut_while_the_intake_is_away(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> None:
    away = Office(tmp_path_factory.mktemp("away"))
    away._environ["INTAKE_CONSOLE__IDLE_LOCK_S"] = str(IDLE_S)
    away.start()
    context = away.context(browser, "ada")
    page = away.desk(context)
    typed_into(page, "half a w")
    away.stop()
    expect(page.locator("dialog.lock")).to_be_visible(timeout=(IDLE_S + 5) * 1_000)
    page.fill("#lock-password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible(timeout=15_000)
    away.start()
    page.fill("#lock-password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("dialog.lock")).to_be_hidden()
    expect(page.locator("#half-typed")).to_have_value("half a w")
    expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
    context.close()
    away.stop()
