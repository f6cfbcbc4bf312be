"""An app's JSON as messages: strict first, and patiently where that fails. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Generic, NoReturn, TypeVar, cast
from uuid import UUID

import msgspec

from channels.app.contact_keys import caller_of
from channels.app.wire import Location, LocationFix, Message
from intake.contact import ChannelKind, InboundMessage, MessageKind, clean_text
from intake.control_room import ASKED
from intake.errors import MalformedMessage
from intake.location import CallerLocation, LocationMethod, LocationSource

KIND = ChannelKind("app")

BROWSER_PCT = 95.0
"""W3C Geolocation §6.2: "the accuracy value … should correspond to a 95% confidence level"."""

DEVICE_PCT = 68.0
"""Android ``Location.getAccuracy``: 68 %. Apple states none for ``horizontalAccuracy``: 68 % is the
careful reading, because it makes the circle larger, never smaller."""

SERVICES = {service.word: service for service in ASKED}
METHODS = {
    "browser": LocationMethod.FUSED,
    "gps": LocationMethod.GNSS,
    "gnss": LocationMethod.GNSS,
    "wifi": LocationMethod.WIFI,
    "cell": LocationMethod.CELL,
    "fused": LocationMethod.FUSED,
    "manual": LocationMethod.MANUAL,
}

DEPTH_LIMIT = 20

Shape = TypeVar("Shape", bound=msgspec.Struct)


class Reader(Generic[Shape]):
    """Decodes one kind of body; the fast way knows every field, the patient way keeps the unknown ones."""

    def __init__(self, shape: type[Shape]):
        self._shape = shape
        exact = msgspec.defstruct(f"Exact{shape.__name__}", [], bases=(shape,), forbid_unknown_fields=True)
        self._decode = msgspec.json.Decoder(exact).decode
        self._fields = {field.name for field in msgspec.structs.fields(shape)}

    def read(self, body: bytes) -> tuple[Shape, dict[str, Any]]:
        """The body, and what of it the interface does not name.

        Raises MalformedMessage; its ``provider_id`` is the client's id and its ``text`` the caller's
        words where they could be made out.
        """
        try:
            return cast(Shape, self._decode(body)), {}
        except (ValueError, RecursionError):
            return self._patiently(body)

    def _patiently(self, body: bytes) -> tuple[Shape, dict[str, Any]]:
        try:
            # Lone surrogates, other encodings and broken bytes are no reason to lose a text.
            text = body.decode(json.detect_encoding(body), "replace")
            found = storable(json.loads(text, parse_constant=_no_constant))
        except (ValueError, RecursionError) as error:
            raise MalformedMessage(f"not JSON: {error}") from None
        if not isinstance(found, dict):
            raise MalformedMessage("not a JSON object")
        try:
            known = msgspec.convert(found, self._shape)
        except ValueError as error:
            raise _partly_read(found, str(error)) from None
        return known, {name: value for name, value in found.items() if name not in self._fields}


MESSAGES = Reader(Message)
FIXES = Reader(LocationFix)


def message_of(said: Message, unknown: dict[str, Any], handle: str, provider_id: str) -> InboundMessage:
    """What was said, as a message of the contact ``handle``."""
    return InboundMessage(
        channel=KIND,
        provider_id=provider_id,
        caller=caller_of(handle),
        text=clean_text(said.text),
        sent_at=utc(said.sent_at),
        reply_to=handle,
        language=clean_text(said.language, 35),
        service=SERVICES.get(said.service),
        locations=(place(said.location),) if said.location else (),
        silent=said.silent,
        extra=_extra(said, unknown),
    )


def fix_of(fix: LocationFix, unknown: dict[str, Any], handle: str, provider_id: str) -> InboundMessage:
    """A fix pushed by the app: it joins its contact as a further hypothesis."""
    return InboundMessage(
        channel=KIND,
        provider_id=provider_id,
        caller=caller_of(handle),
        kind=MessageKind.PLACE,
        locations=(place(fix),),
        extra={"other": unknown} if unknown else {},
    )


def place(fix: Location) -> CallerLocation:
    """The fix as a hypothesis; without a stated confidence, the one its method's documentation gives."""
    usual_pct = BROWSER_PCT if fix.method == "browser" else DEVICE_PCT
    return CallerLocation(
        latitude=fix.latitude,
        longitude=fix.longitude,
        uncertainty_m=fix.accuracy_m,
        confidence_pct=usual_pct if fix.confidence_pct is None else fix.confidence_pct,
        method=METHODS.get(fix.method, LocationMethod.UNKNOWN),
        source=LocationSource.DEVICE,
        positioned_at=utc(fix.positioned_at),
        altitude_m=fix.altitude_m,
        note=None if fix.method in METHODS or not fix.method else f"method: {clean_text(fix.method, 40)}",
    )


def utc(stated: datetime | None) -> datetime | None:
    """The same moment in UTC; a moment outside the calendar (year 1 or 9999 with an offset) is none."""
    try:
        return stated.astimezone(UTC) if stated else None
    except OverflowError:
        return None


def _extra(said: Message, unknown: dict[str, Any]) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if said.telephone:
        extra["telephone"] = clean_text(said.telephone, 64)
    if said.imei:
        extra["imei"] = clean_text(said.imei, 40)
    if said.answers:
        extra["answers"] = storable(said.answers)
    if said.service and said.service not in SERVICES:
        extra["service"] = clean_text(said.service, 200)
    if unknown:
        extra["other"] = unknown
    return extra


def storable(value: Any, depth: int = 0) -> Any:
    """The same JSON value as every engine can store it: clean text, 64-bit numbers, 20 levels."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return clean_text(hex(value), 200)
    if isinstance(value, list | dict) and depth == DEPTH_LIMIT:
        return f"[more than {DEPTH_LIMIT} levels deep]"
    if isinstance(value, list):
        return [storable(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean_text(name, 200): storable(item, depth + 1) for name, item in value.items()}
    return value


def _partly_read(found: dict[str, Any], reason: str) -> MalformedMessage:
    text, client_id = found.get("text"), found.get("id")
    try:
        known_id = str(UUID(client_id)) if isinstance(client_id, str) else None
    except ValueError:
        known_id = None
    return MalformedMessage(reason, provider_id=known_id, text=text if isinstance(text, str) else "")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
