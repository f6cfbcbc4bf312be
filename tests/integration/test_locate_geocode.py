"""`intake locate --geocode` and the whole intake, with a real text and a stand-in that listens."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from intake.app import running
from intake.errors import BadConfiguration
from intake.settings import ConsoleSettings, DoorsSettings, GeocoderSettings, Settings, StoreSettings
from intake.simulate.app_client import AppClient
from intake.simulate.geocoder import GeocoderApi
from intake.store import tables
from tests.behind_doors import eventually
from tests.geocoders import HOUSE, KEY, geocoder_settings, stand_in, what3words_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def api() -> AsyncIterator[GeocoderApi]:
    made = stand_in()
    await made.start()
    yield made
    await made.close()


def environment(api: GeocoderApi) -> dict[str, str]:
    return {
        "INTAKE_GEOCODER__PROVIDER": "nominatim",
        "INTAKE_GEOCODER__BASE_URL": api.base_url,
        "INTAKE_GEOCODER__USER_AGENT": "intake-tests test@example.org",
        "INTAKE_WHAT3WORDS__API_KEY": KEY,
        "INTAKE_WHAT3WORDS__BASE_URL": api.base_url,
    }


async def locate(text: str, **environ: str) -> tuple[int, str, str]:
    command = (sys.executable, "-m", "intake", "locate", "--geocode", "--json", text)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("INTAKE_")}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=ROOT, env=clean | environ, capture_output=True, text=True, timeout=60
        )

    done = await asyncio.to_thread(run)
    return done.returncode, done.stdout, done.stderr


async def test_one_text_is_looked_up_with_its_doubts(api: GeocoderApi) -> None:
    code, out, err = await locate(
        "he fell at 14 Acacia Avenue, Leeds or ///filled.count.soap", **environment(api)
    )
    assert code == 0, err
    clues = {clue["kind"]: clue for clue in json.loads(out)["clues"]}
    (house,) = clues["address"]["hypotheses"]
    assert (house["latitude"], house["longitude"], house["radius_m"]) == (HOUSE.latitude, HOUSE.longitude, 40)
    (square,) = clues["what3words"]["hypotheses"]
    assert "words one letter away are in Leeds" in square["note"]


async def test_a_service_that_fails_is_said_in_the_clue_and_the_rest_is_shown(api: GeocoderApi) -> None:
    api.trouble = "error"
    code, out, _ = await locate("at ///filled.count.soap, LS1 4AP", **environment(api))
    assert code == 0
    clues = {clue["kind"]: clue for clue in json.loads(out)["clues"]}
    assert "what3words: the service fails" in clues["what3words"]["note"]
    assert clues["postcode"]["hypotheses"]


async def test_without_a_geocoder_it_says_so() -> None:
    code, _, err = await locate("at ///filled.count.soap")
    assert code == 78 and "nobody can be asked" in err


# -- the whole intake --------------------------------------------------------------------------------


def settings_of(folder: Path, **geocoders: Any) -> Settings:
    """As a small installation has them: SQLite, any free port."""
    return Settings(
        config_dir=ROOT / "config",
        data_dir=ROOT / "var" / "data",
        store=StoreSettings(url=f"sqlite:///{folder}/intake.db"),
        doors=DoorsSettings(http_port=0, smtp_port=0),
        console=ConsoleSettings(port=0),
        channels={"app": {"enabled": True, "token_secret": "t" * 40}},
        **geocoders,
    )


async def test_an_intake_asks_what_is_set_and_a_contact_gets_its_place(
    api: GeocoderApi, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path, geocoder=geocoder_settings(api), what3words=what3words_settings(api))
    async with running(settings, ("doors", "workers")) as started, aiohttp.ClientSession() as http:
        app = AppClient(f"http://127.0.0.1:{started.http_port}", http)
        await app.open("he fell at ///index.home.raft")

        async def is_placed() -> bool:
            rows = await started.store.read(lambda conn: conn.execute(select(tables.locations)).all())
            return [(row.source, row.actor) for row in rows] == [("text_w3w", "geocoder:what3words")]

        await eventually(is_placed)
        assert api.under_way == 0


async def test_workers_refuse_geocoders_that_are_set_wrongly_and_doors_open_all_the_same(
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path, geocoder=GeocoderSettings(provider="nominatim"))
    async with running(settings, ("doors",)) as started:
        assert started.http_port
    with pytest.raises(BadConfiguration, match=r"geocoder\.base_url"):
        async with running(settings, ("workers",)):
            pass
