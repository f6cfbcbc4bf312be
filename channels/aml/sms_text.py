"""The text of an AML SMS, versions 1 and 2, whole or broken, as fields and a fix. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from channels.aml.fix import Findings, Fix
from intake.location import LocationMethod

# Carriers and aggregators turn the quotation mark into others, or lose it.
_START = re.compile(r"A(?:\"|”|“|''|'|&quot;)?ML=", re.IGNORECASE)

METHODS = {
    "G": LocationMethod.GNSS,
    "W": LocationMethod.WIFI,
    "C": LocationMethod.CELL,
    "F": LocationMethod.FUSED,
}


def start_of(text: str) -> int | None:
    """Where ``A"ML=`` begins; None for a text that is not AML."""
    found = _START.search(text)
    return found.start() if found else None


def fields_of(text: str, findings: Findings) -> dict[str, str]:
    """``key=value`` pairs in order; the version under ``ml_version``, since ``ml`` is the length."""
    start = start_of(text) or 0
    message = _START.sub('A"ML=', text[start:], count=1).strip("\0\r\n ")
    fields: dict[str, str] = {}
    for index, pair in enumerate(message.split(";")):
        name, equals, value = pair.partition("=")
        name = "ml_version" if index == 0 else name.strip().lower()[:40]
        if not equals:
            if pair.strip():
                findings.problems.append(f"not a pair: {pair[:40]!r}")
        elif name in fields:
            findings.problems.append(f"{name} twice: {value[:40]!r}")
        else:
            fields[name] = value.strip()[:200]
    stated = fields.get("ml", "")
    if stated and stated != str(len(message)):
        # Wrong even in published samples: said, never a reason to discard.
        findings.problems.append(f"ml says {stated[:10]}, {len(message)} characters came")
    return fields


def fix_of(fields: dict[str, str], findings: Findings) -> Fix | None:
    """The fix of either version; None where the phone says it has none (``rd=N``, ``pm=N``, no ``lo``)."""
    if fields.get("ml_version") not in ("1", "2"):
        findings.problems.append(f"version {fields.get('ml_version', '')[:10]!r} is not known")
    # The versions use `lt` and `lg` for different things: `lo` tells them apart, whatever the number says.
    return _second(fields, findings) if "lo" in fields else _first(fields, findings)


def _first(fields: dict[str, str], findings: Findings) -> Fix | None:
    radius = fields.get("rd")
    if (radius or "").upper() == "N" or fields.get("pm", "").upper() == "N":
        return None
    if fields.get("ml_version") == "2":
        return None  # ELS leaves `lo` out when it has no place; `lt` and `lg` are not coordinates here
    longitude = fields.get("lg")
    if next(reversed(fields)) in ("lt", "lg"):
        findings.problems.append("cut short within the coordinates")
        longitude = None
    return Fix(
        latitude=findings.number("lt", fields.get("lt")),
        longitude=findings.number("lg", longitude),
        radius_m=findings.number("rd", radius),
        confidence_pct=findings.number("lc", fields.get("lc")),
        method=METHODS.get(fields.get("pm", "").upper(), LocationMethod.UNKNOWN),
        positioned_at=findings.moment_of_digits("top", fields.get("top")),
    )


def _second(fields: dict[str, str], findings: Findings) -> Fix:
    latitude, longitude, radius, *_ = (*fields["lo"].split(","), "", "", "")
    called_at = called_at_of(fields, findings)
    offset_s = findings.number("lt", fields.get("lt"))
    altitude = fields.get("lz", "").split(",")[0]
    return Fix(
        latitude=findings.number("lo latitude", latitude),
        longitude=findings.number("lo longitude", longitude),
        radius_m=findings.number("lo accuracy", radius),
        confidence_pct=findings.number("lc", fields.get("lc")),
        method=METHODS.get(fields.get("ls", "").upper(), LocationMethod.UNKNOWN),
        # "may be ignored if no timestamp (et) field is present" (ELS SMS specification).
        positioned_at=findings.after("lt", called_at, offset_s)
        if called_at and offset_s is not None
        else None,
        altitude_m=findings.number("lz", altitude),
    )


def called_at_of(fields: dict[str, str], findings: Findings) -> datetime | None:
    """``et``: when the emergency call or text began, by the phone's clock; version 2 only."""
    seconds_s = findings.number("et", fields.get("et"))
    return None if seconds_s is None else findings.after("et", datetime.fromtimestamp(0, UTC), seconds_s)
