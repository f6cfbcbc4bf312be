"""Where control rooms bring their later verdicts: proven, read, and never taken for another room's."""

from __future__ import annotations

from intake.contact import RawMessage, Trust
from intake.errors import Forged
from intake.incident import Confirmation
from intake.mait import read_confirmation_document
from intake.mait.signature import SIGNED_HEADERS, Secrets, verify

CONFIRMATIONS_PATH = "/mait/confirmations"


class FeedDoor:
    """One POST path. ``authenticate`` over the raw bytes first, then ``read``; answer 2xx after the commit.

    A room's verdict may come twice, or after its acceptance was already asked for: taking one is
    idempotent, by message id.
    """

    name = "mait"
    path = CONFIRMATIONS_PATH
    body_limit_bytes = 64 * 1024
    stored_headers = ("Content-Type", *SIGNED_HEADERS)

    def __init__(self, secrets: Secrets):
        self._secrets = secrets

    def authenticate(self, raw: RawMessage) -> Trust:
        """Raises Forged unless a room's secret signed these bytes at about the time they came."""
        verify(raw.headers, raw.body, self._secrets, now=raw.received_at)
        return Trust.SIGNED

    def read(self, raw: RawMessage) -> Confirmation:
        """The verdict. Raises InvalidMait, and Forged when a room speaks for another one or message."""
        agency, message_id = verify(raw.headers, raw.body, self._secrets, now=raw.received_at)
        said = read_confirmation_document(raw.body)
        if (said.room_id, said.transfer_id) != (agency, message_id):
            raise Forged(
                f"{agency} signed for {message_id}, the document says {said.room_id}, {said.transfer_id}"
            )
        return said
