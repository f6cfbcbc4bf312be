"""A stand-in for geocoders and what3words: it speaks their wire formats over real HTTP, and fails on demand.

Formats after the published documentation of Nominatim, Photon, Pelias, the OS Places API and what3words v3;
`intake.simulate.geocoder_formats` holds them. Its world is a handful of invented addresses.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from intake.simulate.geocoder_formats import (
    as_nominatim,
    as_os_places,
    as_pelias,
    as_photon,
    as_suggestion,
    as_three_words,
    w3w_error,
)

ALL_PROVIDERS = ("nominatim", "photon", "pelias", "os_places")
ENDLESS_BYTES = 4 * 1024 * 1024


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the stand-in's world. ``kind``: house | street | postcode | town | country.

    ``extent_m`` makes the box round it; ``match`` and ``is_reckoned`` are what Pelias and OS say of it.
    """

    latitude: float
    longitude: float
    kind: str = "house"
    number: str = ""
    street: str = ""
    town: str = ""
    postcode: str = ""
    country_code: str = "gb"
    country: str = "United Kingdom"
    extent_m: float = 10.0
    match: float = 1.0
    is_reckoned: bool = False
    rpc: str = "1"

    def answers(self, words: str) -> bool:
        """Whether every word of the street and town is among the words asked."""
        asked = set(words.casefold().replace(",", " ").split())
        return set(f"{self.street} {self.town}".casefold().split()) <= asked


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A square of the stand-in's three words."""

    words: str
    latitude: float
    longitude: float
    near: str
    country_code: str = "GB"


class GeocoderApi:
    """``trouble`` decides what becomes of each question: "" answers it; hang, error, garbage, html,
    odd_shape, too_many, refuse_key, quota, endless, redirect, cut_off do what they say."""

    def __init__(
        self, addresses: Iterable[Address] = (), words: Iterable[Words] = (), *, api_key: str = "stand-in-key"
    ):
        self.addresses, self.words = list(addresses), {one.words: one for one in words}
        self.trouble = ""
        self.trouble_of_suggestions = ""
        self.retry_after_s = 30
        self.ignores_countries = False
        self.spoil: Callable[[Any], Any] | None = None
        """Makes of each whole answer, as JSON, another one."""
        self.asked: list[dict[str, str]] = []
        """Each question: its path as ``path``, and its query."""
        self.under_way = 0
        self.most_under_way = 0
        self.base_url = ""
        self._api_key = api_key
        self._stop = asyncio.Event()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; returns the base URL that goes into ``[geocoder]`` or ``[what3words]``."""
        app = web.Application()
        for path, answer in (
            ("/search", self._nominatim),
            ("/api", self._photon),
            ("/v1/search", self._pelias),
            ("/search/places/v1/find", self._os_places),
            ("/v3/convert-to-coordinates", self._to_coordinates),
            ("/v3/autosuggest", self._suggest),
        ):
            app.router.add_get(path, self._troubled(answer))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.base_url = f"http://{host}:{self._runner.addresses[0][1]}"
        return self.base_url

    async def close(self) -> None:
        self._stop.set()
        await self._runner.cleanup()

    # -- trouble -----------------------------------------------------------------------------

    def _troubled(self, answer: Callable[[Mapping[str, str]], web.Response]) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.asked.append({"path": request.path, **request.query})
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            try:
                trouble = self.trouble
                if request.path.endswith("autosuggest"):
                    trouble = trouble or self.trouble_of_suggestions
                if trouble:
                    return await self._trouble(trouble, request)
                whole = answer(request.query)
                if self.spoil is not None:
                    return web.json_response(self.spoil(json.loads(whole.body)))  # type: ignore[arg-type]
                return whole
            finally:
                self.under_way -= 1

        return handle

    async def _trouble(self, trouble: str, request: web.Request) -> web.StreamResponse:
        if trouble == "hang":
            await self._stop.wait()
        if trouble in ("endless", "cut_off"):
            return await self._too_much_or_too_little(trouble, request)
        answers = {
            "hang": web.Response(status=503),
            "error": web.Response(status=500, text="Internal Server Error"),
            "garbage": web.Response(body=b"\x00\xff{not json", content_type="application/json"),
            "html": web.Response(text="<html><body>Please log in</body></html>", content_type="text/html"),
            "odd_shape": web.json_response({"features": [{"geometry": None}], "results": [{"DPA": {}}]}),
            "too_many": web.Response(status=429, headers={"Retry-After": str(self.retry_after_s)}),
            "refuse_key": _w3w(401, "InvalidKey", "Authentication failed; invalid API key"),
            "quota": _w3w(402, "QuotaExceeded", "Quota Exceeded. Please upgrade your usage plan"),
            "redirect": web.Response(status=302, headers={"Location": str(request.url)}),
        }
        return answers[trouble]

    async def _too_much_or_too_little(self, trouble: str, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if trouble == "cut_off":
            response.content_length = 1000
        await response.prepare(request)
        piece = b"[" * 65_536
        for _ in range(ENDLESS_BYTES // len(piece) if trouble == "endless" else 0):
            await response.write(piece)
        if trouble == "cut_off":
            await response.write(b'[{"lat": "53.8"')
            if request.transport is not None:
                request.transport.close()
        return response

    # -- geocoders ---------------------------------------------------------------------------

    def _found(self, words: str, limit: str = "") -> list[Address]:
        found = [one for one in self.addresses if one.answers(words)]
        return found[: int(limit or 10)]

    def _nominatim(self, query: Mapping[str, str]) -> web.Response:
        if query.get("format") != "json":
            return web.json_response({"error": {"code": 400, "message": "no format"}}, status=400)
        allowed = query.get("countrycodes", "")
        found = [
            one
            for one in self._found(query["q"], query.get("limit", ""))
            if not allowed or self.ignores_countries or one.country_code in allowed.split(",")
        ]
        return web.json_response([as_nominatim(one) for one in found])

    def _photon(self, query: Mapping[str, str]) -> web.Response:
        found = self._found(query["q"], query.get("limit", ""))
        return web.json_response({"type": "FeatureCollection", "features": [as_photon(one) for one in found]})

    def _pelias(self, query: Mapping[str, str]) -> web.Response:
        features = [as_pelias(one) for one in self._found(query["text"], query.get("size", ""))]
        geocoding = {"version": "0.2", "attribution": f"{self.base_url}/attribution", "query": dict(query)}
        return web.json_response({"geocoding": geocoding, "type": "FeatureCollection", "features": features})

    def _os_places(self, query: Mapping[str, str]) -> web.Response:
        if query.get("key") != self._api_key:
            fault = {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}
            return web.json_response({"fault": fault}, status=401)
        least = float(query.get("minmatch", "0.1"))
        found = [
            one for one in self._found(query["query"], query.get("maxresults", "")) if one.match >= least
        ]
        header = {
            "uri": f"{self.base_url}/search/places/v1/find",
            "query": f"query={query['query']}",
            "offset": 0,
            "totalresults": len(found),
            "format": "JSON",
            "dataset": query.get("dataset", "DPA"),
            "lr": "EN,CY",
            "maxresults": int(query.get("maxresults", "100")),
            "matchprecision": 1,
            "epoch": "110",
            "output_srs": query.get("output_srs", "EPSG:27700"),
        }
        if not found:
            # The service leaves the list out where it would be empty.
            return web.json_response({"header": header})
        results = [
            record
            for number, one in enumerate(found, 1)
            for record in as_os_places(one, number, query.get("dataset", "DPA").split(","))
        ]
        return web.json_response({"header": header, "results": results})

    # -- what3words --------------------------------------------------------------------------

    def _to_coordinates(self, query: Mapping[str, str]) -> web.Response:
        if query.get("key") != self._api_key:
            return _w3w(401, "InvalidKey", "Authentication failed; invalid API key")
        square = self.words.get(query["words"])
        if square is None:
            return _w3w(400, "BadWords", "Invalid or non-existent 3 word address")
        return web.json_response(as_three_words(square))

    def _suggest(self, query: Mapping[str, str]) -> web.Response:
        if query.get("key") != self._api_key:
            return _w3w(401, "InvalidKey", "Authentication failed; invalid API key")
        countries = query.get("clip-to-country", "").upper().split(",")
        near = [one for one in self.words.values() if one.country_code in countries]
        near.sort(key=lambda one: _difference(one.words, query["input"]))
        shown = near[: int(query.get("n-results", "3"))]
        return web.json_response(
            {"suggestions": [as_suggestion(one, rank) for rank, one in enumerate(shown, 1)]}
        )


def _difference(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))


def _w3w(status: int, code: str, message: str) -> web.Response:
    return web.json_response(w3w_error(code, message), status=status)
