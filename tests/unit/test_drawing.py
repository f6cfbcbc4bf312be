"""What the desk's map is drawn from: outline, windows of land and areas, references read aloud."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.boundaries.drawing import (
    COAST,
    OUTLINE,
    POINTS_LIMIT,
    WINDOW_DEGREES,
    Drawing,
    Window,
    write_outline,
)
from intake.locate.naming import grid_reference, plus_code
from intake.locate.text import TextLocator

ROOT = Path(__file__).parents[2]
BOUNDARIES = ROOT / "config" / "boundaries"
PLACES = ROOT / "config" / "gazetteer" / "places.csv"
COMMITTED = ROOT / "intake" / "console" / "front" / "place" / OUTLINE
LEEDS, DOUGLAS, DUBLIN = (53.7965, -1.5478), (54.15, -4.49), (53.35, -6.26)
ON_LAND = [
    LEEDS,
    DOUGLAS,
    DUBLIN,
    (54.60, -5.93),
    (51.48, -3.18),
    (57.48, -4.22),
    (60.16, -1.17),
    (49.21, -2.13),
]
AT_SEA = [(50.60, -5.10), (53.9, -3.6), (54.5, 0.5), (52.3, -5.3), (58.9, -6.0)]
WEST_YORKSHIRE, BRADFORD = "E08000035", "E08000032"


def outline_rings() -> list[Any]:
    made = json.loads(COMMITTED.read_text("utf-8"))
    polygons = []
    for steps in made["rings"]:
        east = north = 0
        ring = []
        for at in range(0, len(steps), 2):
            east, north = east + steps[at], north + steps[at + 1]
            ring.append((north / made["parts"], east / made["parts"]))
        polygons.append(shapely.Polygon(ring).buffer(0))
    return polygons


def inside(polygons: list[Any], point: tuple[float, float]) -> bool:
    return any(shapely.contains_xy(one, *point) for one in polygons)


def even_odd(rings: list[Any], point: tuple[float, float]) -> bool:
    return sum(inside([shapely.Polygon(ring).buffer(0)], point) for ring in rings) % 2 == 1


def test_the_outline_is_made_again_byte_for_byte_from_the_committed_coast(tmp_path: Path) -> None:
    write_outline(BOUNDARIES, tmp_path / OUTLINE)
    assert (tmp_path / OUTLINE).read_bytes() == COMMITTED.read_bytes()


def test_the_outline_is_small_and_names_its_source() -> None:
    content = COMMITTED.read_bytes()
    assert len(content) <= 250_000
    assert len(gzip.compress(content)) <= 100_000
    assert "OpenStreetMap" in json.loads(content)["attribution"]
    assert (BOUNDARIES / COAST).stat().st_size <= 400_000


def test_the_outline_tells_land_from_sea() -> None:
    polygons = outline_rings()
    assert [point for point in ON_LAND if not inside(polygons, point)] == []
    assert [point for point in AT_SEA if inside(polygons, point)] == []


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return Drawing(BOUNDARIES, PLACES)


def about(point: tuple[float, float], half: float) -> Window:
    return Window(point[0] - half, point[1] - half, point[0] + half, point[1] + half)


@pytest.mark.parametrize("half", [0.01, 0.2, 1.5])
def test_a_window_draws_the_ground_of_its_rooms_and_the_land(drawing: Drawing, half: float) -> None:
    rooms: dict[str, str | None] = {WEST_YORKSHIRE: "leeds", BRADFORD: "bradford", "IE": None}
    drawn = drawing.draw(about(LEEDS, half), rooms, frozenset({"leeds", "bradford"}))
    ground = {area.room_id: area.rings for area in drawn.areas}
    assert even_odd(ground["leeds"], LEEDS) and even_odd(drawn.land, LEEDS)
    assert not even_odd(ground.get("bradford", []), LEEDS)
    assert sum(map(len, drawn.land)) <= POINTS_LIMIT
    assert all(ring[0] == ring[-1] for ring in drawn.land)
    assert (drawn.towns[0].name if drawn.towns else "Leeds") in ("Leeds", "Birmingham", "Manchester")
    assert drawn.grid_m in (100, 1_000, 10_000, 100_000) and len(drawn.grid) <= 120


def test_only_rooms_that_are_asked_for_are_drawn(drawing: Drawing) -> None:
    drawn = drawing.draw(
        about(LEEDS, 0.2), {WEST_YORKSHIRE: "leeds", BRADFORD: "bradford"}, frozenset({"bradford"})
    )
    assert [area.room_id for area in drawn.areas] == ["bradford"]


def test_what_is_drawn_ends_at_the_shore_though_routing_goes_on(drawing: Drawing) -> None:
    a_mile_out = (50.5650, -4.9900)
    drawn = drawing.draw(about(a_mile_out, 0.05), {"E06000052": "dc"}, frozenset({"dc"}))
    assert drawn.areas and not even_odd(drawn.land, AT_SEA[0])
    shore = shapely.union_all([shapely.Polygon(ring).buffer(0) for ring in drawn.land])
    ground = shapely.union_all([shapely.Polygon(ring).buffer(0) for ring in drawn.areas[0].rings])
    assert ground.difference(shore.buffer(0.001)).area < 1e-6


def test_open_sea_and_foreign_ground_have_no_grid_and_raise_nothing(drawing: Drawing) -> None:
    drawn = drawing.draw(about((48.9, -11.5), 0.2), {}, frozenset())
    assert (drawn.land, drawn.areas, drawn.grid, drawn.grid_m) == ([], [], [], 0)


@pytest.mark.parametrize(
    "window",
    [
        Window(53, -2, 52, -1),
        Window(53, -2, 53, -1),
        Window(53, -1, 54, -2),
        Window(48, -12, 48 + 1.01 * WINDOW_DEGREES, -11),
        Window(53, -12, 54, 3),
    ],
)
def test_a_window_that_is_none_or_too_wide_is_refused(drawing: Drawing, window: Window) -> None:
    with pytest.raises(ValueError, match="window"):
        drawing.draw(window, {}, frozenset())


def test_without_a_list_of_places_the_map_has_no_names_and_is_drawn() -> None:
    drawn = Drawing(BOUNDARIES, BOUNDARIES / "no.csv").draw(about(LEEDS, 0.1), {}, frozenset())
    assert drawn.towns == [] and drawn.land


@pytest.mark.parametrize(
    ("point", "said"),
    [
        (LEEDS, ("SE 2988 3344", "os")),
        ((54.597, -5.930), ("J 3383 7405", "irish")),
        (DUBLIN, ("O 1589 3474", "irish")),
        ((55.75, -6.2), ("NR 3654 5872", "os")),  # Islay is further west than Belfast
        ((55.42, -5.61), ("NR 7161 1994", "os")),  # Kintyre
        ((55.29, -6.20), ("D 1433 5081", "irish")),  # Rathlin
        ((49.92, -6.30), ("SV 9118 1063", "os")),  # Scilly
        ((48.85, 2.35), ("", "")),
        ((0.0, 0.0), ("", "")),
        ((-90.0, 0.0), ("", "")),
    ],
)
def test_a_place_has_the_reference_of_its_grid(point: tuple[float, float], said: tuple[str, str]) -> None:
    reference, kind = grid_reference(*point)
    assert kind == said[1]
    assert reference.split(" ")[:1] == said[0].split(" ")[:1]


@settings(max_examples=60, deadline=None)
@given(st.floats(50.2, 58.5), st.floats(-4.8, -0.2))
def test_what_is_read_aloud_is_read_back_within_ten_metres(latitude: float, longitude: float) -> None:
    reference, kind = grid_reference(latitude, longitude)
    assert kind == "os"
    read = TextLocator(None).read(f"grid ref {reference}").places
    if read:  # squares of open sea are not believed in a text
        assert abs(read[0].latitude - latitude) < 0.0002 and abs(read[0].longitude - longitude) < 0.0003
    (code,) = TextLocator(None).read(plus_code(latitude, longitude)).places
    assert abs(code.latitude - latitude) < 0.0002 and abs(code.longitude - longitude) < 0.0002
