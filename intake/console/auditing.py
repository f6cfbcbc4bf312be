"""Who saw and did what at the console, recorded before anybody hears of it (law 17).

A change writes its record as the last thing of its own transaction (`run`, or `recording` where another
part of the intake owns the transaction). A view is recorded after it was read and before it is answered,
by one middleware for every path that names an action. What cannot be recorded is not done: 503.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar

import structlog
from aiohttp import web
from cachetools import TTLCache

from intake.console.desk import DESK, PERSON
from intake.console.roles import Person
from intake.console.routes import RIGHT_OF, Asked
from intake.console.verifying import VERIFYING, Verifying, verifying
from intake.contact import Contact
from intake.ports import Clock
from intake.store import Connection, audit
from intake.store.audit import Entry, Recording, Told
from intake.store.store import Store

log = structlog.get_logger()

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

VIEW_S = 60.0
"""A record of a view stands for what the same person sees of the same within this time: their page reads
a contact again whenever it changes."""
REPEATED = frozenset(
    {
        "queue.list",
        "queue.offers",
        "fixes.list",
        "contact.view",
        "contact.route",
        "contact.decisions",
        "refused.locked",
    }
)
"""Views that a page repeats by itself. Every other view, and every export, has a record each."""
VIEWS_KEPT = 20_000
GROUP = 256
HEAD_EVERY_S = 60.0


class Auditor:
    """Writes records of views, all that wait in one transaction; for one event loop."""

    def __init__(self, store: Store, clock: Clock, timer: Callable[[], float] = time.monotonic):
        self._store, self._clock = store, clock
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None
        self._seen: TTLCache[tuple[str, str, str], bool] = TTLCache(VIEWS_KEPT, VIEW_S, timer)

    async def write(self, entry: Entry) -> None:
        """Return once the record is committed; raises StoreUnavailable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.ensure_future(self._commit())
        await done

    async def write_view(self, entry: Entry) -> None:
        """The same, once in ``VIEW_S`` for each person, action and contact."""
        key = (entry.actor, entry.action, entry.contact)
        if entry.action in REPEATED and key in self._seen:
            return
        await self.write(entry)
        self._seen[key] = True

    async def _commit(self) -> None:
        # What comes while one group is being committed is the next group: nobody waits for a timer.
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            entries = [entry for entry, _ in group]
            error: Exception | None = None
            try:
                await self._store.run(partial(self._append, entries))
            except Exception as failed:
                error = failed
            for _, done in group:
                if not done.done():
                    done.set_result(None) if error is None else done.set_exception(error)

    def _append(self, entries: list[Entry], conn: Connection) -> None:
        audit.append(conn, self._clock.now(), entries)

    async def log_head(self) -> None:
        """Tell the log where the chain ends: the log leaves this machine, and proves what was cut off."""
        said = 0
        while True:
            with contextlib.suppress(Exception):  # the database is away: its own alarms tell of that
                end = await self._store.read(audit.head)
                if end.number != said:
                    log.info("audit_head", number=end.number, digest=end.digest)
                    said = end.number
            await asyncio.sleep(HEAD_EVERY_S)


AUDITOR = web.AppKey("auditor", Auditor)
_NO_PATH = re.compile(r"[^A-Za-z0-9._/:-]")
_RECORDED = web.RequestKey("recorded", bool)
_TOLD = web.RequestKey("told", dict[str, Told])


async def auditing(app: web.Application) -> AsyncIterator[None]:
    """For ``app.cleanup_ctx``: the chain's end goes to the log while the console runs."""
    task = asyncio.ensure_future(app[AUDITOR].log_head())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def run(
    request: web.Request,
    work: Callable[[Connection], T],
    *,
    action: str = "",
    contact: str | Callable[[T], str] = "",
    **data: Told,
) -> T:
    """``desk.store.run(work)``, with its audit record as the last thing in the same transaction.

    The action is the path's unless given. The contact is the result where it is one, else the one in the
    path, else ``contact``. ``data`` holds counts, states and names: Entry refuses what a caller wrote.
    """
    desk = request.app[DESK]

    def recorded(conn: Connection) -> T:
        result = work(conn)
        found = contact(result) if callable(contact) else contact
        told = data
        if isinstance(result, Contact):
            found, told = result.id, {"attempts": result.attempts, "state": result.state.value, **data}
        recording(request, action=action, contact=found, **told)(conn)
        return result

    return await desk.store.run(recorded)


def recording(request: web.Request, *, action: str = "", contact: str = "", **data: Told) -> Recording:
    """What a transaction that is not ours is to do last: append this request's record."""
    asked, person, clock = _asked(request), request[PERSON], request.app[DESK].clock
    action = action or (asked.action if asked else "")
    address = contact or request.match_info.get("contact", "")
    request[_RECORDED] = True

    def write(conn: Connection) -> None:
        if action:
            audit.record(conn, clock.now(), person.name, str(person.role), action, address, **data)

    return write


async def record_view(request: web.Request, action: str = "", contact: str = "", **data: Told) -> None:
    """For what is no plain answer, such as a socket's window: returns once the view is recorded."""
    asked, person = _asked(request), request[PERSON]
    entry = Entry(
        actor=person.name,
        role=str(person.role),
        action=action or (asked.action if asked else ""),
        contact=contact or request.match_info.get("contact", ""),
        data=data,
    )
    await request.app[AUDITOR].write_view(entry)
    request[_RECORDED] = True


def tell(request: web.Request, **data: Told) -> None:
    """Add to the record that the middleware will write of this view."""
    request[_TOLD] = {**request.get(_TOLD, {}), **data}


async def record_refusal(request: web.Request, person: Person, asked: Asked, status: int) -> None:
    """Somebody we know asked for what is not theirs."""
    wanted = asked.action or _NO_PATH.sub("", f"{asked.method}:{asked.path}")[:80]
    data: dict[str, Told] = {"status": status, "asked": wanted}
    address = request.match_info.get("contact", "")
    action = "refused.locked" if status == 423 else "refused"
    entry = Entry(actor=person.name, role=str(person.role), action=action, contact=address, data=data)
    await request.app[AUDITOR].write_view(entry)


@web.middleware
async def record_views(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every path that names an action leaves a record; what was read is answered after its record."""
    response = await handler(request)
    asked = _asked(request)
    if asked is None or not asked.action or PERSON not in request or request.get(_RECORDED):
        return response
    if response.status >= 400:
        return response  # nothing was seen or done
    if response.prepared or request.method not in ("GET", "HEAD"):
        # A path of ours that forgot `run`: recorded late rather than never, and said aloud.
        log.error("audit_after_the_fact", path=asked.path, action=asked.action)
    data = request.get(_TOLD, {})
    await record_view(request, asked.action, **data)
    return response


def _asked(request: web.Request) -> Asked | None:
    return request.app[RIGHT_OF].of(request)


def start_auditing(app: web.Application, store: Store, clock: Clock) -> None:
    """Give an application its auditor, and what verifies its chain."""
    app[AUDITOR] = Auditor(store, clock)
    app[VERIFYING] = Verifying(store, clock)
    app.cleanup_ctx.extend((auditing, verifying))
