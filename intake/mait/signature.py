"""End-to-end authentication: HMAC-SHA256 over the whole document, carried beside it. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from intake.errors import Forged

AGENCY_HEADER = "Intake-Agency"
SIGNATURE_HEADER = "Intake-Signature"
MESSAGE_ID_HEADER = "Idempotency-Key"
SIGNED_HEADERS = (AGENCY_HEADER, SIGNATURE_HEADER, MESSAGE_ID_HEADER)

SECRET_BYTES_LEAST = 32
FRESH_S = 300
"""How far a signature's time may be from ours, either way. Within it, the message id stops repeats."""

_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")

Secrets = Mapping[str, Sequence[bytes]]
"""For each agency the secrets shared with it: the first signs, any verifies, so that one can be changed."""


def signed_headers(
    secret: bytes, *, agency: str, message_id: str, body: bytes, now: datetime
) -> dict[str, str]:
    """The three headers that prove ``agency`` says ``body`` about ``message_id`` at ``now``.

    The agency is part of what is signed: a room cannot be sent its own words back.
    """
    moment = int(now.timestamp())
    return {
        AGENCY_HEADER: agency,
        MESSAGE_ID_HEADER: message_id,
        SIGNATURE_HEADER: f"t={moment},v1={_digest(secret, moment, agency, message_id, body)}",
    }


def verify(headers: Mapping[str, str], body: bytes, secrets: Secrets, *, now: datetime) -> tuple[str, str]:
    """The agency and message id these headers prove, compared in constant time. Raises Forged.

    ``headers`` must find names without regard to case.
    """
    agency, message_id = headers.get(AGENCY_HEADER, ""), headers.get(MESSAGE_ID_HEADER, "")
    known = secrets.get(agency)
    if not known:
        raise Forged(f"no secret is shared with agency {agency!r}")
    form = _SIGNATURE.fullmatch(headers.get(SIGNATURE_HEADER, ""))
    if form is None:
        raise Forged(f"{SIGNATURE_HEADER} is missing or is not t=…,v1=…")
    moment, given = int(form[1]), form[2]
    if abs(now.timestamp() - moment) > FRESH_S:
        raise Forged(f"signed at {moment}, more than {FRESH_S} s from now; check both clocks")
    genuine = [
        hmac.compare_digest(_digest(secret, moment, agency, message_id, body), given) for secret in known
    ]
    if not any(genuine):
        raise Forged(f"the signature is not {agency}'s over these bytes")
    return agency, message_id


def secrets_from_text(text: str) -> tuple[bytes, ...]:
    """Shared secrets as they stand in a file, parted by white space: the new one first, then the old.

    ``ValueError`` when there is none or one is short; it names no secret.
    """
    secrets = tuple(word.encode() for word in text.split())
    if not secrets or min(map(len, secrets)) < SECRET_BYTES_LEAST:
        raise ValueError(f"a shared secret needs at least {SECRET_BYTES_LEAST} bytes without spaces")
    return secrets


def _digest(secret: bytes, moment: int, agency: str, message_id: str, body: bytes) -> str:
    signed = f"{moment}\n{agency}\n{message_id}\n".encode() + body
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()
