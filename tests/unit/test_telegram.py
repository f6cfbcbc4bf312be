"""The telegram channel against its recorded payloads, its secret and its settings."""

from __future__ import annotations

import json
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run
from typing import Any

import msgspec
import pytest
from multidict import CIMultiDict

import channels
from channels.telegram.adapter import SECRET, TelegramAdapter, make_adapter
from intake.contact import ChannelKind, RawMessage, RawMessageId
from intake.errors import Forged, MalformedMessage
from intake.ports import ChannelContext

PAYLOADS = Path(__file__).parent.parent / "payloads" / "telegram"
TABLE = tomllib.loads((PAYLOADS / "settings.toml").read_text())
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def adapter(**changes: Any) -> TelegramAdapter:
    context = ChannelContext(public_url="https://intake.example.org", new_id=lambda: "id", now=lambda: NOW)
    return make_adapter({**TABLE, **changes}, context)


def raw_of(body: str | bytes, headers: dict[str, str]) -> RawMessage:
    return RawMessage(
        id=RawMessageId("raw"),
        channel=ChannelKind("telegram"),
        door="telegram.webhook",
        received_at=NOW,
        body=body.encode() if isinstance(body, str) else body,
        headers=CIMultiDict(headers),
        target="/telegram/webhook",
    )


def read(update: Any) -> Any:
    """What an update becomes, as plain data."""
    body = update if isinstance(update, bytes) else json.dumps(update)
    (door,) = adapter().doors()
    (message,) = msgspec.to_builtins(door.normalise(raw_of(body, {})))
    return message


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
    payload = json.loads((PAYLOADS / f"{name}.json").read_text())
    raw, expect = raw_of(payload["body"], payload["headers"]), payload["expect"]
    (door,) = adapter().doors()
    assert door.path == payload["path"]
    if expect.get("refused") == "forged":
        with pytest.raises(Forged):
            door.authenticate(raw)
        return
    assert door.authenticate(raw) == expect["trust"]
    if malformed := expect.get("malformed"):
        with pytest.raises(MalformedMessage) as caught:
            door.normalise(raw)
        assert {name: getattr(caught.value, name) for name in malformed} == malformed
        return
    normalised = [plain(message) for message in door.normalise(raw)]
    assert len(normalised) == len(expect["normalised"])
    for found, wanted in zip(normalised, expect["normalised"], strict=True):
        assert narrowed(found, wanted) == wanted


def test_the_payloads_say_where_they_are_from() -> None:
    found = [json.loads(path.read_text()) for path in PAYLOADS.glob("*.json")]
    assert len(found) >= 5
    assert all("Bot API reference" in payload["provenance"] for payload in found)


def test_both_secrets_hold_during_a_rotation_and_no_other() -> None:
    made = adapter(secret_token="the-new-secret-token", secret_token_previous=TABLE["secret_token"])
    for secret in ("the-new-secret-token", TABLE["secret_token"]):
        made.authenticate(raw_of("{}", {SECRET: secret}))
    for wrong in ("", "the-new-secret-toke", "the-new-secret-token ", "caf\udce9-secret-of-the-wrong-kind"):
        with pytest.raises(Forged):
            made.authenticate(raw_of("{}", {SECRET: wrong}))


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


def test_text_that_the_store_could_not_hold_is_made_visible() -> None:
    message = {"message_id": 1, "date": 1, "chat": {"id": 7}, "text": "a\0b"}
    assert read({"update_id": 1, "message": message})["text"] == "a\u2400b"


def test_two_bots_may_number_their_updates_alike() -> None:
    (door,) = adapter(bot_token="70000002:AAtest-token-of-no-bot-at-all-000000").doors()
    message = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 7}, "text": "x"}}
    (other,) = door.normalise(raw_of(json.dumps(message), {}))
    assert other.provider_id == "70000002:1" != read(message)["provider_id"]  # type: ignore[union-attr]


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
