"""WebAuthn's two ceremonies: what a browser is asked, and whether its answer proves what it says.

Web Authentication Level 2, §7.1 (adding) and §7.2 (proving). The checks and the cryptography are fido2's;
ours are what it leaves to its caller: one origin, no frames of other sites, whose passkey it is.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from yarl import URL

from intake.store.passkeys import Passkey

NAME = "National Intake"
LIFE_S = 120.0
"""So long an answer is waited for."""
CREDENTIAL_ID_BYTES, PUBLIC_KEY_BYTES = 1_023, 4_096
VERIFIED = UserVerificationRequirement.REQUIRED
"""The device has checked its owner by finger, face or PIN: so one passkey is two factors."""
_NO_MODEL = bytes(16)

Answer = Mapping[str, Any]
"""A browser's ``PublicKeyCredential.toJSON()``, unread."""
T = TypeVar("T")


class NotProven(Exception):
    """The answer does not hold; the text is for our log alone."""


class Asked(msgspec.Struct, frozen=True):
    """``options`` go to the browser, the ``challenge`` (base64url) stays with us until it answers."""

    options: Mapping[str, Any]
    challenge: str


class Made(msgspec.Struct, frozen=True):
    """A new passkey, as `intake.store.passkeys` keeps it."""

    credential_id: str
    public_key: bytes
    sign_count: int


class RelyingParty:
    """Our side of passkeys that are made for one address of the console, and work nowhere else."""

    def __init__(self, origin: str, domain: str):
        self.origin = origin
        self._server = Fido2Server(
            PublicKeyCredentialRpEntity(name=NAME, id=domain), verify_origin=lambda said: said == origin
        )

    @classmethod
    def at(cls, console_url: str) -> RelyingParty | None:
        """None where browsers make no passkeys: at an IP address, and without TLS but on localhost."""
        url = URL(console_url)
        domain = (url.raw_host or "").lower()
        if not domain or not (url.scheme == "https" or (url.scheme == "http" and domain == "localhost")):
            return None
        return None if _is_address(domain) else cls(str(url.origin()), domain)

    def ask_new(self, name: str, display_name: str, user_handle: str, have: Iterable[Passkey]) -> Asked:
        """For a passkey that its device finds by itself, and that it is not to have already."""
        user = PublicKeyCredentialUserEntity(
            id=websafe_decode(user_handle), name=name, display_name=display_name or name
        )
        options, state = self._server.register_begin(
            user,
            [_descriptor(one) for one in have],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=VERIFIED,
        )
        return _asked(dict(options), state)

    def ask(self, have: Iterable[Passkey] = ()) -> Asked:
        """For a signature by one of these, or by any where none is given."""
        allowed = [_descriptor(one) for one in have] or None
        options, state = self._server.authenticate_begin(allowed, user_verification=VERIFIED)
        return _asked(dict(options), state)

    def made(self, challenge: str, answer: Answer) -> Made:
        """Raises NotProven."""
        return _judged(lambda: self._made(challenge, answer))

    def _made(self, challenge: str, answer: Answer) -> Made:
        response = RegistrationResponse.from_dict(answer)
        _refuse_frames(response.response.client_data)
        found = self._server.register_complete(_state(challenge), response)
        data = found.credential_data
        if data is None or data.credential_id != response.raw_id:
            raise NotProven("another credential was made than the answer names")
        if data.public_key.ALGORITHM not in CoseKey.supported_algorithms():
            raise NotProven("a key of a kind that was not asked for")
        public_key = cbor.encode(data.public_key)
        if len(data.credential_id) > CREDENTIAL_ID_BYTES or len(public_key) > PUBLIC_KEY_BYTES:
            raise NotProven("the credential is too long")
        return Made(websafe_encode(data.credential_id), public_key, found.counter)

    def proven(self, challenge: str, passkey: Passkey, answer: AuthenticationResponse) -> int:
        """The device's counter; whether it went up, the store knows. Raises NotProven."""
        return _judged(lambda: self._proven(challenge, passkey, answer))

    def _proven(self, challenge: str, passkey: Passkey, answer: AuthenticationResponse) -> int:
        _refuse_frames(answer.response.client_data)
        handle = answer.response.user_handle
        # §7.2 step 6: where a passkey says itself whose it is, that is whom it was made for.
        if handle is not None and websafe_encode(handle) != passkey.user_handle:
            raise NotProven("the passkey was made for another account")
        key = CoseKey.parse(cbor.decode(passkey.public_key))  # type: ignore[arg-type]
        known = AttestedCredentialData.create(_NO_MODEL, websafe_decode(passkey.credential_id), key)
        self._server.authenticate_complete(_state(challenge), [known], answer)
        return answer.response.authenticator_data.counter


def read_proof(answer: Answer) -> tuple[AuthenticationResponse, str]:
    """An answer to ``ask``, parsed, and the credential it names; nothing is proven yet. Raises NotProven."""
    found = _judged(lambda: AuthenticationResponse.from_dict(answer))
    return found, websafe_encode(found.raw_id)


def _judged(work: Callable[[], T]) -> T:
    try:
        return work()
    except NotProven:
        raise
    except Exception as error:
        # Whatever a forged answer makes a parser stumble over is no proof. Plain ValueErrors are fido2's own
        # sentences; others may quote the answer.
        reason = str(error) if type(error) is ValueError else type(error).__name__
        raise NotProven(reason) from None


def _refuse_frames(said: CollectedClientData) -> None:
    if said.cross_origin is not False:
        raise NotProven("asked for within another site's page")


def _asked(options: dict[str, Any], state: Any) -> Asked:
    options["publicKey"]["timeout"] = int(LIFE_S * 1_000)
    return Asked(options, state["challenge"])


def _state(challenge: str) -> dict[str, Any]:
    return {"challenge": challenge, "user_verification": VERIFIED}


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        type=PublicKeyCredentialType.PUBLIC_KEY, id=websafe_decode(passkey.credential_id)
    )


def _is_address(domain: str) -> bool:
    """As browsers read it: what ends in a number is an IPv4 address (URL Standard §3.5)."""
    try:
        ipaddress.ip_address(domain)
    except ValueError:
        return domain.rstrip(".").rpartition(".")[2][:1].isdigit()
    return True
