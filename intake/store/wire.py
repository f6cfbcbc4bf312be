"""What the doors' process and the writer's process say to each other over their socket.

A frame is its length, one letter, and msgpack. One frame holds one arrival, so that one which cannot
be read costs nothing but itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self

import msgspec

from intake.contact import DeliveryReport, InboundMessage, RawMessage, Receipt, Trust, clean_text

_HEAD = struct.Struct(">Ic")


class Envelope(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What is kept of a raw message: the first fields of every arrival, readable whatever follows them.

    ``headers`` are those the door stores. Text is as both engines can hold it (``clean_text``).
    """

    id: str
    channel: str
    door: str
    received_at: datetime
    body: bytes
    headers: dict[str, str]
    target: str
    path_args: dict[str, str]
    peer: str
    envelope_from: str
    trust: Trust
    defect: str
    is_stored: bool = False

    @classmethod
    def of(
        cls,
        raw: RawMessage,
        trust: Trust,
        defect: str,
        stored_headers: tuple[str, ...] = (),
        **more: Any,
    ) -> Self:
        return cls(
            id=raw.id,
            channel=raw.channel,
            door=raw.door,
            received_at=raw.received_at,
            body=raw.body,
            headers={name: clean_text(raw.headers[name]) for name in stored_headers if name in raw.headers},
            target=clean_text(raw.target),
            path_args={name: clean_text(value) for name, value in raw.path_args.items()},
            peer=raw.peer,
            envelope_from=clean_text(raw.envelope_from),
            trust=trust,
            defect=defect,
            **more,
        )


class Acceptance(Envelope, frozen=True, array_like=True, kw_only=True):
    """One call of ``Store.accept`` or ``Store.finish``; not ``is_parsed`` leaves its reading to a worker."""

    is_parsed: bool = True
    messages: tuple[InboundMessage, ...] = ()
    reports: tuple[DeliveryReport, ...] = ()


def stand_in(envelope: Envelope, reason: str) -> Acceptance:
    """A message the tables refuse, as raw bytes with a harmless message in its place (law 5)."""
    words = InboundMessage(
        channel=envelope.channel,  # type: ignore[arg-type]
        provider_id=f"raw:{envelope.id}",
        caller=f"unknown:{envelope.id}",  # type: ignore[arg-type]
        text=f"[message kept as raw bytes only: {reason}]",
    )
    return Acceptance(
        id=envelope.id,
        channel=envelope.channel,
        door=envelope.door,
        received_at=envelope.received_at,
        body=envelope.body,
        headers={},
        target="",
        path_args={},
        peer="",
        envelope_from="",
        trust=envelope.trust,
        defect=reason,
        is_stored=envelope.is_stored,
        messages=(words,),
    )


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The first frame: what the writer needs to know. Never on a command line, for it holds a password."""

    url: str
    thread_silence_s: float
    at: datetime


# To the writer …
OPENING, ARRIVAL, TURN, DONE = b"O", b"A", b"T", b"D"
"""TURN asks for quiet, DONE gives it back: between YOURS and DONE the writer does not touch the database."""

# … and from it.
READY, REFUSED, ANSWERS, YOURS = b"R", b"X", b"K", b"Y"
"""ANSWERS hold a Receipt, or the reason for none, for each arrival in the order of arrival."""

Answers = list[Receipt | str]

encode = msgspec.msgpack.Encoder().encode
read_opening = msgspec.msgpack.Decoder(Opening).decode
read_arrival = msgspec.msgpack.Decoder(Acceptance).decode
read_envelope = msgspec.msgpack.Decoder(Envelope).decode
read_answers = msgspec.msgpack.Decoder(Answers).decode


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    return _HEAD.pack(len(payload), kind) + payload


class Frames:
    """Cuts a stream into ``(kind, payload)``; what is not whole yet waits for the rest."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes | memoryview) -> Iterator[tuple[bytes, bytes]]:
        buffer = self._buffer
        buffer += data
        at = 0
        try:
            while len(buffer) - at >= _HEAD.size:
                length, kind = _HEAD.unpack_from(buffer, at)
                end = at + _HEAD.size + length
                if end > len(buffer):
                    return
                yield kind, bytes(memoryview(buffer)[at + _HEAD.size : end])
                at = end
        finally:
            del buffer[:at]
