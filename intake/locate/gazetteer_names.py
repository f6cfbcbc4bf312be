"""Which names a place goes by, and which of them are also words or people's names. Used by the build only."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from intake.errors import BadConfiguration
from intake.locate.gazetteer_packages import read_people, read_words
from intake.locate.place_words import name_key

OWN_NAMES, HAND_CAREFUL = "names.csv", "careful_by_hand.csv"
WORD_LEVEL = 60
"""SCOWL's level of a large dictionary. Above it stand words that nobody texts in an emergency."""
NEAR_LEVEL = 70
FIRST_NAMES_PCT = 90.0
FIRST_NAMES_LIST_PCT = 80.0
SURNAME_RANK = 20_000
TYPO_LETTERS = 7
"""Shorter names have too many neighbours for a slip of the finger to be told from another word."""
SHORTEST_PART = 4
HEAD_INHABITANTS = 10_000
_JOINTS = frozenset({"upon", "on", "under", "by", "in", "super", "the", "next"})
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_GAELIC = ("comhairle", "siorrachd", "shiorrachd", "ceantar", "contae", "inse", "labh", "clach mhan")
_WELSH = (
    "sir ",
    "bro ",
    "ynys",
    "môn",
    "swydd ",
    "dwyrain ",
    "gorllewin ",
    "gogledd ",
    "de swydd",
    "gwlad ",
    "caint",
    "tor-faen",
    "castell-nedd",
    "rhondda",
    "telford a ",
    "riding ",
)
_NO_NAME = frozenset(
    {"city", "town", "upon", "great", "little", "north", "south", "east", "west", "upper", "lower"}
)
_OFFICIAL = ("county", "borough", "bwrdeistref", "council", "district", "principal", "city of", "dinas a sir")


class OwnNames(NamedTuple):
    """Further names of one place."""

    english: tuple[str, ...]
    welsh: tuple[str, ...]


class Named(NamedTuple):
    """A place as the list of names sees it."""

    id: int
    name: str
    alternates: tuple[str, ...]
    population: int


def read_own_names(folder: Path, places: Sequence[Named]) -> dict[int, OwnNames]:
    """Names chosen by hand in ``names.csv``, each of which GeoNames must have, and those that follow by rule.

    By rule: an alternate name that is the main name's beginning or end in whole words ("Newcastle" for
    Newcastle upon Tyne), and the head of a town's name with a river or a county ("Stratford"). This
    package gives names without their languages, so a person had to choose the Welsh ones. Raises
    BadConfiguration.
    """
    chosen: dict[int, list[tuple[str, str]]] = {}
    alternates = {place.id: place.alternates for place in places}
    problems = []
    with (folder / OWN_NAMES).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            place_id = int(row["geonameid"])
            if row["name"] not in alternates.get(place_id, ()):
                problems.append(f"{OWN_NAMES}: GeoNames does not call {row['place']} {row['name']!r}")
            if row["language"] not in ("cy", "en"):
                problems.append(f"{OWN_NAMES}: {row['name']}: language must be cy or en")
            chosen.setdefault(place_id, []).append((row["language"], row["name"]))
    if problems:
        raise BadConfiguration(problems)
    found = {}
    for place in places:
        welsh = [name for language, name in chosen.get(place.id, ()) if language == "cy"]
        english = [name for language, name in chosen.get(place.id, ()) if language == "en"]
        english += [name for name in place.alternates if _is_part(name_key(name), name_key(place.name))]
        english += _head(place)
        found[place.id] = OwnNames(_once(english), _once((*welsh, *without_article(welsh))))
    return {place_id: names for place_id, names in found.items() if names.english or names.welsh}


def without_article(welsh: Iterable[str]) -> Iterator[str]:
    """``Fenni`` of ``Y Fenni``: people write "i'r Fenni" and "yn Fenni"."""
    for name in welsh:
        article, space, rest = name.partition(" ")
        if space and article.lower() in ("y", "yr") and " " not in rest:
            yield rest


def other_names(others: Iterable[str], taken: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """An area's other names as (Welsh, English), without Gaelic ones, long official ones and those that
    are a place's (``taken``: keys)."""
    welsh, english = [], []
    for name in others:
        small = name.lower()
        if name_key(name) in taken or any(word in small for word in _OFFICIAL):
            continue
        if small.startswith(_WELSH):
            welsh.append(name)
        elif name.isascii() and not small.startswith(_GAELIC):
            english.append(name)
    return _once(welsh), _once(english)


def careful_names(keys: set[str], folder: Path, fetched: Path) -> list[tuple[str, str]]:
    """Names that prove nothing by themselves: ``word`` (Reading), ``given`` (Barry), ``surname`` (Bradford).

    A name of several words is a word when all of them are ("Mill Hill"). ``careful_by_hand.csv`` adds to
    the lists and takes away from them (``is_also`` empty).
    """
    words = read_words(fetched, WORD_LEVEL)
    given, surnames = read_people(fetched, FIRST_NAMES_PCT, SURNAME_RANK)
    found = {}
    for key in keys:
        parts = key.split()
        if all(part in words for part in parts):
            found[key] = "word"
        elif key in given:
            found[key] = "given"
        elif key in surnames:
            found[key] = "surname"
    with (folder / HAND_CAREFUL).open(newline="", encoding="utf-8") as file:
        found.update({row["name"]: row["is_also"] for row in csv.DictReader(file)})
    return sorted((key, kind) for key, kind in found.items() if kind and key in keys)


def near_words(keys: set[str], fetched: Path) -> list[str]:
    """Words and people's names that are one slip of the finger from a name long enough to be corrected:
    they are never read as that name."""
    given, surnames = read_people(fetched, 100.0, 90_000)
    known = (read_words(fetched, NEAR_LEVEL) | given | surnames) - keys
    found: set[str] = set()
    for key in keys:
        if " " not in key and len(key) >= TYPO_LETTERS:
            found.update(slip for slip in _slips(key) if slip in known)
    return sorted(found)


def _slips(word: str) -> Iterator[str]:
    """Every string one deletion, insertion, change or swap of neighbours away."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in _LETTERS)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in _LETTERS)


def first_names(fetched: Path) -> list[str]:
    """The first names of four people in five: "John Bradford" is no place."""
    given, _ = read_people(fetched, FIRST_NAMES_LIST_PCT, 0)
    return sorted(given)


def _head(place: Named) -> list[str]:
    """``Newcastle`` of Newcastle under Lyme: towns of 10,000 inhabitants are called so."""
    words = name_key(place.name).split()
    joint = next((at for at, word in enumerate(words) if at and word in _JOINTS), 0)
    head = " ".join(words[:joint])
    if not joint or place.population < HEAD_INHABITANTS or len(head) < SHORTEST_PART or head in _NO_NAME:
        return []
    return [head.title()]


def _is_part(other: str, name: str) -> bool:
    is_end = name.startswith(f"{other} ") or name.endswith(f" {other}")
    return is_end and len(other) >= SHORTEST_PART and other not in _NO_NAME


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
