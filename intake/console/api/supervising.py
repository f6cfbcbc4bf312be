"""What a supervisor does to a contact that is in nobody's or in another's hands."""

from __future__ import annotations

from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies_between as bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK, HANDLER
from intake.console.views.contact import ContactChange, queue_row
from intake.contact import Contact
from intake.store import Connection, contacts, handling


async def raise_priority(request: web.Request) -> web.Response:
    """Raise a priority without a claim; it is never lowered this way."""
    desk, supervisor, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Raise)

    def work(conn: Connection) -> Contact:
        contact_id = contacts.find(conn, address)
        now = desk.clock.now()
        return handling.raise_priority(conn, now, contact_id, supervisor, body.priority, body.reason)

    contact = await auditing.run(request, work, priority=int(body.priority))
    return answer(ContactChange(contact=queue_row(contact, desk.clock.now())))
