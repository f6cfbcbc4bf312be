"""A contact offered to a colleague: it stays with its giver until it is taken, and is never with nobody.

An offer stands while its giver holds the very claim under which it was made. Once that has lapsed or is
another's, the contact is where the queue has it and the offer is nothing: no offer can keep a contact.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, literal, or_, select, update

from intake.contact import Contact, ContactId, ContactState, clean_text
from intake.errors import Refused
from intake.log_events import LogEventName
from intake.reference import reference
from intake.store import claims, log
from intake.store.claims import OPEN_LIMIT, Claim
from intake.store.contacts import COLUMNS, contact_from, get
from intake.store.queue import LIVE, ORDER
from intake.store.tables import accounts, contacts, handings

OFFERS_SHOWN = 200
_OFFERED = handings.c.state == literal("offered", literal_execute=True)


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """``to_handler`` is empty for whoever takes it first; ``attempts`` is the fence it was made under."""

    id: str
    contact_id: ContactId
    from_handler: str
    to_handler: str
    note: str
    attempts: int
    offered_at: datetime


def open_conversations(conn: Connection, handler: str, now: datetime | None = None) -> list[Contact]:
    """What a handler has open, by its place in the queue: nobody signs out with any. Without ``now``
    claims that have lapsed, and that nobody has taken since, count too."""
    query = select(*COLUMNS).where(
        LIVE, contacts.c.state == ContactState.OPEN.value, contacts.c.claimed_by == handler
    )
    if now is not None:
        query = query.where(contacts.c.next_attempt_at > now)
    return [contact_from(row._mapping) for row in conn.execute(query.order_by(*ORDER))]


def offer(
    conn: Connection, now: datetime, claim: Claim, to: str, note: str, new_id: Callable[[], str]
) -> Offer:
    """Offer a claimed contact, in the place of any offer before; the claim stays where it is.

    Raises StaleClaim or Refused where it is not the giver's.
    """
    contact = claims.owned(conn, now, claim)
    if to == claim.handler:
        raise Refused("it is with you: offer it to somebody else")
    if contact.state is ContactState.WAITING:
        raise Refused("it waits in the queue: anybody can take it there")
    _end(conn, now, contact.id, "withdrawn", claim.handler)
    made = Offer(
        id=new_id(),
        contact_id=contact.id,
        from_handler=claim.handler,
        to_handler=to,
        note=clean_text(note, 1_000),
        attempts=contact.attempts,
        offered_at=now,
    )
    row = msgspec.structs.asdict(made) | {"state": "offered", "ended_at": None, "ended_by": ""}
    conn.execute(handings.insert().values(**row))
    _log(conn, now, made.contact_id, claim.handler, made.id, "offered", to)
    return made


def offer_all(
    conn: Connection, now: datetime, handler: str, to: str, note: str, new_id: Callable[[], str]
) -> list[Offer]:
    """Offer every open conversation: the end of a shift. What is not taken stays with its giver."""
    mine = open_conversations(conn, handler, now)
    return [offer(conn, now, Claim.of(one), to, note, new_id) for one in mine]


def take(
    conn: Connection,
    now: datetime,
    contact_id: ContactId,
    taker: str,
    lease_s: float,
    *,
    open_limit: int = OPEN_LIMIT,
) -> Contact:
    """Take what is offered: the claim moves in one step, from hand to hand.

    Raises Refused where nothing is offered to this handler (any more) or their hands are full.
    """
    claims.require_free_hands(conn, now, taker, open_limit, besides=contact_id)
    contact = get(conn, contact_id, lock=True)
    found = _standing(conn, now, contact_id)
    if found is None or found.to_handler not in ("", taker):
        raise _nothing_for(contact, found)
    if found.from_handler == taker:
        raise Refused("it is yours already: withdraw the offer to keep it")
    taken = claims.pass_on(conn, now, contact, taker, taker, lease_s)
    _end(conn, now, contact_id, "taken", taker)
    return taken


def decline(conn: Connection, now: datetime, contact_id: ContactId, handler: str) -> Contact:
    """Say no to what was offered by name; its giver keeps it. Raises Refused."""
    contact = get(conn, contact_id, lock=True)
    found = _standing(conn, now, contact_id)
    if found is None or found.to_handler not in ("", handler):
        raise _nothing_for(contact, found)
    if not found.to_handler:
        raise Refused("it is offered to anybody: leave it to a colleague")
    _end(conn, now, contact_id, "declined", handler)
    return contact


def withdraw(conn: Connection, now: datetime, contact_id: ContactId, handler: str) -> Contact:
    """Take an offer of one's own back. Raises Refused."""
    contact = get(conn, contact_id, lock=True)
    found = _standing(conn, now, contact_id)
    if found is None or found.from_handler != handler:
        raise Refused(f"you do not offer {_name(contact)}")
    _end(conn, now, contact_id, "withdrawn", handler)
    return contact


def move(
    conn: Connection,
    now: datetime,
    contact_id: ContactId,
    to: str,
    supervisor: str,
    lease_s: float,
    *,
    open_limit: int = OPEN_LIMIT,
) -> Contact:
    """A supervisor puts a contact into a handler's hands, whoever has it; the cap holds. Raises Refused."""
    claims.require_free_hands(conn, now, to, open_limit, besides=contact_id)
    contact = get(conn, contact_id, lock=True)
    if contact.state in (ContactState.CLOSED, ContactState.MERGED):
        raise Refused(f"{_name(contact)} is {contact.state}: there is nothing to work on")
    if contact.claimed_by == to and contact.next_attempt_at > now and contact.state is ContactState.OPEN:
        raise Refused(f"{_name(contact)} is with {to} already")
    moved = claims.pass_on(conn, now, contact, to, supervisor, lease_s)
    _end(conn, now, contact_id, "withdrawn", supervisor)
    return moved


def standing(conn: Connection, now: datetime) -> list[tuple[Offer, Contact]]:
    """Every offer that stands, whoever it is made to; oldest first."""
    return _read(conn, _offers(now))


def offers_to(conn: Connection, now: datetime, handler: str) -> list[tuple[Offer, Contact]]:
    """What is offered to a handler by name, and what is offered to anybody; oldest first."""
    rows = _offers(now).where(handings.c.to_handler.in_(("", handler)), handings.c.from_handler != handler)
    return _read(conn, rows)


def offers_by(conn: Connection, now: datetime, handler: str) -> list[tuple[Offer, Contact]]:
    """What a handler offers; oldest first."""
    return _read(conn, _offers(now).where(handings.c.from_handler == handler))


def of_contact(conn: Connection, now: datetime, contact_id: ContactId) -> Offer | None:
    """The offer that stands for a contact."""
    return _standing(conn, now, contact_id)


def any_lapsed(conn: Connection, now: datetime) -> bool:
    """Whether ``withdraw_lapsed`` has something to do: asked without writing."""
    return conn.execute(_lapsed(now).limit(1)).first() is not None


def withdraw_lapsed(conn: Connection, now: datetime) -> int:
    """End the offers whose giver is gone or has let go: their contacts are in the queue, or elsewhere."""
    ended = 0
    for row in conn.execute(_lapsed(now).limit(OFFERS_SHOWN)).all():
        statement = update(handings).where(handings.c.id == row.id, _OFFERED)
        values = {"state": "withdrawn", "ended_at": now, "ended_by": "intake"}
        if conn.execute(statement.values(**values)).rowcount:
            _log(conn, now, ContactId(row.contact_id), "intake", row.id, "withdrawn", row.to_handler)
            ended += 1
    return ended


def _stands(now: datetime) -> ColumnElement[bool]:
    return and_(
        LIVE,
        contacts.c.attempts == handings.c.attempts,
        contacts.c.claimed_by == handings.c.from_handler,
        contacts.c.next_attempt_at > now,
        or_(
            contacts.c.state == ContactState.OPEN.value,
            contacts.c.state.in_([state.value for state in claims.HANDED_OVER]),
        ),
    )


def _lapsed(now: datetime) -> Select[tuple[str, str, str]]:
    return (
        select(handings.c.id, handings.c.contact_id, handings.c.to_handler)
        .join(contacts, contacts.c.id == handings.c.contact_id)
        .where(_OFFERED, ~_stands(now))
    )


def _offers(now: datetime) -> Select[tuple[object, ...]]:
    # Two tables have an id and attempts: the offer's own are named apart.
    named = [handings.c[name].label(f"offer_{name}") for name in Offer.__struct_fields__]
    return (
        select(*named, *COLUMNS)
        .join(contacts, contacts.c.id == handings.c.contact_id)
        .where(_OFFERED, _stands(now))
        .order_by(handings.c.offered_at, handings.c.id)
        .limit(OFFERS_SHOWN)
    )


def _read(conn: Connection, query: Select[tuple[object, ...]]) -> list[tuple[Offer, Contact]]:
    return [
        (
            Offer(**{name: row._mapping[f"offer_{name}"] for name in Offer.__struct_fields__}),
            contact_from(row._mapping),
        )
        for row in conn.execute(query)
    ]


def _standing(conn: Connection, now: datetime, contact_id: ContactId) -> Offer | None:
    found = _read(conn, _offers(now).where(handings.c.contact_id == contact_id))
    return found[0][0] if found else None


def _end(conn: Connection, now: datetime, contact_id: ContactId, state: str, actor: str) -> None:
    query = select(handings.c.id, handings.c.to_handler).where(_OFFERED, handings.c.contact_id == contact_id)
    for row in conn.execute(query).all():
        values = {"state": state, "ended_at": now, "ended_by": actor}
        conn.execute(update(handings).where(handings.c.id == row.id, _OFFERED).values(**values))
        _log(conn, now, contact_id, actor, row.id, state, row.to_handler)


def _nothing_for(contact: Contact, found: Offer | None) -> Refused:
    if found is not None:
        return Refused(f"{_name(contact)} is offered to {found.to_handler}")
    return Refused(f"{_name(contact)} is not offered any more: look for it in the queue")


def _name(contact: Contact) -> str:
    return reference(contact.number, contact.queued_at)


def _log(
    conn: Connection, now: datetime, contact_id: ContactId, actor: str, offer_id: str, state: str, to: str
) -> None:
    data = {"offer_id": offer_id, "state": state, "to": to}
    log.write(conn, now, LogEventName.HANDING, contact_id, actor, data)


def hands_of(conn: Connection, name: str) -> int | None:
    """How many conversations an account may have open; None where there is no such account that works."""
    row = conn.execute(
        select(accounts.c.open_limit).where(
            accounts.c.name == name,
            accounts.c.disabled_at.is_(None),
            accounts.c.role.in_(("handler", "supervisor")),
        )
    ).one_or_none()
    return None if row is None else int(row.open_limit)
