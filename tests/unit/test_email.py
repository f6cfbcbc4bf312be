"""The email channel: recorded payloads, hostile structures, machines told from people, bad input."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from channels import check
from channels.email import parts
from channels.email.addresses import decoded, first_address, mailto, read_mailto
from channels.email.html_text import text_of_html
from intake.contact import InboundMessage, RawMessageId
from intake.errors import MalformedMessage
from intake.ports import SmtpDoor
from intake.simulate.mail import bounce, list_mail, many_parts, nested_bomb, out_of_office
from tests.payload_cases import adapter_for, cases, door_named, hold, raw_of

ADAPTER = adapter_for("email")
DOOR = door_named(ADAPTER, "email.1")
CASE: dict[str, Any] = {"door": "email.1", "envelope_from": "ann@example.com"}


def read(mail: str | bytes, envelope_from: str = "ann@example.com") -> InboundMessage:
    body = mail if isinstance(mail, bytes) else mail.replace("\n", "\r\n").encode()
    message = DOOR.normalise(raw_of("email", {**CASE, "envelope_from": envelope_from}, body))[0]
    assert isinstance(message, InboundMessage)
    return message


@pytest.mark.parametrize("case", cases("email"))
def test_recorded_payloads(case: dict[str, Any]) -> None:
    hold("email", ADAPTER, case)


def test_there_are_enough_payloads_each_with_its_provenance() -> None:
    assert len(cases("email")) >= 5
    assert all(case.values[0]["provenance"] for case in cases("email"))


def test_the_doors_are_the_mailboxes() -> None:
    assert isinstance(DOOR, SmtpDoor)
    assert (DOOR.mailbox, DOOR.body_limit_bytes) == ("999@intake.example.org", 20 * 1024 * 1024)


@pytest.mark.parametrize("bomb", [nested_bomb("ann@example.com"), many_parts("ann@example.com")])
def test_bombs_are_defects_at_once_with_caller_and_words(bomb: bytes) -> None:
    started_s = time.perf_counter()
    with pytest.raises(MalformedMessage) as caught:
        read(bomb)
    assert time.perf_counter() - started_s < 0.5
    assert caught.value.caller == "mailto:ann@example.com"
    assert caught.value.provider_id
    assert caught.value.text.startswith("help")


def test_twenty_megabytes_are_read_at_once() -> None:
    attached = b"A" * 76 + b"\r\n"
    mail = (
        b"From: ann@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nfire\r\n--b\r\n"
        b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + attached * 260_000
        + b"--b--\r\n"
    )
    started_s = time.perf_counter()
    message = read(mail)
    assert time.perf_counter() - started_s < 1.0
    assert message.text == "fire"
    # The line break before the boundary is not content; 76 characters hold 57 octets.
    assert message.attachments[0].size_bytes == 57 * 260_000


@pytest.mark.parametrize("line", [b"x\r\n", b"\r\n", b"--b\r\n", b"a: b\r\n", b"From: ((((((((\r\n"])
def test_megabytes_of_short_lines_are_read_at_once(line: bytes) -> None:
    started_s = time.perf_counter()
    for head in (b"", b"From: ann@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"):
        try:
            read(head + line * (5_000_000 // len(line)))
        except MalformedMessage as error:
            assert error.caller
    assert time.perf_counter() - started_s < 5.0


@pytest.mark.parametrize(
    ("headers", "envelope_from", "reason"),
    [
        ("Auto-Submitted: auto-generated", "a@example.com", "Auto-Submitted: auto-generated"),
        ("Precedence: BULK", "a@example.com", "Precedence: bulk"),
        ("List-Unsubscribe: <mailto:x@example.com>", "a@example.com", "mailing list (List-Unsubscribe)"),
        ("X-Auto-Response-Suppress: All", "a@example.com", "X-Auto-Response-Suppress"),
        ("X-Ordinary: 1", "", "no return address (null sender)"),
        ("Auto-Submitted: no", "a@example.com", ""),
        ("Precedence: first-class", "a@example.com", ""),
    ],
)
def test_machines_are_told_from_people(headers: str, envelope_from: str, reason: str) -> None:
    message = read(f"From: a@example.com\n{headers}\n\nfire\n", envelope_from)
    assert (message.automatic, message.extra.get("automatic", "")) == (bool(reason), reason)
    assert "fire" in message.text


def test_machines_of_the_simulated_world_are_recognised() -> None:
    for mail in (
        out_of_office("a@example.com", "x@example.org"),
        list_mail("a@example.com", "x@example.org"),
    ):
        assert read(mail.as_bytes()).automatic
    assert read(bounce("<x@example.com>", "x@example.org", "a@example.com"), "").reply_to == ""


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@example.com", "999@INTAKE.example.org", "nobody"])
def test_who_cannot_be_answered_has_no_reply_address(sender: str) -> None:
    assert read(f"From: {sender}\n\nfire\n", "nobody").reply_to == ""


def test_a_reply_to_that_leads_back_to_us_is_not_taken() -> None:
    assert read("From: a@example.com\nReply-To: 999@intake.example.org\n\nx").reply_to == ""
    assert read("From: a@example.com\nReply-To: b@example.com\n\nx").reply_to == "mailto:b@example.com"


def test_a_delayed_delivery_is_no_result_and_another_domains_report_is_not_ours() -> None:
    ours, foreign = "<reply.1@intake.example.org>", "<reply.1@example.net>"
    for id, action, count in ((ours, "failed", 2), (ours, "delayed", 1), (foreign, "failed", 1)):
        body = bounce(id, "999@intake.example.org", "a@example.com", action=action)
        assert len(DOOR.normalise(raw_of("email", {**CASE, "envelope_from": ""}, body))) == count


@pytest.mark.parametrize(
    ("date", "sent_at"),
    [
        ("Sat, 31 Jan 2026 17:17:48 -0000", "2026-01-31T17:17:48+00:00"),
        ("31 Jan 26 17:17 GMT", "2026-01-31T17:17:00+00:00"),
        ("Fri, 31 Dec 9999 23:59:59 -1400", None),
        ("Sat, 31 Feb 2026 17:17:48 +0000", None),
        ("yesterday", None),
        ("", None),
        ("9" * 5_000, None),
    ],
)
def test_an_unreadable_date_is_none_and_never_now(date: str, sent_at: str | None) -> None:
    found = read(f"From: a@example.com\nDate: {date}\n\nx").sent_at
    assert (found.isoformat() if found else None) == sent_at


def test_only_what_the_sender_made_unique_is_a_repeat() -> None:
    def ids(mail: str) -> int:
        raws = [raw_of("email", CASE, mail.encode()) for _ in range(2)]
        raws[1] = msgspec.structs.replace(raws[1], id=RawMessageId("another arrival"))
        found = [DOOR.normalise(raw)[0] for raw in raws]
        return len({one.provider_id for one in found if isinstance(one, InboundMessage)})

    assert ids("Message-ID: <a@b>\n\nfire") == 1
    assert ids("Date: Sat, 31 Jan 2026 17:17:48 +0000\n\nfire") == 1
    assert ids("Subject: alarm\n\nfire") == 2


def test_a_plain_footer_does_not_hide_an_html_letter() -> None:
    message = read(
        "From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n"
        "<p>fire</p>\n--b\nContent-Type: text/plain\n\nSent by our list\n--b--\n"
    )
    assert message.text == "fire\n\nSent by our list"


def test_an_empty_plain_alternative_gives_way_to_the_html_one() -> None:
    message = read(
        "From: a@example.com\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\n"
        "Content-Type: text/html\n\n<p>fire</p>\n--b--\n"
    )
    assert message.text == "fire"


def test_parts_can_be_fetched_by_their_reference() -> None:
    case = next(case.values[0] for case in cases("email") if case.id == "photo_and_forwarded_mail")
    raw = raw_of("email", case)
    assert parts.read_part(raw.body, "part:3") == ("image/jpeg", bytes(range(256)) * 2)
    with pytest.raises(LookupError):
        parts.read_part(raw.body, "part:99")


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "hex", "rot13", "utf-7", "undefined", "zlib", "\0", "../x", "utf-16"]
)
def test_no_charset_name_costs_the_words(charset: str) -> None:
    assert "fire" in read(f"From: a@example.com\nContent-Type: text/plain; charset={charset}\n\nfire!").text


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("Ann <ann@example.com>", "ann@example.com"),
        ('"evil <x@example.net>" <ann@example.com>', "ann@example.com"),
        ("=?utf-8?q?x=40example=2Enet?= <ann@example.com>", "ann@example.com"),
        ("group: ann@example.com, bob@example.com;", "ann@example.com"),
        ("(" * 1_900 + "ann@example.com", "ann@example.com"),
        ("ann@example.com\r\nBcc: x", "ann@example.com"),
        ("ann at example", ""),
        ("", ""),
    ],
)
def test_the_address_is_the_senders_and_not_the_display_names(header: str, address: str) -> None:
    assert first_address(header) == address


def test_headers_are_read_whatever_they_claim() -> None:
    assert decoded("=?x-unknown?Q?fire?=") == "fire"
    assert decoded("=?utf-8?B?####?= help").endswith("help")
    assert decoded("a\x00b") == "a␀b"


@pytest.mark.parametrize("address", ["a+b%c?d#e@example.com", "o'neil@example.com", "é@exämple.com"])
def test_mailto_uris_give_back_what_they_were_made_of(address: str) -> None:
    assert read_mailto(mailto(address, "Fire & co? 100%", automatic=True)) == (
        address,
        "Fire & co? 100%",
        True,
    )


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b<div>c</div>d", "a\nb\nc\nd"),
        ("<ul><li>x<li>y</ul>", "x\ny"),
        ("a<script>evil()</script>b<style>s</style>c", "abc"),
        ('<a href="javascript:evil()">tap</a>', "tap <javascript:evil()>"),
        ('<a href="http://x.example">http://x.example</a>', "http://x.example"),
        ('<img src="http://t.example/1" alt="our house">', "[our house]"),
        ("a\0b", "a b"),
        ("", ""),
        ("<!-- x -->", ""),
        ("&lt;b&gt; &amp; &#233;", "<b> & é"),
        ("a  b\n\n c", "a b c"),
        ("<p>a</p> \n <p> b </p>", "a\n\nb"),
        ("a<br><br><br>b", "a\n\nb"),
    ],
)
def test_html_becomes_plain_words(html: str, text: str) -> None:
    assert text_of_html(html) == text


def test_entities_of_a_doctype_are_not_resolved() -> None:
    page = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><p>[&e;]</p>'
    assert text_of_html(page).endswith("[&e;]")


def test_html_nested_deeper_than_the_stack_keeps_its_words() -> None:
    assert "fire" in text_of_html("fire" + "<div>" * 100_000 + "x")


@given(st.binary(max_size=600))
def test_any_bytes_are_a_message_or_a_defect(body: bytes) -> None:
    try:
        assert read(body).caller
    except MalformedMessage as error:
        assert error.caller


lines = st.sampled_from(
    [
        *(
            "From: a@example.com",
            "From: =?utf-8?b?//?= <b@c>",
            "Subject: =?idna?q?x?=",
            "Date: 1",
            "Message-ID: <",
        ),
        *(
            "Content-Type: multipart/mixed; boundary=b",
            "Content-Type: text/html; charset*0*=x''%FF",
            "--b",
            "--b--",
        ),
        *(
            "Content-Type: message/rfc822",
            "Content-Transfer-Encoding: base64",
            "Content-Type: text/plain;charset=",
        ),
        *(
            "Content-Type: multipart/report",
            "Content-Disposition: attachment; filename*9*=x",
            "",
            "",
            "=FF",
            "\0",
        ),
        *(
            "Content-Transfer-Encoding: uuencode",
            "begin 644 x",
            " continued",
            "Content-Type: multipart/alternative",
        ),
    ]
)


@given(st.lists(lines | st.text(max_size=20), max_size=25))
@example(["Content-Type: text/html; charset*0*=x''%FF", "\x80"])
def test_any_lines_are_a_message_or_a_defect(found: list[str]) -> None:
    body = "\r\n".join(found).encode("utf-8", "replace")
    try:
        for part in (read(body)).attachments:
            parts.read_part(body, part.reference)
    except MalformedMessage as error:
        assert error.caller


def test_settings_are_checked_all_at_once() -> None:
    assert check("email", {"mailboxes": ["999@intake.example.org"]}) == []
    problems = check(
        "email", {"mailboxes": ["nobody"], "relay_port": 0, "relay_start_tls": "perhaps", "x": 1}
    )
    assert len(problems) == 4
    assert "relay_start_tls" in check("email", {"mailboxes": ["a@b"], "relay_password": "secret"})[0]
    assert "twice" in check("email", {"mailboxes": ["a@b", "A@b"]})[0]
    assert "no such file" in check("email", {"mailboxes": ["a@b"], "relay_ca_file": "missing.pem"})[0]
