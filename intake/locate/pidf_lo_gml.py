"""The eight shapes of RFC 5491 §5.2 as GML elements, both ways. Latitude before longitude, as EPSG 4326 and
4979 have it; lengths in metres (EPSG 9001), angles in degrees (9102) or radians (9101) on the way in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, NamedTuple

from lxml import etree
from shapely.geometry import LinearRing

from intake.errors import IntakeError
from intake.locate.shape_circle import ASSUMED_POINT_M, Enclosing, enclosing_circle, flatten
from intake.location import CallerLocation
from intake.shapes import ArcBand, Circle, Ellipse, Point, Polygon, Shape

GML = "http://www.opengis.net/gml"
GS = "http://www.opengis.net/pidflo/1.0"
FLAT_CRS, HIGH_CRS = "urn:ogc:def:crs:EPSG::4326", "urn:ogc:def:crs:EPSG::4979"
METRE, DEGREE, RADIAN = (f"urn:ogc:def:uom:EPSG::{code}" for code in (9001, 9102, 9101))
CORNERS_MOST = 500
CORNERS_ADVISED = 15
"""RFC 5491 §5.1: more are a burden where decisions are quick. They are read, and said."""
FARTHEST_M = 20_037_508.0
"""Half way round the earth: a longer length is no place's doubt."""


class Unreadable(IntakeError):
    """One location of a document cannot be read; the text says why. The rest of the document can."""

    code: ClassVar[str] = "unreadable_place"


class Placed(NamedTuple):
    """What a geometry comes to: the circle around it, the exact shape, and what is to be known of it."""

    circle: Enclosing
    altitude_m: float | None
    shape: Shape
    notes: tuple[str, ...]


def read_geometry(node: etree._Element) -> Placed:
    """One of the eight shapes; raises Unreadable."""
    name = etree.QName(node).localname
    reader = _READERS.get(name)
    if reader is None:
        raise Unreadable(f"a {name} is not read")
    notes: list[str] = []
    size = _dimensions(node, notes)
    shape, centre, altitude_m = reader(node, size, notes)
    return Placed(enclosing_circle(shape, *centre), altitude_m, shape, tuple(notes))


def write_geometry(parent: etree._Element, place: CallerLocation) -> None:
    """The exact shape where one was stated, else the circle, as a last child of ``parent``."""
    match place.shape:
        case Point():
            _element(parent, GML, "Point", place)
        case Ellipse() as ellipse:
            name = "Ellipse" if ellipse.vertical_m is None else "Ellipsoid"
            node = _element(parent, GS, name, place, high=ellipse.vertical_m is not None)
            _measure(node, "semiMajorAxis", ellipse.semi_major_m)
            _measure(node, "semiMinorAxis", ellipse.semi_minor_m)
            if ellipse.vertical_m is not None:
                _measure(node, "verticalAxis", ellipse.vertical_m)
            _measure(node, "orientation", ellipse.orientation_deg, DEGREE)
        case Polygon() as polygon:
            _write_polygon(parent, polygon, place.altitude_m)
        case ArcBand() as band:
            node = _element(parent, GS, "ArcBand", place, at=(band.latitude, band.longitude))
            _measure(node, "innerRadius", band.inner_radius_m)
            _measure(node, "outerRadius", band.outer_radius_m)
            _measure(node, "startAngle", band.start_deg, DEGREE)
            _measure(node, "openingAngle", band.opening_deg, DEGREE)
        case Circle(is_sphere=True, radius_m=radius_m):
            _measure(_element(parent, GS, "Sphere", place, high=True), "radius", radius_m)
        case _:
            _measure(_element(parent, GS, "Circle", place), "radius", place.uncertainty_m)


def plain(value: float) -> str:
    """A number with all its digits and without an exponent."""
    return format(Decimal(repr(value)), "f").removesuffix(".0")


_Read = tuple[Shape, tuple[float, float], float | None]


def _read_point(node: etree._Element, size: int, notes: list[str]) -> _Read:
    latitude, longitude, altitude_m = _position(node, size)
    notes.append(f"a point without a stated doubt: {ASSUMED_POINT_M:,.0f} m assumed (RFC 7459 §3.2)")
    return Point(), (latitude, longitude), altitude_m


def _read_circle(node: etree._Element, size: int, notes: list[str]) -> _Read:
    latitude, longitude, altitude_m = _position(node, size)
    is_sphere = etree.QName(node).localname == "Sphere"
    return Circle(radius_m=_length(node, "radius"), is_sphere=is_sphere), (latitude, longitude), altitude_m


def _read_ellipse(node: etree._Element, size: int, notes: list[str]) -> _Read:
    latitude, longitude, altitude_m = _position(node, size)
    has_height = etree.QName(node).localname == "Ellipsoid"
    shape = Ellipse(
        semi_major_m=_length(node, "semiMajorAxis"),
        semi_minor_m=_length(node, "semiMinorAxis"),
        orientation_deg=_angle(node, "orientation"),
        vertical_m=_length(node, "verticalAxis") if has_height else None,
    )
    return shape, (latitude, longitude), altitude_m


def _read_polygon(node: etree._Element, size: int, notes: list[str]) -> _Read:
    corners, altitude_m = _ring(node, size, notes)
    return Polygon(corners=corners), corners[0], altitude_m


def _read_prism(node: etree._Element, size: int, notes: list[str]) -> _Read:
    base = node.find(f"{{{GS}}}base/{{{GML}}}Polygon")
    if base is None:
        raise Unreadable("a Prism has no base")
    corners, altitude_m = _ring(base, size, notes)
    return Polygon(corners=corners, height_m=_length(node, "height")), corners[0], altitude_m


def _read_arc_band(node: etree._Element, size: int, notes: list[str]) -> _Read:
    latitude, longitude, altitude_m = _position(node, size)
    band = ArcBand(
        latitude=latitude,
        longitude=longitude,
        inner_radius_m=_length(node, "innerRadius"),
        outer_radius_m=_length(node, "outerRadius"),
        start_deg=_angle(node, "startAngle"),
        opening_deg=_angle(node, "openingAngle"),
    )
    if band.inner_radius_m > band.outer_radius_m or not 0 <= band.opening_deg <= 360:
        raise Unreadable("an arc band's radii or angles are impossible")
    return band, (latitude, longitude), altitude_m


_READERS = {
    "Point": _read_point,
    "Circle": _read_circle,
    "Sphere": _read_circle,
    "Ellipse": _read_ellipse,
    "Ellipsoid": _read_ellipse,
    "Polygon": _read_polygon,
    "Prism": _read_prism,
    "ArcBand": _read_arc_band,
}


def _dimensions(node: etree._Element, notes: list[str]) -> int:
    """2 or 3, by the coordinate system the geometry names."""
    name = (node.get("srsName") or "").strip()
    code = name.rpartition(":")[2]
    if code == "4326":
        return 2
    if code == "4979":
        return 3
    if name:
        raise Unreadable(f"the coordinate system {name[:80]} is not read, only EPSG 4326 and 4979")
    position = node.find(f".//{{{GML}}}pos")
    notes.append("no coordinate system is named: WGS84 is assumed")
    return 3 if position is not None and len((position.text or "").split()) == 3 else 2


def _ring(
    node: etree._Element, size: int, notes: list[str]
) -> tuple[tuple[tuple[float, float], ...], float | None]:
    ring = node.find(f"{{{GML}}}exterior/{{{GML}}}LinearRing")
    if ring is None:
        raise Unreadable("a polygon has no exterior")
    if node.find(f"{{{GML}}}interior") is not None:
        notes.append("holes of the polygon are not read")
    texts = [item.text or "" for tag in ("pos", "posList") for item in ring.findall(f"{{{GML}}}{tag}")]
    numbers = _numbers(" ".join(texts))
    if not numbers or len(numbers) % size:
        raise Unreadable("a polygon's coordinates do not come in pairs or threes")
    if len(numbers) // size > CORNERS_MOST:
        raise Unreadable(f"a polygon has more than {CORNERS_MOST} corners")
    points = [_checked(*numbers[i : i + 2]) for i in range(0, len(numbers), size)]
    if points[0] == points[-1]:
        points.pop()
    else:
        notes.append("the polygon is not closed")
    if len(set(points)) < 3:
        raise Unreadable("a polygon has fewer than three corners")
    return tuple(_orderly(points, notes)), numbers[2] if size == 3 else None


def _orderly(points: list[tuple[float, float]], notes: list[str]) -> Sequence[tuple[float, float]]:
    """Counter-clockwise (RFC 5491 §5.1, RFC 7459 Appendix B.1); what is odd is said."""
    if len(points) > CORNERS_ADVISED:
        notes.append(f"{len(points)} corners, more than the {CORNERS_ADVISED} RFC 5491 advises")
    if not LinearRing([(longitude, latitude) for latitude, longitude in points]).is_simple:
        notes.append("lines of the polygon cross each other")
    if flatten(points).area_m2 < 0:
        notes.append("the polygon was given clockwise and has been turned round")
        return points[::-1]
    return points


def _position(node: etree._Element, size: int) -> tuple[float, float, float | None]:
    found = node.find(f"{{{GML}}}pos")
    numbers = _numbers("" if found is None else found.text or "")
    if len(numbers) != size:
        raise Unreadable(f"a position needs {size} numbers, it has {len(numbers)}")
    latitude, longitude = _checked(numbers[0], numbers[1])
    return latitude, longitude, numbers[2] if size == 3 else None


def _checked(latitude: float, longitude: float) -> tuple[float, float]:
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise Unreadable(f"{latitude}, {longitude} is not a latitude and longitude")
    return latitude, longitude


def _numbers(text: str) -> list[float]:
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        raise Unreadable(f"not numbers: {text.strip()[:40]!r}") from None
    if not all(math.isfinite(number) for number in numbers):
        raise Unreadable("a number is not finite")
    return numbers


def _length(node: etree._Element, name: str) -> float:
    metres = _one(node, name, {METRE: 1.0})
    if not 0 <= metres <= FARTHEST_M:
        raise Unreadable(f"a {name} of {metres} m is impossible")
    return metres


def _angle(node: etree._Element, name: str) -> float:
    return _one(node, name, {DEGREE: 1.0, RADIAN: math.degrees(1.0)})


def _one(node: etree._Element, name: str, units: dict[str, float]) -> float:
    found = node.find(f"{{{GS}}}{name}")
    numbers = _numbers("" if found is None else found.text or "")
    if found is None or len(numbers) != 1:
        raise Unreadable(f"{name} is missing or not one number")
    unit = found.get("uom", "")
    if unit not in units:
        raise Unreadable(f"{name} is in a unit that is not read: {unit[:80]!r}")
    return numbers[0] * units[unit]


def _element(
    parent: etree._Element,
    namespace: str,
    name: str,
    place: CallerLocation,
    *,
    high: bool | None = None,
    at: tuple[float, float] | None = None,
) -> etree._Element:
    latitude, longitude = at or (place.latitude, place.longitude)
    # Only what the shape needs: a circle or an ellipse must be two-dimensional (RFC 5491 §5.2.3).
    is_high = (name == "Point" and place.altitude_m is not None) if high is None else high
    node = etree.SubElement(parent, f"{{{namespace}}}{name}", srsName=HIGH_CRS if is_high else FLAT_CRS)
    numbers = [latitude, longitude, *([place.altitude_m or 0.0] if is_high else [])]
    etree.SubElement(node, f"{{{GML}}}pos").text = " ".join(map(plain, numbers))
    return node


def _write_polygon(parent: etree._Element, polygon: Polygon, altitude_m: float | None) -> None:
    if polygon.height_m is None:
        node = base = etree.SubElement(parent, f"{{{GML}}}Polygon", srsName=FLAT_CRS)
    else:
        node = etree.SubElement(parent, f"{{{GS}}}Prism", srsName=HIGH_CRS)
        base = etree.SubElement(etree.SubElement(node, f"{{{GS}}}base"), f"{{{GML}}}Polygon")
    height = () if polygon.height_m is None else (altitude_m or 0.0,)
    ring = etree.SubElement(etree.SubElement(base, f"{{{GML}}}exterior"), f"{{{GML}}}LinearRing")
    closed = (*polygon.corners, polygon.corners[0])
    etree.SubElement(ring, f"{{{GML}}}posList").text = " ".join(
        plain(number) for corner in closed for number in (*corner, *height)
    )
    if polygon.height_m is not None:
        _measure(node, "height", polygon.height_m)


def _measure(node: etree._Element, name: str, value: float, unit: str = METRE) -> None:
    etree.SubElement(node, f"{{{GS}}}{name}", uom=unit).text = plain(value)
