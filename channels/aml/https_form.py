"""The fields of an AML form posted by HTTPS (ETSI TS 103 625 §7; Google, "ELS HTTPS specification"). Pure.

Every field is optional. All are kept and shown; what they are to us:

==================================  ========================================================
``v``                               version: kept
``thunderbird_version``             version of the phone's module: kept
``config_name``                     the phone's configuration: kept
``emergency_number``                the number called or texted: kept
``source``                          CALL or SMS: kept
``time``                            when the call or text began, Unix milliseconds
``location_latitude``               WGS84 degrees
``location_longitude``              WGS84 degrees
``location_time``                   when the fix was taken, Unix milliseconds
``location_altitude``               height over WGS84, metres
``location_altitude_msl``           height over the sea, metres: where the other is missing
``location_accuracy``               radius of uncertainty, metres; 0 is unknown
``location_vertical_accuracy``      of the height, metres
``location_vertical_accuracy_msl``  of the height over the sea, metres
``location_confidence``             in the radius, 0 to 1
``location_certainty``              the same, 0 to 100
``location_source``                 gps, wifi, cell, fused or unknown
``location_floor``                  the floor's label, need not be a number: in the note
``location_bearing``                degrees from north: in the note
``location_speed``                  metres a second: in the note
``location_wifi_scan``              kept
``device_number``                   the phone's number, E.164: names the caller
``device_imsi``                     kept
``device_imei``                     names the device
``device_iccid``                    kept
``device_model``                    kept
``device_languages``                BCP 47, best first: a hint at the caller's language
``cell_home_mcc``                   kept as text, leading zeros and all
``cell_home_mnc``                   kept as text
``cell_network_mcc``                kept as text
``cell_network_mnc``                kept as text
``cell_id``                         kept; thousands share a cell, so it names nobody
``adr_carcrash_time``               when the phone felt a crash, Unix milliseconds: a sign of urgency
``gt_location_latitude``            a tester's own word on where the phone is: kept, never used
``gt_location_longitude``           kept, never used
``hmac``                            signature, see `channels.aml.adapter`
==================================  ========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from channels.aml.fix import Findings, Fix
from intake.location import LocationMethod

METHODS = {
    "gps": LocationMethod.GNSS,
    "wifi": LocationMethod.WIFI,
    "cell": LocationMethod.CELL,
    "fused": LocationMethod.FUSED,
    "unknown": LocationMethod.UNKNOWN,
}
PREFIXES = ("location_", "device_", "cell_", "adr_", "gt_location_")
NAMES = {"v", "emergency_number", "source", "thunderbird_version", "time", "config_name"}

CRASH_IS_NEWS = timedelta(hours=1)
"""A crash felt longer before the form came is no sign of what the caller writes about now."""


def is_of_aml(fields: Mapping[str, str]) -> bool:
    """Whether there is anything of AML in a form at all."""
    return any(name in NAMES or name.startswith(PREFIXES) for name in fields)


def fix_of(fields: Mapping[str, str], findings: Findings) -> Fix | None:
    """The fix; None where the form has no word of a place."""
    if not any(name.startswith("location_") for name in fields):
        return None

    def number(name: str) -> float | None:
        return findings.number(f"location_{name}", fields.get(f"location_{name}"), comma=True)

    height, over_sea = number("altitude"), number("altitude_msl")
    if height is None and over_sea is not None:
        findings.remark("height is over the sea")
        height, height_accuracy = over_sea, number("vertical_accuracy_msl")
    else:
        height_accuracy = number("vertical_accuracy")
    return Fix(
        latitude=number("latitude"),
        longitude=number("longitude"),
        radius_m=number("accuracy"),
        confidence_pct=_confidence_pct(number("confidence"), number("certainty"), findings),
        method=METHODS.get(fields.get("location_source", "").lower(), LocationMethod.UNKNOWN),
        positioned_at=findings.moment_ms("location_time", fields.get("location_time")),
        altitude_m=height,
        altitude_accuracy_m=height_accuracy,
        floor=fields.get("location_floor", "")[:20],
        bearing_deg=number("bearing"),
        speed_m_s=number("speed"),
    )


def _confidence_pct(fraction: float | None, certainty_pct: float | None, findings: Findings) -> float | None:
    """Per cent from either field; some senders mix up which is the fraction."""
    if fraction is not None:
        if fraction <= 1:
            return round(fraction * 100, 6)
        findings.problems.append("location_confidence is more than 1: taken as per cent")
        return fraction
    if certainty_pct is not None and 0 < certainty_pct < 1:
        findings.problems.append("location_certainty is less than 1: taken as a fraction")
        return round(certainty_pct * 100, 6)
    return certainty_pct


def crashed_at_of(fields: Mapping[str, str], findings: Findings) -> datetime | None:
    """When the phone felt a car crash, if that is news."""
    felt_at = findings.moment_ms("adr_carcrash_time", fields.get("adr_carcrash_time"))
    if felt_at is None or findings.arrived_at - felt_at <= CRASH_IS_NEWS:
        return felt_at
    findings.problems.append("adr_carcrash_time is more than an hour old: no sign of this contact")
    return None
