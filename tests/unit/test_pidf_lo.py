"""PIDF-LO in and out: the RFCs' examples and every shape there and back; hostile documents refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from intake.locate.pidf_lo import DOCUMENT_LIMIT_BYTES, InvalidPidf, PidfReading, read
from intake.locate.pidf_lo_out import write
from intake.locate.shape_circle import enclosing_circle
from intake.location import CallerLocation, LocationMethod, LocationSource, Whose
from intake.shapes import ArcBand, Circle, Ellipse, Pdf, Point, Polygon, Shape

NS = {
    "p": "urn:ietf:params:xml:ns:pidf",
    "dm": "urn:ietf:params:xml:ns:pidf:data-model",
    "gp": "urn:ietf:params:xml:ns:pidf:geopriv10",
    "gbp": "urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy",
    "gml": "http://www.opengis.net/gml",
    "gs": "http://www.opengis.net/pidflo/1.0",
    "con": "urn:ietf:params:xml:ns:geopriv:conf",
    "cl": "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr",
}
_XMLNS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items() if prefix != "p")
FLAT, HIGH = "urn:ogc:def:crs:EPSG::4326", "urn:ogc:def:crs:EPSG::4979"
M, DEG, RAD = (f'uom="urn:ogc:def:uom:EPSG::{code}"' for code in (9001, 9102, 9101))
AT = "<timestamp>2007-06-22T20:57:29Z</timestamp>"


def geopriv(info: str, more: str = "") -> str:
    return f"<gp:geopriv><gp:location-info>{info}</gp:location-info><gp:usage-rules/>{more}</gp:geopriv>"


def presence(inside: str, entity: str = "pres:geotarget@example.com") -> bytes:
    return f'<presence xmlns="{NS["p"]}" {_XMLNS} entity="{entity}">{inside}</presence>'.encode()


def in_tuple(info: str, more: str = "") -> bytes:
    return presence(f'<tuple id="one"><status>{geopriv(info, more)}</status>{AT}</tuple>')


def circle(pos: str = "42.5463 -73.2512", radius: str = "850.24", unit: str = M, crs: str = FLAT) -> str:
    return (
        f'<gs:Circle srsName="{crs}"><gml:pos>{pos}</gml:pos>'
        f"<gs:radius {unit}>\n {radius}\n </gs:radius></gs:Circle>"
    )


def measures(**values: tuple[float, str]) -> str:
    return "".join(f"<gs:{name} {unit}>{value}</gs:{name}>" for name, (value, unit) in values.items())


def polygon(pos_list: str, crs: str = FLAT) -> str:
    return (
        f'<gml:Polygon srsName="{crs}"><gml:exterior><gml:LinearRing><gml:posList>{pos_list}</gml:posList>'
        "</gml:LinearRing></gml:exterior></gml:Polygon>"
    )


ELLIPSOID = measures(
    semiMajorAxis=(7.7156, M), semiMinorAxis=(3.31, M), verticalAxis=(28.7, M), orientation=(43, DEG)
)
HEXAGON = (
    "43.311 -73.422 43.111 -73.322 43.111 -73.222 43.311 -73.122 43.411 -73.222 43.411 -73.322 43.311 -73.422"
)
EXAMPLES: dict[str, tuple[str, Shape | None, tuple[float, ...]]] = {
    # RFC 5491, figures 4, 5, 8, 9, 10, 12 (120° as its text and figure 11 say), 13, 15 and 17.
    "point": (
        f'<gml:Point srsName="{FLAT}"><gml:pos>-34.407 150.883</gml:pos></gml:Point>',
        Point(),
        (-34.407, 150.883, 1_000),
    ),
    "point in space": (
        f'<gml:Point srsName="{HIGH}"><gml:pos>-34.407 150.883 24.8</gml:pos></gml:Point>',
        Point(),
        (-34.407, 150.883, 1_000, 24.8),
    ),
    "polygon": (
        polygon(HEXAGON),
        Polygon(
            corners=(
                (43.311, -73.422),
                (43.111, -73.322),
                (43.111, -73.222),
                (43.311, -73.122),
                (43.411, -73.222),
                (43.411, -73.322),
            )
        ),
        (43.269296, -73.272, 18_049.7),
    ),
    "circle": (circle(), None, (42.5463, -73.2512, 850.24)),
    "ellipse": (
        f'<gs:Ellipse srsName="{FLAT}"><gml:pos>42.5463 -73.2512</gml:pos>'
        + measures(semiMajorAxis=(1275, M), semiMinorAxis=(670, M), orientation=(43.2, DEG))
        + "</gs:Ellipse>",
        Ellipse(semi_major_m=1275, semi_minor_m=670, orientation_deg=43.2),
        (42.5463, -73.2512, 1275),
    ),
    "arc band": (
        f'<gs:ArcBand srsName="{FLAT}"><gml:pos>-43.5723 153.21760</gml:pos>'
        + measures(
            innerRadius=(3594, M), outerRadius=(4148, M), startAngle=(20, DEG), openingAngle=(120, DEG)
        )
        + "</gs:ArcBand>",
        ArcBand(
            latitude=-43.5723,
            longitude=153.2176,
            inner_radius_m=3594,
            outer_radius_m=4148,
            start_deg=20,
            opening_deg=120,
        ),
        (-43.567281, 153.256691, 3_766.7),
    ),
    "sphere": (
        f'<gs:Sphere srsName="{HIGH}"><gml:pos>42.5463 -73.2512 26.3</gml:pos>'
        f"<gs:radius {M}>850.24</gs:radius></gs:Sphere>",
        Circle(radius_m=850.24, is_sphere=True),
        (42.5463, -73.2512, 850.24, 26.3),
    ),
    "ellipsoid": (
        f'<gs:Ellipsoid srsName="{HIGH}"><gml:pos>-34.407242 150.882518 34</gml:pos>{ELLIPSOID}'
        "</gs:Ellipsoid>",
        Ellipse(semi_major_m=7.7156, semi_minor_m=3.31, orientation_deg=43, vertical_m=28.7),
        (-34.407242, 150.882518, 7.7156, 34),
    ),
    "prism": (
        f'<gs:Prism srsName="{HIGH}"><gs:base><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>'
        "42.556844 -73.248157 36.6 42.656844 -73.248157 36.6 42.656844 -73.348157 36.6"
        " 42.556844 -73.348157 36.6 42.556844 -73.248157 36.6"
        f"</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gs:base>"
        f"<gs:height {M}>2.4</gs:height></gs:Prism>",
        Polygon(
            corners=(
                (42.556844, -73.248157),
                (42.656844, -73.248157),
                (42.656844, -73.348157),
                (42.556844, -73.348157),
            ),
            height_m=2.4,
        ),
        (42.606842, -73.298157, 6_906.2, 36.6),
    ),
}


def bare(place: CallerLocation) -> CallerLocation:
    return msgspec.structs.replace(place, note=None)


def only(reading: PidfReading) -> CallerLocation:
    (place,) = reading.places
    return place


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_rfcs_shapes_are_read_and_go_out_as_they_came(name: str) -> None:
    info, shape, (latitude, longitude, radius_m, *altitude) = EXAMPLES[name]
    place = only(read(in_tuple(info)))
    assert (place.latitude, place.longitude) == pytest.approx((latitude, longitude), abs=1e-6)
    assert (place.uncertainty_m, place.shape) == (radius_m, shape)
    assert place.altitude_m == (altitude[0] if altitude else None)
    assert place.positioned_at == datetime(2007, 6, 22, 20, 57, 29, tzinfo=UTC)
    again = only(read(write([place], entity="pres:x@example.com")))
    assert bare(again) == bare(place)


def test_confidence_and_distribution_are_read_and_written() -> None:
    """RFC 7459 figure 11: a device, 67 %, normal."""
    info = circle() + '<con:confidence pdf="normal">67</con:confidence>'
    document = presence(
        f'<dm:device id="sg89ab">{geopriv(info)}<dm:deviceID>mac:010203040506</dm:deviceID></dm:device>'
    )
    place = only(read(document))
    assert (place.confidence_pct, place.pdf) == (67, Pdf.NORMAL)
    assert place.radius_m() == pytest.approx(850.24 * 1.6737, abs=0.1)
    written = etree.fromstring(write([place], entity="tel:+447700900123"))
    told = written.find(".//con:confidence", NS)
    assert told is not None and (told.text, told.get("pdf")) == ("67", "normal")
    # The grown radius is ours to act on, never one to state.
    assert written.findtext(".//gs:radius", namespaces=NS) == "850.24"


@pytest.mark.parametrize(
    ("element", "confidence_pct", "pdf", "note"),
    [
        ("", 95.0, Pdf.UNKNOWN, ""),
        ("<con:confidence>unknown</con:confidence>", 0.0, Pdf.UNKNOWN, ""),
        ('<con:confidence pdf="rectangular"> 38.5 </con:confidence>', 38.5, Pdf.RECTANGULAR, ""),
        ('<con:confidence pdf="bell">90</con:confidence>', 90.0, Pdf.UNKNOWN, "pdf 'bell'"),
        ("<con:confidence>0</con:confidence>", 0.0, Pdf.UNKNOWN, "says nothing"),
        ("<con:confidence>100</con:confidence>", 0.0, Pdf.UNKNOWN, "says nothing"),
        ("<con:confidence>NaN</con:confidence>", 0.0, Pdf.UNKNOWN, "says nothing"),
        ("<con:confidence>a lot</con:confidence>", 0.0, Pdf.UNKNOWN, "says nothing"),
    ],
)
def test_every_confidence_comes_to_one(element: str, confidence_pct: float, pdf: Pdf, note: str) -> None:
    place = only(read(in_tuple(circle() + element)))
    assert (place.confidence_pct, place.pdf) == (confidence_pct, pdf)
    assert note in (place.note or "")
    assert place.radius_m() >= 850.24


def test_a_point_has_no_confidence_to_state() -> None:
    """RFC 7459 §4.1: it must be left out, and one that came is meaningless."""
    info, *_ = EXAMPLES["point"]
    place = only(read(in_tuple(info + "<con:confidence>95</con:confidence>")))
    assert place.confidence_pct == 0 and "1,000 m assumed" in (place.note or "")
    assert etree.fromstring(write([place], entity="x:y")).find(".//con:confidence", NS) is None


def test_devices_come_before_tuples_and_persons_last() -> None:
    """RFC 5491 rule 8."""
    person = f'<dm:person id="p">{geopriv(circle(radius="30"))}</dm:person>'
    tuples = f'<tuple id="t"><status>{geopriv(circle(radius="20"))}</status></tuple>'
    device = f'<dm:device id="d">{geopriv(circle(radius="10"))}</dm:device>'
    assert [one.uncertainty_m for one in read(presence(person + tuples + device)).places] == [10, 20, 30]


def test_what_is_not_understood_is_kept_as_a_note() -> None:
    civic = "<cl:civicAddress><cl:A3>Wollongong</cl:A3><cl:RD> Flinders </cl:RD></cl:civicAddress>"
    more = "<gp:method>Wiremap</gp:method><gp:provided-by><x:y xmlns:x='urn:x'>z</x:y></gp:provided-by>"
    place = only(read(in_tuple(circle() + civic, more)))
    assert "address: A3 Wollongong, RD Flinders" in (place.note or "")
    assert "method Wiremap" in (place.note or "") and place.method is LocationMethod.UNKNOWN
    (note,) = read(in_tuple(civic)).notes
    assert "no shape in it is read" in note and "A3 Wollongong" in note
    assert read(presence("")).notes == ("the document holds no location",)


def test_usage_rules_are_kept_as_words() -> None:
    """RFC 4119's example has them in one namespace, its schema in the other."""
    document = in_tuple(circle()).replace(
        b"<gp:usage-rules/>",
        b"<gp:usage-rules><gbp:retransmission-allowed>false</gbp:retransmission-allowed>"
        b"<gp:retention-expiry>2003-06-23T04:57:29Z</gp:retention-expiry></gp:usage-rules>",
    )
    note = only(read(document)).note or ""
    assert "retransmission-allowed: false" in note and "retention-expiry: 2003-06-23T04:57:29Z" in note


def test_the_deprecated_form_of_rfc_4119_is_still_read() -> None:
    old = "urn:opengis:specification:gml:schema-xsd:feature:v3.0"
    info = (
        f'<o:location xmlns:o="{old}"><o:Point srsName="epsg:4326">'
        "<o:coordinates>37:46:30N 122:25:10W</o:coordinates></o:Point></o:location>"
    )
    place = only(read(in_tuple(info)))
    assert (place.latitude, place.longitude) == pytest.approx((37.775, -122.419444), abs=1e-6)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (circle(pos="95 10"), "not a latitude"),
        (circle(pos="51.5 -200"), "not a latitude"),
        (circle(pos="51.5"), "needs 2 numbers"),
        (circle(pos="51.5 -3 12"), "needs 2 numbers"),
        (circle(pos="NaN 3"), "not finite"),
        (circle(pos="north 3"), "not numbers"),
        (circle(radius="-5"), "impossible"),
        (circle(radius="1e300"), "impossible"),
        (circle(radius="inf"), "not finite"),
        (circle(radius=""), "missing or not one number"),
        (circle(unit='uom="urn:ogc:def:uom:EPSG::9002"'), "unit that is not read"),
        (circle(unit=""), "unit that is not read"),
        (circle(crs="urn:ogc:def:crs:EPSG::27700"), "coordinate system"),
        (polygon("51 -3 51 -2.9 51 -3"), "fewer than three"),
        (polygon("51 -3 51"), "pairs"),
        (polygon(""), "pairs"),
        (polygon(" ".join(f"{50 + i / 1000} -3" for i in range(600))), "more than 500"),
        ('<gs:Blob srsName="urn:ogc:def:crs:EPSG::4326"/>', "a Blob is not read"),
        ("<gml:location/>", "no shape in it is read"),
    ],
)
def test_a_place_that_cannot_be_read_is_told_and_hides_no_other(info: str, words: str) -> None:
    good = f'<tuple id="good"><status>{geopriv(circle())}</status></tuple>'
    reading = read(presence(f'<tuple id="bad"><status>{geopriv(info)}</status></tuple>{good}'))
    assert len(reading.places) == 1
    (note,) = reading.notes
    assert words in note and "bad" in note


def test_a_polygon_given_clockwise_is_turned_round_and_said() -> None:
    """RFC 5491 §5.1, RFC 7459 Appendix B.1."""
    right, wrong = "51 -3 51 -2.9 51.1 -2.9 51 -3", "51 -3 51.1 -2.9 51 -2.9 51 -3"
    one, other = only(read(in_tuple(polygon(right)))), only(read(in_tuple(polygon(wrong))))
    assert one.note is None and "turned round" in (other.note or "")
    assert isinstance(one.shape, Polygon) and isinstance(other.shape, Polygon)
    assert set(one.shape.corners) == set(other.shape.corners)
    crossed = only(read(in_tuple(polygon("51 -3 51.1 -2.9 51 -2.9 51.1 -3 51 -3"))))
    assert "cross" in (crossed.note or "")


def test_angles_may_be_radians() -> None:
    info = EXAMPLES["ellipse"][0].replace(f"orientation {DEG}>43.2", f"orientation {RAD}>{math.pi / 2}")
    shape = only(read(in_tuple(info))).shape
    assert isinstance(shape, Ellipse) and shape.orientation_deg == pytest.approx(90)


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE = {
    "doctype": BOMB + in_tuple(circle()),
    "external entity": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><presence>&a;</presence>',
    "another encoding hides a doctype": (BOMB + in_tuple(circle())).decode().encode("utf-16"),
    "too large": in_tuple(circle() + "<x>" + "y" * DOCUMENT_LIMIT_BYTES + "</x>"),
    "too deep": b"<a>" * 10_000,
    "deep and closed": b"<a>" * 3_000 + b"</a>" * 3_000,
    "cut short": in_tuple(circle())[:300],
    "empty": b"",
    "not XML": b'{"type": "Point"}',
    "another root": b"<html/>",
    "nul": in_tuple(circle("42.5463\x00 -73.2512")),
    "bad bytes": b"\xff\xfe" + in_tuple(circle()),
    "undefined entity": in_tuple(circle("&nbsp;1 2")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_refused_with_a_reason(name: str) -> None:
    with pytest.raises(InvalidPidf) as refused:
        read(HOSTILE[name])
    assert str(refused.value) and len(str(refused.value)) < 500


def test_a_flood_of_places_is_cut_and_said() -> None:
    one = f'<tuple id="t"><status>{geopriv(circle())}</status></tuple>'
    reading = read(presence(one * 60))
    assert len(reading.places) == 32 and "the rest is not read" in reading.notes[0]


@settings(deadline=None, max_examples=150)
@given(
    cut=st.integers(0, 900), put=st.sampled_from(["", "<", "&", "]]>", "\x0b", "9" * 400, "<gs:radius>", "é"])
)
def test_no_document_makes_it_raise_anything_else(cut: int, put: str) -> None:
    whole = in_tuple(EXAMPLES["ellipsoid"][0]).decode()
    document = (whole[:cut] + put + whole[cut + len(put) :]).encode()
    try:
        reading = read(document)
    except InvalidPidf:
        return
    assert all(math.isfinite(place.uncertainty_m) for place in reading.places)


def test_a_document_never_says_who_says_so() -> None:
    """Whoever writes source="handler" into a document is not believed."""
    document = write(
        [CallerLocation(latitude=51.5, longitude=-3.2, uncertainty_m=9, source=LocationSource.HANDLER)],
        entity="x:y",
    )
    assert b'source="handler"' in document
    assert only(read(document)).source is LocationSource.DEVICE
    assert only(read(document, source=LocationSource.AML)).source is LocationSource.AML


def test_out_goes_one_target_with_every_field_in_its_place() -> None:
    fix = CallerLocation(
        latitude=53.7955,
        longitude=-1.5557,
        uncertainty_m=20,
        confidence_pct=68.00009,
        method=LocationMethod.GNSS,
        positioned_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        altitude_m=41.5,
        clue="LS1\x0b 4AP <b>",
        whose=Whose.CALLER,
    )
    broken = msgspec.structs.replace(fix, latitude=999.0)
    document = write([fix, broken], entity="tel:+447700900123", notes=["2 more are left out"])
    root = etree.fromstring(document)
    assert root.get("entity") == "tel:+447700900123" and len(root.findall("p:tuple", NS)) == 1
    assert root.findtext("p:note", namespaces=NS) == "2 more are left out"
    assert root.findtext(".//gml:pos", namespaces=NS) == "53.7955 -1.5557"  # latitude first
    assert root.find(".//gs:Circle", NS).get("srsName") == FLAT  # type: ignore[union-attr]
    assert root.findtext(".//con:confidence", namespaces=NS) == "68"  # rounded down
    assert root.findtext(".//gbp:retransmission-allowed", namespaces=NS) == "false"
    assert root.findtext(".//gp:method", namespaces=NS) == "GPS"
    assert root.findtext(".//p:timestamp", namespaces=NS) == "2026-03-01T12:00:00Z"
    back = only(read(document))
    assert (back.altitude_m, back.whose, back.clue) == (41.5, Whose.CALLER, "LS1␋ 4AP <b>")
    allowed = etree.fromstring(write([fix], entity="x:y", may_be_passed_on=True))
    assert allowed.findtext(".//gbp:retransmission-allowed", namespaces=NS) == "true"


_metres = st.floats(0.0, 1e6)
_degrees = st.floats(-179.0, 179.0)
_shapes: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.builds(Ellipse, semi_major_m=_metres, semi_minor_m=_metres, orientation_deg=st.floats(0, 360)),
    st.builds(Ellipse, semi_major_m=_metres, semi_minor_m=_metres, vertical_m=_metres),
    st.builds(Circle, radius_m=_metres, is_sphere=st.just(True)),
    st.builds(
        ArcBand,
        latitude=st.floats(-80, 80),
        longitude=_degrees,
        inner_radius_m=st.floats(0, 1e4),
        outer_radius_m=st.floats(1e4, 2e4),
        start_deg=st.floats(0, 360),
        opening_deg=st.floats(0, 360),
    ),
)


@settings(deadline=None)
@given(
    shape=_shapes,
    latitude=st.floats(-80, 80),
    longitude=_degrees,
    radius_m=_metres,
    pdf=st.sampled_from(Pdf),
    confidence_pct=st.sampled_from([0.0, 38.0, 67.5, 95.0, 99.9999]),
    method=st.sampled_from(LocationMethod),
    whose=st.sampled_from(Whose),
)
def test_what_goes_out_comes_back(
    shape: Shape | None, latitude: float, longitude: float, radius_m: float, **more: Any
) -> None:
    circle_of = enclosing_circle(shape or Circle(radius_m=radius_m), latitude, longitude)
    is_high = isinstance(shape, Circle) or (isinstance(shape, Ellipse) and shape.vertical_m is not None)
    place = CallerLocation(
        latitude=circle_of.latitude,
        longitude=circle_of.longitude,
        uncertainty_m=circle_of.radius_m,
        shape=shape,
        altitude_m=12.5 if is_high else None,
        **more,
    )
    assert bare(only(read(write([place], entity="pres:x@example.com")))) == place
