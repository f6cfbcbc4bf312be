"""What stands between us and a service outside: cache, rate, breaker, time limit and figures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from aiolimiter import AsyncLimiter
from cachetools import TLRUCache
from geopy.exc import (
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderQueryError,
    GeocoderQuotaExceeded,
    GeocoderRateLimited,
    GeocoderTimedOut,
    GeocoderUnavailable,
    GeopyError,
)

from intake import metrics
from intake.errors import LookupFailed
from intake.locate.geocoding.breaker import Breaker
from intake.location import CallerLocation
from intake.ports import PlaceQuestion
from intake.settings import LookupSettings

log = structlog.get_logger()

LONGEST_REST_S = 600.0
"""However long a service asks us to stay away: its clock or its header may be wrong."""
REFUSED_KEY_REST_S = 300.0
_LIMITED_REST_S = 60.0


class Service(Protocol):
    """One service: ``ask`` on the wire, ``places`` pure. Errors are geopy's, LookupFailed, or any at all.

    ``requests`` is how many a question costs, ``patience_s`` how long all of them may take.
    """

    name: str
    patience_s: float
    requests: int

    def key(self, question: PlaceQuestion) -> str: ...
    async def ask(self, question: PlaceQuestion) -> Any: ...
    def places(self, question: PlaceQuestion, answer: Any) -> tuple[CallerLocation, ...]: ...
    async def close(self) -> None: ...


class Guarded:
    """Implements ``ports.Geocoder``. ``monotonic`` is in seconds.

    Nothing of a question or an answer goes into logs, metrics or errors; the cache is in memory only.
    """

    def __init__(
        self, service: Service, settings: LookupSettings, monotonic: Callable[[], float] = time.monotonic
    ):
        self._service, self._at_once = service, settings.at_once
        self._breaker = Breaker(settings.rest_after_failures, settings.rest_s, monotonic)
        burst = max(float(service.requests), settings.requests_per_s)
        self._limiter = AsyncLimiter(burst, burst / settings.requests_per_s)
        self._asking = 0

        def until_s(_key: str, answer: Any, now_s: float) -> float:
            return now_s + (settings.cache_found_s if answer else settings.cache_nothing_s)

        self._cache: TLRUCache[str, Any] = TLRUCache(settings.cache_answers, until_s, monotonic)
        metrics.LOOKUPS_RESTING.labels(provider=self.name).set(0)

    @property
    def name(self) -> str:
        return self._service.name

    @property
    def may_ask(self) -> int:
        """How many questions it would take now."""
        if self._breaker.rests_s:
            return 0
        free = (1 if self._breaker.is_open else self._at_once) - self._asking
        while free > 0 and not self._limiter.has_capacity(free * self._service.requests):
            free -= 1
        return max(0, free)

    async def find(self, question: PlaceQuestion) -> tuple[CallerLocation, ...]:
        """As ``ports.Geocoder``; an answer already known costs the service nothing."""
        key = self._service.key(question)
        known = self._cache.get(key)
        if known is not None:
            self._count("cached")
            return self._service.places(question, known)
        if rests_s := self._breaker.rests_s:
            self._count("resting")
            raise LookupFailed("the service is left alone for a while", retry_after_s=rests_s)
        answer, places = await self._ask(question)
        self._cache[key] = answer
        self._count("found" if places else "nothing")
        return places

    async def close(self) -> None:
        await self._service.close()

    async def _ask(self, question: PlaceQuestion) -> tuple[Any, tuple[CallerLocation, ...]]:
        self._asking += 1
        self._breaker.begin()
        try:
            await self._limiter.acquire(self._service.requests)
            with metrics.LOOKUP_S.labels(provider=self.name).time():
                async with asyncio.timeout(self._service.patience_s):
                    answer = await self._service.ask(question)
            places = self._service.places(question, answer)
        except LookupFailed as refusal:
            # The service answered; it is these words that it will not have.
            self._breaker.succeeded()
            self._count("refused")
            raise refusal from None
        except Exception as error:
            raise self._failed(error) from None
        except BaseException:
            self._breaker.let_go()
            raise
        else:
            self._breaker.succeeded()
            return answer, places
        finally:
            self._asking -= 1
            metrics.LOOKUPS_RESTING.labels(provider=self.name).set(int(self._breaker.is_open))

    def _failed(self, error: Exception) -> LookupFailed:
        """What an error means, in words that quote neither the question nor the answer."""
        outcome, reason, rest_s, permanent = _meaning(error)
        self._count(outcome)
        if permanent:
            self._breaker.succeeded()
            return LookupFailed(reason, permanent=True)
        was_open = self._breaker.is_open
        self._breaker.failed(min(rest_s, LONGEST_REST_S))
        if self._breaker.is_open and not was_open:
            log.error("lookups_rest", provider=self.name, reason=reason, seconds=round(self._breaker.rests_s))
        return LookupFailed(reason, retry_after_s=rest_s)

    def _count(self, outcome: str) -> None:
        metrics.LOOKUPS.labels(provider=self.name, outcome=outcome).inc()


def _meaning(error: Exception) -> tuple[str, str, float, bool]:
    """``(outcome, reason, seconds to stay away, whether these words will never be answered)``."""
    match error:
        case GeocoderRateLimited():
            return "rate_limited", "the service says: too many questions", _seconds(error.retry_after), False
        case GeocoderQuotaExceeded():
            return "quota", "the service says: our quota is used up", REFUSED_KEY_REST_S, False
        case GeocoderAuthenticationFailure() | GeocoderInsufficientPrivileges():
            return "refused_key", "the service refuses our key", REFUSED_KEY_REST_S, False
        case GeocoderTimedOut() | TimeoutError():
            return "timed_out", "no answer in time", 0.0, False
        case GeocoderUnavailable():
            return "unavailable", "the service cannot be reached", 0.0, False
        case GeocoderQueryError():
            return "refused", "the service does not take these words", 0.0, True
        case GeopyError():
            return "failed", f"the service fails ({type(error).__name__})", 0.0, False
        case _:
            # Keys that are not there, texts where numbers belong: no answer that we can read.
            return "garbage", f"the service answers nothing we can read ({type(error).__name__})", 0.0, False


def _seconds(retry_after: Any) -> float:
    if not isinstance(retry_after, int | float):
        return _LIMITED_REST_S
    return min(max(1.0, float(retry_after)), LONGEST_REST_S)
