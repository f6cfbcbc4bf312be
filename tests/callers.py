"""People who write in, through the store's own way in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import uuid_utils

from intake.contact import (
    CallerUri,
    ChannelKind,
    Contact,
    ContactId,
    DeliveryReport,
    DeliveryState,
    InboundMessage,
    RawMessage,
    RawMessageId,
    Trust,
)
from intake.store import contacts
from intake.store.store import Store

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SMS = ChannelKind("sms")


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def phone(last_digits: int) -> CallerUri:
    """A caller out of Ofcom's numbers for drama: 0 to 999."""
    return CallerUri(f"tel:+447700900{last_digits:03d}")


async def write_in(
    store: Store,
    caller: CallerUri,
    text: str = "help",
    *,
    seconds: float = 0,
    provider_id: str = "",
    **fields: Any,
) -> ContactId:
    """One text to the intake, so many seconds after noon; returns the contact it belongs to."""
    provider_id = provider_id or str(uuid_utils.uuid7())
    message = InboundMessage(
        channel=SMS, provider_id=provider_id, caller=caller, text=text, reply_to="+441632960000", **fields
    )
    receipt = await store.accept(
        _raw(text.encode("utf-8", "replace"), seconds), [message], trust=Trust.SIGNED, defect=None
    )
    return receipt.contact_id


async def queue_of(store: Store, count: int) -> list[ContactId]:
    """So many callers, one a second from noon."""
    return list(await asyncio.gather(*(write_in(store, phone(n), seconds=n) for n in range(count))))


async def report_on(
    store: Store, provider_ref: str, state: DeliveryState, code: str = "", seconds: float = 0
) -> None:
    """A provider's word on one of our replies, through the door."""
    report = DeliveryReport(channel=SMS, provider_ref=provider_ref, state=state, provider_code=code)
    await store.accept(_raw(b"report", seconds), [report], trust=Trust.SIGNED, defect=None)


async def contact(store: Store, contact_id: ContactId) -> Contact:
    """The contact as it stands."""
    return await store.read(lambda conn: contacts.get(conn, contact_id))


def _raw(body: bytes, seconds: float) -> RawMessage:
    return RawMessage(
        id=RawMessageId(str(uuid_utils.uuid7())),
        channel=SMS,
        door="messages",
        received_at=at(seconds),
        body=body,
        headers={},
    )
