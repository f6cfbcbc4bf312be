"""One tile of the map, by our own path: the browser asks nobody but us."""

from __future__ import annotations

from aiohttp import web

from intake.console.api.answers import problem
from intake.console.desk import DESK
from intake.console.tiles import ZOOM_LIMIT, kind_of


async def show(request: web.Request) -> web.Response:
    """A tile, or 404: a map without it is still a map."""
    tiles = request.app[DESK].tiles
    if tiles is None:
        return problem(404, "no_tiles", "no map tiles are set up here")
    z, x, y = (int(request.match_info[name]) for name in ("z", "x", "y"))
    if not (z <= ZOOM_LIMIT and x < 2**z and y < 2**z):
        return problem(404, "no_tile", "there is no such tile")
    image = await tiles.get((z, x, y))
    if image is None:
        return problem(404, "tile_not_available", "the tile's server did not give it")
    headers = {"Cache-Control": "private, max-age=86400", "Cross-Origin-Resource-Policy": "same-origin"}
    return web.Response(body=image, content_type=kind_of(image), headers=headers)
