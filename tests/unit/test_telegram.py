"""The telegram channel against its recorded payloads, its secret and its settings."""

from __future__ import annotations

import json
import sys
import tomllib
from subprocess import run
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import channels
from channels.telegram.adapter import SECRET
from intake.contact import Trust
from intake.errors import Forged, MalformedMessage
from intake.ports import ChannelAdapter, ChannelContext
from tests.payload_cases import ARRIVED, FOLDER, PUBLIC_URL, adapter_for, cases, door_named, hold, raw_of

ADAPTER = adapter_for("telegram")
TABLE = tomllib.loads((FOLDER / "telegram" / "settings.toml").read_text())
RECORDED = {case.id: case.values[0] for case in cases("telegram")}
WEBHOOK = {"door": "telegram.webhook"}


def adapter(**changes: Any) -> ChannelAdapter:
    context = ChannelContext(public_url=PUBLIC_URL, new_id=lambda: "id", now=lambda: ARRIVED)
    return channels.make_adapter("telegram", {**TABLE, **changes}, context)


def read(update: Any, made: ChannelAdapter = ADAPTER) -> Any:
    """What an update becomes, as plain data."""
    body = update if isinstance(update, bytes) else json.dumps(update).encode()
    (message,) = door_named(made, "telegram.webhook").normalise(raw_of("telegram", WEBHOOK, body))
    return msgspec.to_builtins(message)


@pytest.mark.parametrize("case", cases("telegram"))
def test_recorded_payloads(case: dict[str, Any]) -> None:
    hold("telegram", ADAPTER, case)


def test_there_are_enough_payloads_each_with_its_provenance() -> None:
    assert len(RECORDED) >= 5
    assert all("Bot API reference" in case["provenance"] for case in RECORDED.values())


def test_a_truncated_update_keeps_its_id() -> None:
    with pytest.raises(MalformedMessage) as caught:
        read(RECORDED["malformed_truncated"]["body"].encode())
    assert caught.value.provider_id == "70000001:900018"


def test_both_secrets_hold_during_a_rotation_and_no_other() -> None:
    made = adapter(secret_token="the-new-secret-token", secret_token_previous=TABLE["secret_token"])
    door = door_named(made, "telegram.webhook")

    def offer(secret: str) -> Trust:
        return door.authenticate(raw_of("telegram", {**WEBHOOK, "headers": {SECRET: secret}}, b"{}"))

    for secret in ("the-new-secret-token", TABLE["secret_token"]):
        assert offer(secret) is Trust.TOKEN
    for wrong in ("", "the-new-secret-toke", "the-new-secret-token ", "caf\udce9-secret-of-the-wrong-kind"):
        with pytest.raises(Forged):
            offer(wrong)


NAMES = [
    *("message", "edited_message", "channel_post", "callback_query", "poll", "from", "chat", "id", "date"),
    *("message_id", "text", "caption", "location", "latitude", "longitude", "venue", "contact", "photo"),
    *("voice", "document", "file_id", "phone_number", "data", "title", "forward_origin", "reply_to_message"),
]
SPOKEN_KINDS = ("channel_post", "edited_channel_post", "business_message", "guest_message", "message")


@pytest.mark.parametrize("kind", SPOKEN_KINDS)
def test_words_are_read_in_every_kind_that_carries_a_message(kind: str) -> None:
    message = {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "help"}
    found = read({"update_id": 1, kind: message})
    assert (found["text"], found["caller"], found["reply_to"]) == ("help", "tg:7", "7")


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1},
        {"update_id": 1, "message": None},
        {"update_id": 1, "message": "words"},
        {"update_id": 1, "message": {}},
        {"update_id": 1, "message": {"text": "a", "from": "b", "chat": [1]}},
        {"update_id": 1, "callback_query": {"data": 5}},
        {"update_id": 1, "poll": {"id": "3", "question": "?"}},
        {"update_id": 1, "message": {"message_id": 1, "date": -5, "chat": {"id": 7}, "text": "early"}},
        {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 7}, "photo": {}}},
        {
            "update_id": 1,
            "message": {"message_id": 1, "date": 1, "chat": {"id": 7}, "location": {"latitude": 95}},
        },
        b'{"update_id": 1, "message": {"text": "\xff\xfe not UTF-8"}}',
        b'{"update_id": 1, "x": ' + b"9" * 400 + b"}",
    ],
)
def test_no_shape_of_update_is_lost(update: Any) -> None:
    found = read(update)
    assert found["provider_id"] == "70000001:1"
    assert found["caller"].startswith(("tg:", "unknown:"))
    assert found["text"].startswith("[unknown Telegram update: ")


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"[" * 100_000, b'{"update_id":' + b"[" * 100_000, b'"x"', b"\0"]
)
def test_what_is_no_update_says_so(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        read(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3), st.integers(0, 2**40))
@settings(deadline=None, max_examples=300)
def test_whatever_an_update_holds_it_is_one_message_under_its_id(content: dict[str, Any], id: int) -> None:
    assert read({**content, "update_id": id})["provider_id"] == f"70000001:{id}"


def test_text_that_the_store_could_not_hold_is_made_visible() -> None:
    message = {"message_id": 1, "date": 1, "chat": {"id": 7}, "text": "a\0b"}
    assert read({"update_id": 1, "message": message})["text"] == "a\u2400b"


def test_two_bots_may_number_their_updates_alike() -> None:
    other = adapter(bot_token="70000002:AAtest-token-of-no-bot-at-all-000000")
    update = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 7}, "text": "x"}}
    assert (read(update)["provider_id"], read(update, other)["provider_id"]) == ("70000001:1", "70000002:1")


def test_words_forwarded_from_another_say_so() -> None:
    origin = {"type": "user", "sender_user": {"id": 9, "first_name": "Other"}, "date": 1}
    message = {"message_id": 1, "date": 1, "chat": {"id": 7}, "text": "x", "forward_origin": origin}
    assert read({"update_id": 1, "message": message})["extra"]["forwarded_from"] == origin


def test_check_lists_every_problem_and_no_secret() -> None:
    problems = channels.check("telegram", {"bot_token": "n0t-a-token", "api_base": "ftp://x"})
    assert [problem.split(":")[0] for problem in problems] == [
        "channels.telegram.bot_token",
        "channels.telegram.secret_token",
        "channels.telegram.api_base",
    ]
    assert "n0t-a-token" not in "".join(problems)
    assert channels.check("telegram", TABLE) == []


def test_start_up_loads_no_bot_library() -> None:
    heavy = "('telegram', 'httpx', 'aiohttp', 'twilio')"
    program = f"import sys, channels.telegram.adapter; print([m for m in {heavy} if m in sys.modules])"
    done = run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
