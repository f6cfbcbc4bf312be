"""What the console says of phones' own fixes that no contact has."""

from __future__ import annotations

from datetime import datetime

import msgspec

from intake.console.views import contact as views
from intake.store import unclaimed


class FixRow(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: waiting (its ten minutes are not over), late (they are), contested (several contacts state
    its phone, so it is with none of them). ``age_s`` is that of the fix itself, where it says its time."""

    id: str
    state: str
    received_at: datetime
    waited_s: float
    age_s: float | None
    caller: str
    device: str
    place: views.Place


class FixesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    now: datetime
    wait_s: float
    back_s: float
    counts: unclaimed.Counts
    rows: list[FixRow]
