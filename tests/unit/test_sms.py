"""The sms channel against its recorded payloads, its signatures and its settings."""

from __future__ import annotations

import json
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from multidict import CIMultiDict

import channels
from channels.sms.adapter import SmsAdapter, make_adapter
from channels.sms.normalise import caller_uri, read_message
from intake.contact import ChannelKind, ContactId, RawMessage, RawMessageId, Receipt
from intake.errors import BadConfiguration, Forged, MalformedMessage
from intake.ports import ChannelContext, HttpDoor

PAYLOADS = Path(__file__).parent.parent / "payloads" / "sms"
TABLE = tomllib.loads((PAYLOADS / "settings.toml").read_text())
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def adapter(public_url: str = "https://intake.example.org", **changes: Any) -> SmsAdapter:
    context = ChannelContext(public_url=public_url, new_id=lambda: "id", now=lambda: NOW)
    return make_adapter({**TABLE, **changes}, context)


def raw_of(payload: dict[str, Any]) -> RawMessage:
    return RawMessage(
        id=RawMessageId("raw"),
        channel=ChannelKind("sms"),
        door="sms",
        received_at=NOW,
        body=payload["body"].encode(),
        headers=CIMultiDict(payload["headers"]),
        target=payload["path"],
    )


def form(**fields: str) -> RawMessage:
    return raw_of({"body": urlencode(fields), "headers": {}, "path": "/sms/messages"})


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return found


def door_of(made: SmsAdapter, path: str) -> HttpDoor:
    return next(door for door in made.doors() if door.path == path)


def plain(message: Any) -> Any:
    """A message as JSON would have it, with its defaults."""
    return json.loads(msgspec.json.encode(msgspec.structs.asdict(message)))


def narrowed(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Of what was found, the fields a payload expects; of places and attachments too."""
    lists = {
        name: [
            {field: one.get(field) for field in fields}
            for one, fields in zip(found[name], wanted[name], strict=True)
        ]
        for name in ("locations", "attachments")
        if name in wanted
    }
    return {name: found.get(name) for name in wanted} | lists


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_payload(name: str) -> None:
    payload = load(name)
    raw, expect = raw_of(payload), payload["expect"]
    door = door_of(adapter(), payload["path"])
    if expect.get("refused") == "forged":
        with pytest.raises(Forged):
            door.authenticate(raw)
        return
    assert door.authenticate(raw) == expect["trust"]
    if malformed := expect.get("malformed"):
        with pytest.raises(MalformedMessage) as caught:
            door.normalise(raw)
        found = {name: getattr(caught.value, name) for name in malformed}
        assert found == malformed
        return
    normalised = [plain(message) for message in door.normalise(raw)]
    assert len(normalised) == len(expect["normalised"])
    for found, wanted in zip(normalised, expect["normalised"], strict=True):
        assert narrowed(found, wanted) == wanted


def test_the_payloads_say_where_they_are_from() -> None:
    found = [json.loads(path.read_text()) for path in PAYLOADS.glob("*.json")]
    assert len(found) >= 5
    assert all("documentation" in payload["provenance"] for payload in found)


def test_the_signature_is_checked_against_the_configured_url_whatever_the_host_header_says() -> None:
    payload = load("text")
    payload["headers"]["Host"] = "evil.example.net"
    adapter().authenticate(raw_of(payload))
    payload["headers"]["Host"] = "intake.example.org"
    with pytest.raises(Forged):
        adapter("https://other.example.org").authenticate(raw_of(payload))


def test_a_signature_made_with_the_default_port_in_the_url_holds() -> None:
    for url in ("https://intake.example.org:443", "https://intake.example.org"):
        adapter(url).authenticate(raw_of(load("text")))


def test_a_signature_does_not_carry_to_another_door() -> None:
    with pytest.raises(Forged):
        adapter().authenticate(raw_of({**load("text"), "path": "/sms/status"}))


def test_the_previous_token_stops_holding_when_it_is_taken_out() -> None:
    with pytest.raises(Forged):
        adapter(auth_token_previous="").authenticate(raw_of(load("previous_token")))


def test_repeated_fields_are_signed_all_of_them() -> None:
    payload = load("text")
    payload["body"] += "&Body=something+else"
    with pytest.raises(Forged):
        adapter().authenticate(raw_of(payload))


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("+447700900123", "tel:+447700900123"),
        ("whatsapp:+447700900123", "tel:+447700900123"),
        ("60777", "sms:60777"),
        ("ALARM CO", "sms:ALARM%20CO"),
        ("messenger:123", "sms:messenger%3A123"),
        ("+44 7700;x", "sms:%2B44%207700%3Bx"),
    ],
)
def test_caller(address: str, uri: str) -> None:
    assert caller_uri(address) == uri


@pytest.mark.parametrize("latitude", ["91", "nan", "inf", "north", "-"])
def test_a_location_that_cannot_be_is_shown_and_not_believed(latitude: str) -> None:
    (message,) = read_message(form(MessageSid="SM1", From="+447700900123", Latitude=latitude, Longitude="1"))
    assert message.locations == ()
    assert message.extra["UnreadableLocation"] == f"{latitude}, 1"


def test_a_swept_message_says_when_it_was_made() -> None:
    (message,) = read_message(
        form(MessageSid="SM1", From="+447700900123", DateCreated="2025-03-01T08:00:00+00:00")
    )
    assert message.sent_at == datetime(2025, 3, 1, 8, tzinfo=UTC)


def test_twiml_only() -> None:
    door = door_of(adapter(), "/sms/messages")
    receipt = Receipt(raw_id=RawMessageId("r"), contact_id=ContactId("c"), message_id="m", received_at=NOW)  # type: ignore[arg-type]
    answer = door.accepted(raw_of(load("text")), receipt)
    assert (answer.status, answer.content_type) == (200, "text/xml")
    assert answer.body == b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


def test_check_lists_every_problem_and_no_secret() -> None:
    bad = {"account_sid": "AC1", "auth_token": "short", "numbers": ["07700 900999"], "auth_tokn": "s3cret"}
    problems = channels.check("sms", bad)
    assert [problem.split(":")[0] for problem in problems] == [
        "channels.sms.auth_tokn",
        "channels.sms.account_sid",
        "channels.sms.auth_token",
        "channels.sms.numbers",
    ]
    assert "s3cret" not in "".join(problems)
    assert channels.check("sms", TABLE) == []
    with pytest.raises(BadConfiguration):
        adapter(numbers=[])


def test_start_up_loads_no_rest_client() -> None:
    heavy = "('twilio.rest', 'aiohttp', 'requests', 'telegram', 'phonenumbers')"
    program = f"import sys, channels.sms.adapter; print([m for m in {heavy} if m in sys.modules])"
    done = run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
