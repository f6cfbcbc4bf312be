"""The published OpenAPI 3.1 description of the app interface, made from the structs that decode it."""

from __future__ import annotations

from typing import Any

import msgspec

from channels.app.wire import LocationFix, Message, Notice, Received
from intake.ports import CallerNews

NOTICE = Notice(
    en="National Intake is a prototype. It is not connected to 999. In an emergency, call 999.",
    cy="Prototeip yw National Intake. Nid yw wedi'i gysylltu â 999. Mewn argyfwng, ffoniwch 999.",
)
"""Part of every answer (a person in danger may have found the demo)."""

DESCRIPTION = f"""{NOTICE.en} {NOTICE.cy}

An app opens a contact with its first message, keeps the token of the answer, and sends further
messages and fixes to that contact. There is no account.

Keep everything you send in an outbox, under the UUID you made for it, until it is answered 200 or
202, and send it again unchanged otherwise: repeats are one. `received` means stored durably,
before this answer was sent; it does not say that a person has read it.

What we cannot read is kept all the same and shown to a person: the answer is then 202 with a
`defect`. Do not send it again."""

OPENING = {
    "id": "0b0ff0d5-6d4b-4a9c-8a39-27bb9b6a4a11",
    "text": "My grandmother has fallen and cannot get up. Flat 2, 14 Heol y Gadeirlan",
    "service": "ambulance",
    "language": "en",
    "location": {
        "latitude": 51.4857,
        "longitude": -3.1928,
        "accuracy_m": 14.0,
        "positioned_at": "2026-01-31T17:17:48Z",
        "method": "fused",
    },
    "telephone": "+447700900123",
    "sent_at": "2026-01-31T17:17:50Z",
}
MESSAGE = {"id": "58a6eb7e-4a49-4ea9-8e0c-1d0c1d0e1a02", "text": "She is awake now"}
FIX = {
    "id": "c0a2b0a2-4b0e-4a43-9d0a-6b8f6f0e1a03",
    "latitude": 51.48571,
    "longitude": -3.19279,
    "accuracy_m": 6.5,
    "positioned_at": "2026-01-31T17:18:20Z",
    "method": "gps",
}


def document(public_url: str) -> dict[str, Any]:
    """The description, with ``public_url`` as the only server."""
    _, schemas = msgspec.json.schema_components(
        [Message, LocationFix, Received, CallerNews], ref_template="#/components/schemas/{name}"
    )
    contact = "/app/v1/contacts/{contact}"
    return {
        "openapi": "3.1.0",
        "info": {"title": "National Intake: app interface", "version": "1.0.0", "description": DESCRIPTION},
        "servers": [{"url": public_url or "/"}],
        "paths": {
            "/app/v1/contacts": {
                "post": _post("openContact", "Open a contact with its first message", "Message", OPENING, {})
            },
            f"{contact}/messages": {
                "parameters": [CONTACT],
                "post": _post("addMessage", "Add a message to a contact", "Message", MESSAGE, FORGED),
            },
            f"{contact}/locations": {
                "parameters": [CONTACT],
                "post": _post("addLocation", "Push a location fix", "LocationFix", FIX, FORGED),
            },
            f"{contact}/replies": {"parameters": [CONTACT], "get": _replies()},
            f"{contact}/events": {"parameters": [CONTACT], "get": _events()},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "contactToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The `token` of the answer that opened the contact.",
                }
            },
        },
    }


CONTACT = {
    "name": "contact",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "description": "The `contact` of the answer that opened it.",
}
FORGED = {"403": {"description": "The token is missing, or is not this contact's. Nothing was stored."}}
BEARER: list[dict[str, list[str]]] = [{"contactToken": []}]


def _post(
    name: str, summary: str, shape: str, example: dict[str, Any], refused: dict[str, Any]
) -> dict[str, Any]:
    received = _json("Received")
    return {
        "operationId": name,
        "summary": summary,
        "security": BEARER if refused else [],
        "requestBody": {
            "required": True,
            "content": {"application/json": {**_json(shape)["application/json"], "example": example}},
        },
        "responses": {
            "200": {"description": "Stored durably.", "content": received},
            "202": {
                "description": "Stored durably, but not all of it could be read.",
                "content": received,
            },
            **refused,
            "413": {"description": "The body is too large. Nothing was stored."},
            "503": {"description": "Nothing could be stored: send the same again. Call 999 if you can."},
        },
    }


def _replies() -> dict[str, Any]:
    return {
        "operationId": "readReplies",
        "summary": "Poll for the answers",
        "security": BEARER,
        "parameters": [{**AFTER, "name": "after", "in": "query"}],
        "responses": {
            "200": {"description": NEWS, "content": _json("CallerNews")},
            **FORGED,
        },
    }


def _events() -> dict[str, Any]:
    return {
        "operationId": "listenForReplies",
        "summary": "Listen for the answers as server-sent events",
        "description": "A `reply` event carries a CallerReply, under the reply's id; a `status` event the "
        "status whenever it changes. Lines that begin with a colon only keep the line open.",
        "security": BEARER,
        "parameters": [{**AFTER, "name": "Last-Event-ID", "in": "header"}],
        "responses": {
            "200": {
                "description": "A stream that stays open.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **FORGED,
        },
    }


NEWS = (
    "Where the contact stands, and the answers so far, oldest first, at most a hundred at once. `automatic` "
    "says that no person wrote it. `received`: nobody has read it yet; `with_person`: a call handler has it; "
    "`sent_to_service`: the service's control room has confirmed it; `accepted_by_service`: it took it on."
)
AFTER = {
    "required": False,
    "schema": {"type": "string"},
    "description": "The id of the last reply you have: only later ones are sent.",
}


def _json(shape: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}
