"""The text of an AML SMS, versions 1 and 2, whole or broken, as fields and a fix. Pure.

Version 1 (ETSI TS 103 625 §6; Google, "ELS SMS specification", V1):

=======  ==================================================================================
``lt``   latitude, WGS84 degrees
``lg``   longitude, WGS84 degrees
``rd``   radius of uncertainty in metres; ``N``: there is no position
``top``  when the fix was taken, UTC, yyyyMMddHHmmss
``lc``   confidence in the radius, per cent
``pm``   positioning method: ``W`` Wi-Fi, ``G`` satellites, ``C`` cell, ``N`` none
``si``   IMSI, all but its first six digits often zero: kept
``ei``   IMEI: names the device
``mcc``  network's country code: kept as text, leading zeros and all
``mnc``  network's own code: kept as text
``ml``   length of the whole text: held against it; wrong is said and discards nothing
=======  ==================================================================================

Version 2 (the same page, "ELS Beta") uses some of them otherwise:

=======  ==================================================================================
``en``   emergency number called: kept
``et``   when the call or text began, Unix seconds
``lo``   latitude, longitude, radius in metres (0: unknown), with commas between
``lt``   seconds from ``et`` to the fix, not a latitude
``lc``   confidence in the radius, per cent
``lz``   height and its accuracy in metres (0: unknown)
``ls``   source: ``W`` ``G`` ``C`` as above, ``F`` fused, ``U`` unknown
``ei``   IMEI: names the device
``nc``   network's country and network code: kept as text
``hc``   home network's country and network code: kept as text
``lg``   the phone's language, not a longitude
=======  ==================================================================================
"""

from __future__ import annotations

import re
from datetime import datetime

from channels.aml.fix import Findings, Fix
from intake.location import LocationMethod

VERSION = "ml_version"
"""The version's name among the fields, since ``ml`` is the length."""

# Carriers and aggregators turn the quotation mark into others, or lose it.
_START = re.compile(r"A\s?(?:\"|”|“|„|''|'|’|&quot;|%22)?\s?ML\s?=", re.IGNORECASE)

METHODS = {
    "G": LocationMethod.GNSS,
    "W": LocationMethod.WIFI,
    "C": LocationMethod.CELL,
    "F": LocationMethod.FUSED,
    "U": LocationMethod.UNKNOWN,
    "N": LocationMethod.UNKNOWN,
}

KEYS = {
    "1": ("lt", "lg", "rd", "top", "lc", "pm", "si", "ei", "mcc", "mnc", "ml"),
    "2": ("en", "et", "lo", "lt", "lc", "lz", "ls", "ei", "nc", "hc", "lg"),
}
_TAIL = re.compile(r"[^;=\s]*(;(?:" + "|".join({*KEYS["1"], *KEYS["2"]}) + r")=[^;=\s]*)+;?", re.IGNORECASE)


def start_of(text: str) -> int | None:
    """Where ``A"ML=`` begins; None for a text that is not AML."""
    found = _START.search(text)
    return found.start() if found else None


def tail_of(text: str) -> str | None:
    """The text without what surrounds it, if it can be the second part of an AML text; else None."""
    stripped = text.strip("\0\u2400\r\n @")
    return stripped if start_of(text) is None and _TAIL.fullmatch(stripped) else None


class Fields(dict[str, str]):
    """``key=value`` pairs in order. ``cut`` names the last one where its value may lack its end."""

    cut: str = ""

    def number_of(self, name: str) -> str | None:
        """A value to be read as a number: half a number is none."""
        return None if name == self.cut else self.get(name)


def fields_of(text: str, findings: Findings) -> Fields:
    """The pairs of a whole or broken text. The first of a key that comes twice is kept."""
    start = start_of(text) or 0
    message = _START.sub('A"ML=', text[start:], count=1).strip("\0\u2400\r\n ")
    fields, last = Fields(), ""
    for index, pair in enumerate(message.split(";")):
        name, equals, value = pair.partition("=")
        name = VERSION if index == 0 else name.strip().lower()[:40]
        if not equals:
            if pair.strip():
                findings.problems.append(f"not a pair: {pair.strip()[:40]!r}")
                last = ""
        elif name in fields:
            findings.remark(f"{name} twice: {value[:40]!r}")
        else:
            fields[name] = value.strip()[:200]
            last = name
    stated = fields.get("ml", "")
    if stated and stated != str(len(message)):
        # Wrong even in published samples: said, never a reason to discard.
        findings.problems.append(f"ml says {stated[:10]}, {len(message)} characters came")
    if stated != str(len(message)) and not message.endswith(";"):
        fields.cut = last
    return fields


def fix_of(fields: Fields, findings: Findings) -> Fix | None:
    """The fix of either version; None where the phone says it has none (``rd=N``, ``pm=N``, no ``lo``)."""
    if fields.get(VERSION) not in KEYS:
        findings.problems.append(f"version {fields.get(VERSION, '')[:10]!r} is not known")
    # The versions use `lt` and `lg` for different things: `lo` tells them apart, whatever the number says.
    return _second(fields, findings) if "lo" in fields else _first(fields, findings)


def is_second(fields: Fields) -> bool:
    """Whether the keys have the meaning of version 2."""
    return "lo" in fields or fields.get(VERSION) == "2"


def _first(fields: Fields, findings: Findings) -> Fix | None:
    if fields.get(VERSION) == "2":
        return None  # ELS leaves `lo` out when it has no place; `lt` and `lg` are not coordinates here
    if fields.get("rd", "").upper() == "N" or fields.get("pm", "").upper() == "N":
        if fields.get("lt", "").strip("+-0.") or fields.get("lg", "").strip("+-0."):
            findings.problems.append("coordinates beside the word that there are none: not used")
        return None
    latitude, longitude = fields.get("lt"), fields.get("lg")
    if fields.cut in ("lt", "lg"):
        findings.problems.append("cut short within the coordinates")
        latitude = longitude = None
    return Fix(
        latitude=findings.number("lt", latitude, comma=True),
        longitude=findings.number("lg", longitude, comma=True),
        radius_m=findings.number("rd", fields.number_of("rd"), comma=True),
        confidence_pct=findings.number("lc", fields.number_of("lc"), comma=True),
        method=METHODS.get(fields.get("pm", "").upper(), LocationMethod.UNKNOWN),
        positioned_at=findings.moment_of_digits("top", fields.get("top")),
    )


def _second(fields: Fields, findings: Findings) -> Fix:
    latitude, longitude, radius, *more = (*fields["lo"].split(","), "", "", "")
    if len(more) > 3:
        findings.problems.append(f"lo has {len(more)} parts, three are known")
    if fields.cut == "lo":
        if not radius:
            findings.problems.append("cut short within the coordinates")
            latitude = longitude = ""
        radius = ""
    called_at = called_at_of(fields, findings)
    offset_s = findings.number("lt", fields.number_of("lt"))
    altitude, altitude_accuracy, *_ = (*(fields.number_of("lz") or "").split(","), "", "")
    return Fix(
        latitude=findings.number("lo latitude", latitude),
        longitude=findings.number("lo longitude", longitude),
        radius_m=findings.number("lo accuracy", radius),
        confidence_pct=findings.number("lc", fields.number_of("lc")),
        method=METHODS.get(fields.get("ls", "").upper(), LocationMethod.UNKNOWN),
        # "may be ignored if no timestamp (et) field is present" (ELS SMS specification).
        positioned_at=findings.after("et + lt", called_at, offset_s)
        if called_at and offset_s is not None
        else None,
        altitude_m=findings.number("lz", altitude),
        altitude_accuracy_m=findings.number("lz accuracy", altitude_accuracy),
    )


def called_at_of(fields: Fields, findings: Findings) -> datetime | None:
    """``et``: when the emergency call or text began, by the phone's clock; version 2 only."""
    return findings.moment_s("et", fields.number_of("et"))
