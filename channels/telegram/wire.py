"""The part of a Telegram Update that a handler needs, as Structs: 1 µs where the library takes 120.

Names and units are those of the Bot API ("Available types"); what is not named here is skipped while
decoding, and the raw message keeps it.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

UnixTime = Annotated[int, Meta(ge=0, le=253_402_300_799)]


class User(msgspec.Struct):
    id: int
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""


class Chat(msgspec.Struct):
    id: int
    type: str = "private"
    title: str = ""


class Location(msgspec.Struct):
    """Degrees; ``horizontal_accuracy`` is "the radius of uncertainty", metres, 0 to 1,500."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    horizontal_accuracy: float | None = None
    live_period: int | None = None
    heading: int | None = None


class Venue(msgspec.Struct):
    location: Location
    title: str = ""
    address: str = ""


class SharedContact(msgspec.Struct):
    phone_number: str
    first_name: str = ""
    last_name: str = ""
    user_id: int | None = None


class File(msgspec.Struct):
    file_id: str
    mime_type: str = ""
    file_name: str = ""
    file_size: int | None = None


class MessageReference(msgspec.Struct):
    """A message that another one points at, as far as it is needed."""

    message_id: int
    chat: Chat


class Message(msgspec.Struct, rename={"sender": "from"}):
    message_id: int
    date: UnixTime
    chat: Chat
    sender: User | None = None
    sender_chat: Chat | None = None
    edit_date: UnixTime | None = None
    text: str = ""
    caption: str = ""
    location: Location | None = None
    venue: Venue | None = None
    contact: SharedContact | None = None
    photo: list[File] = []
    voice: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    animation: File | None = None
    document: File | None = None
    sticker: File | None = None
    reply_to_message: MessageReference | None = None
    forward_origin: dict[str, Any] | None = None
    media_group_id: str = ""


class CallbackQuery(msgspec.Struct, rename={"sender": "from"}):
    sender: User
    data: str = ""
    message: MessageReference | None = None


class Update(msgspec.Struct):
    update_id: int
    message: Message | None = None
    edited_message: Message | None = None
    business_message: Message | None = None
    edited_business_message: Message | None = None
    guest_message: Message | None = None
    channel_post: Message | None = None
    edited_channel_post: Message | None = None
    callback_query: CallbackQuery | None = None


MESSAGES = (
    *("message", "edited_message", "business_message", "edited_business_message"),
    *("guest_message", "channel_post", "edited_channel_post"),
)
"""Kinds of update that carry a Message."""

FILES = {
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "animation": "video/mp4",
    "document": "",
    "sticker": "image/webp",
}
"""Fields of a Message that are files, with the type to assume where Telegram states none."""
