"""What a link's page sends, as messages of its caller. Pure; what cannot be read raises MalformedMessage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from msgspec import Meta

from intake.contact import CallerUri, ChannelKind, InboundMessage, MessageKind, RawMessage, clean_text
from intake.errors import MalformedMessage
from intake.location import CallerLocation, LocationMethod, LocationSource, Whose
from intake.store.location_links import LinkMode

WORDS_LIMIT = 2_000
BROWSER_PCT = 95.0
"""W3C Geolocation §6.2: "the accuracy value … should correspond to a 95% confidence level"."""

AHEAD_LIMIT = timedelta(minutes=2)
BEHIND_LIMIT = timedelta(hours=24)
"""A fix cannot be older than its link. A phone whose clock says otherwise is told apart, not believed."""

STANDING_M_S = 0.5

Shape = TypeVar("Shape", bound=msgspec.Struct)


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One position of the browser. ``id`` is made by the page and kept until the fix is answered."""

    id: UUID
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, Meta(ge=0, le=20_037_508)]
    positioned_at: Annotated[datetime, Meta(tz=True)] | None = None
    altitude_m: float | None = None
    heading_deg: float | None = None
    speed_m_s: float | None = None


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What was written into the box."""

    id: UUID
    words: Annotated[str, Meta(min_length=1, max_length=WORDS_LIMIT)]


def place_from(raw: RawMessage) -> tuple[InboundMessage, ...]:
    """A fix as a place of the link's caller; it joins their contact and opens none."""
    fix = _json(raw, Fix)
    live = raw.path_args["mode"] == LinkMode.LIVE.value
    moving, extra = _movement(fix)
    notes = [moving] if moving else []
    positioned_at = _moment(fix.positioned_at, raw.received_at)
    if fix.positioned_at is not None and positioned_at is None:
        notes.append("the phone's clock cannot be right")
        extra["stated_at"] = fix.positioned_at.isoformat()
    place = CallerLocation(
        latitude=fix.latitude,
        longitude=fix.longitude,
        uncertainty_m=fix.accuracy_m,
        confidence_pct=BROWSER_PCT,
        method=LocationMethod.FUSED,
        source=LocationSource.LINK_LIVE if live else LocationSource.LINK,
        positioned_at=positioned_at,
        altitude_m=fix.altitude_m,
        note="; ".join(notes) or None,
        whose=Whose.CALLER,
    )
    return (_message(raw, str(fix.id), MessageKind.PLACE, extra, locations=(place,)),)


def words_from(raw: RawMessage) -> tuple[InboundMessage, ...]:
    """Words out of the page's box: a message like any other of the contact's own channel."""
    said = _json(raw, Words)
    return (_message(raw, str(said.id), MessageKind.TEXT, {}, text=clean_text(said.words)),)


def form_from(raw: RawMessage) -> tuple[InboundMessage, ...]:
    """The same words out of a plain form. Without a usable id each arrival stands for itself (law 4)."""
    fields = form_fields(raw.body)
    words = fields.get("words", "").strip()
    if not words:
        raise _malformed(raw, "no words in the form")
    try:
        client_id = str(UUID(fields.get("id", "")))
    except ValueError:
        client_id = f"raw:{raw.id}"
    return (_message(raw, client_id, MessageKind.TEXT, {}, text=clean_text(words, WORDS_LIMIT)),)


def form_fields(body: bytes) -> dict[str, str]:
    """The first value of each field; broken bytes are replaced, a flood of fields is none at all."""
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def _json(raw: RawMessage, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(raw.body, type=shape)
    except (ValueError, RecursionError) as error:
        raise _malformed(raw, str(error)) from None


def _malformed(raw: RawMessage, reason: str) -> MalformedMessage:
    # Its caller is known by the link; what could be words stands in the bytes, which are kept and shown.
    text = clean_text(raw.body.decode("utf-8", "replace"), WORDS_LIMIT)
    return MalformedMessage(reason, caller=raw.path_args["caller"], text=text)


def _message(
    raw: RawMessage, client_id: str, kind: MessageKind, extra: dict[str, Any], **said: Any
) -> InboundMessage:
    link_id = raw.path_args["link"]
    return InboundMessage(
        channel=ChannelKind(raw.channel),
        # The link's id keeps two pages that count from 1 from swallowing each other's words.
        provider_id=f"link:{link_id}:{client_id}",
        caller=CallerUri(raw.path_args["caller"]),
        kind=kind,
        extra={"link": {"id": link_id, "mode": raw.path_args["mode"], **extra}},
        **said,
    )


def _movement(fix: Fix) -> tuple[str, dict[str, Any]]:
    """In words, and as figures. Nonsense of a phone's compass must not cost the place."""
    said: dict[str, Any] = {}
    if fix.speed_m_s is not None and 0 <= fix.speed_m_s <= 1_000:
        said["speed_m_s"] = fix.speed_m_s
    if fix.heading_deg is not None and 0 <= fix.heading_deg <= 360:
        said["heading_deg"] = fix.heading_deg
    if said.get("speed_m_s", 0.0) < STANDING_M_S:
        return "", said
    towards = f" towards {said['heading_deg']:.0f}°" if "heading_deg" in said else ""
    return f"moving at {said['speed_m_s']:.0f} m/s{towards}", said


def _moment(stated: datetime | None, received_at: datetime) -> datetime | None:
    try:
        moment = stated.astimezone(UTC) if stated else None
    except OverflowError:
        return None
    if moment is None or not received_at - BEHIND_LIMIT <= moment <= received_at + AHEAD_LIMIT:
        return None
    return moment
