"""Whether the line to a room works, as far as what went over it lately can tell."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, select

from intake.store.supervising import DAY_S, since_id
from intake.store.tables import transfers


def last_answers(conn: Connection, room_ids: Collection[str]) -> dict[str, datetime]:
    """When each of these rooms last took a message or said what became of it, within a day."""
    rows = conn.execute(
        select(
            transfers.c.room_id,
            func.max(transfers.c.delivered_at).label("delivered"),
            func.max(transfers.c.answered_at).label("answered"),
        )
        .where(transfers.c.id > since_id(DAY_S), transfers.c.room_id.in_(room_ids))
        .group_by(transfers.c.room_id)
    ).all()
    moments = {row.room_id: [one for one in (row.delivered, row.answered) if one] for row in rows}
    return {room_id: max(found) for room_id, found in moments.items() if found}
