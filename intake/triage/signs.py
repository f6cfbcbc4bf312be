"""Two signs that are not words: the silent caller's 55, and a message long on its way."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

_FIFTY_FIVE = re.compile(r"[\W_]{0,16}5[\W_]{0,3}5[\W_]{0,16}")


def is_silent_55(text: str) -> bool:
    """True when the whole message is 55, however it is spaced or marked (the Silent Solution)."""
    if len(text) > 48:
        return False
    return _FIFTY_FIVE.fullmatch(unicodedata.normalize("NFKC", text)) is not None


def is_old(sent_at: datetime | None, received_at: datetime, old_after_s: float) -> bool:
    """True when the sender's side says that it was sent more than ``old_after_s`` before it arrived."""
    return sent_at is not None and received_at - sent_at > timedelta(seconds=old_after_s)
