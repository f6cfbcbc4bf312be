"""The HTTP doors: bounded reading before the way in, the channel's own answer after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import structlog
from aiohttp import web

from intake import metrics
from intake.contact import ChannelKind, RawMessage, RawMessageId
from intake.doors.body import BodyUnread, read_body
from intake.doors.direct import Handler, response
from intake.doors.way_in import WayIn
from intake.errors import Forged, StoreUnavailable
from intake.ports import ChannelAdapter, HttpDoor, PageDoor

log = structlog.get_logger()

RETRY_AFTER_S = "2"


def add_http_doors(
    router: web.UrlDispatcher, adapters: Iterable[ChannelAdapter], way_in: WayIn, read_timeout_s: float
) -> dict[str, Handler]:
    """Mount every HTTP door and page of the adapters; returns the doors whose paths have no parts."""
    exact = {}
    for adapter in adapters:
        for door in adapter.doors():
            if isinstance(door, HttpDoor):
                handler = _door_handler(adapter.kind, door, way_in, read_timeout_s)
                router.add_post(door.path, handler)
                if not has_parts(door):
                    exact[door.path] = handler
            elif isinstance(door, PageDoor):
                router.add_get(door.path, _page_handler(door))
    return exact


def has_parts(door: HttpDoor) -> bool:
    """Whether the door's path names parts, as ``{contact}``."""
    return "{" in door.path


def _door_handler(kind: ChannelKind, door: HttpDoor, way_in: WayIn, read_timeout_s: float) -> Handler:
    counts = metrics.door(kind, door.name)
    named = has_parts(door)

    async def handle(request: web.Request) -> web.StreamResponse:
        arrived = way_in.clock.now()
        try:
            body = await read_body(request, door.body_limit_bytes, read_timeout_s, counts)
        except BodyUnread as error:
            return refusal(error.status, str(error))
        raw = RawMessage(
            id=RawMessageId(way_in.new_id()),
            channel=kind,
            door=door.name,
            received_at=arrived,
            body=body,
            headers=request.headers,
            target=request.raw_path,
            path_args=dict(request.match_info) if named else _NO_PARTS,
            peer=request.remote or "",
        )
        try:
            receipt = await way_in.admit(raw, door, counts)
        except Forged:
            return refusal(403, "not authentic")
        except StoreUnavailable:
            return refusal(503, "not taken: try again", {"Retry-After": RETRY_AFTER_S})
        except Exception as error:
            # A bug of ours before the commit: nothing is promised, and the sender may try again.
            log.exception("http_door_failed", door=door.name, error=type(error).__name__)
            return refusal(503, "not taken: try again", {"Retry-After": RETRY_AFTER_S})
        try:
            answer = door.accepted(raw, receipt)
        except Exception as error:
            # It is kept, and has to be said so: anything but success would bring it again for ever.
            log.exception("http_answer_failed", door=door.name, error=type(error).__name__)
            return web.Response(status=202, text="kept\n")
        return response(request, answer)

    return handle


_NO_PARTS: Mapping[str, str] = {}


def _page_handler(door: PageDoor) -> Handler:
    async def handle(_request: web.Request) -> web.Response:
        answer = door.answer
        return web.Response(body=answer.body, status=answer.status, content_type=answer.content_type)

    return handle


def refusal(status: int, reason: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Say no aloud, in words; where a body was left unread the connection ends with it."""
    response = web.Response(text=f"{reason}\n", status=status, headers=headers)
    if status in (400, 408, 413):
        # What is left of the body is not read: this connection cannot carry another request.
        response.force_close()
    return response
