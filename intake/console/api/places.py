"""The places of one contact for other systems: GeoJSON for maps, PIDF-LO for whoever takes over."""

from __future__ import annotations

from typing import Literal

import msgspec
from aiohttp import web

from intake.console.api.answers import answer, read_body, read_query
from intake.console.api.bodies import ReadPlace
from intake.console.desk import DESK, Desk
from intake.console.views.places import read_places
from intake.console.views.welsh import places_with_welsh
from intake.contact import Contact
from intake.locate.contradictions import MARGIN_M, distance_between_m, is_place
from intake.locate.fusion import Fusion
from intake.locate.geojson import MEDIA_TYPE as GEOJSON
from intake.locate.geojson import feature_collection
from intake.locate.pidf_lo import MEDIA_TYPE as PIDF
from intake.locate.pidf_lo_out import write
from intake.locate.sources import whose_is
from intake.location import CallerLocation, Whose
from intake.store import Connection, contacts

INCIDENT_ENTITY = "urn:x-national-intake:incident-of:"


class PidfQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose place is asked for: a presence document tells of one target only."""

    whose: Literal["caller", "incident"] = "caller"


async def geojson(request: web.Request) -> web.Response:
    """Every hypothesis as a feature, with its role and the reason for it."""
    desk, address = request.app[DESK], request.match_info["contact"]

    def work(conn: Connection) -> dict[str, object]:
        contact = contacts.get(conn, contacts.find(conn, address))
        stored = contacts.hypotheses(conn, contact.id)
        fusion = desk.places.fuse([one.location for one in stored], desk.clock.now())
        return feature_collection(fusion, {one.id: one.location for one in stored})

    body = msgspec.json.encode(await desk.store.read(work))
    return web.Response(body=body, content_type=GEOJSON)


async def read_text(request: web.Request) -> web.Response:
    """What places some typed words name; nothing is kept."""
    desk = request.app[DESK]
    body = await read_body(request, ReadPlace)
    return answer(places_with_welsh(read_places(desk.locator.read(body.text)), desk.welsh))


async def pidf(request: web.Request) -> web.Response:
    """The answer first, then what agrees with it; what contradicts it is counted, not written (rule 3)."""
    desk, address = request.app[DESK], request.match_info["contact"]
    whose = Whose(read_query(request, PidfQuery).whose)
    contact, fusion = await desk.store.read(lambda conn: _fused(conn, address, desk))
    best = fusion.incident if whose is Whose.INCIDENT else fusion.caller
    known = [place for place in _of(fusion, whose) if is_place(place)]
    agreeing = [] if best is None else [place for place in known if _may_be_one(place, best.place)]
    first = [] if best is None else [best.place]
    left_out = len(known) - len(agreeing)
    notes = [f"{left_out} more stated places are not the same place and are left out"] if left_out else []
    if best is None:
        notes.append("no place is known" if not known else "no one place is known")
    entity = f"{INCIDENT_ENTITY}{contact.id}" if whose is Whose.INCIDENT else contact.caller
    document = write([*first, *(one for one in agreeing if one not in first)], entity=entity, notes=notes)
    return web.Response(body=document, content_type=PIDF)


def _fused(conn: Connection, address: str, desk: Desk) -> tuple[Contact, Fusion]:
    contact = contacts.get(conn, contacts.find(conn, address))
    places = [one.location for one in contacts.hypotheses(conn, contact.id)]
    return contact, desk.places.fuse(places, desk.clock.now())


def _of(fusion: Fusion, whose: Whose) -> list[CallerLocation]:
    """The hypotheses about one of the two; words of neither are taken for the caller's."""
    places = [*fusion.used, *(one.place for one in fusion.set_aside)]
    wanted = (Whose.INCIDENT,) if whose is Whose.INCIDENT else (Whose.CALLER, Whose.UNSAID)
    return [place for place in places if whose_is(place.source, place.whose) in wanted]


def _may_be_one(place: CallerLocation, answer: CallerLocation) -> bool:
    reach_m = place.radius_m() + answer.radius_m() + MARGIN_M
    return distance_between_m(place, answer) <= reach_m
