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


def open_geocoders(settings: Settings) -> Mapping[ClueKind, Geocoder]:
    """Those that are set, by the kind of clue they are asked for. Not on the event loop: it reads code.

    Where none is set, geopy and what it brings (half a second, 25 MB) is not loaded at all. Raises
    BadConfiguration.
    """
    if problems := check_geocoding(settings):
        raise BadConfiguration(list(problems))
    if not settings.geocoder.provider and not settings.what3words.api_key:
        return {}
    opening = importlib.import_module("intake.locate.geocoding.opening")
    return cast(Mapping[ClueKind, Geocoder], opening.open_all(settings))


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
