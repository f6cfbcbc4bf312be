"""A database that has vanished is found out in time, and what was no HTTP is not quoted in the log."""

from __future__ import annotations

import asyncio
import io
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from intake.clock import SteadyClock
from intake.errors import StoreUnavailable
from intake.logs import WithoutContent
from intake.store.engine import reading_engine, writing_engine
from intake.store.store import Store
from tests.contract.door_channel import Channel
from tests.contract.door_world import Databases, open_doors
from tests.integration.bare_wire import exchange, status_of


async def test_a_database_that_says_nothing_is_given_up() -> None:
    """The port is open, nobody answers: a frozen server, or a firewall that swallows."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        store = Store(f"postgresql+psycopg://x@127.0.0.1:{port}/x?connect_timeout=2", SteadyClock())
        began_s = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.start()
        assert time.monotonic() - began_s < 10
        await store.close()


@pytest.mark.parametrize("make_engine", [writing_engine, reading_engine])
@pytest.mark.parametrize(
    ("query", "patience"),
    [("", (5, 10_000)), ("?connect_timeout=30", ("30", 10_000)), ("?tcp_user_timeout=1", (5, "1"))],
)
def test_the_patience_is_ours_unless_the_url_says_otherwise(
    make_engine: Any, query: str, patience: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def refuse(*_args: Any, **named: Any) -> Any:
        asked.append(named)
        raise psycopg.OperationalError("not today")

    monkeypatch.setattr(psycopg.Connection, "connect", refuse)
    engine = make_engine(f"postgresql+psycopg://x@127.0.0.1/x{query}")
    monkeypatch.setattr(engine.dialect.loaded_dbapi, "connect", refuse)
    with pytest.raises(Exception, match="not today"):
        engine.connect()
    assert (asked[0]["connect_timeout"], asked[0]["tcp_user_timeout"]) == patience


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What aiohttp's server writes to the log, through our filter."""
    written, log, ours = io.StringIO(), logging.getLogger("aiohttp.server"), WithoutContent()
    handler = logging.StreamHandler(written)
    log.addHandler(handler)
    log.addFilter(ours)
    yield written
    log.removeFilter(ours)
    log.removeHandler(handler)


async def test_broken_http_is_logged_without_its_words(tmp_path: Path, logged: io.StringIO) -> None:
    app = Channel("app")
    async with open_doors(app.adapter, Databases(tmp_path).empty()) as world:
        request = (
            b"POST /app HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfire at +447700900123\r\n"
        )
        heard = await asyncio.to_thread(exchange, world.http_port, [request])
    assert status_of(heard) in (400, 404)
    assert "refused" in logged.getvalue() and "07700" not in logged.getvalue().replace("+44", "0")
