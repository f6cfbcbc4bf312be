"""The persons who may sign in. An account is disabled, never deleted: the log keeps its name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select, update

from intake.contact import ContactState
from intake.errors import NotFound, Refused
from intake.store.tables import accounts, contacts

FREE_FAILURES = 5
"""So many failures in a row cost nothing; each one more makes an account rest."""
FIRST_REST_S, LONGEST_REST_S = 5.0, 120.0
"""Guessing at a name makes it rest for strangers alone: where its handler has signed in before they go on
(`known_devices`). At a first browser they wait for the end of a rest, which is bounded, or use a passkey."""
WORKING = ("handler", "supervisor")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """``password_hash`` is argon2id in its own encoding, ``totp_sealed`` what only the console opens."""

    name: str
    display_name: str
    role: str
    language: str
    password_hash: str
    totp_sealed: str
    oidc_subject: str
    open_limit: int
    failures: int
    locked_until: datetime | None
    created_at: datetime
    disabled_at: datetime | None

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None


class Colleague(msgspec.Struct, frozen=True):
    """Who a contact can be handed to, and how many they may have open."""

    name: str
    display_name: str
    open_limit: int


COLUMNS = [accounts.c[name] for name in Account.__struct_fields__]


def add(
    conn: Connection,
    now: datetime,
    *,
    name: str,
    role: str,
    display_name: str = "",
    language: str = "en",
    password_hash: str = "",
    totp_sealed: str = "",
    oidc_subject: str = "",
) -> None:
    """Raises Refused where the name is taken, by a disabled account too."""
    if conn.execute(select(accounts.c.name).where(accounts.c.name == name)).first():
        raise Refused("name_taken")
    conn.execute(
        accounts.insert().values(
            name=name,
            role=role,
            display_name=display_name or name,
            language=language,
            password_hash=password_hash,
            totp_sealed=totp_sealed,
            oidc_subject=oidc_subject,
            created_at=now,
        )
    )


def find(conn: Connection, name: str) -> Account | None:
    return _one(conn.execute(select(*COLUMNS).where(accounts.c.name == name)).one_or_none())


def get(conn: Connection, name: str) -> Account:
    """Raises NotFound."""
    found = find(conn, name)
    if found is None:
        raise NotFound(f"there is no account {name!r}")
    return found


def is_disabled(conn: Connection, name: str) -> bool:
    """Whether there is such an account, and it may not be used."""
    query = select(accounts.c.name).where(accounts.c.name == name, accounts.c.disabled_at.is_not(None))
    return conn.execute(query).first() is not None


def find_by_subject(conn: Connection, oidc_subject: str) -> Account | None:
    """``issuer subject`` of an identity provider."""
    if not oidc_subject:
        return None
    return _one(conn.execute(select(*COLUMNS).where(accounts.c.oidc_subject == oidc_subject)).one_or_none())


def every(conn: Connection) -> Sequence[Account]:
    """All of them by name, the disabled ones too."""
    return [Account(**row._mapping) for row in conn.execute(select(*COLUMNS).order_by(accounts.c.name))]


def colleagues(conn: Connection) -> Sequence[Colleague]:
    """Enabled handlers and supervisors, by name."""
    rows = conn.execute(
        select(accounts.c.name, accounts.c.display_name, accounts.c.open_limit)
        .where(accounts.c.role.in_(WORKING), accounts.c.disabled_at.is_(None))
        .order_by(accounts.c.name)
    )
    return [Colleague(row.name, row.display_name, row.open_limit) for row in rows]


# -- attempts ----------------------------------------------------------------------------------------------


def begin_attempt(conn: Connection, now: datetime, name: str) -> datetime | None:
    """Count an attempt before it is judged, so that a hundred at once are a hundred; ``forgive`` undoes it.

    The answer is until when the account rests, None where this attempt may be judged.
    """
    row = conn.execute(
        select(accounts.c.failures, accounts.c.locked_until).where(accounts.c.name == name).with_for_update()
    ).one_or_none()
    if row is None:
        return None
    if row.locked_until is not None and row.locked_until > now:
        resting: datetime = row.locked_until
        return resting
    rest_s = rest_after(row.failures + 1)
    _set(
        conn,
        name,
        failures=row.failures + 1,
        locked_until=now + timedelta(seconds=rest_s) if rest_s else None,
    )
    return None


def rest_after(failures: int) -> float:
    """Seconds that a name rests after so many failures in a row."""
    over = failures - FREE_FAILURES
    return 0.0 if over < 0 else min(FIRST_REST_S * 2.0 ** min(over, 30), LONGEST_REST_S)


def forgive(conn: Connection, name: str) -> None:
    """The right password came: nothing is held against the account."""
    _set(conn, name, failures=0, locked_until=None)


def take_step(conn: Connection, name: str, step: int) -> bool:
    """Use up one step of the second factor; False where it, or a later one, has been used."""
    taken = conn.execute(
        update(accounts)
        .where(accounts.c.name == name, accounts.c.totp_last_step < step)
        .values(totp_last_step=step)
    )
    return taken.rowcount == 1


# -- changes -----------------------------------------------------------------------------------------------


def set_password(conn: Connection, name: str, password_hash: str) -> None:
    """Raises NotFound."""
    _set(conn, name, password_hash=password_hash, failures=0, locked_until=None)


def strengthen(conn: Connection, name: str, old_hash: str, new_hash: str) -> None:
    """The same password hashed anew; a password that was set meanwhile stays."""
    conn.execute(
        update(accounts)
        .where(accounts.c.name == name, accounts.c.password_hash == old_hash)
        .values(password_hash=new_hash)
    )


def set_totp(conn: Connection, name: str, totp_sealed: str, last_step: int = 0) -> None:
    """A new second factor; steps up to ``last_step`` are used already. Raises NotFound."""
    _set(conn, name, totp_sealed=totp_sealed, totp_last_step=last_step)


def set_role(conn: Connection, name: str, role: str) -> None:
    """Raises NotFound. Sessions that are open have the new role from their next request."""
    _set(conn, name, role=role)


def set_language(conn: Connection, name: str, language: str) -> None:
    """Raises NotFound."""
    _set(conn, name, language=language)


def disable(conn: Connection, now: datetime, name: str) -> None:
    """Raises NotFound. Its sessions open nothing from now on; what else it leaves, see `disabling`."""
    _set(conn, name, disabled_at=now)


def enable(conn: Connection, name: str) -> None:
    """Raises NotFound."""
    _set(conn, name, disabled_at=None, failures=0, locked_until=None)


def enabled_admins(conn: Connection) -> int:
    return conn.execute(
        select(func.count())
        .select_from(accounts)
        .where(accounts.c.role == "admin", accounts.c.disabled_at.is_(None))
    ).scalar_one()


def open_conversations(conn: Connection, now: datetime, handler: str) -> int:
    """How many contacts this handler has claimed, and still holds."""
    return conn.execute(
        select(func.count())
        .select_from(contacts)
        .where(
            contacts.c.claimed_by == handler,
            contacts.c.state == ContactState.OPEN.value,
            contacts.c.next_attempt_at > now,
        )
    ).scalar_one()


def _set(conn: Connection, name: str, **values: Any) -> None:
    if conn.execute(update(accounts).where(accounts.c.name == name).values(**values)).rowcount == 0:
        raise NotFound(f"there is no account {name!r}")


def _one(row: Row[*tuple[Any, ...]] | None) -> Account | None:
    return None if row is None else Account(**row._mapping)
