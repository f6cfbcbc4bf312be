"""A number as a network, an aggregator or a phone writes it, as one caller."""

from __future__ import annotations

import phonenumbers

from intake.contact import CallerUri, clean_text


def caller_of(number: str, otherwise: str = "") -> CallerUri:
    """``tel:+44…`` (E.164); ``unknown:…`` with what there is for anything that is no telephone number.

    Numbers without a country are read as British; aggregators often leave the plus sign out.
    """
    number = clean_text(number, 80).strip()
    for written in (number, f"+{number}"):
        try:
            parsed = phonenumbers.parse(written, "GB")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            return CallerUri(f"tel:{phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)}")
    return CallerUri(f"unknown:aml:{number or clean_text(otherwise, 80)}")
