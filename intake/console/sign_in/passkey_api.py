"""Passkeys as JSON, for the scripts of the sign-in, account and lock pages; taking one out is a plain form.

Each ceremony is two calls: ``…/ask`` gives what the browser asks its device for, the other takes the answer.
"""

from __future__ import annotations

from aiohttp import web

from intake.console import auditing
from intake.console.api.answers import answer, problem, read_body
from intake.console.desk import DESK, PERSON, peer_of
from intake.console.roles import Right
from intake.console.routes import Route, route
from intake.console.sign_in.api import V1, refuse_denied
from intake.console.sign_in.bodies import (
    Added,
    AskPasskey,
    LockState,
    NewPasskey,
    PasskeyAnswer,
    PasskeyAsked,
    SignedIn,
)
from intake.console.sign_in.forms import FORM_COOKIE, read_form
from intake.console.sign_in.gate import Denied
from intake.console.sign_in.pages import field, gate_of, let_in, see
from intake.console.sign_in.passkeys import Options, Passkeys
from intake.console.wording import load_words
from intake.contact import clean_text
from intake.errors import NotFound, Refused
from intake.store import Connection, console_sessions, passkeys

FORBIDDEN = {"passkey_stale", "passkey_page_stale", "passkey_not_fresh", "passkey_refused"}
"""Refusals that are no conflict with what is there."""


def passkey_routes() -> tuple[Route, ...]:
    signing_in, unlocking = f"{V1}/sign-in/passkey", f"{V1}/session/unlock/passkey"
    own = f"{V1}/account/passkeys"
    return (
        route("POST", f"{signing_in}/ask", ask_sign_in, Right.OPEN),
        route("POST", signing_in, sign_in, Right.OPEN),
        route("POST", f"{unlocking}/ask", ask_unlock, Right.SELF, while_locked=True),
        route("POST", unlocking, unlock, Right.SELF, "session.unlock", while_locked=True),
        route("POST", f"{own}/ask", ask_new, Right.SELF),
        route("POST", own, add, Right.SELF, "account.passkey_add"),
        route("POST", "/account/passkeys/remove", remove, Right.SELF, "account.passkey_remove", is_page=True),
    )


async def ask_sign_in(request: web.Request) -> web.Response:
    """403 ``passkey_page_stale`` from a browser that has not loaded the sign-in page within the hour."""
    offered, browser = _offered(request), request.cookies.get(FORM_COOKIE, "")
    if not browser:
        return _refused(Refused("passkey_page_stale"))
    try:
        return _asked(await offered.ask_sign_in(browser, peer_of(request)))
    except Denied as denied:
        return await refuse_denied(request, denied)


async def sign_in(request: web.Request) -> web.Response:
    """A new session for this browser. 403 ``passkey_stale`` for an answer to nothing, or too late."""
    offered, body = _offered(request), await read_body(request, PasskeyAnswer)
    browser = request.cookies.get(FORM_COOKIE, "")
    try:
        account = await offered.sign_in(browser, body.credential, peer_of(request))
    except Denied as denied:
        return await refuse_denied(request, denied)
    except Refused as refusal:
        return _refused(refusal)
    return await let_in(request, account, answer(SignedIn()), by="passkey")


async def ask_unlock(request: web.Request) -> web.Response:
    try:
        return _asked(await _offered(request).ask_unlock(request[PERSON]))
    except Refused as refusal:
        return _refused(refusal)


async def unlock(request: web.Request) -> web.Response:
    """As with the password."""
    offered, person = _offered(request), request[PERSON]
    body = await read_body(request, PasskeyAnswer)
    try:
        await offered.check(person, body.credential, peer_of(request))
    except Denied as denied:
        return await refuse_denied(request, denied)
    except Refused as refusal:
        return _refused(refusal)
    await gate_of(request).sessions.unlock(person, auditing.recording(request, by="passkey"))
    return answer(LockState(locked=False))


async def ask_new(request: web.Request) -> web.Response:
    """403 ``passkey_not_fresh`` where password and code must come with it."""
    offered, body = _offered(request), await read_body(request, AskPasskey)
    try:
        asked = await offered.ask_new(request[PERSON], body.password, body.code, peer_of(request))
    except Denied as denied:
        return await refuse_denied(request, denied)
    except Refused as refusal:
        return _refused(refusal)
    return _asked(asked)


async def add(request: web.Request) -> web.Response:
    offered, body = _offered(request), await read_body(request, NewPasskey)
    try:
        await offered.add(
            request[PERSON],
            body.label,
            body.credential,
            lambda made: auditing.recording(request, passkey=made),
        )
    except Refused as refusal:
        return _refused(refusal)
    return answer(Added())


async def remove(request: web.Request) -> web.Response:
    """One's own, by its id: whoever has that device is signed out, too."""
    person, now = request[PERSON], request.app[DESK].clock.now()
    known = clean_text(field(await read_form(request), "id", 36))

    def work(conn: Connection) -> None:
        passkeys.remove(conn, person.name, known)
        console_sessions.end_all(conn, now, person.name, person.session)

    try:
        await auditing.run(request, work, passkey=known)
    except NotFound:
        return see("/account")  # taken out already, in another tab
    return see("/account?done=passkey_removed#passkeys")


def _offered(request: web.Request) -> Passkeys:
    """Raises 404 where the console's address can have no passkeys."""
    offered = request.app[DESK].passkeys
    if offered is None:
        raise web.HTTPNotFound(text="this console offers no passkeys")
    return offered


def _asked(options: Options) -> web.Response:
    return answer(PasskeyAsked(options["publicKey"]))


def _refused(refusal: Refused) -> web.Response:
    """The code is a key of the words ``sign_in``."""
    code = str(refusal)
    return problem(403 if code in FORBIDDEN else 409, code, load_words()["en"][f"sign_in.{code}"])
