"""What is said to callers, and what providers said of that."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from intake.store.tables.whole import index_where, metadata
from intake.store.types import ID, Instant

# The smaller outbox: what we say to callers. `author` is a handler, or `automatic:<phrase id>`.
replies = Table(
    "replies",
    metadata,
    Column("id", ID, primary_key=True),
    Column("contact_id", ID, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("caller", Text, nullable=False),
    Column("reply_to", Text, nullable=False),
    Column("in_reply_to", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("delivered_at", Instant),
    Column("provider_ref", Text, nullable=False),
    Column("provider_code", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
Index("ix_replies_contact", replies.c.contact_id, replies.c.id)
Index("ix_replies_caller", replies.c.caller, replies.c.id)
index_where(
    "ix_replies_provider",
    replies.c.channel,
    replies.c.provider_ref,
    where="provider_ref <> ''",
)
index_where(
    "ix_replies_due",
    replies.c.next_attempt_at,
    where="state = 'queued'",
)
# Replies a provider took and failed later, which no person has been told of yet.
index_where(
    "ix_replies_untold",
    replies.c.id,
    where="state = 'failed' AND reason = ''",
)

# A provider's word on a reply that came before our own record of the provider's reference.
delivery_reports = Table(
    "delivery_reports",
    metadata,
    Column("id", ID, primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("provider_ref", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("provider_code", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
)
Index("ix_delivery_reports_provider", delivery_reports.c.channel, delivery_reports.c.provider_ref)
