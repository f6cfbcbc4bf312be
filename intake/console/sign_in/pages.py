"""Signing in, signing out and unlocking, as plain forms that need no script."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from datetime import datetime

from aiohttp import web

from intake.console import auditing
from intake.console.api.answers import answer, problem
from intake.console.auditing import AUDITOR
from intake.console.desk import DESK, PERSON, Desk, peer_of
from intake.console.pages.shells import LANGUAGE_COOKIE, SHELLS
from intake.console.roles import Person, Right, Role
from intake.console.routes import Route, route
from intake.console.sign_in.bodies import SignedOut
from intake.console.sign_in.forms import (
    COOKIE_ATTRIBUTES,
    form_token,
    form_token_holds,
    read_form,
    set_form_token,
)
from intake.console.sign_in.gate import Denied, Gate
from intake.console.terminal.queue import clock
from intake.console.wording import LANGUAGES
from intake.store import accounts, known_devices
from intake.store.accounts import Account
from intake.store.audit import Entry

COOKIE = "__Host-intake"
DEVICE_COOKIE = "__Host-intake-device"
"""Says that somebody has signed in here before, and opens nothing (`store/known_devices.py`)."""
PREFERENCE_S = 365 * 86_400


def sign_in_routes() -> tuple[Route, ...]:
    return (
        route("GET", "/sign-in", show, Right.OPEN),
        route("POST", "/sign-in", submit, Right.OPEN),
        route("POST", "/sign-out", sign_out, Right.SELF, "session.sign_out", is_page=True, while_locked=True),
        route("GET", "/locked", show_locked, Right.SELF, is_page=True, while_locked=True),
        route("POST", "/locked", unlock, Right.SELF, "session.unlock", is_page=True, while_locked=True),
    )


def gate_of(request: web.Request) -> Gate:
    """Raises 503 where the console has no sessions."""
    gate = request.app[DESK].gate
    if gate is None:
        raise web.HTTPServiceUnavailable(text="this console has no sessions: it takes tokens alone")
    return gate


# -- signing in --------------------------------------------------------------------------------------------


async def show(request: web.Request) -> web.Response:
    """The form. ``?language=cy`` chooses the language of this browser."""
    language = request.query.get("language", "")
    if language in LANGUAGES:
        response = see("/sign-in")
        choose_language(response, language)
        return response
    return refuse(request)


async def submit(request: web.Request) -> web.Response:
    """Name, password and code together: no answer says which of them was wrong."""
    gate, form = gate_of(request), await read_form(request)
    name = form.get("name", "")
    if not form_token_holds(request, form):
        return refuse(request, 403, "stale", name)
    password, code = form.get("password", ""), form.get("code", "")
    began_s = asyncio.get_running_loop().time()
    device = request.cookies.get(DEVICE_COOKIE, "")
    try:
        account = await gate.sign_in(name, password, code, peer_of(request), device)
    except Denied as denied:
        await record_denied(request, denied)
        await gate.even_out(began_s)
        return refuse(request, 429 if denied.retry_at else 403, "denied", name, denied.retry_at)
    return await let_in(request, account, see("/"))


async def let_in(request: web.Request, account: Account, response: web.Response, **told: str) -> web.Response:
    """A new session for this browser; the one it had before is over. ``told`` goes on record."""
    gate = gate_of(request)
    request[PERSON] = Person(name=account.name, role=Role(account.role))
    record = auditing.recording(request, action="session.sign_in", **told)
    before = request.cookies.get(COOKIE, "")
    device = await gate.remember(account.name, request.cookies.get(DEVICE_COOKIE, ""))
    token = await gate.sessions.start(account.name, instead_of=before, record=record)
    life_s = int(gate.sessions.life_s)
    response.headers.add("Set-Cookie", f"{COOKIE}={token}; Max-Age={life_s}; {COOKIE_ATTRIBUTES}")
    known_s = int(known_devices.LIFE.total_seconds())
    response.headers.add("Set-Cookie", f"{DEVICE_COOKIE}={device}; Max-Age={known_s}; {COOKIE_ATTRIBUTES}")
    return response


def refuse(
    request: web.Request,
    status: int = 200,
    error: str = "",
    name: str = "",
    retry_at: datetime | None = None,
) -> web.Response:
    """The form again, with what was wrong: ``error`` is a key of the words ``sign_in``."""
    desk, token = request.app[DESK], form_token(request)
    response = request.app[SHELLS].page(
        request,
        "sign_in",
        status=status,
        csrf=token,
        error="resting" if retry_at else error,
        retry_at=clock(retry_at) if retry_at else "",
        typed=name[:40],
        has_local=desk.gate is not None and desk.gate.sealed is not None,
        provider=provider_name(request),
        passkeys=passkeys_at(request),
    )
    set_form_token(response, token)
    set_retry(response, retry_at, desk)
    return response


# -- signing out -------------------------------------------------------------------------------------------


async def sign_out(request: web.Request) -> web.Response:
    """A form, or JSON ``{}``. 409 while the person has conversations open: closed, handed over and taken,
    moved by a supervisor, or lapsed with their desk, they are not theirs any more."""
    person, desk = request[PERSON], request.app[DESK]
    is_json = request.content_type == "application/json"
    now = desk.clock.now()
    count = await desk.store.read(lambda conn: accounts.open_conversations(conn, now, person.name))
    if count:
        if is_json:
            return problem(409, "open_conversations", f"{count} of your conversations are open")
        return request.app[SHELLS].page(request, "sign_out", person, status=409, count=count)
    if person.session:
        await gate_of(request).sessions.end(person, auditing.recording(request, open=count))
    response = answer(SignedOut()) if is_json else see("/sign-in")
    response.headers.add("Set-Cookie", f"{COOKIE}=; Max-Age=0; {COOKIE_ATTRIBUTES}")
    return response


# -- a locked session --------------------------------------------------------------------------------------


async def show_locked(request: web.Request) -> web.Response:
    """Where pages of a locked session lead to."""
    return await _locked(request, request[PERSON]) if request[PERSON].locked else see("/")


async def unlock(request: web.Request) -> web.Response:
    person, form = request[PERSON], await read_form(request)
    gate = gate_of(request)
    if not (await gate.find(person.name)).password_hash:
        return await _locked(request, person, 409, "no_password")
    try:
        await gate.check_password(person.name, form.get("password", ""), person.session, peer_of(request))
    except Denied as denied:
        await record_denied(request, denied)
        return await _locked(
            request, person, 429 if denied.retry_at else 403, "wrong_password", denied.retry_at
        )
    await gate.sessions.unlock(person, auditing.recording(request))
    return see("/")


async def _locked(
    request: web.Request,
    person: Person,
    status: int = 200,
    error: str = "",
    retry_at: datetime | None = None,
) -> web.Response:
    response = request.app[SHELLS].page(
        request,
        "locked",
        person,
        status=status,
        error="resting" if retry_at else error,
        retry_at=clock(retry_at) if retry_at else "",
        provider=provider_name(request),
        passkeys=await own_passkeys_at(request, person),
    )
    set_retry(response, retry_at, request.app[DESK])
    return response


# -- shared ------------------------------------------------------------------------------------------------


def provider_name(request: web.Request) -> str:
    """What stands on the button of the identity provider, empty where there is none."""
    provider = request.app[DESK].provider
    return provider.name if provider is not None else ""


def passkeys_at(request: web.Request) -> str:
    """The one origin at which passkeys work, empty where none are offered."""
    offered = request.app[DESK].passkeys
    return offered.origin if offered is not None else ""


async def own_passkeys_at(request: web.Request, person: Person) -> str:
    """The same, and empty where this person has none."""
    offered = request.app[DESK].passkeys
    has_some = offered is not None and person.session and await offered.of(person.name)
    return offered.origin if offered is not None and has_some else ""


async def record_denied(request: web.Request, denied: Denied) -> None:
    """An attempt that was judged and failed, where it was on an account; one that was not judged is none."""
    if denied.account is not None:
        entry = Entry(actor=denied.account.name, role=denied.account.role, action=denied.action)
        await request.app[AUDITOR].write(entry)


def see(path: str) -> web.Response:
    """Go there, by GET."""
    return web.Response(status=303, headers={"Location": path})


def choose_language(response: web.Response, language: str) -> None:
    response.headers.add(
        "Set-Cookie", f"{LANGUAGE_COOKIE}={language}; Max-Age={PREFERENCE_S}; SameSite=Lax; Path=/"
    )


def set_retry(response: web.Response, retry_at: datetime | None, desk: Desk) -> None:
    if retry_at is not None:
        wait_s = max(1, math.ceil((retry_at - desk.clock.now()).total_seconds()))
        response.headers["Retry-After"] = str(wait_s)


def field(form: Mapping[str, str], name: str, limit: int = 300) -> str:
    """A field's text, trimmed and bounded."""
    return form.get(name, "").strip()[:limit]
