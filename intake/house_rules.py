"""What a supervisor sets for all desks."""

from __future__ import annotations

from enum import StrEnum


class AutomaticReply(StrEnum):
    """Which words go out first, by themselves, to whoever writes in."""

    NORMAL = "normal"
    BUSY = "busy"
    MAJOR_INCIDENT = "major_incident"
