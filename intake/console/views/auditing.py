"""Records of the audit as rows: for the auditor's page, for the terminal and for a table calculator."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from intake.console.terminal.text import LONDON
from intake.console.wording import Words
from intake.store.audit import AuditRecord

COLUMNS = ("number", "at", "actor", "role", "action", "contact", "contact_id", "data", "digest")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


CSV_ROWS, CSV_PAGE = 100_000, 1_000
"""A download holds so many records at most, read in pages."""


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record as the auditor's page shows it, in the reader's words; the links search for what they name."""

    number: int
    at: str
    iso: str
    actor: str
    actor_link: str
    role: str
    did: str
    contact: str
    contact_link: str
    told: str


def rows_of(records: Iterable[AuditRecord], words: Words) -> list[AuditRow]:
    """An action or role that has no words yet is shown by its name."""
    return [
        AuditRow(
            number=one.number,
            at=moment(one.at),
            iso=one.at.isoformat(),
            actor=one.actor,
            actor_link=f"/audit?{urlencode({'actor': one.actor})}",
            role=words.get(f"audit.role_{one.role}", one.role),
            did=words.get(f"audit.act_{one.action.replace('.', '_')}", one.action),
            contact=(contact := one.reference or one.contact_id),
            contact_link=f"/audit?{urlencode({'contact': contact})}",
            told=told(one),
        )
        for one in records
    ]


def moment(at: datetime | None) -> str:
    """``22/11/2026 22:31:05 GMT``, London's clock: the same in both languages."""
    return "" if at is None else f"{at.astimezone(LONDON):%d/%m/%Y %H:%M:%S %Z}"


def told(record: AuditRecord) -> str:
    """``attempts 2, service fire``: what stands beside the action, in one line."""
    return ", ".join(f"{name} {_plain(value)}" for name, value in sorted(record.data.items()))


def csv_text(records: Iterable[AuditRecord], *, heading: bool = True) -> str:
    """RFC 4180, times in UTC. No cell begins as a formula: a table calculator would run it."""
    out = io.StringIO()
    writer = csv.writer(out)
    if heading:
        writer.writerow(COLUMNS)
    for one in records:
        at = one.at.isoformat().replace("+00:00", "Z")
        words = (one.actor, one.role, one.action, one.reference, one.contact_id, told(one), one.digest)
        writer.writerow([one.number, at, *map(inert, words)])
    return out.getvalue()


def inert(cell: str) -> str:
    """The same text, which no table calculator takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _plain(value: object) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
