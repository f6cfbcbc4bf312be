"""What supervisors see and set, and the wallboard's figures."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK
from intake.console.roles import Right
from intake.console.routes import Route, route
from intake.console.views import supervising as views
from intake.store import Connection, answering, presence, queue, supervising, unreachable, upkeep


class SetCap(bodies.Body):
    """How many conversations a handler may have open at once."""

    handler: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    open_limit: Annotated[int, msgspec.Meta(ge=1, le=4)]


class CapAnswer(msgspec.Struct, frozen=True, kw_only=True):
    handler: str
    open_limit: int


async def show(request: web.Request) -> web.Response:
    """Desks, channels, links to the rooms, counts: everything at one moment."""
    desk = request.app[DESK]
    now = desk.clock.now()

    def read(conn: Connection) -> views.SupervisorAnswer:
        rows, in_hand = presence.all_desks(conn), presence.open_contacts(conn, now)
        figures = upkeep.figures(conn, now, views.LONGER_S)
        return views.SupervisorAnswer(
            now=now,
            counts=queue.count_queue(conn, now),
            waiting_longer=figures.waiting_longer,
            held_transfers=figures.held_transfers,
            desks=views.desk_views(rows, in_hand, now),
            present=views.desk_counts(rows, now),
            answered=answering.answered(conn, now, desk.answer_target),
            unreachable=unreachable.standing(conn),
            oldest_owed=views.oldest_owed(in_hand),
            channels=supervising.channels(conn, now),
            links=[views.link_view(one, desk.find_room(one.room_id)) for one in supervising.links(conn)],
        )

    return answer(await desk.store.read(read))


async def set_cap(request: web.Request) -> web.Response:
    """From the handler's next claim on; what they have open stays theirs."""
    body = await read_body(request, SetCap)
    await auditing.run(
        request,
        lambda conn: supervising.set_cap(conn, body.handler, body.open_limit),
        handler=body.handler,
        open_limit=body.open_limit,
    )
    return answer(CapAnswer(handler=body.handler, open_limit=body.open_limit))


async def wall(request: web.Request) -> web.Response:
    """Figures without a word of any caller."""
    desk = request.app[DESK]
    now = desk.clock.now()

    def read(conn: Connection) -> views.WallAnswer:
        figures, counts = upkeep.figures(conn, now, views.LONGER_S), queue.count_queue(conn, now)
        in_target = answering.answered(conn, now, desk.answer_target)
        return views.wall(now, figures, counts, presence.all_desks(conn), in_target)

    return answer(await desk.store.read(read))


SUPERVISION: tuple[Route, ...] = (
    route("GET", "/api/v1/supervisor", show, Right.SUPERVISE, "supervisor.view"),
    route("POST", "/api/v1/supervisor/caps", set_cap, Right.SUPERVISE, "supervisor.cap"),
    route("GET", "/api/v1/wall", wall, Right.COUNTS),
)
