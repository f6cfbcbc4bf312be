"""Any text as text XML 1.0 can carry: what is illegal is replaced, what is too long is cut, both in sight."""

from __future__ import annotations

import re

SHORT_CHARACTERS = 500
REPORT_CHARACTERS = 4_000
MESSAGE_CHARACTERS = 40_000

# XML 1.0 §2.2 Char: everything but these may stand in a document.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def legible(text: str, limit: int = MESSAGE_CHARACTERS) -> str:
    """The text with control characters as their pictures (NUL is ␀) and other illegal ones as U+FFFD.

    Cut to ``limit`` characters, with the number of lost ones written at the end. Idempotent.
    """
    return _cut(_ILLEGAL.sub(_stand_in, text), limit)


def _stand_in(illegal: re.Match[str]) -> str:
    point = ord(illegal[0])
    return chr(0x2400 + point) if point < 0x20 else "\ufffd"


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    room = limit - 40
    return f"{text[:room]} … [{len(text) - room} characters cut]"
