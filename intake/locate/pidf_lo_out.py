"""PIDF-LO documents out (RFC 4119, 5491, 7459): the places of one target, as they were stated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC

from lxml import etree

from intake.locate.contradictions import is_place
from intake.locate.pidf_lo import BASIC_POLICY, CONFIDENCE, DATA_MODEL, GEOPRIV, OURS, PIDF
from intake.locate.pidf_lo_gml import GML, GS, plain, write_geometry
from intake.location import CallerLocation, LocationMethod
from intake.mait.legible import legible
from intake.shapes import Pdf, Point, can_scale

_PREFIXES = {
    None: PIDF,
    "dm": DATA_MODEL,
    "gp": GEOPRIV,
    "gbp": BASIC_POLICY,
    "gml": GML,
    "gs": GS,
    "con": CONFIDENCE,
    "ni": OURS,
}
_TOKENS = {
    LocationMethod.GNSS: "GPS",
    LocationMethod.WIFI: "802.11",
    LocationMethod.CELL: "Cell",
    LocationMethod.MANUAL: "Manual",
}
"""Registered by RFC 4119 §6.1, which allows no others; what has none there is told in our own element."""
TEXT_CHARACTERS = 500


def write(
    places: Sequence[CallerLocation],
    *,
    entity: str,
    notes: Sequence[str] = (),
    may_be_passed_on: bool = False,
) -> bytes:
    """A presence document with a tuple for each place, the one to be used first in front (rule 8).

    Give only places that may be one and the same (rule 3). Each leaves with the shape, confidence and
    distribution it came with: no doubt that we grew to act on is passed off as a measurement (RFC 7459
    §5.4). Numbers that are no place are left out. ``notes`` are for people.
    """
    root = etree.Element(f"{{{PIDF}}}presence", nsmap=_PREFIXES, entity=legible(entity, TEXT_CHARACTERS))  # type: ignore[arg-type]
    for number, place in enumerate((one for one in places if is_place(one)), 1):
        _write_tuple(root, place, f"place-{number}", may_be_passed_on)
    for note in notes:
        etree.SubElement(root, f"{{{PIDF}}}note").text = legible(note, TEXT_CHARACTERS)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _write_tuple(root: etree._Element, place: CallerLocation, tuple_id: str, may_be_passed_on: bool) -> None:
    node = etree.SubElement(root, f"{{{PIDF}}}tuple", id=tuple_id)
    geopriv = etree.SubElement(etree.SubElement(node, f"{{{PIDF}}}status"), f"{{{GEOPRIV}}}geopriv")
    info = etree.SubElement(geopriv, f"{{{GEOPRIV}}}location-info")
    write_geometry(info, place)
    if not isinstance(place.shape, Point):
        _write_confidence(info, place)
    rules = etree.SubElement(geopriv, f"{{{GEOPRIV}}}usage-rules")
    allowed = etree.SubElement(rules, f"{{{BASIC_POLICY}}}retransmission-allowed")
    allowed.text = "true" if may_be_passed_on else "false"
    if place.method in _TOKENS:
        etree.SubElement(geopriv, f"{{{GEOPRIV}}}method").text = _TOKENS[place.method]
    _write_ours(geopriv, place)
    if place.note:
        etree.SubElement(node, f"{{{PIDF}}}note").text = legible(place.note, TEXT_CHARACTERS)
    if place.positioned_at is not None:
        at = place.positioned_at
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        etree.SubElement(node, f"{{{PIDF}}}timestamp").text = at.replace(tzinfo=None).isoformat() + "Z"


def _write_confidence(info: etree._Element, place: CallerLocation) -> None:
    """Always there, even at 95 % (RFC 7459 §4.2); rounded down (§5)."""
    node = etree.SubElement(info, f"{{{CONFIDENCE}}}confidence")
    if place.pdf is not Pdf.UNKNOWN:
        node.set("pdf", place.pdf.value)
    if can_scale(place.confidence_pct):
        node.text = plain(max(0.01, math.floor(place.confidence_pct * 1e4 + 1e-6) / 1e4))
    else:
        node.text = "unknown"


def _write_ours(geopriv: etree._Element, place: CallerLocation) -> None:
    ours = etree.SubElement(geopriv, f"{{{OURS}}}place", source=place.source.value, method=place.method.value)
    if place.whose:
        ours.set("whose", place.whose.value)
    if place.clue is not None:
        ours.set("clue", legible(place.clue, TEXT_CHARACTERS))
    if place.altitude_m is not None and math.isfinite(place.altitude_m):
        ours.set("altitude", plain(place.altitude_m))
