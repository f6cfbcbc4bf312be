"""Signs in at the console as a browser does, opens the desk and its live line, and says what is wrong."""

from __future__ import annotations

import asyncio
import json
import re

import aiohttp

from intake.console.access import COOKIE
from intake.demo.people import Account

PAGES = ("/desk", "/front/desk.js", "/front/desk.css", "/words/en.json", "/words/cy.json", "/licences")
LIBRARIES = ("/libraries/lit-html/lit-html.js", "/libraries/leaflet/dist/leaflet.css")
WITHIN_S = 10.0
_CSRF = re.compile(r'name="csrf" value="([^"]*)"')


async def troubles_at(console_url: str, who: Account) -> list[str]:
    """A line for each thing that does not work; empty when a person could work there now."""
    # A browser keeps its `__Host-` cookie on loopback without TLS; this client must be given it.
    jar = aiohttp.DummyCookieJar()
    try:
        async with asyncio.timeout(WITHIN_S), aiohttp.ClientSession(console_url, cookie_jar=jar) as http:
            cookies = await _sign_in(http, who)
            if not cookies:
                return [f"the console: {who.name} cannot sign in with the password and the code just made"]
            return [*await _pages(http, cookies), *await _live_line(http, cookies, console_url)]
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return [f"the console: {type(error).__name__}: {error}"]


async def _sign_in(http: aiohttp.ClientSession, who: Account) -> dict[str, str]:
    async with http.get("/sign-in") as shown:
        found = _CSRF.search(await shown.text())
        form_cookies = {name: morsel.value for name, morsel in shown.cookies.items()}
    fields = {
        "csrf": found[1] if found else "",
        "name": who.name,
        "password": who.password,
        "code": who.code()[0],
    }
    async with http.post("/sign-in", data=fields, cookies=form_cookies, allow_redirects=False) as answer:
        morsel = answer.cookies.get(COOKIE)
        return {COOKIE: morsel.value} if answer.status == 303 and morsel else {}


async def _pages(http: aiohttp.ClientSession, cookies: dict[str, str]) -> list[str]:
    found = []
    for path in (*PAGES, *LIBRARIES):
        async with http.get(path, cookies=cookies, allow_redirects=False) as answer:
            if answer.status != 200:
                hint = "; `make setup` fetches the pages' libraries" if path in LIBRARIES else ""
                found.append(f"the console: {path} answers {answer.status}{hint}")
    return found


async def _live_line(http: aiohttp.ClientSession, cookies: dict[str, str], origin: str) -> list[str]:
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    async with http.ws_connect("/api/v1/live", origin=origin, headers=headers) as line:
        said = json.loads(await line.receive_str())
    return [] if said.get("t") == "hello" else [f"the console's live line begins with {said.get('t')!r}"]
