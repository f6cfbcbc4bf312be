"""An incident and its transfers, written in the transaction of their decision (law 10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select, update

from intake.contact import ContactId, ContactState
from intake.control_room import Service
from intake.errors import NotFound
from intake.incident import IncidentId, Methane, Transfer, TransferState
from intake.log_events import LogEventName
from intake.store import following, log
from intake.store.tables import contacts, incidents, transfers

_NO_REPORT = Methane()


def open_incident(
    conn: Connection, now: datetime, contact_id: ContactId, methane: Methane | None, new_id: Callable[[], str]
) -> tuple[IncidentId, Methane | None]:
    """The contact's incident, made when it has none, and the newest M/ETHANE a person gave of it.

    ``methane`` is such a report; None leaves the one before it standing.
    """
    found = conn.execute(select(contacts.c.incident_id).where(contacts.c.id == contact_id)).scalar()
    if found is None:
        raise NotFound(f"there is no contact {contact_id}")
    if not found:
        incident_id = new_id()
        conn.execute(incidents.insert().values(id=incident_id, opened_at=now, methane=methane or _NO_REPORT))
        conn.execute(update(contacts).where(contacts.c.id == contact_id).values(incident_id=incident_id))
        return IncidentId(incident_id), methane
    if methane is not None:
        conn.execute(update(incidents).where(incidents.c.id == found).values(methane=methane))
        return IncidentId(found), methane
    stored = conn.execute(select(incidents.c.methane).where(incidents.c.id == found)).scalar_one()
    report = msgspec.convert(stored, Methane)
    return IncidentId(found), None if report == _NO_REPORT else report


def report_of(conn: Connection, contact_id: ContactId) -> Methane | None:
    """The newest M/ETHANE a person gave of a contact's incident; None where nobody did."""
    query = (
        select(incidents.c.methane)
        .join(contacts, contacts.c.incident_id == incidents.c.id)
        .where(contacts.c.id == contact_id)
    )
    stored = conn.execute(query).scalar()
    report = _NO_REPORT if stored is None else msgspec.convert(stored, Methane)
    return None if report == _NO_REPORT else report


def next_sequence(conn: Connection, incident_id: IncidentId, service: Service) -> int:
    """1 for the first message of an incident to a service, then counting up without a gap."""
    last = conn.execute(
        select(func.max(transfers.c.sequence)).where(
            transfers.c.incident_id == incident_id, transfers.c.service == service.value
        )
    ).scalar()
    return int(last or 0) + 1


def numbers_elsewhere(conn: Connection, incident_id: IncidentId, service: Service, room_id: str) -> list[int]:
    """The numbers of an incident's messages to a service that went to other rooms than this one."""
    query = select(transfers.c.sequence).where(
        transfers.c.incident_id == incident_id,
        transfers.c.service == service.value,
        transfers.c.room_id != room_id,
    )
    return sorted(conn.execute(query).scalars())


def enqueue(
    conn: Connection,
    now: datetime,
    transfer: Transfer,
    decision_id: str,
    created_by: str,
    *,
    by_itself: bool = False,
) -> None:
    """Put one transfer in the outbox, in the transaction of its decision (law 10); the contact is locked.

    One that goes ``by_itself`` tells a room that has the incident already: nothing of the contact moves.
    """
    conn.execute(
        transfers.insert().values(
            id=transfer.id,
            incident_id=transfer.incident_id,
            contact_id=transfer.contact_id,
            decision_id=decision_id,
            room_id=transfer.room_id,
            first_room_id=transfer.first_room_id,
            service=transfer.service.value,
            kind=transfer.kind.value,
            sequence=transfer.sequence,
            state=TransferState.QUEUED.value,
            document=transfer.document,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
            created_by=following.BY_ITSELF if by_itself else created_by,
            room_reference="",
            reason="",
        )
    )
    data = {"transfer_id": transfer.id, "state": TransferState.QUEUED.value, "room_id": transfer.room_id}
    log.write(conn, now, LogEventName.TRANSFER, transfer.contact_id, created_by, data)
    if not by_itself:
        following.move(conn, now, transfer.contact_id, ContactState.SENDING, "handed over")
