"""Where control rooms bring their later verdicts: signed, committed, then answered (law 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import structlog
from aiohttp import web

from intake import metrics
from intake.contact import ChannelKind, RawMessage, RawMessageId, Trust
from intake.doors.body import BodyUnread, read_body
from intake.doors.http import refusal
from intake.doors.way_in import WayIn
from intake.errors import Forged, InvalidMait, NotFound, StoreUnavailable
from intake.incident import Confirmation

log = structlog.get_logger()

KIND = ChannelKind("mait")
NAME = "mait"
PATH = "/mait/confirmations"


class VerdictDoor(Protocol):
    """``feeds.FeedDoor`` as this module needs it."""

    name: str
    body_limit_bytes: int

    def authenticate(self, raw: RawMessage) -> Trust: ...
    def read(self, raw: RawMessage) -> Confirmation: ...


class TakesVerdicts(Protocol):
    async def take(self, confirmation: Confirmation) -> None: ...


def add_confirmation_door(
    router: web.UrlDispatcher,
    ready: Callable[[], tuple[VerdictDoor, TakesVerdicts] | None],
    way_in: WayIn,
    read_timeout_s: float,
) -> None:
    """Mount the door; a room that gets anything but 204 sends again, and a repeat changes nothing.

    ``ready`` gives None while the process is still loading what can read a verdict.
    """
    counts = metrics.door(KIND, NAME)

    async def handle(request: web.Request) -> web.Response:
        if (parts := ready()) is None:
            return refusal(503, "starting: try again")
        door, verdicts = parts
        try:
            body = await read_body(request, door.body_limit_bytes, read_timeout_s, counts)
        except BodyUnread as error:
            return refusal(error.status, str(error))
        raw = RawMessage(
            id=RawMessageId(way_in.new_id()),
            channel=KIND,
            door=door.name,
            received_at=way_in.clock.now(),
            body=body,
            headers=request.headers,
            target=request.raw_path,
            peer=request.remote or "",
        )
        return await _take(raw, door, verdicts, counts)

    router.add_post(PATH, handle)


async def _take(raw: RawMessage, door: VerdictDoor, verdicts: TakesVerdicts, counts: Any) -> web.Response:
    try:
        door.authenticate(raw)
        await verdicts.take(door.read(raw))
    except Forged as error:
        counts.forged.inc()
        log.warning("forged_refused", channel=KIND, door=door.name, reason=str(error))
        return refusal(403, "not authentic")
    except InvalidMait as error:
        counts.refused.inc()
        return refusal(422, str(error))
    except NotFound as error:
        counts.refused.inc()
        return refusal(404, str(error))
    except StoreUnavailable:
        counts.unavailable.inc()
        return refusal(503, "not taken: try again")
    counts.accepted.inc()
    return web.Response(status=204)
