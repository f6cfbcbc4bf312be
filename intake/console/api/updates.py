"""Telling the rooms that have an incident what is new, in one call."""

from __future__ import annotations

from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies_between as bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK, HANDLER
from intake.console.views.contact import SentAnswer, queue_row
from intake.errors import Refused
from intake.store import contacts


async def send(request: web.Request) -> web.Response:
    """An update to every room that has it: a changed summary, what was said since, the notes chosen."""
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Update)
    if desk.updating is None:
        raise Refused("this console cannot send updates")
    contact_id = await desk.store.read(lambda conn: contacts.find(conn, address))
    record = auditing.recording(request, contact=contact_id, notes=len(body.notes))
    seen = None if body.seen is None else body.seen.transfers
    sent = await desk.updating.send(
        contact_id, handler, body.attempts, body.methane, body.notes, record, seen=seen
    )
    contact = await desk.store.run(lambda conn: contacts.get(conn, contact_id))
    row = queue_row(contact, desk.clock.now())
    return answer(SentAnswer(contact=row, transfer_ids=list(sent)), 202)
