"""What the handler who has a contact may do to it, each change under the fence and with its log event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Connection, and_, select, update

from intake.contact import Contact, ContactId, ContactState, Priority
from intake.control_room import Service
from intake.errors import Refused
from intake.incident import TransferState
from intake.location import CallerLocation, LocationSource
from intake.log_events import LogEventName
from intake.store import location_links, log, triage
from intake.store.claims import Claim, change, move, owned
from intake.store.contacts import get, hypotheses, whole
from intake.store.following import only_told, replaced
from intake.store.location_links import LinkEnd
from intake.store.tables import contacts, transfers
from intake.triage.saying import SAYING

SET_BY = SAYING.en("set_by", handler="")
"""How `priority_rule` and `service_reason` begin once a person has chosen: no suggestion outranks that."""

ChooseBest = Callable[[Iterable[CallerLocation], datetime], CallerLocation | None]


def close(conn: Connection, now: datetime, claim: Claim, reason: str, *, anyway: bool = False) -> None:
    """Close a contact. Refused while a room has not answered for it, unless ``anyway``."""
    contact = owned(conn, now, claim)
    if not anyway and (rooms := _unanswered(conn, claim.contact_id)):
        raise Refused(f"not accepted yet by {', '.join(rooms)}: wait for the room, or close it anyway")
    values = {"claimed_by": "", "closed_at": now, "closed_reason": reason}
    move(conn, now, claim, contact, ContactState.CLOSED, reason, values)
    location_links.end_all(conn, now, contact.id, LinkEnd.CLOSED)


def set_priority(conn: Connection, now: datetime, claim: Claim, priority: Priority) -> None:
    """A handler's choice; the rule that is named from now on is the handler."""
    owned(conn, now, claim)
    chosen = {"priority": int(priority), "priority_rule": f"{SET_BY}{claim.handler}"}
    change(conn, now, claim, chosen)
    log.write(conn, now, LogEventName.SUGGESTION, claim.contact_id, claim.handler, chosen)


def raise_priority(
    conn: Connection, now: datetime, contact_id: ContactId, supervisor: str, priority: Priority, reason: str
) -> Contact:
    """A supervisor's choice, whoever has the contact; raises Refused where it would not rise."""
    contact = get(conn, contact_id, lock=True)
    if contact.state in (ContactState.CLOSED, ContactState.MERGED):
        raise Refused(f"it is {contact.state}: nobody works on it")
    if priority >= contact.priority:
        raise Refused(f"its priority is {int(contact.priority)} already: this only raises it")
    chosen = {"priority": int(priority), "priority_rule": f"{SET_BY}{supervisor}"}
    conn.execute(update(contacts).where(contacts.c.id == contact_id).values(**chosen))
    log.write(conn, now, LogEventName.SUGGESTION, contact_id, supervisor, chosen | {"reason": reason})
    return get(conn, contact_id)


def set_service(conn: Connection, now: datetime, claim: Claim, service: Service | None) -> None:
    """A handler's choice; it outranks every suggestion."""
    owned(conn, now, claim)
    chosen = {
        "service": None if service is None else service.value,
        "service_reason": f"{SET_BY}{claim.handler}",
    }
    change(conn, now, claim, chosen)
    log.write(conn, now, LogEventName.SUGGESTION, claim.contact_id, claim.handler, chosen)


def set_silent(conn: Connection, now: datetime, claim: Claim, silent: bool) -> None:
    """A handler's choice. A caller who asks for silence again (55) is silent again: triage sees to that."""
    owned(conn, now, claim)
    chosen = {"silent": silent}
    change(conn, now, claim, chosen)
    log.write(conn, now, LogEventName.SUGGESTION, claim.contact_id, claim.handler, chosen)


def add_location(
    conn: Connection,
    now: datetime,
    claim: Claim,
    location: CallerLocation,
    new_id: Callable[[], str],
    choose_best: ChooseBest,
) -> CallerLocation:
    """Append a handler's hypothesis (law 14) and let ``choose_best`` choose; returns the chosen one.

    The log tells what was acted on before, and what is now.
    """
    contact = owned(conn, now, claim)
    said = msgspec.structs.replace(
        location, source=LocationSource.HANDLER, positioned_at=location.positioned_at or now
    )
    triage.add_locations(
        conn,
        now,
        [said],
        contact_id=contact.id,
        message_id=None,
        caller=contact.caller,
        actor=claim.handler,
        new_id=new_id,
    )
    best = choose_best([one.location for one in hypotheses(conn, contact.id)], now) or said
    triage.set_best(conn, now, contact.id, best)
    choice = {"acts_on": _logged(best), "instead_of": _logged(contact.location), "whose": said.whose.value}
    log.write(conn, now, LogEventName.LOCATION, contact.id, claim.handler, choice)
    return best


def _logged(place: CallerLocation | None) -> dict[str, float | str] | None:
    if place is None:
        return None
    return {
        "source": place.source.value,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "radius_m": round(place.radius_m(), 1),
    }


def _unanswered(conn: Connection, contact_id: ContactId) -> list[str]:
    finished = (TransferState.ACCEPTED.value, TransferState.REJECTED.value)
    rooms = conn.execute(
        select(transfers.c.room_id)
        .where(
            transfers.c.contact_id.in_(whole(conn, contact_id)),
            transfers.c.state.not_in(finished),
            # Held, and sent again since: the later message is what has to be answered.
            ~and_(transfers.c.state == TransferState.HELD.value, replaced()),
            ~only_told(),
        )
        .distinct()
    ).scalars()
    return sorted(rooms)
