"""The laws at the doors, over every registered channel and both engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

import channels
from intake.doors import way_in
from intake.ports import ChannelAdapter
from intake.store import writer
from intake.store.store import Store
from intake.workers import parsing
from tests.conftest import ENGINES, new_postgresql_database
from tests.contract import door_world
from tests.contract.door_channel import Channel
from tests.contract.door_laws import (
    LAWS,
    Law,
    a_parser_that_fails_costs_no_contact,
    it_answers_only_after_the_commit,
    the_same_text_with_a_new_id_is_kept,
)
from tests.contract.door_world import Databases, open_doors
from tests.simulation.answer_first import accept_too_early

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


# -- negative controls: the same laws, against doors that break them --------------------------------------


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("kind", CHANNELS)
async def test_without_the_defects_a_parser_that_fails_costs_a_contact(
    kind: str, opener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (way_in, parsing):
        monkeypatch.setattr(module, "read_message", lambda normalise, raw: (normalise(raw), None))
    monkeypatch.setattr(door_world, "READ_LIMIT_S", 1.0)  # a mail nobody can read stays pending for ever
    with pytest.raises((AssertionError, TimeoutError)):
        await a_parser_that_fails_costs_no_contact(CHANNELS[kind], opener)


@pytest.mark.parametrize("kind", CHANNELS)
async def test_an_answer_before_the_commit_is_found_out(
    kind: str, opener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "accept", accept_too_early)
    with pytest.raises(AssertionError, match="before anything was committed"):
        await it_answers_only_after_the_commit(CHANNELS[kind], opener)


@pytest.mark.parametrize("kind", ["app", "email", "sms", "telegram"])
async def test_deduping_by_text_is_found_out(kind: str, opener: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 4 breaks when the words are made the id."""
    real = writer.Writer.arrive

    def by_text(self: Any, item: Any) -> Any:
        messages = tuple(msgspec.structs.replace(one, provider_id=one.text) for one in item.messages)
        return real(self, msgspec.structs.replace(item, messages=messages))

    monkeypatch.setattr(writer.Writer, "arrive", by_text)
    with pytest.raises(ValueError, match="not enough values"):
        await the_same_text_with_a_new_id_is_kept(CHANNELS[kind], opener)
