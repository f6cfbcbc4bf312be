"""A contact's reference: what people read aloud, and how it is read back."""

from __future__ import annotations

import re
from datetime import datetime

_SPOKEN = re.compile(r"(?:\d{2}\s*[-/ ]\s*)?(\d{1,18})", re.ASCII)


def reference(number: int, queued_at: datetime) -> str:
    """``26-000123``: two digits of the year it was queued, then the number, six digits or more.

    The number alone is unique for ever; the year only helps the ear.
    """
    return f"{queued_at:%y}-{number:06d}"


def read_reference(text: str) -> int | None:
    """The number in ``26-000123``, ``26 000123``, ``000123`` or ``123``; None for anything else."""
    found = _SPOKEN.fullmatch(text.strip())
    return int(found[1]) if found else None
