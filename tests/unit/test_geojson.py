"""GeoJSON out: longitude first, closed counter-clockwise rings, nothing across the date line."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape as read_shape

from intake.locate.fusion import fuse
from intake.locate.geojson import feature_collection
from intake.locate.shape_circle import WGS84
from intake.location import CallerLocation, LocationSource, Whose
from intake.shapes import Ellipse

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEEDS = CallerLocation(
    latitude=53.7955, longitude=-1.5557, uncertainty_m=20, positioned_at=NOW - timedelta(seconds=60)
)
FIRE = CallerLocation(
    latitude=53.85,
    longitude=-1.5557,
    uncertainty_m=150,
    source=LocationSource.TEXT_POSTCODE,
    clue="LS16 1AA",
    whose=Whose.INCIDENT,
)


def drawn(*places: CallerLocation) -> dict[str, Any]:
    """As another program reads it."""
    collection = feature_collection(fuse(places, NOW), {f"p{i}": one for i, one in enumerate(places)})
    made: dict[str, Any] = json.loads(msgspec.json.encode(collection))
    return made


def test_each_hypothesis_is_its_circle_of_now() -> None:
    collection = drawn(LEEDS, FIRE)
    assert collection["type"] == "FeatureCollection" and collection["acts_on"] == "incident"
    fix, fire = collection["features"]
    assert (fix["id"], fix["properties"]["role"], fire["properties"]["role"]) == ("p0", "caller", "acted_on")
    (ring,) = fix["geometry"]["coordinates"]
    assert ring[0] == ring[-1] and len(ring) == 65
    for longitude, latitude in ring:
        _, _, metres = WGS84.inv(-1.5557, 53.7955, longitude, latitude)
        assert metres == pytest.approx(20 + 90, abs=0.5)  # a minute's walk
    area = read_shape(fix["geometry"])
    assert area.is_valid and area.exterior.is_ccw and area.centroid.x == pytest.approx(-1.5557, abs=1e-5)
    assert fire["properties"]["clue"] == "LS16 1AA" and fire["properties"]["radius_m"] == 150
    assert "6.1 km" in collection["warnings"][0]["en"]
    assert fire["properties"]["why"]["cy"]


def test_the_stated_shape_is_shown_beside_the_circle() -> None:
    shape = Ellipse(semi_major_m=1_275, semi_minor_m=670, orientation_deg=43.2)
    (feature,) = drawn(msgspec.structs.replace(LEEDS, uncertainty_m=1_275, shape=shape))["features"]
    assert len(feature["properties"]["stated_shape"]["coordinates"][0]) == 65
    assert read_shape(feature["properties"]["stated_shape"]).within(read_shape(feature["geometry"]))


def test_a_circle_across_the_date_line_is_cut_in_two() -> None:
    (feature,) = drawn(msgspec.structs.replace(LEEDS, longitude=179.999, uncertainty_m=2_000))["features"]
    geometry = feature["geometry"]
    assert geometry["type"] == "MultiPolygon" and len(geometry["coordinates"]) == 2
    area = read_shape(geometry)
    assert area.is_valid and all(part.exterior.is_ccw for part in area.geoms)
    west, _, east, _ = area.bounds
    assert (west, east) == (-180, 180)
    assert all(abs(abs(x) - 180) < 0.04 for part in geometry["coordinates"] for x, _ in part[0])


@pytest.mark.parametrize("changes", [{"latitude": 89.9999}, {"uncertainty_m": 9e6}, {"uncertainty_m": 0.0}])
def test_what_is_no_ring_is_drawn_as_its_centre(changes: dict[str, float]) -> None:
    here = msgspec.structs.replace(LEEDS, positioned_at=None, **changes)
    (feature,) = drawn(here)["features"]
    assert feature["geometry"]["type"] == "Point"


def test_what_is_no_place_on_earth_is_kept_without_a_geometry() -> None:
    (feature,) = drawn(msgspec.structs.replace(LEEDS, latitude=999.0, clue="far"))["features"]
    assert feature["geometry"] is None and feature["properties"]["role"] == "set_aside"
    assert feature["properties"]["clue"] == "far"


@settings(deadline=None)
@given(
    latitude=st.floats(-91, 91),
    longitude=st.floats(-181, 181),
    uncertainty_m=st.sampled_from([0.0, 3.0, 5e4, 4.9e6, 1e9, math.inf, math.nan]),
)
def test_every_hypothesis_can_be_drawn(latitude: float, longitude: float, uncertainty_m: float) -> None:
    one = CallerLocation(latitude=latitude, longitude=longitude, uncertainty_m=uncertainty_m)
    for feature in drawn(one)["features"]:
        if feature["geometry"] and feature["geometry"]["type"] != "Point":
            west, south, east, north = read_shape(feature["geometry"]).bounds
            assert -180 <= west <= east <= 180 and -90 <= south <= north <= 90
