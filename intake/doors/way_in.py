"""The order, written once: authenticate → normalise → store raw and message → COMMIT → answer (law 2).

Reading comes before and answering after, in the front door of each protocol. Parsing runs on the
bytes in memory and its failure is a defect to be kept, so nothing that arrived can be lost between.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from intake import metrics
from intake.contact import RawMessage, Receipt, Trust
from intake.defects import read_message
from intake.errors import Forged, StoreUnavailable
from intake.ports import Clock, ContactSink, HttpDoor, SmtpDoor

log = structlog.get_logger()


class WayIn:
    """Lets one raw message in through one door; a Receipt exists only after the commit."""

    def __init__(self, sink: ContactSink, clock: Clock, new_id: Callable[[], str]):
        self._sink = sink
        self.clock = clock
        self.new_id = new_id

    async def admit(
        self,
        raw: RawMessage,
        door: HttpDoor | SmtpDoor,
        counts: metrics.DoorCounts,
        *,
        trust: Trust | None = None,
    ) -> Receipt:
        """Raises Forged or StoreUnavailable, each counted and logged here.

        ``trust`` is given only by a sweep, which asked the provider itself.
        """
        try:
            trust = trust or door.authenticate(raw)
        except Forged as error:
            # Law 6: refused, counted, alarmed; never mixed up with a parser's trouble.
            counts.forged.inc()
            log.warning("forged_refused", channel=raw.channel, door=raw.door, reason=str(error))
            raise
        # A channel whose parsing is slow commits its bytes first; a worker reads them later.
        messages, defect = read_message(door.normalise, raw) if isinstance(door, HttpDoor) else (None, None)
        if defect:
            metrics.DEFECTS.labels(channel=raw.channel).inc()
        try:
            receipt = await self._sink.accept(
                raw, messages, trust=trust, defect=defect, stored_headers=door.stored_headers
            )
        except StoreUnavailable as error:
            counts.unavailable.inc()
            log.error("store_unavailable", channel=raw.channel, reason=str(error))
            raise
        (counts.repeats if receipt.duplicate else counts.accepted).inc()
        return receipt
