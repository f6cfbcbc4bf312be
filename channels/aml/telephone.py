"""Whose phone a place comes from: its number, else its device, else nobody who could be met again."""

from __future__ import annotations

from intake.contact import CallerUri
from intake.phone import device_uri, number_uri


def caller_of(number: str, imei: str, otherwise: str) -> CallerUri:
    """``tel:+44…``; for a withheld number ``unknown:aml:imei:…``; else ``unknown:aml:`` and ``otherwise``.

    What a network writes in place of a withheld number ("anonymous") is nobody's name: two callers
    who both withheld theirs must not become one.
    """
    return CallerUri(number_uri(number) or f"unknown:aml:{device_uri(imei) or otherwise}")
