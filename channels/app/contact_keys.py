"""The handle and the token of a contact, made from its opening id: nothing is stored, repeats agree."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from intake.contact import CallerUri

SCHEME = "app:"
_HANDLE = re.compile(r"[0-9a-f]{32}")


class ContactKeys:
    """``handle`` names a contact in addresses and logs; ``token`` lets its caller in.

    Both come from the secret, so the client's UUID shows in no URL, any process can check a
    token, and an opening that is sent again gets the same answer.
    """

    def __init__(self, secret: str):
        # A key of BLAKE2b is at most 64 bytes; a longer secret is not cut but digested.
        self._key = hashlib.blake2b(secret.encode()).digest()

    def handle(self, client_id: str) -> str:
        """32 hex digits: 128 bits."""
        return self._mac(client_id, b"contact", 16).hex()

    def token(self, handle: str) -> str:
        """43 characters of base64url: 256 bits."""
        return base64.urlsafe_b64encode(self._mac(handle, b"token", 32))[:43].decode()

    def _mac(self, words: str, purpose: bytes, size: int) -> bytes:
        """Keyed BLAKE2b (RFC 7693 §2.9); ``purpose`` keeps a handle from ever being a token."""
        return hashlib.blake2b(words.encode(), digest_size=size, key=self._key, person=purpose).digest()

    def admits(self, handle: str, authorization: str) -> bool:
        """Whether an ``Authorization: Bearer …`` header opens this contact; in constant time."""
        scheme, _, bearer = authorization.partition(" ")
        if scheme.lower() != "bearer" or not _HANDLE.fullmatch(handle):
            return False
        offered = bearer.strip().encode("utf-8", "surrogatepass")
        return hmac.compare_digest(offered, self.token(handle).encode())


def caller_of(handle: str) -> CallerUri:
    return CallerUri(SCHEME + handle)
