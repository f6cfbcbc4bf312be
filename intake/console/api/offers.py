"""From hand to hand: offers between colleagues, the end of a shift, a supervisor's move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies_between as bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK, HANDLER, PERSON, Desk
from intake.console.views import between as views
from intake.console.views.contact import ContactChange, queue_row
from intake.contact import Contact, ContactId
from intake.errors import Refused
from intake.store import Connection, contacts, handling, offers
from intake.store.claims import Claim
from intake.store.offers import Offer


async def offer(request: web.Request) -> web.Response:
    """Offer a conversation to a colleague; it stays here until it is taken."""
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Offer)

    def work(conn: Connection) -> tuple[Offer, Contact]:
        if body.to:
            _hands(conn, desk, body.to)
        held = Claim(contacts.find(conn, address), handler, body.attempts)
        made = offers.offer(conn, desk.clock.now(), held, body.to, body.note, desk.new_id)
        return made, contacts.get(conn, made.contact_id)

    made, contact = await auditing.run(
        request, work, contact=lambda both: both[1].id, to=body.to, attempts=body.attempts
    )
    return answer(view(made, contact), 201)


async def take(request: web.Request) -> web.Response:
    """Take what is offered: the claim is mine, with a fence of its own."""
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    asked_s = (await read_body(request, bodies.TakeOffer)).lease_s
    lease_s = desk.lease_s if asked_s is None else min(asked_s, desk.lease_limit_s)
    limit = request[PERSON].open_limit

    def work(conn: Connection) -> Contact:
        contact_id = contacts.find(conn, address)
        return offers.take(conn, desk.clock.now(), contact_id, handler, lease_s, open_limit=limit)

    return _changed(desk, await auditing.run(request, work))


async def decline(request: web.Request) -> web.Response:
    return await _ending(request, offers.decline)


async def withdraw(request: web.Request) -> web.Response:
    return await _ending(request, offers.withdraw)


async def _ending(
    request: web.Request, end: Callable[[Connection, datetime, ContactId, str], Contact]
) -> web.Response:
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    await read_body(request, bodies.EndOffer)

    def work(conn: Connection) -> Contact:
        return end(conn, desk.clock.now(), contacts.find(conn, address), handler)

    return _changed(desk, await auditing.run(request, work))


async def list_offers(request: web.Request) -> web.Response:
    """What is offered to me or to anybody, and what I offer."""
    desk, handler = request.app[DESK], request[HANDLER]
    return answer(await desk.store.read(lambda conn: _offers(conn, desk, handler)))


async def hand_over(request: web.Request) -> web.Response:
    """The end of a shift: every open conversation of mine is offered."""
    desk, handler = request.app[DESK], request[HANDLER]
    body = await read_body(request, bodies.OfferAll)

    def work(conn: Connection) -> views.OffersAnswer:
        if body.to:
            _hands(conn, desk, body.to)
        offers.offer_all(conn, desk.clock.now(), handler, body.to, body.note, desk.new_id)
        return _offers(conn, desk, handler)

    return answer(await auditing.run(request, work, to=body.to))


async def move(request: web.Request) -> web.Response:
    """A supervisor puts a contact into a handler's hands, whoever has it."""
    desk, supervisor, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Move)

    def work(conn: Connection) -> Contact:
        return offers.move(
            conn,
            desk.clock.now(),
            contacts.find(conn, address),
            body.to,
            supervisor,
            desk.lease_s,
            open_limit=_hands(conn, desk, body.to),
        )

    return _changed(desk, await auditing.run(request, work, to=body.to))


async def raise_priority(request: web.Request) -> web.Response:
    """A supervisor raises a priority without a claim; it is never lowered this way."""
    desk, supervisor, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Raise)

    def work(conn: Connection) -> Contact:
        contact_id, now = contacts.find(conn, address), desk.clock.now()
        return handling.raise_priority(conn, now, contact_id, supervisor, body.priority, body.reason)

    return _changed(desk, await auditing.run(request, work, priority=int(body.priority)))


def _hands(conn: Connection, desk: Desk, name: str) -> int:
    """How many conversations a colleague may have open; raises Refused for nobody we know."""
    hands = offers.hands_of(conn, name)
    if hands is None and name not in desk.tokens:
        raise Refused(f"there is no handler {name!r} here")
    return desk.open_limit if hands is None else hands


def _offers(conn: Connection, desk: Desk, handler: str) -> views.OffersAnswer:
    now = desk.clock.now()
    return views.OffersAnswer(
        now=now,
        offers=[view(*both) for both in offers.offers_to(conn, now, handler)],
        mine=[view(*both) for both in offers.offers_by(conn, now, handler)],
    )


def view(made: Offer, contact: Contact) -> views.OfferView:
    return views.OfferView(
        id=made.id,
        contact_id=made.contact_id,
        reference=views.name_of(contact),
        priority=int(contact.priority),
        channel=contact.channel,
        summary=contact.summary,
        from_handler=made.from_handler,
        to_handler=made.to_handler,
        note=made.note,
        offered_at=made.offered_at,
    )


def _changed(desk: Desk, contact: Contact) -> web.Response:
    return answer(ContactChange(contact=queue_row(contact, desk.clock.now())))
