"""Mail addresses: who wrote, and where an answer goes, as a ``mailto:`` URI (RFC 6068)."""

from __future__ import annotations

import re
from email.header import decode_header
from email.utils import getaddresses
from urllib.parse import parse_qs, quote, unquote, urlsplit

from channels.email.parts import HEADER_VALUE_LIMIT, quietly
from intake.contact import clean_text

_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\\x00-\x1f\x7f]{1,64}@[^\s<>@,;:\"()\[\]\\\x00-\x1f\x7f]{1,253}")
_SAFE = "@+!$'*/=^_`{|}~.-"


def first_address(header: str) -> str:
    """The first address of a From, Reply-To or MAIL FROM; empty if there is none to write to."""
    header = header[:HEADER_VALUE_LIMIT]
    listed: list[tuple[str, str]] = quietly(lambda: getaddresses([header]), [])
    for _, address in listed:
        if _ADDRESS.fullmatch(address):
            return address
    found = _ADDRESS.search(header)
    return found.group() if found else ""


def decoded(header: str, limit: int = 1_000) -> str:
    """A header with its encoded words (RFC 2047) read, on one line."""
    header = header[:HEADER_VALUE_LIMIT]
    pieces = quietly(lambda: decode_header(header), [(header, None)])
    words = "".join(
        piece if isinstance(piece, str) else _in_charset(piece, charset) for piece, charset in pieces
    )
    return clean_text(" ".join(words.split()), limit)


def _in_charset(piece: bytes, charset: str | None) -> str:
    return quietly(lambda: piece.decode(charset or "utf-8"), piece.decode("utf-8", "replace"))


def mailto(address: str, subject: str = "", *, automatic: bool = False) -> str:
    """``mailto:ann%40x`` style: the address, the subject to answer under, and whether a machine wrote."""
    uri = f"mailto:{quote(clean_text(address), safe=_SAFE)}"
    query = [f"subject={quote(clean_text(subject, 150), safe='')}"] if subject else []
    query += ["automatic=1"] if automatic else []
    return f"{uri}?{'&'.join(query)}" if query else uri


def read_mailto(uri: str) -> tuple[str, str, bool]:
    """Address, subject and automatic of a URI that ``mailto`` made."""
    parts = urlsplit(uri)
    query = parse_qs(parts.query)
    return unquote(parts.path), query.get("subject", [""])[0], "automatic" in query
