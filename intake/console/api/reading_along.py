"""A supervisor reads a conversation along with its handler, who is told so."""

from __future__ import annotations

from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies_between as bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK, HANDLER
from intake.console.views.contact import ContactChange, queue_row
from intake.contact import Contact
from intake.store import Connection, contacts, reading_along


async def join(request: web.Request) -> web.Response:
    """Until they leave, or their live line shows it no more."""
    desk, supervisor, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    await read_body(request, bodies.ReadAlong)

    def work(conn: Connection) -> Contact:
        return reading_along.join(conn, desk.clock.now(), contacts.find(conn, address), supervisor)

    contact = await auditing.run(request, work)
    return answer(ContactChange(contact=queue_row(contact, desk.clock.now())))


async def leave(request: web.Request) -> web.Response:
    """Leaving what one did not join is no fault: the line may have ended it already."""
    desk, supervisor, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    await read_body(request, bodies.ReadAlong)

    def work(conn: Connection) -> Contact:
        contact_id = contacts.find(conn, address)
        reading_along.leave(conn, contact_id, supervisor)
        return contacts.get(conn, contact_id)

    contact = await auditing.run(request, work)
    return answer(ContactChange(contact=queue_row(contact, desk.clock.now())))
