"""Phones' own fixes that no contact has: an operator sees them, and why nobody does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from aiohttp import web

from intake.console.api.answers import answer, read_query
from intake.console.desk import DESK
from intake.console.views import contact as views
from intake.console.views.fixes import FixesAnswer, FixRow
from intake.store import unclaimed

BACK_LIMIT_S = 7 * 86_400


class FixesQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """``back_s``: how far to look back; ``limit``: so many of the newest."""

    back_s: Annotated[float, msgspec.Meta(gt=0, le=BACK_LIMIT_S)] = 3_600.0
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


async def list_fixes(request: web.Request) -> web.Response:
    """The newest fixes without a contact, and counts over all of them."""
    desk, query = request.app[DESK], read_query(request, FixesQuery)
    now, wait_s = desk.clock.now(), desk.fixes_wait_s
    since = now - timedelta(seconds=query.back_s)
    counts = await desk.store.read(lambda conn: unclaimed.count(conn, now, wait_s, query.back_s))
    found = await desk.store.read(lambda conn: unclaimed.newest(conn, since, query.limit))
    rows = [_row(fix, now, wait_s) for fix in found]
    return answer(FixesAnswer(now=now, wait_s=wait_s, back_s=query.back_s, counts=counts, rows=rows))


def _row(fix: unclaimed.UnclaimedFix, now: datetime, wait_s: float) -> FixRow:
    waited_s = max(0.0, (now - fix.received_at).total_seconds())
    positioned_at = fix.location.positioned_at
    return FixRow(
        id=fix.id,
        state=fix.joined_by or ("waiting" if waited_s <= wait_s else "late"),
        received_at=fix.received_at,
        waited_s=round(waited_s, 1),
        age_s=None if positioned_at is None else round(max(0.0, (now - positioned_at).total_seconds()), 1),
        caller=fix.caller,
        device=fix.device,
        place=views.place(fix.location),
    )
