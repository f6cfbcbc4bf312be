"""Taking and keeping contacts: list, claim, renew, release, hold, close, priority, service, place."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies
from intake.console.api.answers import BadRequest, Handler, answer, read_body, read_query
from intake.console.api.choosing import said_place
from intake.console.desk import DESK, HANDLER, PERSON, Desk
from intake.console.views import contact as views
from intake.contact import Contact
from intake.control_room import Service
from intake.store import Connection, claims, contacts, handling, queue, unreachable
from intake.store.claims import Claim
from intake.store.types import from_us, to_us

B = TypeVar("B", bound=bodies.Fenced)

HOLD_LIMIT = timedelta(hours=24)
_CURSOR = re.compile(r"([0-9])\.([0-9]{1,16})\.([0-9A-Za-z-]{1,36})")
"""Priority, microseconds and id: nothing that a database or the calendar cannot take."""


async def list_queue(request: web.Request) -> web.Response:
    desk, handler = request.app[DESK], request[HANDLER]
    query = read_query(request, bodies.QueueQuery)
    where, after = _filter(query, handler), _place(query.after)
    now = desk.clock.now()
    page = await desk.store.read(
        lambda conn: queue.list_queue(conn, now, limit=query.limit, where=where, after=after)
    )
    counts = await desk.store.read(lambda conn: queue.count_queue(conn, now))
    auditing.tell(request, rows=len(page.contacts))
    if page.unshown:
        await desk.store.run(lambda conn: queue.mark_shown(conn, now, page.unshown))
    return answer(
        views.QueueAnswer(
            now=now,
            handler=handler,
            rows=[views.queue_row(contact, now) for contact in page.contacts],
            counts=counts,
            next=_cursor(page.next),
        )
    )


async def claim_next(request: web.Request) -> web.Response:
    desk, handler = request.app[DESK], request[HANDLER]
    lease_s = _lease_s(desk, (await read_body(request, bodies.Take)).lease_s)
    limit = request[PERSON].open_limit

    def work(conn: Connection) -> Contact | None:
        return claims.claim_next(conn, desk.clock.now(), handler, lease_s, open_limit=limit)

    return _changed(desk, await auditing.run(request, work))


async def claim(request: web.Request) -> web.Response:
    return await _taking(request, claims.claim)


async def reopen(request: web.Request) -> web.Response:
    return await _taking(request, claims.reopen)


async def _taking(request: web.Request, take: Callable[..., Contact]) -> web.Response:
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    lease_s = _lease_s(desk, (await read_body(request, bodies.Take)).lease_s)
    limit = request[PERSON].open_limit

    def work(conn: Connection) -> Contact:
        contact_id = contacts.find(conn, address)
        return take(conn, desk.clock.now(), contact_id, handler, lease_s, open_limit=limit)

    return _changed(desk, await auditing.run(request, work))


def changing(kind: type[B], act: Callable[[Connection, datetime, Claim, B, Desk], object]) -> Handler:
    """A handler for one change under the fence: read, act, answer with the contact as it is now."""

    async def handle(request: web.Request) -> web.Response:
        desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
        desk = msgspec.structs.replace(desk, open_limit=request[PERSON].open_limit)
        body = await read_body(request, kind)

        def work(conn: Connection) -> Contact:
            held = Claim(contacts.find(conn, address), handler, body.attempts)
            act(conn, desk.clock.now(), held, body, desk)
            return contacts.get(conn, held.contact_id)

        return _changed(desk, await auditing.run(request, work, **_chosen(body)))

    return handle


def _chosen(body: bodies.Fenced) -> dict[str, Any]:
    """What of a change may stand in the audit record: choices from a list, nothing that was typed."""
    choices = ("priority", "service", "silent", "whose", "anyway")
    return {name: getattr(body, name) for name in choices if hasattr(body, name)}


def renew(conn: Connection, now: datetime, held: Claim, body: bodies.Renew, desk: Desk) -> None:
    claims.renew(conn, now, held, _lease_s(desk, body.lease_s), open_limit=desk.open_limit)


def release(conn: Connection, now: datetime, held: Claim, body: bodies.Fenced, desk: Desk) -> None:
    claims.release(conn, now, held)


def hold(conn: Connection, now: datetime, held: Claim, body: bodies.Hold, desk: Desk) -> None:
    if (body.until is None) == (body.for_s is None):
        raise BadRequest("give either `until` or `for_s`")
    # `for_s` is compared before it is added: a huge number must not overflow the calendar.
    if body.for_s is not None and body.for_s > HOLD_LIMIT.total_seconds():
        raise BadRequest("a contact can be held for 24 hours at most")
    until = body.until or now + timedelta(seconds=body.for_s or 0)
    if until - now > HOLD_LIMIT:
        raise BadRequest("a contact can be held for 24 hours at most")
    claims.hold(conn, now, held, until, body.reason)


def mark_unreachable(
    conn: Connection, now: datetime, held: Claim, body: bodies.Unreachable, desk: Desk
) -> None:
    unreachable.mark(conn, now, held, body.reason, body.signs, review_s=desk.stale_review_s)


def close(conn: Connection, now: datetime, held: Claim, body: bodies.Close, desk: Desk) -> None:
    handling.close(conn, now, held, body.reason, anyway=body.anyway)


def set_priority(conn: Connection, now: datetime, held: Claim, body: bodies.SetPriority, desk: Desk) -> None:
    handling.set_priority(conn, now, held, body.priority)


def set_service(conn: Connection, now: datetime, held: Claim, body: bodies.SetService, desk: Desk) -> None:
    handling.set_service(conn, now, held, Service.from_word(body.service) if body.service else None)


def set_silent(conn: Connection, now: datetime, held: Claim, body: bodies.SetSilent, desk: Desk) -> None:
    handling.set_silent(conn, now, held, body.silent)


def locate(conn: Connection, now: datetime, held: Claim, body: bodies.Locate, desk: Desk) -> None:
    location = said_place(conn, now, held, body, desk)
    handling.add_location(conn, now, held, location, desk.new_id, desk.places.choose_best)


def _changed(desk: Desk, contact: Contact | None) -> web.Response:
    row = None if contact is None else views.queue_row(contact, desk.clock.now())
    return answer(views.ContactChange(contact=row))


def _lease_s(desk: Desk, asked_s: float | None) -> float:
    """What was asked for, within the limit; the answer's ``until`` says what it became."""
    return desk.lease_s if asked_s is None else min(asked_s, desk.lease_limit_s)


def _filter(query: bodies.QueueQuery, handler: str) -> queue.QueueFilter:
    try:
        states = query.states()
    except ValueError as error:
        raise BadRequest(f"`state`: {error}") from None
    return queue.QueueFilter(
        states=states,
        needs_person=query.needs_person,
        claimable=query.claimable,
        claimed_by=handler if query.mine else "",
        priority=query.priority,
        channel=query.channel,
        service=Service.from_word(query.service).value if query.service else "",
    )


def _cursor(place: queue.Place | None) -> str | None:
    return None if place is None else f"{place.priority}.{to_us(place.queued_at)}.{place.id}"


def _place(cursor: str) -> queue.Place | None:
    if not cursor:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise BadRequest("`after` must be the `next` of the page before")
    return queue.Place(int(found[1]), from_us(int(found[2])), found[3])
