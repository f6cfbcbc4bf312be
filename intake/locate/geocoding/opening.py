"""From settings to services; the settings must be checked (``check_geocoding``)."""

from __future__ import annotations

from collections.abc import Mapping

from intake.locate.geocoding.guard import Guarded
from intake.locate.geocoding.providers import open_provider
from intake.locate.geocoding.what3words import What3Words
from intake.location import ClueKind
from intake.settings import Settings


def open_all(settings: Settings) -> Mapping[ClueKind, Guarded]:
    """The address search where a provider is named, what3words where a key is set."""
    opened: dict[ClueKind, Guarded] = {}
    if settings.geocoder.provider:
        opened[ClueKind.ADDRESS] = Guarded(open_provider(settings.geocoder), settings.geocoder)
    if settings.what3words.api_key:
        opened[ClueKind.WHAT3WORDS] = Guarded(What3Words(settings.what3words), settings.what3words)
    return opened
