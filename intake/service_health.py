"""Whether this process does its work: /health for what restarts it, /metrics for what watches it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from intake import __version__, metrics
from intake.clock import SteadyClock
from intake.errors import StoreUnavailable
from intake.store.store import Store

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STUCK_AFTER_S = 30.0
"""A loop that has not come round for this long is stuck: its longest single wait is 10 s."""


class Health:
    """What each part last said of itself. Loops call ``beat``; silence is a failure."""

    def __init__(self, store: Store, clock: SteadyClock, roles: Sequence[str]):
        self._store = store
        self._clock = clock
        self._roles = tuple(roles)
        self._started_s = time.monotonic()
        self._beats: dict[str, float] = {}
        self.is_whole = False
        """False while what works behind the open doors is still loading."""

    def beat(self, loop: str) -> None:
        """A loop came round."""
        self._beats[loop] = time.monotonic()

    async def report(self) -> tuple[bool, dict[str, object]]:
        """``(healthy, what to show)``."""
        now_s = time.monotonic()
        stuck = sorted(name for name, at_s in self._beats.items() if now_s - at_s > STUCK_AFTER_S)
        try:
            await self._store.check()
            database = "ok"
        except StoreUnavailable as error:
            database = f"unavailable: {error}"
        return database == "ok" and not stuck, {
            "status": "ok" if database == "ok" and not stuck else "failing",
            "version": __version__,
            "roles": self._roles,
            "store": database,
            "loading": not self.is_whole,
            "stuck_loops": stuck,
            "uptime_s": round(now_s - self._started_s, 1),
            "clock_drift_s": round(self._clock.drift_s(), 3),
        }


def add_health(router: web.UrlDispatcher, health: Health) -> None:
    """Mount /health (200 or 503) and /metrics."""
    for path, handler in health_handlers(health).items():
        router.add_get(path, handler)


def health_handlers(health: Health) -> Mapping[str, Handler]:
    """By path, for whoever has a table of paths of their own."""

    async def show_health(_request: web.Request) -> web.Response:
        healthy, report = await health.report()
        return web.Response(
            body=msgspec.json.encode(report), status=200 if healthy else 503, content_type="application/json"
        )

    async def show_metrics(_request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return {"/health": show_health, "/metrics": show_metrics}
