"""The record of who saw and did what: a chain of digests that no edit survives unseen (law 17).

The digest of a record is the SHA-256, in small hex, of the UTF-8 bytes of one JSON array without white space:

    ["intake-audit-1",number,at,"actor","role","action","contact_id","data","previous"]

``number`` counts from 1 without a gap, ``at`` is in microseconds since 1970, ``data`` is the text of the
column (a JSON object with sorted keys) as a string, ``previous`` the digest before, or 64 zeros. Strings
are written as RFC 8785 §3.2.2.2 says: only ``"``, ``\\`` and what is below U+0020 is escaped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, Connection, select, type_coerce
from sqlalchemy.exc import SQLAlchemyError

from intake.errors import NotFound, StoreUnavailable
from intake.reference import reference
from intake.store.contacts import find
from intake.store.locks import take_turns
from intake.store.tables import audit_records, contacts
from intake.store.types import from_us, to_us

FORMAT = "intake-audit-1"
NOTHING = "0" * 64
"""What stands for the digest before the first record."""
SLICE = 2_000

_WORD = re.compile(r"[a-z0-9][a-z0-9._:@-]{0,39}")
# No space: what somebody wrote is no such word. No long number: nobody can be called by a record.
_TOLD = re.compile(r"[A-Za-z0-9._:@/,=-]{0,100}")
_DIGITS = re.compile(r"(?<![0-9a-f-])[0-9]{9,}(?![0-9a-f-])")
T = TypeVar("T")
Recording = Callable[[Connection], object]
"""What another's transaction does last: see ``record``."""
Told = bool | int | str | None | Sequence[str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be recorded. ``contact`` is an id, a reference, or empty. ``data`` holds fences, states,
    names and counts: no word, number or place of a caller."""

    actor: str
    role: str
    action: str
    contact: str = ""
    data: Mapping[str, Told] = {}

    def __post_init__(self) -> None:
        for word in (self.actor, self.role, self.action):
            if not _WORD.fullmatch(word):
                raise ValueError(
                    f"{word!r} cannot stand in the audit record: small letters, digits, . _ : @ -"
                )
        for name, value in self.data.items():
            if not may_be_told(value):
                raise ValueError(
                    f"the audit record takes no such value as {name!r}: ids, words and counts only"
                )


class Head(msgspec.Struct, frozen=True):
    """A record's number and digest; whoever keeps it elsewhere can tell whether the end was cut off."""

    number: int = 0
    digest: str = NOTHING


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record as it is stored; ``reference`` is its contact's."""

    number: int
    at: datetime
    actor: str
    role: str
    action: str
    contact_id: str
    reference: str
    data: Mapping[str, Any]
    digest: str


class Verified(msgspec.Struct, frozen=True):
    """How far a chain holds; ``problem`` names the first record that does not, empty where all do."""

    head: Head
    problem: str = ""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Which records; ``action`` may end in ``.`` for all of a kind, ``before`` is a record's number."""

    actor: str = ""
    contact_id: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def record(
    conn: Connection, now: datetime, actor: str, role: str, action: str, contact: str = "", **data: Told
) -> Head:
    """Append one record as the last thing a transaction does; raises StoreUnavailable, then nothing is done.

    Last, because its turn is held until the commit: on PostgreSQL a transaction that locked rows after it
    could wait for one that waits for its turn.
    """
    return append(conn, now, [Entry(actor=actor, role=role, action=action, contact=contact, data=data)])


def recorded(work: Callable[[Connection], T], record: Recording | None) -> Callable[[Connection], T]:
    """``work`` with ``record`` as the last thing of its transaction."""

    def both(conn: Connection) -> T:
        result = work(conn)
        if record is not None:
            record(conn)
        return result

    return both


def append(conn: Connection, now: datetime, entries: Iterable[Entry]) -> Head:
    """The same for several; returns the new end of the chain."""
    try:
        take_turns(conn, "audit")
        last = head(conn)
        rows = []
        for entry in entries:
            rows.append(_row(last, now, entry, _contact_id(conn, entry.contact)))
            last = Head(rows[-1]["number"], rows[-1]["digest"])
        if rows:
            conn.execute(audit_records.insert(), rows)
        return last
    except SQLAlchemyError as error:
        raise StoreUnavailable("the audit record cannot be written: nothing was done") from error


def head(conn: Connection) -> Head:
    """The end of the chain."""
    newest = select(audit_records.c.number, audit_records.c.digest).order_by(audit_records.c.number.desc())
    found = conn.execute(newest.limit(1)).one_or_none()
    return Head() if found is None else Head(found.number, found.digest)


def digest_of(
    number: int, at_us: int, actor: str, role: str, action: str, contact_id: str, data: str, previous: str
) -> str:
    """See the module for the bytes."""
    content = [FORMAT, number, at_us, actor, role, action, contact_id, data, previous]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def verify_slice(
    conn: Connection, after: Head | None, kept: Mapping[int, str] = {}, limit: int = SLICE
) -> Verified:
    """Go on from ``after`` (None from the very first row); the same head back means the end is reached.

    ``kept`` maps numbers to digests that were kept elsewhere.
    """
    at = type_coerce(audit_records.c.at, BigInteger)
    columns = [at.label("at") if one.name == "at" else one for one in audit_records.c]
    query = select(*columns).order_by(audit_records.c.number).limit(limit)
    if after is not None:
        query = query.where(audit_records.c.number > after.number)
    last = after or Head()
    for row in conn.execute(query):
        if problem := _problem(row, last, kept):
            return Verified(last, problem)
        last = Head(row.number, row.digest)
    return Verified(last)


def cut_off(end: Head, kept: Mapping[int, str]) -> str:
    """What is wrong with a chain that holds up to ``end`` where heads were kept; empty for nothing."""
    beyond = [number for number in kept if number > end.number]
    if not beyond:
        return ""
    return f"records {end.number + 1} to {max(beyond)} are missing: a kept head names number {max(beyond)}"


def search(conn: Connection, wanted: Search, limit: int = 100) -> list[AuditRecord]:
    """The newest records first."""
    columns = audit_records.c
    query = (
        select(audit_records, contacts.c.number.label("spoken"), contacts.c.queued_at)
        .outerjoin(contacts, contacts.c.id == columns.contact_id)
        .order_by(columns.number.desc())
        .limit(limit)
    )
    if wanted.action.endswith("."):
        query = query.where(columns.action.startswith(wanted.action, autoescape=True))
    elif wanted.action:
        query = query.where(columns.action == wanted.action)
    for column, value in ((columns.actor, wanted.actor), (columns.contact_id, wanted.contact_id)):
        if value:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(columns.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(columns.at < wanted.until)
    if wanted.before is not None:
        query = query.where(columns.number < wanted.before)
    return [_record(row) for row in conn.execute(query)]


def _record(row: Any) -> AuditRecord:
    data: Any = {}
    with suppress(msgspec.MsgspecError, TypeError):  # an edited row is shown, and told by `verify`
        data = msgspec.json.decode(row.data)
    return AuditRecord(
        number=row.number,
        at=row.at,
        actor=row.actor,
        role=row.role,
        action=row.action,
        contact_id=row.contact_id,
        reference=reference(row.spoken, row.queued_at) if row.spoken else "",
        data=data if isinstance(data, dict) else {},
        digest=row.digest,
    )


def _row(last: Head, now: datetime, entry: Entry, contact_id: str) -> dict[str, Any]:
    data = msgspec.json.encode(entry.data, order="sorted").decode()
    number, at_us = last.number + 1, to_us(now)
    digest = digest_of(number, at_us, entry.actor, entry.role, entry.action, contact_id, data, last.digest)
    return {
        "number": number,
        "at": from_us(at_us),
        "actor": entry.actor,
        "role": entry.role,
        "action": entry.action,
        "contact_id": contact_id,
        "data": data,
        "previous": last.digest,
        "digest": digest,
    }


def _contact_id(conn: Connection, address: str) -> str:
    if not address:
        return ""
    try:
        return find(conn, address)
    except NotFound:
        return ""  # a slip of the keyboard reaches nobody's contact


def _problem(row: Any, last: Head, kept: Mapping[int, str]) -> str:
    if row.number != last.number + 1:
        if row.number < 1:
            return f"record {row.number} was inserted: the first is number 1"
        gap = f"record {last.number + 1} is missing"
        return gap if row.number == last.number + 2 else f"{gap}, and on to {row.number - 1}"
    content = [row.actor, row.role, row.action, row.contact_id, row.data, row.previous, row.digest]
    if not isinstance(row.at, int) or not all(isinstance(one, str) for one in content):
        return f"record {row.number} was edited: it holds what no record holds"
    if row.previous != last.digest:
        return f"record {row.number} does not follow record {last.number}: one of them was replaced"
    if row.digest != digest_of(row.number, row.at, *content[:-1]):
        return f"record {row.number} was edited"
    if kept.get(row.number, row.digest) != row.digest:
        return f"record {row.number} is not the one whose head was kept: the chain was written anew"
    return ""


def may_be_told(value: Told) -> bool:
    """Whether a record takes this: an id, a word, a count, or a few of them; never a telephone number."""
    if value is None or isinstance(value, int):
        return value is None or abs(value) < 10**9
    if isinstance(value, str):
        return _TOLD.fullmatch(value) is not None and _DIGITS.search(value) is None
    if isinstance(value, list | tuple):
        return len(value) <= 20 and all(isinstance(one, str) and may_be_told(one) for one in value)
    return False
