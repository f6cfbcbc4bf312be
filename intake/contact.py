"""A caller's conversation with 999, from the bytes as they came to the unit of the queue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, NewType

import msgspec

from intake.control_room import Service
from intake.location import CallerLocation

ChannelKind = NewType("ChannelKind", str)
"""NewType, not Enum: a new channel edits no core file."""

CallerUri = NewType("CallerUri", str)
"""RFC 3966 style: ``tel:+447700900123``, ``mailto:…``, ``tg:5``, ``app:…``, ``unknown:…``."""

ContactId = NewType("ContactId", str)
MessageId = NewType("MessageId", str)
RawMessageId = NewType("RawMessageId", str)


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_text(text: str, limit: int = 100_000) -> str:
    """Text that both engines can store: at most ``limit`` characters, cut with an ellipsis.

    PostgreSQL refuses NUL (shown as U+2400) and lone surrogates (shown as U+FFFD); the raw message
    keeps the bytes as they came.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if "\0" in text:
        text = text.replace("\0", "\u2400")
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


class Trust(StrEnum):
    """What the door could prove about the sender, from strongest to weakest."""

    SIGNED = "signed"
    TOKEN = "token"  # noqa: S105 - a kind of trust, not a secret
    POLLED = "polled"
    ANONYMOUS = "anonymous"


class RawMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes as they came. Stored before anything is parsed (law 2).

    ``target`` is the HTTP path with its query, or the SMTP recipient; ``path_args`` are the parts
    the door's path pattern named. ``headers`` compares names without regard to case; of them only
    the door's ``stored_headers`` are kept, so that no secret is.
    """

    id: RawMessageId
    channel: ChannelKind
    door: str
    received_at: datetime
    body: bytes
    headers: Mapping[str, str]
    target: str = ""
    path_args: Mapping[str, str] = msgspec.field(default_factory=dict)
    peer: str = ""
    envelope_from: str = ""


class MessageKind(StrEnum):
    """What a message is to the conversation. ``PLACE`` joins a contact and never opens one."""

    TEXT = "text"
    PLACE = "place"
    EVENT = "event"


class MediaReference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something attached, never fetched by itself: a URL or provider id, or a part of the raw message."""

    kind: str
    reference: str
    content_type: str = ""
    name: str = ""
    size_bytes: int | None = None


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One normalised message from a caller.

    ``provider_id`` is the dedupe key, unique within its channel (law 3). ``sent_at`` is what the
    sender's side states. ``reply_to`` is the channel's own address for answers, opaque to the core.
    ``edits`` names the provider id of the message this one corrects. ``extra`` is shown to the
    handler as it is: what we do not understand is kept, never dropped.
    """

    channel: ChannelKind
    provider_id: str
    caller: CallerUri
    kind: MessageKind = MessageKind.TEXT
    text: str = ""
    sent_at: datetime | None = None
    reply_to: str = ""
    language: str = ""
    service: Service | None = None
    locations: tuple[CallerLocation, ...] = ()
    attachments: tuple[MediaReference, ...] = ()
    edits: str = ""
    automatic: bool = False
    silent: bool = False
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class DeliveryReport(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's word on one of our replies; ``provider_ref`` is the id it gave when it took it."""

    channel: ChannelKind
    provider_ref: str
    state: DeliveryState
    provider_code: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Proof of a commit: exists only after it. Ids are UUIDv7 text; ``contact_id`` is empty for
    delivery reports and for places that have not met their contact. ``caller``, ``provider_id`` and
    ``defect`` are those of the first message, so that an answer need not read the body again."""

    raw_id: RawMessageId
    contact_id: ContactId
    message_id: MessageId
    received_at: datetime
    duplicate: bool = False
    opened: bool = False
    caller: CallerUri = CallerUri("")
    provider_id: str = ""
    defect: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a caller. ``id`` is the idempotency key where a provider takes one.

    ``in_reply_to`` is the provider id of the caller's latest message, for threading; ``automatic``
    marks words no person wrote, which email must say of itself (RFC 3834 §5).
    """

    id: str
    contact_id: ContactId
    channel: ChannelKind
    caller: CallerUri
    reply_to: str
    text: str
    in_reply_to: str = ""
    automatic: bool = False


class Priority(IntEnum):
    """1 Immediate, 2 Urgent, 3 Routine; lower comes first."""

    IMMEDIATE = 1
    URGENT = 2
    ROUTINE = 3


class ContactState(StrEnum):
    """waiting → open (claimed, leased) → sending → delivered → accepted → closed; or held; or merged;
    or stale: a handler could not reach the caller, and waits for a sign of them (`store/unreachable.py`).

    A lapsed lease makes ``open`` claimable again in its original place: no sweeper is needed.
    """

    WAITING = "waiting"
    OPEN = "open"
    HELD = "held"
    STALE = "stale"
    SENDING = "sending"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    MERGED = "merged"


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """The unit of the queue. ``number`` is the reference people read aloud; ``attempts`` is the fence;
    ``next_attempt_at`` is schedule, lease and back-off in one (law 9). ``reroute`` flags a place that changed
    after the hand-over: ``moved``, or ``other_room`` where another room is proposed. ``merged_into`` is the
    contact it is part of, empty unless its state is ``merged``. ``unreachable_since`` and ``_reason`` (what
    was tried) stand from a handler's mark until somebody takes the contact again, also once it is back."""

    id: ContactId
    number: int
    channel: ChannelKind
    caller: CallerUri
    state: ContactState
    priority: Priority
    priority_rule: str
    service: Service | None
    service_reason: str
    queued_at: datetime
    last_message_at: datetime
    next_attempt_at: datetime
    attempts: int
    claimed_by: str
    summary: str
    language: str
    silent: bool
    defect: str
    location: CallerLocation | None
    incident_id: str
    reroute: str = ""
    merged_into: ContactId = ContactId("")
    unreachable_since: datetime | None = None
    unreachable_reason: str = ""
