"""Prometheus metrics, their labels bound once; no label ever holds a person's data."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

MESSAGES = Counter(
    "intake_door_messages_total",
    "What became of each request or mail at a door",
    ("channel", "door", "outcome"),
    registry=REGISTRY,
)
DEFECTS = Counter(
    "intake_defective_messages_total", "Messages kept that could not be read", ("channel",), registry=REGISTRY
)
QUEUE = Gauge("intake_queue_contacts", "Live contacts by state", ("state",), registry=REGISTRY)
OLDEST_S = Gauge("intake_queue_oldest_wait_seconds", "Longest present wait for a person", registry=REGISTRY)
UNANSWERED = Gauge(
    "intake_queue_unanswered",
    "Contacts waiting longer than so many seconds",
    ("longer_than_s",),
    registry=REGISTRY,
)
TRANSFERS = Counter(
    "intake_transfers_total", "Attempts to hand an incident over, by outcome", ("outcome",), registry=REGISTRY
)
HELD_TRANSFERS = Gauge(
    "intake_transfers_held", "Transfers no room confirmed: each waits for a person", registry=REGISTRY
)
UNCLAIMED_FIXES = Gauge(
    "intake_unclaimed_fixes",
    "Phones' own fixes of the last hour that no contact has: waiting, late, or contested by several",
    ("state",),
    registry=REGISTRY,
)
REPLIES = Counter("intake_replies_total", "Replies by outcome", ("channel", "outcome"), registry=REGISTRY)
TRIAGE_S = Histogram(
    "intake_triage_seconds",
    "From stored to located and routed",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60),
    registry=REGISTRY,
)
LOOKUPS = Counter(
    "intake_lookups_total", "Questions to geocoders, by outcome", ("provider", "outcome"), registry=REGISTRY
)
LOOKUP_S = Histogram(
    "intake_lookup_seconds",
    "How long a geocoder took to answer, or to be given up",
    ("provider",),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
    registry=REGISTRY,
)
LOOKUPS_RESTING = Gauge(
    "intake_lookups_resting",
    "1 while a geocoder that failed is not asked",
    ("provider",),
    registry=REGISTRY,
)
LOOKUPS_WAITING = Gauge(
    "intake_lookups_waiting", "Clues that wait to be looked up", ("kind",), registry=REGISTRY
)
WRITER_DEATHS = Counter(
    "intake_writer_deaths_total",
    "How often the process that commits was started again",
    registry=REGISTRY,
)
REROUTES_OPEN = Gauge(
    "intake_reroutes_open",
    "Contacts for which another room is proposed: each waits for a person",
    registry=REGISTRY,
)
REROUTING_FAILED = Counter(
    "intake_rerouting_failed_total", "Contacts whose changed place could not be looked at", registry=REGISTRY
)
DESKS_LIVE = Gauge(
    "intake_console_desks_live", "Handlers whose desk is connected to this process", registry=REGISTRY
)
NO_DESK = Gauge(
    "intake_console_no_desk",
    "1 while no handler's desk is connected to this process: an alarm where every process says so",
    registry=REGISTRY,
)
LIVE_REPAIRED = Counter(
    "intake_console_live_repaired_total",
    "Contacts whose change the live line had missed and found by looking through all: should stay 0",
    registry=REGISTRY,
)
LIVE_FAILED = Counter(
    "intake_console_live_failed_total", "Rounds of the live line that failed", registry=REGISTRY
)
LOOP_LAG_S = Gauge("intake_loop_lag_seconds", "How late the event loop ran its last tick", registry=REGISTRY)
CLOCK_DRIFT_S = Gauge(
    "intake_clock_drift_seconds", "Wall clock minus the clock this process keeps", registry=REGISTRY
)


class DoorCounts:
    """The counters of one door."""

    def __init__(self, channel: str, door: str):
        def outcome(name: str) -> Counter:
            return MESSAGES.labels(channel=channel, door=door, outcome=name)

        self.accepted = outcome("accepted")
        self.repeats = outcome("repeat")
        self.forged = outcome("forged")
        self.oversize = outcome("oversize")
        self.slow = outcome("slow")
        self.unavailable = outcome("unavailable")
        self.broken = outcome("broken")
        self.refused = outcome("refused")


def door(channel: str, name: str) -> DoorCounts:
    """Counters bound to one door, made when it opens so that zero is visible."""
    return DoorCounts(channel, name)
