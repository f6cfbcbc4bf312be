"""Everybody's accounts, for admins: who there is, adding, disabling, roles. No content of any caller."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from aiohttp import web

from intake.console import auditing
from intake.console.desk import DESK, PERSON
from intake.console.pages.shells import SHELLS
from intake.console.roles import Right, Role
from intake.console.routes import Route, route
from intake.console.sign_in import second_factor
from intake.console.sign_in.forms import read_form
from intake.console.sign_in.gate import Enrolment
from intake.console.sign_in.pages import field, gate_of, see
from intake.console.wording import LANGUAGES
from intake.errors import NotFound, Refused
from intake.store import Connection, accounts, disabling

FIRST_PASSWORD_BYTES = 12


def accounts_routes() -> tuple[Route, ...]:
    at = "/accounts"
    return (
        route("GET", at, show, Right.ADMIN, "accounts.list", is_page=True),
        route("POST", f"{at}/add", add, Right.ADMIN, "account.add", is_page=True),
        route("POST", f"{at}/disable", disable, Right.ADMIN, "account.disable", is_page=True),
        route("POST", f"{at}/enable", enable, Right.ADMIN, "account.enable", is_page=True),
        route("POST", f"{at}/role", set_role, Right.ADMIN, "account.role", is_page=True),
        route("POST", f"{at}/reset", reset, Right.ADMIN, "account.reset", is_page=True),
    )


async def show(request: web.Request) -> web.Response:
    return await _page(request)


async def add(request: web.Request) -> web.Response:
    """A new account; its first password and its second factor are shown once."""
    form, gate = await read_form(request), gate_of(request)
    name, role, language = (field(form, one) for one in ("name", "role", "language"))
    password = secrets.token_urlsafe(FIRST_PASSWORD_BYTES)
    try:
        enrolment = await gate.add(
            name,
            _role(role),
            password,
            display_name=field(form, "display_name", 80),
            language=language if language in LANGUAGES else LANGUAGES[0],
            record=auditing.recording(request, account=name, new_role=role),
        )
    except Refused as refusal:
        return await _page(request, 400, str(refusal), name)
    return _shown_once(request, name, password, enrolment)


async def reset(request: web.Request) -> web.Response:
    """For who lost the password or the telephone: a new password and second factor, shown once."""
    gate, name = gate_of(request), field(await read_form(request), "name")
    password, enrolment = secrets.token_urlsafe(FIRST_PASSWORD_BYTES), gate.enrolment(name)
    try:
        _not_oneself(request, name)
        await gate.find(name)
        await gate.reset(name, password, enrolment, auditing.recording(request, account=name))
    except (Refused, NotFound) as refusal:
        return await _page(request, 400, _key(refusal), name)
    return _shown_once(request, name, password, enrolment)


async def disable(request: web.Request) -> web.Response:
    """Its sessions end with it, and what it has claimed is back in the queue."""
    now = request.app[DESK].clock.now()
    return await _change(request, lambda conn, name: disabling.disable(conn, now, name))


async def enable(request: web.Request) -> web.Response:
    return await _change(request, accounts.enable)


async def set_role(request: web.Request) -> web.Response:
    role = field(await read_form(request), "role")

    def work(conn: Connection, name: str) -> None:
        accounts.set_role(conn, name, _role(role).value)

    return await _change(request, work, new_role=role)


async def _change(request: web.Request, work: Callable[[Connection, str], None], **told: str) -> web.Response:
    name = field(await read_form(request), "name", 40)
    try:
        _not_oneself(request, name)
        gate_of(request).check_name(name)
        await auditing.run(request, lambda conn: work(conn, name), account=name, **told)
    except (Refused, NotFound) as refusal:
        return await _page(request, 400, _key(refusal), name)
    return see("/accounts")


def _not_oneself(request: web.Request, name: str) -> None:
    """So that there is always an admin: raises Refused."""
    if name == request[PERSON].name:
        raise Refused("not_oneself")


def _role(word: str) -> Role:
    if word not in set(Role):
        raise Refused("bad_role")
    return Role(word)


def _key(refusal: Refused | NotFound) -> str:
    return "no_account" if isinstance(refusal, NotFound) else str(refusal)


async def _page(request: web.Request, status: int = 200, error: str = "", name: str = "") -> web.Response:
    desk = request.app[DESK]
    rows = await desk.store.read(accounts.every)
    return request.app[SHELLS].page(
        request,
        "accounts",
        request[PERSON],
        status=status,
        error=error,
        typed=name[:40],
        rows=rows,
        roles=[str(role) for role in Role],
    )


def _shown_once(request: web.Request, name: str, password: str, enrolment: Enrolment) -> web.Response:
    return request.app[SHELLS].page(
        request,
        "account_made",
        request[PERSON],
        account=name,
        password=password,
        secret=enrolment.secret,
        code_image=second_factor.qr_svg_uri(enrolment.address),
    )
