"""What the console works with, handed to it by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from aiohttp import web

from intake.addressee import Seen
from intake.boundaries.drawing import Drawing
from intake.console.attachments.fetching import Attachments
from intake.console.peers import HEADER, Proxies
from intake.console.roles import Person
from intake.console.sign_in.gate import Gate
from intake.console.sign_in.oidc import Provider
from intake.console.sign_in.passkeys import Passkeys
from intake.console.tiles import Tiles
from intake.console.welsh import Welsh
from intake.contact import ContactId
from intake.control_room import ControlRoom, Service
from intake.errors import NotFound
from intake.explaining import Explaining
from intake.incident import Methane, TransferId
from intake.locate.fusion import Fusion
from intake.location import CallerLocation, Clue
from intake.phrases import Phrases
from intake.ports import Clock, Locator, Router
from intake.public.inviting import Inviting
from intake.rerouting import Rerouting
from intake.stock_replies import StockReply
from intake.store.answering import AnswerTarget
from intake.store.audit import Recording
from intake.store.store import Store
from intake.suggesting import Suggesting
from intake.updating import Updating


class HandOver(Protocol):
    """Sends a claimed contact on its way."""

    async def send(
        self,
        contact_id: ContactId,
        handler: str,
        attempts: int,
        services: Sequence[Service],
        room_id: str | None = None,
        methane: Methane | None = None,
        record: Recording | None = None,
        *,
        rooms: Mapping[Service, str] | None = None,
        seen: Seen | None = None,
    ) -> list[TransferId]:
        """Decision, incident, transfer and log event in one transaction (law 10), for each service.

        ``room_id``, or ``rooms`` by service, left out leave the choice to the router; what is not as it
        was ``seen`` is not sent; ``record`` is done last in the same
        transaction. Raises StaleClaim, NotFound, Refused.
        """
        ...


class Places(Protocol):
    """What is made of hypotheses; pure, the time is passed in."""

    def choose_best(self, hypotheses: Iterable[CallerLocation], now: datetime) -> CallerLocation | None: ...
    def as_of(self, location: CallerLocation, now: datetime) -> CallerLocation: ...
    def contradictions(self, hypotheses: Iterable[CallerLocation]) -> tuple[str, ...]: ...
    def fuse(self, hypotheses: Iterable[CallerLocation], now: datetime) -> Fusion: ...


class Sessions(Protocol):
    """The browsers that are signed in."""

    async def who(self, cookie: str) -> Person | None:
        """The person behind a session's cookie, None where it is unknown, over or their account disabled."""
        ...


def no_question(_clue: Clue, _language: str) -> str:
    """Where no phrases are at hand."""
    return ""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a request may need. ``tokens`` maps a handler's name to the SHA-256 (hex) of their
    token; ``old_after_s`` marks a message that was on its way for longer as old; ``ask`` gives the ready
    question for a clue, in a language; ``border_question`` is what to ask near a border, by language;
    ``welsh`` says in Welsh what the record says in English;
    ``libraries_dir`` holds what npm installed for the pages;
    ``drawing`` is what the map is drawn from, ``tiles`` whoever gives pictures under it, None for nobody;
    ``attachments`` fetches what callers sent along;
    ``gate`` judges sign-ins, ``provider`` is the identity provider beside it, ``passkeys`` are None where
    the console's address can have none;
    ``proxies`` are those in front of the console whose word counts;
    ``stale_review_s`` and ``stale_suggest_s`` as in the settings;
    ``idle_lock_s`` without key or pointer and a desk locks itself."""

    store: Store
    router: Router
    handover: HandOver
    places: Places
    locator: Locator
    clock: Clock
    new_id: Callable[[], str]
    tokens: Mapping[str, str]
    inviting: Inviting | None = None
    suggesting: Suggesting | None = None
    stock_replies: Sequence[StockReply] = ()
    phrases: Phrases | None = None
    updating: Updating | None = None
    rerouting: Rerouting | None = None
    explaining: Explaining | None = None
    border_question: Mapping[str, str] = {}
    lease_s: float = 15.0
    lease_limit_s: float = 900.0
    old_after_s: float = 900.0
    fixes_wait_s: float = 600.0
    stale_review_s: float = 900.0
    stale_suggest_s: float = 600.0
    ask: Callable[[Clue, str], str] = no_question
    welsh: Welsh = Welsh()
    open_limit: int = 3
    read_timeout_s: float = 10.0
    sessions: Sessions | None = None
    gate: Gate | None = None
    provider: Provider | None = None
    passkeys: Passkeys | None = None
    idle_lock_s: float = 600.0
    answer_target: AnswerTarget = AnswerTarget()
    libraries_dir: Path = Path("node_modules")
    drawing: Drawing | None = None
    tiles: Tiles | None = None
    attachments: Attachments | None = None
    proxies: Proxies = Proxies()

    def find_room(self, room_id: str) -> ControlRoom | None:
        """None for a room that has left the register; what was sent to it has not."""
        try:
            return self.router.room(room_id)
        except NotFound:
            return None


DESK = web.AppKey("desk", Desk)
HANDLER = web.RequestKey("handler", str)
PERSON = web.RequestKey("person", Person)


def peer_of(request: web.Request) -> str:
    """The address of the browser that asks, as far as anybody we trust can tell."""
    return request.app[DESK].proxies.peer(request.remote or "", request.headers.getall(HEADER, ()))
