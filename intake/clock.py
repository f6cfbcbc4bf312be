"""Aware UTC that a wall-clock jump cannot move (law 15)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SteadyClock:
    """Reads the wall once, then follows the monotonic clock.

    Queue order, leases and retries stay right while an operator or NTP moves the wall clock;
    ``drift_s`` tells by how much the two have parted, for the metrics.
    """

    def __init__(self, not_before: datetime | None = None):
        wall = datetime.now(UTC)
        self._anchor = max(wall, not_before) if not_before else wall
        self._started_s = time.monotonic()

    def now(self) -> datetime:
        return self._anchor + timedelta(seconds=time.monotonic() - self._started_s)

    def drift_s(self) -> float:
        """Wall clock minus this clock, in seconds."""
        return (datetime.now(UTC) - self.now()).total_seconds()
