"""The codes of location links: short enough to type, too many to guess, kept as a keyed digest only."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

SECRET_CHARACTERS = 32
"""The least a secret may have."""

LENGTH = 10
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, which eyes mix up."""

_DRAWN = _CROCKFORD.replace("A", "").replace("E", "")
"""What codes are drawn from: without its two vowels no code spells a word. 30^10 = 5.9 · 10^14."""

_SLIPS = str.maketrans("OIL", "011")
_CODE = re.compile(f"[{_CROCKFORD}]{{{LENGTH}}}")
_TICKET_BYTES = 10


def read_code(text: str) -> str | None:
    """The code as it was drawn, whatever case, hyphens and mistaken O, I and L; None if it is none."""
    plain = text.replace("-", "").upper().translate(_SLIPS) if text.isascii() else ""
    return plain if _CODE.fullmatch(plain) else None


class LinkKeys:
    """Makes codes and proves them. Whoever reads the database learns no code from the digests."""

    def __init__(self, secret: str):
        # A key of BLAKE2b is at most 64 bytes; a longer secret is not cut but digested.
        self._key = hashlib.blake2b(secret.encode()).digest()

    def new_code(self) -> str:
        return "".join(secrets.choice(_DRAWN) for _ in range(LENGTH))

    def digest(self, code: str) -> str:
        """What is stored and looked up: 64 hex digits."""
        return self._mac(code, b"code", 32).hex()

    def is_code_of(self, code: str, digest: str) -> bool:
        return hmac.compare_digest(self.digest(code), digest)

    def ticket(self, link_id: str) -> str:
        """Stands in the page of this link and in no other: what a page sends belongs to its own link."""
        return self._mac(link_id, b"ticket", _TICKET_BYTES).hex()

    def is_ticket_of(self, ticket: str, link_id: str) -> bool:
        return hmac.compare_digest(self.ticket(link_id).encode(), ticket.encode("utf-8", "surrogatepass"))

    def _mac(self, words: str, purpose: bytes, size: int) -> bytes:
        """Keyed BLAKE2b (RFC 7693 §2.9); ``purpose`` keeps a ticket from ever being a digest."""
        return hashlib.blake2b(words.encode(), digest_size=size, key=self._key, person=purpose).digest()
