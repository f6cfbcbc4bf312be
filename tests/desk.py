"""A console over a real store, for tests: handlers with tokens, the real register, the real hand-over."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import uuid_utils
from aiohttp.test_utils import TestServer

from intake.console.app import make_console_app
from intake.console.desk import Desk
from intake.console.welsh import Welsh, welsh_of
from intake.explaining import Explaining
from intake.handover import HandOver
from intake.locate import best
from intake.locate.text import TextLocator
from intake.phrases import load_phrases
from intake.register import load_register, load_rerouting
from intake.rerouting import Rerouting
from intake.routing.router import RegionalRouter
from intake.stock_replies import load_stock_replies
from intake.store.store import Store
from intake.suggesting import Suggesting
from intake.triage import load_added
from intake.updating import Updating
from tests.callers import NOON

CONFIG = Path(__file__).parent.parent / "config"
TOKENS = {"ada": "ada-token-0123456789", "bea": "bea-token-0123456789"}


class HandClock:
    """A clock that a test moves by hand; it starts at noon."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)


@cache
def register() -> RegionalRouter:
    return load_register(CONFIG)


@cache
def suggesting() -> Suggesting:
    return Suggesting(load_added(CONFIG), register())


@cache
def welsh() -> Welsh:
    return welsh_of(register(), load_added(CONFIG))


def new_id() -> str:
    return str(uuid_utils.uuid7())


def make_desk(store: Store, clock: Any, **changes: Any) -> Desk:
    handover = HandOver(store, register(), clock, new_id, "national-intake", suggesting().beside)
    fields: dict[str, Any] = {
        "store": store,
        "router": register(),
        "handover": handover,
        "rerouting": Rerouting(store, handover, register(), clock, new_id, load_rerouting(CONFIG)),
        "places": best,
        "locator": TextLocator(None),
        "clock": clock,
        "new_id": new_id,
        "suggesting": suggesting(),
        "stock_replies": load_stock_replies(CONFIG),
        "phrases": load_phrases(CONFIG),
        "updating": Updating(store, handover, register(), clock),
        "border_question": {"en": "Which town?", "cy": "Pa dref?"},
        "welsh": welsh(),
        "explaining": Explaining(CONFIG / "boundaries", register()),
        "tokens": {name: hashlib.sha256(token.encode()).hexdigest() for name, token in TOKENS.items()},
    }
    return Desk(**{**fields, **changes})


@asynccontextmanager
async def console(store: Store, clock: Any, **changes: Any) -> AsyncIterator[TestServer]:
    """The console, listening on loopback."""
    server = TestServer(make_console_app(make_desk(store, clock, **changes)))
    await server.start_server()
    try:
        yield server
    finally:
        await server.close()
