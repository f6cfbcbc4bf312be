"""The laws at the doors, over every registered channel and both engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import channels
from intake.ports import ChannelAdapter
from tests.conftest import ENGINES, new_postgresql_database
from tests.contract.door_laws import LAWS, Channel, Law
from tests.contract.door_world import Databases, open_doors

CHANNELS = {kind: Channel(kind) for kind in channels.CHANNELS}


@pytest.fixture(params=ENGINES, scope="module")
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    folder = tmp_path_factory.mktemp("laws")
    if request.param == "sqlite":
        yield Databases(folder)
        return
    for url in new_postgresql_database(request.getfixturevalue("postgresql_server")):
        yield Databases(folder, url)


@pytest.fixture
def opener(databases: Databases) -> Any:
    def opened(adapter: ChannelAdapter, **more: Any) -> Any:
        return open_doors(adapter, databases.empty(), **more)

    return opened


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("kind", CHANNELS)
async def test_law(kind: str, law: Law, opener: Any) -> None:
    await law(CHANNELS[kind], opener)
