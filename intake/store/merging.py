"""Two contacts that are one conversation: one is kept, the other shows in it, and all of it can be undone.

Nothing is deleted or rewritten: messages, places, clues, replies and transfers stay the merged contact's
own and are read with the contact it is part of (`contacts.whole`), so that undoing takes them along.
`contacts.merged_into` names the contact that is kept in the end, however long the chain; `merges` holds
each step.

Locks: what is merged already first, then the two, by caller, channel and id: the order in which the way in
locks its threads. A into B and B into A at one moment: the second finds its own side merged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update

from intake.contact import Contact, ContactId, ContactState, clean_text
from intake.errors import NotFound, Refused, StaleClaim
from intake.location import CallerLocation
from intake.log_events import LogEventName
from intake.reference import reference
from intake.store import claims, drafts, following, log, triage
from intake.store.claims import HANDED_OVER, Claim
from intake.store.contacts import get, hypotheses, whole
from intake.store.handling import ChooseBest
from intake.store.tables import contacts, merges, transfers
from intake.store.types import from_us, to_us

_WITH_PEOPLE = (ContactState.WAITING, ContactState.OPEN, ContactState.HELD, ContactState.STALE)
_STANDING = merges.c.undone_at.is_(None)


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """One contact became part of another; ``kept_id`` is where it went then."""

    id: str
    kept_id: ContactId
    merged_id: ContactId
    at: datetime
    by: str
    reason: str


def merge(
    conn: Connection,
    now: datetime,
    claim: Claim,
    into: ContactId,
    reason: str,
    new_id: Callable[[], str],
    choose_best: ChooseBest,
) -> Merge:
    """Make the claimed contact, or one that nobody has, part of ``into``, whoever has that.

    Raises StaleClaim where it is in other hands, Refused where one of the two is merged or closed.
    """
    if claim.contact_id == into:
        raise Refused("that is the same contact")
    _lock(conn, whole(conn, claim.contact_id)[1:])
    _lock(conn, [claim.contact_id, into])
    merged, kept = get(conn, claim.contact_id), get(conn, into)
    _require_live(conn, kept)
    _require_live(conn, merged)
    _require_hands(conn, now, merged, claim)
    made = Merge(
        id=new_id(), kept_id=into, merged_id=merged.id, at=now, by=claim.handler, reason=clean_text(reason)
    )
    raised = _raised(conn, now, merged, kept)
    before = {"merged": _stood(merged), "kept": {name: _plain(getattr(kept, name)) for name in raised}}
    before["raised"] = {name: _plain(value) for name, value in raised.items()}
    row = msgspec.structs.asdict(made) | {"before": before, "undone_at": None, "undone_by": ""}
    conn.execute(merges.insert().values(**row))
    gone = {"state": ContactState.MERGED, "merged_into": into, "claimed_by": ""}
    _put(conn, [merged.id], **gone, attempts=merged.attempts + 1)
    _put(conn, whole(conn, merged.id)[1:], merged_into=into)
    if raised:
        _put(conn, [into], **raised)
    drafts.carry_over(conn, merged.id, into)
    _choose(conn, now, into, choose_best)
    _log(conn, now, made, claim.handler, merged, "merged")
    return made


def unmerge(
    conn: Connection, now: datetime, kept_id: ContactId, merge_id: str, handler: str, choose_best: ChooseBest
) -> Contact:
    """Undo one merge: the contact comes back to its place as it stood, with what came for it since.

    ``kept_id`` is the contact it shows in. A claim is not brought back: it waits in its old place.
    Raises NotFound, StaleClaim while another handler has the kept contact, Refused where it was undone.
    """
    row = conn.execute(select(merges).where(merges.c.id == merge_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no merge {merge_id}")
    merged_id = ContactId(row.merged_id)
    parts = _subtree(conn, merged_id)
    _lock(conn, parts)
    _lock(conn, [kept_id])
    merged, kept = get(conn, merged_id), get(conn, kept_id)
    standing = select(merges.c.id).where(merges.c.id == merge_id, _STANDING)
    if merged.merged_into != kept_id or conn.execute(standing).first() is None:
        raise Refused("that merge was undone already, or is part of another contact: look at it again")
    if kept.claimed_by not in ("", handler) and kept.next_attempt_at > now:
        raise StaleClaim(f"{_name(kept)} is with {kept.claimed_by}: ask them")
    done = update(merges).where(merges.c.id == merge_id, _STANDING)
    conn.execute(done.values(undone_at=now, undone_by=handler))
    _put(conn, _subtree(conn, merged_id)[1:], merged_into=merged_id)
    _come_back(conn, now, merged, row)
    _put(conn, [kept_id], **_lowered(conn, kept, row))
    _choose(conn, now, kept_id, choose_best)
    made = _merge_of(row)
    _log(conn, now, made, handler, merged, "undone", kept_id)
    return get(conn, merged_id)


def standing_in(conn: Connection, contact_id: ContactId) -> Sequence[tuple[Merge, Contact]]:
    """The merges that show in a contact, each with the contact that was merged, oldest first."""
    ids = whole(conn, contact_id)[1:]
    if not ids:
        return []
    rows = conn.execute(
        select(merges).where(_STANDING, merges.c.merged_id.in_(ids)).order_by(merges.c.at, merges.c.id)
    ).all()
    return [(_merge_of(row), get(conn, row.merged_id)) for row in rows]


def answered_by(conn: Connection, contact: Contact, to: str = "") -> Contact:
    """Which contact of a conversation a reply goes to: the one named by id, reference or channel, or the
    one the caller wrote by last. Raises Refused where ``to`` names none of them, or two."""
    parts = [get(conn, one) for one in whole(conn, contact.id)]
    if not to:
        return max(parts, key=lambda one: (_last_said(conn, one), one.id == contact.id))
    named = [one for one in parts if to in (one.id, _name(one), one.channel)]
    if len(named) == 1:
        return named[0]
    known = ", ".join(f"{_name(one)} ({one.channel})" for one in parts)
    raise Refused(f"{'none' if not named else 'more than one'} of its ways is {to!r}: there are {known}")


def _last_said(conn: Connection, contact: Contact) -> datetime:
    # A kept contact's own `last_message_at` counts its parts' words too.
    return triage.last_words_at(conn, contact.id) or contact.queued_at


def _lock(conn: Connection, ids: Iterable[ContactId]) -> None:
    """Keep these from others until the end, one after the other in the way in's own order."""
    named = select(contacts.c.caller, contacts.c.channel, contacts.c.id).where(contacts.c.id.in_(list(ids)))
    for row in in_order(conn.execute(named).all()):
        conn.execute(select(contacts.c.id).where(contacts.c.id == row.id).with_for_update())


def in_order(rows: Iterable[Any]) -> list[Any]:
    """By caller, channel, id: nobody who locks contacts does it in another order."""
    return sorted(rows, key=lambda row: (row.caller, row.channel, row.id))


def _require_live(conn: Connection, contact: Contact) -> None:
    if contact.state is ContactState.MERGED:
        kept = get(conn, contact.merged_into)
        raise Refused(f"{_name(contact)} is part of {_name(kept)} already")
    if contact.state is ContactState.CLOSED:
        raise Refused(f"{_name(contact)} is closed: reopen it first")


def _require_hands(conn: Connection, now: datetime, contact: Contact, claim: Claim) -> None:
    is_free = not contact.claimed_by or contact.next_attempt_at <= now
    if contact.attempts != claim.attempts or not is_free:
        claims.owned(conn, now, claim)


def _raised(conn: Connection, now: datetime, merged: Contact, kept: Contact) -> dict[str, Any]:
    """What the kept contact takes over: the higher priority, silence, the longer wait, an incident.

    Words that wait for a person still do: a kept contact that rooms have is shown to people again.
    """
    values: dict[str, Any] = {}
    if merged.priority < kept.priority:
        values |= {"priority": int(merged.priority), "priority_rule": merged.priority_rule}
    if merged.silent and not kept.silent:
        values["silent"] = True
    if merged.last_message_at > kept.last_message_at:
        values["last_message_at"] = merged.last_message_at
    if merged.incident_id and not kept.incident_id:
        values["incident_id"] = merged.incident_id
    if merged.state in _WITH_PEOPLE:
        if merged.queued_at < kept.queued_at:
            values["queued_at"] = merged.queued_at
        in_hands = kept.claimed_by != "" and kept.next_attempt_at > now
        if kept.state in HANDED_OVER and in_hands:
            values["state"] = ContactState.OPEN
        elif kept.state in (ContactState.HELD, ContactState.STALE, *HANDED_OVER):
            values |= {"state": ContactState.WAITING, "next_attempt_at": now, "claimed_by": ""}
    return values


_TAKEN_BACK = ("priority", "priority_rule", "silent", "queued_at", "incident_id")
"""What undoing gives back, where nobody has changed it since."""


def _lowered(conn: Connection, kept: Contact, row: Row[Any]) -> dict[str, Any]:
    before, raised = row.before["kept"], row.before["raised"]
    values = {
        name: before[name]
        for name in _TAKEN_BACK
        if name in raised and _plain(getattr(kept, name)) == raised[name]
    }
    if ("priority" in values) != ("priority_rule" in values):
        values = {name: value for name, value in values.items() if not name.startswith("priority")}
    own = select(transfers.c.id).where(transfers.c.contact_id == kept.id).limit(1)
    if "incident_id" in values and conn.execute(own).first() is not None:
        del values["incident_id"]  # it has told rooms of that incident itself
    if "queued_at" in values:
        values["queued_at"] = from_us(values["queued_at"])
    return values


def _come_back(conn: Connection, now: datetime, merged: Contact, row: Row[Any]) -> None:
    """As it stood: waiting in its old place, held, or with its rooms; new words wait for a person."""
    stood = row.before["merged"]
    state, until = ContactState(stood["state"]), from_us(stood["next_attempt_at"])
    values: dict[str, Any] = {
        "state": ContactState.WAITING.value,
        "merged_into": "",
        "attempts": merged.attempts + 1,
        "queued_at": from_us(stood["queued_at"]),
        "next_attempt_at": now,
    }
    said_more = merged.last_message_at > row.at
    if state is ContactState.HELD and until > now:
        values |= {"state": state.value, "next_attempt_at": until}
    if state in HANDED_OVER and said_more:
        values["queued_at"] = merged.last_message_at
    _put(conn, [merged.id], **values)
    if state in HANDED_OVER and not said_more:
        following.resume(conn, now, merged.id, following.UNMERGED)


def _choose(conn: Connection, now: datetime, contact_id: ContactId, choose_best: ChooseBest) -> None:
    """The place the queue shows, from what the contact is made of now."""
    places: list[CallerLocation] = [one.location for one in hypotheses(conn, contact_id)]
    best = choose_best(places, now)
    if best is not None:
        triage.set_best(conn, now, contact_id, best)
    else:
        _put(conn, [contact_id], location=None)


def _subtree(conn: Connection, merged_id: ContactId) -> list[ContactId]:
    """A merged contact, then all that were merged into it before, as far as that stands."""
    found, fresh = [merged_id], [merged_id]
    while fresh:
        query = select(merges.c.merged_id).where(_STANDING, merges.c.kept_id.in_(fresh))
        fresh = [ContactId(one) for one in conn.execute(query).scalars() if one not in found]
        found += fresh
    return found


def _stood(contact: Contact) -> dict[str, Any]:
    names = ("state", "queued_at", "next_attempt_at", "claimed_by", "attempts", "priority", "priority_rule")
    return {name: _plain(getattr(contact, name)) for name in names}


def _plain(value: Any) -> Any:
    """As JSON keeps it: times in microseconds."""
    return to_us(value) if isinstance(value, datetime) else value


def _put(conn: Connection, ids: Sequence[ContactId], **values: Any) -> None:
    if ids and values:
        plain = {
            name: value.value if isinstance(value, ContactState) else value for name, value in values.items()
        }
        conn.execute(update(contacts).where(contacts.c.id.in_(ids)).values(**plain))


def _merge_of(row: Row[Any]) -> Merge:
    return Merge(**{name: row._mapping[name] for name in Merge.__struct_fields__})


def _name(contact: Contact) -> str:
    return reference(contact.number, contact.queued_at)


def _log(
    conn: Connection,
    now: datetime,
    made: Merge,
    actor: str,
    merged: Contact,
    what: str,
    shown_in: ContactId | None = None,
) -> None:
    kept_id = shown_in or made.kept_id
    for contact_id, side in ((kept_id, {"part": made.merged_id}), (made.merged_id, {"into": kept_id})):
        data = {"merge_id": made.id, "what": what, "from": merged.state.value, **side}
        log.write(conn, now, LogEventName.MERGE, contact_id, actor, data)
