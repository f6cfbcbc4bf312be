"""The M/ETHANE summary a handler starts from: what a machine can fill in, and what was sent before."""

from __future__ import annotations

import msgspec
from aiohttp import web

from intake.console.api import bodies
from intake.console.api.answers import BadRequest, answer, read_query
from intake.console.desk import DESK
from intake.contact import Contact
from intake.control_room import Service
from intake.incident import Methane
from intake.location import CallerLocation
from intake.room_message import first_report
from intake.store import Connection, contacts, outgoing


class SummaryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``prefill`` is the machine's, from the caller's words and the place as it is now; ``sent`` the newest
    a person gave with a hand-over, None before the first."""

    prefill: Methane
    sent: Methane | None


async def show(request: web.Request) -> web.Response:
    desk, address = request.app[DESK], request.match_info["contact"]
    asked = read_query(request, bodies.RouteQuery).service
    now = desk.clock.now()

    def look(conn: Connection) -> tuple[Contact, CallerLocation | None, Methane | None]:
        contact = contacts.get(conn, contacts.find(conn, address))
        known = [one.location for one in contacts.hypotheses(conn, contact.id)]
        place = desk.places.fuse(known, now).place_now if known else contact.location
        return contact, place, outgoing.report_of(conn, contact.id)

    contact, place, sent = await desk.store.read(look)
    try:
        services = [Service.from_word(word) for word in dict.fromkeys(asked.split(",")) if word]
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return answer(SummaryAnswer(prefill=first_report(contact, place, services), sent=sent))
