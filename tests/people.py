"""Persons with accounts, for tests: made in the store, signed in over HTTP or in a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

import aiohttp
import uuid_utils

from intake.console.sign_in import passwords, second_factor
from intake.console.sign_in.gate import Gate
from intake.console.sign_in.passkeys import make_passkeys
from intake.console.sign_in.second_factor import Sealed
from intake.console.sign_in.sessions import BrowserSessions, csrf_of
from intake.store import accounts
from intake.store.at_rest import Transactions

SECRET = "console-secret-for-tests-0123456789"
PASSWORD = "seven brown otters swim"
COOKIE = "__Host-intake"


class Credentials(NamedTuple):
    """What a person knows and has."""

    name: str
    role: str
    totp_secret: str
    password: str = PASSWORD

    def code(self, at: datetime | None = None) -> str:
        """What their authenticator app shows."""
        return second_factor.code_at(self.totp_secret, at or datetime.now(UTC))


class SignedIn(NamedTuple):
    """A browser's session: pass ``cookies`` with each request, ``headers`` with each change."""

    name: str
    role: str
    cookies: dict[str, str]
    headers: dict[str, str]


def gate_for(
    store: Transactions, clock: Any, secret: str = SECRET, console_url: str = "", **limits: float
) -> dict[str, Any]:
    """Fields for `tests.desk.make_desk` or `console`: a console that people can sign in at."""
    sessions = BrowserSessions(store, clock, **limits)
    gate = Gate(store, clock, sessions, secret, refused_every_s=0)
    passkeys = make_passkeys(gate, console_url, lambda: str(uuid_utils.uuid7()))
    return {"sessions": sessions, "gate": gate, "passkeys": passkeys}


_hashed: dict[str, str] = {}


async def make_account(
    store: Transactions, name: str, role: str = "handler", *, password: str = PASSWORD, secret: str = SECRET
) -> Credentials:
    """An enabled account with a password and a second factor."""
    totp_secret = second_factor.new_secret()
    if password not in _hashed:
        _hashed[password] = passwords.hash_password(password)
    await store.run(
        lambda conn: accounts.add(
            conn,
            datetime.now(UTC),
            name=name,
            role=role,
            password_hash=_hashed[password],
            totp_sealed=Sealed(secret).close(totp_secret, name),
        )
    )
    return Credentials(name, role, totp_secret, password)


async def sign_in_over_http(base_url: str, who: Credentials, at: datetime | None = None) -> SignedIn:
    """Sign in as a browser does, by the form. ``at`` is the console's time where that is not the real one."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        async with http.get(f"{base_url}/sign-in") as shown:
            page, form_cookies = await shown.text(), shown.cookies
        fields = {"csrf": hidden(page), "name": who.name, "password": who.password, "code": who.code(at)}
        sent = {name: morsel.value for name, morsel in form_cookies.items()}
        async with http.post(
            f"{base_url}/sign-in", data=fields, cookies=sent, allow_redirects=False
        ) as answer:
            assert answer.status == 303, await answer.text()
            token = answer.cookies[COOKIE].value
    return signed_in(who.name, who.role, token)


def signed_in(name: str, role: str, token: str) -> SignedIn:
    return SignedIn(name, role, {COOKIE: token}, {"X-CSRF": csrf_of(token)})


async def session_of(store: Transactions, clock: Any, who: Credentials) -> SignedIn:
    """A session without the form: for tests that are about something else."""
    return signed_in(who.name, who.role, await BrowserSessions(store, clock).start(who.name))


def hidden(page: str, name: str = "csrf") -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]


def sign_in(page: Any, base_url: str, who: Credentials) -> None:
    """In a real browser: leaves ``page`` where the person's role begins. A code works once: sign in the
    same person twice within half a minute and you wait for the next code."""
    page.goto(f"{base_url}/sign-in")
    page.fill("#name", who.name)
    page.fill("#password", who.password)
    page.fill("#code", who.code())
    page.click("form button[type=submit]")
    page.wait_for_url(lambda url: not url.endswith("/sign-in"))
