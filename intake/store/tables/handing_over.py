"""Who gets it, and what became of it."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from intake.store.tables.whole import index_where, metadata
from intake.store.types import ID, Instant, Json

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
index_where(
    "ix_reroutes_handing",
    reroutes.c.id,
    where="state = 'handing'",
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
index_where(
    "ix_transfers_due",
    transfers.c.next_attempt_at,
    where="state IN ('queued', 'sent', 'delivered')",
)
# Asked each second, and answered without the documents (`store.unaccepted`).
index_where(
    "ix_transfers_unaccepted",
    transfers.c.created_at,
    transfers.c.contact_id,
    transfers.c.room_id,
    where="kind = 'creation' AND state IN ('queued', 'sent', 'delivered')",
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

# What an operator or the link itself says of a room, over the register's own word.
room_states = Table(
    "room_states",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("state", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Instant, nullable=False),
)
