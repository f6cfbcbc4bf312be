"""One spelling each for a telephone number and for the device behind it; none where nobody is named."""

from __future__ import annotations

import re

import phonenumbers

TEL, IMEI = "tel:", "imei:"

WITHHELD = frozenset({"266696687", "7378742833", "2562533", "8656696", "86282452253", "464646"})
"""ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE and "4" keyed on a telephone's letters: what
providers put where a number was withheld (Twilio's voice API documents the first five)."""

_SEPARATORS = re.compile(r"[\s./-]")


def number_uri(written: str) -> str:
    """``tel:+44…`` (E.164, RFC 3966), or ``""`` for what names no telephone.

    Numbers without a country are read as British; some senders write the country and leave the plus
    sign out. Short codes, sender names, withheld numbers and numbers without their area are nobody.
    """
    written = written.strip()[:80].removeprefix(TEL)
    if written.lstrip("+") in WITHHELD:
        return ""
    for text in (written, f"+{written}"):
        try:
            number = phonenumbers.parse(text, "GB")
        except phonenumbers.NumberParseException:
            continue
        if len(set(str(number.national_number))) == 1:
            continue  # 0000000000 and its kin
        if phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE:
            return TEL + phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""


def device_uri(imei: str) -> str:
    """``imei:`` and the fourteen digits that name one device, or ``""``.

    Type allocation code (8) and serial number (6) name it; the check digit or software version behind
    them does not (3GPP TS 23.003 §6.2). Phones that must not be told apart send the type alone and a
    serial number of zeros: thousands share it, so it names nobody.
    """
    digits = _SEPARATORS.sub("", imei)
    if not re.fullmatch(r"[0-9]{14,16}", digits):
        return ""
    serial = digits[8:14]
    return "" if serial == "000000" or len(set(digits[:14])) == 1 else IMEI + digits[:14]
