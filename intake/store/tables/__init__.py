"""The tables: one truth for both engines, for the hot inserts and for the migrations."""

from __future__ import annotations

from intake.store.tables.answers import delivery_reports, replies
from intake.store.tables.arrivals import contacts, messages, raw_messages
from intake.store.tables.handing_over import (
    decisions,
    incidents,
    reroutes,
    room_states,
    routing_grounds,
    transfer_attempts,
    transfers,
)
from intake.store.tables.history import door_minutes, log_events
from intake.store.tables.places import clue_lookups, clues, location_links, locations, phones
from intake.store.tables.whole import metadata

__all__ = [
    "clue_lookups",
    "clues",
    "contacts",
    "decisions",
    "delivery_reports",
    "door_minutes",
    "incidents",
    "location_links",
    "locations",
    "log_events",
    "messages",
    "metadata",
    "phones",
    "raw_messages",
    "replies",
    "reroutes",
    "room_states",
    "routing_grounds",
    "transfer_attempts",
    "transfers",
]
