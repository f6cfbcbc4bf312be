"""One attachment of one message of one contact: what names it, and the message as it came."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, Text, select, type_coerce

from intake.contact import ChannelKind, ContactId, InboundMessage, MediaReference
from intake.errors import NotFound
from intake.store.contacts import find, whole
from intake.store.tables import messages, raw_messages

_read = msgspec.json.Decoder(InboundMessage).decode


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """``contact_id`` is the contact asked for; the message may be of one that was merged into it."""

    contact_id: ContactId
    channel: ChannelKind
    media: MediaReference
    number: int
    raw_body: bytes


def attached(conn: Connection, address: str, message_id: str, number: int) -> Attached:
    """Attachment ``number``, counted from 1, of a message; raises NotFound.

    Only what the stored message names: who asks says where it stands, never what it is.
    """
    contact_id = find(conn, address)
    query = (
        select(type_coerce(messages.c.content, Text).label("content"), raw_messages.c.body)
        .join(raw_messages, raw_messages.c.id == messages.c.raw_id)
        .where(messages.c.id == message_id, messages.c.contact_id.in_(whole(conn, contact_id)))
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFound("this contact has no such message")
    try:
        message = _read(row.content)
    except msgspec.MsgspecError:
        raise NotFound("this version cannot read the stored message") from None
    if not 1 <= number <= len(message.attachments):
        raise NotFound("the message has no such attachment")
    return Attached(
        contact_id=contact_id,
        channel=message.channel,
        media=message.attachments[number - 1],
        number=number,
        raw_body=bytes(row.body),
    )
