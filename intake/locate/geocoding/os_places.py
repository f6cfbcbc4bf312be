"""OS Places, which geopy does not have: the find resource, as the smallest geocoder of geopy's kind.

Technical specification: docs.os.uk, OS Places API, /search/places/v1/find.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from geopy.geocoders.base import Geocoder
from geopy.location import Location

from intake.locate.geocoding.answer import AnswerKind, FoundAddress

LEAST_MATCH = 0.4
_PATH = "/search/places/v1/find"


class OsPlaces(Geocoder):  # type: ignore[misc]
    """Free-text search over every address of Great Britain. The key is needed."""

    def __init__(self, *, api_key: str, base_url: str, **how: Any):
        super().__init__(**how)
        self._api_key, self._url = api_key, f"{base_url.rstrip('/')}{_PATH}"

    def geocode(self, query: str, *, exactly_one: bool = True, limit: int = 1) -> Any:
        """As geopy's geocoders do: an awaitable of Locations, or of None."""
        asked = {
            "query": query,
            "maxresults": limit,
            "minmatch": LEAST_MATCH,
            "dataset": "DPA,LPI",
            "output_srs": "EPSG:4326",
            "key": self._api_key,
        }
        read = partial(self._read, exactly_one=exactly_one)
        return self._call_geocoder(f"{self._url}?{urlencode(asked)}", read)

    def _read(self, answer: Mapping[str, Any], exactly_one: bool) -> Any:
        # One address stands in both data sets: postal (DPA) and the council's (LPI).
        by_property: dict[str, Location] = {}
        for result in answer.get("results", ()):
            record = result.get("DPA") or result["LPI"]
            place = Location(record["ADDRESS"], (float(record["LAT"]), float(record["LNG"])), record)
            by_property.setdefault(str(record["UPRN"]), place)
        found = list(by_property.values())
        return found or None if not exactly_one else next(iter(found), None)


_COUNTRIES = {"E": "gb", "W": "gb", "S": "gb", "N": "gb", "L": "", "M": "im", "J": ""}
"""COUNTRY_CODE: L is all of the Channel Islands, J is not assigned to any."""

# RPC, the representative point code (AddressBase code lists): how well the point is known.
_STREET_POINT, _POSTCODE_POINT, _LOW_ACCURACY = "4", "5", "9"
_LOW_ACCURACY_M = 1_000.0


def read_os_places(raw: Mapping[str, Any]) -> FoundAddress:
    """A DPA or LPI record in EPSG:4326."""
    code = str(raw.get("RPC", ""))
    kind = {_STREET_POINT: AnswerKind.STREET, _POSTCODE_POINT: AnswerKind.POSTCODE}.get(
        code, AnswerKind.HOUSE
    )
    number = raw.get("BUILDING_NUMBER") or raw.get("PAO_START_NUMBER") or raw.get("BUILDING_NAME") or ""
    suffix = raw.get("PAO_START_SUFFIX") or ""
    return FoundAddress(
        latitude=float(raw["LAT"]),
        longitude=float(raw["LNG"]),
        kind=kind,
        label=str(raw["ADDRESS"]),
        extent_m=_LOW_ACCURACY_M if code == _LOW_ACCURACY else 0.0,
        match=float(raw.get("MATCH", 1.0)),
        house_number=f"{number}{suffix}",
        postcode=str(raw.get("POSTCODE") or raw.get("POSTCODE_LOCATOR") or ""),
        country_code=_COUNTRIES.get(str(raw.get("COUNTRY_CODE", "E")), ""),
    )
