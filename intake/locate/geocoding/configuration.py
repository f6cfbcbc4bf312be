"""What is wrong with the settings of the address search and of what3words (law 18)."""

from __future__ import annotations

from collections.abc import Iterator

from yarl import URL

from intake.settings import GeocoderSettings, LookupSettings, Settings, What3WordsSettings

PROVIDERS = ("nominatim", "photon", "pelias", "os_places")
PUBLIC_SERVERS = ("nominatim.openstreetmap.org", "photon.komoot.io")
"""Made for trying out; their usage policies do not allow a service like this, and they owe us nothing."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_geocoding(settings: Settings) -> tuple[str, ...]:
    """Every problem of the two sections, each in one line; what is off has none."""
    return (*_of_geocoder(settings.geocoder), *_of_what3words(settings.what3words))


def _of_geocoder(settings: GeocoderSettings) -> Iterator[str]:
    if not settings.provider:
        if settings.base_url or settings.api_key:
            yield "geocoder.provider: empty, so base_url and api_key are not used: name one or remove them"
        return
    if settings.provider not in PROVIDERS:
        yield f"geocoder.provider: {settings.provider!r} is none of {', '.join(PROVIDERS)}"
    if settings.provider == "os_places" and not settings.api_key:
        yield "geocoder.api_key: OS Places needs one: set INTAKE_GEOCODER__API_KEY or …_FILE"
    if settings.provider == "nominatim" and not settings.user_agent:
        yield "geocoder.user_agent: Nominatim wants to know who asks: a name and a mail address"
    if _url(settings.base_url).host in PUBLIC_SERVERS:
        yield "geocoder.base_url: the public server is not for callers' addresses; name one of your own"
    yield from _of_either("geocoder", settings)


def _of_what3words(settings: What3WordsSettings) -> Iterator[str]:
    if settings.api_key:
        yield from _of_either("what3words", settings)


def _of_either(where: str, settings: LookupSettings) -> Iterator[str]:
    url = _url(settings.base_url)
    if url.scheme not in ("http", "https") or not url.host:
        yield f"{where}.base_url: {settings.base_url!r} is no http or https address"
    elif url.scheme == "http" and url.host not in _LOOPBACK:
        yield f"{where}.base_url: addresses and keys go over https, except on this machine"
    if url.query_string or url.fragment or url.user or url.password:
        yield f"{where}.base_url: no user, question mark or # belongs into it"
    for name in (
        "timeout_s",
        "requests_per_s",
        "at_once",
        "cache_answers",
        "cache_found_s",
        "cache_nothing_s",
        "rest_after_failures",
        "rest_s",
        "give_up_after_s",
    ):
        if not 0 < getattr(settings, name) < float("inf"):
            yield f"{where}.{name}: must be more than 0"
    if settings.timeout_s > 15:
        yield f"{where}.timeout_s: at most 15, or an attempt outlives its lease"


def _url(text: str) -> URL:
    try:
        return URL(text)
    except ValueError:
        return URL("")
