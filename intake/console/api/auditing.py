"""The auditor's page: who saw and did what, searched, downloaded, and verified. No caller's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from intake.console import auditing
from intake.console.desk import DESK, PERSON
from intake.console.pages.shells import SHELLS, language_of
from intake.console.roles import Right
from intake.console.routes import RIGHT_OF, Route, route
from intake.console.terminal.text import LONDON
from intake.console.verifying import VERIFYING
from intake.console.views.auditing import CSV_PAGE, CSV_ROWS, csv_text, moment, rows_of
from intake.console.wording import load_words
from intake.errors import NotFound
from intake.store import Connection, audit, contacts
from intake.store.audit import Search

PAGE = 100
FIELDS = ("actor", "contact", "action", "since", "until", "before")
FIELD_LIMIT = 60


class Asked(msgspec.Struct, frozen=True):
    """What the form holds, and what was made of it; ``wrong`` names the fields that cannot be read."""

    typed: Mapping[str, str]
    search: Search
    wrong: tuple[str, ...] = ()


async def page(request: web.Request) -> web.Response:
    """The newest records that match, a hundred at a time."""
    desk = request.app[DESK]
    asked = await desk.store.read(lambda conn: _asked(conn, request.query))
    found = []
    if not asked.wrong:
        found = await desk.store.read(lambda conn: audit.search(conn, asked.search, PAGE + 1))
    await auditing.record_view(request, contact=asked.search.contact_id, **_told(asked, len(found[:PAGE])))
    person, standing = request[PERSON], request.app[VERIFYING].standing
    words = load_words()[language_of(request, person)]
    older = found[PAGE - 1].number if len(found) > PAGE else None
    return request.app[SHELLS].page(
        request,
        "audit",
        person,
        status=400 if asked.wrong else 200,
        typed=asked.typed,
        wrong=asked.wrong,
        wrong_words=", ".join(words[f"audit.field_{name}"] for name in asked.wrong),
        rows=rows_of(found[:PAGE], words),
        actions=_actions(request),
        csv=f"/audit.csv?{_query(asked)}",
        older=None if older is None else f"/audit?{_query(asked, before=str(older))}",
        newest=f"/audit?{_query(asked)}" if asked.typed["before"] else None,
        standing=standing,
        verified_at=moment(standing.at),
    )


async def download(request: web.Request) -> web.StreamResponse:
    """Everything that matches as CSV, newest first, ``CSV_ROWS`` at most."""
    desk = request.app[DESK]
    asked = await desk.store.read(lambda conn: _asked(conn, request.query))
    if asked.wrong:
        raise web.HTTPBadRequest(text=f"cannot be read: {', '.join(asked.wrong)}")
    await auditing.record_view(request, contact=asked.search.contact_id, **_told(asked))
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="audit.csv"',
        }
    )
    await response.prepare(request)
    await response.write(csv_text(()).encode())
    search, left = asked.search, CSV_ROWS
    while left > 0:
        found = await desk.store.read(partial(audit.search, wanted=search, limit=min(CSV_PAGE, left)))
        await response.write(csv_text(found, heading=False).encode())
        if len(found) < CSV_PAGE:
            break
        left -= len(found)
        search = msgspec.structs.replace(search, before=found[-1].number)
    await response.write_eof()
    return response


async def verify(request: web.Request) -> web.Response:
    """Begin to verify the chain; the page tells how far it is."""
    await auditing.run(request, lambda conn: None)
    request.app[VERIFYING].start()
    return web.Response(status=303, headers={"Location": "/audit#chain"})


AUDIT_ROUTES: tuple[Route, ...] = (
    route("GET", "/audit", page, Right.AUDIT, "audit.search", is_page=True),
    route("GET", "/audit.csv", download, Right.AUDIT, "audit.export", is_page=True),
    route("POST", "/audit/verify", verify, Right.AUDIT, "audit.verify", is_page=True),
)


def _asked(conn: Connection, query: Mapping[str, str]) -> Asked:
    typed = {name: query.get(name, "").strip()[:FIELD_LIMIT] for name in FIELDS}
    wrong = [name for name in FIELDS if not typed[name].isprintable()]
    moments: dict[str, datetime | None] = {}
    for name in ("since", "until"):
        try:
            moments[name] = _moment(typed[name])
        except (ValueError, OverflowError):
            wrong.append(name)
    contact_id = ""
    if typed["contact"] and "contact" not in wrong:
        try:
            contact_id = contacts.find(conn, typed["contact"])
        except NotFound:
            wrong.append("contact")
    before = typed["before"]
    if before and not (before.isascii() and before.isdigit() and len(before) <= 18):
        wrong.append("before")
    if wrong:
        return Asked(typed, Search(), tuple(wrong))
    search = Search(
        actor=typed["actor"].lower(),
        contact_id=contact_id,
        action=typed["action"],
        before=int(before) if before else None,
        **moments,
    )
    return Asked(typed, search)


def _moment(text: str) -> datetime | None:
    """What a browser's field for a date and time sends, London's clock; None for an empty field."""
    if not text:
        return None
    said = datetime.fromisoformat(text)
    return (said if said.tzinfo else said.replace(tzinfo=LONDON)).astimezone(UTC)


def _told(asked: Asked, rows: int | None = None) -> dict[str, Any]:
    """Which fields were searched by, and how much was found; never what was typed into them."""
    used: list[str] = [name for name in FIELDS if asked.typed[name]]
    return {"by": used} if rows is None else {"by": used, "rows": rows}


def _query(asked: Asked, **more: str) -> str:
    kept = {name: asked.typed[name] for name in FIELDS if name != "before" and asked.typed[name]}
    return urlencode({**kept, **more})


def _actions(request: web.Request) -> Iterable[str]:
    return sorted({one.action for one in request.app[RIGHT_OF].asked.values() if one.action})
