"""Judges a sign-in with name, password and code: what was wrong with it, nobody is told."""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec
import structlog

from intake.console.roles import Role, is_handler_name
from intake.console.sign_in import passwords, second_factor
from intake.console.sign_in.second_factor import Sealed
from intake.console.sign_in.sessions import BrowserSessions, digest, digest_of, new_token
from intake.console.sign_in.throttle import Throttle
from intake.errors import Refused
from intake.ports import Clock
from intake.store import Connection, accounts, console_sessions, known_devices, passkeys
from intake.store.accounts import Account
from intake.store.at_rest import Transactions
from intake.store.audit import Recording, recorded

log = structlog.get_logger()

NAME_LIMIT = 40
REFUSED_EVERY_S = 0.5
"""A refusal is answered at a multiple of this: what an account costs more is within it."""


class Denied(Refused):
    """The attempt failed. ``retry_at`` is until when the next is not judged, None where it is at once;
    ``account`` is whose it would have been and ``action`` what happened, for the audit record alone."""

    code = "denied"

    def __init__(
        self,
        message: str,
        retry_at: datetime | None = None,
        account: Account | None = None,
        action: str = "session.denied",
    ):
        super().__init__(message)
        self.retry_at, self.account, self.action = retry_at, account, action


class Enrolment(msgspec.Struct, frozen=True):
    """A new second factor: shown once."""

    secret: str
    address: str


class Gate:
    """Sign-in, unlocking and one's own credentials. ``sealed`` is None where no secret is set."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        sessions: BrowserSessions,
        secret: str = "",
        refused_every_s: float = REFUSED_EVERY_S,
    ):
        self.store, self.clock, self.sessions = store, clock, sessions
        self.sealed = Sealed(secret) if secret else None
        self._throttle = Throttle()
        self._hashing = passwords.AtOnce()
        self._refused_every_s = refused_every_s

    async def sign_in(self, name: str, password: str, code: str, peer: str, device: str = "") -> Account:
        """Raises Denied, with the same words for an unknown name, a wrong password and a wrong code.

        ``device`` is the browser's cookie from a sign-in before: what strangers guessed at this name, and
        from this address, is not held against it. Its own guesses are.
        """
        name = name.strip().lower()[:NAME_LIMIT]
        known_device = await self._known(name, device)
        account = await self._begin(name, peer, known_device)
        known = await self._hashing.verify(account.password_hash if account else "", password)
        totp = self._opened(account)
        step = second_factor.step_of(totp, code, self.clock.now())
        is_right = account is not None and known and step is not None and account.is_enabled
        if account is None or step is None or not is_right or not await self._take(account, step):
            log.warning("sign_in_refused", peer=peer)
            raise Denied("name, password or code do not match", account=account)
        await self._welcome(account, password, peer, known_device)
        return account

    async def even_out(self, began_s: float) -> None:
        """Wait, once a refusal that began at ``began_s`` of the event loop's time is ready: how long it took
        tells nobody whether there is such a name."""
        if self._refused_every_s:
            took_s = asyncio.get_running_loop().time() - began_s
            await asyncio.sleep(-took_s % self._refused_every_s)

    async def remember(self, name: str, device: str) -> str:
        """The cookie of the device at which this person has just signed in: ``device`` where that is one."""
        now, made = self.clock.now(), new_token()

        def work(conn: Connection) -> str:
            id_digest = digest_of(device)
            kept = device if id_digest and known_devices.is_any(conn, now, id_digest) else made
            known_devices.remember(conn, now, name, digest(kept))
            return kept

        return await self.store.run(work)

    async def check_password(self, name: str, password: str, session: str, peer: str) -> None:
        """Unlocking, and changing one's own credentials. Raises Denied.

        Counted for the session alone: who guesses at a name elsewhere keeps nobody from their own desk.
        """
        if retry_at := self._throttle.begin_key(session or name, self.clock.now()):
            log.warning("session_resting", peer=peer)
            raise Denied("too many attempts at this desk", retry_at)
        account = await self.store.read(lambda conn: accounts.find(conn, name))
        if account is None or not await self._hashing.verify(account.password_hash, password):
            log.warning("password_refused", peer=peer)
            raise Denied("the password does not match", account=account)
        self._throttle.forgive_key(session or name)
        await self._strengthen(account, password)

    async def set_password(
        self, name: str, password: str, *, keep_session: str = "", record: Recording | None = None
    ) -> None:
        """Raises Refused with the key of what is wrong with it. Every other session of the account ends."""
        if trouble := passwords.trouble_with(password, name):
            raise Refused(trouble)
        hashed, now = await self._hashing.hash(password), self.clock.now()

        def work(conn: Connection) -> None:
            accounts.set_password(conn, name, hashed)
            known_devices.forget_all(conn, name)
            console_sessions.end_all(conn, now, name, keep_session)

        await self.store.run(recorded(work, record))

    def enrolment(self, name: str, secret: str = "") -> Enrolment:
        """A second factor to show, not yet in force."""
        secret = secret or second_factor.new_secret()
        return Enrolment(secret, second_factor.address(secret, name))

    async def set_totp(
        self,
        name: str,
        secret: str,
        *,
        last_step: int = 0,
        keep_session: str = "",
        record: Recording | None = None,
    ) -> None:
        """Raises Refused without a console secret. Every other session of the account ends."""
        sealed, now = self.seal(secret, name), self.clock.now()

        def work(conn: Connection) -> None:
            accounts.set_totp(conn, name, sealed, last_step)
            console_sessions.end_all(conn, now, name, keep_session)

        await self.store.run(recorded(work, record))

    async def add(
        self,
        name: str,
        role: Role,
        password: str,
        *,
        display_name: str = "",
        language: str = "en",
        record: Recording | None = None,
    ) -> Enrolment:
        """A new local account. Raises Refused with the key of what is wrong, or where the name is taken."""
        self.check_name(name)
        if trouble := passwords.trouble_with(password, name):
            raise Refused(trouble)
        enrolment, now = self.enrolment(name), self.clock.now()
        sealed, hashed = self.seal(enrolment.secret, name), await self._hashing.hash(password)

        def work(conn: Connection) -> None:
            accounts.add(
                conn,
                now,
                name=name,
                role=role.value,
                display_name=display_name,
                language=language,
                password_hash=hashed,
                totp_sealed=sealed,
            )

        await self.store.run(recorded(work, record))
        return enrolment

    async def reset(self, name: str, password: str, enrolment: Enrolment, record: Recording) -> None:
        """A new password and a new second factor; its passkeys are gone, its sessions over."""
        hashed, sealed = await self._hashing.hash(password), self.seal(enrolment.secret, name)
        now = self.clock.now()

        def work(conn: Connection) -> None:
            accounts.set_password(conn, name, hashed)
            accounts.set_totp(conn, name, sealed)
            passkeys.remove_all(conn, name)
            known_devices.forget_all(conn, name)
            console_sessions.end_all(conn, now, name)

        await self.store.run(recorded(work, record))

    async def find(self, name: str) -> Account:
        """Raises NotFound."""
        return await self.store.read(lambda conn: accounts.get(conn, name))

    def require_secret(self) -> None:
        """Raises Refused without a console secret."""
        if self.sealed is None:
            raise Refused("no_secret")

    def check_name(self, name: str) -> None:
        """Raises Refused for what cannot be a person's name."""
        if not is_handler_name(name):
            raise Refused("bad_name")

    def seal(self, secret: str, name: str) -> str:
        """Raises Refused without a console secret."""
        if self.sealed is None:
            raise Refused("no_secret")
        return self.sealed.close(secret, name)

    def unseal(self, sealed: str, name: str) -> str | None:
        """None where it was not sealed by us for this."""
        return None if self.sealed is None else self.sealed.open(sealed, name)

    async def _known(self, name: str, device: str) -> str:
        """The digest of a device's cookie where this account knows it; empty for a stranger's."""
        id_digest, now = digest_of(device), self.clock.now()
        if not id_digest or not await self.store.read(
            lambda conn: known_devices.is_known(conn, now, name, id_digest)
        ):
            return ""
        return id_digest

    async def _begin(self, name: str, peer: str, known_device: str) -> Account | None:
        """Count an attempt before it is judged; raises Denied where the device, or the peer or the name
        for strangers, must wait."""
        now = self.clock.now()
        if known_device:
            return await self._begin_at(known_device, name, now, peer)
        if retry_at := self._throttle.begin(peer, now):
            log.warning("sign_in_throttled", peer=peer)
            raise Denied("too many attempts from this address", retry_at)

        def work(conn: Connection) -> tuple[Account | None, datetime | None]:
            return accounts.find(conn, name), accounts.begin_attempt(conn, now, name)

        account, retry_at = await self.store.run(work)
        if account is None:
            retry_at = self._throttle.begin_key(name, now)
        if retry_at is not None:
            log.warning("account_resting", peer=peer)
            raise Denied("too many attempts for this name", retry_at)
        return account

    async def _begin_at(self, known_device: str, name: str, now: datetime, peer: str) -> Account | None:
        def work(conn: Connection) -> tuple[Account | None, datetime | None]:
            retry_at = known_devices.begin_attempt(conn, now, name, known_device)
            return accounts.find(conn, name), retry_at

        account, retry_at = await self.store.run(work)
        if retry_at is not None:
            log.warning("device_resting", peer=peer)
            raise Denied("too many attempts at this device", retry_at)
        return account

    def _opened(self, account: Account | None) -> str | None:
        if account is None or self.sealed is None or not account.totp_sealed:
            return None
        totp = self.sealed.open(account.totp_sealed, account.name)
        if totp is None:
            log.error(
                "second_factor_cannot_be_opened", hint="console.secret is not the one it was sealed with"
            )
        return totp

    async def _take(self, account: Account, step: int) -> bool:
        return await self.store.run(lambda conn: accounts.take_step(conn, account.name, step))

    async def _welcome(self, account: Account, password: str, peer: str, known_device: str) -> None:
        # A known device is forgiven when it is remembered anew; what strangers did stays theirs.
        if not known_device:
            self._throttle.forgive(peer)
            await self.store.run(lambda conn: accounts.forgive(conn, account.name))
        await self._strengthen(account, password)

    async def _strengthen(self, account: Account, password: str) -> None:
        if passwords.is_aged(account.password_hash):
            stronger = await self._hashing.hash(password)
            old = account.password_hash
            await self.store.run(lambda conn: accounts.strengthen(conn, account.name, old, stronger))
