"""The pages' paths, each with the right it asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web

from intake.console.desk import PERSON
from intake.console.pages import files
from intake.console.pages.licences import licence_routes
from intake.console.pages.shells import SHELLS
from intake.console.roles import Right, Role
from intake.console.routes import Handler, Route, route

HOME = {
    Role.HANDLER: "/desk",
    Role.SUPERVISOR: "/desk",
    Role.AUDITOR: "/audit",
    Role.RESEARCHER: "/wall",
    Role.ADMIN: "/accounts",
}
"""Where each role begins."""


def page_routes(libraries_dir: Path) -> tuple[Route, ...]:
    serve_library: Any = files.library(libraries_dir)
    return (
        route("GET", "/", _home, Right.SELF, is_page=True, while_locked=True),
        route("GET", "/desk", shell("desk"), Right.WORK, is_page=True, while_locked=True),
        route("GET", "/supervisor", shell("supervisor"), Right.SUPERVISE, is_page=True),
        route("GET", "/wall", shell("wall"), Right.COUNTS, is_page=True),
        *licence_routes(libraries_dir),
        route("GET", "/front/{name:.+}", files.own, Right.OPEN),
        route("GET", "/libraries/{name:.+}", serve_library, Right.OPEN),
        route("GET", "/words/{language}.json", files.words, Right.OPEN),
    )


def shell(name: str) -> Handler:
    """A page that needs nothing but its reader."""

    async def show(request: web.Request) -> web.Response:
        return request.app[SHELLS].page(request, name, request.get(PERSON))

    return show


async def _home(request: web.Request) -> web.Response:
    return web.Response(status=303, headers={"Location": HOME[request[PERSON].role]})
