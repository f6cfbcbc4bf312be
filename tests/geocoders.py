"""A small invented town for the geocoders' stand-in, and settings that point at it."""

from __future__ import annotations

from typing import Any

from intake.locate.geocoding.guard import Guarded
from intake.locate.geocoding.providers import open_provider
from intake.locate.geocoding.what3words import What3Words
from intake.location import CallerLocation, Clue, ClueKind, LocationSource
from intake.ports import PlaceQuestion
from intake.settings import GeocoderSettings, What3WordsSettings
from intake.simulate.geocoder import Address, GeocoderApi, Words

KEY = "stand-in-key"
HOUSE = Address(
    latitude=53.8012, longitude=-1.5512, number="14", street="Acacia Avenue", town="Leeds", postcode="LS1 4AP"
)
ADDRESSES = (
    HOUSE,
    Address(
        latitude=53.79,
        longitude=-1.54,
        kind="street",
        street="Long Street",
        town="Leeds",
        postcode="LS2 7EW",
        extent_m=640,
    ),
    Address(latitude=53.7997, longitude=-1.5492, kind="town", town="Leeds", extent_m=9_000),
    # A street of one name in two towns, and one whose numbers are reckoned.
    Address(latitude=51.588, longitude=-2.998, number="3", street="Bridge Street", town="Newport"),
    Address(latitude=52.769, longitude=-2.379, number="3", street="Bridge Street", town="Newport"),
    Address(
        latitude=53.95,
        longitude=-1.08,
        number="9",
        street="Mill Lane",
        town="York",
        match=0.6,
        is_reckoned=True,
    ),
    Address(
        latitude=54.996,
        longitude=-7.321,
        number="5",
        street="Shore Road",
        town="Muff",
        country_code="ie",
        country="Ireland",
    ),
    Address(
        latitude=-31.95,
        longitude=115.86,
        number="7",
        street="Hay Street",
        town="Perth",
        country_code="au",
        country="Australia",
    ),
)
WORDS = (
    Words(words="filled.count.soap", latitude=51.520847, longitude=-0.195521, near="Bayswater, London"),
    Words(words="filled.count.soaps", latitude=53.801, longitude=-1.55, near="Leeds, West Yorkshire"),
    Words(words="index.home.raft", latitude=51.5208, longitude=-0.1955, near="Bayswater, London"),
    Words(words="daring.lion.race", latitude=-33.86, longitude=151.2, near="Sydney", country_code="AU"),
)


def stand_in() -> GeocoderApi:
    return GeocoderApi(ADDRESSES, WORDS, api_key=KEY)


def geocoder(api: GeocoderApi, provider: str = "nominatim", monotonic: Any = None, **changes: Any) -> Guarded:
    settings = geocoder_settings(api, provider, **changes)
    return Guarded(open_provider(settings), settings, *([monotonic] if monotonic else []))


def geocoder_settings(api: GeocoderApi, provider: str = "nominatim", **changes: Any) -> GeocoderSettings:
    fields: dict[str, Any] = {
        "provider": provider,
        "base_url": api.base_url,
        "api_key": KEY,
        "user_agent": "intake-tests test@example.org",
        "requests_per_s": 1000.0,
        "timeout_s": 2.0,
    }
    return GeocoderSettings(**{**fields, **changes})


def what3words(api: GeocoderApi, **changes: Any) -> Guarded:
    settings = what3words_settings(api, **changes)
    return Guarded(What3Words(settings), settings)


def what3words_settings(api: GeocoderApi, **changes: Any) -> What3WordsSettings:
    fields: dict[str, Any] = {
        "base_url": api.base_url,
        "api_key": KEY,
        "requests_per_s": 1000.0,
        "timeout_s": 2.0,
    }
    return What3WordsSettings(**{**fields, **changes})


def question(words: str, kind: ClueKind = ClueKind.ADDRESS, **fields: Any) -> PlaceQuestion:
    """As if the words stood at the seventh character of a message."""
    return PlaceQuestion(clue=Clue(kind=kind, words=words, start=7, end=7 + len(words)), **fields)


def postcode(name: str, latitude: float, longitude: float, radius_m: float = 100.0) -> CallerLocation:
    return CallerLocation(
        latitude=latitude,
        longitude=longitude,
        uncertainty_m=radius_m,
        source=LocationSource.TEXT_POSTCODE,
        clue=name,
    )
