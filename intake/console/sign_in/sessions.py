"""Browsers' sessions: 256 random bits in a cookie, of which only a digest is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from intake.console.roles import Person, Role
from intake.ports import Clock
from intake.store import Connection, console_sessions
from intake.store.at_rest import Transactions
from intake.store.audit import Recording, recorded

SEEN_EVERY = timedelta(seconds=60)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class BrowserSessions:
    """``life_s`` after its sign-in a session is over, and ``idle_s`` after its last request."""

    def __init__(
        self, store: Transactions, clock: Clock, *, life_s: float = 43_200.0, idle_s: float = 3_600.0
    ):
        self._store, self._clock = store, clock
        self.life_s, self.idle_s = life_s, idle_s

    async def who(self, cookie: str) -> Person | None:
        """The person behind a cookie, None where its session is unknown, over or its account disabled."""
        if not _TOKEN.fullmatch(cookie):
            return None
        now, id_digest = self._clock.now(), digest(cookie)
        found = await self._find(id_digest, now)
        if found is None or found.role not in set(Role):
            return None
        if now - found.seen_at >= SEEN_EVERY:
            await self._store.run(partial(console_sessions.seen, now=now, id_digest=id_digest))
        return Person(
            name=found.account,
            role=Role(found.role),
            display_name=found.display_name,
            language=found.language,
            open_limit=found.open_limit,
            session=id_digest,
            csrf=csrf_of(cookie),
            locked=found.locked_at is not None,
        )

    async def role_of(self, person: Person) -> Role | None:
        """The role that a session has now, None where it is over. Asking keeps no session from being idle."""
        found = await self._find(person.session, self._clock.now())
        return None if found is None or found.role not in set(Role) else Role(found.role)

    async def _find(self, id_digest: str, now: datetime) -> console_sessions.Session | None:
        return await self._store.read(
            partial(console_sessions.find, now=now, id_digest=id_digest, idle_s=self.idle_s)
        )

    async def start(self, account: str, *, instead_of: str = "", record: Recording | None = None) -> str:
        """The cookie of a new session; the one that this browser had before is over.

        ``record`` is done last in the same transaction, here and below.
        """
        token, now = new_token(), self._clock.now()

        def work(conn: Connection) -> None:
            if _TOKEN.fullmatch(instead_of):
                console_sessions.end(conn, now, digest(instead_of))
            console_sessions.start(conn, now, digest(token), account, self.life_s)

        await self._store.run(recorded(work, record))
        return token

    async def lock(self, person: Person, record: Recording | None = None) -> None:
        """Until ``unlock``; a session that is locked stays locked since when it was."""
        await self._change(console_sessions.lock, person, record)

    async def unlock(self, person: Person, record: Recording | None = None) -> None:
        await self._change(console_sessions.unlock, person, record)

    async def end(self, person: Person, record: Recording | None = None) -> None:
        await self._change(console_sessions.end, person, record)

    async def _change(self, change: Callable[..., None], person: Person, record: Recording | None) -> None:
        work = partial(change, now=self._clock.now(), id_digest=person.session)
        await self._store.run(recorded(work, record))


def new_token() -> str:
    """256 random bits for a cookie."""
    return secrets.token_urlsafe(32)


def digest_of(cookie: str) -> str:
    """The digest of what may be a cookie of ours; empty where it cannot be one."""
    return digest(cookie) if _TOKEN.fullmatch(cookie) else ""


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_of(token: str) -> str:
    """What this session's pages send back with each change: it cannot be made from the digest we keep."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()
