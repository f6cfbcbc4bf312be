"""Where callers are: hypotheses, and the clues, phones and links that bring them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text

from intake.store.tables.whole import index_where, metadata
from intake.store.types import ID, Instant, Json

# Hypotheses: appended, never overwritten (law 14). `contact_id` is empty for a fix that waits.
locations = Table(
    "locations",
    metadata,
    Column("id", ID, primary_key=True),
    Column("contact_id", ID),
    Column("message_id", ID),
    Column("caller", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("source", String(32), nullable=False),
    Column("uncertainty_m", Float, nullable=False),
    Column("location", Json, nullable=False),
    Column("actor", Text, nullable=False),
    # Of a phone's own fix: the device it names, and by what it found its contact (or why it did not).
    Column("device", Text, nullable=False, server_default=""),
    Column("joined_by", String(32), nullable=False, server_default=""),
)
Index("ix_locations_contact", locations.c.contact_id, locations.c.id)
index_where(
    "ix_locations_waiting",
    locations.c.caller,
    where="contact_id IS NULL",
)
index_where(
    "ix_locations_device",
    locations.c.device,
    where="contact_id IS NULL AND device <> ''",
)
# The contact first, always empty here: or SQLite would rather read every fix that ever found none.
index_where(
    "ix_locations_unclaimed",
    locations.c.contact_id,
    locations.c.received_at,
    where="contact_id IS NULL",
)
# Fixes that are with a contact which only stated their number: its owner may still come.
index_where(
    "ix_locations_stated",
    locations.c.caller,
    where="joined_by = 'stated number'",
)

# Which device goes with which caller, each time a phone or a caller said so; and what else the phone said.
phones = Table(
    "phones",
    metadata,
    Column("id", ID, primary_key=True),
    Column("message_id", ID, nullable=False),
    Column("caller", Text, nullable=False),
    Column("device", Text, nullable=False),
    # Said by the caller, who may say what they like, and not by the phone's own AML.
    Column("is_stated", Boolean, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("language", Text, nullable=False),
    Column("crashed_at", Instant),
)
Index("ix_phones_caller", phones.c.caller, phones.c.received_at)
index_where(
    "ix_phones_device",
    phones.c.device,
    phones.c.received_at,
    where="device <> ''",
)

# The words that told a place, located or not, so that a handler sees them where they were written.
clues = Table(
    "clues",
    metadata,
    Column("id", ID, primary_key=True),
    Column("contact_id", ID),
    Column("message_id", ID, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("clue", Json, nullable=False),
)
Index("ix_clues_message", clues.c.message_id)
Index("ix_clues_contact", clues.c.contact_id, clues.c.id)

# Clues that only a service outside can place (an address, three words): a look-up each, queued with its
# clue. `next_attempt_at` is schedule, lease and back-off in one; `attempts` is the fence.
clue_lookups = Table(
    "clue_lookups",
    metadata,
    Column("clue_id", ID, primary_key=True),
    Column("contact_id", ID, nullable=False),
    Column("message_id", ID, nullable=False),
    Column("kind", String(32), nullable=False),
    # queued | found | nothing | unneeded | refused | given_up
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("provider", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
Index("ix_clue_lookups_contact", clue_lookups.c.contact_id)
index_where(
    "ix_clue_lookups_due",
    clue_lookups.c.kind,
    clue_lookups.c.next_attempt_at,
    where="state = 'queued'",
)

# Invitations to share a place by the caller's own browser. Only a digest of the code is kept.
location_links = Table(
    "location_links",
    metadata,
    Column("id", ID, primary_key=True),
    Column("contact_id", ID, nullable=False),
    Column("code_digest", String(64), nullable=False, unique=True),
    # once | live
    Column("mode", String(16), nullable=False),
    Column("language", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    # The reply that brought it, whose state says whether it was sent and delivered.
    Column("reply_id", ID, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("opened_at", Instant),
    Column("asked_at", Instant),
    Column("granted_at", Instant),
    Column("refused_at", Instant),
    Column("first_fix_at", Instant),
    Column("last_fix_at", Instant),
    Column("best_fix_m", Float),
    # '' | denied | unavailable | timeout | insecure: what the browser said last
    Column("trouble", String(16), nullable=False),
    Column("ended_at", Instant),
    # '' | replaced | finished | stopped | closed
    Column("ended_reason", String(16), nullable=False),
)
Index("ix_location_links_contact", location_links.c.contact_id, location_links.c.id)
