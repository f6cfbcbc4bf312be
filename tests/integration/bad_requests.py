"""Bad HTTP requests: for every door the same table of broken bodies, headers and manners."""

from __future__ import annotations

import gzip
import hmac
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec
from twilio.request_validator import RequestValidator

from channels.sms.normalise import read_form
from intake.errors import MalformedMessage
from intake.ports import HttpDoor
from tests.contract.door_channel import Channel
from tests.integration.bare_wire import Piece
from tests.payload_cases import PUBLIC_URL, body_of, raw_of

DRIP_S = 0.2
ENDLESS_PIECES = 2_000


AML_KEY = b"only-for-tests-aml-hmac-key"

COMPRESSED = {"a gzip bomb": {"Content-Encoding": "gzip"}}
"""Headers that come with some of the bodies."""


class Target(msgspec.Struct, frozen=True):
    """One door, with a genuine payload of it to lend headers from."""

    channel: Channel
    door: HttpDoor
    case: dict[str, Any]

    @property
    def name(self) -> str:
        return self.door.name

    def headers(self, body: bytes) -> dict[str, str]:
        """What proves that this body comes from whom it should; a signature is made for it."""
        headers = dict(self.case.get("headers", {}))
        if "X-Twilio-Signature" in headers:
            headers["X-Twilio-Signature"] = _signature(self.case, body)
        return headers

    def proven(self, body: bytes) -> bytes:
        """The body with the proof that travels inside it, where a door wants one there."""
        if self.name != "aml.https":
            return body
        body = body[: self.door.body_limit_bytes - len("&hmac=") - 40]
        digest = hmac.new(AML_KEY, body, "sha1").hexdigest()
        return body + b"&hmac=" + digest.encode()


@cache
def _validator() -> RequestValidator:
    return RequestValidator("test-auth-token-of-no-account-01")


def _signature(case: dict[str, Any], body: bytes) -> str:
    try:
        form = read_form(raw_of("sms", case, body))
    except MalformedMessage:
        form = {}
    return str(_validator().compute_signature(PUBLIC_URL + case["path"], form))


def targets(channels: dict[str, Channel]) -> Iterator[Target]:
    """Every HTTP door of every channel."""
    for channel in channels.values():
        for door in channel.adapter.doors():
            if isinstance(door, HttpDoor):
                cases = [case for case in channel.genuine.values() if case["door"] == door.name]
                case = next(one for one in cases if "defect" not in one["expect"])
                yield Target(channel, door, case)


def post(
    target: Target,
    body: bytes,
    *,
    headers: dict[str, str] | None = None,
    length: int | str | None = None,
    path: str = "",
) -> bytes:
    """The head of an authentic POST; ``length`` "" leaves Content-Length out."""
    named = {
        "Host": "127.0.0.1",
        **target.headers(body),
        "Content-Length": str(len(body) if length is None else length),
        **(headers or {}),
    }
    lines = [f"{name}: {value}" for name, value in named.items() if value != ""]
    return "\r\n".join([f"POST {path or target.case['path']} HTTP/1.1", *lines, "", ""]).encode("latin-1")


def chunked(target: Target, chunks: Iterator[bytes]) -> Iterator[Piece]:
    yield post(target, b"", headers={"Transfer-Encoding": "chunked"}, length="")
    for chunk in chunks:
        yield b"%x\r\n%b\r\n" % (len(chunk), chunk)


# -- manners: what is sent, whether we hang up, the answers allowed; nothing of them is kept ---------------

Manner = Callable[[Target], Iterator[Piece]]


def oversize(target: Target) -> Iterator[Piece]:
    body = b"x" * (target.door.body_limit_bytes + 1)
    yield post(target, body) + body


def twenty_megabytes(target: Target) -> Iterator[Piece]:
    yield post(target, b"", length=20_000_000)
    yield from (b"x" * 1_000_000 for _ in range(20))


def endless_chunks(target: Target) -> Iterator[Piece]:
    yield from chunked(target, (b"x" * 16_384 for _ in range(ENDLESS_PIECES)))


def many_tiny_chunks(target: Target) -> Iterator[Piece]:
    yield from chunked(target, iter([]))
    yield b"".join([b"1\r\nx\r\n"] * (target.door.body_limit_bytes + 10))


def truncated(target: Target) -> Iterator[Piece]:
    body = body_of(target.case)
    yield post(target, body, length=len(body) + 500) + body


def truncated_chunks(target: Target) -> Iterator[Piece]:
    yield from chunked(target, iter([body_of(target.case)]))


def slow_drip(target: Target) -> Iterator[Piece]:
    body = body_of(target.case)
    yield post(target, body)
    for octet in body[:40]:
        yield DRIP_S
        yield bytes([octet])


def stalled(target: Target) -> Iterator[Piece]:
    yield post(target, body_of(target.case)) + body_of(target.case)[:-1]


def bad_chunk_size(target: Target) -> Iterator[Piece]:
    yield from chunked(target, iter([]))
    yield b"zz\r\nhelp\r\n0\r\n\r\n"


def two_lengths(target: Target) -> Iterator[Piece]:
    body = body_of(target.case)
    yield post(target, body, headers={"Transfer-Encoding": "chunked"}) + body


def negative_length(target: Target) -> Iterator[Piece]:
    yield post(target, b"", length=-1) + body_of(target.case)


def huge_header(target: Target) -> Iterator[Piece]:
    body = body_of(target.case)
    yield post(target, body, headers={"X-Absurd": "x" * 200_000}) + body


def ten_thousand_headers(target: Target) -> Iterator[Piece]:
    body = body_of(target.case)
    yield post(target, body, headers={f"X-Absurd-{n}": "x" for n in range(10_000)}) + body


def eight_bit_target(target: Target) -> Iterator[Piece]:
    body = body_of(target.case)
    yield post(target, body, path=target.case["path"] + "?\xff") + body


def nul_in_a_header(target: Target) -> Iterator[Piece]:
    body = body_of(target.case)
    yield post(target, body, headers={"X-Absurd": "a\0b"}) + body


def not_http(target: Target) -> Iterator[Piece]:
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\r\n\r\n"


def another_method(target: Target) -> Iterator[Piece]:
    body = body_of(target.case)
    yield post(target, body).replace(b"POST ", b"PUT ", 1) + body


def strange_expectation(target: Target) -> Iterator[Piece]:
    body = body_of(target.case)
    yield post(target, body, headers={"Expect": "miracles"}) + body


MANNERS: tuple[tuple[Manner, bool, set[int]], ...] = (
    (oversize, False, {413}),
    (twenty_megabytes, False, {413}),
    (endless_chunks, False, {413}),
    (many_tiny_chunks, False, {413, 408}),
    (truncated, True, {400, 0}),
    (truncated_chunks, True, {400, 0}),
    (slow_drip, False, {408}),
    (stalled, False, {408}),
    (bad_chunk_size, False, {400, 408}),
    (two_lengths, False, {400}),
    (negative_length, False, {400}),
    (huge_header, False, {400, 431}),
    (ten_thousand_headers, False, {400, 431}),
    (eight_bit_target, False, {400}),
    (nul_in_a_header, False, {400}),
    (not_http, False, {400}),
    (another_method, False, {405}),
    (strange_expectation, False, {417}),
)


# -- bodies: authentic, whole, and wrong; each is acknowledged, kept and shown -----------------------------


def _nested_json(levels: int) -> bytes:
    return b'{"update_id": 1, "id": "0b0ff0d5-6d4b-4a9c-8a39-27bb9b6a4a11", "x": ' + (
        b"[" * levels + b"]" * levels + b"}"
    )


def _wide_json(size: int) -> bytes:
    words = '{"update_id": 2, "kind_of_tomorrow": {"from": {"id": 5001}, "t": "\\ud800", "all": ['
    return (words + ",".join(["0"] * ((size - 200) // 2)) + "]}}").encode()


def _many_names(size: int) -> bytes:
    names = ",".join(f'"n{n}": "\\ud800"' for n in range((size - 200) // 24))
    return ('{"update_id": 3, "x": {' + names + "}}").encode()


@cache
def _bomb(limit_bytes: int) -> bytes:
    """As much compressed nothing as the door takes, at most 100 MB."""
    return gzip.compress(bytes(min(100_000_000, limit_bytes * 900)), 9)


def _fields(number: int) -> bytes:
    return "&".join(f"f{n}=%00%ff" for n in range(number)).encode()


BODIES: dict[str, Callable[[Target], bytes]] = {
    "empty": lambda target: b"",
    "garbage": lambda target: bytes(range(256)) * 8,
    "NUL": lambda target: b"\0" * 1_000,
    "cut short": lambda target: body_of(target.case)[:-7],
    "twice": lambda target: body_of(target.case) * 2,
    "UTF-16": lambda target: body_of(target.case).decode("utf-8").encode("utf-16"),
    "Latin-1": lambda target: body_of(target.case) + b"\xe9\xff",
    "lone surrogates": lambda target: json.dumps({"id": "\ud800", "text": "\udfff", "update_id": 7}).encode(),
    "CESU surrogates": lambda target: b'{"update_id": 8, "text": "\xed\xa0\x80"}',
    "nested 5,000 deep": lambda target: _nested_json(5_000),
    "nested as deep as it goes": lambda target: _nested_json(target.door.body_limit_bytes // 2 - 50),
    "a very long list": lambda target: _wide_json(target.door.body_limit_bytes),
    "very many names": lambda target: _many_names(target.door.body_limit_bytes),
    "one long number": lambda target: b'{"update_id": ' + b"9" * (target.door.body_limit_bytes - 20) + b"}",
    "one long word": lambda target: b"a" * target.door.body_limit_bytes,
    "199 broken fields": lambda target: _fields(199),
    "too many fields": lambda target: _fields(1_000),
    "another form": lambda target: b"From=%2B447700900123&Body=help&MessageSid=",
    "an XML bomb": lambda target: b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><l>&b;</l>',
    "a gzip bomb": lambda target: _bomb(target.door.body_limit_bytes),
    "percent signs": lambda target: b"%" * 10_000,
    "ampersands": lambda target: b"&" * 150 + b"=" * 10_000,
}

HEADERS: dict[str, dict[str, str]] = {
    "no content type": {"Content-Type": ""},
    "another content type": {"Content-Type": "image/png"},
    "a broken content type": {"Content-Type": 'text/plain; charset="no\\such; =;; \xff'},
    "an unknown charset": {"Content-Type": "application/json; charset=x-klingon"},
    "an unknown encoding": {"Content-Encoding": "x-something"},
    "8-bit headers": {"User-Agent": "caf\xe9 \xff\xfe"},
    "another host": {"Host": "evil.example.net:99999"},
}
