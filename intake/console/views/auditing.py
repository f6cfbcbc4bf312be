"""Records of the audit as rows: for the auditor's page, for the terminal and for a table calculator."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from intake.store.audit import AuditRecord

COLUMNS = ("number", "at", "actor", "role", "action", "contact", "contact_id", "data", "digest")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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
