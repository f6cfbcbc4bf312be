"""What happened, and its way to a control room."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from intake.contact import ContactId
from intake.control_room import RoomId, Service
from intake.location import CallerLocation

IncidentId = NewType("IncidentId", str)
TransferId = NewType("TransferId", str)


class Methane(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """M/ETHANE, the report shape control rooms know (JESIP). ``major`` False drops the M."""

    major: bool = False
    exact_location: str = ""
    type_of_incident: str = ""
    hazards: str = ""
    access: str = ""
    casualties: int | None = None
    emergency_services: str = ""


class IncidentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a person said, as a receiving room needs to read it."""

    at: datetime
    author: str
    text: str


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """What one message to a room says happened: everything ``mait`` may write, and nothing else."""

    id: IncidentId
    reference: str
    opened_at: datetime
    services: tuple[Service, ...]
    channel: str
    caller: str
    language: str
    silent: bool
    methane: Methane
    location: CallerLocation | None
    other_locations: tuple[CallerLocation, ...] = ()
    messages: tuple[IncidentMessage, ...] = ()
    priority: int = 2


class TransferKind(StrEnum):
    """MAIT's message types as far as the provisional profile goes."""

    CREATION = "creation"
    UPDATE = "update"
    CLOSURE = "closure"


class TransferState(StrEnum):
    """queued → sent → delivered → accepted | rejected; ``held`` waits for a person.

    *Delivered* is the room's "received and being considered": it is not *accepted* (law 11).
    """

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    HELD = "held"


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """One incident on its way to one control room.

    ``id`` is the message id on every attempt; ``sequence`` orders the messages of one incident to
    one room. The next attempt's time is written before dialling; ``attempts`` is the fence.
    """

    id: TransferId
    incident_id: IncidentId
    contact_id: ContactId
    room_id: RoomId
    service: Service
    kind: TransferKind
    sequence: int
    state: TransferState
    document: bytes
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    first_room_id: RoomId
    room_reference: str = ""
    reason: str = ""


class Verdict(StrEnum):
    """What a room says of a transfer, by its application confirmation or later."""

    CONSIDERING = "considering"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A room's answer about one transfer: ``reference`` is the room's own number for the incident."""

    transfer_id: TransferId
    room_id: RoomId
    verdict: Verdict
    reference: str = ""
    reason: str = ""
