"""Recorded payloads as test cases: one JSON file a case, one settings.toml a channel.

A case holds ``provenance`` (where its shape comes from), ``door`` (the door's name), ``path_args``,
``headers``, ``envelope_from``, the bytes as ``body`` (text) or ``body_base64``, and ``expect``:
``trust`` or ``forged``; ``messages`` (each a part of the normalised message) or ``defect`` (a part of
the reason) with ``caller``; and for HTTP doors ``answer`` (``status``, and parts of its JSON).
``same_id_as`` and ``same_text_as`` name the case whose id or words this one repeats.
"""

from __future__ import annotations

import base64
import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from multidict import CIMultiDict

from channels import make_adapter
from intake.contact import (
    CallerUri,
    ChannelKind,
    ContactId,
    InboundMessage,
    MessageId,
    RawMessage,
    RawMessageId,
    Receipt,
)
from intake.defects import read_message
from intake.errors import Forged, MalformedMessage
from intake.ports import ChannelAdapter, ChannelContext, HttpDoor, SmtpDoor

FOLDER = Path(__file__).parent / "payloads"
ARRIVED = datetime(2026, 1, 31, 17, 18, 30, tzinfo=UTC)
PUBLIC_URL = "https://intake.example.org"


def cases(channel: str) -> list[Any]:
    """Every recorded payload of a channel, as pytest parameters named by file."""
    files = sorted((FOLDER / channel).glob("*.json"))
    return [pytest.param(json.loads(file.read_text("utf-8")), id=file.stem) for file in files]


def adapter_for(channel: str) -> ChannelAdapter:
    settings = tomllib.loads((FOLDER / channel / "settings.toml").read_text("utf-8"))
    context = ChannelContext(public_url=PUBLIC_URL, new_id=lambda: "id", now=lambda: ARRIVED)
    return make_adapter(channel, settings, context)


def door_named(adapter: ChannelAdapter, name: str) -> HttpDoor | SmtpDoor:
    return next(
        door for door in adapter.doors() if isinstance(door, HttpDoor | SmtpDoor) and door.name == name
    )


def body_of(case: dict[str, Any]) -> bytes:
    return base64.b64decode(case["body_base64"]) if "body_base64" in case else case["body"].encode()


def raw_of(channel: str, case: dict[str, Any], body: bytes | None = None) -> RawMessage:
    """The case as the door gets it; ``body`` stands in for the recorded bytes."""
    return RawMessage(
        id=RawMessageId("0194bd38-0000-7000-8000-000000000001"),
        channel=ChannelKind(channel),
        door=case["door"],
        received_at=ARRIVED,
        body=body_of(case) if body is None else body,
        headers=CIMultiDict(case.get("headers", {})),
        target=case.get("path", ""),
        path_args=case.get("path_args", {}),
        envelope_from=case.get("envelope_from", ""),
    )


def hold(channel: str, adapter: ChannelAdapter, case: dict[str, Any]) -> None:
    """Assert that a channel does with a recorded payload what the case expects."""
    raw, expect = raw_of(channel, case), case["expect"]
    door = door_named(adapter, case["door"])
    if expect.get("forged"):
        with pytest.raises(Forged):
            door.authenticate(raw)
        return
    assert door.authenticate(raw).value == expect["trust"]
    if "defect" in expect:
        with pytest.raises(MalformedMessage) as caught:
            door.normalise(raw)
        assert expect["defect"] in str(caught.value)
        assert caught.value.caller == expect["caller"]
        assert caught.value.text == expect.get("text", "")
    else:
        found = msgspec.json.decode(msgspec.json.encode(door.normalise(raw)))
        assert part_of(found, expect["messages"]) == expect["messages"], found
    if isinstance(door, HttpDoor) and "answer" in expect:
        answer = door.accepted(raw, receipt_of(raw, door))
        body = json.loads(answer.body) if answer.content_type == "application/json" else {}
        assert {**part_of(body, expect["answer"]), "status": answer.status} == expect["answer"]


def receipt_of(raw: RawMessage, door: HttpDoor) -> Receipt:
    """What the store would say of it, with ids of no meaning."""
    read, defect = read_message(door.normalise, raw)
    said = next((one for one in read if isinstance(one, InboundMessage)), None)
    return Receipt(
        raw_id=raw.id,
        contact_id=ContactId("0194bd38-0000-7000-8000-000000000002"),
        message_id=MessageId("0194bd38-0000-7000-8000-000000000003"),
        received_at=raw.received_at,
        caller=said.caller if said else CallerUri(""),
        provider_id=said.provider_id if said else "",
        defect=defect or "",
    )


def part_of(found: Any, expected: Any) -> Any:
    """``found`` without the keys that ``expected`` does not speak of."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return {key: part_of(value, expected[key]) for key, value in found.items() if key in expected}
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        return [part_of(one, other) for one, other in zip(found, expected, strict=True)]
    return found
