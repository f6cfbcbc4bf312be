"""Who is signed in, and the clock that all desks count by."""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import web

from intake.console.api.answers import answer
from intake.console.desk import DESK, PERSON
from intake.console.sign_in.pages import own_passkeys_at


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever asked. ``handler`` is the name by which the log knows them; ``csrf`` goes back with each
    change, in the header ``X-CSRF``; ``passkeys`` is the origin at which theirs work, empty where they have
    none. ``stale_suggest_s`` without an answer, and the desk suggests that the caller cannot be reached."""

    handler: str
    display_name: str
    role: str
    language: str
    open_limit: int
    locked: bool
    csrf: str
    passkeys: str
    idle_lock_s: float
    stale_suggest_s: float
    now: datetime


async def show(request: web.Request) -> web.Response:
    person = request[PERSON]
    return answer(
        Me(
            handler=person.name,
            display_name=person.display_name or person.name,
            role=person.role,
            language=person.language,
            open_limit=person.open_limit,
            locked=person.locked,
            csrf=person.csrf,
            passkeys=await own_passkeys_at(request, person),
            idle_lock_s=request.app[DESK].idle_lock_s,
            stale_suggest_s=request.app[DESK].stale_suggest_s,
            now=request.app[DESK].clock.now(),
        )
    )
