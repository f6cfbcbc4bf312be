"""Places inside map links (Google, Apple, OpenStreetMap, Waze, geo:), parsed and never fetched."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from urllib.parse import unquote

from intake.locate.clue import clue_at, clue_location, written_radius_m
from intake.locate.coordinates import find_coordinates
from intake.locate.noting import NOTES
from intake.location import CallerLocation, Clue, ClueKind, LocationSource

_LINK = re.compile(
    r"(?:\bhttps?://|\bwww\.|\bmaps?\.|\bcomgooglemaps://|\bwaze://|\bom://)[^\s<>\"]{4,800}"
    r"|\bgeo:[^\s<>\"]{3,200}|\b(?:goo\.gl/maps|maps\.app\.goo\.gl)/[^\s<>\"]{3,200}",
    re.IGNORECASE | re.ASCII,
)
_OF_A_MAP = re.compile(
    r"(?:https?://)?(?:www\.)?(?:maps\.|goo\.gl/maps|g\.co/maps|(?:google|bing)\.[a-z.]{2,6}/maps|waze\.com"
    r"|openstreetmap\.org|osm\.org|osm\.and|her\.e|here\.com|what3words)|comgooglemaps:|waze:|om:",
    re.IGNORECASE | re.ASCII,
)
WITHOUT_A_PLACE = NOTES.en("map_link_unread")
_NUMBER = r"([-+]?\d{1,3}(?:\.\d{1,15})?)"
_PAIR = rf"{_NUMBER}(?:,|~)[+ ]{{0,2}}{_NUMBER}"
_END = r"(?![\d.])"

# A pin says where; a view only says what was on the screen. Pins are tried first.
_PINS = (
    re.compile(rf"!3d{_NUMBER}!4d{_NUMBER}{_END}"),
    re.compile(rf"[?&#]mlat={_NUMBER}&(?:amp;)?mlon={_NUMBER}{_END}"),
    re.compile(
        r"[?&](?:q|query|ll|coordinate|destination|daddr|loc|cp|center|sll|to|place)="
        rf"(?:loc:|ll\.)?{_PAIR}{_END}"
    ),
    re.compile(rf"/(?:place|search|dir|dir/[^/]{{0,80}})/{_PAIR}{_END}"),
    re.compile(rf"[?&](?:lat|latitude)={_NUMBER}&(?:amp;)?(?:lon|lng|long|longitude)={_NUMBER}{_END}"),
)
_GEO = re.compile(rf"geo:{_PAIR}(?:,[-+]?\d{{1,5}}(?:\.\d{{1,9}})?)?(?![\d.])", re.IGNORECASE)
_GEO_UNCERTAINTY = re.compile(r";u=(\d{1,6}(?:\.\d{1,6})?)(?![\d.])", re.IGNORECASE)
_GOOGLE_VIEW = re.compile(rf"/@{_PAIR},(\d{{1,2}}(?:\.\d{{1,4}})?)z")
_OSM_VIEW = re.compile(rf"#map=(\d{{1,2}}(?:\.\d{{1,4}})?)/{_NUMBER}/{_NUMBER}{_END}")

_PIXELS_TO_EDGE = 300.0
_EQUATOR_M_PER_PIXEL = 156_543.03
"""Web Mercator at zoom 0 with tiles of 256 pixels."""


def find_map_links(text: str) -> Iterator[Clue]:
    """Each link that shows its place: its pin, or else the middle of its view. None is ever opened."""
    for span, place in _links(text):
        if place is not None:
            yield clue_at(ClueKind.MAP_LINK, text, span, [place], place.note or "")


def find_silent_map_links(text: str) -> Iterator[Clue]:
    """Links to a map whose place only their owner's server knows: shown, not located."""
    for span, place in _links(text):
        if place is None and _OF_A_MAP.match(text, span[0]):
            yield clue_at(ClueKind.MAP_LINK, text, span, note=WITHOUT_A_PLACE)


def _links(text: str) -> Iterator[tuple[tuple[int, int], CallerLocation | None]]:
    for match in _LINK.finditer(text):
        start, end = match.span()
        end -= len(match[0]) - len(match[0].rstrip(".,;:!?)]}'’"))
        yield (start, end), _place_in(text, (start, end), unquote(text[start:end]))


def _place_in(text: str, span: tuple[int, int], link: str) -> CallerLocation | None:
    for pattern in _PINS:
        if pin := pattern.search(link):
            return _pin(text, span, pin[1], pin[2])
    if geo := _GEO.match(link):
        return _geo_uri(text, span, geo, link)
    if "°" in link and _OF_A_MAP.match(link):
        # Google writes a dropped pin as degrees, minutes and seconds: /maps/place/53°48'03"N+1°32'56"W
        for written in find_coordinates(link.replace("+", " ")):
            for place in written.hypotheses:
                return clue_location(
                    text,
                    span,
                    place.latitude,
                    place.longitude,
                    place.uncertainty_m,
                    place.source,
                    note=NOTES.en("pin"),
                )
    if view := _GOOGLE_VIEW.search(link):
        return _view(text, span, view[1], view[2], view[3])
    if view := _OSM_VIEW.search(link):
        return _view(text, span, view[2], view[3], view[1])
    return None


def _pin(text: str, span: tuple[int, int], north: str, east: str) -> CallerLocation | None:
    latitude, longitude = float(north), float(east)
    step_deg = 10.0 ** -min(len(north.partition(".")[2]), len(east.partition(".")[2]))
    radius_m = written_radius_m(step_deg, latitude)
    return clue_location(
        text, span, latitude, longitude, radius_m, LocationSource.TEXT_LATLON, note=NOTES.en("pin")
    )


def _geo_uri(text: str, span: tuple[int, int], geo: re.Match[str], link: str) -> CallerLocation | None:
    found = _pin(text, span, geo[1], geo[2])
    stated = _GEO_UNCERTAINTY.search(link)
    if found is None or stated is None:
        return found
    # RFC 5870 §3.4.3: u is metres about the point; 0 claims more than a phone can know.
    radius_m = max(float(stated[1]), found.uncertainty_m)
    return clue_location(
        text, span, found.latitude, found.longitude, radius_m, found.source, note=NOTES.en("geo_link")
    )


def _view(text: str, span: tuple[int, int], north: str, east: str, zoom: str) -> CallerLocation | None:
    latitude, longitude = float(north), float(east)
    metres_per_pixel = (
        _EQUATOR_M_PER_PIXEL * math.cos(math.radians(min(abs(latitude), 85))) / 2 ** float(zoom)
    )
    radius_m = max(written_radius_m(0.0, latitude), _PIXELS_TO_EDGE * metres_per_pixel)
    return clue_location(
        text,
        span,
        latitude,
        longitude,
        radius_m,
        LocationSource.TEXT_LATLON,
        note=NOTES.en("map_view"),
    )
