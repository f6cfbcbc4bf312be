"""Asks a caller for their place by a link to their own browser."""

from __future__ import annotations

from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK, HANDLER
from intake.console.views import contact as views
from intake.console.views.links import LinkView, link_views
from intake.contact import Contact
from intake.errors import Refused
from intake.store import Connection, claims, contacts, location_links
from intake.store.claims import Claim
from intake.store.location_links import LinkMode


async def invite(request: web.Request) -> web.Response:
    """Send a link, under the fence; the one sent before ends with it."""
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Invite)
    inviting = desk.inviting
    if inviting is None:
        raise Refused("there are no location links here: an operator sets INTAKE_LINKS__SECRET")

    def work(conn: Connection) -> tuple[LinkView, str, Contact]:
        now = desk.clock.now()
        contact = claims.owned(conn, now, Claim(contacts.find(conn, address), handler, body.attempts))
        invited = inviting.invite(conn, now, contact.id, handler, LinkMode(body.mode))
        views_ = link_views(location_links.of_contact(conn, contact.id), now)
        return next(one for one in views_ if one.id == invited.link_id), invited.reply_id, contact

    link, reply_id, contact = await auditing.run(request, work, attempts=body.attempts, mode=body.mode)
    desk.store.bell.ring()
    row = views.queue_row(contact, desk.clock.now())
    return answer(views.InviteAnswer(link=link, reply_id=reply_id, contact=row), 202)
