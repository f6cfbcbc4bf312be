"""Single sign-on in a real Chromium: the provider is another site, and the strict cookie comes through."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.office import Office
from tests.e2e.test_sign_in import look
from tests.identity_provider import CLIENT, SECRET, IdentityProvider, identity_provider


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    """In a thread of its own: Playwright keeps a loop in this one."""
    ready, over = threading.Event(), threading.Event()
    found: list[IdentityProvider] = []

    async def serve() -> None:
        async with identity_provider(lambda: datetime.now(UTC)) as made:
            # By this name it is another site to a browser than the console at 127.0.0.1.
            made.issuer = made.issuer.replace("127.0.0.1", "localhost")
            found.append(made)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield found[0]
    over.set()
    thread.join(10)


def test_a_person_comes_by_the_provider_and_works(
    provider: IdentityProvider, browser: Browser, tmp_path: Path, shots: Path
) -> None:
    office = Office(tmp_path)
    for name, value in {
        "PUBLIC_URL": office.desk_url,
        "OIDC__ISSUER": provider.issuer,
        "OIDC__CLIENT_ID": CLIENT,
        "OIDC__CLIENT_SECRET": SECRET,
        "OIDC__NAME": "Example sign-on",
        "OIDC__ROLE_MAP__DESK": "handler",
    }.items():
        office._environ[f"INTAKE_CONSOLE__{name}"] = value
    office.start()
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(office.desk_url + "/sign-in")
    look(page, shots, "sign_in_provider")
    page.get_by_role("link", name="Sign in with Example sign-on").click()
    expect(page).to_have_url(office.desk_url + "/desk")
    expect(page.locator("#desk")).to_have_attribute("data-handler", "grace")
    expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")

    provider.claims["roles"] = []
    page.goto(office.desk_url + "/sign-in")
    page.get_by_role("link", name="Sign in with Example sign-on").click()
    expect(page.get_by_role("alert")).to_contain_text("gives you no role")
    look(page, shots, "sign_in_no_role")
    context.close()
    office.stop()
