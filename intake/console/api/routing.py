"""Where a handed-over contact goes on to: another room taken or dismissed, every decision explained."""

from __future__ import annotations

from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK, HANDLER, Desk
from intake.console.views import contact as views
from intake.contact import ContactId
from intake.control_room import Service
from intake.errors import Refused
from intake.rerouting import Rerouting
from intake.store import contacts


async def reroute(request: web.Request) -> web.Response:
    """Send to the room that is proposed; the one that has it keeps it until the other has accepted."""
    desk, handler = request.app[DESK], request[HANDLER]
    body = await read_body(request, bodies.TakeProposal)
    rerouting, contact_id = await _asked(request, desk)
    record = auditing.recording(request, contact=contact_id, service=body.service)
    sent = await rerouting.accept(contact_id, handler, body.attempts, _service(body.service), record)
    return answer(views.SentAnswer(contact=await _row(desk, contact_id), transfer_ids=list(sent)), 202)


async def stay(request: web.Request) -> web.Response:
    """Leave the incident with the room that has it, for a reason that is kept."""
    desk, handler = request.app[DESK], request[HANDLER]
    body = await read_body(request, bodies.Stay)
    rerouting, contact_id = await _asked(request, desk)
    record = auditing.recording(request, contact=contact_id, service=body.service)
    await rerouting.dismiss(contact_id, handler, body.attempts, body.reason, _service(body.service), record)
    return answer(views.ContactChange(contact=await _row(desk, contact_id)))


async def explain(request: web.Request) -> web.Response:
    """Every decision with what it stood on, replayed."""
    desk, address = request.app[DESK], request.match_info["contact"]
    explaining = desk.explaining
    if explaining is None:
        raise Refused("decisions cannot be explained here: this console has no maps")
    return answer(await desk.store.read(lambda conn: explaining.explain(conn, address)))


async def _asked(request: web.Request, desk: Desk) -> tuple[Rerouting, ContactId]:
    if desk.rerouting is None:
        raise Refused("this console cannot hand a contact on")
    address = request.match_info["contact"]
    return desk.rerouting, await desk.store.read(lambda conn: contacts.find(conn, address))


async def _row(desk: Desk, contact_id: ContactId) -> views.QueueRow:
    contact = await desk.store.run(lambda conn: contacts.get(conn, contact_id))
    return views.queue_row(contact, desk.clock.now())


def _service(word: str | None) -> Service | None:
    return None if word is None else Service.from_word(word)
