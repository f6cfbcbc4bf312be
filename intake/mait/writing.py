"""An incident as a document of the provisional profile. Pure: ids and times are passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from lxml import etree

from intake.control_room import RoomId, Service
from intake.incident import Incident, IncidentMessage, Methane, TransferKind
from intake.location import STATED_CONFIDENCE_PCT, CallerLocation
from intake.mait.document import add, add_text, child, find, instant, parse, serialise, start
from intake.mait.grid import grid_position
from intake.mait.legible import MESSAGE_CHARACTERS, REPORT_CHARACTERS, legible

ROOT_OF_KIND = {
    TransferKind.CREATION: "IncidentCreationMessage",
    TransferKind.UPDATE: "IncidentUpdateMessage",
    TransferKind.CLOSURE: "IncidentClosureMessage",
}
SIGNED_BESIDE = "hmac-sha256-detached"
"""The signature is over the whole document and travels beside it, so that a hub can pass both on."""

OTHER_LOCATIONS_MOST = 30
CONVERSATION_BYTES_MOST = 512 * 1024
_HALF_THE_EARTH_M = 20_037_508.0
_ALTITUDE_MOST_M = 20_000.0


def write(
    incident: Incident,
    *,
    message_id: str,
    kind: TransferKind,
    sequence: int,
    sent_at: datetime,
    from_agency: str,
    to_room: str,
    services: Sequence[Service],
    on_behalf_of: RoomId | None = None,
    uprn: str = "",
    extensions: Mapping[str, str] | None = None,
) -> bytes:
    """The document, UTF-8, valid against ``profile.xsd`` and within the size limit.

    ``services`` is what this room is asked for; ``on_behalf_of`` the room whose buddy it is;
    ``sequence`` counts an incident's messages to one service from 1. Text that XML cannot carry is
    replaced in sight. Of a very long conversation the first message and the newest are written, and
    ``omitted`` says how many are not; so with places that are none, as latitude 999. Raises
    InvalidMait, naming every problem.
    """
    root = start(ROOT_OF_KIND[kind])
    header = add(root, "Header")
    add(header, "MessageId", message_id)
    add(header, "SentAt", instant(sent_at))
    add(header, "FromAgency", from_agency)
    add(header, "ToAgency", to_room)
    if on_behalf_of:
        add(header, "OnBehalfOf", on_behalf_of)
    add(header, "Sequence", str(sequence))
    authentication = add(header, "Authentication")
    add(authentication, "Scheme", SIGNED_BESIDE)
    add(authentication, "KeyHolder", from_agency)
    _write_incident(root, incident, services, uprn)
    if extensions:
        section = add(root, "Extensions")
        for name, value in extensions.items():
            add(section, "Extension", legible(value, REPORT_CHARACTERS)).set("name", name)
    return serialise(root)


def redirect(document: bytes, *, to_room: RoomId, on_behalf_of: RoomId) -> bytes:
    """The same message addressed to the buddy room, naming the room it logs for. Raises InvalidMait."""
    root = parse(document)
    header = child(root, "Header")
    addressee = child(header, "ToAgency")
    addressee.text = to_room
    absent = find(header, "OnBehalfOf")
    if absent is None:
        absent = add(header, "OnBehalfOf")
        absent.tail = addressee.tail
        addressee.addnext(absent)
    absent.text = on_behalf_of
    return serialise(root)


def _write_incident(root: etree._Element, incident: Incident, services: Sequence[Service], uprn: str) -> None:
    node = add(root, "Incident")
    add(node, "IncidentId", incident.id)
    add_text(node, "Reference", incident.reference)
    add(node, "OpenedAt", instant(incident.opened_at))
    add(node, "Priority", str(incident.priority))
    _write_services(add(node, "ServicesAsked"), services)
    _write_services(add(node, "AllServices"), incident.services)
    if incident.location is not None and _is_place(incident.location):
        _write_location(add(node, "Location"), incident.location, uprn)
    _write_other_locations(node, incident.other_locations)
    _write_people(add(node, "PeopleInvolved"), incident)
    _write_methane(add(node, "Methane"), incident.methane)
    _write_conversation(add(node, "Conversation"), incident.messages)


def _write_services(node: etree._Element, services: Sequence[Service]) -> None:
    for service in services:
        add(node, "Service", service.value)


def _write_location(node: etree._Element, location: CallerLocation, uprn: str = "") -> None:
    radius_m = min(location.radius_m(), _HALF_THE_EARTH_M)
    add(node, "Latitude", _decimal(location.latitude, 7))
    add(node, "Longitude", _decimal(location.longitude, 7))
    add(node, "RadiusMetres", _decimal(radius_m, 1))
    if location.confidence_pct != STATED_CONFIDENCE_PCT and 0 <= location.confidence_pct <= 100:
        add(node, "StatedRadiusMetres", _decimal(min(location.uncertainty_m, _HALF_THE_EARTH_M), 1))
        add(node, "StatedConfidencePercent", _decimal(location.confidence_pct, 3))
    if location.altitude_m is not None and -_ALTITUDE_MOST_M <= location.altitude_m <= _ALTITUDE_MOST_M:
        add(node, "AltitudeMetres", _decimal(location.altitude_m, 1))
    _write_grid(node, location.latitude, location.longitude, radius_m)
    if uprn:
        add(node, "Uprn", uprn)
    add(node, "Method", location.method.value)
    add(node, "Source", location.source.value)
    if location.positioned_at is not None:
        add(node, "PositionedAt", instant(location.positioned_at))
    if location.clue is not None:
        add_text(node, "Clue", location.clue)
    if location.note is not None:
        add_text(node, "Note", location.note)
    if location.whose:
        add(node, "Whose", location.whose.value)


def _is_place(location: CallerLocation) -> bool:
    """False for a nonsense fix: it must not keep an incident from its room."""
    return abs(location.latitude) <= 90 and abs(location.longitude) <= 180 and location.uncertainty_m >= 0


def _write_grid(node: etree._Element, latitude: float, longitude: float, radius_m: float) -> None:
    position = grid_position(latitude, longitude, radius_m)
    if position is None:
        return
    grid = add(node, "Grid")
    add(grid, "System", position.system)
    add(grid, "Easting", str(position.easting_m))
    add(grid, "Northing", str(position.northing_m))
    add(grid, "GridReference", position.reference)


def _write_other_locations(node: etree._Element, others: Sequence[CallerLocation]) -> None:
    if not others:
        return
    kept = [other for other in others if _is_place(other)][-OTHER_LOCATIONS_MOST:]
    section = add(node, "OtherLocations")
    section.set("omitted", str(len(others) - len(kept)))
    for other in kept:
        _write_location(add(section, "OtherLocation"), other)


def _write_people(node: etree._Element, incident: Incident) -> None:
    caller = add(node, "Caller")
    add_text(caller, "Channel", incident.channel)
    add_text(caller, "Address", incident.caller)
    add_text(caller, "Language", incident.language)
    add(caller, "SilentWarning", _boolean(incident.silent))
    casualties = add(node, "Casualties")
    count = incident.methane.casualties
    add(casualties, "CasualtyStatus", "unknown" if count is None else "reported" if count else "none")
    if count is not None:
        add(casualties, "CasualtyCount", str(count))


def _write_methane(node: etree._Element, methane: Methane) -> None:
    add(node, "MajorIncident", _boolean(methane.major))
    add_text(node, "ExactLocation", methane.exact_location, REPORT_CHARACTERS)
    add_text(node, "TypeOfIncident", methane.type_of_incident, REPORT_CHARACTERS)
    add_text(node, "Hazards", methane.hazards, REPORT_CHARACTERS)
    add_text(node, "Access", methane.access, REPORT_CHARACTERS)
    add_text(node, "EmergencyServices", methane.emergency_services, REPORT_CHARACTERS)


def _write_conversation(node: etree._Element, messages: Sequence[IncidentMessage]) -> None:
    kept = _within_budget([(message, legible(message.text, MESSAGE_CHARACTERS)) for message in messages])
    node.set("omitted", str(len(messages) - len(kept)))
    for message, text in kept:
        item = add(node, "Message")
        add(item, "At", instant(message.at))
        add_text(item, "Author", message.author)
        add(item, "Text", text)


def _within_budget(messages: list[tuple[IncidentMessage, str]]) -> list[tuple[IncidentMessage, str]]:
    """The first message and as many of the newest as fit: what was asked for, and how things stand."""
    kept: list[tuple[IncidentMessage, str]] = []
    left = CONVERSATION_BYTES_MOST - (_written_bytes(messages[0]) if messages else 0)
    for entry in reversed(messages[1:]):
        left -= _written_bytes(entry)
        if left < 0:
            break
        kept.append(entry)
    return messages[:1] + kept[::-1]


def _written_bytes(entry: tuple[IncidentMessage, str]) -> int:
    message, text = entry
    overhead = 250  # tags and indentation of one Message
    return overhead + sum(
        len(escape(part, {"\r": "&#13;"}).encode()) for part in (legible(message.author), text)
    )


def _decimal(value: float, digits: int) -> str:
    """A plain decimal, no exponent, with no digits the value has not got."""
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _boolean(value: bool) -> str:
    return "true" if value else "false"
