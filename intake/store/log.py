"""The append-only log: written in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import uuid_utils
from sqlalchemy import Connection, select

from intake.log_events import LogEvent, LogEventName
from intake.store.tables import log_events


def write(
    conn: Connection, now: datetime, name: LogEventName, contact_id: str, actor: str, data: dict[str, Any]
) -> None:
    """Append one event; ``data`` holds ids, states and reasons, never what a person wrote."""
    conn.execute(
        log_events.insert().values(
            id=str(uuid_utils.uuid7()), at=now, name=name, contact_id=contact_id, actor=actor, data=data
        )
    )


def of_contact(conn: Connection, contact_id: str) -> Sequence[LogEvent]:
    """Every event of one contact, oldest first."""
    rows = conn.execute(
        select(log_events).where(log_events.c.contact_id == contact_id).order_by(log_events.c.id)
    )
    return [
        LogEvent(
            id=row.id,
            at=row.at,
            name=LogEventName(row.name),
            contact_id=row.contact_id,
            actor=row.actor,
            data=row.data,
        )
        for row in rows
    ]
