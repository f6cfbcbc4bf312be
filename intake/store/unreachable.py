"""Callers a handler could not reach: marked, heard of again, tried again, and at priority 3 closed at last.

A marked contact is `stale`: in nobody's hands, in its place, and looked at again by whoever takes it. At
priority 1 and 2 `next_attempt_at` brings it back by itself (`queue.is_claimable`), and nothing but a
person closes it. A sign of the caller brings it back at once: new words in the way in's own transaction
(`Arrivals`), every other sign by `heard_of`, which compares what there is with what there was at the mark.
Counted, and not told by the clock: a transaction that commits late is a sign all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal_column,
    select,
    update,
)

from intake.contact import ContactId, ContactState, DeliveryState, MessageKind, clean_text
from intake.errors import Refused
from intake.incident import TransferState
from intake.log_events import LogEventName
from intake.outcomes import SAYING
from intake.store import following, location_links, log
from intake.store.claims import HANDED_OVER, Claim, move, owned
from intake.store.contacts import get, whole
from intake.store.location_links import LinkEnd
from intake.store.queue import TRIED_AGAIN
from intake.store.tables import contacts, locations, messages, replies, transfers
from intake.store.tables import location_links as links

AT_ONCE = 200
"""Contacts looked at in one statement, and closed in one transaction."""
REASON_CHARACTERS = 200

# Written bare, so that both engines see that the partial index answers it.
_STALE: ColumnElement[bool] = literal_column("contacts.state = 'stale'")
ROUTINE = contacts.c.priority > int(TRIED_AGAIN)
"""Which unreachable callers are closed by themselves in the end. Nobody more urgent, ever."""

_WITH_A_ROOM = (
    TransferState.QUEUED,
    TransferState.SENT,
    TransferState.DELIVERED,
    TransferState.ACCEPTED,
)


class Signs(msgspec.Struct, frozen=True):
    """Signs of a caller beside their words: phones' own places, what their links' page told, our replies
    that arrived (one that was read counts twice). Only compared, never judged by their number."""

    places: int = 0
    links: int = 0
    replies: int = 0

    def since(self, before: Signs) -> str:
        """What came since, for the log; empty where nothing did."""
        if self.links != before.links:
            return SAYING.en("used_link")
        if self.places != before.places:
            return SAYING.en("phone_told")
        return SAYING.en("reply_arrived") if self.replies != before.replies else ""


class Unreachable(msgspec.Struct, frozen=True, kw_only=True):
    """How many callers are marked so now, and since when the first of them."""

    count: int
    oldest_since: datetime | None


def signs_of(conn: Connection, contact_id: ContactId) -> int:
    """One number that is another after every sign of the caller, words included: who marks a contact
    sends back the one they saw."""
    ids = whole(conn, contact_id)
    said = conn.execute(select(func.count()).where(messages.c.contact_id.in_(ids))).scalar_one()
    found = _beside(conn, dict.fromkeys(ids, contact_id)).get(contact_id, Signs())
    return int(said) + found.places + found.links + found.replies


def mark(conn: Connection, now: datetime, claim: Claim, reason: str, signs: int, *, review_s: float) -> None:
    """The caller cannot be reached: out of these hands, in its place, tried again after ``review_s``.

    Raises StaleClaim; Refused where a room has it or considers it, and where there was a sign of the
    caller that whoever marks it has not seen: their words are never hidden by a mark.
    """
    # Under the contact's lock, which the way in takes as well: words come before this, or after it.
    contact = owned(conn, now, claim)
    if contact.state in HANDED_OVER:
        raise Refused("it was handed over: the room has it, release it instead")
    if contact.state is not ContactState.OPEN:
        raise Refused("the caller has been heard of: it waits in the queue again")
    if rooms := _rooms(conn, contact.id):
        raise Refused(f"{', '.join(rooms)} has it or considers it: tell it with an update, and do not wait")
    if signs_of(conn, contact.id) != signs:
        raise Refused("there is something new of the caller that you have not seen: look at it first")
    ids = whole(conn, contact.id)
    known = _beside(conn, dict.fromkeys(ids, contact.id)).get(contact.id, Signs())
    tried = clean_text(reason, REASON_CHARACTERS)
    values = {
        "claimed_by": "",
        "next_attempt_at": now + timedelta(seconds=review_s),
        "unreachable_since": now,
        "unreachable_reason": tried,
        "unreachable_signs": known,
    }
    move(conn, now, claim, contact, ContactState.STALE, tried, values)


def heard_of(conn: Connection) -> list[ContactId]:
    """Unreachable callers of whom there has been a sign since; asked without writing."""
    found: list[ContactId] = []
    rows = conn.execute(select(contacts.c.id, contacts.c.unreachable_signs).where(_STALE)).all()
    for at in range(0, len(rows), AT_ONCE):
        some = {ContactId(row.id): _signs(row.unreachable_signs) for row in rows[at : at + AT_ONCE]}
        now_known = _beside(conn, _parts(conn, list(some)))
        found += [one for one, before in some.items() if now_known.get(one, Signs()).since(before)]
    return found


def bring_back(conn: Connection, now: datetime, contact_ids: Collection[ContactId]) -> int:
    """Put those of whom there is a sign back into their places in the queue; how many."""
    return sum(_bring_back(conn, now, one) for one in contact_ids)


def close_silent(conn: Connection, now: datetime, before: datetime) -> int:
    """Close callers of priority 3 who were marked before a time and never heard of since; how many."""
    may_close = and_(
        _STALE, ROUTINE, contacts.c.unreachable_since < before, contacts.c.last_message_at < before
    )
    rows = conn.execute(select(contacts.c.id).where(may_close).limit(AT_ONCE)).scalars()
    closed = 0
    for contact_id in rows.all():
        if _bring_back(conn, now, contact_id):
            continue  # a sign of them that nobody has looked at yet
        values = {
            "state": ContactState.CLOSED.value,
            "closed_at": now,
            "closed_reason": SAYING.en("unreachable"),
            "threading": False,
        }
        changed = conn.execute(update(contacts).where(contacts.c.id == contact_id, may_close).values(values))
        if changed.rowcount:
            data = {"state": ContactState.CLOSED.value, "from": "stale", "reason": SAYING.en("unreachable")}
            log.write(conn, now, LogEventName.CONTACT_STATE, contact_id, "intake", data)
            location_links.end_all(conn, now, contact_id, LinkEnd.CLOSED)
            closed += 1
    return closed


def standing(conn: Connection) -> Unreachable:
    """For supervisors."""
    oldest = func.min(contacts.c.unreachable_since)
    row = conn.execute(select(func.count().label("many"), oldest.label("oldest")).where(_STALE)).one()
    return Unreachable(count=row.many, oldest_since=row.oldest)


def _bring_back(conn: Connection, now: datetime, contact_id: ContactId) -> bool:
    # The lock before the look: a mark that is being made is waited for.
    following.lock(conn, contact_id)
    contact = get(conn, contact_id)
    if contact.state is not ContactState.STALE:
        return False
    stored = conn.execute(select(contacts.c.unreachable_signs).where(contacts.c.id == contact_id)).scalar()
    now_known = _beside(conn, _parts(conn, [contact_id])).get(contact_id, Signs())
    sign = now_known.since(_signs(stored))
    if sign:
        following.back_in_sight(conn, now, contact_id, sign, leaving=(ContactState.STALE,))
    return bool(sign)


def _signs(stored: Any) -> Signs:
    return Signs() if stored is None else msgspec.convert(stored, Signs)


def _rooms(conn: Connection, contact_id: ContactId) -> Sequence[str]:
    with_a_room = [state.value for state in _WITH_A_ROOM]
    query = select(transfers.c.room_id).where(
        transfers.c.contact_id.in_(whole(conn, contact_id)), transfers.c.state.in_(with_a_room)
    )
    return sorted(conn.execute(query.distinct()).scalars())


def _parts(conn: Connection, contact_ids: Collection[ContactId]) -> dict[ContactId, ContactId]:
    """Each of these and each contact that is part of one, with the one it shows in."""
    into = select(contacts.c.id, contacts.c.merged_into).where(
        contacts.c.merged_into != literal_column("''"), contacts.c.merged_into.in_(contact_ids)
    )
    parts = {ContactId(row.id): ContactId(row.merged_into) for row in conn.execute(into)}
    return parts | {one: one for one in contact_ids}


def _beside(conn: Connection, parts: Mapping[ContactId, ContactId]) -> dict[ContactId, Signs]:
    """The signs beside words of whole conversations, from those of their parts."""
    ids = list(parts)
    told = [links.c.opened_at, links.c.asked_at, links.c.granted_at, links.c.refused_at]
    marks = sum(
        (case((at.is_not(None), 1), else_=0) for at in told[1:]), case((told[0].is_not(None), 1), else_=0)
    )
    state = replies.c.state
    arrived = case(
        (state == DeliveryState.READ.value, 2), (state == DeliveryState.DELIVERED.value, 1), else_=0
    )
    found: dict[ContactId, Signs] = {}
    by_place = (
        select(locations.c.contact_id, func.count(locations.c.message_id.distinct()).label("many"))
        .join(messages, messages.c.id == locations.c.message_id)
        .where(locations.c.contact_id.in_(ids), messages.c.kind == MessageKind.PLACE.value)
        .group_by(locations.c.contact_id)
    )
    for name, query in {
        "places": by_place,
        "links": _sums(links.c.contact_id, marks, ids),
        "replies": _sums(replies.c.contact_id, arrived, ids),
    }.items():
        for row in conn.execute(query):
            one = parts[row.contact_id]
            so_far = found.get(one, Signs())
            found[one] = msgspec.structs.replace(so_far, **{name: getattr(so_far, name) + int(row.many)})
    return found


def _sums(of: Any, what: ColumnElement[Any], ids: Collection[str]) -> Select[Any]:
    return select(of, func.sum(what).label("many")).where(of.in_(ids)).group_by(of)
