"""Unpacks the GSM 7-bit default alphabet (3GPP TS 23.038 §6.1.2.1, §6.2.1), as data SMS carry it."""

from __future__ import annotations

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def unpack(octets: bytes) -> str:
    """Eight characters from every seven octets, lowest bits first.

    Where seven bits are left over the last character may be padding: a trailing NUL, which this
    alphabet would read as ``@``, is dropped.
    """
    bits = int.from_bytes(octets, "little")
    septets = [(bits >> shift) & 0x7F for shift in range(0, len(octets) * 8 - 6, 7)]
    if septets and septets[-1] == 0:
        septets.pop()
    return "".join(ALPHABET[septet] for septet in septets)
