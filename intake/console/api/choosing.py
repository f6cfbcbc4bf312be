"""The place a handler chooses: typed, pointed at, out of a document, or one of the hypotheses."""

from __future__ import annotations

from datetime import datetime

import msgspec

from intake.console.api import bodies
from intake.console.api.answers import BadRequest
from intake.console.desk import Desk
from intake.console.views.places import ACCEPTS
from intake.errors import NotFound
from intake.locate.pidf_lo import InvalidPidf
from intake.locate.pidf_lo import read as read_pidf
from intake.locate.sources import whose_is
from intake.location import CallerLocation, LocationMethod, LocationSource, Whose
from intake.store import Connection, contacts
from intake.store.claims import Claim


def said_place(
    conn: Connection, now: datetime, held: Claim, body: bodies.Locate, desk: Desk
) -> CallerLocation:
    """Raises BadRequest for what is no one place, NotFound for an id that is none of this contact's."""
    place = _place_in(body, desk) if body.accept is None else _accepted(conn, now, held, body.accept, desk)
    return place if body.whose is None else msgspec.structs.replace(place, whose=Whose(body.whose))


def _accepted(conn: Connection, now: datetime, held: Claim, wanted: str, desk: Desk) -> CallerLocation:
    """A copy of the hypothesis as it stands now, its circle grown by its age; itself stays as it is (law 14).

    A choice does not age, so what its source had aged by then is part of it.
    """
    stored = contacts.hypotheses(conn, held.contact_id)
    chosen = next((one.location for one in stored if one.id == wanted), None)
    if chosen is None:
        raise NotFound("that place is none of this contact's: look at it again")
    aged = desk.places.as_of(chosen, now)
    measured = f"; measured {chosen.positioned_at.isoformat()}" if chosen.positioned_at else ""
    return msgspec.structs.replace(
        aged,
        positioned_at=None,
        whose=whose_is(chosen.source, chosen.whose),
        clue_start=None,
        clue_end=None,
        note=f"{ACCEPTS}{wanted}: {chosen.source.value}{measured}",
    )


def _place_in(body: bodies.Locate, desk: Desk) -> CallerLocation:
    if body.pidf is not None:
        return _place_of_document(body.pidf)
    if body.text is not None:
        found = desk.locator.read(body.text).places
        if len(found) != 1:
            read = ", ".join(repr(one.clue or "?") for one in found) or "no place"
            raise BadRequest(f"the text must name one place; this was read in it: {read}")
        return found[0]
    if body.latitude is None or body.longitude is None:
        raise BadRequest("give `latitude` and `longitude`, or `text`, or `pidf`, or `accept`")
    return CallerLocation(
        latitude=body.latitude,
        longitude=body.longitude,
        uncertainty_m=body.uncertainty_m,
        method=LocationMethod.MANUAL,
        source=LocationSource.HANDLER,
        note=body.note,
    )


def _place_of_document(document: str) -> CallerLocation:
    try:
        reading = read_pidf(document.encode("utf-8", "replace"), source=LocationSource.HANDLER)
    except InvalidPidf as error:
        raise BadRequest(f"the document cannot be read: {error}") from None
    if not reading.places:
        raise BadRequest(f"no place was read in the document: {'; '.join(reading.notes)}")
    place = reading.places[0]
    # A choice is as new as its chooser's word, whenever the place was measured: the latest counts.
    measured = () if place.positioned_at is None else (f"measured {place.positioned_at.isoformat()}",)
    note = "; ".join(filter(None, (*measured, place.note)))
    return msgspec.structs.replace(place, positioned_at=None, note=note or None)
