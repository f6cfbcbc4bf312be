"""One place in each provider's published JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from intake.simulate.geocoder import Address, Words

_METRES_PER_DEGREE = 111_320.0
_OSM_LICENCE = "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright"


def _box(one: Address) -> tuple[float, float, float, float]:
    """South, west, north, east of a square whose corners are ``extent_m`` away."""
    up = one.extent_m / math.sqrt(2) / _METRES_PER_DEGREE
    aside = up / math.cos(math.radians(one.latitude))
    return one.latitude - up, one.longitude - aside, one.latitude + up, one.longitude + aside


def _label(one: Address) -> str:
    street = f"{one.number} {one.street}".strip()
    return ", ".join(part for part in (street, one.town, one.postcode, one.country) if part)


_NOMINATIM = {
    "house": ("building", "yes", "building", 30),
    "street": ("highway", "residential", "road", 26),
    "postcode": ("place", "postcode", "postcode", 25),
    "town": ("place", "town", "town", 18),
    "country": ("boundary", "administrative", "country", 4),
}


def as_nominatim(one: Address) -> dict[str, Any]:
    south, west, north, east = _box(one)
    klass, kind, address_type, rank = _NOMINATIM[one.kind]
    address = {
        "house_number": one.number,
        "road": one.street,
        "town": one.town,
        "postcode": one.postcode,
        "country": one.country,
        "country_code": one.country_code,
    }
    return {
        "place_id": 100149,
        "licence": _OSM_LICENCE,
        "osm_type": "way",
        "osm_id": 107775,
        "lat": f"{one.latitude:.7f}",
        "lon": f"{one.longitude:.7f}",
        "class": klass,
        "type": kind,
        "place_rank": rank,
        "importance": 0.1,
        "addresstype": address_type,
        "name": "",
        "display_name": _label(one),
        "address": {name: value for name, value in address.items() if value},
        "boundingbox": [f"{side:.7f}" for side in (south, north, west, east)],
    }


_PHOTON = {
    "house": ("house", "building", "yes"),
    "street": ("street", "highway", "residential"),
    "postcode": ("other", "place", "postcode"),
    "town": ("city", "place", "town"),
    "country": ("country", "place", "country"),
}


def as_photon(one: Address) -> dict[str, Any]:
    south, west, north, east = _box(one)
    kind, key, value = _PHOTON[one.kind]
    properties = {
        "osm_type": "W",
        "osm_id": 107775,
        "osm_key": key,
        "osm_value": value,
        "type": kind,
        "housenumber": one.number,
        "street": one.street if one.kind == "house" else "",
        "name": {"street": one.street, "town": one.town, "country": one.country}.get(one.kind, ""),
        "city": one.town,
        "postcode": one.postcode,
        "countrycode": one.country_code.upper(),
        "country": one.country,
        "extent": [west, north, east, south],
    }
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [one.longitude, one.latitude]},
        "properties": {name: value for name, value in properties.items() if value},
    }


_PELIAS = {
    "house": "address",
    "street": "street",
    "postcode": "postalcode",
    "town": "locality",
    "country": "country",
}
_ALPHA_3 = {"gb": "GBR", "ie": "IRL", "au": "AUS", "im": "IMN"}


def as_pelias(one: Address) -> dict[str, Any]:
    south, west, north, east = _box(one)
    properties = {
        "id": "way/107775",
        "gid": "openstreetmap:address:way/107775",
        "layer": _PELIAS[one.kind],
        "source": "openstreetmap",
        "name": f"{one.number} {one.street}".strip() or one.town,
        "housenumber": one.number,
        "street": one.street,
        "postalcode": one.postcode,
        "confidence": one.match,
        "match_type": "interpolated" if one.is_reckoned else "exact",
        "accuracy": "point" if one.kind == "house" else "centroid",
        "country": one.country,
        "country_a": _ALPHA_3.get(one.country_code, one.country_code.upper()),
        "locality": one.town,
        "label": _label(one),
    }
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [one.longitude, one.latitude]},
        "properties": {name: value for name, value in properties.items() if value != ""},
        "bbox": [west, south, east, north],
    }


def as_os_places(one: Address, number: int, datasets: list[str]) -> list[dict[str, Any]]:
    """The address as each data set asked for has it: Royal Mail's (DPA) and the council's (LPI)."""
    shared = {
        "UPRN": f"{100_000_000_000 + number}",
        "ADDRESS": _label(one).removesuffix(f", {one.country}").upper(),
        "RPC": one.rpc,
        "X_COORDINATE": 0.0,
        "Y_COORDINATE": 0.0,
        "LNG": one.longitude,
        "LAT": one.latitude,
        "LANGUAGE": "EN",
        "COUNTRY_CODE": "E",
        "MATCH": one.match,
        "MATCH_DESCRIPTION": "EXACT" if one.match == 1 else "NO EXACT",
    }
    own = {
        "DPA": {
            "BUILDING_NUMBER": one.number,
            "THOROUGHFARE_NAME": one.street.upper(),
            "POST_TOWN": one.town.upper(),
            "POSTCODE": one.postcode,
        },
        "LPI": {
            "PAO_START_NUMBER": one.number,
            "STREET_DESCRIPTION": one.street.upper(),
            "TOWN_NAME": one.town.upper(),
            "POSTCODE_LOCATOR": one.postcode,
        },
    }
    return [{name: {**shared, **own[name]}} for name in datasets]


_HALF_SQUARE = 1.5 / _METRES_PER_DEGREE


def as_three_words(square: Words) -> dict[str, Any]:
    aside = _HALF_SQUARE / math.cos(math.radians(square.latitude))
    return {
        "country": square.country_code,
        "square": {
            "southwest": {"lng": square.longitude - aside, "lat": square.latitude - _HALF_SQUARE},
            "northeast": {"lng": square.longitude + aside, "lat": square.latitude + _HALF_SQUARE},
        },
        "nearestPlace": square.near,
        "coordinates": {"lng": square.longitude, "lat": square.latitude},
        "words": square.words,
        "language": "en",
        "map": f"https://w3w.co/{square.words}",
    }


def as_suggestion(square: Words, rank: int) -> dict[str, Any]:
    return {
        "country": square.country_code,
        "nearestPlace": square.near,
        "words": square.words,
        "rank": rank,
        "language": "en",
    }


def w3w_error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
