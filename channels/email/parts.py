"""Splits a MIME message into its parts within limits, without recursion and without copying. Pure.

The standard library's parser recurses for each nested part (5,000 of them raise RecursionError) and
walks every line in Python (20,000 parts block for over a second). So only headers are parsed by it,
and bodies are cut at their boundaries here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from email.message import Message
from email.parser import BytesHeaderParser
from typing import TypeVar

import msgspec

DEPTH_LIMIT = 20
PARTS_LIMIT = 200
HEADER_LIMIT_BYTES = 262_144
PART_HEADER_LIMIT_BYTES = 16_384
HEADER_VALUE_LIMIT = 2_000
TEXT_LIMIT_BYTES = 1_000_000

UNSAFE_CODECS = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "unicode-escape"}

_BLANK_LINE = re.compile(rb"^\r?\n", re.MULTILINE)
_PARSER = BytesHeaderParser()

Value = TypeVar("Value")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part: ``number`` counts from 1 in the order they stand, containers included.

    ``choice`` is the number of the nearest multipart/alternative around it, ``enclosed`` that of the
    nearest attached message; 0 for none. The content is ``body[start:end]``, still encoded.
    """

    number: int
    headers: Message
    content_type: str
    start: int
    end: int
    choice: int
    enclosed: int


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Every leaf and attached message in order, and why the rest is missing, if so."""

    parts: list[Part]
    trouble: str


def quietly(read: Callable[[], Value], otherwise: Value) -> Value:
    """What ``read`` gives; the email package raises nearly anything for hostile headers."""
    try:
        return read()
    except Exception:
        return otherwise


def split(body: bytes) -> Parts:
    """The parts of a whole message."""
    found: list[Part] = []
    trouble = ""
    seen = 0
    # start, end, depth, alternative around, attached message around, is a message of its own
    waiting = [(0, len(body), 0, 0, 0, True)]
    while waiting:
        start, end, depth, choice, enclosed, is_message = waiting.pop()
        seen += 1
        if seen > PARTS_LIMIT or depth > DEPTH_LIMIT:
            trouble = (
                f"more than {PARTS_LIMIT} parts" if seen > PARTS_LIMIT else f"nested over {DEPTH_LIMIT} deep"
            )
            if seen > PARTS_LIMIT:
                break
            continue
        limit = HEADER_LIMIT_BYTES if is_message else PART_HEADER_LIMIT_BYTES
        headers, start = read_headers(body, start, end, limit)
        kind = quietly(headers.get_content_type, "text/plain")
        part = Part(
            number=seen,
            headers=headers,
            content_type=kind,
            start=start,
            end=end,
            choice=choice,
            enclosed=enclosed,
        )
        inner = _sections(body, part) if kind.startswith("multipart/") else []
        if kind == "message/rfc822":
            found.append(part)
            waiting.append((start, end, depth + 1, 0, seen, True))
        elif inner:
            around = seen if kind == "multipart/alternative" else choice
            waiting += [(a, b, depth + 1, around, enclosed, False) for a, b in reversed(inner)]
        else:
            found.append(part)
    return Parts(parts=found, trouble=trouble)


def read_headers(body: bytes, start: int, end: int, limit_bytes: int) -> tuple[Message, int]:
    """The headers that begin at ``start``, and where the content begins."""
    reach = min(end, start + limit_bytes)
    blank = _BLANK_LINE.search(body, start, reach)
    stop, content = (blank.start(), blank.end()) if blank else (reach, reach)
    message = _PARSER.parsebytes(body[start:stop])
    bare = copy(message)
    del bare["Content-Type"]  # a charset would decode the rest, so that it could not be counted in bytes
    if isinstance(rest := bare.get_payload(), str) and rest:
        content = stop - len(rest)  # a line that is no header ends the headers: what follows are words
    for name in ("Content-Type", "Content-Disposition", "Content-Transfer-Encoding"):
        value = raw_header(message, name)
        # The package's parameter parser is quadratic in its input.
        if len(value) > HEADER_VALUE_LIMIT:
            message.replace_header(name, value[:HEADER_VALUE_LIMIT])
    return message, content


def raw_header(message: Message, name: str) -> str:
    """The first header of that name, unfolded; bytes that are not ASCII read as UTF-8. Empty if none."""
    return next(iter(raw_headers(message, name)), "")


def raw_headers(message: Message, name: str) -> list[str]:
    """Every header of that name, as ``raw_header`` gives it."""
    wanted = name.lower()
    values = [value for found, value in message.raw_items() if found.lower() == wanted]
    return [
        re.sub(r"\r?\n", "", str(value)).encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()
        for value in values
    ]


def content(body: bytes, part: Part, limit_bytes: int | None = None) -> bytes:
    """A part's content with its transfer encoding undone."""
    end = part.end if limit_bytes is None else min(part.end, part.start + limit_bytes)
    part.headers.set_payload(body[part.start : end].decode("ascii", "surrogateescape"))
    decoded = quietly(lambda: part.headers.get_payload(decode=True), None)
    return decoded if isinstance(decoded, bytes) else body[part.start : end]


def size_bytes(body: bytes, part: Part) -> int:
    """The size of a part's content, without decoding it."""
    encoding = raw_header(part.headers, "Content-Transfer-Encoding").lower()
    if encoding != "base64":
        return part.end - part.start
    characters = body[part.start : part.end].translate(None, b"\r\n \t")
    return len(characters.rstrip(b"=")) * 3 // 4


def text(body: bytes, part: Part) -> str:
    """A text part's characters; an unknown or lying charset costs none of the readable ones."""
    octets = content(body, part, TEXT_LIMIT_BYTES)
    charset = quietly(lambda: part.headers.get_content_charset(), None) or "utf-8"
    if charset.lower() not in UNSAFE_CODECS:
        try:
            return octets.decode(charset)
        except (LookupError, ValueError):
            pass  # an unknown name, or bytes that are something else
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def read_part(body: bytes, reference: str) -> tuple[str, bytes]:
    """Content type and content of ``part:N``; ``LookupError`` if there is no such part."""
    for part in split(body).parts:
        if reference == f"part:{part.number}":
            return part.content_type, content(body, part)
    raise LookupError(f"no {reference} in this message")


def _sections(body: bytes, part: Part) -> list[tuple[int, int]]:
    boundary = quietly(part.headers.get_boundary, None)
    if not boundary:
        return []
    line = re.compile(
        rb"^--" + re.escape(boundary.encode("utf-8", "surrogateescape")) + rb"(--)?[ \t]*\r?(?:\n|\Z)",
        re.MULTILINE,
    )
    sections: list[tuple[int, int]] = []
    opened: int | None = None
    for mark in line.finditer(body, part.start, part.end):
        if opened is not None:
            # The line break before a boundary belongs to it (RFC 2046 §5.1.1).
            sections.append((opened, max(opened, _before_break(body, mark.start()))))
        opened = None if mark.group(1) else mark.end()
        if mark.group(1) or len(sections) > PARTS_LIMIT:
            break
    if opened is not None and len(sections) <= PARTS_LIMIT:
        sections.append((opened, part.end))
    return sections


def _before_break(body: bytes, at: int) -> int:
    at -= 1 if body[at - 1 : at] == b"\n" else 0
    return at - 1 if body[at - 1 : at] == b"\r" else at
