"""The tables: one truth for both engines, for the hot inserts and for the migrations."""

from __future__ import annotations

from intake.store.tables.answers import delivery_reports, replies
from intake.store.tables.arrivals import contacts, messages, raw_messages
from intake.store.tables.desks import (
    accounts,
    console_sessions,
    desks,
    drafts,
    handings,
    house_rules,
    known_devices,
    merges,
    notes,
    passkey_challenges,
    passkeys,
    readings,
    reply_keys,
)
from intake.store.tables.handing_over import (
    decisions,
    incidents,
    reroutes,
    room_states,
    routing_grounds,
    transfer_attempts,
    transfers,
)
from intake.store.tables.history import audit_records, door_minutes, log_events
from intake.store.tables.places import clue_lookups, clues, location_links, locations, phones
from intake.store.tables.whole import metadata

__all__ = [
    "accounts",
    "audit_records",
    "clue_lookups",
    "clues",
    "console_sessions",
    "contacts",
    "decisions",
    "delivery_reports",
    "desks",
    "door_minutes",
    "drafts",
    "handings",
    "house_rules",
    "incidents",
    "known_devices",
    "location_links",
    "locations",
    "log_events",
    "merges",
    "messages",
    "metadata",
    "notes",
    "passkey_challenges",
    "passkeys",
    "phones",
    "raw_messages",
    "readings",
    "replies",
    "reply_keys",
    "reroutes",
    "room_states",
    "routing_grounds",
    "transfer_attempts",
    "transfers",
]
