"""An authenticator made of software, for tests: a device with passkeys, honest unless told otherwise."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
Json = dict[str, Any]


class Device:
    """One passkey at most, for whatever page asks. ``origin`` is the page it believes itself to be on.

    ``counts`` False is a device without a counter, as passkeys that travel between devices are.
    """

    def __init__(self, origin: str, *, counts: bool = True):
        self.origin, self.counts = origin, counts
        self.credential_id = secrets.token_bytes(32)
        self.key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = ec.generate_private_key(
            ec.SECP256R1()
        )
        self.user_handle = b""
        self.counter = 0

    def make(self, options: Json, *, flags: int = PRESENT | VERIFIED, **forged: Any) -> Json:
        """``navigator.credentials.create(…)``, as ``toJSON`` writes it."""
        self.user_handle = from_base64(options["user"]["id"])
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id
        cose = forged.get("cose") or cose_of(self.key.public_key())
        data = self._data(options["rp"]["id"], flags | ATTESTED, forged) + attested + cose
        attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData" + cbor_bytes(data)
        return self._answer(
            {
                "clientDataJSON": to_base64(self._said("webauthn.create", options, forged)),
                "attestationObject": to_base64(attestation),
            },
            forged,
        )

    def sign(self, options: Json, *, flags: int = PRESENT | VERIFIED, **forged: Any) -> Json:
        """``navigator.credentials.get(…)``. ``forged`` puts something else into its place: ``origin``,
        ``rp_id``, ``challenge``, ``type``, ``cross_origin``, ``counter``, ``user_handle``, ``signature``."""
        self.counter += self.counts
        data = self._data(options["rpId"], flags, forged)
        said = self._said("webauthn.get", options, forged)
        signature = self._signature(data + hashlib.sha256(said).digest())
        handle = forged.get("user_handle", self.user_handle)
        return self._answer(
            {
                "clientDataJSON": to_base64(said),
                "authenticatorData": to_base64(data),
                "signature": to_base64(forged.get("signature", signature)),
                "userHandle": None if handle is None else to_base64(handle),
            },
            forged,
        )

    def _signature(self, signed: bytes) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(signed)
        return self.key.sign(signed, ec.ECDSA(SHA256()))

    def _data(self, rp_id: str, flags: int, forged: Json) -> bytes:
        # WebAuthn §6.1: the domain's digest, flags, the counter.
        domain = hashlib.sha256(forged.get("rp_id", rp_id).encode()).digest()
        return domain + struct.pack(">BI", flags, forged.get("counter", self.counter))

    def _said(self, kind: str, options: Json, forged: Json) -> bytes:
        said = {
            "type": forged.get("type", kind),
            "challenge": forged.get("challenge", options["challenge"]),
            "origin": forged.get("origin", self.origin),
            "crossOrigin": forged.get("cross_origin", False),
        }
        return json.dumps(said).encode()

    def _answer(self, response: Json, forged: Json) -> Json:
        named = to_base64(forged.get("credential_id", self.credential_id))
        return {
            "id": named,
            "rawId": named,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }


def cose_of(key: Any) -> bytes:
    """RFC 9053 §7: a public key as a CBOR map."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return b"\xa4\x01\x01\x03\x27\x20\x06\x21" + cbor_bytes(key.public_bytes_raw())
    numbers = key.public_numbers()
    x, y = (cbor_bytes(one.to_bytes(32, "big")) for one in (numbers.x, numbers.y))
    return b"\xa5\x01\x02\x03\x26\x20\x01\x21" + x + b"\x22" + y


def cbor_bytes(raw: bytes) -> bytes:
    """RFC 8949 §3.1, major type 2."""
    head = struct.pack(">BB", 0x58, len(raw)) if len(raw) < 256 else struct.pack(">BH", 0x59, len(raw))
    return head + raw


def to_base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
