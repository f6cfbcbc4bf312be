"""PIDF-LO documents in (RFC 4119, 5491, 7459): places as hypotheses, and what was not understood as notes.

Nothing of a document is believed beyond its place: who says so is the importer's word, never the document's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
from lxml import etree

from intake.errors import IntakeError
from intake.locate.pidf_lo_gml import GML, GS, Unreadable, read_geometry
from intake.location import STATED_CONFIDENCE_PCT, CallerLocation, LocationMethod, LocationSource, Whose
from intake.shapes import Pdf, Point, can_scale

PIDF = "urn:ietf:params:xml:ns:pidf"
DATA_MODEL = "urn:ietf:params:xml:ns:pidf:data-model"
GEOPRIV = "urn:ietf:params:xml:ns:pidf:geopriv10"
BASIC_POLICY = "urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy"
CONFIDENCE = "urn:ietf:params:xml:ns:geopriv:conf"
OURS = "urn:x-national-intake:place:1"
"""What PIDF-LO has no element for: our exact method, the words, and whose place it is."""
_OLD_GML = "urn:opengis:specification:gml:schema-xsd:feature:v3.0"  # RFC 4119's own example

MEDIA_TYPE = "application/pidf+xml"
DOCUMENT_LIMIT_BYTES = 64 * 1024
PLACES_MOST = 32
NOTE_CHARACTERS = 300
UNKNOWN_PCT = 0.0
"""A confidence that nobody knows: it scales nothing (intake.shapes)."""

METHODS = {
    "gps": LocationMethod.GNSS,
    "a-gps": LocationMethod.GNSS,
    "device-based_a-gps": LocationMethod.GNSS,
    "device-assisted_a-gps": LocationMethod.GNSS,
    "hybrid_a-gps": LocationMethod.FUSED,
    "manual": LocationMethod.MANUAL,
    "cell": LocationMethod.CELL,
    "802.11": LocationMethod.WIFI,
}
"""Tokens of RFC 4119 §6.1 and of RFC 5491's examples that we have a word for; others are kept in the note."""

_RANKS = (f"{{{DATA_MODEL}}}device", f"{{{PIDF}}}tuple", f"{{{DATA_MODEL}}}person")
_FIRST, _SECOND = (re.compile(rf"(\d+):(\d+):(\d+(?:\.\d+)?)([{ends}])") for ends in ("NS", "EW"))


class InvalidPidf(IntakeError):
    """The document cannot be read at all; the text says why."""

    code: ClassVar[str] = "invalid_pidf"


class PidfReading(msgspec.Struct, frozen=True, kw_only=True):
    """``places`` in the order of RFC 5491 rule 8: devices, tuples, persons; the first is to be used first.

    ``notes`` tell of what stands in the document and was not understood.
    """

    entity: str
    places: tuple[CallerLocation, ...]
    notes: tuple[str, ...]


def read(document: bytes, *, source: LocationSource = LocationSource.DEVICE) -> PidfReading:
    """Every place of a document, at most 32; raises InvalidPidf."""
    root = _parse(document)
    if root.tag != f"{{{PIDF}}}presence":
        raise InvalidPidf(f"the root is {_name(root)}, not a presence document (RFC 3863)")
    places: list[CallerLocation] = []
    notes: list[str] = []
    for number, (holder, geopriv) in enumerate(_geoprivs(root)):
        if number >= PLACES_MOST:
            notes.append(f"more than {PLACES_MOST} places: the rest is not read")
            break
        try:
            places.append(_place(holder, geopriv, source))
        except Unreadable as error:
            civic = [_civic(node) for node in geopriv.iter() if _name(node) == "civicAddress"]
            notes.append("; ".join([f"{_name(holder)} {holder.get('id', '')}: {error}", *civic]))
    if not places and not notes:
        notes.append("the document holds no location")
    return PidfReading(
        entity=root.get("entity", "")[:NOTE_CHARACTERS],
        places=tuple(places),
        notes=tuple(note[:NOTE_CHARACTERS] for note in notes),
    )


def _parse(document: bytes) -> etree._Element:
    """A DOCTYPE is looked for in the text before any parser sees it, in the one encoding that is read."""
    if len(document) > DOCUMENT_LIMIT_BYTES:
        raise InvalidPidf(
            f"{len(document):,} bytes: more than the {DOCUMENT_LIMIT_BYTES:,} a document may have"
        )
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidPidf(f"not UTF-8: {error.reason} at byte {error.start}") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InvalidPidf("a DOCTYPE or ENTITY declaration is refused; remove it")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InvalidPidf(f"not well-formed XML: {str(error)[:NOTE_CHARACTERS]}") from None


def _geoprivs(root: etree._Element) -> Iterator[tuple[etree._Element, etree._Element]]:
    for rank in _RANKS:
        for holder in root.iterfind(rank):
            for geopriv in holder.iter(f"{{{GEOPRIV}}}geopriv"):
                yield holder, geopriv


def _place(holder: etree._Element, geopriv: etree._Element, source: LocationSource) -> CallerLocation:
    info = geopriv.find(f"{{{GEOPRIV}}}location-info")
    if info is None:
        raise Unreadable("it has no location-info")
    geometries = [node for node in map(_geometry, info) if node is not None]
    if not geometries:
        raise Unreadable("no shape in it is read")
    placed = read_geometry(geometries[0])
    notes = list(placed.notes)
    if len(geometries) > 1:
        notes.append(f"{len(geometries) - 1} further shapes of it are not used")
    notes += [_kept(node) for node in info if _geometry(node) is None and _name(node) != "confidence"]
    confidence_pct, pdf = _confidence(info, notes)
    if isinstance(placed.shape, Point):
        confidence_pct, pdf = UNKNOWN_PCT, Pdf.UNKNOWN  # §4.1: meaningless for a point
    notes += _usage(geopriv)
    ours = geopriv.find(f"{{{OURS}}}place")
    method = _method(geopriv, ours, notes)
    altitude_m = placed.altitude_m
    if altitude_m is None and ours is not None:
        altitude_m = _number(ours.get("altitude", ""))
    return CallerLocation(
        latitude=placed.circle.latitude,
        longitude=placed.circle.longitude,
        uncertainty_m=placed.circle.radius_m,
        confidence_pct=confidence_pct,
        method=method,
        source=source,
        positioned_at=_timestamp(holder, notes),
        altitude_m=altitude_m,
        clue=None if ours is None else ours.get("clue"),
        note="; ".join(notes)[:NOTE_CHARACTERS] or None,
        whose=_whose(ours),
        pdf=pdf,
        shape=None if _is_plain_circle(placed.shape) else placed.shape,
    )


def _is_plain_circle(shape: object) -> bool:
    return getattr(shape, "is_sphere", None) is False


def _geometry(node: etree._Element) -> etree._Element | None:
    """The shape itself: it stands alone, or in RFC 4119's deprecated ``gml:location``."""
    if etree.QName(node).namespace in (GML, GS):
        return node if _name(node) != "location" else next(iter(node), None)
    if node.tag == f"{{{_OLD_GML}}}location":
        return _from_old_form(node)
    return None


def _from_old_form(node: etree._Element) -> etree._Element | None:
    """``37:46:30N 122:25:10W``: RFC 4119's own example, deprecated by RFC 5491 §4 and still met."""
    text = node.findtext(f"{{{_OLD_GML}}}Point/{{{_OLD_GML}}}coordinates") or ""
    parts = text.replace(",", " ").split()
    if (
        len(parts) != 2
        or not (north := _FIRST.fullmatch(parts[0]))
        or not (east := _SECOND.fullmatch(parts[1]))
    ):
        return None
    point = etree.Element(f"{{{GML}}}Point", srsName="urn:ogc:def:crs:EPSG::4326")
    etree.SubElement(point, f"{{{GML}}}pos").text = f"{_degrees(north)} {_degrees(east)}"
    return point


def _degrees(match: re.Match[str]) -> float:
    degrees, minutes, seconds, end = match.groups()
    value = int(degrees) + int(minutes) / 60 + float(seconds) / 3600
    return -value if end in "SW" else value


def _confidence(info: etree._Element, notes: list[str]) -> tuple[float, Pdf]:
    """95 % where none is stated (RFC 7459 §4.1)."""
    node = info.find(f"{{{CONFIDENCE}}}confidence")
    if node is None:
        return STATED_CONFIDENCE_PCT, Pdf.UNKNOWN
    try:
        pdf = Pdf((node.get("pdf") or "unknown").strip())
    except ValueError:
        notes.append(f"pdf {node.get('pdf')!r} is not known")
        pdf = Pdf.UNKNOWN
    text = (node.text or "").strip()
    stated = _number(text)
    if stated is not None and can_scale(stated):
        return stated, pdf
    if text != "unknown":
        notes.append(f"confidence {text[:20]!r} says nothing")
    return UNKNOWN_PCT, pdf


def _usage(geopriv: etree._Element) -> Iterator[str]:
    """What the rule maker asks. An emergency record is kept all the same (law 7), with what was asked."""
    for namespace in (BASIC_POLICY, GEOPRIV):  # RFC 4119's schema has one, its examples the other
        rules = geopriv.find(f"{{{GEOPRIV}}}usage-rules")
        for name in ("retransmission-allowed", "retention-expiry", "external-ruleset", "note-well"):
            text = None if rules is None else rules.findtext(f"{{{namespace}}}{name}")
            if text:
                yield f"{name}: {' '.join(text.split())}"


def _method(geopriv: etree._Element, ours: etree._Element | None, notes: list[str]) -> LocationMethod:
    if ours is not None and ours.get("method") in set(LocationMethod):
        return LocationMethod(ours.get("method", ""))
    token = (geopriv.findtext(f"{{{GEOPRIV}}}method") or "").strip()
    if token and token.lower() not in METHODS:
        notes.append(f"method {token}")
    return METHODS.get(token.lower(), LocationMethod.UNKNOWN)


def _whose(ours: etree._Element | None) -> Whose:
    stated = "" if ours is None else ours.get("whose", "")
    return Whose(stated) if stated in set(Whose) else Whose.UNSAID


def _timestamp(holder: etree._Element, notes: list[str]) -> datetime | None:
    text = holder.findtext(f"{{{PIDF}}}timestamp") or holder.findtext(f"{{{DATA_MODEL}}}timestamp") or ""
    if not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        notes.append(f"timestamp {text.strip()[:40]!r} cannot be read")
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _kept(node: etree._Element) -> str:
    return _civic(node) if _name(node) == "civicAddress" else f"{_name(node)} is not read"


def _civic(node: etree._Element) -> str:
    parts = (f"{_name(one)} {' '.join((one.text or '').split())}" for one in node)
    return "address: " + ", ".join(parts)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e9 else None


def _name(node: etree._Element) -> str:
    return etree.QName(node).localname
