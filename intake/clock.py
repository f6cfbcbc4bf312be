"""Aware UTC that a wall-clock jump cannot move (law 15)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SteadyClock:
    """Reads the wall once, then follows the monotonic clock.

    Queue order, leases and retries stay right while an operator or NTP moves the wall clock;
    ``drift_s`` tells by how much the two have parted, for the metrics.
    """

    def __init__(self, at: datetime | None = None) -> None:
        """``at`` is the time by another of our clocks, to be followed instead of the wall's."""
        self._anchor = at or datetime.now(UTC)
        self._started_s = time.monotonic()

    def now(self) -> datetime:
        return self._anchor + timedelta(seconds=time.monotonic() - self._started_s)

    def not_before(self, moment: datetime) -> None:
        """Never run behind what the log already holds: a restart keeps the order of things."""
        self._anchor += max(moment - self.now(), timedelta(0))

    def drift_s(self) -> float:
        """Wall clock minus this clock, in seconds."""
        return (datetime.now(UTC) - self.now()).total_seconds()
