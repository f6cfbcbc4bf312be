"""The app channel: recorded payloads, tokens, repeats, bad input, and a description that is true."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from openapi_spec_validator import OpenAPIV31SpecValidator

from channels import check
from channels.app import openapi
from channels.app.contact_keys import ContactKeys
from channels.app.wire import Received
from intake.contact import InboundMessage
from intake.errors import Forged, MalformedMessage
from intake.ports import HttpDoor, PageDoor, ReplyDoor
from tests.payload_cases import adapter_for, cases, door_named, hold, raw_of, receipt_of

ADAPTER = adapter_for("app")
OPEN: dict[str, Any] = {"door": "app.open", "headers": {"Content-Type": "application/json"}}
SECRET = "only-for-tests-0123456789abcdefghijklmnop"


def opened(body: object) -> InboundMessage:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    (message,) = door_named(ADAPTER, "app.open").normalise(raw_of("app", OPEN, encoded))
    assert isinstance(message, InboundMessage)
    return message


def answer_to(case: dict[str, Any], body: bytes) -> dict[str, Any]:
    door = door_named(ADAPTER, case["door"])
    assert isinstance(door, HttpDoor)
    raw = raw_of("app", case, body)
    answer: dict[str, Any] = json.loads(door.accepted(raw, receipt_of(raw, door)).body)
    return answer


@pytest.mark.parametrize("case", cases("app"))
def test_recorded_payloads(case: dict[str, Any]) -> None:
    hold("app", ADAPTER, case)


def test_there_are_enough_payloads_each_with_its_provenance() -> None:
    assert len(cases("app")) >= 5
    assert all(case.values[0]["provenance"] for case in cases("app"))


def test_an_opening_sent_again_gets_the_same_contact_and_token() -> None:
    body = json.dumps(openapi.OPENING).encode()
    first, second = answer_to(OPEN, body), answer_to(OPEN, body)
    assert (first["contact"], first["token"]) == (second["contact"], second["token"])
    assert openapi.OPENING["id"] not in first["replies_url"]


def test_two_unreadable_openings_do_not_meet_in_one_conversation() -> None:
    door = door_named(ADAPTER, "app.open")
    raws = [raw_of("app", OPEN, b"help"), msgspec.structs.replace(raw_of("app", OPEN, b"help"), id="other")]
    callers = set()
    for raw in raws:
        with pytest.raises(MalformedMessage) as caught:
            door.normalise(raw)
        callers.add(caught.value.caller)
    assert len(callers) == 2


def test_the_same_uuid_in_two_contacts_is_two_messages() -> None:
    door = door_named(ADAPTER, "app.messages")
    raw = raw_of("app", {"door": "app.messages"}, json.dumps(openapi.MESSAGE).encode())
    ids = set()
    for handle in ("a" * 26, "b" * 26):
        (message,) = door.normalise(msgspec.structs.replace(raw, path_args={"contact": handle}))
        assert isinstance(message, InboundMessage)
        ids.add(message.provider_id)
    assert len(ids) == 2


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "Bearer {token}x", "Bearer {token}\udc80"],
)
def test_a_contact_opens_to_its_own_token_only(authorization: str) -> None:
    keys = ContactKeys(SECRET)
    handle = keys.handle(openapi.OPENING["id"])
    door = next(door for door in ADAPTER.doors() if isinstance(door, ReplyDoor))
    parts = {"contact": handle}
    good = CIMultiDict(authorization=f"bearer {keys.token(handle)}")
    assert door.caller(good, parts) == f"app:{handle}"
    with pytest.raises(Forged):
        door.caller(CIMultiDict(Authorization=authorization.format(token=keys.token(handle))), parts)
    with pytest.raises(Forged):
        door.caller(good, {"contact": handle.upper()})
    other = ContactKeys("another-secret-0123456789-0123456789")
    assert not other.admits(handle, f"Bearer {keys.token(handle)}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"id":"0b0ff0d5-6d4b-4a9c-8a39-27bb9b6a4a11","text":5}', "$.text"),
        (b'{"id":"1","text":"help"}', "$.id"),
        (b'{"text":"help"}', "id"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "not JSON"),
        (b"\xff\xfe\x00\x00", "not JSON"),
        (b"1" * 5_000, "not JSON"),
    ],
)
def test_unreadable_bytes_are_a_defect_and_never_an_error(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason.replace("$", r"\$")) as caught:
        opened(body)
    assert caught.value.caller
    assert answer_to(OPEN, body)["status"] == "received"
    assert reason in answer_to(OPEN, body)["defect"]


def test_a_malformed_message_is_a_repeat_only_by_its_id() -> None:
    for body, is_known in (
        (b'{"text":5}', False),
        (json.dumps({**openapi.MESSAGE, "text": 5}).encode(), True),
    ):
        with pytest.raises(MalformedMessage) as caught:
            opened(body)
        assert (caught.value.provider_id is not None) == is_known


def test_what_the_interface_does_not_name_is_kept_in_a_form_that_can_be_stored() -> None:
    nested: Any = "deep"
    for _ in range(100):
        nested = [nested]
    message = opened({"id": openapi.OPENING["id"], "deep": nested, "big": 10**400, "nul\0": "\0"})
    stored = msgspec.json.encode(message)
    assert b"\\u0000" not in stored
    assert b"levels deep" in stored
    assert message.extra["other"]["nul␀"] == "␀"


def test_bytes_that_are_not_utf8_cost_no_text() -> None:
    body = b'{"id":"0b0ff0d5-6d4b-4a9c-8a39-27bb9b6a4a11","text":"caf\xe9 on fire"}'
    assert opened(body).text == "caf� on fire"
    text = '{"id":"0b0ff0d5-6d4b-4a9c-8a39-27bb9b6a4a11","text":"tân"}'
    assert opened(text.encode("utf-16")).text == "tân"


def test_a_date_off_the_calendar_is_no_date() -> None:
    message = opened({"id": openapi.OPENING["id"], "sent_at": "0001-01-01T00:00:00+14:00"})
    assert message.sent_at is None


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_message_or_a_defect(body: bytes) -> None:
    for name in ("app.open", "app.messages", "app.locations"):
        raw = raw_of("app", {"door": name, "path_args": {"contact": "a" * 26}}, body)
        try:
            door_named(ADAPTER, name).normalise(raw)
        except MalformedMessage as error:
            assert error.caller


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["id", "text", "location", "sent_at", "answers", "x"]), json_values))
def test_any_json_object_is_a_message_or_a_defect(body: dict[str, Any]) -> None:
    try:
        msgspec.json.encode(opened(json.dumps({"id": openapi.OPENING["id"], **body}).encode()))
    except MalformedMessage as error:
        assert error.caller


def published() -> dict[str, Any]:
    door = next(door for door in ADAPTER.doors() if isinstance(door, PageDoor))
    assert door.path == "/app/v1/openapi.json"
    document: dict[str, Any] = json.loads(door.answer.body)
    return document


def valid(shape: str, instance: object) -> bool:
    document = published()
    schema = {"$ref": f"#/components/schemas/{shape}", "components": document["components"]}
    return jsonschema.Draft202012Validator(schema).is_valid(instance)


def test_the_published_description_is_valid_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(published()).validate()


def test_the_description_names_exactly_the_doors_there_are() -> None:
    described = set()
    for path, item in published()["paths"].items():
        described |= {(method, path) for method in item if method in ("get", "post")}
    doors: set[tuple[str, str]] = set()
    for door in ADAPTER.doors():
        if isinstance(door, HttpDoor):
            doors.add(("post", door.path))
        elif isinstance(door, ReplyDoor):
            doors |= {("get", door.path), ("get", door.events_path)}
    assert described == doors


@pytest.mark.parametrize(
    ("shape", "example"),
    [("Message", openapi.OPENING), ("Message", openapi.MESSAGE), ("LocationFix", openapi.FIX)],
)
def test_the_examples_fit_their_schemas(shape: str, example: dict[str, Any]) -> None:
    assert valid(shape, example)
    assert not valid(shape, {**example, "id": 5})
    assert not valid(shape, {name: value for name, value in example.items() if name != "id"})


@pytest.mark.parametrize("body", [json.dumps(openapi.OPENING).encode(), b'help \xff " \x00'])
def test_the_answer_written_by_hand_is_the_answer_described(body: bytes) -> None:
    answer = answer_to(OPEN, body)
    assert valid("Received", answer)
    assert msgspec.convert(answer, Received).notice == openapi.NOTICE
    assert not valid("Received", {**answer, "sha256": "short"})


def test_settings_are_checked_all_at_once() -> None:
    assert check("app", {"token_secret": SECRET}) == []
    problems = check("app", {"token_secret": "short", "body_limit_bytes": "no", "colour": 1})
    assert [problem.split(":")[0] for problem in problems] == [
        "channels.app.colour",
        "channels.app.token_secret",
        "channels.app.body_limit_bytes",
    ]
    assert check("app", {}) == ["channels.app.token_secret: missing; it has no default"]
    assert "short" not in "".join(check("app", {"token_secret": "short"}))
