"""What a handler has typed and not sent: kept as they type, theirs alone."""

from __future__ import annotations

from aiohttp import web

from intake.console.api import bodies_between as bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK, HANDLER
from intake.console.views import between as views
from intake.contact import ContactId
from intake.store import Connection, contacts, drafts


async def keep(request: web.Request) -> web.Response:
    """No claim is needed and no record is made: a draft says nothing to anybody."""
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Draft)
    now = desk.clock.now()

    def work(conn: Connection) -> tuple[ContactId, str]:
        contact_id = contacts.find(conn, address)
        drafts.keep(conn, now, handler, contact_id, body.text)
        return contact_id, drafts.of_handler(conn, handler, contact_id)

    contact_id, text = await desk.store.run(work)
    return answer(views.DraftAnswer(contact_id=contact_id, text=text, changed_at=now))
