"""Map tiles in a real browser: by our own path alone; without them the outline stays, and the map says so."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.office import Office
from tests.e2e.test_place_panel import ink

TILES = "/api/v1/tiles/"
SIDE = 256


def png() -> bytes:
    """A tile: a field of one green with a line at two of its edges."""
    green, edge = b"\xc8\xdc\xc0", b"\x90\xa8\x88"
    rows = (b"\0" + edge * SIDE, b"\0" + edge + green * (SIDE - 1))
    body = rows[0] + rows[1] * (SIDE - 1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(body))
        + chunk(b"IEND", b"")
    )


class TileServer(ThreadingHTTPServer):
    """Somebody else's server of tiles, on loopback; it remembers who asked with what, and can be down."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Tile)
        self.is_down = False
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.image = png()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def template(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{{z}}/{{x}}/{{y}}.png"


class _Tile(BaseHTTPRequestHandler):
    server: TileServer

    def do_GET(self) -> None:
        self.server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        body = b"" if self.server.is_down else self.server.image
        self.send_response(503 if self.server.is_down else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing beside the test's own words."""


@pytest.fixture
def tile_server() -> Iterator[TileServer]:
    made = TileServer()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def tiled(tmp_path: Path, tile_server: TileServer) -> Iterator[Office]:
    made = Office(tmp_path)
    made._environ["INTAKE_CONSOLE__MAP_TILES"] = tile_server.template
    made._environ["INTAKE_CONSOLE__MAP_TILES_ATTRIBUTION"] = "© Tiles of a test"
    made.start()
    yield made
    made.stop()


@pytest.fixture
def heard(browser: Browser) -> Iterator[Callable[[Office], tuple[Page, list[str]]]]:
    """Ada's desk, and every address that its page asked for."""
    contexts: list[BrowserContext] = []

    def opened(office: Office) -> tuple[Page, list[str]]:
        context = office.context(browser, "ada")
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        asked: list[str] = []
        context.on("request", lambda one: asked.append(one.url))
        return office.desk(context), asked

    yield opened
    for context in contexts:
        context.close()


Heard = Callable[[Office], tuple[Page, list[str]]]


def look(page: Page, shots: Path, name: str) -> None:
    page.screenshot(path=shots / f"tiles_{name}.png")
    found = Axe().run(page, context="#place")
    assert found.violations_count == 0, found.generate_report()


def test_tiles_come_by_our_own_path_and_where_they_fail_the_map_says_so(
    tiled: Office, tile_server: TileServer, heard: Heard, shots: Path
) -> None:
    page, asked = heard(tiled)
    loaded = page.locator("#place .tiles img.leaflet-tile-loaded")
    expect(loaded.first).to_be_visible()
    assert loaded.first.evaluate("one => one.naturalWidth") == SIDE
    foot = page.locator(".map-foot")
    expect(foot).to_contain_text("© Tiles of a test")
    expect(foot).not_to_contain_text("not available")
    assert ink(page) == 0, "streets need no outline"
    look(page, shots, "there")

    tile_server.is_down = True
    page.get_by_role("button", name="Zoom in").press("Enter")
    expect(foot.locator("strong")).to_have_text("Map tiles not available")
    expect(foot.locator("strong")).to_be_in_viewport(ratio=1)
    assert ink(page) > 1_000, "the country's outline stays"
    look(page, shots, "down")

    tile_server.is_down = False
    page.get_by_role("button", name="Zoom in").press("Enter")
    expect(loaded.first).to_be_visible()
    expect(foot.locator("strong")).to_have_count(0)

    ours = urlsplit(tiled.desk_url).netloc
    assert {urlsplit(one).netloc for one in asked} == {ours}
    assert any(urlsplit(one).path.startswith(TILES) for one in asked)
    assert tile_server.asked
    for _, headers in tile_server.asked:
        assert not {"cookie", "referer", "authorization", "origin"} & headers.keys(), headers


def test_where_none_are_set_up_none_are_asked_for(office: Office, heard: Heard) -> None:
    page, asked = heard(office)
    page.get_by_role("button", name="Zoom in").press("Enter")
    expect(page.locator(".map-grid, .map-foot").first).to_be_visible()
    assert ink(page) > 1_000
    assert any(urlsplit(one).path == "/api/v1/map" for one in asked)
    assert not [one for one in asked if TILES in one]
    expect(page.locator("#place img")).to_have_count(0)
    expect(page.locator(".map-foot strong")).to_have_count(0)
