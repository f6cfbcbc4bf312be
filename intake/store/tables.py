"""The tables: one truth for both engines, for the hot inserts and for the migrations."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

from intake.store.types import ID, ROW_NUMBER, Instant, Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

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
Index(
    "ix_raw_messages_pending",
    raw_messages.c.id,
    sqlite_where=text("state = 'pending'"),
    postgresql_where=text("state = 'pending'"),
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
)
# Law 3's other half: two doors in two processes cannot open two contacts for one caller.
Index(
    "uq_contacts_threading",
    contacts.c.caller,
    contacts.c.channel,
    unique=True,
    sqlite_where=text("threading"),
    postgresql_where=text("threading"),
)
Index(
    "ix_contacts_telephone",
    contacts.c.telephone,
    sqlite_where=text("telephone <> ''"),
    postgresql_where=text("telephone <> ''"),
)
# The queue's order: priority, then waiting time. Only live contacts are in it.
Index(
    "ix_contacts_queue",
    contacts.c.priority,
    contacts.c.queued_at,
    contacts.c.id,
    sqlite_where=text("state <> 'closed'"),
    postgresql_where=text("state <> 'closed'"),
)

Index(
    "ix_contacts_place_check",
    contacts.c.place_check_at,
    sqlite_where=text("place_check_at IS NOT NULL"),
    postgresql_where=text("place_check_at IS NOT NULL"),
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
Index(
    "ix_messages_untriaged",
    messages.c.id,
    sqlite_where=text("triaged_at IS NULL"),
    postgresql_where=text("triaged_at IS NULL"),
)

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
Index(
    "ix_locations_waiting",
    locations.c.caller,
    sqlite_where=text("contact_id IS NULL"),
    postgresql_where=text("contact_id IS NULL"),
)
Index(
    "ix_locations_device",
    locations.c.device,
    sqlite_where=text("contact_id IS NULL AND device <> ''"),
    postgresql_where=text("contact_id IS NULL AND device <> ''"),
)
# The contact first, always empty here: or SQLite would rather read every fix that ever found none.
Index(
    "ix_locations_unclaimed",
    locations.c.contact_id,
    locations.c.received_at,
    sqlite_where=text("contact_id IS NULL"),
    postgresql_where=text("contact_id IS NULL"),
)
# Fixes that are with a contact which only stated their number: its owner may still come.
Index(
    "ix_locations_stated",
    locations.c.caller,
    sqlite_where=text("joined_by = 'stated number'"),
    postgresql_where=text("joined_by = 'stated number'"),
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
Index(
    "ix_phones_device",
    phones.c.device,
    phones.c.received_at,
    sqlite_where=text("device <> ''"),
    postgresql_where=text("device <> ''"),
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
Index(
    "ix_clue_lookups_due",
    clue_lookups.c.kind,
    clue_lookups.c.next_attempt_at,
    sqlite_where=text("state = 'queued'"),
    postgresql_where=text("state = 'queued'"),
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

# Who gets it, and why. `inputs` holds the location used, so that a decision can be replayed.
decisions = Table(
    "decisions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("contact_id", ID, nullable=False),
    Column("service", String(64), nullable=False),
    Column("room_id", Text, nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("probability", Float, nullable=False),
    Column("decision", Json, nullable=False),
    Column("location_id", ID),
    Column("inputs", Json, nullable=False),
    Column("map_version", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("decided_by", Text, nullable=False),
    # sent | proposed (a person has not chosen it) | told (the room that has it was told a new place)
    Column("standing", String(16), nullable=False, server_default="sent"),
    # Over all of the row; the log, which nobody can edit, holds it too.
    Column("seal", String(64), nullable=False, server_default=""),
)
Index("ix_decisions_contact", decisions.c.contact_id, decisions.c.id)

# What decisions stand on, as it stood: each policy and register that ever decided, by its fingerprint.
routing_grounds = Table(
    "routing_grounds",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    # policy | register
    Column("kind", String(16), nullable=False),
    Column("content", Text, nullable=False),
    Column("first_used_at", Instant, nullable=False),
)

# A place that changed after the hand-over: what the rooms were told, and what a person made of it.
reroutes = Table(
    "reroutes",
    metadata,
    Column("id", ID, primary_key=True),
    Column("contact_id", ID, nullable=False),
    Column("service", String(64), nullable=False),
    # moved | other_room
    Column("kind", String(16), nullable=False),
    # open | handing (another room is asked) | done | refused | dismissed | superseded | withdrawn
    Column("state", String(16), nullable=False),
    Column("held_room_id", Text, nullable=False),
    Column("proposed_room_id", Text, nullable=False),
    Column("moved_m", Float, nullable=False),
    # The proposal's decision, and the transfer by which the other room was asked.
    Column("decision_id", ID, nullable=False),
    Column("transfer_id", ID, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
Index("ix_reroutes_contact", reroutes.c.contact_id, reroutes.c.id)
Index(
    "ix_reroutes_handing",
    reroutes.c.id,
    sqlite_where=text("state = 'handing'"),
    postgresql_where=text("state = 'handing'"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", ID, primary_key=True),
    Column("opened_at", Instant, nullable=False),
    Column("methane", Json, nullable=False),
    Column("closed_at", Instant),
)

# The outbox to the rooms: state is polled, never "id greater than the last one seen" (law 10).
transfers = Table(
    "transfers",
    metadata,
    Column("id", ID, primary_key=True),
    Column("incident_id", ID, nullable=False),
    Column("contact_id", ID, nullable=False),
    Column("decision_id", ID, nullable=False),
    Column("room_id", Text, nullable=False),
    Column("first_room_id", Text, nullable=False),
    Column("service", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("sent_at", Instant),
    Column("delivered_at", Instant),
    Column("answered_at", Instant),
    Column("room_reference", Text, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("incident_id", "service", "sequence"),
)
Index("ix_transfers_contact", transfers.c.contact_id, transfers.c.id)
Index(
    "ix_transfers_due",
    transfers.c.next_attempt_at,
    sqlite_where=text("state IN ('queued', 'sent', 'delivered')"),
    postgresql_where=text("state IN ('queued', 'sent', 'delivered')"),
)

# Finished work is kept with all its results: one row an attempt, written before dialling.
transfer_attempts = Table(
    "transfer_attempts",
    metadata,
    Column("id", ID, primary_key=True),
    Column("transfer_id", ID, nullable=False, index=True),
    Column("room_id", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Text, nullable=False),
)

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
Index(
    "ix_replies_provider",
    replies.c.channel,
    replies.c.provider_ref,
    sqlite_where=text("provider_ref <> ''"),
    postgresql_where=text("provider_ref <> ''"),
)
Index(
    "ix_replies_due",
    replies.c.next_attempt_at,
    sqlite_where=text("state = 'queued'"),
    postgresql_where=text("state = 'queued'"),
)
# Replies a provider took and failed later, which no person has been told of yet.
Index(
    "ix_replies_untold",
    replies.c.id,
    sqlite_where=text("state = 'failed' AND reason = ''"),
    postgresql_where=text("state = 'failed' AND reason = ''"),
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

# What an operator or the link itself says of a room, over the register's own word.
room_states = Table(
    "room_states",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("state", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Instant, nullable=False),
)

# Minutes in which each channel's doors were open: a quiet hour and an outage must not look alike.
door_minutes = Table(
    "door_minutes",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("minute", Instant, primary_key=True),
)
