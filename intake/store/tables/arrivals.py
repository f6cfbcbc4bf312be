"""What came in, and the conversation it belongs to."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    true,
)

from intake.store.tables.whole import index_where, metadata
from intake.store.types import ID, ROW_NUMBER, Instant, Json

# The bytes as they came. `state`: done | pending (a worker parses it) | defective.
raw_messages = Table(
    "raw_messages",
    metadata,
    Column("id", ID, primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("door", String(64), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("trust", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("defect", Text, nullable=False, default=""),
    Column("peer", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("path_args", Json, nullable=False),
    Column("envelope_from", Text, nullable=False),
    Column("headers", Json, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
index_where(
    "ix_raw_messages_pending",
    raw_messages.c.id,
    where="state = 'pending'",
)

# One caller's conversation. UUID `id` for programs, `number` for people to read aloud.
contacts = Table(
    "contacts",
    metadata,
    Column("number", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("channel", String(32), nullable=False),
    Column("caller", Text, nullable=False),
    # True while the caller's next message joins this contact: at most one a caller and channel.
    Column("threading", Boolean, nullable=False, server_default=true()),
    Column("state", String(16), nullable=False, server_default="waiting"),
    Column("priority", Integer, nullable=False, server_default="2"),
    Column("priority_rule", Text, nullable=False, server_default=""),
    Column("service", Text),
    Column("service_reason", Text, nullable=False, server_default=""),
    Column("queued_at", Instant, nullable=False),
    Column("last_message_at", Instant, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_by", Text, nullable=False, server_default=""),
    Column("summary", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("silent", Boolean, nullable=False),
    # The number an app or chat caller gave, as a tel: URI: AML knows callers by number only.
    Column("telephone", Text, nullable=False, server_default=""),
    Column("defect", Text, nullable=False),
    Column("reply_to", Text, nullable=False),
    Column("last_provider_id", Text, nullable=False),
    Column("location", Json),
    Column("incident_id", ID, nullable=False, server_default=""),
    # What a person should know of its routing since it was handed over: '' | moved | other_room.
    Column("reroute", String(16), nullable=False, server_default=""),
    # When its place is to be held against what its rooms were told; empty while nothing has changed.
    Column("place_check_at", Instant),
    # t3..t9 of STANDARDS section 7 (t0..t2 stand on messages).
    Column("first_shown_at", Instant),
    Column("claimed_at", Instant),
    Column("first_reply_at", Instant),
    Column("located_at", Instant),
    Column("routed_at", Instant),
    Column("accepted_at", Instant),
    Column("closed_at", Instant),
    Column("closed_reason", Text, nullable=False, server_default=""),
    # The contact this one is part of, while a merge stands: its state is then `merged`.
    Column("merged_into", ID, nullable=False, server_default=""),
    # When a handler found the caller unreachable, after trying what, and which signs of them there were by
    # then (`unreachable.Signs`). The time is empty again once somebody takes it.
    Column("unreachable_since", Instant),
    Column("unreachable_reason", Text, nullable=False, server_default=""),
    Column("unreachable_signs", Json),
)
# Law 3's other half: two doors in two processes cannot open two contacts for one caller.
index_where(
    "uq_contacts_threading",
    contacts.c.caller,
    contacts.c.channel,
    where="threading",
    unique=True,
)
index_where(
    "ix_contacts_telephone",
    contacts.c.telephone,
    where="telephone <> ''",
)
# Which contacts are part of another.
index_where(
    "ix_contacts_merged_into",
    contacts.c.merged_into,
    where="merged_into <> ''",
)
# The queue's order: priority, then waiting time. Only live contacts are in it.
index_where(
    "ix_contacts_queue",
    contacts.c.priority,
    contacts.c.queued_at,
    contacts.c.id,
    where="state <> 'closed' AND state <> 'merged'",
)

# Callers nobody could reach: looked at every two seconds for a sign of them.
index_where(
    "ix_contacts_stale",
    contacts.c.unreachable_since,
    where="state = 'stale'",
)

index_where(
    "ix_contacts_place_check",
    contacts.c.place_check_at,
    where="place_check_at IS NOT NULL",
)

# What callers said. `triaged_at` is empty until the worker has read it for place and service.
messages = Table(
    "messages",
    metadata,
    Column("id", ID, primary_key=True),
    Column("contact_id", ID),
    Column("raw_id", ID, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sent_at", Instant),
    Column("received_at", Instant, nullable=False),
    # The whole InboundMessage.
    Column("content", Json, nullable=False),
    # '' | defective | conflict (a known id came again with other content: both are kept, law 4)
    Column("flag", String(16), nullable=False),
    Column("triaged_at", Instant),
    # Law 3: one message per provider id, whatever the repeats, order or concurrency.
    UniqueConstraint("provider_id", "channel"),
    sqlite_with_rowid=False,
)
Index("ix_messages_contact", messages.c.contact_id, messages.c.id)
index_where(
    "ix_messages_untriaged",
    messages.c.id,
    where="triaged_at IS NULL",
)
