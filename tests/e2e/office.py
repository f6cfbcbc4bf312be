"""A town with a staffed office: accounts of every role, and desks that are signed in."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from intake.console.sign_in.sessions import csrf_of
from intake.store import at_rest
from tests.e2e.town import Caller, Town
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

    def by(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """One call of the JSON interface as this person's browser makes it."""
        token = self.cookie(name)
        request = urllib.request.Request(  # noqa: S310
            f"{self._console}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "Cookie": f"{COOKIE}={token}",
                "X-CSRF": csrf_of(token),
            },
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    def finish(self, caller: Caller) -> None:
        """Close it, whoever of the staff has it."""
        row = self.shown(caller)["contact"]
        holder = row["claimed_by"] or "ada"
        if not row["claimed_by"]:
            row = self.by(holder, "POST", f"/contacts/{caller.contact}/claim", {})["contact"]
        said = {"attempts": row["attempts"], "reason": "done"}
        self.by(holder, "POST", f"/contacts/{caller.contact}/close", said)

    def context(
        self, browser: Browser, name: str, *, language: str = "en", **options: object
    ) -> BrowserContext:
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
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.goto(self.desk_url + path)
        if path == "/desk":
            ready = page.locator("#desk[data-ready=true]")
            try:
                ready.wait_for()
            except PlaywrightTimeout:
                raise AssertionError(f"the desk did not start: {troubles}") from None
            expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
        return page
