"""A town with a staffed office: accounts of every role, and desks that are signed in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect

from intake.clock import SteadyClock
from intake.store import at_rest
from tests.e2e.town import Town
from tests.people import COOKIE, SECRET, Credentials, make_account, sign_in_over_http

ROLES = {
    "ada": "handler",
    "bea": "handler",
    "cyn": "handler",
    "sue": "supervisor",
    "aud": "auditor",
    "rhi": "researcher",
    "adm": "admin",
}
DESK_SIZE = {"width": 1280, "height": 720}


T = TypeVar("T")


def beside(work: Coroutine[Any, Any, T]) -> T:
    """Run to its end in a thread of its own: Playwright keeps a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Office(Town):
    """One `intake serve` whose console people sign in at; each signs in once."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._environ["INTAKE_CONSOLE__SECRET"] = SECRET
        self.desk_url = self._console.removesuffix("/api/v1")
        self.people: dict[str, Credentials] = {}
        self._cookies: dict[str, str] = {}

    def start(self) -> None:
        if not self.people:
            beside(self._hire())
        super().start()

    async def _hire(self) -> None:
        with at_rest.opened(self._environ["INTAKE_STORE__URL"]) as store:
            for name, role in ROLES.items():
                self.people[name] = await make_account(store, name, role)  # type: ignore[arg-type]

    def cookie(self, name: str) -> str:
        """A session of this person; the same one each time, for a code works once."""
        if name not in self._cookies:
            signed = beside(sign_in_over_http(self.desk_url, self.people[name]))
            self._cookies[name] = signed.cookies[COOKIE]
        return self._cookies[name]

    def context(self, browser: Browser, name: str, *, language: str = "en", **options: object) -> BrowserContext:
        """A browser in which this person is signed in."""
        made = browser.new_context(viewport=DESK_SIZE, **options)  # type: ignore[arg-type]
        host = urlsplit(self.desk_url)
        site = f"{host.scheme}://{host.netloc}"
        made.add_cookies(
            [
                # A browser takes it of plain loopback only from the server itself.
                {"name": COOKIE, "value": self.cookie(name), "url": site.replace("http:", "https:")},
                {"name": "intake-language", "value": language, "url": site},
            ]
        )
        return made

    def desk(self, context: BrowserContext, path: str = "/desk") -> Page:
        """The desk, ready and live."""
        page = context.new_page()
        page.goto(self.desk_url + path)
        if path == "/desk":
            expect(page.locator("#desk")).to_have_attribute("data-ready", "true")
            expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
        return page
