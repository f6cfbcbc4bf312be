"""Passkeys: the public half of what a person's device signs with, and what it was asked to sign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from intake.errors import NotFound, Refused
from intake.store.locks import take_turns
from intake.store.tables import passkey_challenges, passkeys

MOST = 10
"""Passkeys of one account."""


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """``credential_id`` and ``user_handle`` in base64url, ``public_key`` a COSE key in CBOR."""

    id: str
    account: str
    credential_id: str
    user_handle: str
    public_key: bytes
    sign_count: int
    label: str
    created_at: datetime
    last_used_at: datetime | None


COLUMNS = [passkeys.c[name] for name in Passkey.__struct_fields__]


def add(conn: Connection, passkey: Passkey) -> None:
    """Raises Refused where this passkey is known already, or the account has ``MOST`` of them."""
    take_turns(conn, f"passkeys:{passkey.account}")
    known = select(passkeys.c.id).where(passkeys.c.credential_id == passkey.credential_id)
    if conn.execute(known).first():
        raise Refused("passkey_known")
    if count(conn, passkey.account) >= MOST:
        raise Refused("passkey_many")
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    values = msgspec.structs.asdict(passkey)
    added = insert(passkeys).values(**values).on_conflict_do_nothing().returning(passkeys.c.id)
    if conn.execute(added).first() is None:  # another account's, at the same moment
        raise Refused("passkey_known")


def of_account(conn: Connection, account: str) -> Sequence[Passkey]:
    """In the order in which they were added."""
    query = select(*COLUMNS).where(passkeys.c.account == account).order_by(passkeys.c.id)
    return [Passkey(**row._mapping) for row in conn.execute(query)]


def count(conn: Connection, account: str) -> int:
    query = select(func.count()).select_from(passkeys).where(passkeys.c.account == account)
    return conn.execute(query).scalar_one()


def find(conn: Connection, credential_id: str) -> Passkey | None:
    row = conn.execute(select(*COLUMNS).where(passkeys.c.credential_id == credential_id)).one_or_none()
    return None if row is None else Passkey(**row._mapping)


def use(conn: Connection, now: datetime, passkey_id: str, sign_count: int) -> bool:
    """Note a use; False where the passkey is gone, or its counter did not go up.

    An authenticator without a counter says 0 each time (WebAuthn §6.1.1).
    """
    goes_up = passkeys.c.sign_count < sign_count if sign_count else passkeys.c.sign_count == 0
    used = conn.execute(
        update(passkeys)
        .where(passkeys.c.id == passkey_id, goes_up)
        .values(sign_count=sign_count, last_used_at=now)
    )
    return used.rowcount == 1


def remove(conn: Connection, account: str, passkey_id: str) -> None:
    """Raises NotFound where the account has no such passkey."""
    gone = conn.execute(delete(passkeys).where(passkeys.c.account == account, passkeys.c.id == passkey_id))
    if gone.rowcount == 0:
        raise NotFound(f"{account} has no passkey {passkey_id!r}")


def remove_all(conn: Connection, account: str) -> int:
    """How many there were."""
    return conn.execute(delete(passkeys).where(passkeys.c.account == account)).rowcount


# -- challenges --------------------------------------------------------------------------------------------


def ask(conn: Connection, now: datetime, purpose: str, bound_to: str, challenge: str, life_s: float) -> None:
    """Keep what is to be signed, in the place of what was asked before; what is over goes."""
    conn.execute(delete(passkey_challenges).where(passkey_challenges.c.expires_at <= now))
    values: dict[str, Any] = {"challenge": challenge, "expires_at": now + timedelta(seconds=life_s)}
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = insert(passkey_challenges).values(purpose=purpose, bound_to=bound_to, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["purpose", "bound_to"], set_=values))


def take(conn: Connection, now: datetime, purpose: str, bound_to: str) -> str | None:
    """What was to be signed, once: it is gone with this. None where nothing was asked, or too long ago."""
    row = conn.execute(
        delete(passkey_challenges)
        .where(passkey_challenges.c.purpose == purpose, passkey_challenges.c.bound_to == bound_to)
        .returning(passkey_challenges.c.challenge, passkey_challenges.c.expires_at)
    ).one_or_none()
    return None if row is None or row.expires_at <= now else str(row.challenge)
