"""A conversation as a person reads it: both sides in order, repeats folded, trouble marked. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from intake.contact import InboundMessage, MediaReference, MessageKind
from intake.location import Clue, ClueKind, Whose
from intake.store.contacts import StoredMessage, StoredReply

CALLER = "caller"
PLACE_SENT = "[location sent]"
_read = msgspec.json.Decoder(InboundMessage).decode


class ClueMark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words of a line that tell a place: ``text[start:end]``, to be underlined where they stand.

    ``start`` and ``end`` count Unicode characters (code points), not UTF-16 units. ``located`` says that
    the line's places hold one of this clue; ``negated`` that the sentence denies it ("not in Leeds any
    more"). ``options`` are the places an ambiguous name may mean, ``question`` is what to ask the caller
    then ("Which Newport?"), in their language. Marks nest: a postcode in an address.
    """

    kind: ClueKind
    start: int
    end: int
    words: str
    located: bool = False
    whose: Whose = Whose.UNSAID
    negated: bool = False
    options: tuple[str, ...] = ()
    question: str = ""
    note: str = ""


def _no_question(_clue: Clue) -> str:
    return ""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing said. ``author`` is ``caller``, a handler, or ``automatic:<phrase id>``.

    ``delivery`` is what became of a reply of ours. ``flags`` holds ``old`` (long on its way),
    ``defective`` (``raw`` shows what came), ``conflict`` and ``edit``. ``repeated_at`` lists when the
    very same words came again: people are told to send again after three minutes (law 4). ``clues`` are
    the words that tell a place, in their order. ``channel`` and ``contact`` say by which way it came or
    went: a merged contact's lines stand among those of the contact that was kept.
    """

    id: str
    at: datetime
    author: str
    text: str
    sent_at: datetime | None = None
    delivery: str = ""
    delivered_at: datetime | None = None
    trouble: str = ""
    kind: str = MessageKind.TEXT.value
    flags: tuple[str, ...] = ()
    repeated_at: tuple[datetime, ...] = ()
    attachments: tuple[MediaReference, ...] = ()
    edits: str = ""
    raw: str = ""
    extra: dict[str, Any] = msgspec.field(default_factory=dict)
    clues: tuple[ClueMark, ...] = ()
    channel: str = ""
    contact: str = ""


def conversation(
    said: Iterable[StoredMessage],
    answered: Iterable[StoredReply],
    old_after_s: float,
    clues: Mapping[str, Sequence[Clue]] | None = None,
    ask: Callable[[Clue], str] = _no_question,
) -> list[Line]:
    """Both sides by time; the same words of the caller in a row become one line. ``clues`` by message id;
    ``ask`` gives the ready question for a clue, or nothing."""
    read = clues or {}
    lines = [_of_caller(message, old_after_s, read.get(message.id, ()), ask) for message in said]
    lines += [_of_ours(reply) for reply in answered]
    folded: list[Line] = []
    for line in sorted(lines, key=lambda one: (one.at, one.id)):
        before = next((one for one in reversed(folded) if one.author == CALLER), None)
        if before is not None and _repeats(before, line):
            folded[folded.index(before)] = msgspec.structs.replace(
                before, repeated_at=(*before.repeated_at, line.at)
            )
        else:
            folded.append(line)
    return folded


def _repeats(before: Line, line: Line) -> bool:
    only_words = line.text not in ("", PLACE_SENT) and not (line.attachments or line.flags or line.edits)
    return only_words and line.author == CALLER and before.text == line.text


def _of_caller(
    stored: StoredMessage, old_after_s: float, clues: Sequence[Clue], ask: Callable[[Clue], str]
) -> Line:
    try:
        message = _read(stored.content)
    except msgspec.MsgspecError:
        message = None
    flags = [stored.flag] if stored.flag else []
    sent = stored.sent_at
    if sent is not None and (stored.received_at - sent).total_seconds() > old_after_s:
        flags.append("old")
    if message is not None and message.edits:
        flags.append("edit")
    return Line(
        id=stored.id,
        at=stored.received_at,
        author=CALLER,
        text=_words(message) if message else "[this version cannot read the stored message]",
        sent_at=sent,
        kind=stored.kind,
        flags=tuple(flags),
        attachments=message.attachments if message else (),
        edits=message.edits if message else "",
        raw=stored.raw.decode("utf-8", "replace"),
        extra=message.extra if message else {},
        clues=tuple(_mark(clue, ask(clue)) for clue in clues) if message else (),
        channel=stored.channel,
        contact=stored.contact_id,
    )


def _mark(clue: Clue, question: str) -> ClueMark:
    return ClueMark(
        kind=clue.kind,
        start=clue.start,
        end=clue.end,
        words=clue.words,
        located=bool(clue.hypotheses),
        whose=clue.whose,
        negated=clue.is_negated,
        options=clue.options,
        question=question,
        note=clue.note,
    )


def _words(message: InboundMessage) -> str:
    if message.text or not message.locations:
        return message.text
    return PLACE_SENT


def _of_ours(reply: StoredReply) -> Line:
    return Line(
        id=reply.id,
        at=reply.created_at,
        author=reply.author,
        text=reply.text,
        delivery=reply.state,
        delivered_at=reply.delivered_at,
        trouble=" ".join(part for part in (reply.provider_code, reply.reason) if part),
        channel=reply.channel,
        contact=reply.contact_id,
    )
