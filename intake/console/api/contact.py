"""One contact: show all of it, answer the caller, see who would get it, send it there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from aiohttp import web

from intake.addressee import Seen
from intake.console import auditing
from intake.console.api import bodies
from intake.console.api.answers import BadRequest, answer, read_body, read_query
from intake.console.api.between import with_between
from intake.console.desk import DESK, HANDLER, Desk
from intake.console.views import contact as views
from intake.console.views.conversation import conversation
from intake.console.views.links import link_views
from intake.console.views.places import fused_view
from intake.console.views.routing import AddedView, added_view, reroute_views
from intake.console.views.welsh import contact_with_welsh, route_with_welsh
from intake.contact import Contact
from intake.control_room import ASKED, Service
from intake.location import CallerLocation
from intake.store import (
    Connection,
    claims,
    clues,
    contacts,
    drafts,
    location_links,
    log,
    merging,
    replies,
    reply_keys,
    reroutes,
    unreachable,
)
from intake.store.claims import Claim


async def show(request: web.Request) -> web.Response:
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    now = desk.clock.now()

    def look(conn: Connection) -> views.ContactAnswer:
        found = with_between(conn, now, _everything(conn, now, address, desk), handler)
        return contact_with_welsh(found, desk.welsh)

    return answer(await desk.store.read(look))


def _everything(conn: Connection, now: datetime, address: str, desk: Desk) -> views.ContactAnswer:
    contact = contacts.get(conn, contacts.find(conn, address))
    # Before what is shown: words that come in between are shown and not counted, never the other way.
    signs = unreachable.signs_of(conn, contact.id)
    said, answered = contacts.conversation(conn, contact.id)
    places = contacts.hypotheses(conn, contact.id)
    find_room = desk.find_room
    return views.ContactAnswer(
        contact=views.queue_row(contact, now),
        moments=contacts.moments(conn, contact.id),
        conversation=conversation(
            said,
            answered,
            desk.old_after_s,
            clues.of_contact(conn, contact.id),
            lambda clue: desk.ask(clue, contact.language),
        ),
        places=[views.hypothesis(one, contact.location) for one in places],
        contradictions=desk.places.contradictions([one.location for one in places]),
        fused=fused_view(desk.places.fuse([one.location for one in places], now), places),
        decisions=[
            views.decision_view(
                one.decision,
                find_room,
                one,
                abroad=desk.router.neighbour(one.decision.abroad),
                border_question=desk.border_question,
            )
            for part in contacts.whole(conn, contact.id)
            for one in contacts.decisions_of(conn, part)
        ],
        transfers=[views.transfer_view(one, find_room) for one in contacts.shown_transfers(conn, contact.id)],
        links=link_views(location_links.of_contact(conn, contact.id), now),
        added=_added(conn, now, contact, contact.location and desk.places.as_of(contact.location, now), desk),
        reroutes=reroute_views(reroutes.of_contact(conn, contact.id), find_room),
        log=list(log.of_contact(conn, contact.id)),
        signs=signs,
    )


async def reply(request: web.Request) -> web.Response:
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Answer)

    def work(conn: Connection) -> tuple[str, Contact]:
        now, contact_id = desk.clock.now(), contacts.find(conn, address)
        said = reply_keys.found(conn, body.id, contact_id, handler, body.text) if body.id else None
        if said is not None:
            return said, contacts.get(conn, contact_id)
        contact = claims.owned(conn, now, Claim(contact_id, handler, body.attempts))
        drafts.drop(conn, handler, contact.id)
        way = merging.answered_by(conn, contact, body.to)
        reply_id = replies.queue_reply(conn, now, way.id, handler, body.text, desk.new_id)
        if body.id:
            reply_keys.keep(conn, body.id, contact.id, handler, reply_id)
        return reply_id, contact

    reply_id, contact = await auditing.run(request, work, attempts=body.attempts)
    desk.store.bell.ring()
    row = views.queue_row(contact, desk.clock.now())
    return answer(views.ReplyAnswer(reply_id=reply_id, contact=row), 202)


async def route(request: web.Request) -> web.Response:
    """A preview: what the router would decide now; nothing is stored."""
    desk, address = request.app[DESK], request.match_info["contact"]
    asked = read_query(request, bodies.RouteQuery).service
    now = desk.clock.now()

    def look(conn: Connection) -> tuple[Contact, CallerLocation | None, list[AddedView]]:
        contact = contacts.get(conn, contacts.find(conn, address))
        # As hand-over sees it at this moment, not as the last message left it.
        known = [one.location for one in contacts.hypotheses(conn, contact.id)]
        location = desk.places.fuse(known, now).place_now if known else contact.location
        chosen = _services(asked, contact) if asked else ()
        return contact, location, _added(conn, now, contact, location, desk, chosen)

    contact, location, added = await desk.store.read(look)
    find_room = desk.find_room
    row = views.queue_row(contact, now)
    found = views.RouteAnswer(
        reference=row.reference,
        place=views.place(location) if location else None,
        decisions=[
            views.decision_view(
                decided,
                find_room,
                abroad=desk.router.neighbour(decided.abroad),
                border_question=desk.border_question,
            )
            for service in _services(asked, contact)
            for decided in [desk.router.route(service, location)]
        ],
        added=added,
    )
    return answer(route_with_welsh(found, desk.welsh))


def _added(
    conn: Connection,
    now: datetime,
    contact: Contact,
    location: CallerLocation | None,
    desk: Desk,
    chosen: Iterable[Service] = (),
) -> list[AddedView]:
    """Suggestions, each with the room that would get it; the handler chooses."""
    if desk.suggesting is None:
        return []
    return [
        added_view(one, desk.router.route(one.service, location), desk.find_room)
        for one in desk.suggesting.beside(conn, now, contact, location, chosen)
    ]


def _services(asked: str, contact: Contact) -> Sequence[Service]:
    if not asked:
        return [contact.service] if contact.service else list(ASKED)
    try:
        return [Service.from_word(word) for word in dict.fromkeys(asked.split(","))]
    except ValueError as error:
        raise BadRequest(str(error)) from None


async def send(request: web.Request) -> web.Response:
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Send)
    contact_id = await desk.store.read(lambda conn: contacts.find(conn, address))
    services = [Service.from_word(word) for word in dict.fromkeys(body.services)]
    if body.room_id is not None and len(services) > 1:
        raise BadRequest("a room of your own choice takes one service at a time")
    record = auditing.recording(
        request,
        contact=contact_id,
        services=[one.word for one in services],
        room=body.room_id,
        rooms=list(body.rooms.values()),
    )
    sent = await desk.handover.send(
        contact_id,
        handler,
        body.attempts,
        services,
        body.room_id,
        body.methane,
        record,
        rooms=_by_service(body.rooms),
        seen=_seen(body.seen),
    )
    contact = await desk.store.run(lambda conn: contacts.get(conn, contact_id))
    row = views.queue_row(contact, desk.clock.now())
    return answer(views.SentAnswer(contact=row, transfer_ids=list(sent)), 202)


def _seen(said: bodies.Seen | None) -> Seen | None:
    return Seen(transfers=said.transfers, rooms=_by_service(said.rooms)) if said else None


def _by_service(named: Mapping[bodies.AnyServiceWord, str]) -> dict[Service, str]:
    return {Service.from_word(word): room_id for word, room_id in named.items()}
