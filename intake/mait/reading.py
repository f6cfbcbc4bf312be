"""A document of the provisional profile as the incident it tells of. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from lxml import etree

from intake.control_room import RoomId, Service
from intake.errors import InvalidMait
from intake.incident import Incident, IncidentId, IncidentMessage, Methane, TransferKind
from intake.location import STATED_CONFIDENCE_PCT, CallerLocation, LocationMethod, LocationSource, Whose
from intake.mait.document import child, children, find, local_name, parse, read_instant, text_of
from intake.mait.writing import ROOT_OF_KIND

_KIND_OF_ROOT = {root: kind for kind, root in ROOT_OF_KIND.items()}
T = TypeVar("T")


class ReceivedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What one message says: who to whom, which in order, and the incident.

    ``services`` is what the addressed room is asked for. ``grid_reference`` and ``uprn`` are those of
    the incident's place; ``omitted_messages`` counts what the sender left out of the conversation.
    """

    message_id: str
    kind: TransferKind
    sequence: int
    sent_at: datetime
    from_agency: str
    to_room: RoomId
    services: tuple[Service, ...]
    incident: Incident
    on_behalf_of: RoomId | None = None
    grid_system: str = ""
    grid_reference: str = ""
    uprn: str = ""
    omitted_messages: int = 0
    extensions: dict[str, str] = msgspec.field(default_factory=dict)


def read(document: bytes) -> ReceivedMessage:
    """The message in a document; raises InvalidMait with every problem found.

    Extensions of other namespaces are let through and not interpreted.
    """
    root = parse(document)
    kind = _KIND_OF_ROOT.get(local_name(root))
    if kind is None:
        raise InvalidMait([f"{local_name(root)} is not an incident message"])
    header, incident = child(root, "Header"), child(root, "Incident")
    place = find(incident, "Location")
    grid = None if place is None else find(place, "Grid")
    return ReceivedMessage(
        message_id=text_of(header, "MessageId"),
        kind=kind,
        sequence=int(text_of(header, "Sequence")),
        sent_at=read_instant(text_of(header, "SentAt")),
        from_agency=text_of(header, "FromAgency"),
        to_room=RoomId(text_of(header, "ToAgency")),
        on_behalf_of=RoomId(text_of(header, "OnBehalfOf")) or None,
        services=_read_services(child(incident, "ServicesAsked")),
        incident=_read_incident(incident),
        grid_system="" if grid is None else text_of(grid, "System"),
        grid_reference="" if grid is None else text_of(grid, "GridReference"),
        uprn="" if place is None else text_of(place, "Uprn"),
        omitted_messages=int(child(incident, "Conversation").get("omitted", "0")),
        extensions=_read_extensions(find(root, "Extensions")),
    )


def _read_incident(node: etree._Element) -> Incident:
    people = child(node, "PeopleInvolved")
    caller, casualties = child(people, "Caller"), child(people, "Casualties")
    place, others = find(node, "Location"), find(node, "OtherLocations")
    return Incident(
        id=IncidentId(text_of(node, "IncidentId")),
        reference=text_of(node, "Reference"),
        opened_at=read_instant(text_of(node, "OpenedAt")),
        priority=int(text_of(node, "Priority")),
        services=_read_services(child(node, "AllServices")),
        channel=text_of(caller, "Channel"),
        caller=text_of(caller, "Address"),
        language=text_of(caller, "Language"),
        silent=_is_true(caller, "SilentWarning"),
        methane=_read_methane(child(node, "Methane"), casualties),
        location=None if place is None else _read_location(place),
        other_locations=()
        if others is None
        else tuple(_read_location(other) for other in children(others, "OtherLocation")),
        messages=tuple(
            IncidentMessage(
                at=read_instant(text_of(message, "At")),
                author=text_of(message, "Author"),
                text=text_of(message, "Text"),
            )
            for message in children(child(node, "Conversation"), "Message")
        ),
    )


def _read_location(node: etree._Element) -> CallerLocation:
    positioned_at = text_of(node, "PositionedAt")
    return CallerLocation(
        latitude=float(text_of(node, "Latitude")),
        longitude=float(text_of(node, "Longitude")),
        uncertainty_m=float(text_of(node, "StatedRadiusMetres") or text_of(node, "RadiusMetres")),
        confidence_pct=float(text_of(node, "StatedConfidencePercent") or STATED_CONFIDENCE_PCT),
        method=_known(LocationMethod, text_of(node, "Method")),
        source=_known(LocationSource, text_of(node, "Source")),
        positioned_at=read_instant(positioned_at) if positioned_at else None,
        altitude_m=_if_there(node, "AltitudeMetres", float),
        clue=_if_there(node, "Clue", str),
        note=_if_there(node, "Note", str),
        whose=_known(Whose, text_of(node, "Whose")),
    )


def _read_methane(node: etree._Element, casualties: etree._Element) -> Methane:
    return Methane(
        major=_is_true(node, "MajorIncident"),
        exact_location=text_of(node, "ExactLocation"),
        type_of_incident=text_of(node, "TypeOfIncident"),
        hazards=text_of(node, "Hazards"),
        access=text_of(node, "Access"),
        casualties=_if_there(casualties, "CasualtyCount", int),
        emergency_services=text_of(node, "EmergencyServices"),
    )


def _read_services(node: etree._Element) -> tuple[Service, ...]:
    return tuple(_known(Service, service.text or "") for service in children(node, "Service"))


def _read_extensions(section: etree._Element | None) -> dict[str, str]:
    named = [] if section is None else children(section, "Extension")
    return {item.get("name", ""): item.text or "" for item in named}


def _known(kind: Callable[[str], T], value: str) -> T:
    """The code as one of our words; the schema leaves code lists open, so it may not be one."""
    try:
        return kind(value)
    except ValueError as error:
        raise InvalidMait([str(error)]) from None


def _is_true(parent: etree._Element, name: str) -> bool:
    return text_of(parent, name) in ("true", "1")  # xs:boolean has both spellings


def _if_there(parent: etree._Element, name: str, read_as: Callable[[str], T]) -> T | None:
    found = find(parent, name)
    return None if found is None else read_as(found.text or "")
