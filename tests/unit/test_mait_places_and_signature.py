"""Grids against published points, the signature against forgers, the table against the schema."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

import intake.mait
from intake.errors import Forged
from intake.mait.grid import IRISH_GRID, NATIONAL_GRID, grid_position
from intake.mait.signature import secrets_from_text, signed_headers, verify

NOW = datetime(2026, 3, 1, 21, 4, 5, tzinfo=UTC)
SECRET, OTHER = b"s" * 32, b"o" * 32


def test_caister_water_tower_is_within_5_m_of_the_published_point() -> None:
    """Ordnance Survey's worked example (Transformations and OSGM15 User Guide, annexe A)."""
    found = grid_position(52.658007833, 1.716073973, 5)
    assert found is not None
    assert math.dist((found.easting_m, found.northing_m), (651409.804, 313177.450)) < 5


@pytest.mark.parametrize(
    ("latitude", "longitude", "radius_m", "system", "reference"),
    [
        (53.7969, -1.5342, 9, NATIONAL_GRID, "SE 3077 3349"),
        (53.7969, -1.5342, 99, NATIONAL_GRID, "SE 3077 3349"),
        (53.7969, -1.5342, 100, NATIONAL_GRID, "SE 307 334"),
        (53.7969, -1.5342, 3_000, NATIONAL_GRID, "SE 30 33"),
        (53.7969, -1.5342, 50_000, NATIONAL_GRID, "SE 3 3"),
        (54.5970, -5.9301, 12, IRISH_GRID, "J 3382 7405"),
        (54.9958, -7.3205, 400, IRISH_GRID, "C 435 166"),
        (55.3106, -5.7990, 12, NATIONAL_GRID, "NR 5901 0841"),
    ],
    ids=["leeds", "leeds-99", "leeds-100", "leeds-3k", "leeds-50k", "belfast", "derry", "mull-of-kintyre"],
)
def test_grid_references_are_no_finer_than_the_radius(
    latitude: float, longitude: float, radius_m: float, system: str, reference: str
) -> None:
    found = grid_position(latitude, longitude, radius_m)
    assert found is not None
    assert (found.system, found.reference) == (system, reference)


@pytest.mark.parametrize("place", [(49.2, -2.1), (40.0, -30.0), (0.0, 0.0), (90.0, 0.0), (-33.9, 151.2)])
def test_where_no_grid_reaches_none_is_claimed(place: tuple[float, float]) -> None:
    assert grid_position(*place, 10) is None


def headers(**changes: str) -> dict[str, str]:
    return signed_headers(SECRET, agency="room", message_id="m1", body=b"<a/>", now=NOW) | changes


def test_a_signature_proves_agency_and_message() -> None:
    assert verify(headers(), b"<a/>", {"room": [SECRET]}, now=NOW) == ("room", "m1")


def test_while_a_secret_is_changed_both_are_taken() -> None:
    assert verify(headers(), b"<a/>", {"room": [OTHER, SECRET]}, now=NOW) == ("room", "m1")


@pytest.mark.parametrize(
    ("given", "body", "now"),
    [
        (headers(), b"<b/>", NOW),
        (headers() | {"Idempotency-Key": "m2"}, b"<a/>", NOW),
        (headers() | {"Intake-Agency": "twin"}, b"<a/>", NOW),
        (headers() | {"Intake-Agency": "stranger"}, b"<a/>", NOW),
        (headers(), b"<a/>", NOW + timedelta(seconds=301)),
        (headers(), b"<a/>", NOW - timedelta(seconds=301)),
        (headers() | {"Intake-Signature": ""}, b"<a/>", NOW),
        (headers() | {"Intake-Signature": "t=é,v1=ü"}, b"<a/>", NOW),
        ({}, b"<a/>", NOW),
        (signed_headers(OTHER, agency="room", message_id="m1", body=b"<a/>", now=NOW), b"<a/>", NOW),
    ],
    ids=["body", "id", "twin", "stranger", "old", "future", "empty", "not-hex", "none", "other-secret"],
)
def test_every_forgery_is_refused(given: dict[str, str], body: bytes, now: datetime) -> None:
    with pytest.raises(Forged):
        verify(given, body, {"room": [SECRET], "twin": [SECRET]}, now=now)


def test_a_short_secret_is_refused() -> None:
    assert secrets_from_text("s" * 32 + "\n" + "o" * 32) == (SECRET, OTHER)
    for bad in ("short\n", "", "s" * 32 + " short"):
        with pytest.raises(ValueError, match="at least 32"):
            secrets_from_text(bad)


def test_the_readme_table_and_the_schema_name_the_same_elements() -> None:
    folder = Path(intake.mait.__file__).parent
    schema = etree.parse(folder / "profile.xsd")
    in_schema = set(schema.xpath("//@name[parent::*[local-name()='element']]"))
    table = (folder / "README.md").read_text().split("## Element", 1)[1].split("## What it promises", 1)[0]
    rows = [re.fullmatch(r"\| `(\w+)` \| .+ \| (?:N\d|own) \|", line) for line in table.splitlines()]
    listed = [row[1] for row in rows if row]
    assert sorted(listed) == sorted(in_schema)
    assert {row[0].split("|")[3].strip() for row in rows if row} >= {f"N{number}" for number in range(1, 10)}
