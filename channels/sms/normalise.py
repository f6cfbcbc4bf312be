"""Twilio's webhook forms as messages and delivery reports. Pure.

Fields: Twilio, "Twilio's request to your incoming message Webhook URL" and "Track outbound message status".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import quote, unquote_to_bytes

from yarl import URL

from intake.contact import (
    CallerUri,
    ChannelKind,
    DeliveryReport,
    DeliveryState,
    InboundMessage,
    MediaReference,
    RawMessage,
    clean_text,
)
from intake.errors import MalformedMessage
from intake.location import CallerLocation, LocationSource

KIND = ChannelKind("sms")

FIELD_LIMIT = 200
"""Twilio sends some twenty fields; a signature is computed over all of them, so their number is bounded."""

PIN_RADIUS_M = 100.0
"""A WhatsApp pin states no radius. This one is ours, and the note on the location says so."""

SHOWN = (
    *("To", "FromCountry", "NumSegments", "OptOutType", "ProfileName", "Label", "Address"),
    *("ButtonPayload", "Forwarded", "OriginalRepliedMessageSid", "ErrorCode", "ErrorUrl"),
)
"""What a handler sees beside the text. STOP, HELP and their kin stay text: ``OptOutType`` only names them."""

STATES = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), DeliveryState.QUEUED),
    "sent": DeliveryState.SENT,
    **dict.fromkeys(("delivered", "partially_delivered"), DeliveryState.DELIVERED),
    "read": DeliveryState.READ,
    **dict.fromkeys(("undelivered", "failed", "canceled"), DeliveryState.FAILED),
}

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SENDER_NAME = re.compile(r"[^+\d]")


def read_form(raw: RawMessage) -> Mapping[str, str]:
    """The form's fields, repeated ones too (a MultiMapping, which Twilio's validator understands).

    Broken bytes become U+FFFD; ``read_message`` finds them out. Raises MalformedMessage.
    """
    if raw.body.count(b"&") >= FIELD_LIMIT:
        raise MalformedMessage(f"more than {FIELD_LIMIT} form fields")
    return URL.build(query_string=raw.body.decode("utf-8", "replace"), encoded=True).query


def read_message(raw: RawMessage) -> tuple[InboundMessage, ...]:
    """One message from a caller. ``reply_to`` is "their address, a space, the number they wrote to"."""
    form = read_form(raw)
    provider_id, sender = form.get("MessageSid", ""), form.get("From", "")
    text = form.get("Body") or form.get("ButtonText", "")
    if problem := _problem(raw.body, provider_id, sender, text):
        raise MalformedMessage(
            problem,
            caller=caller_uri(sender) if _is_whole(sender) else None,
            provider_id=provider_id if _is_whole(provider_id) else None,
            text=clean_text(text),
            # Whoever sent it can still be answered, and asked again.
            reply_to=clean_text(_reply_to(sender, form), 200) if _is_whole(sender) else "",
        )
    extra = {name: value for name in SHOWN if (value := form.get(name))}
    if ":" in sender:
        extra["Via"] = sender.partition(":")[0]
    attachments, locations = tuple(_media(form)), _pin(form, extra)
    return (
        InboundMessage(
            channel=KIND,
            provider_id=provider_id,
            caller=caller_uri(sender),
            text=text,
            sent_at=_sent_at(form),
            reply_to=_reply_to(sender, form),
            locations=locations,
            attachments=attachments,
            silent=not (text or attachments or locations),
            extra=extra,
        ),
    )


def read_status(raw: RawMessage) -> tuple[DeliveryReport, ...]:
    """Twilio's word on one of our replies. Reports come in any order; a new word counts as queued."""
    form = read_form(raw)
    word, reference = form.get("MessageStatus", ""), form.get("MessageSid", "")
    if not word or not _is_whole(reference):
        raise MalformedMessage("a status callback without MessageSid or MessageStatus")
    state = STATES.get(word)
    code = form.get("ErrorCode", "") if state else f"unknown status {word[:40]}"
    return (
        DeliveryReport(
            channel=KIND, provider_ref=reference, state=state or DeliveryState.QUEUED, provider_code=code
        ),
    )


def caller_uri(address: str) -> CallerUri:
    """``tel:`` for a number (also over WhatsApp: it is the same person), else ``sms:`` (RFC 5724)."""
    number = address.rpartition(":")[2]
    return CallerUri(f"tel:{number}" if _E164.fullmatch(number) else f"sms:{quote(address, safe='')}")


def _reply_to(sender: str, form: Mapping[str, str]) -> str:
    """Empty for a sender with a name instead of a number, which cannot be written back to."""
    return "" if _is_name(sender) else f"{sender} {form.get('To', '')}"


def _is_name(address: str) -> bool:
    return ":" not in address and _SENDER_NAME.search(address) is not None


def _is_whole(value: str) -> bool:
    return bool(value) and "\ufffd" not in value and "\0" not in value


def _problem(body: bytes, provider_id: str, sender: str, text: str) -> str:
    if not provider_id or not sender:
        return "no MessageSid" if not provider_id else "no From"
    if b"%00" in body or b"\0" in body:
        return "a NUL character"
    if "\ufffd" in text + provider_id + sender:
        # U+FFFD may be the caller's own; only bytes that are not UTF-8 are a defect.
        try:
            unquote_to_bytes(body).decode("utf-8")
        except UnicodeDecodeError:
            return "not UTF-8"
    return ""


def _media(form: Mapping[str, str]) -> Iterator[MediaReference]:
    if form.get("NumMedia", "0") == "0":
        return
    for n in range(FIELD_LIMIT):
        if not (url := form.get(f"MediaUrl{n}")):
            return
        yield MediaReference(kind="url", reference=url, content_type=form.get(f"MediaContentType{n}", ""))


def _pin(form: Mapping[str, str], extra: dict[str, str]) -> tuple[CallerLocation, ...]:
    stated = form.get("Latitude"), form.get("Longitude")
    if not all(stated):
        return ()
    try:
        latitude, longitude = (float(value or "") for value in stated)
    except ValueError:
        latitude = longitude = math.nan
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        extra["UnreadableLocation"] = f"{stated[0]}, {stated[1]}"
        return ()
    return (
        CallerLocation(
            latitude=latitude,
            longitude=longitude,
            uncertainty_m=PIN_RADIUS_M,
            source=LocationSource.CHAT_PIN,
            clue=form.get("Address") or form.get("Label") or None,
            note="WhatsApp states no radius: 100 m is assumed",
        ),
    )


def _sent_at(form: Mapping[str, str]) -> datetime | None:
    # Webhooks carry no time. The sweep adds DateCreated from the Messages resource: a message that
    # comes late has to be seen to be old.
    try:
        return datetime.fromisoformat(form["DateCreated"])
    except (KeyError, ValueError):
        return None
