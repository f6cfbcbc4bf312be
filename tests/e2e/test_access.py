"""Every page of the console by axe-core at WCAG 2.2 AA, in both languages and themes: nothing is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import ROOT
from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.office import Office
from tests.people import PASSWORD

LANGUAGES, THEMES = ("en", "cy"), ("light", "night")
PAGES = {
    "supervisor": ("sue", "/supervisor"),
    "wall": ("rhi", "/wall"),
    "audit": ("aud", "/audit"),
    "account": ("ada", "/account"),
    "accounts": ("adm", "/accounts"),
    "licences": ("ada", "/licences"),
}
AFTER_AN_ACT = {"sign_in", "locked", "account_made", "sign_out", "desk"}
ELSEWHERE = {
    "frame": "part of every page",
    "signed_in": "gone as soon as it is there",
    "second_factor": "test_sign_in.py",
}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def look(page: Page, shots: Path, name: str) -> None:
    """A picture for a person, and axe-core."""
    page.screenshot(path=shots / f"{name}.png")
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


@pytest.fixture(params=[(language, theme) for language in LANGUAGES for theme in THEMES], ids="-".join)
def manner(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def seated(
    office: Office, browser: Browser, manner: tuple[str, str]
) -> Iterator[Callable[[str], BrowserContext]]:
    """Browsers of this language and theme, by person."""
    made: list[BrowserContext] = []

    def context(name: str) -> BrowserContext:
        one = office.context(browser, name, language=manner[0])
        one.set_default_timeout(PATIENCE_MS)
        one.add_cookies([{"name": "intake-theme", "value": manner[1], "url": office.desk_url}])
        made.append(one)
        return one

    yield context
    for one in made:
        one.close()


def test_pages(
    office: Office, seated: Callable[[str], BrowserContext], manner: tuple[str, str], shots: Path
) -> None:
    for name, (person, path) in PAGES.items():
        page = seated(person).new_page()
        page.goto(office.desk_url + path)
        page.wait_for_load_state("networkidle" if path == "/licences" else "load")
        expect(page.locator("h1")).to_be_visible()
        assert page.locator("html").get_attribute("data-theme") == manner[1]
        assert page.locator("html").get_attribute("lang") == manner[0]
        look(page, shots, f"{name}-{'-'.join(manner)}")


def test_no_page_is_left_out() -> None:
    shells = {one.stem for one in (ROOT / "intake" / "console" / "pages").glob("*.html")}
    assert shells == {*PAGES, *AFTER_AN_ACT, *ELSEWHERE}


def test_pages_after_an_act(
    office: Office, seated: Callable[[str], BrowserContext], manner: tuple[str, str], shots: Path
) -> None:
    said = "-".join(manner)
    researcher = seated("rhi").new_page()
    office.by("rhi", "POST", "/session/lock", {})
    researcher.goto(f"{office.desk_url}/locked")
    look(researcher, shots, f"locked-{said}")
    researcher.fill("#password", PASSWORD)
    researcher.click("form[action='/locked'] button[type=submit]")
    expect(researcher).to_have_url(f"{office.desk_url}/wall")

    admin = seated("adm").new_page()
    admin.goto(f"{office.desk_url}/accounts")
    admin.fill("#name", f"new-{said}")
    admin.click("form[action='/accounts/add'] button[type=submit]")
    expect(admin.locator("#first-password")).to_be_visible()
    look(admin, shots, f"account-made-{said}")

    caller = office.caller("smoke in the stairs")
    office.by("bea", "POST", f"/contacts/{caller.contact}/claim", {})
    handler = seated("bea").new_page()
    handler.goto(f"{office.desk_url}/account")
    handler.click("form[action='/sign-out'] button")
    expect(handler.locator("main a.button.main")).to_be_visible()
    expect(handler.locator("main button")).to_have_count(0)
    look(handler, shots, f"sign-out-{said}")
    office.finish(caller)


def test_the_sign_in_page(office: Office, browser: Browser, manner: tuple[str, str], shots: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    for cookie, value in (("intake-language", manner[0]), ("intake-theme", manner[1])):
        context.add_cookies([{"name": cookie, "value": value, "url": office.desk_url}])
    page = context.new_page()
    page.goto(f"{office.desk_url}/sign-in")
    look(page, shots, f"sign-in-{'-'.join(manner)}")
    page.fill("#name", "nobody")
    page.fill("#password", "wrong wrong wrong")
    page.fill("#code", "000000")
    page.click("form button[type=submit]")
    expect(page.locator(".error")).to_be_visible()
    look(page, shots, f"sign-in-refused-{'-'.join(manner)}")
    context.close()


def test_the_desk(
    office: Office, seated: Callable[[str], BrowserContext], manner: tuple[str, str], shots: Path
) -> None:
    context = seated("cyn")
    page = office.desk(context)
    look(page, shots, f"desk-quiet-{'-'.join(manner)}")
    callers = [
        office.caller("Fire at LS1 4AP, people trapped upstairs, http://example.org/help"),
        office.caller("Mae fy mam wedi cwympo, dewch yn gyflym", language="cy"),
        office.caller("55"),
    ]
    expect(page.locator(f'[data-contact="{callers[-1].contact}"]')).to_be_visible()
    page.locator(f'[data-contact="{callers[0].contact}"]').dblclick()
    expect(page.locator("#conversation").get_by_text("people trapped upstairs")).to_be_visible()
    page.wait_for_timeout(1_000)
    look(page, shots, f"desk-open-{'-'.join(manner)}")
    for key, name in (("Control+k", "commands"), ("F10", "keys")):
        page.keyboard.press(key)
        expect(page.locator("dialog[open]")).to_be_visible()
        look(page, shots, f"desk-{name}-{'-'.join(manner)}")
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
    assert not page.get_by_text("⟦").count(), "a word is missing from the interface's words"
    for caller in callers:
        office.finish(caller)


def test_axe_would_find_what_is_wrong(office: Office, open_desk: Callable[..., Page], shots: Path) -> None:
    """Negative control."""
    page = open_desk("ada", "/licences")
    page.evaluate(
        "document.querySelector('html').lang = ''; document.querySelector('h1').style.color = '#ddd'"
    )
    found = Axe().run(page, options=RULES)
    assert {one["id"] for one in found.response["violations"]} >= {"color-contrast", "html-has-lang"}
