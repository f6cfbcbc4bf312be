"""What the desk's map is drawn from: the land and the control rooms' areas about a place."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from intake.boundaries.drawing import MAP_ATTRIBUTION, DrawnArea, Line, Rings, Town, Window
from intake.console.api.answers import BadRequest, answer, read_query
from intake.console.desk import DESK, Desk
from intake.control_room import Service
from intake.errors import NotFound, Refused
from intake.routing.grounds import read_register

Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
KEPT_S = 3_600


class AreasQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window in WGS84 degrees, at most 4 degrees high, and whose areas are asked for."""

    south: Latitude
    west: Longitude
    north: Latitude
    east: Longitude
    service: Literal["police", "fire", "ambulance"] = "police"


class Area(msgspec.Struct, frozen=True, kw_only=True):
    room_id: str
    name: str
    rings: Rings


class AreasAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Rings of [latitude, longitude], closed, clipped to a little more than the window, which are to be
    filled by the even-odd rule. ``detail_m`` is the grain they were simplified to. A town is its name,
    latitude, longitude and inhabitants; ``grid`` are lines of the OS grid, ``grid_m`` apart."""

    service: str
    map_version: str
    attribution: str
    detail_m: float
    land: Rings
    areas: list[Area]
    towns: list[Town]
    grid: list[Line]
    grid_m: int


class MapAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the map may show besides: ``tiles`` is the path of a tile, empty where there are none."""

    map_version: str
    tiles: str
    tiles_attribution: str


async def about(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    tiles = desk.tiles
    return answer(
        MapAnswer(
            map_version=desk.router.map_version,
            tiles="" if tiles is None else "/api/v1/tiles/{z}/{x}/{y}",
            tiles_attribution="" if tiles is None else tiles.attribution,
        )
    )


async def show(request: web.Request) -> web.Response:
    """Drawn in a thread: the first asks for the files. The same window is drawn once."""
    desk = request.app[DESK]
    drawing = desk.drawing
    if drawing is None:
        raise Refused("there is no map to draw from here")
    query = read_query(request, AreasQuery)
    window = Window(query.south, query.west, query.north, query.east)
    rooms = _rooms_of(desk, Service.from_word(query.service))
    everyone = frozenset(room for room in rooms.values() if room is not None)
    try:
        drawn = await asyncio.to_thread(drawing.draw, window, rooms, everyone)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    except OSError:
        raise Refused("the map's files cannot be read: run `make boundaries`") from None
    made = answer(
        AreasAnswer(
            service=query.service,
            map_version=desk.router.map_version,
            attribution=MAP_ATTRIBUTION,
            detail_m=drawn.detail_m,
            land=drawn.land,
            areas=[_named(desk, one) for one in drawn.areas],
            towns=drawn.towns,
            grid=drawn.grid,
            grid_m=drawn.grid_m,
        )
    )
    made.headers["Cache-Control"] = f"private, max-age={KEPT_S}"
    return made


def _rooms_of(desk: Desk, service: Service) -> dict[str, str | None]:
    stood = read_register(desk.router.grounds.register)
    return dict(stood.answers[service])


def _named(desk: Desk, area: DrawnArea) -> Area:
    try:
        name = desk.router.room(area.room_id).name
    except NotFound:
        name = area.room_id
    return Area(room_id=area.room_id, name=name, rings=area.rings)
