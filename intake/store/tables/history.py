"""What happened and who looked, append-only, and when each channel's doors were open."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from intake.store.tables.whole import metadata
from intake.store.types import ID, ROW_NUMBER, Instant, Json

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

# Who did or saw what: each record holds the digest of the one before (law 17). Guarded as log_events is.
audit_records = Table(
    "audit_records",
    metadata,
    Column("number", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(40), nullable=False),
    Column("role", String(16), nullable=False),
    Column("action", String(40), nullable=False),
    Column("contact_id", ID, nullable=False),
    # JSON, as the text that the digest was made over.
    Column("data", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)
Index("ix_audit_records_contact", audit_records.c.contact_id, audit_records.c.number)
Index("ix_audit_records_actor", audit_records.c.actor, audit_records.c.number)
Index("ix_audit_records_action", audit_records.c.action, audit_records.c.number)
Index("ix_audit_records_at", audit_records.c.at)

# Minutes in which each channel's doors were open: a quiet hour and an outage must not look alike.
door_minutes = Table(
    "door_minutes",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("minute", Instant, primary_key=True),
)
