"""Two contacts that are one conversation: make them one, see which may be, undo it."""

from __future__ import annotations

from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies_between as bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK, HANDLER
from intake.console.views import between as views
from intake.console.views.candidates import NEAR_MESSAGES_S
from intake.console.views.candidates import candidates as candidates_of
from intake.console.views.contact import ContactChange, queue_row
from intake.contact import Contact
from intake.store import Connection, alike, contacts, merging
from intake.store.claims import Claim
from intake.store.merging import Merge


async def merge(request: web.Request) -> web.Response:
    """The path's contact becomes part of another; answers with the one that is kept."""
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Merge)

    def work(conn: Connection) -> Contact:
        held = Claim(contacts.find(conn, address), handler, body.attempts)
        into = contacts.find(conn, body.into)
        merging.merge(conn, desk.clock.now(), held, into, body.reason, desk.new_id, desk.places.choose_best)
        return contacts.get(conn, into)

    kept = await auditing.run(request, work)
    return answer(ContactChange(contact=queue_row(kept, desk.clock.now())))


async def unmerge(request: web.Request) -> web.Response:
    """Undo one merge; answers with the contact that came back."""
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Unmerge)

    def work(conn: Connection) -> Contact:
        kept_id, best = contacts.find(conn, address), desk.places.choose_best
        return merging.unmerge(conn, desk.clock.now(), kept_id, body.merge, handler, best)

    back = await auditing.run(request, work)
    return answer(ContactChange(contact=queue_row(back, desk.clock.now())))


async def candidates(request: web.Request) -> web.Response:
    """Contacts that may be the same conversation, each with the reasons in words."""
    desk, address = request.app[DESK], request.match_info["contact"]
    now = desk.clock.now()

    def look(conn: Connection) -> views.CandidatesAnswer:
        contact = contacts.get(conn, contacts.find(conn, address))
        then = alike.same_minutes(conn, contact, NEAR_MESSAGES_S)
        return candidates_of(contact, alike.same_person(conn, contact), then, now)

    return answer(await desk.store.read(look))


def view(made: Merge, merged: Contact) -> views.MergeView:
    return views.MergeView(
        id=made.id,
        contact_id=merged.id,
        reference=views.name_of(merged),
        channel=merged.channel,
        caller=merged.caller,
        at=made.at,
        by=made.by,
        reason=made.reason,
    )
