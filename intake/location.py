"""One hypothesis of where a caller or an incident is, and how its doubt scales (RFC 7459)."""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum
from statistics import NormalDist

import msgspec

STATED_CONFIDENCE_PCT = 95.0
"""Every radius shown to a person or used for routing is scaled to this (RFC 7459 §2.3)."""


class LocationMethod(StrEnum):
    """How the position was found: PIDF-LO ``method`` tokens (IANA registry) and ours for text."""

    GNSS = "gps"
    WIFI = "802.11"
    CELL = "cell"
    FUSED = "device-assisted"
    MANUAL = "manual"
    DERIVED = "derived"
    UNKNOWN = "unknown"


class LocationSource(StrEnum):
    """Who says so. Told apart because a typed postcode and a satellite fix fail differently."""

    DEVICE = "device"
    AML = "aml"
    CHAT_PIN = "chat_pin"
    CHAT_LIVE = "chat_live"
    TEXT_POSTCODE = "text_postcode"
    TEXT_OUTCODE = "text_outcode"
    TEXT_GRID = "text_grid"
    TEXT_LATLON = "text_latlon"
    TEXT_PLUSCODE = "text_pluscode"
    HANDLER = "handler"


class CallerLocation(msgspec.Struct, frozen=True, kw_only=True):
    """A circle on WGS84: latitude before longitude, degrees; uncertainty is a radius in metres.

    ``confidence_pct`` is the probability that the truth lies within ``uncertainty_m``.
    ``positioned_at`` is when the fix was taken, not when it arrived. ``clue`` is the text it came
    from with ``clue_start``/``clue_end`` as offsets into the message. Hypotheses are appended,
    never overwritten (law 14).
    """

    latitude: float
    longitude: float
    uncertainty_m: float
    confidence_pct: float = STATED_CONFIDENCE_PCT
    method: LocationMethod = LocationMethod.UNKNOWN
    source: LocationSource = LocationSource.DEVICE
    positioned_at: datetime | None = None
    altitude_m: float | None = None
    clue: str | None = None
    clue_start: int | None = None
    clue_end: int | None = None
    note: str | None = None

    def radius_m(self, confidence_pct: float = STATED_CONFIDENCE_PCT) -> float:
        """The radius in metres that holds the truth with the given confidence."""
        return scale_radius_m(self.uncertainty_m, self.confidence_pct, confidence_pct)


def scale_radius_m(radius_m: float, from_pct: float, to_pct: float) -> float:
    """Scale a two-dimensional radius between confidences (RFC 7459 §5.4, normal, n = 2).

    ``Ud = Uo · erfinv(Cd^(1/2)) / erfinv(Co^(1/2))``; 68 → 95 % is ×1.6504. The one-dimensional
    factor 1.97 is the classic mistake. A confidence of 0 or 100 cannot be scaled (§5.4): 100 %
    stays as it is, and 0 % is taken as *unknown*, which counts as 95 % so as not to shrink.
    """
    # Nearer to 0 or 100 than this the inverse error function has no digits left.
    if not 0.01 <= from_pct <= 99.9999 or not 0.01 <= to_pct <= 99.9999 or from_pct == to_pct:
        return radius_m
    return radius_m * _erfinv(math.sqrt(to_pct / 100)) / _erfinv(math.sqrt(from_pct / 100))


def _erfinv(y: float) -> float:
    return NormalDist().inv_cdf((y + 1) / 2) / math.sqrt(2)
