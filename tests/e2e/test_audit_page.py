"""The auditor's page in a browser: searched and verified without JavaScript, its errors held to axe-core."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.office import Office
from tests.e2e.test_access import look


def test_an_auditor_finds_who_opened_a_contact_and_verifies_the_chain_without_javascript(
    office: Office, browser: Browser, shots: Path
) -> None:
    caller = office.caller("SECRET: I am in the loft")
    office.by("ada", "GET", f"/contacts/{caller.contact}")
    spoken = office.shown(caller)["contact"]["reference"]
    context = office.context(browser, "aud", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{office.desk_url}/audit")
    page.get_by_label("Contact").fill(spoken)
    page.get_by_role("button", name="Search").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=spoken)).filter(has_text="Opened")
    expect(row.first).to_contain_text("Opened a contact")
    expect(row.first).to_contain_text("ada")
    assert "SECRET" not in page.content()
    page.get_by_role("button", name="Verify now").click()
    for _ in range(50):
        page.goto(f"{office.desk_url}/audit")
        if "Every record is as it was written" in page.content():
            break
        page.wait_for_timeout(100)
    expect(page.locator("#standing")).to_contain_text("Every record is as it was written")
    page.screenshot(path=shots / "audit-verified.png", full_page=True)
    context.close()
    office.finish(caller)


@pytest.mark.parametrize("language", ["en", "cy"])
def test_a_search_that_cannot_be_read_is_accessible_too(
    office: Office, browser: Browser, shots: Path, language: str
) -> None:
    context = office.context(browser, "aud", language=language)
    page = context.new_page()
    page.goto(f"{office.desk_url}/audit?contact=26-999999&since=yesterday")
    expect(page.locator("#error")).to_be_visible()
    expect(page.locator("#contact")).to_have_attribute("aria-invalid", "true")
    look(page, shots, f"audit-wrong-{language}")
    context.close()
