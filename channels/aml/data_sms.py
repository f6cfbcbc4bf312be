"""What a gateway posts of one SMS, as the text it carried. Pure.

The form of ``/aml/sms``, application/x-www-form-urlencoded; only ``from`` and one of ``text`` and ``data``
are asked for:

========  =====================================================================================
``from``  the sending telephone, as the network shows it
``text``  the text, where the gateway decoded it (and put a long one together again)
``data``  the user data of a data SMS in hex or base64: GSM 7-bit packed from the lowest bit or
          from the highest, 8-bit or UCS-2; with the user data header before it or without
``udh``   the user data header in hex, where the gateway took it off
``ref``   of a long text passed on in parts: its reference,
``part``  which part this is, counted from 1,
``parts`` and how many there are; the same is read from a user data header (3GPP TS 23.040 §9.2.3.24.1)
========  =====================================================================================
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from channels.aml import gsm7
from channels.aml.sms_text import start_of, tail_of
from intake.contact import clean_text

HEADER_LIMIT = 30
CONCATENATED_8, CONCATENATED_16 = 0x00, 0x08

DECODERS: tuple[Callable[[bytes], str], ...] = (
    gsm7.unpack,
    lambda octets: gsm7.unpack(octets, first_bit_high=True),
    lambda octets: octets.decode("latin-1"),
    lambda octets: octets.decode("utf-16-be", "replace"),
    lambda octets: octets.decode("utf-16-le", "replace"),
)
"""In the order they are tried: the first that shows an AML text, or the tail of one, is believed."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a long text; ``ref`` is the sender's reference, the same for all of its parts."""

    ref: str
    number: int
    of: int


class Unreadable(ValueError):
    """``data`` holds no octets, or no AML in any decoding; ``text`` is the most legible one."""

    def __init__(self, reason: str, text: str = ""):
        super().__init__(reason)
        self.text = text


def text_and_part(form: Mapping[str, str]) -> tuple[str, Part | None]:
    """What the SMS said and which part of a long one it is; raises Unreadable."""
    part = _stated_part(form) or _part_of(_octets_of_hex(form.get("udh", "")) or b"")
    if "data" not in form:
        return form.get("text", ""), part
    found = list(_octets(form["data"]))
    if not found:
        raise Unreadable("data is neither hex nor base64")
    texts = [clean_text(decode(body)) for octets in found for body in _bodies(octets) for decode in DECODERS]
    part = part or next((one for octets in found if (one := _part_of(octets))), None)
    for looks_right in (start_of, tail_of):
        for text in texts:
            if looks_right(text) is not None:
                return text, part
    raise Unreadable("not an AML message", max(texts, key=_legibility))


def _octets(written: str) -> Iterator[bytes]:
    """The ways in which it may be read: plain hex can be base64 by chance, hardly the other way round."""
    if octets := _octets_of_hex(written):
        yield octets
    # A plus sign nobody escaped has become a space on its way through the form.
    compact = written.strip().replace(" ", "+").replace("-", "+").replace("_", "/")
    try:
        yield base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError:  # also for what is not ASCII
        return


def _octets_of_hex(written: str) -> bytes | None:
    try:
        return bytes.fromhex(written) or None
    except ValueError:
        return None


def _bodies(octets: bytes) -> Iterator[bytes]:
    """With its header first: septets are counted from its beginning (3GPP TS 23.040 §9.2.3.24)."""
    yield octets
    if elements_of(octets) is not None:
        yield octets[1 + octets[0] :]


def elements_of(octets: bytes) -> dict[int, bytes] | None:
    """The elements of a user data header at the beginning, by their identifiers; None where there is none."""
    if not octets or not 2 <= octets[0] <= min(HEADER_LIMIT, len(octets) - 1):
        return None
    header, elements, at = octets[1 : 1 + octets[0]], {}, 0
    while at + 2 <= len(header):
        identifier, length = header[at], header[at + 1]
        elements[identifier] = header[at + 2 : at + 2 + length]
        at += 2 + length
    return elements if at == len(header) else None


def _part_of(octets: bytes) -> Part | None:
    elements = elements_of(octets) or {}
    short, long = elements.get(CONCATENATED_8, b""), elements.get(CONCATENATED_16, b"")
    if len(short) == 3:
        return _part(short[:1].hex(), short[2], short[1])
    if len(long) == 4:
        return _part(long[:2].hex(), long[3], long[2])
    return None


def _stated_part(form: Mapping[str, str]) -> Part | None:
    number, of = form.get("part", "").strip(), form.get("parts", "").strip()
    if not (re.fullmatch(r"[0-9]{1,3}", number) and re.fullmatch(r"[0-9]{1,3}", of)):
        return None
    return _part(clean_text(form.get("ref", "").strip(), 40), int(number), int(of))


def _part(ref: str, number: int, of: int) -> Part | None:
    return Part(ref=ref, number=number, of=of) if 1 <= number <= of and of > 1 else None


def _legibility(text: str) -> float:
    plain = sum(1 for one in text if one.isascii() and one.isprintable())
    return plain / len(text) if text else 0.0


def part_from(value: Any) -> Part | None:
    """The part that ``InboundMessage.extra`` carries; None for anything else."""
    try:
        return msgspec.convert(value, Part)
    except msgspec.ValidationError:
        return None
