"""`intake user` on both engines, beside a running intake."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from intake.__main__ import main
from intake.console.sign_in.second_factor import Sealed
from intake.store import accounts, audit, passkeys
from intake.store.passkeys import Passkey
from intake.store.store import Store
from tests.conftest import ROOT
from tests.desk import HandClock, console
from tests.people import (
    PASSWORD,
    SECRET,
    Credentials,
    gate_for,
    make_account,
    session_of,
    sign_in_over_http,
)


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, migrated_url: str) -> None:
    for name, value in {
        "INTAKE_CONFIG": str(ROOT / "config"),
        "INTAKE_STORE__URL": migrated_url,
        "INTAKE_CONSOLE__SECRET": SECRET,
    }.items():
        monkeypatch.setenv(name, value)


async def user(*arguments: str) -> int:
    """In a thread: the command has a loop of its own."""
    return await asyncio.to_thread(main, ["user", *arguments])


async def test_an_account_is_made_used_and_disabled(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, secret_file = HandClock(), tmp_path / "password"
    secret_file.write_text(PASSWORD + "\n", "utf-8")
    made = ("add", "ada", "--role", "handler", "--display-name", "Ada E", "--password-file", str(secret_file))
    assert await user(*made) == 0
    said = capsys.readouterr().out
    assert PASSWORD not in said and "▀" in said
    address = next(line for line in said.splitlines() if line.startswith("otpauth://"))
    ada = Credentials("ada", "handler", address.split("secret=")[1].split("&")[0])

    people = gate_for(store, clock)
    async with console(store, clock, **people) as server:
        base = str(server.make_url("")).rstrip("/")
        await sign_in_over_http(base, ada, clock.now())
    assert await user(*made) == 1
    assert "already" in capsys.readouterr().err

    monkeypatch.setattr("sys.stdin", io.StringIO("a new password altogether\n"))
    session = await session_of(store, clock, ada)
    assert await user("set-password", "ada") == 0
    assert await people["sessions"].who(session.cookies["__Host-intake"]) is None
    kept = await store.read(lambda conn: accounts.get(conn, "ada"))
    assert await user("reset-totp", "ada") == 0
    assert await user("set-role", "ada", "--role", "auditor") == 0
    assert await user("disable", "ada") == 0
    now = await store.read(lambda conn: accounts.get(conn, "ada"))
    assert (now.role, now.is_enabled, now.display_name) == ("auditor", False, "Ada E")
    opened = [Sealed(SECRET).open(one.totp_sealed, "ada") for one in (kept, now)]
    assert opened[0] == ada.totp_secret != opened[1]
    capsys.readouterr()
    assert await user("list") == 0
    assert capsys.readouterr().out == "ada\tauditor\tdisabled\tpassword\ten\tAda E\n"
    assert await user("enable", "ada") == 0
    found = await store.read(lambda conn: audit.search(conn, audit.Search(actor="operator")))
    assert [one.action for one in reversed(found)] == [
        "account.add",
        "account.password",
        "account.second_factor",
        "account.role",
        "account.disable",
        "account.enable",
    ]


async def test_what_cannot_be_is_refused_and_nothing_is_made(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    good, short = tmp_path / "good", tmp_path / "short"
    good.write_text(PASSWORD, "utf-8")
    short.write_text("short", "utf-8")
    for name, file, words in (
        ("ada", short, "12 characters"),
        ("Ada", good, "small letters"),
        ("intake", good, "small letters"),
        ("ada", tmp_path / "none", "No such file"),
    ):
        assert await user("add", name, "--role", "handler", "--password-file", str(file)) == 1
        assert words in capsys.readouterr().err
    for action in ("disable", "enable", "reset-totp", "set-password"):
        assert await user(action, "nobody") == 1
        assert "no account" in capsys.readouterr().err
    monkeypatch.delenv("INTAKE_CONSOLE__SECRET")
    assert await user("add", "ada", "--role", "handler", "--password-file", str(good)) == 1
    assert "INTAKE_CONSOLE__SECRET" in capsys.readouterr().err
    assert await store.read(accounts.every) == []


async def test_a_database_that_is_away_is_said_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INTAKE_STORE__URL", "postgresql+psycopg://nobody@127.0.0.1:9/none")
    assert await user("list") == 75
    assert "cannot be reached" in capsys.readouterr().err


async def test_passkeys_are_listed_and_taken_away_and_every_session_ends(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = HandClock()
    ada = await make_account(store, "ada")
    people = gate_for(store, clock)
    session = await session_of(store, clock, ada)
    made = Passkey(
        id="0190",
        account="ada",
        credential_id="AAAA",
        user_handle="h",
        public_key=b"k",
        sign_count=0,
        label="Blue\u202ekey\x1b[2J",
        created_at=clock.now(),
        last_used_at=None,
    )
    await store.run(lambda conn: passkeys.add(conn, made))
    assert await user("passkeys", "ada") == 0
    day = clock.now().strftime("%d/%m/%Y")
    assert capsys.readouterr().out == f"0190\t{day}\tnever\tBlue⟨RIGHT-TO-LEFT OVERRIDE⟩key⟨U+001B⟩[2J\n"
    assert await user("reset-passkeys", "ada") == 0
    assert "passkeys removed: 1;" in capsys.readouterr().out
    assert await store.read(lambda conn: passkeys.of_account(conn, "ada")) == []
    assert await people["sessions"].who(session.cookies["__Host-intake"]) is None
    (found,) = await store.read(lambda conn: audit.search(conn, audit.Search(actor="operator")))
    assert (found.action, found.data["account"]) == ("account.passkey_reset", "ada")
    for action in ("passkeys", "reset-passkeys"):
        assert await user(action, "nobody") == 1
