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

CLOCK_SKEW = timedelta(seconds=60)
"""A phone's clock may be ahead of ours by so much; beyond it, its time of the fix is not believed."""

CLOCK_NEVER_SET = datetime(2000, 1, 1, tzinfo=UTC)
"""Clocks that were never set show 1970 or 1980 (the GPS epoch): no AML is as old as this."""

WORTH_SAYING_S = 60.0
"""A fix older than this when it came is said to be: nobody should have to compare two clocks."""

_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d{1,3},\d{1,15}", re.ASCII)


class Findings:
    """Collects what was wrong while the rest is read; ``remarks`` are for the note beside the place."""

    def __init__(self, arrived_at: datetime) -> None:
        self.arrived_at = arrived_at
        self.problems: list[str] = []
        self.remarks: list[str] = []

    def remark(self, words: str) -> None:
        """A problem that the reader of the place must know of."""
        self.problems.append(words)
        self.remarks.append(words)

    def number(self, name: str, value: str | None, *, comma: bool = False) -> float | None:
        """A plain decimal number; None, and a problem unless it is absent, for anything else.

        ``comma`` allows a decimal comma, where a comma can be nothing else.
        """
        if value is None or not value.strip():
            return None
        value = value.strip()
        if _NUMBER.fullmatch(value):
            return float(value)
        if comma and _DECIMAL_COMMA.fullmatch(value):
            self.problems.append(f"{name} has a decimal comma: {value!r}")
            return float(value.replace(",", "."))
        self.problems.append(f"{name} is not a number: {value[:40]!r}")
        return None

    def moment_ms(self, name: str, value: str | None) -> datetime | None:
        """Unix time in milliseconds."""
        number = self.number(name, value)
        return None if number is None else self.after(name, datetime.fromtimestamp(0, UTC), number / 1_000)

    def moment_s(self, name: str, value: str | None) -> datetime | None:
        """Unix time in seconds."""
        number = self.number(name, value)
        return None if number is None else self.after(name, datetime.fromtimestamp(0, UTC), number)

    def after(self, name: str, start: datetime, seconds_s: float) -> datetime | None:
        try:
            return self.believed(name, start + timedelta(seconds=seconds_s))
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
            return self.believed(name, datetime.strptime(value, "%Y%m%d%H%M%S").replace(tzinfo=UTC))
        except ValueError:
            self.problems.append(f"{name} is not yyyyMMddHHmmss: {value[:40]!r}")
            return None

    def believed(self, name: str, moment: datetime) -> datetime | None:
        """The moment; None, and said, where the phone's clock cannot have been right."""
        if moment < CLOCK_NEVER_SET:
            self.remark(f"{name} is {moment:%Y}: the phone's clock was not set")
            return None
        if moment - self.arrived_at > CLOCK_SKEW:
            self.remark(f"{name} is {in_words(moment - self.arrived_at)} after it came: its clock is wrong")
            return None
        return moment


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says of a place, each part perhaps missing; metres, degrees, per cent."""

    latitude: float | None
    longitude: float | None
    radius_m: float | None
    confidence_pct: float | None
    method: LocationMethod = LocationMethod.UNKNOWN
    positioned_at: datetime | None = None
    altitude_m: float | None = None
    altitude_accuracy_m: float | None = None
    floor: str = ""
    bearing_deg: float | None = None
    speed_m_s: float | None = None

    def hypothesis(self, findings: Findings) -> CallerLocation | None:
        """The circle, or None with the reason among the problems."""
        latitude, longitude = self.latitude, self.longitude
        if latitude is None or longitude is None:
            findings.problems.append("no latitude and longitude")
            return None
        if abs(latitude) > 90 or abs(longitude) > 180:
            findings.problems.append("latitude or longitude is off the globe")
            return None
        if latitude == 0 and longitude == 0:
            findings.problems.append("latitude and longitude are both 0: that is no position")
            return None
        radius_m, confidence_pct = self.radius_m, self.confidence_pct
        if not radius_m or not 0 < radius_m <= RADIUS_LIMIT_M:
            radius_m, confidence_pct = ASSUMED_RADIUS_M, STATED_CONFIDENCE_PCT
            findings.remark(f"no usable accuracy sent: {ASSUMED_RADIUS_M:.0f} m assumed")
        elif confidence_pct is None or not 0 < confidence_pct <= 100:
            # RFC 7459 §5.4 cannot scale 0; the usual one makes the circle larger, never smaller.
            confidence_pct = AML_CONFIDENCE_PCT
            findings.remark(f"no usable confidence sent: {AML_CONFIDENCE_PCT:.0f} % assumed")
        return CallerLocation(
            latitude=latitude,
            longitude=longitude,
            uncertainty_m=radius_m,
            confidence_pct=confidence_pct,
            method=self.method,
            source=LocationSource.AML,
            positioned_at=self.positioned_at,
            altitude_m=self.altitude_m,
            note="; ".join([*self._beside(findings.arrived_at), *findings.remarks])[:400] or None,
        )

    def _beside(self, arrived_at: datetime) -> list[str]:
        """What else a person looking for the caller wants to know."""
        said = [f"floor {self.floor}"] if self.floor else []
        if self.altitude_m is not None and self.altitude_accuracy_m:
            said.append(f"height {self.altitude_m:g} m ± {self.altitude_accuracy_m:g} m")
        if self.speed_m_s:
            towards = "" if self.bearing_deg is None else f" towards {self.bearing_deg:.0f}°"
            said.append(f"moving at {self.speed_m_s:g} m/s{towards}")
        age = arrived_at - self.positioned_at if self.positioned_at else timedelta(0)
        if age.total_seconds() > WORTH_SAYING_S:
            said.append(f"the fix was {in_words(age)} old when it came")
        return said


def in_words(span: timedelta) -> str:
    """``90 s``, ``12 min``, ``5 h``, ``400 days``."""
    seconds_s = span.total_seconds()
    if seconds_s < 120:
        return f"{seconds_s:.0f} s"
    if seconds_s < 7_200:
        return f"{seconds_s / 60:.0f} min"
    return f"{seconds_s / 3_600:.0f} h" if seconds_s < 172_800 else f"{seconds_s / 86_400:.0f} days"
