"""Who is signed in, and the clock that all desks count by."""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import web

from intake.console.api.answers import answer
from intake.console.desk import DESK, PERSON


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever asked. ``handler`` is the name by which the log knows them."""

    handler: str
    display_name: str
    role: str
    language: str
    open_limit: int
    locked: bool
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
            now=request.app[DESK].clock.now(),
        )
    )
