"""The place panel's paths: areas and tiles for the map, typed places read, a place accepted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from intake.boundaries.drawing import Drawing
from intake.console import tiles as tiles_module
from intake.console.terminal.client import ConsoleClient, ConsoleRefused
from intake.console.tiles import TILE_LIMIT_BYTES, Tiles, kind_of
from intake.console.views.places import place
from intake.errors import BadConfiguration
from intake.location import LocationMethod, LocationSource
from intake.settings import ConsoleSettings
from intake.settings_table import read_table
from intake.store.store import Store
from tests.callers import queue_of
from tests.desk import CONFIG, TOKENS, HandClock, console
from tests.integration.test_console_places import FIRE, FIX, with_places

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
BEARER = {"Authorization": f"Bearer {TOKENS['ada']}"}
DRAWING = Drawing(CONFIG / "boundaries", CONFIG / "gazetteer" / "places.csv")
LEEDS_WINDOW = {"south": "53.7", "west": "-1.7", "north": "53.9", "east": "-1.4"}


# -- a place accepted -------------------------------------------------------------------------------------


async def test_an_accepted_place_is_a_choice_and_the_hypothesis_stays_as_it_was(store: Store) -> None:
    one, clock = await with_places(store, FIX, FIRE), HandClock()
    async with console(store, clock) as server, ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada:
        before = (await ada.show(one)).places
        fence = {"attempts": (await ada.change(one, "claim")).attempts}
        clock.seconds = 10
        row = await ada.change(one, "locations", **fence, accept=before[1].id, whose="caller")
        shown = await ada.show(one)
        assert row.place is not None and row.place.accepts == before[1].id
        assert shown.fused.caller is not None and shown.fused.caller.source == "handler"
        # The incident's stays what it was: a choice for the caller is none for the incident.
        assert shown.fused.incident is not None and shown.fused.incident.id == before[1].id
        # Undo is choosing another; nothing is overwritten.
        clock.seconds = 20
        await ada.change(one, "locations", **fence, accept=before[0].id)
        again = await ada.show(one)
    assert [place.place for place in again.places[:2]] == [place.place for place in before]
    assert len(again.places) == 4
    assert again.fused.caller is not None
    assert again.fused.caller.latitude == FIX.latitude
    newest = again.places[3].place
    assert (newest.source, newest.whose, newest.accepts) == ("handler", "caller", before[0].id)
    assert newest.method == "gps" and "measured 2026-03-01T12:00:00+00:00" in (newest.note or "")
    # What its age had made of it when it was accepted is part of the choice.
    assert newest.radius_m == pytest.approx(20 + 1.5 * 20, abs=0.2)


async def test_a_place_of_another_contact_or_of_none_is_not_accepted(store: Store) -> None:
    one = await with_places(store, FIX)
    other = (await queue_of(store, 2))[1]
    async with (
        console(store, HandClock()) as server,
        ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada,
    ):
        theirs = (await ada.show(one)).places[0].id
        fence = {"attempts": (await ada.change(other, "claim")).attempts}
        for wrong in (theirs, "nothing"):
            with pytest.raises(ConsoleRefused, match="none of this contact's") as refused:
                await ada.change(other, "locations", **fence, accept=wrong)
            assert refused.value.status == 404
        with pytest.raises(ConsoleRefused) as lost:  # law 9: nobody accepts without the contact
            await ada.change(one, "locations", attempts=0, accept=theirs)
        assert lost.value.status == 409
        assert len((await ada.show(one)).places) == 1


async def test_a_contact_says_its_references_and_what_age_adds(store: Store) -> None:
    one = await with_places(store, FIX, FIRE)
    async with (
        console(store, HandClock()) as server,
        ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada,
    ):
        fused = (await ada.show(one)).fused
    assert fused.caller is not None
    assert (fused.caller.named.grid, fused.caller.named.grid_kind) == ("SE 2988 3344", "os")
    assert fused.caller.named.plus_code == "9C5WQFW2+JV"
    assert set(fused.grows) == {"device"} and fused.grows["device"].m_s == 1.5


def test_a_choice_without_a_note_of_ours_accepts_nothing() -> None:
    typed = msgspec.structs.replace(
        FIX, source=LocationSource.HANDLER, method=LocationMethod.MANUAL, note="accepts all"
    )
    assert place(typed).accepts == ""
    # Only a handler's own choice is believed: a caller's words may say anything.
    forged = msgspec.structs.replace(FIX, note="accepts 0193e5b2: device")
    assert place(forged).accepts == ""


# -- typed places -----------------------------------------------------------------------------------------


@asynccontextmanager
async def asking(store: Store, **changes: Any) -> AsyncIterator[Callable[..., Awaitable[tuple[int, Any]]]]:
    """``ask("GET", path, **query or body)`` as ada."""
    fields = {"drawing": DRAWING, **changes}
    async with console(store, HandClock(), **fields) as server, aiohttp.ClientSession(headers=BEARER) as http:

        async def ask(method: str, path: str, **sent: Any) -> tuple[int, Any]:
            how = {"json": sent} if method == "POST" else {"params": sent}
            async with http.request(method, server.make_url(f"/api/v1{path}"), **how) as response:  # type: ignore[arg-type]
                kind = response.content_type
                return response.status, (await response.json() if "json" in kind else await response.read())

        yield ask


async def test_typed_words_are_read_and_nothing_is_kept(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    async with asking(store) as ask:
        status, found = await ask("POST", "/places/read", text="53.7965, -1.5478")
        assert status == 200
        (read,) = found["places"]
        assert (read["latitude"], read["longitude"], read["kind"]) == (53.7965, -1.5478, "latlon")
        assert read["named"]["grid"] == "SE 2988 3344"
        _, several = await ask("POST", "/places/read", text="SE 2988 3344 or SJ 8475 9855")
        assert len(several["places"]) == 2
        _, three = await ask("POST", "/places/read", text="///filled.count.soap")
        assert three["places"] == [] and "three words" in three["unknown"][0]
        _, nothing = await ask("POST", "/places/read", text="by the old tree")
        assert nothing == {"places": [], "unknown": [], "welsh": {}}
        for wrong in ({"text": ""}, {"text": "x" * 501}, {}, {"text": "x", "more": 1}):
            assert (await ask("POST", "/places/read", **wrong))[0] == 400
        _, shown = await ask("GET", f"/contacts/{one}")
        assert shown["places"] == []


# -- the ground -------------------------------------------------------------------------------------------


async def test_a_window_has_land_and_the_rooms_of_a_service_by_name(store: Store) -> None:
    async with asking(store) as ask:
        status, found = await ask("GET", "/areas", **LEEDS_WINDOW)
        assert status == 200
        names = {area["room_id"]: area["name"] for area in found["areas"]}
        assert names["police-west-yorkshire"] == "West Yorkshire Police"
        assert found["land"] and found["service"] == "police" and "OpenStreetMap" in found["attribution"]
        assert found["towns"][0][0] == "Leeds" and found["grid_m"] == 1_000
        _, fire = await ask("GET", "/areas", **LEEDS_WINDOW, service="fire")
        assert all(area["room_id"].startswith("fire-") for area in fire["areas"])
        for wrong in (
            {**LEEDS_WINDOW, "north": "53.6"},
            {**LEEDS_WINDOW, "north": "60"},
            {**LEEDS_WINDOW, "north": "nan"},
            {**LEEDS_WINDOW, "west": "-200"},
            {**LEEDS_WINDOW, "service": "coastguard"},
            {**LEEDS_WINDOW, "colour": "red"},
            {},
        ):
            assert (await ask("GET", "/areas", **wrong))[0] == 400, wrong
        _, about = await ask("GET", "/map")
        assert (about["tiles"], about["tiles_attribution"]) == ("", "")
        assert (await ask("GET", "/tiles/1/1/1"))[0] == 404


async def test_without_its_files_the_map_says_so(store: Store, tmp_path: Any) -> None:
    async with asking(store, drawing=Drawing(tmp_path)) as ask:
        status, said = await ask("GET", "/areas", **LEEDS_WINDOW)
    assert status == 409 and "make boundaries" in said["message"]


# -- tiles ------------------------------------------------------------------------------------------------


class TileServer:
    """A stand-in that answers by the tile's x, and remembers what it was asked with."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.elsewhere = 0
        self.app = web.Application()
        self.app.router.add_get("/elsewhere", self.trap)
        self.app.router.add_get("/{z}/{x}/{y}.png", self.tile)

    async def trap(self, _request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response(body=PNG, content_type="image/png")

    async def tile(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        match int(request.match_info["x"]):
            case 1:
                return web.Response(body=b"<html><script>alert(1)</script>", content_type="image/png")
            case 2:
                return web.Response(status=302, headers={"Location": "/elsewhere"})
            case 3:
                return web.Response(body=PNG + b"\0" * TILE_LIMIT_BYTES, content_type="image/png")
            case 4:
                await asyncio.sleep(5)
            case 5:
                return web.Response(status=500, text="secret-key in an error")
            case 6:
                return web.Response(
                    body=b'<svg xmlns="http://www.w3.org/2000/svg"/>', content_type="image/svg+xml"
                )
            case 7:  # 10 MB of zeros in 10 KB
                body = web.Response(body=PNG + b"\0" * 10_000_000, content_type="image/png")
                body.enable_compression()
                return body
            case 8:
                request.transport and request.transport.abort()
        return web.Response(body=PNG, content_type="text/html", headers={"Set-Cookie": "track=1"})


HOSTILE = {
    1: "no image",
    2: "redirect",
    3: "too large",
    4: "too slow",
    5: "error",
    6: "svg",
    7: "bomb",
    8: "cut",
}


@asynccontextmanager
async def tile_server() -> AsyncIterator[tuple[TileServer, Tiles]]:
    stand_in = TileServer()
    server = TestServer(stand_in.app)
    await server.start_server()
    tiles = Tiles(
        f"{str(server.make_url('/')).rstrip('/')}/{{z}}/{{x}}/{{y}}.png?key=secret-key",
        "Tiles example",
        timeout_s=0.5,
    )
    try:
        yield stand_in, tiles
    finally:
        await tiles.close()
        await server.close()


async def test_a_tile_comes_through_us_once_with_nothing_of_the_desk(store: Store) -> None:
    async with tile_server() as (there, tiles), asking(store, tiles=tiles) as ask:
        _, about = await ask("GET", "/map")
        assert about["tiles"] == "/api/v1/tiles/{z}/{x}/{y}" and about["tiles_attribution"] == "Tiles example"
        assert await ask("GET", "/tiles/12/2030/1320") == (200, PNG)
        assert await ask("GET", "/tiles/12/2030/1320") == (200, PNG)
        (asked,) = there.asked
        assert asked.path == "/12/2030/1320.png"
        for name in ("Cookie", "Referer", "Authorization", "Origin", "X-Forwarded-For"):
            assert name not in asked.headers
        await ask("GET", "/tiles/12/2031/1320")
        assert "Cookie" not in there.asked[-1].headers  # the first answer's was dropped
        # Nobody is asked for what cannot be.
        for path in (
            "/tiles/20/1/1",
            "/tiles/3/8/1",
            "/tiles/3/1/8",
            "/tiles/-1/0/0",
            "/tiles/a/b/c",
            "/tiles/1/1/..%2f",
        ):
            assert (await ask("GET", path))[0] == 404, path
        assert len(there.asked) == 2


@pytest.mark.parametrize("x", HOSTILE, ids=HOSTILE.values())
async def test_a_hostile_tile_is_no_tile_and_its_server_rests(
    store: Store, x: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with tile_server() as (there, tiles), asking(store, tiles=tiles) as ask:
        status, said = await ask("GET", f"/tiles/12/{x}/1")
        assert status == 404 and said["code"] == "tile_not_available"
        before = len(there.asked)
        assert (await ask("GET", f"/tiles/12/{x}/1"))[0] == 404
        assert len(there.asked) == before  # not asked again at once
        assert there.elsewhere == 0
        assert (await ask("GET", "/tiles/12/100/1"))[0] == 200  # the others still come
    assert "secret-key" not in capsys.readouterr().out


async def test_tiles_are_for_who_may_read(store: Store) -> None:
    async with (
        tile_server() as (there, tiles),
        console(store, HandClock(), tiles=tiles, drawing=DRAWING) as server,
        aiohttp.ClientSession() as http,
    ):
        for path in ("/tiles/1/1/1", "/map", "/areas?south=53&west=-2&north=54&east=-1"):
            async with http.get(server.make_url(f"/api/v1{path}")) as response:
                assert response.status == 401
        assert there.asked == []


def test_tiles_that_are_kept_are_bounded() -> None:
    tiles = Tiles("http://127.0.0.1/{z}/{x}/{y}")
    for number in range(200):
        tiles._kept[(12, number, 1)] = b"x" * TILE_LIMIT_BYTES
    assert tiles._kept.currsize <= tiles_module.CACHE_LIMIT_BYTES


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVE", ""),
        (b"<svg", ""),
        (b"GIF89a", ""),
        (b"", ""),
    ],
)
def test_a_tile_is_what_its_first_bytes_say(image: bytes, kind: str) -> None:
    assert kind_of(image) == kind


@pytest.mark.parametrize(
    ("template", "is_good"),
    [
        ("", True),
        ("https://tiles.example.org/{z}/{x}/{y}.png", True),
        ("https://tiles.example.org/wmts/{z}/{y}/{x}?key=abc", True),
        ("http://127.0.0.1:8081/{z}/{x}/{y}.png", True),
        ("http://tiles.example.org/{z}/{x}/{y}.png", False),
        ("https://tiles.example.org/{z}/{x}.png", False),
        ("https://{s}.example.org/{z}/{x}/{y}.png", False),
        ("file:///{z}/{x}/{y}", False),
        ("https://tiles.example.org/{z}/{x}/{y} .png", False),
    ],
)
def test_only_https_or_this_machine_may_give_tiles(template: str, is_good: bool) -> None:
    table = {"map_tiles": template}
    if is_good:
        assert read_table(table, ConsoleSettings, "console").map_tiles == template
        return
    with pytest.raises(BadConfiguration, match="map_tiles"):
        read_table(table, ConsoleSettings, "console")
