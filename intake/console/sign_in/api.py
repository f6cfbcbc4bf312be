"""The idle lock, and who else may take a contact, as JSON."""

from __future__ import annotations

from aiohttp import web

from intake.console import auditing
from intake.console.api.answers import answer, problem, read_body
from intake.console.desk import DESK, PERSON, peer_of
from intake.console.roles import Right
from intake.console.routes import Route, route
from intake.console.sign_in.bodies import ColleagueRow, ColleaguesAnswer, LockState, Unlock
from intake.console.sign_in.gate import Denied
from intake.console.sign_in.pages import gate_of, record_denied, set_retry
from intake.errors import Refused
from intake.store import accounts

V1 = "/api/v1"


def session_routes() -> tuple[Route, ...]:
    return (
        route("POST", f"{V1}/session/lock", lock, Right.SELF, "session.lock", while_locked=True),
        route("POST", f"{V1}/session/unlock", unlock, Right.SELF, "session.unlock", while_locked=True),
        route("GET", f"{V1}/accounts/colleagues", colleagues, Right.READ),
    )


async def lock(request: web.Request) -> web.Response:
    """Nothing but ``unlock``, ``/me`` and signing out is answered from now on."""
    person = request[PERSON]
    if not person.session:
        raise Refused("a token has no session that could be locked")
    await gate_of(request).sessions.lock(person, auditing.recording(request))
    return answer(LockState(locked=True))


async def unlock(request: web.Request) -> web.Response:
    """With the password. 403 where it is wrong, 429 with Retry-After after too many attempts."""
    body, person = await read_body(request, Unlock), request[PERSON]
    if not person.session:
        raise Refused("a token has no session that could be unlocked")
    gate = gate_of(request)
    if not (await gate.find(person.name)).password_hash:
        return problem(409, "no_password", "this account signs in with the identity provider: do so again")
    try:
        await gate.check_password(person.name, body.password, person.session, peer_of(request))
    except Denied as denied:
        return await refuse_denied(request, denied)
    await gate.sessions.unlock(person, auditing.recording(request))
    return answer(LockState(locked=False))


async def refuse_denied(request: web.Request, denied: Denied) -> web.Response:
    """403, or 429 with Retry-After; on record where it was an attempt on an account."""
    await record_denied(request, denied)
    status, code = (429, "resting") if denied.retry_at else (403, "denied")
    response = problem(status, code, str(denied))
    set_retry(response, denied.retry_at, request.app[DESK])
    return response


async def colleagues(request: web.Request) -> web.Response:
    """Enabled handlers and supervisors: whom a contact can be handed to."""
    rows = await request.app[DESK].store.read(accounts.colleagues)
    found = (ColleagueRow(row.name, row.display_name, row.open_limit) for row in rows)
    return answer(ColleaguesAnswer(tuple(found)))
