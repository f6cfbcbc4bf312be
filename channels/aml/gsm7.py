"""Unpacks the GSM 7-bit default alphabet with its extension table (3GPP TS 23.038 §6.1.2.1, §6.2.1)."""

from __future__ import annotations

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
EXTENSION = {
    **{0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\"},
    **{0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"},
}
"""The character after an escape; any other is shown as it stands in the default alphabet (§6.2.1.1)."""

NUL, CARRIAGE_RETURN = 0x00, 0x0D


def unpack(octets: bytes, *, first_bit_high: bool = False) -> str:
    """Eight characters from every seven octets, lowest bits first.

    ``first_bit_high`` reads the packing of some old phones, each septet before the next from the top.
    A text one character short of whole octets leaves seven bits over. They come as a NUL, which this
    alphabet would read as ``@``, or as the CR that §6.1.2.3.1 asks for in its place: both are dropped.
    """
    count, rest = divmod(len(octets) * 8, 7)
    if first_bit_high:
        bits = int.from_bytes(octets, "big") >> rest
        septets = [(bits >> 7 * place) & 0x7F for place in reversed(range(count))]
    else:
        bits = int.from_bytes(octets, "little")
        septets = [(bits >> 7 * place) & 0x7F for place in range(count)]
    while septets and septets[-1] == NUL:  # some gateways fill up whole buffers
        septets.pop()
    if len(septets) == count and rest == 0 and septets[-1:] == [CARRIAGE_RETURN]:
        septets.pop()
    return characters(septets)


def characters(septets: list[int]) -> str:
    """The text of unpacked septets; an escape at the very end stands for nothing."""
    text, escaped = [], False
    for septet in septets:
        if escaped:
            text.append(EXTENSION.get(septet, ALPHABET[septet]))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            text.append(ALPHABET[septet])
    return "".join(text)
