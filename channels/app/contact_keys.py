"""The handle and the token of a contact, made from its opening id: nothing is stored, repeats agree."""

from __future__ import annotations

import base64
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
        self._secret = secret.encode()

    def handle(self, client_id: str) -> str:
        """32 hex digits: 128 bits of HMAC-SHA256."""
        return self._digest(f"contact{client_id}")[:16].hex()

    def token(self, handle: str) -> str:
        """43 characters of base64url: the whole HMAC-SHA256."""
        return base64.urlsafe_b64encode(self._digest(f"token{handle}"))[:43].decode()

    def _digest(self, words: str) -> bytes:
        return hmac.digest(self._secret, words.encode(), "sha256")

    def admits(self, handle: str, authorization: str) -> bool:
        """Whether an ``Authorization: Bearer …`` header opens this contact; in constant time."""
        scheme, _, bearer = authorization.partition(" ")
        if scheme.lower() != "bearer" or not _HANDLE.fullmatch(handle):
            return False
        offered = bearer.strip().encode("utf-8", "surrogatepass")
        return hmac.compare_digest(offered, self.token(handle).encode())


def caller_of(handle: str) -> CallerUri:
    return CallerUri(SCHEME + handle)
