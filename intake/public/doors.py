"""The doors behind a link's page: what `WayIn` needs of them. The link itself is looked up before."""

from __future__ import annotations

import msgspec

from intake.contact import ChannelKind, RawMessage, Receipt, Trust
from intake.errors import Forged
from intake.ports import HttpAnswer, HttpDoor
from intake.public.codes import LinkKeys
from intake.public.fixes import form_fields, form_from, place_from, words_from

KIND = ChannelKind("link")
"""How the doors are counted. Their messages belong to the channel of the link's contact."""

TICKET_HEADER = "X-Link-Ticket"
PATH = "/l/{code}"


class Taken(msgspec.Struct, frozen=True):
    """The answer to the page: ``id`` is our number for what is stored, the same for a repeat."""

    status: str
    id: str


def link_doors(keys: LinkKeys) -> tuple[HttpDoor, HttpDoor, HttpDoor]:
    """Places, words, and words of a plain form. ``raw.path_args`` names the link they came through."""

    def page_of_this_link(raw: RawMessage) -> Trust:
        return _proven(keys, raw.headers.get(TICKET_HEADER, ""), raw)

    def form_of_this_link(raw: RawMessage) -> Trust:
        return _proven(keys, form_fields(raw.body).get("ticket", ""), raw)

    return (
        HttpDoor(
            name="link.places",
            path=f"{PATH}/places",
            body_limit_bytes=2_048,
            authenticate=page_of_this_link,
            normalise=place_from,
            accepted=_taken,
        ),
        HttpDoor(
            name="link.words",
            path=f"{PATH}/words",
            body_limit_bytes=16_384,
            authenticate=page_of_this_link,
            normalise=words_from,
            accepted=_taken,
        ),
        HttpDoor(
            name="link.form",
            path=PATH,
            body_limit_bytes=32_768,
            authenticate=form_of_this_link,
            normalise=form_from,
            accepted=_taken,
        ),
    )


def _proven(keys: LinkKeys, ticket: str, raw: RawMessage) -> Trust:
    # The code went to the caller's own address: whoever has it is the caller, as with a contact's token.
    if not keys.is_ticket_of(ticket, raw.path_args["link"]):
        raise Forged("the page is not that of this link")
    return Trust.TOKEN


def _taken(raw: RawMessage, receipt: Receipt) -> HttpAnswer:
    body = msgspec.json.encode(Taken("kept" if receipt.defect else "received", receipt.message_id))
    return HttpAnswer(status=202 if receipt.defect else 200, body=body, content_type="application/json")
