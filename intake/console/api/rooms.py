"""The register of control rooms, searched by a handler who chooses one by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from aiohttp import web

from intake.console.api import bodies
from intake.console.api.answers import answer, read_query
from intake.console.desk import DESK
from intake.control_room import ControlRoom
from intake.store import room_links

LIMIT = 12
"""A list to choose from by eye; more words narrow it."""


class RoomView(msgspec.Struct, frozen=True, kw_only=True):
    """A room as far as choosing it needs; ``has_feed`` is false where a person must pass the incident on;
    ``last_answer_at`` is when it last took or judged a message of ours, within a day."""

    id: str
    name: str
    services: list[str]
    telephone: str
    state: str
    has_feed: bool
    last_answer_at: datetime | None


class RoomsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The first of those found, by name; ``total`` counts all."""

    rooms: list[RoomView]
    total: int


async def search(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    query = read_query(request, bodies.RoomsQuery)
    words, ids = query.q.casefold().split(), [one for one in query.ids.split(",") if one]
    found = [
        room
        for room in desk.router.rooms.values()
        if (not ids or room.id in ids) and _answers_for(room, query.service) and _is_named(room, words)
    ]
    found.sort(key=lambda room: room.name)
    shown = found[:LIMIT]
    heard = await desk.store.read(lambda conn: room_links.last_answers(conn, [room.id for room in shown]))
    rooms = [_view(room, heard.get(room.id)) for room in shown]
    return answer(RoomsAnswer(rooms=rooms, total=len(found)))


def _is_named(room: ControlRoom, words: Sequence[str]) -> bool:
    name = f"{room.name} {room.id}".casefold()
    return all(word in name for word in words)


def _answers_for(room: ControlRoom, service: str) -> bool:
    return not service or any(one.word == service for one in room.services)


def _view(room: ControlRoom, heard_at: datetime | None) -> RoomView:
    return RoomView(
        id=room.id,
        name=room.name,
        services=[one.word for one in room.services],
        telephone=room.telephone,
        state=room.state.value,
        has_feed=bool(room.feed_url),
        last_answer_at=heard_at,
    )
