"""The page of licences is made from what is installed: nothing the intake runs on is left out."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import aiohttp
import pytest

from intake.console.pages.licences import normal, packages
from intake.store.store import Store
from tests.desk import HandClock, console

ROOT = Path(__file__).parents[2]
LIBRARIES = ROOT / "node_modules"


def test_every_direct_dependency_is_listed_with_its_licence() -> None:
    listed = packages(LIBRARIES)
    wanted = importlib.metadata.requires("national-intake") or []
    names = {normal(re.split(r"[\[<>=~! ]", one)[0]) for one in wanted}
    assert len(names) > 30
    assert names <= {key.removeprefix("python/") for key in listed if key.startswith("python/")}
    unsaid = sorted(one.name for one in listed.values() if not one.licence and not one.texts)
    assert unsaid == [], "neither its metadata nor a file says under which licence it comes"


def test_what_pages_load_is_listed_with_the_version_that_is_installed() -> None:
    listed = packages(LIBRARIES)
    assert {"npm/leaflet", "npm/lit-html"} <= set(listed)
    assert (listed["npm/leaflet"].version, listed["npm/leaflet"].licence) == ("1.9.4", "BSD-2-Clause")
    assert (listed["npm/lit-html"].version, listed["npm/lit-html"].licence) == ("3.3.3", "BSD-3-Clause")


def test_what_only_tests_need_is_not_listed() -> None:
    assert not {"python/pytest", "python/mypy", "python/playwright"} & set(packages(LIBRARIES))


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_the_page_and_the_texts_are_open_to_all(store: Store) -> None:
    changes = {"libraries_dir": LIBRARIES}
    async with console(store, HandClock(), **changes) as server, aiohttp.ClientSession() as http:

        async def get(path: str) -> tuple[int, str]:
            async with http.get(server.make_url(path)) as answer:
                return answer.status, await answer.text()

        status, page = await get("/licences")
        assert (
            status == 200 and "BSD-2-Clause" in page and "SQLAlchemy" in page and "© Crown copyright" in page
        )
        for path in re.findall(r'href="(/licences/[^"]+)"', page):
            status, text = await get(path)
            assert status == 200 and len(text) > 200, path
        assert "Volodymyr" in (await get("/licences/npm/leaflet"))[1]
        for path in ("/licences/npm/..", "/licences/python/none", "/licences/npm/..%2f..%2fpackage.json"):
            assert (await get(path))[0] in (403, 404), path
