"""What a message to a room says of a contact: the incident as it is known at this moment."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from intake.contact import Contact, InboundMessage, MessageKind
from intake.control_room import Service
from intake.incident import Incident, IncidentId, IncidentMessage, Methane
from intake.locate.grid_out import grid_reference
from intake.location import CallerLocation
from intake.reference import reference
from intake.store import Connection, contacts

SILENT_HAZARD = "Do not ring or speak: the caller may not be able to, or somebody may be with them."


def incident_of(
    conn: Connection,
    contact: Contact,
    incident_id: IncidentId,
    services: Sequence[Service],
    methane: Methane | None,
    best: CallerLocation | None,
    also: Sequence[IncidentMessage] = (),
) -> Incident:
    """All that ``mait`` may write. ``methane`` is a person's report; None leaves it to a machine. ``also``
    are handlers' notes that one of them has chosen to go along."""
    said, answered = contacts.conversation(conn, contact.id)
    messages = [
        IncidentMessage(at=one.received_at, author="caller", text=text)
        for one in said
        if (text := _words(one.content))
    ]
    messages += [IncidentMessage(at=one.created_at, author=one.author, text=one.text) for one in answered]
    return Incident(
        id=incident_id,
        reference=reference(contact.number, contact.queued_at),
        opened_at=said[0].received_at if said else contact.queued_at,
        services=tuple(services),
        channel=contact.channel,
        caller=contact.caller,
        language=contact.language,
        silent=contact.silent,
        methane=methane or first_report(contact, best, services),
        location=best,
        other_locations=tuple(
            one.location for one in contacts.hypotheses(conn, contact.id) if one.location != best
        ),
        messages=tuple(sorted([*messages, *also], key=lambda message: message.at)),
        priority=int(contact.priority),
    )


def first_report(contact: Contact, best: CallerLocation | None, services: Sequence[Service] = ()) -> Methane:
    """M/ETHANE as far as a machine can fill it in: what was said and where, nothing guessed.

    In English, as control rooms read it. ``services`` are those that are asked for.
    """
    required = ", ".join(one.word.replace("-", " ") for one in services)
    return Methane(
        exact_location=_place(best) if best is not None else "",
        type_of_incident=contact.summary,
        hazards=SILENT_HAZARD if contact.silent else "",
        emergency_services=f"Present: not known. Required: {required}." if required else "",
    )


def _place(best: CallerLocation) -> str:
    radius_m = best.radius_m()
    place = f"{best.latitude:.5f}, {best.longitude:.5f}, within {radius_m:.0f} m (95 %)"
    if grid := grid_reference(best.latitude, best.longitude, radius_m):
        place = f"{grid}; {place}"
    words = best.note or best.clue
    return f"{words.strip()}; {place}" if words and words.strip() else place


def _words(content: str) -> str:
    message = msgspec.json.decode(content, type=InboundMessage)
    if message.text or message.kind is MessageKind.PLACE:
        return message.text
    if message.locations:
        return "[location sent]"
    return (
        "[attachment: " + ", ".join(one.kind for one in message.attachments) + "]"
        if message.attachments
        else ""
    )
