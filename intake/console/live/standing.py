"""A live line ends with its session: signed out, over, disabled, or of another role now."""

from __future__ import annotations

import asyncio

import structlog

from intake.console.desk import DESK
from intake.console.live.seat import Seat
from intake.errors import StoreUnavailable

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
SIGNED_OUT = 4401
"""The code with which the line is closed: the page then leads to the sign-in."""
ANOTHER_ROLE = 4409
"""The page opens the line again, and has what its new role may have."""


async def end_with_session(seat: Seat) -> None:
    """Close the line once its session no longer stands. A token has none. A lock leaves the line
    open for the half minute of `tending.SESSION_EVERY_S`: who comes back soon still has their conversations;
    who does not is gone, and they go back to the queue (law 9)."""
    gate = seat.request.app[DESK].gate
    if gate is None or not seat.person.session:
        return
    while not seat.ws.closed:
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            role = await gate.sessions.role_of(seat.person)
        except StoreUnavailable:
            continue  # nothing can be claimed or kept without it either
        if role is not seat.person.role:
            log.info("live_line_ended", handler=seat.person.name)
            await seat.ws.close(code=SIGNED_OUT if role is None else ANOTHER_ROLE)
            return
