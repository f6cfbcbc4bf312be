"""Who may sign in at the demo's console: made fresh for each run, printed for whoever looks at it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import msgspec

from intake.clock import SteadyClock
from intake.console.roles import Role
from intake.console.sign_in import passwords, second_factor
from intake.console.sign_in.second_factor import Sealed
from intake.store import Connection, accounts, at_rest

CHECKER = "demo-check"
"""Signs in as a browser would, to see that the console works; a code works once, so not as you."""

WORDS = (
    "amber", "anchor", "barley", "beacon", "bramble", "candle", "cedar", "cobble", "copper",
    "dapple", "ember", "fallow", "garnet", "harbour", "hazel", "heather", "ivory", "juniper",
    "kestrel", "lantern", "linden", "maple", "marble", "meadow", "nettle", "otter", "pebble",
    "plover", "quarry", "rowan", "saffron", "willow",
)  # fmt: skip
WORDS_IN_A_PASSWORD = 4


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person at the console, with all they need to sign in."""

    name: str
    role: Role
    display_name: str
    password: str
    totp_secret: str

    @property
    def address(self) -> str:
        """What an authenticator app reads."""
        return second_factor.address(self.totp_secret, self.name)

    def code(self, now: datetime | None = None) -> tuple[str, int]:
        """The code of this moment, and for how many seconds more it is the newest."""
        at = now or datetime.now(UTC)
        return second_factor.code_at(self.totp_secret, at), second_factor.STEP_S - int(
            at.timestamp()
        ) % second_factor.STEP_S


def make_people(visitor: str) -> tuple[Account, ...]:
    """You as a handler, you as a supervisor, and who checks the console."""
    return (
        _account(visitor, Role.HANDLER, "You"),
        _account("supervisor", Role.SUPERVISOR, "You, supervising"),
        _account(CHECKER, Role.HANDLER, "The demo's own check"),
    )


def _account(name: str, role: Role, display_name: str) -> Account:
    password = " ".join(secrets.choice(WORDS) for _ in range(WORDS_IN_A_PASSWORD))
    totp_secret = second_factor.new_secret()
    return Account(
        name=name, role=role, display_name=display_name, password=password, totp_secret=totp_secret
    )


async def hire(store_url: str, console_secret: str, people: tuple[Account, ...]) -> None:
    """Give them accounts, beside the running intake."""
    clock, sealed = SteadyClock(), Sealed(console_secret)
    with at_rest.opened(store_url) as store:
        for one in people:
            hashed = passwords.hash_password(one.password)

            def add(conn: Connection, one: Account = one, hashed: str = hashed) -> None:
                accounts.add(
                    conn,
                    clock.now(),
                    name=one.name,
                    role=one.role.value,
                    display_name=one.display_name,
                    password_hash=hashed,
                    totp_sealed=sealed.close(one.totp_secret, one.name),
                )

            await store.run(add)
