"""The app channel's doors: who may come in, what their bytes mean and what they are answered."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from channels.app.contact_keys import SCHEME, ContactKeys, caller_of
from channels.app.normalise import FIXES, KIND, MESSAGES, Reader, fix_of, message_of
from channels.app.openapi import NOTICE, document
from channels.app.wire import LocationFix, Message
from intake.contact import CallerUri, RawMessage, Receipt, Reply, Trust
from intake.errors import BadConfiguration, Forged, MalformedMessage
from intake.ports import ChannelContext, Door, HttpAnswer, HttpDoor, Normalised, PageDoor, ReplyDoor
from intake.settings_table import read_table

CONTACTS = "/app/v1/contacts"
JSON = "application/json"
STORED_HEADERS = ("Content-Type", "User-Agent")

Said = TypeVar("Said", Message, LocationFix)


class AppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``[channels.app]``. ``token_secret`` makes every contact's token: changing it locks callers out."""

    token_secret: Annotated[str, Meta(min_length=32)]
    body_limit_bytes: Annotated[int, Meta(ge=1_024, le=16_777_216)] = 262_144


class AppAdapter:
    """No account: the first message opens a contact, and its answer carries that contact's token."""

    kind = KIND

    def __init__(self, settings: AppSettings, context: ChannelContext):
        self._settings = settings
        self._keys = ContactKeys(settings.token_secret)
        self._public_url = context.public_url.rstrip("/")
        self._notice = msgspec.json.encode(NOTICE)

    def doors(self) -> Sequence[Door]:
        contact = f"{CONTACTS}/{{contact}}"
        description = msgspec.json.format(msgspec.json.encode(document(self._public_url)))
        return (
            self._door("open", CONTACTS, anybody, self._opening),
            self._door("messages", f"{contact}/messages", self._bearer, self._message),
            self._door("locations", f"{contact}/locations", self._bearer, self._fix),
            ReplyDoor(
                name="app.replies",
                path=f"{contact}/replies",
                events_path=f"{contact}/events",
                caller=self._reader,
            ),
            PageDoor(
                name="app.openapi",
                path="/app/v1/openapi.json",
                answer=HttpAnswer(body=description, content_type=JSON),
            ),
        )

    async def reply(self, reply: Reply) -> str:
        """Nothing to push: the reply stands in the store, where its caller polls or listens."""
        return reply.id

    async def sweep(self, since: datetime) -> AsyncIterator[RawMessage]:
        """Nobody holds an app's messages but the app itself, which sends again until answered."""
        return
        yield

    async def close(self) -> None:
        """Nothing is held open."""

    def _door(self, name: str, path: str, authenticate: Any, normalise: Any) -> HttpDoor:
        return HttpDoor(
            name=f"app.{name}",
            path=path,
            body_limit_bytes=self._settings.body_limit_bytes,
            authenticate=authenticate,
            normalise=normalise,
            accepted=self._opened if name == "open" else self._received,
            stored_headers=STORED_HEADERS,
        )

    def _bearer(self, raw: RawMessage) -> Trust:
        if not self._keys.admits(raw.path_args["contact"], raw.headers.get("Authorization", "")):
            raise Forged("the bearer token is not this contact's")
        return Trust.TOKEN

    def _reader(self, headers: Mapping[str, str], path_args: Mapping[str, str]) -> CallerUri:
        if not self._keys.admits(path_args["contact"], headers.get("Authorization", "")):
            raise Forged("the bearer token is not this contact's")
        return caller_of(path_args["contact"])

    def _opening(self, raw: RawMessage) -> Normalised:
        try:
            said, unknown = MESSAGES.read(raw.body)
        except MalformedMessage as error:
            raise self._placed(error, raw, self._opening_handle(raw, error.provider_id)) from None
        client_id = str(said.id)
        return (message_of(said, unknown, self._keys.handle(client_id), client_id),)

    def _message(self, raw: RawMessage) -> Normalised:
        said, unknown, handle, provider_id = self._read(MESSAGES, raw)
        return (message_of(said, unknown, handle, provider_id),)

    def _fix(self, raw: RawMessage) -> Normalised:
        fix, unknown, handle, provider_id = self._read(FIXES, raw)
        return (fix_of(fix, unknown, handle, provider_id),)

    def _read(self, reader: Reader[Said], raw: RawMessage) -> tuple[Said, dict[str, Any], str, str]:
        handle = raw.path_args["contact"]
        try:
            said, unknown = reader.read(raw.body)
        except MalformedMessage as error:
            raise self._placed(error, raw, handle) from None
        # The handle keeps two apps that count their "UUIDs" from 1 from swallowing each other's words.
        return said, unknown, handle, f"{handle}:{said.id}"

    def _opening_handle(self, raw: RawMessage, client_id: str | None) -> str:
        # Without a readable id each arrival is a contact of its own: two callers of one broken app
        # send the same bytes, and must not meet in one conversation (law 4).
        return self._keys.handle(client_id or f"raw:{raw.id}")

    def _placed(self, error: MalformedMessage, raw: RawMessage, handle: str) -> MalformedMessage:
        # Without an id the same bytes may be a second cry for help: only an id makes a repeat (law 4).
        digest = hashlib.sha256(raw.body).hexdigest()
        known_id = f"{handle}:{error.provider_id}:sha256:{digest}" if error.provider_id else None
        return MalformedMessage(str(error), caller=caller_of(handle), provider_id=known_id, text=error.text)

    def _opened(self, raw: RawMessage, receipt: Receipt) -> HttpAnswer:
        handle = receipt.caller.removeprefix(SCHEME)
        client_id = client_id_of(MESSAGES, raw) if receipt.defect else receipt.provider_id
        return self._answer(raw, receipt, handle, client_id, self._keys.token(handle))

    def _received(self, raw: RawMessage, receipt: Receipt) -> HttpAnswer:
        reader: Reader[Any] = FIXES if raw.door == "app.locations" else MESSAGES
        client_id = client_id_of(reader, raw) if receipt.defect else receipt.provider_id.rpartition(":")[2]
        return self._answer(raw, receipt, raw.path_args["contact"], client_id, "")

    def _answer(
        self, raw: RawMessage, receipt: Receipt, handle: str, client_id: str, token: str
    ) -> HttpAnswer:
        # Written by hand: every value but the notice and the defect is plain ASCII of our own making.
        at = f"{self._public_url}{CONTACTS}/{handle}"
        line = (
            f'{{"status":"received","contact":"{handle}","token":"{token}","message":"{client_id}",'
            f'"receipt":"{receipt.message_id}","sha256":"{hashlib.sha256(raw.body).hexdigest()}",'
            f'"received_at":"{receipt.received_at.isoformat()}",'
            f'"replies_url":"{at}/replies","events_url":"{at}/events","notice":'
        ).encode()
        if not receipt.defect:
            return HttpAnswer(body=line + self._notice + b"}", content_type=JSON)
        note = b',"defect":' + msgspec.json.encode(receipt.defect) + b"}"
        return HttpAnswer(status=202, body=line + self._notice + note, content_type=JSON)


def anybody(raw: RawMessage) -> Trust:
    return Trust.ANONYMOUS


def client_id_of(reader: Reader[Any], raw: RawMessage) -> str:
    """The client's id as far as it can be made out of a body that could not be read in full."""
    try:
        return str(reader.read(raw.body)[0].id)
    except MalformedMessage as error:
        return error.provider_id or ""


def make_adapter(table: Mapping[str, Any], context: ChannelContext) -> AppAdapter:
    return AppAdapter(read_table(table, AppSettings, "channels.app"), context)


def check(table: Mapping[str, Any]) -> list[str]:
    try:
        read_table(table, AppSettings, "channels.app")
    except BadConfiguration as error:
        return error.problems
    return []
