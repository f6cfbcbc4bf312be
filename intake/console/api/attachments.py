"""One attachment of a message, by our own path: the browser asks nobody but us, and on record."""

from __future__ import annotations

import msgspec
from aiohttp import web

from intake.console import auditing
from intake.console.api.answers import problem
from intake.console.attachments.fetching import Attachment
from intake.console.desk import DESK
from intake.errors import MediaFailed, MediaTrouble, NotFound
from intake.store.attachments import attached

FACTS = "X-Attachment"
"""A header with the JSON of ``Facts``."""
HEADERS = {
    # Whatever it is: never a document of ours, never from another page, never kept by a browser.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
STATUS = {
    MediaTrouble.UNREACHABLE: 502,
    MediaTrouble.GONE: 410,
    MediaTrouble.TOO_LARGE: 413,
    MediaTrouble.NOT_UNDERSTOOD: 422,
    MediaTrouble.NOT_OURS: 422,
    MediaTrouble.NO_ACCESS: 501,
}


async def show(request: web.Request) -> web.Response:
    """The bytes, once it is on record who saw them; or why there are none, as ``media_…``."""
    desk, at = request.app[DESK], request.match_info
    if desk.attachments is None:
        raise NotFound("this console fetches no attachments")
    number = int(at["number"])
    found = await desk.store.read(lambda conn: attached(conn, at["contact"], at["message"], number))
    try:
        brought = await desk.attachments.bring(found)
    except MediaFailed as error:
        return problem(STATUS[error.trouble], f"media_{error.trouble}", str(error))
    auditing.tell(request, message=at["message"], number=number, sort=str(brought.facts.sort))
    return _answer(brought)


def _answer(brought: Attachment) -> web.Response:
    # A download even where somebody opens the address itself: only the desk's own script shows it.
    name = f'attachment; filename="{brought.facts.name}"'
    facts = msgspec.json.encode(brought.facts).decode()
    return web.Response(
        body=brought.body,
        content_type=brought.content_type,
        headers={**HEADERS, "Content-Disposition": name, FACTS: facts},
    )
