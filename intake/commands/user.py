"""`intake user`: the persons who may sign in at the console."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from intake.clock import SteadyClock
from intake.console.roles import Role
from intake.console.sign_in import second_factor
from intake.console.sign_in.gate import Enrolment, Gate
from intake.console.sign_in.sessions import BrowserSessions
from intake.console.terminal.text import day, visible
from intake.console.wording import LANGUAGES, load_words
from intake.errors import BadConfiguration, IntakeError, StoreUnavailable
from intake.settings import load_settings
from intake.store import Connection, accounts, at_rest, audit, console_sessions, disabling, passkeys
from intake.store.audit import Recording, recorded

OPERATOR = "operator"
Work = Callable[[Gate, argparse.Namespace], Awaitable[None]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, (_, summary) in ACTIONS.items():
        sub = actions.add_parser(name, help=summary, description=summary)
        sub.add_argument("--config", type=Path, metavar="DIR", help="the configuration folder")
        if name == "list":
            continue
        sub.add_argument("name", metavar="NAME", help="small letters, digits, . _ -")
        if name in ("add", "set-role"):
            sub.add_argument("--role", required=True, choices=[str(role) for role in Role])
        if name == "add":
            sub.add_argument("--display-name", default="", help="as colleagues see it")
            sub.add_argument("--language", default="en", choices=LANGUAGES)
        if name in ("add", "set-password"):
            sub.add_argument(
                "--password-file", type=Path, metavar="F", help="take the password from a file; - is stdin"
            )


def run(args: argparse.Namespace) -> int:
    """0 when it is done, 1 when it was refused, 75 without a database, 78 for a bad configuration."""
    try:
        asyncio.run(_run(args, ACTIONS[args.action][0]))
    except BadConfiguration as error:
        print(f"intake user: {error}", file=sys.stderr)
        return 78
    except StoreUnavailable as error:
        print(f"intake user: the database cannot be reached: {error}", file=sys.stderr)
        return 75
    except (IntakeError, OSError) as error:
        print(f"intake user: {_plain(error)}", file=sys.stderr)
        return 1
    return 0


async def _run(args: argparse.Namespace, work: Work) -> None:
    settings = load_settings(args.config)
    clock = SteadyClock()
    with at_rest.opened(settings.store.url) as store:
        console = settings.console
        sessions = BrowserSessions(store, clock, life_s=console.session_s, idle_s=console.session_idle_s)
        await work(Gate(store, clock, sessions, console.secret), args)


async def _add(gate: Gate, args: argparse.Namespace) -> None:
    gate.require_secret()
    gate.check_name(args.name)
    password = _password(args.password_file)
    enrolment = await gate.add(
        args.name,
        Role(args.role),
        password,
        display_name=args.display_name,
        language=args.language,
        record=_record(gate, "account.add", args.name, args.role),
    )
    print(f"{args.name}: may sign in as {args.role}")
    _show(enrolment)


async def _set_password(gate: Gate, args: argparse.Namespace) -> None:
    await gate.find(args.name)
    record = _record(gate, "account.password", args.name)
    await gate.set_password(args.name, _password(args.password_file), record=record)
    print(f"{args.name}: the password is set, and every session is over")


async def _reset_totp(gate: Gate, args: argparse.Namespace) -> None:
    gate.require_secret()
    await gate.find(args.name)
    enrolment = gate.enrolment(args.name)
    record = _record(gate, "account.second_factor", args.name)
    await gate.set_totp(args.name, enrolment.secret, record=record)
    print(f"{args.name}: a new second factor is set, and every session is over")
    _show(enrolment)


async def _passkeys(gate: Gate, args: argparse.Namespace) -> None:
    await gate.find(args.name)
    for one in await gate.store.read(lambda conn: passkeys.of_account(conn, args.name)):
        used = day(one.last_used_at) or "never"
        print(f"{one.id}\t{day(one.created_at)}\t{used}\t{visible(one.label)}")


async def _reset_passkeys(gate: Gate, args: argparse.Namespace) -> None:
    await gate.find(args.name)
    now, record = gate.clock.now(), _record(gate, "account.passkey_reset", args.name)

    def work(conn: Connection) -> int:
        console_sessions.end_all(conn, now, args.name)
        return passkeys.remove_all(conn, args.name)

    count = await gate.store.run(recorded(work, record))
    print(f"{args.name}: passkeys removed: {count}; every session is over")


async def _set_role(gate: Gate, args: argparse.Namespace) -> None:
    record = _record(gate, "account.role", args.name, args.role)
    await gate.store.run(recorded(lambda conn: accounts.set_role(conn, args.name, args.role), record))
    print(f"{args.name}: is {args.role} from the next request on")


async def _disable(gate: Gate, args: argparse.Namespace) -> None:
    now = gate.clock.now()
    record = _record(gate, "account.disable", args.name)
    await gate.store.run(recorded(lambda conn: disabling.disable(conn, now, args.name), record))
    print(f"{args.name}: may not sign in any more")


async def _enable(gate: Gate, args: argparse.Namespace) -> None:
    record = _record(gate, "account.enable", args.name)
    await gate.store.run(recorded(lambda conn: accounts.enable(conn, args.name), record))
    print(f"{args.name}: may sign in again")


async def _list(gate: Gate, args: argparse.Namespace) -> None:
    for one in await gate.store.read(accounts.every):
        how = "provider" if one.oidc_subject else "password"
        state = "enabled" if one.is_enabled else "disabled"
        print(f"{one.name}\t{one.role}\t{state}\t{how}\t{one.language}\t{one.display_name}")


ACTIONS: dict[str, tuple[Work, str]] = {
    "add": (_add, "a new account: asks for its password, shows its second factor once"),
    "list": (_list, "every account: name, role, state, how it signs in, language, display name"),
    "disable": (
        _disable,
        "may not sign in any more; its sessions end, its claims go back",
    ),
    "enable": (_enable, "may sign in again"),
    "passkeys": (_passkeys, "an account's passkeys: id, added, last used, what its owner calls it"),
    "reset-passkeys": (_reset_passkeys, "removes all of an account's passkeys; its sessions end"),
    "reset-totp": (_reset_totp, "a new second factor, shown once; its sessions end"),
    "set-password": (_set_password, "a new password; its sessions end"),
    "set-role": (_set_role, "another role"),
}


def _record(gate: Gate, action: str, account: str, role: str = "") -> Recording:
    """Whoever may run commands on this machine is the operator to the audit record."""
    more = {"new_role": role} if role else {}
    return lambda conn: audit.record(
        conn, gate.clock.now(), OPERATOR, OPERATOR, action, account=account, **more
    )


def _show(enrolment: Enrolment) -> None:
    print("The second factor, shown this once. Scan it with an authenticator app:")
    print(second_factor.qr_terminal(enrolment.address))
    print(enrolment.address)


def _password(path: Path | None) -> str:
    if path is not None:
        said = sys.stdin.readline() if str(path) == "-" else path.read_text("utf-8")
        return said.rstrip("\r\n")
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise OSError("the two passwords differ; nothing is changed")
    return first


def _plain(error: Exception) -> str:
    """A refusal's key in words, any other error as it says itself."""
    return load_words()["en"].get(f"sign_in.{error}", str(error))
