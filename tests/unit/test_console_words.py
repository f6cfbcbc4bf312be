"""Small pure parts of the desk: references, folded conversations, tokens, what a terminal may show."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from intake.console.access import handler_of
from intake.console.terminal.queue import clock, visible, waited
from intake.console.views.conversation import conversation
from intake.contact import CallerUri, ChannelKind, InboundMessage
from intake.location import CallerLocation
from intake.reference import read_reference, reference
from intake.store.contacts import StoredMessage, StoredReply

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("26-000123", 123),
        (" 26 - 000123 ", 123),
        ("26 000123", 123),
        ("26/123", 123),
        ("123", 123),
        ("000123", 123),
        ("26-1234567", 1_234_567),
        ("0193e5b2-7c1a-7000-8000-000000000123", None),
        ("twenty", None),
        ("", None),
        ("-5", None),
        ("١٢٣", None),
        ("9" * 40, None),
    ],
)
def test_a_reference_is_read_as_people_say_it(text: str, number: int | None) -> None:
    assert read_reference(text) == number


@pytest.mark.parametrize("number", [1, 123, 999_999, 1_000_000, 123_456_789])
def test_what_is_read_aloud_is_read_back(number: int) -> None:
    assert read_reference(reference(number, NOON)) == number
    assert reference(7, NOON) == "26-000007"


def said(text: str, minute: float, **more: Any) -> StoredMessage:
    fields = {key: more.pop(key) for key in ("flag", "raw", "sent_at") if key in more}
    message = InboundMessage(
        channel=ChannelKind("sms"), provider_id="x", caller=CallerUri("tel:+447700900001"), text=text, **more
    )
    return StoredMessage(
        id=f"m{minute}",
        raw_id="r",
        received_at=NOON + timedelta(minutes=minute),
        sent_at=fields.pop("sent_at", None),
        kind="text",
        flag=fields.pop("flag", ""),
        content=msgspec.json.encode(message).decode(),
        **fields,
    )


def ours(text: str, minute: float, state: str = "sent") -> StoredReply:
    return StoredReply(
        id=f"r{minute}",
        author="ada",
        text=text,
        state=state,
        created_at=NOON + timedelta(minutes=minute),
        sent_at=None,
        delivered_at=None,
        attempts=1,
        provider_code="30005",
        reason="unknown handset",
    )


def test_the_same_words_again_are_folded_and_none_is_lost() -> None:
    lines = conversation(
        [said("help", 0), said("help", 1), said("hurry", 3), said("help", 4), said("help", 5)],
        [ours("Where are you?", 2, "failed")],
        900,
    )
    assert [(line.text, len(line.repeated_at)) for line in lines] == [
        ("help", 1),
        ("Where are you?", 0),
        ("hurry", 0),
        ("help", 1),
    ]
    assert lines[0].repeated_at == (NOON + timedelta(minutes=1),)
    assert (lines[1].delivery, lines[1].trouble) == ("failed", "30005 unknown handset")


def test_two_places_sent_without_words_are_two_lines() -> None:
    here = CallerLocation(latitude=50.5, longitude=-4.9, uncertainty_m=10)
    lines = conversation([said("", 0, locations=(here,)), said("", 1, locations=(here,))], [], 900)
    assert [line.text for line in lines] == ["[location sent]"] * 2


def test_old_edited_and_defective_messages_are_marked() -> None:
    old, edit, bad = conversation(
        [
            said("late", 0, sent_at=NOON - timedelta(hours=9)),
            said("correct", 1, edits="x"),
            said("[unreadable]", 2, flag="defective", raw=b"\xff{"),
        ],
        [],
        900,
    )
    assert (old.flags, edit.flags, bad.flags) == (("old",), ("edit",), ("defective",))
    assert bad.raw == "\ufffd{"


def test_a_stored_message_of_another_version_still_shows() -> None:
    (line,) = conversation([msgspec.structs.replace(said("x", 0), content='{"channel": 5}')], [], 900)
    assert "cannot read" in line.text


def test_a_token_names_its_handler_and_no_other() -> None:
    tokens = {name: hashlib.sha256(f"{name}-secret".encode()).hexdigest() for name in ("ada", "bea")}
    assert handler_of(tokens, "Bearer bea-secret") == "bea"
    assert handler_of(tokens, "bearer ada-secret ") == "ada"
    for refused in ("", "Bearer ", "Bearer ada", "ada-secret", f"Bearer {tokens['ada']}", "Basic ada-secret"):
        assert handler_of(tokens, refused) is None
    assert handler_of({}, "Bearer ada-secret") is None


def test_nothing_a_caller_writes_can_bend_a_terminal() -> None:
    assert visible("zażółć 你好 🔥") == "zażółć 你好 🔥"
    shown = visible("a\u200bb\u202ec\x1b[2Jd\re")
    assert shown.replace("\n", "").isprintable()
    assert "ZERO WIDTH SPACE" in shown and "U+001B" in shown and "U+000D" in shown


def test_times_are_said_in_london_with_the_zone_written() -> None:
    assert clock(NOON) == "13:00:00 BST"
    assert clock(NOON.replace(month=1)) == "12:00:00 GMT"
    assert [waited(s) for s in (5, 725, 7_380, 260_000)] == ["00:05", "12:05", "2 h 03", "3 d"]
