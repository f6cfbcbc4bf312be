"""The second factor: a code of six digits by the time (RFC 6238), sealed at rest, each taken once."""

from __future__ import annotations

import base64
import binascii
import hmac
import io
import re
import secrets
from datetime import datetime

import pyotp
import segno
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from intake.errors import BadConfiguration

STEP_S = 30
WINDOW = (0, -1, 1)
"""Steps beside the present one whose code is taken: telephones' clocks are a little off."""
ISSUER = "National Intake"
SECRET_LENGTH = 32
_VERSION = "1."
_CODE = re.compile(r"[0-9]{6}")


class Sealed:
    """Opens and closes what the table keeps, by a key made of the console's secret."""

    def __init__(self, secret: str):
        if len(secret) < SECRET_LENGTH:
            raise BadConfiguration([f"console.secret: give {SECRET_LENGTH} characters or more"])
        self._cipher = AESGCM(_derived(secret, b"national-intake totp 1"))
        self._handles = _derived(secret, b"national-intake passkeys 1")

    def close(self, totp_secret: str, name: str) -> str:
        """Bound to the account's name: moved to another account it opens no more."""
        nonce = secrets.token_bytes(12)
        sealed = self._cipher.encrypt(nonce, totp_secret.encode(), name.encode())
        return _VERSION + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, name: str) -> str | None:
        """None where it was closed with another secret, for another name, or is damaged."""
        if not sealed.startswith(_VERSION):
            return None
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(_VERSION))
            return self._cipher.decrypt(raw[:12], raw[12:], name.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            return None

    def handle(self, name: str) -> str:
        """What a passkey's device knows an account by, in base64url: no name can be read from it."""
        made = hmac.digest(self._handles, name.encode(), "sha256")
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def new_secret() -> str:
    """160 bits in base 32."""
    return pyotp.random_base32()


def address(totp_secret: str, name: str) -> str:
    """The otpauth:// address that an authenticator app reads."""
    return pyotp.TOTP(totp_secret).provisioning_uri(name=name, issuer_name=ISSUER)


def step_of(totp_secret: str | None, code: str, now: datetime) -> int | None:
    """The step whose code this is, None where it is none of the last, this and the next."""
    typed = re.sub(r"\s", "", code)
    if not _CODE.fullmatch(typed):
        typed = "------"
    totp = pyotp.TOTP(totp_secret or _NOBODYS)
    present, found = int(now.timestamp()) // STEP_S, None
    for beside in WINDOW:
        expected = totp.at(now, counter_offset=beside)
        if hmac.compare_digest(expected.encode(), typed.encode()):
            found = present + beside
    return None if totp_secret is None else found


def code_at(totp_secret: str, now: datetime) -> str:
    """The code that an app would show."""
    return pyotp.TOTP(totp_secret).at(now)


def qr_svg_uri(text: str) -> str:
    """A QR code as a ``data:`` address for an ``img``."""
    return str(segno.make(text, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff"))


def qr_terminal(text: str) -> str:
    """A QR code in half blocks, for a terminal with a dark ground."""
    out = io.StringIO()
    segno.make(text, error="l").terminal(out=out, border=2, compact=True)
    return out.getvalue()


def _derived(secret: str, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=info).derive(secret.encode())


_NOBODYS = new_secret()
