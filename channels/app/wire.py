"""What an app sends and what it is answered: the one truth for the decoders and the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(description="What the caller wrote; any language.", examples=["Fire at LS1 4AP"])]
ClientId = Annotated[
    UUID,
    Meta(
        description="Made by the app, 122 random bits (RFC 9562 version 4), kept in its outbox and sent "
        "again unchanged until it is answered: repeats are one. Treat that of the opening as a secret."
    ),
]
SentAt = Annotated[datetime, Meta(tz=True, description="When the caller pressed send, by its own clock.")]


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A fix of the device: a circle on WGS84 and how sure it is."""

    latitude: Annotated[float, Meta(ge=-90, le=90, description="WGS84 degrees, north positive.")]
    longitude: Annotated[float, Meta(ge=-180, le=180, description="WGS84 degrees, east positive.")]
    accuracy_m: Annotated[float, Meta(ge=0, le=20_037_508, description="Radius of uncertainty, metres.")]
    positioned_at: (
        Annotated[datetime, Meta(tz=True, description="When the fix was taken, not when it was sent.")] | None
    ) = None
    altitude_m: Annotated[float, Meta(ge=-12_000, le=100_000)] | None = None
    method: Annotated[
        str,
        Meta(
            description="`browser`: the W3C Geolocation API, whose accuracy is a 95 % radius. The others "
            "(`gps`, `wifi`, `cell`, `fused`, `manual`) are taken as 68 % radii, as Android documents.",
            examples=["fused"],
        ),
    ] = ""
    confidence_pct: (
        Annotated[float, Meta(gt=0, lt=100, description="Probability that the caller is within the radius.")]
        | None
    ) = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the conversation, with the place it was sent from if known."""

    id: ClientId
    text: Text = ""
    service: Annotated[
        str,
        Meta(
            description="The service the caller asks for; another word is kept and shown to the handler.",
            extra_json_schema={"enum": ["", "police", "ambulance", "fire", "coastguard"]},
        ),
    ] = ""
    language: Annotated[str, Meta(description="BCP 47 tag of the caller's language.", examples=["cy"])] = ""
    location: Location | None = None
    telephone: Annotated[
        str, Meta(description="A number to ring back; not verified.", examples=["+447700900123"])
    ] = ""
    imei: Annotated[
        str,
        Meta(
            description="The device's IMEI, where an app may read it: by it, the phone's own emergency "
            "location (AML) is found when the network withholds the number.",
            examples=["004999010640000"],
        ),
    ] = ""
    silent: Annotated[bool, Meta(description="The caller must not make a sound: do not ring back.")] = False
    sent_at: SentAt | None = None
    answers: Annotated[
        dict[str, str | bool | int | float | None],
        Meta(description="The app's own questions and what was answered, shown to the handler as they are."),
    ] = {}


class LocationFix(Location, frozen=True, kw_only=True):
    """A further fix of the same device; it joins the contact and opens none."""

    id: ClientId


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """The same words in English and Welsh, to be shown to the caller."""

    en: str
    cy: str


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """Your message is stored durably. `received` does not say that a person has read it."""

    status: Annotated[str, Meta(extra_json_schema={"const": "received"})]
    contact: Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="Names this contact in the paths.")]
    message: Annotated[str, Meta(description="Your `id` again; empty if we could not read it.")]
    receipt: Annotated[str, Meta(description="Our number for what is stored; the same for a repeat.")]
    sha256: Annotated[
        str, Meta(pattern="^[0-9a-f]{64}$", description="Of the body as it came: compare it with yours.")
    ]
    received_at: Annotated[datetime, Meta(tz=True)]
    replies_url: Annotated[str, Meta(description="Poll here for the answers.")]
    events_url: Annotated[str, Meta(description="Or listen here for them as server-sent events.")]
    notice: Notice
    token: Annotated[
        str, Meta(description="Bearer token of this contact, in the answer to the opening only.")
    ] = ""
    defect: Annotated[
        str, Meta(description="Why we could not read all of it (status 202); a person will look at it.")
    ] = ""
