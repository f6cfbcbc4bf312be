"""What a path of the console is: its handler and the one right it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import msgspec
from aiohttp import web

from intake.console.roles import Right

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What one method of one path asks. ``is_page`` answers strangers with the sign-in page;
    ``while_locked`` is answered at a locked desk too; ``action`` is its name in the audit record,
    empty where nothing is seen or done."""

    method: str
    path: str
    right: Right
    action: str = ""
    is_page: bool = False
    while_locked: bool = False


class Route(msgspec.Struct, frozen=True):
    """One line of the table in ``app.py``."""

    asked: Asked
    handler: Handler


def route(method: str, path: str, handler: Handler, right: Right, action: str = "", **how: bool) -> Route:
    return Route(Asked(method=method, path=path, right=right, action=action, **how), handler)


class RightsTable:
    """Looks a request's line up; what is not in it is nobody's."""

    def __init__(self) -> None:
        self.asked: dict[tuple[str, str], Asked] = {}

    def of(self, request: web.Request) -> Asked | None:
        resource = request.match_info.route.resource
        path = resource.canonical if resource is not None else ""
        method = "GET" if request.method == "HEAD" else request.method
        return self.asked.get((method, path))


RIGHT_OF = web.AppKey("rights", RightsTable)


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """The only way a path gets into the console: with its right."""
    table = app[RIGHT_OF] = RightsTable()
    for one in routes:
        resource = app.router.add_route(one.asked.method, one.asked.path, one.handler).resource
        assert resource is not None  # noqa: S101 - a path of its own always has one
        # As aiohttp names it: `{name:.+}` is `{name}` there.
        table.asked[one.asked.method, resource.canonical] = one.asked
