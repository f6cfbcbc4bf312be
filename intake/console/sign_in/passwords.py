"""Passwords: kept as argon2id, held to a length and against the commonest, and to no other rule (NCSC)."""

from __future__ import annotations

import asyncio
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 256
"""Characters. The longest bounds the work of hashing."""
READ = 4 * LONGEST + 1
"""So much of what was typed is looked at: NFC makes one letter of four at most, so more is too long anyway.
The time it takes grows with the square of the marks in a row: 30,000 held up the interpreter for 9 s."""
DIFFERENT = 5
"""So many different characters at least: aaaaaaaaaaaa is long, too."""
BESIDE_NAME = 8
"""Characters that a password must have beside its account's own name."""

_LISTED = """
123456789012 1234567890123 0123456789012 012345678901 123412341234 123123123123 987654321098
password1234 password12345 password123456 passwordpassword mypassword123 password123! password1234!
passw0rd1234 p@ssword1234 p@ssw0rd1234 password2024 password2025 password2026 yourpassword
qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyuiopasdfghjkl qwerty123456 qwerty1234567 qwertyqwerty
1q2w3e4r5t6y 1qaz2wsx3edc 1qaz2wsx3edc4rfv qazwsxedcrfv zaq12wsxcde3 asdfghjkl123 zxcvbnm12345
abcdefghijkl abcdefghijklm abcd12345678 abc123abc123 iloveyou1234 iloveyouforever letmein12345
letmeinletmein welcome12345 welcome123456 welcometothis administrator administrator1 admin1234567
adminadminadmin changeme1234 changemechangeme changemenow123 football1234 liverpool123 liverpoolfc1
manchester12 manchesterunited arsenalarsenal chelseachelsea sunshine1234 princess1234 superman1234
batman123456 trustno1trustno1 secretsecret secret123456 nationalintake emergency999 emergency112
callhandler1 callhandler123 controlroom1 controlroom999 ambulance999 december2025 september2025
"""
COMMON = frozenset(_LISTED.split())
"""The commonest of twelve characters and more, and what this house suggests by itself."""

_hasher = PasswordHasher()


class AtOnce:
    """At most two passwords are hashed at a time: each takes 64 MiB. In threads, off the event loop."""

    def __init__(self, limit: int = 2):
        self._free = asyncio.Semaphore(limit)

    async def hash(self, password: str) -> str:
        async with self._free:
            return await asyncio.to_thread(hash_password, password)

    async def verify(self, password_hash: str, password: str) -> bool:
        async with self._free:
            return await asyncio.to_thread(verify, password_hash, password)


def hash_password(password: str) -> str:
    return _hasher.hash(_normal(password))


def verify(password_hash: str, password: str) -> bool:
    """Whether it is the password. An account without one takes as long to refuse as any other."""
    try:
        known = _normal(password)
        return _hasher.verify(password_hash or _nobodys(), known[:LONGEST]) and len(known) <= LONGEST
    except (VerificationError, InvalidHashError):
        return False


def is_aged(password_hash: str) -> bool:
    """Whether it was hashed with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def trouble_with(password: str, name: str) -> str:
    """What is wrong with a new password, as a key of the words ``sign_in``; empty where nothing is."""
    known = _normal(password).casefold()
    if len(known) < SHORTEST:
        return "password_short"
    if len(known) > LONGEST:
        return "password_long"
    if len(known.replace(name.casefold(), "")) < min(BESIDE_NAME, len(known)) and name.casefold() in known:
        return "password_name"
    if known in COMMON or len(set(known)) < DIFFERENT:
        return "password_common"
    return ""


def _normal(password: str) -> str:
    # The same letters typed on another keyboard may come as other code points.
    return unicodedata.normalize("NFC", password[:READ])


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
