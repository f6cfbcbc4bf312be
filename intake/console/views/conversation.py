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
    the words that tell a place, in their order. An edit ``replaces`` the line of that id, empty where it is
    not known. ``channel`` and ``contact`` say by which way it came or went: a merged contact's lines stand
    among those of the contact that was kept.
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
    replaces: str = ""
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
    heard = [(stored, _message(stored)) for stored in said]
    replaced = _replaced(heard)
    lines = [
        _of_caller(stored, message, old_after_s, read.get(stored.id, ()), ask, replaced.get(stored.id, ""))
        for stored, message in heard
    ]
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
    same_way = before.contact == line.contact
    return only_words and same_way and line.author == CALLER and before.text == line.text


def _message(stored: StoredMessage) -> InboundMessage | None:
    try:
        return _read(stored.content)
    except msgspec.MsgspecError:
        return None


def _replaced(heard: Iterable[tuple[StoredMessage, InboundMessage | None]]) -> dict[str, str]:
    """Which line each edit stands for, by line id: the newest before it under the name that it edits.

    A channel names a message by its provider id, or where each update has one of its own as Telegram does,
    by ``extra["message"]``.
    """
    newest: dict[tuple[str, str], str] = {}
    replaced: dict[str, str] = {}
    for stored, message in heard:
        if message is None:
            continue
        if before := newest.get((stored.contact_id, message.edits)) if message.edits else None:
            replaced[stored.id] = before
        for name in (message.provider_id, message.extra.get("message")):
            if isinstance(name, str):
                newest[stored.contact_id, name] = stored.id
    return replaced


def _of_caller(
    stored: StoredMessage,
    message: InboundMessage | None,
    old_after_s: float,
    clues: Sequence[Clue],
    ask: Callable[[Clue], str],
    replaces: str,
) -> Line:
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
        replaces=replaces,
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
