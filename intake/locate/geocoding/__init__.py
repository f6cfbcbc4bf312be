"""Asking services outside where an address or three words are, by `geopy`, behind ``ports.Geocoder``."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import cast

from intake.errors import BadConfiguration
from intake.locate.geocoding.asking import look_up as look_up
from intake.locate.geocoding.asking import question_of as question_of
from intake.locate.geocoding.configuration import check_geocoding as check_geocoding
from intake.location import ClueKind, Reading
from intake.ports import Geocoder
from intake.settings import Settings

_OPENING = "intake.locate.geocoding.opening"


def preload(settings: Settings) -> None:
    """Read the code that ``open_geocoders`` will need, half a second and 25 MB of it: not on the event loop.

    Where no geocoder is set, nothing is read.
    """
    if _any_set(settings):
        importlib.import_module(_OPENING)


def open_geocoders(settings: Settings) -> Mapping[ClueKind, Geocoder]:
    """Those that are set, by the kind of clue they are asked for. Raises BadConfiguration."""
    if problems := check_geocoding(settings):
        raise BadConfiguration(list(problems))
    if not _any_set(settings):
        return {}
    opening = importlib.import_module(_OPENING)
    return cast(Mapping[ClueKind, Geocoder], opening.open_all(settings))


def _any_set(settings: Settings) -> bool:
    return bool(settings.geocoder.provider or settings.what3words.api_key)


def worth_asking_s(settings: Settings) -> Mapping[ClueKind, float]:
    """For how many seconds a clue of each kind is worth a look-up."""
    return {
        ClueKind.ADDRESS: settings.geocoder.give_up_after_s,
        ClueKind.WHAT3WORDS: settings.what3words.give_up_after_s,
    }


async def look_up_once(reading: Reading, settings: Settings) -> Reading:
    """One text's reading with what the geocoders that are set add to it. Raises BadConfiguration."""
    geocoders = open_geocoders(settings)
    if not geocoders:
        raise BadConfiguration(["geocoder.provider and what3words.api_key are empty: nobody can be asked"])
    try:
        return await look_up(reading, geocoders)
    finally:
        for geocoder in geocoders.values():
            await geocoder.close()
