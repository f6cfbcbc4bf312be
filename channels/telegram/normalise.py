"""Telegram updates as messages: every kind is kept, and what we do not know is shown as it is. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from channels.telegram import wire
from intake.contact import (
    CallerUri,
    ChannelKind,
    InboundMessage,
    MediaReference,
    MessageKind,
    RawMessage,
    clean_text,
)
from intake.errors import MalformedMessage
from intake.location import CallerLocation, LocationMethod, LocationSource

KIND = ChannelKind("telegram")

PIN_RADIUS_M = 100.0
"""A pin or venue states no radius. This one is ours, and the note on the location says so."""

STATED_NOTE = "Telegram states no confidence for its radius: read as 95 %"
"""RFC 5491 §5 asks for 95 % where nothing is said. Taking less would claim a probability nobody
stated; a reader who doubts it has the source, ``chat_live`` or ``chat_pin``, to weigh it by."""

NOT_TYPED = frozenset(
    {
        *("my_chat_member", "chat_member", "chat_join_request", "chat_boost", "removed_chat_boost"),
        *("message_reaction", "message_reaction_count", "poll", "poll_answer", "deleted_business_messages"),
    }
)
"""Updates in which nobody speaks to us: shown in the conversation, without calling a handler back to it."""

ENVELOPE = frozenset(
    {"message_id", "date", "edit_date", "from", "sender_chat", "chat", "entities", "message_thread_id"}
)

_UPDATE_ID = re.compile(rb'"update_id"\s*:\s*(\d{1,20})')
_SENDER_ID = re.compile(rb'"from"\s*:\s*\{\s*"id"\s*:\s*(\d{1,20})')

_decode = msgspec.json.Decoder(wire.Update).decode


def read_update(raw: RawMessage, bot_id: str) -> tuple[InboundMessage, ...]:
    """One message for each update; ``provider_id`` is "bot:update". Raises MalformedMessage."""
    try:
        update = _decode(raw.body)
    except (ValueError, RecursionError):
        return (_read_patiently(raw.body, bot_id),)
    provider_id = f"{bot_id}:{update.update_id}"
    for kind in wire.MESSAGES:
        if message := getattr(update, kind):
            return (_from_message(provider_id, kind, message, raw.body),)
    if update.callback_query:
        return (_from_callback(provider_id, update.callback_query),)
    return (_read_patiently(raw.body, bot_id),)


def _from_message(provider_id: str, kind: str, message: wire.Message, body: bytes) -> InboundMessage:
    name, edited = _name(message.chat, message.message_id), kind.startswith("edited_")
    extra: dict[str, Any] = {"message": name}
    locations = tuple(_locations(message, edited))
    attachments = tuple(_attachments(message))
    text = message.text or message.caption or _described(message, extra)
    if not (text or locations or attachments):
        text = _unknown_content(kind, body, extra)
    _add_context(kind, message, extra)
    sender = message.sender
    return InboundMessage(
        channel=KIND,
        provider_id=provider_id,
        caller=CallerUri(f"tg:{sender.id if sender else (message.sender_chat or message.chat).id}"),
        # Only a place that moves joins without words; all else is part of the conversation.
        kind=MessageKind.PLACE if edited and locations and not text else MessageKind.TEXT,
        text=clean_text(text),
        sent_at=_time(message.edit_date or message.date),
        reply_to=str(message.chat.id),
        language=clean_text(sender.language_code, 35) if sender else "",
        locations=locations,
        attachments=attachments,
        edits=name if edited else "",
        extra=extra,
    )


def _from_callback(provider_id: str, query: wire.CallbackQuery) -> InboundMessage:
    """A pressed button: its data is what the caller says."""
    pressed = query.message
    return InboundMessage(
        channel=KIND,
        provider_id=provider_id,
        caller=CallerUri(f"tg:{query.sender.id}"),
        text=clean_text(query.data) or "[a button without data]",
        reply_to=str(pressed.chat.id if pressed else query.sender.id),
        language=clean_text(query.sender.language_code, 35),
        extra={
            "update": "callback_query",
            "button_of": _name(pressed.chat, pressed.message_id) if pressed else "",
        },
    )


def _read_patiently(body: bytes, bot_id: str) -> InboundMessage:
    """What the Structs cannot take: new kinds, changed shapes, lone surrogates, broken bytes."""
    try:
        update = _cleaned(json.loads(body.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        raise _beyond_reading(body, bot_id, f"not JSON: {error}") from None
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        raise MalformedMessage("not a Telegram update: no update_id")
    provider_id = f"{bot_id}:{update['update_id']}"
    try:
        known = msgspec.convert(update, wire.Update)
    except (ValueError, RecursionError):
        known = wire.Update(update["update_id"])
    for kind in wire.MESSAGES:
        if message := getattr(known, kind):
            return _from_message(provider_id, kind, message, msgspec.json.encode(update))
    if known.callback_query:
        return _from_callback(provider_id, known.callback_query)
    return _unknown(provider_id, update)


def _beyond_reading(body: bytes, bot_id: str, reason: str) -> MalformedMessage:
    update, sender = _UPDATE_ID.search(body), _SENDER_ID.search(body)
    return MalformedMessage(
        reason,
        caller=f"tg:{sender[1].decode()}" if sender else None,
        provider_id=f"{bot_id}:{update[1].decode()}" if update else None,
    )


def _unknown(provider_id: str, update: Mapping[str, Any]) -> InboundMessage:
    kind = next((name for name in update if name != "update_id"), "empty")
    found = update.get(kind)
    content: Mapping[str, Any] = found if isinstance(found, dict) else {}
    user, chat = _id_in(content, "from", "user", "sender_chat", "actor_chat"), _id_in(content, "chat")
    spoken = [content[name] for name in ("text", "caption", "data") if isinstance(content.get(name), str)]
    caller = f"tg:{user or chat}" if user or chat else f"unknown:telegram:{provider_id}"
    return InboundMessage(
        channel=KIND,
        provider_id=provider_id,
        caller=CallerUri(caller),
        kind=MessageKind.EVENT if kind in NOT_TYPED else MessageKind.TEXT,
        text=clean_text(" ".join([f"[unknown Telegram update: {kind}]", *spoken])),
        reply_to=chat or user,
        automatic=kind in NOT_TYPED,
        extra={name: value for name, value in update.items() if name != "update_id"},
    )


def _unknown_content(kind: str, body: bytes, extra: dict[str, Any]) -> str:
    content = _cleaned(json.loads(body)[kind])
    unknown = {name: value for name, value in content.items() if name not in ENVELOPE}
    extra.update(unknown)
    return f"[Telegram message without text: {', '.join(unknown) or 'empty'}]"


def _described(message: wire.Message, extra: dict[str, Any]) -> str:
    if venue := message.venue:
        return ", ".join(part for part in (venue.title, venue.address) if part)
    if contact := message.contact:
        number = "+" + contact.phone_number.lstrip("+")
        if message.sender and contact.user_id == message.sender.id:
            extra["own_number"] = f"tel:{number}"  # the caller's own: an AML fix may come under it
        return f"[contact: {contact.first_name} {contact.last_name}".rstrip() + f" {number}]"
    return ""


def _add_context(kind: str, message: wire.Message, extra: dict[str, Any]) -> None:
    if sender := message.sender:
        name = f"{sender.first_name} {sender.last_name}".strip()
        extra["name"] = clean_text(f"{name} (@{sender.username})" if sender.username else name, 200)
    if kind != "message":
        extra["update"] = kind
    if message.chat.type != "private":
        extra["chat"] = clean_text(f"{message.chat.type}: {message.chat.title}", 300)
    if message.reply_to_message:
        extra["answers"] = _name(message.reply_to_message.chat, message.reply_to_message.message_id)
    if message.forward_origin:
        extra["forwarded_from"] = _cleaned(message.forward_origin)
    if message.media_group_id:
        extra["album"] = message.media_group_id


def _locations(message: wire.Message, edited: bool) -> Iterator[CallerLocation]:
    place = message.location or (message.venue and message.venue.location)
    if not place:
        return
    live = edited or place.live_period is not None
    radius_m = place.horizontal_accuracy
    yield CallerLocation(
        latitude=place.latitude,
        longitude=place.longitude,
        uncertainty_m=radius_m or PIN_RADIUS_M,
        method=LocationMethod.MANUAL if message.venue else LocationMethod.UNKNOWN,
        source=LocationSource.CHAT_LIVE if live else LocationSource.CHAT_PIN,
        positioned_at=_time(message.edit_date or message.date),
        clue=clean_text(f"{message.venue.title}, {message.venue.address}", 300) if message.venue else None,
        note=STATED_NOTE if radius_m else "Telegram stated no radius: 100 m is assumed",
    )


def _attachments(message: wire.Message) -> Iterator[MediaReference]:
    if message.photo:  # one picture in several sizes, the largest last
        yield _file(message.photo[-1], "image/jpeg")
    for name, content_type in wire.FILES.items():
        # An animation is sent as a document too, for old clients.
        if (file := getattr(message, name)) and not (name == "document" and message.animation):
            yield _file(file, content_type)


def _file(file: wire.File, content_type: str) -> MediaReference:
    return MediaReference(
        kind="telegram_file",
        reference=file.file_id,
        content_type=clean_text(file.mime_type or content_type, 100),
        name=clean_text(file.file_name, 300),
        size_bytes=file.file_size,
    )


def _name(chat: wire.Chat, message_id: int) -> str:
    return f"m:{chat.id}:{message_id}"


def _id_in(content: Mapping[str, Any], *names: str) -> str:
    for name in names:
        party = content.get(name)
        if isinstance(party, dict) and isinstance(party.get("id"), int):
            return str(party["id"])
    return ""


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(name): _cleaned(inner) for name, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list) else value
