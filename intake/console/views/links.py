"""The life of location links as a desk sees it. Pure: the time is passed in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from intake.store.location_links import LinkEnd, StoredLink


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """One link: when each thing happened, None where it has not. ``delivery`` is the outbox's word on
    the message that brought it; ``trouble`` what the browser said last; ``best_fix_m`` a radius at 95 %;
    ``ended_reason``: replaced | finished | stopped | closed | expired."""

    id: str
    mode: str
    language: str
    sent_at: datetime
    sent_by: str
    delivery: str
    expires_at: datetime
    opened_at: datetime | None
    asked_at: datetime | None
    granted_at: datetime | None
    refused_at: datetime | None
    trouble: str
    first_fix_at: datetime | None
    last_fix_at: datetime | None
    best_fix_m: float | None
    ended_at: datetime | None
    ended_reason: str


def link_views(links: Iterable[StoredLink], now: datetime) -> list[LinkView]:
    """Oldest first. A link past its time has ended then, though nothing was written."""
    return [_view(link, now) for link in links]


def _view(link: StoredLink, now: datetime) -> LinkView:
    same = {name: getattr(link, name) for name in LinkView.__struct_fields__ if hasattr(link, name)}
    if link.ended_at is None and now >= link.expires_at:
        same |= {"ended_at": link.expires_at, "ended_reason": LinkEnd.EXPIRED.value}
    if link.best_fix_m is not None:
        same["best_fix_m"] = round(link.best_fix_m, 1)
    return LinkView(
        sent_at=link.created_at, sent_by=link.created_by, delivery=link.reply_state or "unknown", **same
    )
