"""Numbers and moments as phones write them, and the place they make; what is broken is named, not raised."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from intake.location import STATED_CONFIDENCE_PCT, CallerLocation, LocationMethod, LocationSource

AML_CONFIDENCE_PCT = 68.0
"""What AML phones state in practice, and what Android documents for an accuracy that states none."""

ASSUMED_RADIUS_M = 1_000.0
"""For a position without a radius (accuracy 0 is *unknown* in ELS): wide, and said in the note."""

RADIUS_LIMIT_M = 20_037_508.0

_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", re.ASCII)


class Findings:
    """Collects what was wrong while the rest is read."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def number(self, name: str, value: str | None) -> float | None:
        """A plain decimal number; None, and a problem unless it is absent, for anything else."""
        if value is None or not value.strip():
            return None
        if _NUMBER.fullmatch(value.strip()):
            return float(value)
        self.problems.append(f"{name} is not a number: {value[:40]!r}")
        return None

    def moment_ms(self, name: str, value: str | None) -> datetime | None:
        """Unix time in milliseconds."""
        number = self.number(name, value)
        return None if number is None else self.after(name, datetime.fromtimestamp(0, UTC), number / 1_000)

    def after(self, name: str, start: datetime, seconds_s: float) -> datetime | None:
        try:
            return start + timedelta(seconds=seconds_s)
        except OverflowError:
            self.problems.append(f"{name} is off the calendar")
            return None

    def moment_of_digits(self, name: str, value: str | None) -> datetime | None:
        """``yyyyMMddHHmmss``, UTC."""
        if not value:
            return None
        try:
            if not re.fullmatch(r"[0-9]{14}", value):
                raise ValueError
            return datetime.strptime(value, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            self.problems.append(f"{name} is not yyyyMMddHHmmss: {value[:40]!r}")
            return None


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says of a place, each part perhaps missing; metres, degrees, per cent."""

    latitude: float | None
    longitude: float | None
    radius_m: float | None
    confidence_pct: float | None
    method: LocationMethod = LocationMethod.UNKNOWN
    positioned_at: datetime | None = None
    altitude_m: float | None = None

    def hypothesis(self, findings: Findings) -> CallerLocation | None:
        """The circle, or None with the reason among the problems."""
        latitude, longitude = self.latitude, self.longitude
        if latitude is None or longitude is None:
            findings.problems.append("no latitude and longitude")
            return None
        if abs(latitude) > 90 or abs(longitude) > 180:
            findings.problems.append("latitude or longitude is off the globe")
            return None
        radius_m, confidence_pct, notes = self.radius_m, self.confidence_pct, []
        if not radius_m or not 0 < radius_m <= RADIUS_LIMIT_M:
            radius_m, confidence_pct = ASSUMED_RADIUS_M, STATED_CONFIDENCE_PCT
            notes.append(f"no usable accuracy sent: {ASSUMED_RADIUS_M:.0f} m assumed")
        elif confidence_pct is None or not 0 < confidence_pct <= 100:
            # RFC 7459 §5.4 cannot scale 0; the usual one makes the circle larger, never smaller.
            confidence_pct = AML_CONFIDENCE_PCT
            notes.append(f"no usable confidence sent: {AML_CONFIDENCE_PCT:.0f} % assumed")
        findings.problems += notes
        return CallerLocation(
            latitude=latitude,
            longitude=longitude,
            uncertainty_m=radius_m,
            confidence_pct=confidence_pct,
            method=self.method,
            source=LocationSource.AML,
            positioned_at=self.positioned_at,
            altitude_m=self.altitude_m,
            note="; ".join(notes) or None,
        )
