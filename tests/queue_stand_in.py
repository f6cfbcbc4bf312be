"""A console whose queue is made up and stands in memory: thousands of contacts, hundreds of changes a second.

    python tests/queue_stand_in.py --port N [--contacts 5000] [--changes 0]

The pages, their files, the picture of the queue and its frames are the real ones; no database stands behind
them, and anybody is `ada`. Tests of the page drive it: `POST /stand-in/rate|new|gone|touch`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from aiohttp import WSMsgType, web

from intake.console.live.board import Board
from intake.console.live.filters import ViewFilter
from intake.console.live.frames import frame
from intake.console.live.views import Tallies, View
from intake.console.pages import files
from intake.console.pages.shells import SHELLS, Shells
from intake.console.roles import Person, Role
from intake.console.views.contact import queue_row
from intake.contact import CallerUri, ChannelKind, Contact, ContactId, ContactState
from intake.control_room import Service
from intake.location import CallerLocation, LocationSource
from intake.store.live import LiveContact

FRAME_S = 0.1
ADA = Person(name="ada", role=Role.HANDLER, display_name="ada", csrf="stand-in")
WORDS = (
    "smoke upstairs",
    "he is outside the door",
    "cannot breathe",
    "two cars on the a90",
    "paddleboard off",
)
PLACE = CallerLocation(latitude=53.8, longitude=-1.5, uncertainty_m=9.0, source=LocationSource.AML)
LIBRARIES = Path(__file__).parent.parent / "node_modules"


class Crowd:
    """The contacts, and what happens to them."""

    def __init__(self, count: int, seed: int = 4):
        self.board = Board()
        self.tallies = Tallies(self.board)
        self.views: dict[web.WebSocketResponse, tuple[View, int]] = {}
        self.changes_a_second = 0.0
        self.alarms = True
        self._random = random.Random(seed)
        self.count = 0

        for _ in range(count):
            self.add(waited_s=self._random.uniform(0, 3_000))
        self.begun_with = count

    def add(self, waited_s: float = 0.0, priority: int | None = None) -> Contact:
        self.count += 1
        at = datetime.now(UTC) - timedelta(seconds=waited_s)
        pick = self._random
        contact = Contact(
            id=ContactId(f"0193e5b2-7c1a-7000-8000-{self.count:012d}"),
            number=self.count,
            channel=ChannelKind(pick.choice(("sms", "app", "email", "telegram"))),
            caller=CallerUri(f"tel:+4477009{self.count % 1000:05d}"),
            state=ContactState.WAITING,
            priority=pick.choice((1, 2, 2, 3, 3, 3)) if priority is None else priority,  # type: ignore[arg-type]
            priority_rule="",
            service=pick.choice((None, Service.FIRE, Service.POLICE, Service.AMBULANCE, Service.COASTGUARD)),
            service_reason="",
            queued_at=at,
            last_message_at=at,
            next_attempt_at=at,
            attempts=0,
            claimed_by="",
            summary=pick.choice(WORDS),
            language=pick.choice(("", "", "", "cy", "pl")),
            silent=pick.random() < 0.05,
            defect="",
            location=pick.choice((None, PLACE)),
            incident_id="",
        )
        self._put(contact)
        return contact

    def change(self) -> None:
        """One thing happens: somebody writes in, goes, is taken, or writes again; a quarter of it on top."""
        pick = self._random
        kind = pick.random()
        if kind < 0.2:
            self.add()
            return
        keys = self._keys()
        on_top = pick.random() < 0.25
        contact = self.at(pick.randrange(min(60, len(keys))) if on_top else pick.randrange(len(keys)))
        if kind < 0.4:
            self.board.drop(contact.id)
        elif kind < 0.6:
            self.take(contact, "bea")
        else:
            words = f"{pick.choice(WORDS)} {pick.randrange(1000)}"
            self._put(msgspec.structs.replace(contact, summary=words, last_message_at=datetime.now(UTC)))

    def take(self, contact: Contact, handler: str) -> Contact:
        until = datetime.now(UTC) + timedelta(seconds=15)
        taken = msgspec.structs.replace(
            contact, state=ContactState.OPEN, claimed_by=handler, next_attempt_at=until, attempts=1
        )
        self._put(taken)
        return taken

    def at(self, place: int) -> Contact:
        return self.board.entries[self._keys()[place][2]].contact

    def _keys(self) -> list[tuple[int, datetime, str]]:
        listing = self.board.listing(ViewFilter(), "ada")
        return listing.keys  # type: ignore[return-value]

    def _put(self, contact: Contact) -> None:
        live = LiveContact(contact=contact, first_shown_at=contact.queued_at, first_reply_at=None)
        self.board.take(live, "Yorkshire", datetime.now(UTC))

    async def run(self) -> None:
        owed, at, beat_at = 0.0, time.monotonic(), 0.0
        while True:
            await asyncio.sleep(FRAME_S)
            now = time.monotonic()
            owed += self.changes_a_second * (now - at)
            at = now
            while owed >= 1:
                self.change()
                owed -= 1
            beats = now >= beat_at
            if beats:
                beat_at = now + 1.0
            await self.publish(beats)

    async def publish(self, beats: bool) -> None:
        self.tallies.refresh()
        for view in {id(view): view for view, _ in self.views.values()}.values():
            view.refresh()
        for ws, (view, seq) in list(self.views.items()):
            with contextlib.suppress(ConnectionError, RuntimeError):
                if beats:
                    await ws.send_bytes_as_text(frame("beat", now=datetime.now(UTC)))  # type: ignore[attr-defined]
                    await ws.send_bytes_as_text(self.alarm())  # type: ignore[attr-defined]
                if seq != view.seq:
                    text = view.delta if seq == view.seq - 1 and seq >= 0 else view.window()
                    self.views[ws] = (view, view.seq)
                    # When it left, so that the page can say how long it took to be seen.
                    stamped = b'{"sent":%.3f,' % (time.time() * 1000) + text[1:]
                    await ws.send_bytes_as_text(stamped)  # type: ignore[attr-defined]

    def alarm(self) -> bytes:
        desks = {"live": 1, "available": 1, "none": False}
        return frame("alarms", unanswered=self.board.unanswered(datetime.now(UTC)), desks=desks)


class Line(web.WebSocketResponse):
    async def send_bytes_as_text(self, text: bytes) -> None:
        await self.send_frame(text, WSMsgType.TEXT)


CROWD = web.AppKey("crowd", Crowd)


async def live(request: web.Request) -> web.StreamResponse:
    crowd, ws = request.app[CROWD], Line(compress=False)
    await ws.prepare(request)
    await ws.send_bytes_as_text(frame("hello", handler="ada", now=datetime.now(UTC), lease_s=15, desk=7))
    await ws.send_bytes_as_text(frame("numbers", desks={"ada": 7, "bea": 9}))
    try:
        async for message in ws:
            said = msgspec.json.decode(message.data)
            if said["t"] == "view":
                where = msgspec.convert(said["filter"], ViewFilter)
                listing = crowd.board.listing(where, "ada")
                view = View(crowd.board, crowd.tallies, listing, said["first"], said["size"])
                crowd.tallies.refresh()
                crowd.views[ws] = (view, -1)
    finally:
        crowd.views.pop(ws, None)
    return ws


async def me(_request: web.Request) -> web.Response:
    said = {"handler": "ada", "display_name": "ada", "role": "handler", "language": "en", "open_limit": 3}
    return web.json_response(
        {**said, "locked": False, "idle_lock_s": 3600, "now": datetime.now(UTC).isoformat()}
    )


async def claim(request: web.Request) -> web.Response:
    """The top one that nobody has."""
    crowd = request.app[CROWD]
    free = next((one.contact for one in crowd.board.entries.values() if one.claimable), None)
    row = None if free is None else queue_row(crowd.take(free, "ada"), datetime.now(UTC))
    return web.Response(body=msgspec.json.encode({"contact": row}), content_type="application/json")


async def drive(request: web.Request) -> web.Response:
    """What a test makes happen: rate {changes}, new {count, priority}, gone {place}, touch {place, text}."""
    crowd, said = request.app[CROWD], await request.json()
    what = request.match_info["what"]
    if what == "rate":
        crowd.changes_a_second = float(said["changes"])
    elif what == "new":
        for _ in range(said.get("count", 1)):
            # Waiting longest: it stands before all of its priority.
            crowd.add(
                waited_s=said.get("waited_s", 9_000.0 + 100 * (crowd.count - crowd.begun_with)),
                priority=said.get("priority", 1),
            )
    elif what == "gone":
        contact = crowd.at(said["place"])
        if said.get("by"):
            crowd.take(contact, said["by"])
        else:
            crowd.board.drop(contact.id)
        return web.json_response({"id": contact.id})
    elif what == "touch":
        contact = crowd.at(said["place"])
        crowd._put(msgspec.structs.replace(contact, summary=said["text"]))
        return web.json_response({"id": contact.id})
    return web.json_response({"contacts": len(crowd.board.entries)})


async def desk_page(request: web.Request) -> web.Response:
    return request.app[SHELLS].page(request, "desk", ADA)


async def nothing(_request: web.Request) -> web.Response:
    return web.json_response({"rows": [], "code": "not_found", "message": "the stand-in has no such thing"})


async def no_contact(_request: web.Request) -> web.Response:
    return web.json_response(
        {"code": "not_found", "message": "the stand-in has no contact whole"}, status=404
    )


def make(contacts: int, changes: float) -> web.Application:
    app = web.Application()
    crowd = app[CROWD] = Crowd(contacts)
    crowd.changes_a_second = changes
    app[SHELLS] = Shells.load()
    library = files.library(LIBRARIES)
    app.router.add_get("/desk", desk_page)
    app.router.add_get("/front/{name:.+}", files.own)
    app.router.add_get("/libraries/{name:.+}", library)  # type: ignore[arg-type]
    app.router.add_get("/words/{language}.json", files.words)
    app.router.add_get("/api/v1/live", live)
    app.router.add_get("/api/v1/me", me)
    app.router.add_post("/api/v1/queue/claim", claim)
    app.router.add_get("/api/v1/contacts/{rest:.+}", no_contact)
    app.router.add_post("/stand-in/{what}", drive)
    app.router.add_route("*", "/{rest:.*}", nothing)

    async def running(_app: web.Application):  # type: ignore[no-untyped-def]
        task = asyncio.create_task(crowd.run())
        yield
        task.cancel()

    app.cleanup_ctx.append(running)
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--contacts", type=int, default=5_000)
    parser.add_argument("--changes", type=float, default=0.0)
    asked = parser.parse_args()
    web.run_app(make(asked.contacts, asked.changes), host="127.0.0.1", port=asked.port, print=None)
