"""The control of what every browser test is held to: a page's own error is seen, and so is its policy."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.e2e.troubles import Troubles

PAGE = '<!doctype html><meta http-equiv="Content-Security-Policy" content="script-src \'none\'"><p>A page</p>'
WAIT_MS = 10_000
STEP_MS = 50


def test_an_error_nobody_caught_and_a_breach_of_the_policy_are_seen(
    browser: Browser, troubles: Troubles
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_content(PAGE)
    assert troubles == []
    for provoke, words in (
        ("setTimeout(() => null.state)", "page error: Cannot read properties of null (reading 'state')"),
        ("Promise.reject(new Error('of nobody')) && 0", "page error: of nobody"),
        (
            "document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))",
            "Content Security Policy",
        ),
    ):
        page.evaluate(f"() => {{ {provoke}; }}")
        for _ in range(WAIT_MS // STEP_MS):
            if any(words in one for one in troubles):
                break
            page.wait_for_timeout(STEP_MS)
        assert any(words in one for one in troubles), (words, troubles)
    context.close()
    troubles.clear()
