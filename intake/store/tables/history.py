"""What happened, append-only, and when each channel's doors were open."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from intake.store.tables.whole import metadata
from intake.store.types import ID, Instant, Json

# Append-only, guarded by triggers made in the migrations.
log_events = Table(
    "log_events",
    metadata,
    Column("id", ID, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("name", String(40), nullable=False),
    Column("contact_id", ID, nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", Json, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_log_events_contact", log_events.c.contact_id, log_events.c.id)

# Minutes in which each channel's doors were open: a quiet hour and an outage must not look alike.
door_minutes = Table(
    "door_minutes",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("minute", Instant, primary_key=True),
)
