"""Signing in, unlocking and adding by passkey: asked on our side, answered once, judged like any attempt."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from fido2.webauthn import AuthenticationResponse

from intake.console.roles import Person
from intake.console.sign_in.ceremony import LIFE_S, Answer, Asked, NotProven, RelyingParty, read_proof
from intake.console.sign_in.gate import Denied, Gate
from intake.console.sign_in.throttle import Throttle
from intake.contact import clean_text
from intake.errors import Refused
from intake.store import Connection, accounts, console_sessions, passkeys
from intake.store.accounts import Account
from intake.store.audit import Recording, recorded
from intake.store.passkeys import Passkey

log = structlog.get_logger()

FRESH = timedelta(minutes=5)
"""A session this young may add a passkey; an older one takes password and code again."""
LABEL_CHARACTERS = 40
ASKED_A_MINUTE = 300
"""So many prompts an address may open in a minute: a whole room may sit behind one."""
SIGN_IN, UNLOCK, ADD = "sign_in", "unlock", "add"

Options = Mapping[str, Any]


class Passkeys:
    """Passkeys at the console's own address. An account of the identity provider has none: who may
    come in, and how, is the provider's business."""

    def __init__(self, gate: Gate, party: RelyingParty, new_id: Callable[[], str]):
        self.origin = party.origin
        self._gate, self._party, self._new_id = gate, party, new_id
        self._store, self._clock = gate.store, gate.clock
        self._prompts, self._attempts = Throttle(ASKED_A_MINUTE), Throttle()

    # -- signing in ----------------------------------------------------------------------------------------

    async def ask_sign_in(self, browser: str, peer: str) -> Options:
        """For anybody's passkey; ``browser`` is what the answer must come with. Raises Denied."""
        self._wait(self._prompts.begin(peer, self._clock.now()), peer)
        return await self._keep(SIGN_IN, digest(browser), self._party.ask())

    async def sign_in(self, browser: str, answer: Answer, peer: str) -> Account:
        """Whose passkey it is. Raises Denied, and Refused("passkey_stale") where nothing was asked."""
        challenge = await self._take(SIGN_IN, digest(browser))
        now, attempts = self._clock.now(), self._attempts
        self._wait(attempts.begin(peer, now), peer)
        proof, credential_id, passkey = await self._read(answer, peer)
        # By the passkey, not by the name: who guesses at somebody's password keeps no passkey of theirs out.
        key = digest(credential_id)
        self._wait(attempts.begin_key(key, now), peer)
        account = await self._judge(challenge, proof, passkey, peer)
        attempts.forgive(peer)
        attempts.forgive_key(key)
        return account

    # -- unlocking -----------------------------------------------------------------------------------------

    async def ask_unlock(self, person: Person) -> Options:
        """For one of this person's own; raises Refused("passkey_none") where they have none."""
        have = await self.of(person.name)
        if not have:
            raise Refused("passkey_none")
        return await self._keep(UNLOCK, person.session, self._party.ask(have))

    async def check(self, person: Person, answer: Answer, peer: str) -> None:
        """Raises Denied where it is no passkey of this person, and Refused("passkey_stale")."""
        challenge = await self._take(UNLOCK, person.session)
        self._wait(self._attempts.begin_key(person.session, self._clock.now()), peer)
        proof, _, passkey = await self._read(answer, peer)
        await self._judge(challenge, proof, passkey, peer, of=person.name)
        self._attempts.forgive_key(person.session)

    # -- adding --------------------------------------------------------------------------------------------

    async def ask_new(self, person: Person, password: str, code: str, peer: str) -> Options:
        """Raises Denied, and Refused with the key of what is wrong: ``passkey_not_fresh`` without the two."""
        account = await self._gate.find(person.name)
        if not is_local(account) or self._gate.sealed is None or not person.session:
            raise Refused("passkey_provider")
        have = await self.of(person.name)
        if len(have) >= passkeys.MOST:
            raise Refused("passkey_many")
        if not await self.is_fresh(person):
            if not password:
                raise Refused("passkey_not_fresh")
            await self._gate.sign_in(person.name, password, code, peer)
        asked = self._party.ask_new(person.name, person.display_name, self._handle(person.name, have), have)
        return await self._keep(ADD, person.session, asked)

    async def add(
        self, person: Person, label: str, answer: Answer, record: Callable[[str], Recording]
    ) -> None:
        """``record`` makes the audit record of the new passkey's id. Raises Refused with what is wrong."""
        label = clean_text(label.strip(), LABEL_CHARACTERS)
        if not label:
            raise Refused("passkey_label")
        challenge = await self._take(ADD, person.session)
        try:
            made = self._party.made(challenge, answer)
        except NotProven as error:
            log.warning("passkey_not_made", reason=str(error))
            raise Refused("passkey_refused") from None
        passkey = Passkey(
            id=self._new_id(),
            account=person.name,
            credential_id=made.credential_id,
            user_handle=self._handle(person.name, await self.of(person.name)),
            public_key=made.public_key,
            sign_count=made.sign_count,
            label=label,
            created_at=self._clock.now(),
            last_used_at=None,
        )
        work: Callable[[Connection], None] = partial(passkeys.add, passkey=passkey)
        await self._store.run(recorded(work, record(passkey.id)))

    async def is_fresh(self, person: Person) -> bool:
        """Whether this person signed in so lately that they need not again."""
        since = await self._store.read(lambda conn: console_sessions.started_at(conn, person.session))
        return since is not None and self._clock.now() - since < FRESH

    async def of(self, name: str) -> list[Passkey]:
        return list(await self._store.read(lambda conn: passkeys.of_account(conn, name)))

    # -- shared --------------------------------------------------------------------------------------------

    async def _judge(
        self, challenge: str, proof: AuthenticationResponse, passkey: Passkey | None, peer: str, of: str = ""
    ) -> Account:
        """The account whose passkey signed the challenge; ``of`` is the only one it may be."""
        owner = passkey.account if passkey else ""
        account = await self._store.read(lambda conn: accounts.find(conn, owner))
        if passkey is None or account is None:
            raise self._denied("unknown", None, peer)
        try:
            if of != account.name and (of or proof.response.user_handle is None):
                raise NotProven("another account's, or it does not say whose it is")
            count = self._prove(challenge, passkey, proof, account)
        except NotProven as error:
            raise self._denied(str(error), account, peer) from None
        await self._use(passkey, count, account, peer)
        return account

    async def _read(self, answer: Answer, peer: str) -> tuple[AuthenticationResponse, str, Passkey | None]:
        """The answer, the credential that it names, and our passkey where it is one. Raises Denied."""
        try:
            proof, credential_id = read_proof(answer)
        except NotProven as error:
            raise self._denied(str(error), None, peer) from None
        return proof, credential_id, await self._store.read(lambda conn: passkeys.find(conn, credential_id))

    def _wait(self, retry_at: datetime | None, peer: str) -> None:
        """Raises Denied where an attempt that was just counted is not to be judged yet."""
        if retry_at is not None:
            log.warning("passkey_resting", peer=peer)
            raise Denied("too many attempts", retry_at)

    def _prove(
        self, challenge: str, passkey: Passkey, proof: AuthenticationResponse, account: Account
    ) -> int:
        if not account.is_enabled or not is_local(account):
            raise NotProven("the account may not sign in")
        return self._party.proven(challenge, passkey, proof)

    async def _use(self, passkey: Passkey, count: int, account: Account, peer: str) -> None:
        now = self._clock.now()

        def work(conn: Connection) -> tuple[bool, bool]:
            return passkeys.use(conn, now, passkey.id, count), passkeys.find(
                conn, passkey.credential_id
            ) is None

        is_used, is_gone = await self._store.run(work)
        if is_gone:
            raise self._denied("removed meanwhile", account, peer)
        if not is_used:
            # §6.1.1: somebody may have a copy of it. The record says so; its owner takes it out.
            raise self._denied("its counter did not go up", account, peer, "passkey.counter")

    def _denied(
        self, reason: str, account: Account | None, peer: str, action: str = "session.denied"
    ) -> Denied:
        log.warning("passkey_refused", peer=peer, reason=reason)
        return Denied("the passkey was not accepted", account=account, action=action)

    async def _keep(self, purpose: str, bound_to: str, asked: Asked) -> Options:
        now = self._clock.now()
        await self._store.run(
            lambda conn: passkeys.ask(conn, now, purpose, bound_to, asked.challenge, LIFE_S)
        )
        return asked.options

    async def _take(self, purpose: str, bound_to: str) -> str:
        now = self._clock.now()
        challenge = await self._store.run(lambda conn: passkeys.take(conn, now, purpose, bound_to))
        if challenge is None:
            raise Refused("passkey_stale")
        return challenge

    def _handle(self, name: str, have: list[Passkey]) -> str:
        # The first one's holds for all: another console secret makes other handles.
        assert self._gate.sealed is not None  # noqa: S101 - none is offered without
        return have[0].user_handle if have else self._gate.sealed.handle(name)


def make_passkeys(gate: Gate, console_url: str, new_id: Callable[[], str]) -> Passkeys | None:
    """None where nobody signs in with a password, or browsers make no passkeys for this address."""
    party = RelyingParty.at(console_url)
    return None if party is None or gate.sealed is None else Passkeys(gate, party, new_id)


def is_local(account: Account) -> bool:
    """Signs in here, with a password of its own."""
    return bool(account.password_hash) and not account.oidc_subject


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
