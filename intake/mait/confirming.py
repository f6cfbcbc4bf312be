"""A room's answer about one message: received and being considered, accepted, or rejected. Pure."""

from __future__ import annotations

from datetime import datetime

from intake.control_room import RoomId
from intake.errors import InvalidMait
from intake.incident import Confirmation, TransferId, Verdict
from intake.mait.document import (
    add,
    add_text,
    find,
    instant,
    local_name,
    parse,
    serialise,
    start,
    text_of,
)

_ROOT = "TransferConfirmation"
_ELEMENT_OF = {
    Verdict.CONSIDERING: "ReceivedAndBeingConsidered",
    Verdict.ACCEPTED: "Accepted",
    Verdict.REJECTED: "Rejected",
}


def write_confirmation(confirmation: Confirmation, *, confirmed_at: datetime, to_agency: str) -> bytes:
    """The answer as a document, UTF-8, valid.

    An acceptance names the room's own reference, a rejection its reason: without them InvalidMait.
    """
    root = start(_ROOT)
    add(root, "ConfirmedMessageId", confirmation.transfer_id)
    add(root, "ConfirmedAt", instant(confirmed_at))
    add(root, "ConfirmingAgency", confirmation.room_id)
    add(root, "OriginatingAgency", to_agency)
    verdict = add(root, _ELEMENT_OF[confirmation.verdict])
    if confirmation.reference:
        add_text(verdict, "RoomReference", confirmation.reference)
    if confirmation.verdict is Verdict.REJECTED:
        add_text(verdict, "Reason", confirmation.reason)
    return serialise(root)


def read_confirmation_document(document: bytes) -> Confirmation:
    """The answer in a document; raises InvalidMait with every problem found."""
    root = parse(document)
    if local_name(root) != _ROOT:
        raise InvalidMait([f"{local_name(root)} is not a {_ROOT}"])
    for verdict, name in _ELEMENT_OF.items():
        said = find(root, name)
        if said is not None:
            return Confirmation(
                transfer_id=TransferId(text_of(root, "ConfirmedMessageId")),
                room_id=RoomId(text_of(root, "ConfirmingAgency")),
                verdict=verdict,
                reference=text_of(said, "RoomReference"),
                reason=text_of(said, "Reason"),
            )
    raise InvalidMait([f"{_ROOT} says nothing this profile knows"])
