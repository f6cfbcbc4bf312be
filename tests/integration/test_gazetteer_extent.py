"""How far a place reaches, asked of postcodes that the build never saw: districts named after their town."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from pyproj import Transformer

from intake.boundaries import postcodes
from intake.locate.place_words import name_key

GAZETTEER = Path(__file__).parents[2] / "config" / "gazetteer"
AIM = 0.92
FEWEST_TOWNS = 40
ALONE_FACTOR = 4
"""The town has so many times the inhabitants of any other place of its district."""


class Town(NamedTuple):
    name: str
    radius_m: float
    distances_m: Any
    """From its point to each held-out postcode of its district."""


@pytest.fixture(scope="module")
def towns() -> list[Town]:
    with (GAZETTEER / "places.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["country"] in ("England", "Wales", "Scotland")]
    largest_others: dict[str, list[int]] = {}
    for row in rows:
        largest_others.setdefault(row["within"].split("|")[0], []).append(int(row["population"]))
    directory = postcodes.read()
    directory = directory.where(postcodes.held_out(directory))
    to_grid = Transformer.from_crs("EPSG:4326", "EPSG:27700")
    found = []
    for row in rows:
        area = row["within"].split("|")[0]
        others = sorted(largest_others[area])[:-1]
        if name_key(area) != name_key(row["name"]) or not area:
            continue
        if int(row["population"]) < ALONE_FACTOR * max(others, default=1):
            continue
        easting, northing = to_grid.transform(float(row["latitude"]), float(row["longitude"]))
        distances = np.hypot(directory.eastings - easting, directory.northings - northing)
        codes, counts = np.unique(directory.districts[np.argsort(distances)[:30]], return_counts=True)
        own = distances[directory.districts == codes[counts.argmax()]]
        found.append(Town(row["name"], float(row["radius_m"]), own))
    return found


def covered(towns: list[Town], factor: float = 1.0) -> float:
    """The share of held-out postcodes of all the districts that lies within the radius of their town."""
    within = sum(int((town.distances_m <= factor * town.radius_m).sum()) for town in towns)
    return within / sum(len(town.distances_m) for town in towns)


def test_a_town_s_radius_holds_its_postcodes(towns: list[Town], say: Callable[[str], None]) -> None:
    assert len(towns) >= FEWEST_TOWNS
    worst = sorted(towns, key=lambda town: float((town.distances_m <= town.radius_m).mean()))[:5]
    wide = np.median([town.radius_m / np.percentile(town.distances_m, 95) for town in towns])
    asked = sum(len(town.distances_m) for town in towns)
    say(
        f"place radii: {covered(towns):.3f} of {asked:,} held-out postcodes of {len(towns)} districts lie "
        f"within their town's radius, which is {wide:.2f} times what 95 % need (median); least in "
        f"{', '.join(town.name for town in worst)}"
    )
    assert covered(towns) >= AIM
    assert wide <= 1.6, "a radius that holds everything says nothing"


def test_negative_control_halved_radii_are_found_out(towns: list[Town]) -> None:
    assert covered(towns, factor=0.5) < AIM
