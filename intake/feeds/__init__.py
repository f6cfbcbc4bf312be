"""The wires to and from control rooms: documents out, verdicts in, and how long to be patient."""

from __future__ import annotations

from intake.feeds.door import FeedDoor
from intake.feeds.patience import Hold, NextStep, Outcome, RetryAt, TryBuddy, next_ask_at, next_step
from intake.feeds.wire import HttpsFeed, NoConfirmation, shared_secrets

__all__ = [
    "FeedDoor",
    "Hold",
    "HttpsFeed",
    "NextStep",
    "NoConfirmation",
    "Outcome",
    "RetryAt",
    "TryBuddy",
    "next_ask_at",
    "next_step",
    "shared_secrets",
]
