"""Nominatim, Photon and Pelias by geopy: one question, and their answers in our words.

Their geocoders ask and unpack; what each field means is read here, from the raw answer that geopy keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from geopy.geocoders import Nominatim, Pelias, Photon
from yarl import URL

from intake.locate.geocoding.answer import AnswerKind, FoundAddress, extent_m, hypotheses
from intake.locate.geocoding.doubts import HOME, HOME_WATERS, NEIGHBOURS
from intake.locate.geocoding.os_places import OsPlaces, read_os_places
from intake.locate.geocoding.wire import BoundedAdapter
from intake.location import CallerLocation
from intake.ports import PlaceQuestion
from intake.settings import GeocoderSettings

ASKED_FOR = 5
WORDS_LIMIT_CHARACTERS = 200
_OSM = "© OpenStreetMap contributors, ODbL 1.0"
_OS = "Contains OS data © Crown copyright and database rights"
_ALPHA_3 = ("GBR", "IRL", "IMN", "JEY", "GGY")
_BIAS_M = 25_000.0


class AddressSearch:
    """A geopy geocoder, how it is asked, and how each of its raw answers is read."""

    requests = 1

    def __init__(
        self,
        settings: GeocoderSettings,
        geocoder: Any,
        attribution: str,
        arguments: Callable[[PlaceQuestion], Mapping[str, Any]],
        read: Callable[[Mapping[str, Any]], FoundAddress],
    ):
        self.name, self.patience_s = settings.provider, settings.timeout_s
        self._attribution = attribution
        self._geocoder, self._arguments, self._read = geocoder, arguments, read

    def key(self, question: PlaceQuestion) -> str:
        """Equal for questions with the same answer: the words, and what they are asked with."""
        words = " ".join(question.clue.words.casefold().split())
        return f"{words} {_bias(question)}"

    async def ask(self, question: PlaceQuestion) -> Sequence[FoundAddress]:
        words = question.clue.words[:WORDS_LIMIT_CHARACTERS]
        found = await self._geocoder.geocode(words, exactly_one=False, **self._arguments(question))
        return [self._read(one.raw) for one in found or ()]

    def places(self, question: PlaceQuestion, answer: Sequence[FoundAddress]) -> tuple[CallerLocation, ...]:
        return hypotheses(question, answer, self.name, self._attribution)

    async def close(self) -> None:
        await self._geocoder.adapter.__aexit__(None, None, None)


def open_provider(settings: GeocoderSettings) -> AddressSearch:
    """The service that the settings name; they must be checked (``check_geocoding``)."""
    url = URL(settings.base_url)
    place = {"domain": f"{url.authority}{url.path}".rstrip("/"), "scheme": url.scheme}
    how = {
        "timeout": settings.timeout_s,
        "adapter_factory": BoundedAdapter,
        "user_agent": settings.user_agent or "national-intake",
    }
    if settings.provider == "nominatim":
        return AddressSearch(settings, Nominatim(**place, **how), _OSM, _to_nominatim, read_nominatim)
    if settings.provider == "photon":
        return AddressSearch(settings, Photon(**place, **how), _OSM, _to_photon, read_photon)
    if settings.provider == "pelias":
        pelias = Pelias(api_key=settings.api_key or None, **place, **how)
        return AddressSearch(settings, pelias, _OSM, lambda _: {"countries": _ALPHA_3}, read_pelias)
    places = OsPlaces(api_key=settings.api_key, base_url=settings.base_url, **how)
    return AddressSearch(settings, places, _OS, lambda _: {"limit": ASKED_FOR}, read_os_places)


def _bias(question: PlaceQuestion) -> tuple[float, float] | None:
    """Where to look first: (latitude, longitude), coarse, as it leaves our house."""
    known = [*question.postcodes, *([question.near] if question.near else [])]
    close = next((place for place in known if place.radius_m() < _BIAS_M), None)
    return None if close is None else (round(close.latitude, 1), round(close.longitude, 1))


def _to_nominatim(question: PlaceQuestion) -> Mapping[str, Any]:
    arguments: dict[str, Any] = {
        "limit": ASKED_FOR,
        "addressdetails": True,
        "country_codes": [HOME, *NEIGHBOURS],
        "language": "en",
    }
    if bias := _bias(question):
        (latitude, longitude), reach = bias, 0.5
        arguments["viewbox"] = [
            (latitude - reach, longitude - reach),
            (latitude + reach, longitude + reach),
        ]
    return arguments


def _to_photon(question: PlaceQuestion) -> Mapping[str, Any]:
    south, west, north, east = HOME_WATERS
    arguments: dict[str, Any] = {
        "limit": ASKED_FOR,
        "language": "en",
        "bbox": [(south, west), (north, east)],
    }
    if bias := _bias(question):
        arguments["location_bias"] = bias
    return arguments


_HOUSE_RANK, _STREET_RANK, _TOWN_RANK = 28, 26, 16


def read_nominatim(raw: Mapping[str, Any]) -> FoundAddress:
    """A place of Nominatim's JSON with ``addressdetails``; place_rank 30 is a house, 26 a street."""
    address = raw.get("address", {})
    latitude, longitude = float(raw["lat"]), float(raw["lon"])
    south, north, west, east = (float(side) for side in raw.get("boundingbox", (91, 91, 0, 0)))
    return FoundAddress(
        latitude=latitude,
        longitude=longitude,
        kind=_nominatim_kind(raw, address),
        label=str(raw.get("display_name", "")),
        extent_m=extent_m(latitude, longitude, south, west, north, east),
        house_number=str(address.get("house_number", "")),
        postcode=str(address.get("postcode", "")),
        country_code=str(address.get("country_code", "")).lower(),
        country=str(address.get("country", "")),
    )


def _nominatim_kind(raw: Mapping[str, Any], address: Mapping[str, Any]) -> AnswerKind:
    rank = int(raw.get("place_rank", 0))
    said = str(raw.get("addresstype") or raw.get("type", ""))
    if said == "postcode":
        return AnswerKind.POSTCODE
    if rank >= _HOUSE_RANK or (not rank and "house_number" in address):
        return AnswerKind.HOUSE
    if (
        rank >= _STREET_RANK
        or said in ("road", "residential")
        or (not rank and raw.get("class") == "highway")
    ):
        return AnswerKind.STREET
    towns = ("city", "town", "village", "suburb", "hamlet", "neighbourhood", "quarter", "city_district")
    return AnswerKind.TOWN if rank >= _TOWN_RANK or said in towns else AnswerKind.REGION


_PHOTON = {
    "house": AnswerKind.HOUSE,
    "street": AnswerKind.STREET,
    "locality": AnswerKind.TOWN,
    "district": AnswerKind.TOWN,
    "city": AnswerKind.TOWN,
}


def read_photon(raw: Mapping[str, Any]) -> FoundAddress:
    """A feature of Photon's GeoJSON; ``extent`` is west, north, east, south."""
    said = raw["properties"]
    longitude, latitude = (float(number) for number in raw["geometry"]["coordinates"][:2])
    west, north, east, south = (float(side) for side in said.get("extent") or (0, 91, 0, 91))
    kind = _PHOTON.get(str(said.get("type", "")), AnswerKind.REGION)
    if said.get("osm_value") == "postcode":
        kind = AnswerKind.POSTCODE
    names = [said.get("housenumber"), said.get("street"), said.get("name"), said.get("city")]
    return FoundAddress(
        latitude=latitude,
        longitude=longitude,
        kind=kind,
        label=", ".join(str(name) for name in [*names, said.get("postcode")] if name),
        extent_m=extent_m(latitude, longitude, south, west, north, east),
        house_number=str(said.get("housenumber", "")),
        postcode=str(said.get("postcode", "")),
        country_code=str(said.get("countrycode", "")).lower(),
        country=str(said.get("country", "")),
    )


_PELIAS = {
    "address": AnswerKind.HOUSE,
    "venue": AnswerKind.HOUSE,
    "street": AnswerKind.STREET,
    "intersection": AnswerKind.STREET,
    "postalcode": AnswerKind.POSTCODE,
    "neighbourhood": AnswerKind.TOWN,
    "borough": AnswerKind.TOWN,
    "locality": AnswerKind.TOWN,
    "localadmin": AnswerKind.TOWN,
}
_ALPHA_2 = dict(zip(_ALPHA_3, (HOME, *NEIGHBOURS), strict=True))


def read_pelias(raw: Mapping[str, Any]) -> FoundAddress:
    """A feature of Pelias' GeoJSON; ``bbox`` is west, south, east, north."""
    said = raw["properties"]
    longitude, latitude = (float(number) for number in raw["geometry"]["coordinates"][:2])
    box: Sequence[float] = raw.get("bbox") or (0, 91, 0, 91)
    west, south, east, north = (float(side) for side in box)
    alpha_3 = str(said.get("country_a", "")).upper()
    return FoundAddress(
        latitude=latitude,
        longitude=longitude,
        kind=_PELIAS.get(str(said.get("layer", "")), AnswerKind.REGION),
        label=str(said.get("label") or said.get("name", "")),
        extent_m=extent_m(latitude, longitude, south, west, north, east),
        match=float(said.get("confidence", 1.0)),
        house_number=str(said.get("housenumber", "")),
        postcode=str(said.get("postalcode", "")),
        country_code=str(said.get("country_code", "")).lower() or _ALPHA_2.get(alpha_3, alpha_3.lower()),
        country=str(said.get("country", "")),
        is_reckoned=said.get("match_type") == "interpolated",
    )
