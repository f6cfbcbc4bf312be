"""The sms channel against its recorded payloads, its signatures and its settings."""

from __future__ import annotations

import sys
import tomllib
from contextlib import suppress
from datetime import UTC, datetime
from subprocess import run
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import channels
from channels.sms.normalise import caller_uri, read_message, read_status
from intake import defects
from intake.contact import InboundMessage, Trust
from intake.errors import BadConfiguration, Forged, MalformedMessage
from intake.ports import ChannelAdapter, ChannelContext, HttpDoor
from tests.payload_cases import (
    ARRIVED,
    FOLDER,
    PUBLIC_URL,
    adapter_for,
    cases,
    door_named,
    hold,
    raw_of,
    receipt_of,
)

ADAPTER = adapter_for("sms")
TABLE = tomllib.loads((FOLDER / "sms" / "settings.toml").read_text())
RECORDED = {case.id: case.values[0] for case in cases("sms")}


def adapter(public_url: str = PUBLIC_URL, **changes: Any) -> ChannelAdapter:
    context = ChannelContext(public_url=public_url, new_id=lambda: "id", now=lambda: ARRIVED)
    return channels.make_adapter("sms", {**TABLE, **changes}, context)


def authenticate(made: ChannelAdapter, case: dict[str, Any]) -> Trust:
    return door_named(made, case["door"]).authenticate(raw_of("sms", case))


def read(case: dict[str, Any] | None = None, **fields: str) -> InboundMessage:
    """The message of a recorded case, or of a form made of ``fields``."""
    found = case or {"door": "sms.messages", "body": urlencode(fields)}
    (message,) = read_message(raw_of("sms", found))
    return message


@pytest.mark.parametrize("case", cases("sms"))
def test_recorded_payloads(case: dict[str, Any]) -> None:
    hold("sms", ADAPTER, case)


def test_there_are_enough_payloads_each_with_its_provenance() -> None:
    assert len(RECORDED) >= 5
    assert all("documentation" in case["provenance"] for case in RECORDED.values())


def test_who_sent_broken_bytes_can_still_be_asked_again() -> None:
    body = "MessageSid=SM1&From=%2B447700900811&To=%2B447700900999&Body=caf%E9"
    (message,), defect = defects.read_message(
        read_message, raw_of("sms", {"door": "sms.messages", "body": body})
    )
    assert defect == "not UTF-8"
    assert isinstance(message, InboundMessage) and message.reply_to == "+447700900811 +447700900999"


@pytest.mark.parametrize("name", ["malformed_body_charset", "malformed_nul", "malformed_truncated"])
def test_a_malformed_message_keeps_its_id(name: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        read(RECORDED[name])
    assert caught.value.provider_id and caught.value.provider_id in RECORDED[name]["body"]


def test_only_an_empty_message_is_silent() -> None:
    silent = {name for name, case in RECORDED.items() if case["door"] == "sms.messages" and _is_silent(case)}
    assert silent == {"empty_text_is_silent"}


def _is_silent(case: dict[str, Any]) -> bool:
    with suppress(MalformedMessage):
        return read(case).silent
    return False


def test_a_sender_with_a_name_has_no_way_back() -> None:
    assert read(RECORDED["named_sender_has_no_way_back"]).reply_to == ""


def test_the_signature_is_checked_against_the_configured_url_whatever_the_host_header_says() -> None:
    case = RECORDED["text"]
    authenticate(adapter(), {**case, "headers": {**case["headers"], "Host": "evil.example.net"}})
    with pytest.raises(Forged):
        ours = {**case["headers"], "Host": "intake.example.org"}
        authenticate(adapter("https://other.example.org"), {**case, "headers": ours})


def test_a_signature_made_with_the_default_port_in_the_url_holds() -> None:
    for url in ("https://intake.example.org:443", "https://intake.example.org"):
        authenticate(adapter(url), RECORDED["text"])


def test_a_signature_does_not_carry_to_another_door() -> None:
    with pytest.raises(Forged):
        authenticate(adapter(), {**RECORDED["text"], "path": "/sms/status"})


def test_the_previous_token_stops_holding_when_it_is_taken_out() -> None:
    with pytest.raises(Forged):
        authenticate(adapter(auth_token_previous=""), RECORDED["previous_token"])


def test_repeated_fields_are_signed_all_of_them() -> None:
    case = RECORDED["text"]
    with pytest.raises(Forged):
        authenticate(adapter(), {**case, "body": case["body"] + "&Body=something+else"})


@given(st.binary(max_size=300) | st.text("%&=+#;0aFM", max_size=60).map(str.encode), st.text(max_size=40))
@settings(deadline=None, max_examples=300)
def test_no_bytes_break_the_door(body: bytes, target: str) -> None:
    signed = {"door": "sms.messages", "headers": {"X-Twilio-Signature": target}, "path": target}
    raw = raw_of("sms", signed, body)
    with pytest.raises(Forged):
        door_named(ADAPTER, "sms.messages").authenticate(raw)
    with suppress(MalformedMessage):
        read_message(raw)
    with suppress(MalformedMessage):
        read_status(raw)


@pytest.mark.parametrize("target", ["/sms/messages?\udcff", "http://[x/sms/messages", ":99999/sms/messages"])
def test_an_odd_target_is_forged(target: str) -> None:
    with pytest.raises(Forged):
        authenticate(ADAPTER, {**RECORDED["text"], "path": target})


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
    message = read(MessageSid="SM1", From="+447700900123", Latitude=latitude, Longitude="1")
    assert message.locations == ()
    assert message.extra["UnreadableLocation"] == f"{latitude}, 1"


def test_a_swept_message_says_when_it_was_made() -> None:
    message = read(MessageSid="SM1", From="+447700900123", DateCreated="2025-03-01T08:00:00+00:00")
    assert message.sent_at == datetime(2025, 3, 1, 8, tzinfo=UTC)


def test_twiml_only() -> None:
    door, raw = door_named(ADAPTER, "sms.messages"), raw_of("sms", RECORDED["text"])
    assert isinstance(door, HttpDoor)
    answer = door.accepted(raw, receipt_of(raw, door))
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
