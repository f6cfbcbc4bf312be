"""The places we know by name: GeoNames' list of Britain, as small files below config/gazetteer.

Loaded once, never changed. A place is a circle: how far it reaches stands in the file
(`gazetteer_extent` says how that was found). Counties are places too, only larger.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

import msgspec

from intake.errors import IntakeError
from intake.locate.place_words import Word, name_key

PLACES, AREAS, CAREFUL = "places.csv", "areas.csv", "careful_names.csv"
NEAR, FIRST = "near_words.txt", "first_names.txt"
TYPO_LETTERS = 7
"""Only names of so many letters are read through a slip of the finger."""
NATIONS = {
    "england": "England",
    "lloegr": "England",
    "wales": "Wales",
    "cymru": "Wales",
    "scotland": "Scotland",
    "yr alban": "Scotland",
    "northern ireland": "Northern Ireland",
    "gogledd iwerddon": "Northern Ireland",
}
CERTAIN_SHARE = 0.98
"""From this share of all inhabitants of places of one name, that place is meant; the others are named."""
UNCOUNTED_INHABITANTS = 1_000
"""Added to each population before sharing: small places are named by those who pass, too."""


class GazetteerMissing(IntakeError):
    """There is no usable list of places; the text says what to do."""

    code: ClassVar[str] = "gazetteer_missing"


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A circle on WGS84 that holds 95 % of a place; ``within`` are the areas it lies in, nearest first."""

    name: str
    latitude: float
    longitude: float
    radius_m: float
    population: int
    country: str
    within: tuple[str, ...] = ()
    is_area: bool = False

    @property
    def label(self) -> str:
        """``Newport, Isle of Wight``; the country where the area has the place's own name."""
        own = name_key(self.name)
        area = next((area for area in self.within if name_key(area) != own), self.country)
        return self.name if self.is_area or area == self.name else f"{self.name}, {area}"


class Match(NamedTuple):
    """Words ``first`` to ``last`` (inclusive) are ``key``, the name of ``places``, most people first."""

    first: int
    last: int
    key: str
    places: tuple[Place, ...]


class Gazetteer:
    """Names → places. Pure once loaded."""

    def __init__(
        self,
        named: Iterable[tuple[Place, Sequence[str], Sequence[str]]],
        careful: dict[str, str],
        near_words: frozenset[str],
        first_names: frozenset[str],
    ):
        """``named`` gives each place with its English and its Welsh names; see `load` for the rest."""
        index: dict[str, list[Place]] = {}
        self.welsh_keys: set[str] = set()
        self._area_keys: dict[str, set[str]] = {}
        areas: set[str] = set()
        for place, english, welsh in named:
            keys = {name_key(name) for name in (place.name, *english, *welsh) if name}
            self.welsh_keys |= (
                keys if place.country == "Wales" else {name_key(name) for name in welsh if name}
            )
            for key in keys:
                index.setdefault(key, []).append(place)
                if place.is_area:
                    self._area_keys.setdefault(key, set()).add(place.name)
            areas.update(place.within)
        for area in areas:
            self._area_keys.setdefault(name_key(area), set()).add(area)
        self._index = {
            key: tuple(sorted(places, key=lambda place: -place.population)) for key, places in index.items()
        }
        self._careful, self._near_words, self.first_names = careful, near_words, first_names
        self._longest: dict[str, int] = {}
        for key in (*self._index, *NATIONS):
            first, count = key.split(" ", 1)[0], key.count(" ") + 1
            self._longest[first] = max(count, self._longest.get(first, 0))
        self._slips = _deletions(key for key in self._index if " " not in key and len(key) >= TYPO_LETTERS)

    @classmethod
    def load(cls, folder: Path) -> Gazetteer:
        """The list in ``folder`` (config/gazetteer). Raises GazetteerMissing."""
        try:
            careful = {row["name"]: row["is_also"] for row in _rows(folder / CAREFUL)}
            near = frozenset((folder / NEAR).read_text(encoding="utf-8").split())
            first = frozenset((folder / FIRST).read_text(encoding="utf-8").split())
            named = [
                *(_named(row, is_area=False) for row in _rows(folder / PLACES)),
                *(_named(row, is_area=True) for row in _rows(folder / AREAS)),
            ]
        except (OSError, ValueError, KeyError) as error:
            raise GazetteerMissing(
                f"no usable list of places in {folder} ({error!r}): run `intake gazetteer`"
            ) from error
        return cls(named, careful, near, first)

    def __len__(self) -> int:
        return len(self._index)

    def point(self, name: str) -> tuple[float, float] | None:
        """Latitude, longitude of a name that means one place ("Leeds", "Newport, Gwent"); else None."""
        head, _, area = name.partition(",")
        places = self.named(name_key(head))
        if area:
            wanted = self.areas_called(name_key(area)) | {NATIONS.get(name_key(area), "")}
            places = tuple(place for place in places if wanted & {*place.within, place.country})
        shares = shares_of(places)
        if not shares or shares[0] < CERTAIN_SHARE:
            return None
        return places[0].latitude, places[0].longitude

    def named(self, key: str) -> tuple[Place, ...]:
        """Every place of a key, most people first."""
        return self._index.get(key, ())

    def areas_called(self, key: str) -> set[str]:
        """The areas of a key, as they stand in ``Place.within``."""
        return self._area_keys.get(key, set())

    def is_also(self, key: str) -> str:
        """``word``, ``given``, ``surname``, or empty for a name that is nothing else."""
        return self._careful.get(key, "")

    def longest(self, words: Sequence[Word], at: int, first: str | None = None) -> Match | None:
        """The longest name that begins at word ``at``, or None. ``first`` is read instead of that word."""
        bare = first or words[at].bare
        count = self._longest.get(bare, 0)
        if not count:
            return None
        key, best = bare, None
        for last in range(at, min(at + count, len(words))):
            if last > at:
                if not words[last].joins:
                    break
                key = f"{key} {words[last].bare}"
            if key in self._index or key in NATIONS:
                best = Match(at, last, key, self.named(key))
        return best

    def slipped(self, word: str) -> str | None:
        """The one long name that is a single slip of the finger from ``word``, or None.

        None as well when two names are as near, or when ``word`` is a word or a name of its own.
        """
        if len(word) < TYPO_LETTERS or word in self._near_words or word in self._index:
            return None
        near = {key for form in (word, *_without_one(word)) for key in self._slips.get(form, ())}
        found = [key for key in near if key[0] == word[0] and _is_one_slip(key, word)]
        return found[0] if len(found) == 1 else None


def shares_of(places: Sequence[Place]) -> list[float]:
    """The share of inhabitants of each of several places of one name, as the chance that it is meant."""
    weights = [place.population + UNCOUNTED_INHABITANTS for place in places]
    return [weight / sum(weights) for weight in weights]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _named(row: dict[str, str], *, is_area: bool) -> tuple[Place, list[str], list[str]]:
    place = Place(
        name=row["name"],
        latitude=float(row["latitude"]),
        longitude=float(row["longitude"]),
        radius_m=float(row["radius_m"]),
        population=0 if is_area else int(row["population"]),
        country=row["country"],
        within=() if is_area else tuple(area for area in row["within"].split("|") if area),
        is_area=is_area,
    )
    return place, row["english"].split("|"), row["welsh"].split("|")


def _deletions(keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Each key under itself and under itself without one letter: two words one slip apart share a form."""
    forms: dict[str, tuple[str, ...]] = {}
    for key in keys:
        for form in {key, *_without_one(key)}:
            forms[form] = (*forms.get(form, ()), key)
    return forms


def _without_one(word: str) -> set[str]:
    return {word[:at] + word[at + 1 :] for at in range(len(word))}


def _is_one_slip(name: str, word: str) -> bool:
    """One letter more, less, other, or two neighbours swapped."""
    if len(name) != len(word):
        longer, shorter = (name, word) if len(name) > len(word) else (word, name)
        return len(longer) - len(shorter) == 1 and shorter in _without_one(longer)
    differ = [at for at, (one, other) in enumerate(zip(name, word, strict=True)) if one != other]
    if len(differ) == 1:
        return True
    return (
        len(differ) == 2
        and differ[1] == differ[0] + 1
        and name[differ[0]] == word[differ[1]]
        and name[differ[1]] == word[differ[0]]
    )
