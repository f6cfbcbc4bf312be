"""what3words by its own API, never guessed: the square, and the doubt that a word was mistyped or misheard.

convert-to-coordinates gives the square of 3 m with its country; autosuggest gives three words that differ by
little. Those that differ by one letter and lie in these islands are named in the note. API version 3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from geopy.exc import GeocoderQueryError, GeocoderQuotaExceeded, GeopyError
from geopy.geocoders import What3WordsV3

from intake.errors import LookupFailed
from intake.locate.clue import HANDHELD_FIX_M, clue_location
from intake.locate.geocoding.answer import extent_m
from intake.locate.geocoding.doubts import HOME, NEIGHBOURS, country_doubt, printable, widened_m
from intake.locate.geocoding.wire import BoundedAdapter
from intake.location import STATED_CONFIDENCE_PCT, CallerLocation, LocationMethod, LocationSource
from intake.ports import PlaceQuestion
from intake.settings import What3WordsSettings

CONFUSABLE_CONFIDENCE_PCT = 75.0
"""Our estimate where other squares in these islands are one letter away."""
_SQUARE_M = 2.2  # from the middle of a square of 3 m to its corner
_THREE_WORDS = re.compile(r"[^\W\d_]+\.[^\W\d_]+\.[^\W\d_]+", re.UNICODE)
_DOT = re.compile(r"\s?[.。｡・·．]\s?")
_SUGGESTED = 5


class Neighbour(msgspec.Struct, frozen=True):
    """Three words one letter away, and the place they are near."""

    words: str
    near: str


class Square(msgspec.Struct, frozen=True, kw_only=True):
    """``neighbours`` is None where the service did not tell."""

    words: str
    latitude: float
    longitude: float
    radius_m: float
    near: str
    country_code: str
    neighbours: tuple[Neighbour, ...] | None


class _Api(What3WordsV3):  # type: ignore[misc]
    """geopy's, at an address of our choice, and with the suggestions that it lacks."""

    def __init__(self, settings: What3WordsSettings):
        super().__init__(
            settings.api_key,
            timeout=settings.timeout_s,
            adapter_factory=BoundedAdapter,
            user_agent="national-intake",
        )
        base = settings.base_url.rstrip("/")
        self.geocode_api = f"{base}{self.geocode_path}"
        self._suggest_api = f"{base}/v3/autosuggest"

    def suggest(self, words: str) -> Any:
        """An awaitable of suggestions near to the words, in these islands."""
        asked = {
            "input": words,
            "n-results": _SUGGESTED,
            "clip-to-country": ",".join((HOME, *NEIGHBOURS)).upper(),
            "key": self.api_key,
        }
        return self._call_geocoder(
            f"{self._suggest_api}?{urlencode(asked)}", lambda answer: answer["suggestions"]
        )

    def _geocoder_exception_handler(self, error: Exception) -> None:
        """The service says more in its answer than by its status."""
        try:
            code = msgspec.json.decode(getattr(error, "text", "") or "null")["error"]["code"]
        except (msgspec.DecodeError, KeyError, TypeError):
            return
        if code == "BadWords":
            raise GeocoderQueryError("no such words") from None
        if code == "QuotaExceeded":
            raise GeocoderQuotaExceeded("quota exceeded") from None


class What3Words:
    """What a `Guarded` asks with."""

    name = "what3words"
    requests = 2

    def __init__(self, settings: What3WordsSettings):
        self._api = _Api(settings)
        self.patience_s = 2 * settings.timeout_s

    def key(self, question: PlaceQuestion) -> str:
        return three_words(question.clue.words)

    async def ask(self, question: PlaceQuestion) -> Sequence[Square]:
        """The square of the words. Raises LookupFailed for words of no square, and geopy's errors."""
        words = three_words(question.clue.words)
        if not words:
            raise LookupFailed("not three words", permanent=True)
        try:
            found = await self._api.geocode(words)
        except GeocoderQueryError:
            raise LookupFailed("no such three words", permanent=True) from None
        return [_square(found.raw, await self._neighbours(words))]

    async def _neighbours(self, words: str) -> tuple[Neighbour, ...] | None:
        try:
            suggested = await self._api.suggest(words)
            near = [Neighbour(str(one["words"]), str(one["nearestPlace"])) for one in suggested]
        except (GeopyError, KeyError, TypeError):
            return None  # the square itself is worth having
        return tuple(one for one in near if is_one_letter_away(one.words.casefold(), words))

    def places(self, question: PlaceQuestion, answer: Sequence[Square]) -> tuple[CallerLocation, ...]:
        found = (_hypothesis(question, square) for square in answer)
        return tuple(place for place in found if place is not None)

    async def close(self) -> None:
        await self._api.adapter.__aexit__(None, None, None)


def three_words(text: str) -> str:
    """The words out of ``///a.b.c`` or a link, in small letters; empty where there are none."""
    found = _THREE_WORDS.findall(_DOT.sub(".", text))
    return found[-1].casefold() if found else ""


def is_one_letter_away(one: str, other: str) -> bool:
    """Whether one letter more, less or other, or two neighbours swapped, makes one of the other."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    rest, other_rest = one[start:], other[start:]
    return (
        rest[1:] == other_rest[1:]
        or rest[1:] == other_rest
        or rest == other_rest[1:]
        or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])
    )


def _square(raw: Mapping[str, Any], neighbours: tuple[Neighbour, ...] | None) -> Square:
    latitude, longitude = float(raw["coordinates"]["lat"]), float(raw["coordinates"]["lng"])
    south_west, north_east = raw["square"]["southwest"], raw["square"]["northeast"]
    corner_m = extent_m(
        latitude,
        longitude,
        float(south_west["lat"]),
        float(south_west["lng"]),
        float(north_east["lat"]),
        float(north_east["lng"]),
    )
    return Square(
        words=str(raw["words"]),
        latitude=latitude,
        longitude=longitude,
        # Somebody read the words off a phone's fix: they are no better than it was.
        radius_m=max(corner_m, _SQUARE_M) + HANDHELD_FIX_M,
        near=str(raw.get("nearestPlace", "")),
        country_code=str(raw.get("country", "")).lower(),
        neighbours=neighbours,
    )


def _hypothesis(question: PlaceQuestion, square: Square) -> CallerLocation | None:
    clue, words = question.clue, clue_words(square)
    place = clue_location(
        clue.words,
        (0, len(clue.words)),
        square.latitude,
        square.longitude,
        widened_m(square.radius_m, square.latitude, square.longitude, square.country_code),
        LocationSource.TEXT_W3W,
        method=LocationMethod.DERIVED,
        note=words,
    )
    if place is None:
        return None
    return msgspec.structs.replace(
        place,
        clue_start=clue.start,
        clue_end=clue.end,
        whose=clue.whose,
        confidence_pct=CONFUSABLE_CONFIDENCE_PCT if square.neighbours else STATED_CONFIDENCE_PCT,
    )


def clue_words(square: Square) -> str:
    """What a handler is told of a square."""
    told = [
        f"near {square.near}" if square.near else "",
        _country(square),
        _confusable(square),
        "found by what3words",
    ]
    return printable("; ".join(filter(None, told)))


def _country(square: Square) -> str:
    said = country_doubt(square.latitude, square.longitude, square.country_code, "")
    return f"{said}: ask for the words again" if said else ""


def _confusable(square: Square) -> str:
    if square.neighbours is None:
        return "which words are one letter away was not told: read them back"
    if not square.neighbours:
        return ""
    near = " and ".join(f"{one.near} (///{one.words})" for one in square.neighbours)
    return f"words one letter away are in {near}: read them back letter by letter"
