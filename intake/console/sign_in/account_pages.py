"""One's own account: its language, its password, its second factor. Plain forms that need no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from intake.console import auditing
from intake.console.desk import DESK, PERSON, peer_of
from intake.console.pages.shells import SHELLS
from intake.console.roles import Person, Right
from intake.console.routes import Route, route
from intake.console.sign_in import second_factor
from intake.console.sign_in.forms import read_form
from intake.console.sign_in.gate import Denied, Enrolment, Gate
from intake.console.sign_in.pages import (
    choose_language,
    field,
    gate_of,
    record_denied,
    see,
    set_retry,
)
from intake.console.sign_in.passkeys import is_local
from intake.console.terminal.queue import clock
from intake.console.terminal.text import day
from intake.console.wording import LANGUAGES
from intake.errors import Refused
from intake.store import accounts
from intake.store.accounts import Account

PENDING = "pending "
DONE = ("password", "second_factor", "passkey", "passkey_removed")


class PasskeyRow(msgspec.Struct, frozen=True):
    """Days as people write them in Britain; ``used`` is empty before the first time."""

    id: str
    label: str
    added: str
    used: str


def account_routes() -> tuple[Route, ...]:
    at = "/account"
    return (
        route("GET", at, show, Right.SELF, is_page=True),
        route("POST", f"{at}/language", set_language, Right.SELF, "account.language", is_page=True),
        route("POST", f"{at}/password", set_password, Right.SELF, "account.password", is_page=True),
        route("POST", f"{at}/second-factor", enrol, Right.SELF, is_page=True),
        route(
            "POST", f"{at}/second-factor/confirm", confirm, Right.SELF, "account.second_factor", is_page=True
        ),
    )


async def show(request: web.Request) -> web.Response:
    """``?done=password`` says what was just changed."""
    done = request.query.get("done", "")
    return await _page(request, done=done if done in DONE else "")


async def set_language(request: web.Request) -> web.Response:
    """For this account, and for this browser."""
    language = field(await read_form(request), "language")
    if language not in LANGUAGES:
        return await _page(request, 400)
    name = request[PERSON].name
    await auditing.run(request, lambda conn: accounts.set_language(conn, name, language), language=language)
    response = see("/account")
    choose_language(response, language)
    return response


async def set_password(request: web.Request) -> web.Response:
    """With the present one; every other session of the account ends."""
    person, form = request[PERSON], await read_form(request)
    if refused := await _password_refused(request, form, "password"):
        return refused
    new = form.get("new", "")
    try:
        if new != form.get("again", ""):
            raise Refused("password_differs")
        record = auditing.recording(request)
        await gate_of(request).set_password(person.name, new, keep_session=person.session, record=record)
    except Refused as refusal:
        return await _page(request, 400, part="password", error=str(refusal))
    return see("/account?done=password")


async def enrol(request: web.Request) -> web.Response:
    """Show a new second factor, once; it is in force when its first code comes back."""
    person, gate = request[PERSON], gate_of(request)
    if refused := await _password_refused(request, await read_form(request), "second_factor"):
        return refused
    return _enrolment(request, person, gate, gate.enrolment(person.name))


async def confirm(request: web.Request) -> web.Response:
    """The first code of the new second factor puts it in force."""
    person, gate, form = request[PERSON], gate_of(request), await read_form(request)
    secret = gate.unseal(form.get("sealed", ""), _purpose(person))
    if secret is None:
        return await _page(request, 400, part="second_factor", error="stale")
    step = second_factor.step_of(secret, form.get("code", ""), gate.clock.now())
    if step is None:
        return _enrolment(request, person, gate, gate.enrolment(person.name, secret), "wrong_code")
    record = auditing.recording(request)
    await gate.set_totp(person.name, secret, last_step=step, keep_session=person.session, record=record)
    return see("/account?done=second_factor")


async def _password_refused(request: web.Request, form: Mapping[str, str], part: str) -> web.Response | None:
    person, gate = request[PERSON], gate_of(request)
    if gate.sealed is None:
        return await _page(request, 409, part=part, error="no_secret")
    try:
        await gate.check_password(person.name, form.get("password", ""), person.session, peer_of(request))
    except Denied as denied:
        await record_denied(request, denied)
        if denied.retry_at is None:
            return await _page(request, 403, part=part, error="wrong_password")
        response = await _page(request, 429, part=part, error="resting", retry_at=clock(denied.retry_at))
        set_retry(response, denied.retry_at, request.app[DESK])
        return response
    return None


async def _page(
    request: web.Request,
    status: int = 200,
    *,
    part: str = "",
    error: str = "",
    retry_at: str = "",
    done: str = "",
) -> web.Response:
    person = request[PERSON]
    found = await request.app[DESK].store.read(lambda conn: accounts.find(conn, person.name))
    return request.app[SHELLS].page(
        request,
        "account",
        person,
        status=status,
        part=part,
        error=error,
        retry_at=retry_at,
        done=done,
        has_password=found is not None and found.password_hash != "",
        **await _passkeys(request, person, found),
    )


async def _passkeys(request: web.Request, person: Person, found: Account | None) -> dict[str, Any]:
    offered = request.app[DESK].passkeys
    if offered is None or found is None or not is_local(found):
        return {"passkeys": "", "rows": [], "is_fresh": False}
    rows = [
        PasskeyRow(one.id, one.label, day(one.created_at), day(one.last_used_at))
        for one in await offered.of(person.name)
    ]
    return {"passkeys": offered.origin, "rows": rows, "is_fresh": await offered.is_fresh(person)}


def _enrolment(
    request: web.Request, person: Person, gate: Gate, enrolment: Enrolment, error: str = ""
) -> web.Response:
    # What is shown comes back sealed: nothing is kept of a second factor that nobody confirmed.
    return request.app[SHELLS].page(
        request,
        "second_factor",
        person,
        status=400 if error else 200,
        error=error,
        secret=enrolment.secret,
        code_image=second_factor.qr_svg_uri(enrolment.address),
        sealed=gate.seal(enrolment.secret, _purpose(person)),
    )


def _purpose(person: Person) -> str:
    """What a sealed secret on its way through a browser is good for: this session, and not as it stands."""
    return f"{PENDING}{person.name} {person.session}"
