"""The files pages load: our own modules and styles, and the two libraries npm installed."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from aiohttp import web

from intake.console.wording import load_words

FRONT = Path(__file__).parent.parent / "front"
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
}
LIBRARY_FILES = re.compile(
    r"lit-html/(?:directives/)?[a-z-]+\.js|leaflet/dist/(?:leaflet-src\.esm\.js|leaflet\.css|images/[a-z0-9-]+\.png)"
)
"""What of the libraries a browser may ask for: nothing else of the folder is served."""
_OWN_FILES = re.compile(r"(?:[a-z0-9_-]+/)*[a-z0-9_-]+\.(?:js|css|svg|png|json)")
# Asked again each time, answered by 304: a new version is never half in a browser's cache.
_HEADERS = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "same-origin"}


async def own(request: web.Request) -> web.StreamResponse:
    """A file of ``front/``."""
    name = request.match_info["name"]
    return _file(FRONT / name) if _OWN_FILES.fullmatch(name) else _missing(name)


def library(folder: Path) -> object:
    """A handler for files of ``folder``, which npm filled."""

    async def serve(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        return _file(folder / name) if LIBRARY_FILES.fullmatch(name) else _missing(name)

    return serve


async def words(request: web.Request) -> web.StreamResponse:
    """The interface's words in one language."""
    said = load_words().get(request.match_info["language"])
    if said is None:
        return _missing(request.match_info["language"])
    return web.Response(body=msgspec.json.encode(said), content_type="application/json", headers=_HEADERS)


def _file(path: Path) -> web.StreamResponse:
    if not path.is_file():
        return _missing(path.name)
    return web.FileResponse(path, headers={**_HEADERS, "Content-Type": TYPES[path.suffix]})


def _missing(name: str) -> web.Response:
    return web.Response(status=404, text=f"there is no file {name!r}; `make setup` installs the libraries\n")
